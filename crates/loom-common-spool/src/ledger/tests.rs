//! What the ledger promises: whoever met knows the same, and nothing is lost on the way.

use std::collections::{BTreeMap, BTreeSet};

use jj_lib::backend::{ChangeId, CommitId};

use super::{Actor, Document, PinValue};

mod convergence;
mod damage;
mod descriptions;
mod lineages;
mod stored;

fn actor(number: u8) -> Actor {
    [number; 16]
}

fn document(number: u8) -> Document {
    Document::new(actor(number)).unwrap()
}

fn stitch(number: u8) -> ChangeId {
    ChangeId::new(vec![number; 16])
}

fn commit(number: u32) -> CommitId {
    let mut bytes = vec![0; 20];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    CommitId::new(bytes)
}

fn at(numbers: &[u32]) -> BTreeSet<PinValue> {
    numbers.iter().map(|number| Some(commit(*number))).collect()
}

fn pins(list: &[(&str, BTreeSet<PinValue>)]) -> BTreeMap<String, BTreeSet<PinValue>> {
    list.iter()
        .map(|(name, values)| ((*name).to_owned(), values.clone()))
        .collect()
}

/// Moves a pin having seen all that the document says of it.
fn move_pin(document: &mut Document, name: &str, value: PinValue) {
    let known = document.view().pins.remove(name).unwrap_or_default();
    document.move_pin(name, &known, value).unwrap();
}

/// Changes a description having seen all that the document says of it.
fn describe(document: &mut Document, stitch: &ChangeId, text: &str) {
    let base = document.description(stitch).unwrap_or_default();
    document.describe(stitch, &base, text).unwrap();
}

fn meet(one: &mut Document, other: &mut Document) {
    one.merge(other).unwrap();
    other.merge(one).unwrap();
    assert_eq!(one.view(), other.view());
}
