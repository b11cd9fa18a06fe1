//! How things stand in the shuttle.

use jj_lib::revset::{RevsetExpression, RevsetFilterPredicate};

use super::Repository;
use super::compare::{ChangedFile, Comparison};
use super::error::RepositoryError;
use super::id::KnotId;
use super::language::{self, evaluate_all};
use super::stitch::Stitch;
use super::untangle::Tangle;

/// How things stand in the shuttle: its tension.
#[derive(Debug, Clone)]
pub struct Tension {
    /// The stitch in the shuttle; `None` when the workspace was forgotten.
    pub shuttle: Option<Stitch>,
    /// What it stands on.
    pub parents: Vec<Stitch>,
    /// The files that differ from the parents, in order.
    pub changes: Vec<ChangedFile>,
    /// The files that are tangled.
    pub tangles: Vec<Tangle>,
    /// The tangled stitches below that may be changed, where there are tangles.
    pub tangled_below: Vec<KnotId>,
    /// Whether a parent is tangled and the shuttle is not.
    pub untangled: bool,
    /// Pins of this repository that are in several places.
    pub tangled_pins: Vec<String>,
    /// Pins of remotes that are in several places, as `name@remote`.
    pub tangled_remote_pins: Vec<String>,
}

impl Repository {
    /// Tells how things stand in the shuttle, in the paths that filesets name, or in all. The
    /// files are those that [`snapshot`](Self::snapshot) took last.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Expression`] for filesets that are not understood, and
    /// [`RepositoryError::Damaged`].
    pub fn tension(&self, paths: &[String]) -> Result<Tension, RepositoryError> {
        let view = self.repo.view();
        let local = view.local_bookmarks();
        let tangled_pins = local.filter(|(_, target)| target.has_conflict());
        let remote = view.all_remote_bookmarks().filter(|(symbol, there)| {
            there.target.has_conflict() && !language::is_local_git(symbol.remote)
        });
        let mut tension = Tension {
            shuttle: None,
            parents: Vec::new(),
            changes: Vec::new(),
            tangles: Vec::new(),
            tangled_below: Vec::new(),
            untangled: false,
            tangled_pins: tangled_pins
                .map(|(name, _)| name.as_str().to_owned())
                .collect(),
            tangled_remote_pins: remote.map(|(symbol, _)| symbol.to_string()).collect(),
        };
        let Some(knot) = self.shuttle() else {
            return Ok(tension);
        };
        let commit = self.commit(&knot.0)?;
        let mut of_interest = vec![knot.clone()];
        of_interest.extend(commit.parent_ids().iter().cloned().map(KnotId));
        let mut stitches = self.stitches(&of_interest)?.into_iter();
        let shuttle = stitches.next();
        tension.parents = stitches.collect();
        let empty = shuttle.as_ref().is_some_and(|stitch| stitch.empty);
        let tangled = commit.has_conflict();
        tension.shuttle = shuttle;
        if !empty {
            let Comparison { files, .. } = self.changes_of(&knot, paths)?;
            tension.changes = files;
        }
        if tangled {
            tension.tangles = self.tangles(&knot, paths)?;
            let repo = self.repo.as_ref();
            let below = RevsetExpression::commit(knot.0)
                .parents()
                .ancestors()
                .filtered(RevsetFilterPredicate::HasConflict)
                .minus(&self.language.immutable(repo)?);
            let below = evaluate_all(repo, &below)?;
            tension.tangled_below = below.into_iter().map(KnotId).collect();
        } else {
            tension.untangled = tension.parents.iter().any(|parent| parent.tangled);
        }
        Ok(tension)
    }
}
