//! What a document says, as plain data.

use std::collections::{BTreeMap, BTreeSet};

use jj_lib::backend::{ChangeId, CommitId};

/// What a pin was moved to: a commit, or `None` when it was deleted.
pub type PinValue = Option<CommitId>;

/// What a document says at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerView {
    /// For each pin what it was moved to last. Several values: moves that did not know of each
    /// other. Never empty.
    pub pins: BTreeMap<String, BTreeSet<PinValue>>,
    /// For each stitch that was described on more than one machine, or may be, its text.
    pub descriptions: BTreeMap<ChangeId, String>,
    /// The tags of each stitch that has some.
    pub tags: BTreeMap<ChangeId, BTreeSet<String>>,
}

impl LedgerView {
    /// Returns the commits that pins point at.
    pub fn commits(&self) -> BTreeSet<CommitId> {
        self.pins.values().flatten().flatten().cloned().collect()
    }
}

/// Leaves out the commits that are ancestors of another value: moving a pin forward over them is no
/// disagreement. What is left are the ends of a tangle when it is more than one.
///
/// `is_ancestor` says whether the first commit is an ancestor of the second; `false` when one of
/// them is not at hand.
pub fn standing(
    values: &BTreeSet<PinValue>,
    mut is_ancestor: impl FnMut(&CommitId, &CommitId) -> bool,
) -> BTreeSet<PinValue> {
    let mut is_passed = |value: &PinValue| {
        values.iter().any(|other| match (value, other) {
            (Some(value), Some(other)) => value != other && is_ancestor(value, other),
            _ => false,
        })
    };
    values
        .iter()
        .filter(|value| !is_passed(value))
        .cloned()
        .collect()
}
