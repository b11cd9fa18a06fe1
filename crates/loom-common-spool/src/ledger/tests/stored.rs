//! The ledger in its folder.

use std::fs;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use super::super::{LedgerError, LedgerFolder, LockedLedger};
use super::*;

fn folder(path: &Path) -> LedgerFolder {
    LedgerFolder::new(path, Duration::ZERO)
}

fn open(path: &Path, number: u8) -> LockedLedger {
    folder(path).lock(&mut || actor(number)).unwrap()
}

#[test]
fn what_was_saved_is_there_and_what_was_not_is_not() {
    let scene = TempDir::new().unwrap();
    let path = scene.path().join("loom/ledger");
    assert_eq!(folder(&path).view().unwrap(), None);
    let mut ledger = open(&path, 1);
    move_pin(ledger.document_mut(), "main", Some(commit(1)));
    ledger.save().unwrap();
    move_pin(ledger.document_mut(), "main", Some(commit(2)));
    drop(ledger);
    let view = folder(&path).view().unwrap().unwrap();
    assert_eq!(view.pins, pins(&[("main", at(&[1]))]));
    assert_eq!(open(&path, 2).document().view(), view);
}

#[test]
fn one_process_writes_at_a_time() {
    let scene = TempDir::new().unwrap();
    let path = scene.path().join("ledger");
    let _held = open(&path, 1);
    let error = folder(&path).lock(&mut || actor(2)).unwrap_err();
    assert!(matches!(error, LedgerError::Busy { .. }), "{error}");
}

#[test]
fn a_copied_clone_takes_another_actor() {
    let scene = TempDir::new().unwrap();
    let (path, copy) = (scene.path().join("one"), scene.path().join("two"));
    let mut one = open(&path, 1);
    move_pin(one.document_mut(), "main", Some(commit(1)));
    one.save().unwrap();
    drop(one);
    fs::create_dir(&copy).unwrap();
    fs::copy(path.join("ledger"), copy.join("ledger")).unwrap();

    let (mut one, mut two) = (open(&path, 3), open(&copy, 2));
    move_pin(one.document_mut(), "main", Some(commit(2)));
    move_pin(two.document_mut(), "main", Some(commit(3)));
    meet(one.document_mut(), two.document_mut());
    assert_eq!(one.document().view().pins, pins(&[("main", at(&[2, 3]))]));
}

#[test]
fn a_damaged_ledger_is_moved_aside_and_begun_anew() {
    let scene = TempDir::new().unwrap();
    let path = scene.path().join("ledger");
    let mut ledger = open(&path, 1);
    move_pin(ledger.document_mut(), "main", Some(commit(1)));
    ledger.save().unwrap();
    drop(ledger);
    let file = path.join("ledger");
    let mut bytes = fs::read(&file).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&file, &bytes).unwrap();

    let ledger = open(&path, 2);
    let aside = path.join("ledger.damaged");
    assert_eq!(ledger.began_anew, Some(aside.clone()));
    assert_eq!(ledger.document().view(), Default::default());
    assert_eq!(fs::read(&aside).unwrap(), bytes);
    drop(ledger);
    fs::write(&file, "garbage").unwrap();
    let second = path.join("ledger.damaged.2");
    assert_eq!(open(&path, 2).began_anew, Some(second.clone()));
    assert_eq!(fs::read(aside).unwrap(), bytes);
    assert_eq!(fs::read(second).unwrap(), b"garbage");
}

#[test]
fn a_ledger_of_a_newer_version_is_left_alone() {
    let scene = TempDir::new().unwrap();
    let path = scene.path().join("ledger");
    fs::create_dir(&path).unwrap();
    let newer = b"{}\n{\"loom-ledger\":7}\nwhatever";
    fs::write(path.join("ledger"), newer).unwrap();
    let error = folder(&path).lock(&mut || actor(1)).unwrap_err();
    assert!(matches!(error, LedgerError::Newer { format: 7 }), "{error}");
    assert_eq!(fs::read(path.join("ledger")).unwrap(), newer);
}
