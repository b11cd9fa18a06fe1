//! Making files what they are elsewhere.

use jj_lib::commit::{Commit, conflict_label_for_commits};
use jj_lib::merge::Diff;
use pollster::FutureExt as _;

use super::doing::Doing as _;
use super::error::RepositoryError;
use super::id::KnotId;
use super::selection::Selection;
use super::transaction::Transaction;

/// Which files are made what, and in which stitch.
pub struct Mend<'s> {
    /// Where the files are as they should be.
    pub from: MendFrom,
    /// The stitch whose files are made so.
    pub into: KnotId,
    /// Which files, or hunks of what differs.
    pub selection: Selection<'s>,
    /// Whether what stands on top keeps its files, rather than its changes.
    pub keep_descendants: bool,
}

/// Where files are as they should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MendFrom {
    /// In a stitch.
    Stitch(KnotId),
    /// In the parents: the changes are taken back.
    Parents,
}

impl Transaction<'_> {
    /// Makes files of a stitch what they are elsewhere. Returns the new knot; nothing when they
    /// were so.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Immutable`], [`RepositoryError::Expression`] for filesets that are not
    /// understood, and what reading and writing can bring.
    pub fn mend(&mut self, mut mend: Mend<'_>) -> Result<Option<KnotId>, RepositoryError> {
        self.check_mutable([&mend.into.0])?;
        let into = self.commit(&mend.into)?;
        let (tree, from) = match &mend.from {
            MendFrom::Stitch(knot) => {
                let commit = self.commit(knot)?;
                (commit.tree(), vec![commit])
            }
            MendFrom::Parents => {
                let parents = into.parents().block_on().doing("read the parents")?;
                (self.parent_tree(&into)?, parents)
            }
        };
        let labels = Diff::new(into.conflict_label(), conflict_label_for_commits(&from));
        let trees = Diff::new(into.tree(), tree);
        let mended = self.select(&mut mend.selection, &trees, labels)?;
        if mended.tree_ids() == into.tree_ids() {
            return Ok(None);
        }
        self.say(|| format!("restore into commit {}", mend.into));
        let new: Commit = self
            .writer()
            .rewrite_commit(&into)
            .set_tree(mended)
            .write()
            .block_on()
            .doing("write the stitch")?;
        if mend.keep_descendants {
            self.writer()
                .reparent_descendants()
                .block_on()
                .doing("rethread stitches")?;
        } else {
            self.rebase()?;
        }
        Ok(Some(KnotId(new.id().clone())))
    }
}
