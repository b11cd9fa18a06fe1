//! Doing here what others took down.

use std::collections::{BTreeSet, HashMap, HashSet};

use jj_lib::backend::{BackendError, ChangeId, CommitId, Signature};
use jj_lib::commit::Commit;
use jj_lib::merge::Merge;
use jj_lib::object_id::ObjectId as _;
use jj_lib::op_store::RefTarget;
use jj_lib::ref_name::RefName;
use jj_lib::repo::{MutableRepo, ReadonlyRepo, Repo as _};
use jj_lib::revset::RevsetExpression;
use pollster::FutureExt as _;

use super::super::Repository;
use super::super::doing::Doing as _;
use super::super::error::RepositoryError;
use super::super::language::evaluate_all;
use super::super::transaction::{Finished, Transaction};
use super::super::weave::complete;
use super::values;
use crate::exchange::ExchangeError;
use crate::ledger::{Known, LedgerView, LockedLedger, PinValue, merge_texts, standing};

/// What is being done, as one operation.
pub(super) struct Doing<'a> {
    ledger: &'a LockedLedger,
    remote: &'a str,
    /// The repository when the ledger knew it last.
    base: Option<&'a ReadonlyRepo>,
    /// What the repository was brought to before.
    before: &'a LedgerView,
    /// What it is brought to now.
    reached: LedgerView,
    waiting: Vec<String>,
    tx: Transaction<'a>,
}

impl<'a> Doing<'a> {
    pub(super) fn new(
        repository: &'a mut Repository,
        ledger: &'a LockedLedger,
        remote: &'a str,
        base: Option<&'a ReadonlyRepo>,
        before: &'a LedgerView,
    ) -> Result<Self, RepositoryError> {
        Ok(Self {
            ledger,
            remote,
            base,
            before,
            reached: before.clone(),
            waiting: Vec::new(),
            tx: repository.transaction()?,
        })
    }

    /// Moves the pins that others moved.
    pub(super) fn move_pins(&mut self, now: &LedgerView) -> Result<(), ExchangeError> {
        for (name, values) in &now.pins {
            if self.before.pins.get(name) == Some(values) {
                continue;
            }
            let mut here = BTreeSet::new();
            for value in values {
                if value.as_ref().map_or(Ok(true), |id| self.bring(id))? {
                    here.insert(value.clone());
                }
            }
            if here.len() < values.len() {
                self.waiting.push(name.clone());
            }
            if !here.is_empty() {
                self.move_pin(name, &here)?;
                self.reached.pins.insert(name.clone(), here);
            }
        }
        Ok(())
    }

    /// Leaves out of tangled pins what is passed by now: a knot may stand on another only after it
    /// was rewritten.
    fn settle_pins(&mut self) {
        for name in self.reached.pins.keys() {
            let pin: &RefName = name.as_str().as_ref();
            let target = self.tx.repo().view().get_local_bookmark(pin);
            let present = values(target);
            let left = standing(&present, |one, other| self.tx.is_ancestor(one, other));
            if left.len() < present.len() {
                let target = ref_target(&left, target.removed_ids().next().cloned());
                self.tx.writer().set_local_bookmark_target(pin, target);
            }
        }
    }

    fn move_pin(&mut self, name: &str, now: &BTreeSet<PinValue>) -> Result<(), ExchangeError> {
        let none = BTreeSet::new();
        let before = self.before.pins.get(name).unwrap_or(&none);
        let pin: &RefName = name.as_ref();
        let target = self.tx.repo().view().get_local_bookmark(pin).clone();
        let was = self.base.map(|base| base.view().get_local_bookmark(pin));
        let is_untouched = !before.is_empty() && was == Some(&target);
        let mut wanted = now.clone();
        if !is_untouched {
            // What was fetched meanwhile, or was here before the ledger, stays unless others left it.
            let left: BTreeSet<_> = before.difference(now).collect();
            let stays = values(&target).into_iter().filter(|value| {
                value.is_some()
                    && !left.contains(value)
                    && !was.is_some_and(|was| values(was).contains(value))
            });
            wanted.extend(stays);
        }
        let wanted = standing(&wanted, |one, other| self.tx.is_ancestor(one, other));
        if wanted == values(&target) {
            return Ok(());
        }
        if target.is_absent() {
            // A remote that does not have it has nothing to follow.
            let _ = self.tx.track_pin(name, self.remote);
        }
        let base = before.iter().find(|value| !wanted.contains(value)).cloned();
        let target = ref_target(&wanted, base.flatten());
        self.tx.writer().set_local_bookmark_target(pin, target);
        Ok(())
    }

    /// Makes a knot visible here. Tells whether it is at hand at all.
    fn bring(&mut self, id: &CommitId) -> Result<bool, ExchangeError> {
        let repo = self.tx.repo();
        if repo.index().has_id(id).block_on().doing("look a knot up")? {
            return Ok(true);
        }
        let store = repo.store().clone();
        let backend = jj_lib::git::get_git_backend(&store).doing("find git's objects")?;
        let git = gix::ObjectId::try_from(id.as_bytes());
        let is_here = git.is_ok_and(|git| {
            let header = backend.git_repo().find_header(git);
            header.is_ok_and(|header| header.kind() == gix::objs::Kind::Commit)
        });
        if !is_here {
            return Ok(false);
        }
        backend
            .import_head_commits([id])
            .doing("take a knot over from git")?;
        let commit = store.get_commit(id).doing("read a knot")?;
        self.tx
            .writer()
            .add_head(&commit)
            .block_on()
            .doing("show a knot")?;
        Ok(true)
    }

