//! Taking down what was sent.
//!
//! Nothing is taken down but moves of pins that a remote was told of, and edits of descriptions that
//! went along with them. What was done here and was not sent yet is nobody's business: it may be
//! unfinished, or what the remote refused.

use std::collections::{BTreeMap, HashSet};

use jj_lib::backend::{ChangeId, CommitId};
use jj_lib::commit::Commit;
use jj_lib::revset::RevsetExpression;

use super::super::Repository;
use super::super::error::RepositoryError;
use super::super::language::evaluate_all;
use super::super::push::PushUpdate;
use super::super::weave::complete;
use crate::exchange::ExchangeError;
use crate::ledger::{Known, LedgerView, LockedLedger, PinValue};

/// Takes down moves of pins that a remote was told of.
pub(super) fn take_down(
    repository: &Repository,
    ledger: &mut LockedLedger,
    sent: &[PushUpdate],
) -> Result<(), ExchangeError> {
    let known = ledger.known().cloned().unwrap_or_default();
    let mut view = known.view();
    for update in sent {
        take_pin(repository, ledger, update, &mut view)?;
    }
    take_descriptions(repository, ledger, sent, &mut view)?;
    ledger.set_known(Known::new(known.operation, &view));
    Ok(())
}

/// Takes down that a pin was moved. `view` is what the repository was brought to.
fn take_pin(
    repository: &Repository,
    ledger: &mut LockedLedger,
    update: &PushUpdate,
    view: &mut LedgerView,
) -> Result<(), ExchangeError> {
    let name = &update.name;
    let value = update.after.as_ref().map(|knot| knot.0.clone());
    let present = ledger.document().view().pins.remove(name);
    if value.is_none() && present.is_none() {
        // Nobody who has the ledger has heard of the pin.
        return Ok(());
    }
    let mut seen = view.pins.remove(name).unwrap_or_default();
    seen.insert(update.before.as_ref().map(|knot| knot.0.clone()));
    // Whoever is at a knot knows what it stands on.
    let is_below = |one: &PinValue| match (one, &value) {
        (Some(one), Some(value)) => repository.is_ancestor(one, value),
        _ => false,
    };
    seen.extend(present.into_iter().flatten().filter(is_below));
    ledger.document_mut().move_pin(name, &seen, value.clone())?;
    view.pins.insert(name.clone(), [value].into());
    Ok(())
}

/// Takes down how the descriptions differ of stitches that the remote had and that it was sent anew.
/// Private ones are left out. `view` is what the repository was brought to.
fn take_descriptions(
    repository: &Repository,
    ledger: &mut LockedLedger,
    sent: &[PushUpdate],
    view: &mut LedgerView,
) -> Result<(), ExchangeError> {
    let repo = repository.repo.as_ref();
    let before = sent.iter().filter_map(|update| update.before.clone());
    let after = sent.iter().filter_map(|update| update.after.clone());
    let before = RevsetExpression::commits(before.map(|knot| knot.0).collect());
    let after = RevsetExpression::commits(after.map(|knot| knot.0).collect());
    let gone = evaluate_all(repo, &after.range(&before))?;
    if gone.is_empty() {
        return Ok(());
    }
    let come = evaluate_all(repo, &before.range(&after))?;
    let private = repository.text("git.private-commits")?;
    let private = repository.resolve_expression(&private)?;
    let private = private.intersection(&RevsetExpression::commits(come.clone()));
    let private: HashSet<CommitId> = evaluate_all(repo, &private)?.into_iter().collect();
    let (gone, come) = (stitches(repository, &gone)?, stitches(repository, &come)?);
    for (stitch, new) in &come {
        // Of a divergent stitch it cannot be told what became of what.
        let (Some([old]), [new]) = (gone.get(stitch).map(Vec::as_slice), new.as_slice()) else {
            continue;
        };
        if old.description() == new.description() || private.contains(new.id()) {
            continue;
        }
        let text = new.description().to_owned();
        let document = ledger.document_mut();
        let said = document.description(stitch);
        if said.is_none_or(|said| complete(&said) != text) {
            document.describe(stitch, old.description(), &text)?;
            document.set_writer(stitch, new.committer())?;
        }
        view.descriptions.insert(stitch.clone(), text);
    }
    Ok(())
}

/// Reads knots, by stitch.
fn stitches(
    repository: &Repository,
    ids: &[CommitId],
) -> Result<BTreeMap<ChangeId, Vec<Commit>>, RepositoryError> {
    let mut stitches: BTreeMap<ChangeId, Vec<Commit>> = BTreeMap::new();
    for id in ids {
        let commit = repository.commit(id)?;
        let stitch = commit.change_id().clone();
        stitches.entry(stitch).or_default().push(commit);
    }
    Ok(stitches)
}
