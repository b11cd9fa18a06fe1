//! Descriptions.

use std::collections::HashSet;

use jj_lib::backend::CommitId;
use pollster::FutureExt as _;

use super::doing::Doing as _;
use super::error::RepositoryError;
use super::id::KnotId;
use super::transaction::Transaction;
use super::weave::complete;

impl Transaction<'_> {
    /// Sets what stitches are about. Those that say so already are left alone.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Immutable`], and what reading and writing can bring.
    pub fn describe(&mut self, knots: &[KnotId], description: &str) -> Result<(), RepositoryError> {
        self.check_mutable(knots.iter().map(|knot| &knot.0))?;
        let description = complete(description);
        let changed: HashSet<CommitId> = self
            .commits(knots)?
            .into_iter()
            .filter(|commit| commit.description() != description)
            .map(|commit| commit.id().clone())
            .collect();
        if changed.is_empty() {
            return Ok(());
        }
        self.say(|| match knots {
            [first, rest @ ..] if !rest.is_empty() => {
                format!("describe commit {first} and {} more", rest.len())
            }
            _ => format!("describe commit {}", knots[0]),
        });
        // In one go, so that a stitch on top of another is written once.
        let roots = changed.iter().cloned().collect();
        self.writer()
            .transform_descendants(roots, async |rewriter| {
                let described = changed.contains(rewriter.old_commit().id());
                let builder = rewriter.reparent();
                let builder = if described {
                    builder.set_description(&description)
                } else {
                    builder
                };
                builder.write().await?;
                Ok(())
            })
            .block_on()
            .doing("write the stitches")
    }
}
