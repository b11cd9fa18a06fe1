//! Moving each line into the stitch that wrote it last.

use jj_lib::absorb::{AbsorbSource, absorb_hunks, split_hunks_to_trees};
use jj_lib::commit::Commit;
use pollster::FutureExt as _;

use super::doing::Doing as _;
use super::error::RepositoryError;
use super::id::KnotId;
use super::transaction::Transaction;

/// What was moved into other stitches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absorbed {
    /// The stitches that took lines in, parents before children.
    pub into: Vec<KnotId>,
    /// What is left of the stitch; nothing when it is gone, or nothing was moved.
    pub rest: Option<KnotId>,
    /// The paths that were left alone, and why.
    pub skipped: Vec<(String, String)>,
}

impl Transaction<'_> {
    /// Moves the changes of a stitch into those of its ancestors, among the ones that `into`
    /// names as a revset, that wrote the lines last. What cannot be told stays.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Immutable`], [`RepositoryError::Expression`] for a revset or filesets
    /// that are not understood, and what reading and writing can bring.
    pub fn absorb(
        &mut self,
        from: &KnotId,
        into: &str,
        paths: &[String],
    ) -> Result<Absorbed, RepositoryError> {
        let repository = &*self.repository;
        let matcher = repository.language.filesets(paths)?.to_matcher();
        let destinations = repository.resolve_expression(into)?;
        let repo = repository.repo.as_ref();
        let source = AbsorbSource::from_commit(repo, self.commit(from)?)
            .block_on()
            .doing("read the stitch")?;
        let plan = split_hunks_to_trees(repo, &source, &destinations, &matcher)
            .block_on()
            .doing("find who wrote the lines")?;
        self.check_mutable(plan.target_commits.keys())?;
        let skipped = plan.skipped_paths.into_iter();
        let skipped = skipped
            .map(|(path, reason)| (path.into_internal_string(), reason))
            .collect();
        let stats = absorb_hunks(self.writer(), &source, plan.target_commits)
            .block_on()
            .doing("move the changes")?;
        let id = |commit: &Commit| KnotId(commit.id().clone());
        let into: Vec<_> = stats.rewritten_destinations.iter().map(id).collect();
        self.say(|| format!("absorb changes into {} commits", into.len()));
        Ok(Absorbed {
            into,
            rest: stats.rewritten_source.as_ref().map(id),
            skipped,
        })
    }
}
