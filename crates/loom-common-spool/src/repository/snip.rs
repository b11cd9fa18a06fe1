//! Taking stitches out.

use std::collections::HashMap;

use jj_lib::backend::CommitId;
use jj_lib::refs::diff_named_ref_targets;
use jj_lib::repo::Repo as _;
use jj_lib::revset::RevsetExpression;
use jj_lib::rewrite::RewriteRefsOptions;
use pollster::FutureExt as _;

use super::doing::Doing as _;
use super::error::RepositoryError;
use super::id::KnotId;
use super::language::evaluate_all;
use super::transaction::Transaction;

/// Which stitches are taken out, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snip {
    /// The stitches.
    pub knots: Vec<KnotId>,
    /// Whether pins move to the parents, rather than go away.
    pub retain_pins: bool,
    /// Whether what stands on top keeps its files, rather than its changes.
    pub keep_descendants: bool,
}

/// What was taken out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snipped {
    /// The stitches, children before parents. Those that were hidden before are not among them.
    pub knots: Vec<KnotId>,
    /// The pins that are gone.
    pub pins: Vec<String>,
    /// How many stitches stand on the parents now.
    pub rethreaded: usize,
}

impl Transaction<'_> {
    /// Takes stitches out. What stands on top stands on their parents then. Nothing is lost: the
    /// tension log keeps them.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Immutable`], and what reading and writing can bring.
    pub fn snip(&mut self, snip: &Snip) -> Result<Snipped, RepositoryError> {
        let base = self.repository.repo.clone();
        let all = snip.knots.iter().map(|knot| knot.0.clone()).collect();
        let visible = RevsetExpression::commits(all)
            .intersection(&RevsetExpression::visible_heads().ancestors());
        self.check_all_mutable(&visible)?;
        let ids: Vec<CommitId> = evaluate_all(base.as_ref(), &visible)?;
        let Some(first) = ids.first() else {
            return Ok(Snipped::default());
        };
        self.say(|| match ids.len() - 1 {
            0 => format!("abandon commit {first}"),
            more => format!("abandon commit {first} and {more} more"),
        });
        let options = RewriteRefsOptions {
            delete_abandoned_bookmarks: !snip.retain_pins,
        };
        let mut rethreaded = 0;
        self.writer()
            .transform_descendants_with_options(
                ids.clone(),
                &RevsetExpression::none(),
                &HashMap::new(),
                &options,
                async |rewriter| {
                    if ids.contains(rewriter.old_commit().id()) {
                        rewriter.abandon();
                        return Ok(());
                    }
                    rethreaded += 1;
                    let builder = if snip.keep_descendants {
                        rewriter.reparent()
                    } else {
                        rewriter.rebase().await?
                    };
                    builder.write().await?;
                    Ok(())
                },
            )
            .block_on()
            .doing("rethread stitches")?;
        let before = base.view().local_bookmarks();
        let gone = diff_named_ref_targets(before, self.repo().view().local_bookmarks())
            .filter(|(_, (_, new))| new.is_absent())
            .map(|(name, _)| name.as_str().to_owned())
            .collect();
        Ok(Snipped {
            knots: ids.into_iter().map(KnotId).collect(),
            pins: gone,
            rethreaded,
        })
    }
}
