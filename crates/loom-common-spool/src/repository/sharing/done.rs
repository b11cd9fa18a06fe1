//! Doing here what others took down.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jj_lib::backend::{ChangeId, CommitId};
use jj_lib::commit::Commit;
use jj_lib::merge::Merge;
use jj_lib::object_id::ObjectId as _;
use jj_lib::op_store::RefTarget;
use jj_lib::ref_name::RefName;
use jj_lib::repo::{ReadonlyRepo, Repo as _};
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
        base: Option<&'a ReadonlyRepo>,
        before: &'a LedgerView,
    ) -> Result<Self, RepositoryError> {
        Ok(Self {
            ledger,
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
        let mut found: BTreeMap<&ChangeId, Vec<Commit>> = BTreeMap::new();
        for (stitch, text) in &now.descriptions {
            if self.before.descriptions.get(stitch) == Some(text) {
                continue;
            }
            let knots = self.visible(stitch)?;
            if !knots.is_empty() {
                found.insert(stitch, knots);
            }
        }
        let all: Vec<CommitId> = found.values().flatten().map(|c| c.id().clone()).collect();
        let immutable = self.tx.immutable_of(&all)?;
        for (stitch, knots) in found {
            let Some(text) = now.descriptions.get(stitch) else {
                continue;
            };
            let knots: Vec<_> = knots
                .into_iter()
                .filter(|knot| !immutable.contains(knot.id()))
                .collect();
            self.describe_one(stitch, text, &knots)?;
            self.reached
                .descriptions
                .insert(stitch.clone(), text.clone());
        }
        Ok(())
    }

    fn describe_one(
        &mut self,
        stitch: &ChangeId,
        text: &str,
        knots: &[Commit],
    ) -> Result<(), ExchangeError> {
        let writer = self.ledger.document().writer(stitch);
        // Knots that differ in their description only become the same one.
        let mut written: Vec<(&Commit, String, CommitId)> = Vec::new();
        for knot in knots {
            let before = self.before.descriptions.get(stitch);
            let text = match before {
                Some(before) if knot.description() != before => {
                    merge_texts(before, knot.description(), text)?
                }
                _ => text.to_owned(),
            };
            let text = complete(&text);
            if text == knot.description() && knots.len() == 1 {
                continue;
            }
            let same = written.iter().find(|(other, other_text, _)| {
                *other_text == text
                    && other.tree_ids() == knot.tree_ids()
                    && other.parent_ids() == knot.parent_ids()
                    && other.author() == knot.author()
            });
            if let Some((_, _, new)) = same {
                let (old, new) = (knot.id().clone(), new.clone());
                if old != new {
                    self.tx.writer().set_rewritten_commit(old, new);
                }
                continue;
            }
            let mut builder = self.tx.writer().rewrite_commit(knot).set_description(&text);
            if let Some(writer) = &writer {
                builder = builder.set_committer(writer.clone());
            }
            let new = builder.write().block_on().doing("describe a stitch")?;
            written.push((knot, text, new.id().clone()));
        }
        Ok(())
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
        remote: &str,
    ) -> Result<(Option<Finished>, Known, Vec<String>), RepositoryError> {
        self.tx
            .set_description(format!("take over the ledger of {remote}"));
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
