//! Taking down what was done here.

use std::collections::{BTreeSet, HashMap, HashSet};

use jj_lib::backend::{ChangeId, CommitId};
use jj_lib::commit::Commit;
use jj_lib::object_id::ObjectId as _;
use jj_lib::ref_name::RefName;
use jj_lib::repo::ReadonlyRepo;
use jj_lib::revset::RevsetExpression;
use jj_lib::view::View;

use super::super::Repository;
use super::super::colocation::LOCAL_GIT;
use super::super::error::RepositoryError;
use super::super::language::evaluate_all;
use super::values;
use crate::exchange::ExchangeError;
use crate::ledger::{Known, LedgerView, LockedLedger, PinValue};

/// Takes down what was done since the operation that the ledger knows. Tells whether the ledger
/// changed.
pub(super) fn take_down(
    repository: &Repository,
    ledger: &mut LockedLedger,
    sending: &[String],
) -> Result<bool, ExchangeError> {
    let known = ledger.known().cloned().unwrap_or_default();
    let operation = repository.repo.op_id().hex();
    let is_old = known.operation == operation;
    if is_old && sending.is_empty() {
        return Ok(false);
    }
    let base = repository.repo_at(&known.operation);
    let mut view = known.view();
    take_pins(repository, ledger, base.as_deref(), sending, &mut view)?;
    if let Some(base) = &base
        && !is_old
    {
        take_descriptions(repository, ledger, base, &mut view)?;
    }
    ledger.set_known(Known::new(operation, &view));
    Ok(true)
}

/// Takes down pins that were moved. `view` is what the repository was brought to.
fn take_pins(
    repository: &Repository,
    ledger: &mut LockedLedger,
    base: Option<&ReadonlyRepo>,
    sending: &[String],
    view: &mut LedgerView,
) -> Result<(), ExchangeError> {
    let shared = ledger.document().view().pins;
    let names: BTreeSet<&String> = shared.keys().chain(sending).collect();
    let now = repository.repo.view();
    for name in names {
        let pin: &RefName = name.as_str().as_ref();
        let target = now.get_local_bookmark(pin);
        let Some(value) = target.as_resolved().cloned() else {
            // A tangle is nobody's move.
            continue;
        };
        let before = base.map(|base| base.view().get_local_bookmark(pin));
        let was_moved = before.is_some_and(|before| before != target);
        if !was_moved && !sending.contains(name) {
            continue;
        }
        let present = shared.get(name);
        if present.is_some_and(|present| present.len() == 1 && present.contains(&value)) {
            view.pins.insert(name.clone(), BTreeSet::from([value]));
            continue;
        }
        if value.is_none() && present.is_none() {
            // There never was such a pin.
            continue;
        }
        if value.is_none() && is_forgotten(pin, base.map(|base| base.view()), now) {
            continue;
        }
        let mut seen: BTreeSet<PinValue> = view.pins.get(name).cloned().unwrap_or_default();
        seen.extend(before.into_iter().flat_map(values));
        for view in base.map(|base| base.view()).into_iter().chain([now]) {
            seen.extend(remote_values(pin, view));
        }
        // Whoever is at a knot knows what it stands on.
        let is_below = |one: &PinValue| match (one, &value) {
            (Some(one), Some(value)) => repository.is_ancestor(one, value),
            _ => false,
        };
        seen.extend(
            present
                .into_iter()
                .flatten()
                .filter(|one| is_below(one))
                .cloned(),
        );
        ledger.document_mut().move_pin(name, &seen, value.clone())?;
        let mut left: BTreeSet<_> = view.pins.remove(name).unwrap_or_default();
        left.retain(|value| !seen.contains(value));
        left.insert(value);
        view.pins.insert(name.clone(), left);
    }
    Ok(())
}

/// Tells whether somebody wanted to hear no more of a pin here, which deletes it nowhere else.
fn is_forgotten(pin: &RefName, before: Option<&View>, now: &View) -> bool {
    let has_remote = |view: &View| remote_values(pin, view).next().is_some();
    before.is_some_and(has_remote) && !has_remote(now)
}

/// Returns where remotes have a pin.
fn remote_values<'a>(pin: &'a RefName, view: &'a View) -> impl Iterator<Item = PinValue> + 'a {
    view.all_remote_bookmarks()
        .filter(move |(symbol, remote)| {
            symbol.name == pin && symbol.remote != LOCAL_GIT && remote.is_present()
        })
        .flat_map(|(_, remote)| remote.target.added_ids().cloned().map(Some))
}

/// Takes down descriptions that were edited. `view` is what the repository was brought to.
fn take_descriptions(
    repository: &Repository,
    ledger: &mut LockedLedger,
    base: &ReadonlyRepo,
    view: &mut LedgerView,
) -> Result<(), ExchangeError> {
    let repo = repository.repo.as_ref();
    let heads = |view: &View| RevsetExpression::commits(view.heads().iter().cloned().collect());
    let (before, after) = (heads(base.view()), heads(repo.view()));
    let gone = commits(repository, &evaluate_all(repo, &after.range(&before))?)?;
    let come = commits(repository, &evaluate_all(repo, &before.range(&after))?)?;
    if gone.is_empty() || come.is_empty() {
        return Ok(());
    }
    let fetched: HashSet<CommitId> = {
        let new: Vec<CommitId> = remote_heads(repo.view())
            .difference(&remote_heads(base.view()))
            .cloned()
            .collect();
        let of = RevsetExpression::commits(new).ancestors();
        let come = RevsetExpression::commits(come.iter().map(|c| c.id().clone()).collect());
        evaluate_all(repo, &of.intersection(&come))?
            .into_iter()
            .collect()
    };
    let had: HashSet<CommitId> = {
        let remotes = remote_heads(base.view())
            .union(&remote_heads(repo.view()))
            .cloned()
            .collect();
        let of = RevsetExpression::commits(remotes).ancestors();
        let gone = RevsetExpression::commits(gone.iter().map(|c| c.id().clone()).collect());
        evaluate_all(repo, &of.intersection(&gone))?
            .into_iter()
            .collect()
    };
    let mut old: HashMap<&ChangeId, &Commit> = HashMap::new();
    for commit in &gone {
        old.insert(commit.change_id(), commit);
    }
    for commit in come.iter().filter(|commit| !fetched.contains(commit.id())) {
        let stitch = commit.change_id();
        let Some(old) = old.get(stitch) else {
            continue;
        };
        if old.description() == commit.description() {
            continue;
        }
        let document = ledger.document_mut();
        if !had.contains(old.id()) && document.description(stitch).is_none() {
            // Nobody else has it, so it goes where the stitch goes.
            continue;
        }
        document.describe(stitch, old.description(), commit.description())?;
        document.set_writer(stitch, commit.committer())?;
        let text = commit.description().to_owned();
        view.descriptions.insert(stitch.clone(), text);
    }
    Ok(())
}

fn commits(repository: &Repository, ids: &[CommitId]) -> Result<Vec<Commit>, RepositoryError> {
    ids.iter().map(|id| repository.commit(id)).collect()
}

/// Returns what the pins of remotes are at.
fn remote_heads(view: &View) -> HashSet<CommitId> {
    view.all_remote_bookmarks()
        .filter(|(symbol, _)| symbol.remote != LOCAL_GIT)
        .flat_map(|(_, remote)| remote.target.added_ids().cloned())
        .collect()
}