    /// Describes the stitches that others described, where they may be changed.
    pub(super) fn describe(&mut self, now: &LedgerView) -> Result<(), ExchangeError> {
        let mut found: Vec<(Commit, String)> = Vec::new();
        for (stitch, text) in &now.descriptions {
            let knots = self.visible(stitch)?;
            let is_new = self.before.descriptions.get(stitch) != Some(text);
            if is_new {
                self.reached
                    .descriptions
                    .insert(stitch.clone(), text.clone());
            }
            match knots.as_slice() {
                [knot] if is_new => {
                    let text = complete(&self.merged(knot, text)?);
                    if text != knot.description() {
                        found.push((knot.clone(), text));
                    }
                }
                [] | [_] => {}
                // Several knots that differ in their description only become one.
                _ => found.extend(knots.into_iter().map(|knot| (knot, complete(text)))),
            }
        }
        let all: Vec<CommitId> = found.iter().map(|(knot, _)| knot.id().clone()).collect();
        let immutable = self.tx.immutable_of(&all)?;
        found.retain(|(knot, _)| !immutable.contains(knot.id()));
        let document = self.ledger.document();
        let described = found.into_iter().map(|(knot, text)| {
            let writer = document.writer(knot.change_id());
            (knot.id().clone(), Described { text, writer })
        });
        let described: HashMap<_, _> = described.collect();
        if !described.is_empty() {
            rewrite(self.tx.writer(), described)?;
            self.settle_pins();
        }
        Ok(())
    }

    /// Returns the ledger's text of a knot, with what was edited here and is not in the ledger:
    /// somebody may have fetched it from one who has none.
    fn merged(&self, knot: &Commit, text: &str) -> Result<String, ExchangeError> {
        let was_here = |base: &ReadonlyRepo| base.index().has_id(knot.id()).block_on();
        let was_here = self
            .base
            .map(was_here)
            .transpose()
            .doing("look a knot up")?;
        Ok(match self.before.descriptions.get(knot.change_id()) {
            Some(before) if was_here == Some(true) && knot.description() != before => {
                merge_texts(before, knot.description(), text)?
            }
            _ => text.to_owned(),
        })
    }

    fn visible(&self, stitch: &ChangeId) -> Result<Vec<Commit>, RepositoryError> {
        let found = self.tx.repo().resolve_change_id(stitch).block_on();
        let Some(found) = found.doing("look a stitch up")? else {
            return Ok(Vec::new());
        };
        let store = self.tx.repo().store();
        found
            .visible_with_offsets()
            .map(|(_, id)| store.get_commit(id).doing("read a knot"))
            .collect()
    }

    /// Finishes the operation. Returns what came of it, up to where repository and ledger know each
    /// other, and the pins that wait for their knots.
    pub(super) fn finish(
        mut self,
    ) -> Result<(Option<Finished>, Known, Vec<String>), RepositoryError> {
        let description = format!("take over the ledger of {}", self.remote);
        self.tx.set_description(description);
        let finished = self.tx.finish()?;
        let known = Known::new(finished.operation.0.hex(), &self.reached);
        Ok((finished.changed.then_some(finished), known, self.waiting))
    }
}

impl Transaction<'_> {
    fn is_ancestor(&self, ancestor: &CommitId, descendant: &CommitId) -> bool {
        let index = self.repo().index();
        // Both were looked up before. What cannot be told is no ancestor: a tangle can be undone.
        index
            .is_ancestor(ancestor, descendant)
            .block_on()
            .unwrap_or_default()
    }

    fn immutable_of(&self, knots: &[CommitId]) -> Result<HashSet<CommitId>, RepositoryError> {
        let repo = self.repository.repo.as_ref();
        let immutable = self.repository.language.immutable(repo)?;
        let visible: Vec<_> = knots
            .iter()
            .filter(|id| repo.index().has_id(id).block_on().unwrap_or_default())
            .cloned()
            .collect();
        let both = immutable.intersection(&RevsetExpression::commits(visible));
        Ok(evaluate_all(repo, &both)?.into_iter().collect())
    }
}

/// What a knot is to say, and who signs it.
struct Described {
    text: String,
    writer: Option<Signature>,
}

/// Rewrites knots to new descriptions, with all that stands on them, so that whoever does the same
/// elsewhere makes the same knots: signed by the last writer of the description, or of those below.
fn rewrite(
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

/// Makes the target of a pin that has several values: a tangle in Jujutsu's own form.
fn ref_target(values: &BTreeSet<PinValue>, base: Option<CommitId>) -> RefTarget {
    let has_deletion = values.contains(&None);
    let commits: Vec<_> = values.iter().flatten().cloned().collect();
    match commits.as_slice() {
        [] => RefTarget::absent(),
        [commit] if !has_deletion => RefTarget::normal(commit.clone()),
        _ => {
            let adds: Vec<_> = values.iter().cloned().collect();
            // What it was before: a deletion needs something that was deleted.
            let removes = vec![base.filter(|_| has_deletion); adds.len() - 1];
            RefTarget::from_merge(Merge::from_removes_adds(removes, adds))
        }
    }
}
