//! New stitches, and what lies in the shuttle.

use jj_lib::backend::CommitId;
use jj_lib::repo::Repo as _;
use jj_lib::revset::RevsetExpression;
use jj_lib::rewrite::{merge_commit_trees, rebase_commit};
use pollster::FutureExt as _;

use super::doing::Doing as _;
use super::error::RepositoryError;
use super::id::KnotId;
use super::language::{Resolved, evaluate_all};
use super::transaction::Transaction;

/// Where stitches are put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// On top of these, beside what stands there.
    Onto(Vec<KnotId>),
    /// On top of these, and all that stands there on top of the new ones.
    After(Vec<KnotId>),
    /// Below these, on top of what they stand on.
    Before(Vec<KnotId>),
    /// On top of the first, and below the second.
    Between {
        /// The parents.
        after: Vec<KnotId>,
        /// The children.
        before: Vec<KnotId>,
    },
}

/// What a new stitch is like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStitch {
    /// Where it stands.
    pub location: Location,
    /// What it is about.
    pub description: String,
    /// Whether the shuttle moves to it.
    pub into_shuttle: bool,
}

impl NewStitch {
    /// Makes a stitch on top of others, without a description, into which the shuttle moves.
    pub fn onto(parents: impl IntoIterator<Item = KnotId>) -> Self {
        Self {
            location: Location::Onto(parents.into_iter().collect()),
            description: String::new(),
            into_shuttle: true,
        }
    }
}

/// Ends a description with a line break, as all do that are not empty.
pub(super) fn complete(description: &str) -> String {
    let mut text = description.to_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

fn ids(knots: &[KnotId]) -> Vec<CommitId> {
    knots.iter().map(|knot| knot.0.clone()).collect()
}

impl Transaction<'_> {
    /// Finds the parents and children that a location means, and checks that it can be.
    pub(super) fn locate(
        &self,
        location: &Location,
    ) -> Result<(Vec<CommitId>, Vec<CommitId>), RepositoryError> {
        let repo = self.repository.repo.as_ref();
        let (parents, children) = match location {
            Location::Onto(parents) => (ids(parents), Vec::new()),
            Location::Between { after, before } => (ids(after), ids(before)),
            Location::After(parents) => {
                let parents = ids(parents);
                let children = RevsetExpression::commits(parents.clone()).children();
                (parents, evaluate_all(repo, &children)?)
            }
            Location::Before(children) => {
                let mut parents: Vec<CommitId> = Vec::new();
                for child in self.commits(children)? {
                    for parent in child.parent_ids() {
                        if !parents.contains(parent) {
                            parents.push(parent.clone());
                        }
                    }
                }
                (parents, ids(children))
            }
        };
        if !children.is_empty() {
            self.check_mutable(&children)?;
            self.check_no_loop(
                &RevsetExpression::commits(children.clone()),
                &RevsetExpression::commits(parents.clone()),
            )?;
        }
        if parents.is_empty() {
            return Err(RepositoryError::refused("no stitch to stand on was named"));
        }
        Ok((parents, children))
    }

    fn check_no_loop(
        &self,
        children: &Resolved,
        parents: &Resolved,
    ) -> Result<(), RepositoryError> {
        let between = children.dag_range_to(parents);
        let found = evaluate_all(self.repository.repo.as_ref(), &between)?;
        match found.into_iter().next() {
            Some(id) => Err(RepositoryError::Loop { knot: KnotId(id) }),
            None => Ok(()),
        }
    }

    /// Makes a new stitch.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Immutable`] when it is to stand below one that may not be changed,
    /// [`RepositoryError::Loop`], and what reading and writing can bring.
    pub fn stitch(&mut self, new: &NewStitch) -> Result<KnotId, RepositoryError> {
        let (parents, children) = self.locate(&new.location)?;
        self.say(|| "new empty commit".to_owned());
        if let (Location::Onto(_), [parent]) = (&new.location, parents.as_slice()) {
            self.advance_pins(parent)?;
        }
        let commits = parents
            .iter()
            .map(|id| self.repository.commit(id))
            .collect::<Result<Vec<_>, _>>()?;
        let tree = merge_commit_trees(self.repo(), &commits)
            .block_on()
            .doing("merge the parents")?;
        let made = self
            .writer()
            .new_commit(parents.clone(), tree)
            .set_description(complete(&new.description))
            .write()
            .block_on()
            .doing("write the stitch")?;
        for child in children {
            let child = self.repository.commit(&child)?;
            let mut on: Vec<CommitId> = Vec::new();
            for parent in child.parent_ids() {
                let parent = if parents.contains(parent) {
                    made.id()
                } else {
                    parent
                };
                if !on.contains(parent) {
                    on.push(parent.clone());
                }
            }
            if !on.contains(made.id()) {
                on.push(made.id().clone());
            }
            rebase_commit(self.writer(), child, on)
                .block_on()
                .doing("rethread stitches")?;
        }
        self.rebase()?;
        if new.into_shuttle {
            let name = self.workspace_name();
            self.writer()
                .edit(name, &made)
                .block_on()
                .doing("move the shuttle")?;
        }
        Ok(KnotId(made.id().clone()))
    }

    /// Moves pins along to a stitch that was gone on from, as the settings say.
    fn advance_pins(&mut self, to: &CommitId) -> Result<(), RepositoryError> {
        let commit = self.repository.commit(to)?;
        for (name, old) in self.pins_to_advance(commit.parent_ids())? {
            self.move_pin_along(&name, old, to)?;
        }
        Ok(())
    }

    /// Puts what stands on rewritten stitches onto their new knots.
    pub(super) fn rebase(&mut self) -> Result<usize, RepositoryError> {
        let rebased = self.writer().rebase_descendants();
        rebased.block_on().doing("rethread stitches")
    }

    /// Moves the shuttle into a stitch, so that edits go into it.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Immutable`], and what reading and writing can bring.
    pub fn edit(&mut self, knot: &KnotId) -> Result<(), RepositoryError> {
        self.check_mutable([&knot.0])?;
        let commit = self.commit(knot)?;
        let name = self.workspace_name();
        if self.repo().view().get_wc_commit_id(&name) == Some(commit.id()) {
            return Ok(());
        }
        self.say(|| format!("edit commit {knot}"));
        self.writer()
            .edit(name, &commit)
            .block_on()
            .doing("move the shuttle")
    }
}
