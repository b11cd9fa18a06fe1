//! Moving and copying stitches to other places.

use std::collections::HashMap;

use jj_lib::backend::CommitId;
use jj_lib::commit::Commit;
use jj_lib::repo::Repo as _;
use jj_lib::revset::RevsetExpression;
use jj_lib::rewrite::{
    EmptyBehavior, MoveCommitsLocation, MoveCommitsTarget, RebaseOptions, RewriteRefsOptions,
    compute_move_commits, duplicate_commits, duplicate_commits_onto_parents,
    find_duplicate_divergent_commits,
};
use pollster::FutureExt as _;

use super::doing::Doing as _;
use super::error::RepositoryError;
use super::id::KnotId;
use super::language::evaluate_all;
use super::transaction::Transaction;
use super::weave::Location;

/// Which stitches are moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RethreadWhat {
    /// These alone: what stands on them moves onto what they stood on.
    Stitches(Vec<KnotId>),
    /// These, with all that stands on them.
    Sources(Vec<KnotId>),
    /// All that is not below the destination, of the lines that these are in.
    Branches(Vec<KnotId>),
}

/// Which stitches are moved, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rethread {
    /// Which stitches.
    pub what: RethreadWhat,
    /// Where to.
    pub to: Location,
    /// Whether stitches go away whose changes are at the destination already.
    pub drop_emptied: bool,
    /// Whether parents go away that are ancestors of other parents.
    pub simplify_parents: bool,
    /// Whether knots stay although another knot of the same stitch, with the same changes, is at
    /// the destination.
    pub keep_divergent: bool,
}

impl Rethread {
    /// Moves stitches to a place, and nothing else.
    pub fn new(what: RethreadWhat, to: Location) -> Self {
        Self {
            what,
            to,
            drop_emptied: false,
            simplify_parents: false,
            keep_divergent: false,
        }
    }
}

/// How many stitches were moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rethreaded {
    /// Those that were asked for.
    pub moved: u32,
    /// Those that stood on them.
    pub followed: u32,
    /// Those that were in place.
    pub in_place: u32,
    /// Those that went away, as they had no changes left.
    pub emptied: u32,
    /// Those that went away, as another knot of them is at the destination.
    pub divergent: usize,
}

