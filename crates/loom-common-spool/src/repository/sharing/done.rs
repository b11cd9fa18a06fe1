//! Doing here what others took down.

use std::collections::{BTreeSet, HashSet};

use jj_lib::backend::CommitId;
use jj_lib::commit::Commit;
use jj_lib::merge::Merge;
use jj_lib::object_id::ObjectId as _;
use jj_lib::op_store::RefTarget;
use jj_lib::ref_name::{RefName, RemoteName};
use jj_lib::repo::{ReadonlyRepo, Repo as _};
use jj_lib::revset::RevsetExpression;
use pollster::FutureExt as _;

use super::super::Repository;
use super::super::doing::Doing as _;
use super::super::error::RepositoryError;
use super::super::language::evaluate_all;
use super::super::transaction::{Finished, Transaction};
use super::super::weave::complete;
use super::described::{Described, Knots, rewrite};
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
            if self.before.pins.get(name) == Some(values) || !self.is_shared_here(name) {
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

    /// Whether a pin is one that is shared from here: it is followed, or was sent or moved before.
    fn is_shared_here(&self, name: &str) -> bool {
        let pin: &RefName = name.as_ref();
        let view = self.tx.repo().view();
        let there = view.get_remote_bookmark(pin.to_remote_symbol(RemoteName::new(self.remote)));
        let is_known = self.before.pins.contains_key(name);
        there.is_tracked() || is_known && view.get_local_bookmark(pin).is_present()
    }

    fn move_pin(&mut self, name: &str, now: &BTreeSet<PinValue>) -> Result<(), ExchangeError> {
        let none = BTreeSet::new();
        let before = self.before.pins.get(name).unwrap_or(&none);
        let pin: &RefName = name.as_ref();
        let target = self.tx.repo().view().get_local_bookmark(pin).clone();
        // What is here and that others did not leave stays: it was not sent yet, or was fetched.
        let left: BTreeSet<_> = before.difference(now).cloned().collect();
        let mut wanted: BTreeSet<_> = values(&target).difference(&left).cloned().collect();
        wanted.extend(now.iter().cloned());
        let wanted = standing(&wanted, |one, other| self.tx.is_ancestor(one, other));
        if wanted == values(&target) {
            return Ok(());
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
        let document = self.ledger.document();
        let repo = self.tx.repo();
        let knots = Knots::new(repo, self.base, self.remote);
        let mut found: Vec<(CommitId, Described)> = Vec::new();
        for (stitch, text) in &now.descriptions {
            let before = self.before.descriptions.get(stitch);
            let visible = knots.visible(stitch)?;
            let said = |knot: &Commit| document.has_said(stitch, knot.description());
            let (text, to_describe) = if before != Some(text) {
                let (mut said, beside): (Vec<_>, Vec<_>) = visible.into_iter().partition(said);
                let edited = beside.into_iter().filter(|knot| knots.is_edited_here(knot));
                let mut text = text.clone();
                if let (Some(base), [edited]) = (
                    knots.before(stitch, before)?,
                    edited.collect::<Vec<_>>().as_slice(),
                ) {
                    text = merge_texts(&base, edited.description(), &text)?;
                    said.push(edited.clone());
                }
                (text, said)
            } else if visible
                .iter()
                .any(|knot| knot.description() == complete(text))
            {
                // What the remote still has from before joins the one that was described.
                let here = knots.visible_before(stitch)?;
                let come = visible
                    .into_iter()
                    .filter(|knot| said(knot) && knots.is_there(knot) && !here.contains(knot.id()));
                (text.clone(), come.collect())
            } else {
                continue;
            };
            let text = complete(&text);
            let writer = document.writer(stitch);
            let to_describe = to_describe.into_iter();
            let to_describe = to_describe.filter(|knot| knot.description() != text);
            found.extend(to_describe.map(|knot| {
                let (text, writer) = (text.clone(), writer.clone());
                (knot.id().clone(), Described { text, writer })
            }));
        }
        self.reached.descriptions.clone_from(&now.descriptions);
        let all: Vec<CommitId> = found.iter().map(|(knot, _)| knot.clone()).collect();
        let immutable = self.tx.immutable_of(&all)?;
        found.retain(|(knot, _)| !immutable.contains(knot));
        if !found.is_empty() {
            rewrite(self.tx.writer(), found.into_iter().collect())?;
            self.settle_pins();
        }
        Ok(())
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
