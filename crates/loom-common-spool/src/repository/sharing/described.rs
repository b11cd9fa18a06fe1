//! Which knots of a stitch are described anew, and how: so that everybody makes the same knots.

use std::collections::{BTreeSet, HashMap};

use jj_lib::backend::{BackendError, ChangeId, CommitId, Signature};
use jj_lib::commit::Commit;
use jj_lib::ref_name::RemoteName;
use jj_lib::repo::{MutableRepo, ReadonlyRepo, Repo};
use pollster::FutureExt as _;

use super::super::doing::Doing as _;
use super::super::error::RepositoryError;

/// The knots of stitches, here and when the ledger knew the repository last.
pub(super) struct Knots<'a> {
    repo: &'a MutableRepo,
    base: Option<&'a ReadonlyRepo>,
    remote: &'a RemoteName,
    /// Where pins are that are followed.
    followed: Vec<CommitId>,
}

impl<'a> Knots<'a> {
    pub(super) fn new(
        repo: &'a MutableRepo,
        base: Option<&'a ReadonlyRepo>,
        remote: &'a str,
    ) -> Self {
        let remote = RemoteName::new(remote);
        let pins = repo.view().local_remote_bookmarks(remote);
        let followed = pins
            .filter(|(_, targets)| targets.remote_ref.is_tracked())
            .flat_map(|(_, targets)| targets.local_target.added_ids().cloned())
            .collect();
        Self {
            repo,
            base,
            remote,
            followed,
        }
    }

    /// Returns the visible knots of a stitch.
    pub(super) fn visible(&self, stitch: &ChangeId) -> Result<Vec<Commit>, RepositoryError> {
        visible(self.repo, stitch)
    }

    /// Returns which knots of a stitch were visible before.
    pub(super) fn visible_before(
        &self,
        stitch: &ChangeId,
    ) -> Result<BTreeSet<CommitId>, RepositoryError> {
        let found = self.base.map(|base| visible(base, stitch)).transpose()?;
        let found = found.into_iter().flatten();
        Ok(found.map(|knot| knot.id().clone()).collect())
    }

    /// Whether the remote has a knot, as far as is known.
    pub(super) fn is_there(&self, knot: &Commit) -> bool {
        is_at_remote(self.repo, self.remote, knot)
    }

    /// Whether a knot was made here, on the way of a pin that is followed.
    pub(super) fn is_edited_here(&self, knot: &Commit) -> bool {
        let is_below = |pin| is_ancestor(self.repo, knot.id(), pin);
        !self.is_there(knot) && self.followed.iter().any(is_below)
    }

    /// Returns the text of a stitch that an edit here was made from: what the ledger said, or what the
    /// remote had.
    pub(super) fn before(
        &self,
        stitch: &ChangeId,
        said: Option<&String>,
    ) -> Result<Option<String>, RepositoryError> {
        let (None, Some(base)) = (said, self.base) else {
            return Ok(said.cloned());
        };
        let mut knots = visible(base, stitch)?.into_iter();
        let found = knots.find(|knot| is_at_remote(base, self.remote, knot));
        Ok(found.map(|knot| knot.description().to_owned()))
    }
}

fn visible(repo: &dyn Repo, stitch: &ChangeId) -> Result<Vec<Commit>, RepositoryError> {
    let found = repo.resolve_change_id(stitch).block_on();
    let Some(found) = found.doing("look a stitch up")? else {
        return Ok(Vec::new());
    };
    found
        .visible_with_offsets()
        .map(|(_, id)| repo.store().get_commit(id).doing("read a knot"))
        .collect()
}

fn is_at_remote(repo: &dyn Repo, remote: &RemoteName, knot: &Commit) -> bool {
    let mut pins = repo.view().remote_bookmarks(remote);
    pins.any(|(_, pin)| {
        let mut ends = pin.target.added_ids();
        ends.any(|end| is_ancestor(repo, knot.id(), end))
    })
}

/// What cannot be told is no ancestor: then nothing is done to it.
fn is_ancestor(repo: &dyn Repo, ancestor: &CommitId, descendant: &CommitId) -> bool {
    let found = repo.index().is_ancestor(ancestor, descendant).block_on();
    found.unwrap_or_default()
}

/// What a knot is to say, and who signs it.
pub(super) struct Described {
    pub(super) text: String,
    pub(super) writer: Option<Signature>,
}

/// Rewrites knots to new descriptions, with all that stands on them, so that whoever does the same
/// elsewhere makes the same knots: signed by the last writer of the description, or of those below.
pub(super) fn rewrite(
    repo: &mut MutableRepo,
    described: HashMap<CommitId, Described>,
) -> Result<(), RepositoryError> {
    let roots = described.keys().cloned().collect();
    let mut writers: HashMap<CommitId, Signature> = HashMap::new();
    repo.transform_descendants(roots, async |mut rewriter| {
        let old = rewriter.old_commit().clone();
        let parents = rewriter.new_parents().to_vec();
        let change = described.get(old.id());
        if change.is_none() && !rewriter.parents_changed() {
            return Ok(());
        }
        let below = old.parent_ids().iter().filter_map(|id| writers.get(id));
        let writer = change
            .and_then(|change| change.writer.as_ref())
            .into_iter()
            .chain(below)
            .max_by_key(|writer| (writer.timestamp.timestamp, &writer.name, &writer.email))
            .cloned();
        let repo = rewriter.repo_mut();
        let mut builder = repo.rewrite_commit(&old).detach();
        builder.set_parents(parents.clone());
        // The store tells knots apart by what they came from, also those that are alike.
        builder.set_predecessors(Vec::new());
        if let Some(change) = change {
            builder.set_description(&change.text);
        }
        if let Some(writer) = writer {
            builder.set_committer(writer);
        }
        // One that is there already is not written again: the store tells apart what came of others.
        let known = repo.resolve_change_id(old.change_id()).await;
        let known = known.map_err(|error| BackendError::Other(error.into()))?;
        let mut there = None;
        for (id, _) in known.iter().flat_map(|known| &known.targets) {
            let knot = repo.store().get_commit_async(id).await?;
            if knot.parent_ids() == parents
                && knot.tree_ids() == old.tree_ids()
                && knot.description() == builder.description()
                && knot.author() == builder.author()
                && knot.committer() == builder.committer()
            {
                there = Some(knot);
                break;
            }
        }
        let new = match there {
            Some(knot) => knot,
            None => builder.write_hidden().await?,
        };
        if new.id() == old.id() {
            return Ok(());
        }
        writers.insert(old.id().clone(), new.committer().clone());
        let is_there = repo.index().has_id(new.id()).await;
        if !is_there.map_err(|error| BackendError::Other(error.into()))? {
            builder.write(repo).await?;
        } else {
            repo.add_head(&new).await?;
            repo.set_rewritten_commit(old.id().clone(), new.id().clone());
        }
        Ok(())
    })
    .block_on()
    .doing("describe stitches")
}