impl Transaction<'_> {
    /// Moves stitches to another place.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Immutable`], [`RepositoryError::Loop`], [`RepositoryError::Refused`] for
    /// a stitch onto itself or what stands on it, and what reading and writing can bring.
    pub fn rethread(&mut self, rethread: &Rethread) -> Result<Rethreaded, RepositoryError> {
        let location = self.plan(rethread)?;
        let targets = match &location.target {
            MoveCommitsTarget::Commits(ids) | MoveCommitsTarget::Roots(ids) => ids,
        };
        let Some(first) = targets.first() else {
            return Ok(Rethreaded::default());
        };
        let only_one = targets.len() == 1;
        self.say(|| match (&location.target, targets.len() - 1) {
            (MoveCommitsTarget::Commits(_), 0) => format!("rebase commit {first}"),
            (MoveCommitsTarget::Commits(_), more) => {
                format!("rebase commit {first} and {more} more")
            }
            (MoveCommitsTarget::Roots(_), _) if only_one => {
                format!("rebase commit {first} and descendants")
            }
            (MoveCommitsTarget::Roots(_), more) => {
                format!("rebase {} commits and their descendants", more + 1)
            }
        });
        let mut plan = compute_move_commits(self.repo(), &location)
            .block_on()
            .doing("find the stitches")?;
        let mut divergent = 0;
        if !rethread.keep_divergent {
            let parents = &location.new_parent_ids;
            let found = find_duplicate_divergent_commits(self.repo(), parents, &location.target)
                .block_on()
                .doing("find the stitches")?;
            divergent = found.len();
            plan.record_to_abandon(found.iter().map(Commit::id).cloned());
        }
        let options = RebaseOptions {
            empty: if rethread.drop_emptied {
                EmptyBehavior::AbandonNewlyEmpty
            } else {
                EmptyBehavior::Keep
            },
            rewrite_refs: RewriteRefsOptions::default(),
            simplify_ancestor_merge: rethread.simplify_parents,
        };
        let stats = plan
            .apply(self.writer(), &options)
            .block_on()
            .doing("rethread stitches")?;
        Ok(Rethreaded {
            moved: stats.num_rebased_targets,
            followed: stats.num_rebased_descendants,
            in_place: stats.num_skipped_rebases,
            emptied: stats.num_abandoned_empty,
            divergent,
        })
    }

    fn plan(&self, rethread: &Rethread) -> Result<MoveCommitsLocation, RepositoryError> {
        let repo = self.repository.repo.as_ref();
        let ids = |knots: &[KnotId]| -> Vec<CommitId> {
            knots.iter().map(|knot| knot.0.clone()).collect()
        };
        let onto = matches!(rethread.to, Location::Onto(_));
        if let RethreadWhat::Stitches(knots) | RethreadWhat::Sources(knots) = &rethread.what {
            self.check_mutable(knots.iter().map(|knot| &knot.0))?;
        }
        let (parents, children) = self.locate(&rethread.to)?;
        let target = match &rethread.what {
            RethreadWhat::Stitches(knots) => {
                // Children before parents, as the library wants them.
                let which = RevsetExpression::commits(ids(knots));
                let ordered = evaluate_all(repo, &which)?;
                if onto && let Some(id) = ordered.iter().find(|id| parents.contains(id)) {
                    return Err(onto_itself(id));
                }
                MoveCommitsTarget::Commits(ordered)
            }
            RethreadWhat::Sources(knots) => MoveCommitsTarget::Roots(ids(knots)),
            RethreadWhat::Branches(knots) => {
                let roots = RevsetExpression::commits(parents.clone())
                    .range(&RevsetExpression::commits(ids(knots)))
                    .roots();
                self.check_all_mutable(&roots)?;
                MoveCommitsTarget::Roots(evaluate_all(repo, &roots)?)
            }
        };
        if let (true, MoveCommitsTarget::Roots(roots)) = (onto, &target) {
            for root in roots {
                self.check_destination(root, &parents)?;
            }
        }
        Ok(MoveCommitsLocation {
            new_parent_ids: parents,
            new_child_ids: children,
            target,
        })
    }

    fn check_destination(
        &self,
        id: &CommitId,
        parents: &[CommitId],
    ) -> Result<(), RepositoryError> {
        for parent in parents {
            if parent == id {
                return Err(onto_itself(id));
            }
            let index = self.repository.repo.index();
            let below = index.is_ancestor(id, parent).block_on();
            if below.doing("read the index")? {
                return Err(RepositoryError::refused(format!(
                    "knot {id:.12} cannot be rethreaded onto {parent:.12}, which stands on it"
                )));
            }
        }
        Ok(())
    }

    /// Copies stitches, to a place or beside themselves. Returns the old knots with the new ones.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Immutable`] for the root, or when the place is below one that may not be
    /// changed, [`RepositoryError::Loop`], and what reading and writing can bring.
    pub fn duplicate(
        &mut self,
        knots: &[KnotId],
        to: DuplicateTo,
    ) -> Result<Vec<(KnotId, KnotId)>, RepositoryError> {
        let repo = self.repository.repo.clone();
        let which = knots.iter().map(|knot| knot.0.clone()).collect();
        let ids = evaluate_all(repo.as_ref(), &RevsetExpression::commits(which))?;
        if ids.last() == Some(repo.store().root_commit_id()) {
            return Err(RepositoryError::refused("the root cannot be duplicated"));
        }
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.say(|| format!("duplicate {} commit(s)", ids.len()));
        let texts = HashMap::new();
        let stats = match to {
            DuplicateTo::Beside => {
                duplicate_commits_onto_parents(self.writer(), &ids, &texts).block_on()
            }
            DuplicateTo::Elsewhere(location) => {
                let (parents, children) = self.locate(&location)?;
                duplicate_commits(self.writer(), &ids, &texts, &parents, &children).block_on()
            }
        };
        let made = stats.doing("copy the stitches")?.duplicated_commits;
        let made = made.into_iter();
        Ok(made
            .map(|(old, new)| (KnotId(old), KnotId(new.id().clone())))
            .collect())
    }
}

/// Where copies of stitches go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DuplicateTo {
    /// Onto the same parents.
    Beside,
    /// To another place.
    Elsewhere(Location),
}

fn onto_itself(id: &CommitId) -> RepositoryError {
    RepositoryError::refused(format!("knot {id:.12} cannot be rethreaded onto itself"))
}
