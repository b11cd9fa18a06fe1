//! Moving changes from stitches into another.

use jj_lib::commit::Commit;
use jj_lib::merge::Diff;
use jj_lib::rewrite::{CommitWithSelection, squash_commits};
use pollster::FutureExt as _;

use super::doing::Doing as _;
use super::error::RepositoryError;
use super::id::KnotId;
use super::selection::Selection;
use super::transaction::Transaction;
use super::weave::complete;

/// Which changes are moved, and where.
pub struct Ply<'s> {
    /// The stitches that they come from.
    pub from: Vec<KnotId>,
    /// The stitch that they go into.
    pub into: KnotId,
    /// Which changes.
    pub selection: Selection<'s>,
    /// What the stitch is about then.
    pub description: PlyDescription,
    /// Whether stitches stay that have no changes left.
    pub keep_emptied: bool,
}

/// What a stitch is about that changes were moved into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlyDescription {
    /// What it was about, and after that what those were about that are gone.
    Combined,
    /// What it was about.
    Unchanged,
    /// This.
    Exactly(String),
}

impl Transaction<'_> {
    /// Moves changes from stitches into another. Stitches that have none left go away. Returns the
    /// new knot; nothing when there was nothing to move.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Immutable`], [`RepositoryError::Expression`] for filesets that are not
    /// understood, and what reading and writing can bring.
    pub fn ply(&mut self, mut ply: Ply<'_>) -> Result<Option<KnotId>, RepositoryError> {
        let into = self.commit(&ply.into)?;
        // The oldest first: it makes no difference but for tangles that come and go.
        let mut sources = self.commits(&ply.from)?;
        sources.retain(|source| source.id() != into.id());
        sources.reverse();
        let all = sources.iter().map(Commit::id).chain([into.id()]);
        self.check_mutable(all)?;
        self.say(|| format!("squash commits into {}", ply.into));
        let mut selected = Vec::new();
        for source in sources {
            let parent_tree = self.parent_tree(&source)?;
            let trees = Diff::new(parent_tree.clone(), source.tree());
            let labels = self.parent_labels(&source)?;
            selected.push(CommitWithSelection {
                selected_tree: self.select(&mut ply.selection, &trees, labels)?,
                parent_tree,
                commit: source,
            });
        }
        let squashed = squash_commits(self.writer(), &selected, &into, ply.keep_emptied)
            .block_on()
            .doing("move the changes")?;
        let Some(squashed) = squashed else {
            return Ok(None);
        };
        let description = match &ply.description {
            PlyDescription::Exactly(text) => complete(text),
            PlyDescription::Unchanged => into.description().to_owned(),
            PlyDescription::Combined => combine(&into, &squashed.abandoned_commits),
        };
        let made = squashed
            .commit_builder
            .set_description(description)
            .write()
            .block_on()
            .doing("write the stitch")?;
        self.rebase()?;
        Ok(Some(KnotId(made.id().clone())))
    }

    pub(super) fn parent_tree(
        &self,
        commit: &Commit,
    ) -> Result<jj_lib::merged_tree::MergedTree, RepositoryError> {
        let tree = commit.parent_tree(self.repo());
        tree.block_on().doing("merge the parents")
    }

    /// Says where the files below and of a stitch come from.
    pub(super) fn parent_labels(&self, commit: &Commit) -> Result<Diff<String>, RepositoryError> {
        let below = commit.parents_conflict_label();
        let below = below.block_on().doing("read the parents")?;
        Ok(Diff::new(below, commit.conflict_label()))
    }
}

/// Joins what stitches are about, leaving out those that say nothing.
fn combine(into: &Commit, gone: &[Commit]) -> String {
    let all = std::iter::once(into).chain(gone).map(Commit::description);
    let said: Vec<_> = all.filter(|text| !text.is_empty()).collect();
    said.join("\n")
}
