//! The names of stitches, knots and operations.

use std::fmt;

use jj_lib::backend::{ChangeId, CommitId};
use jj_lib::object_id::ObjectId as _;

/// Writes at most as many letters of an id as the precision of the format says.
fn write_short(text: &str, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    let length = formatter.precision().unwrap_or(text.len());
    formatter.write_str(text.get(..length).unwrap_or(text))
}

/// The name of a knot: one version of a stitch, git's commit id. Written in hexadecimal; `{:.12}`
/// writes the first twelve letters.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KnotId(pub(super) CommitId);

impl KnotId {
    /// Reads an id from all of its hexadecimal letters.
    pub fn from_hex(hex: &str) -> Option<Self> {
        CommitId::try_from_hex(hex).map(Self)
    }
}

impl fmt::Display for KnotId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_short(&self.0.hex(), formatter)
    }
}

impl fmt::Debug for KnotId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "KnotId({self})")
    }
}

/// The name of a stitch, which it keeps while its knots are rewritten. Written in the letters `k`
/// to `z`, so that it never looks like a knot's.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StitchId(pub(super) ChangeId);

impl StitchId {
    /// Reads an id from all of its letters.
    pub fn from_letters(letters: &str) -> Option<Self> {
        ChangeId::try_from_reverse_hex(letters).map(Self)
    }
}

impl fmt::Display for StitchId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_short(&self.0.reverse_hex(), formatter)
    }
}

impl fmt::Debug for StitchId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "StitchId({self})")
    }
}

/// The name of an operation in the tension log. Written in hexadecimal.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OperationId(pub(super) jj_lib::op_store::OperationId);

impl fmt::Display for OperationId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_short(&self.0.hex(), formatter)
    }
}

impl fmt::Debug for OperationId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "OperationId({self})")
    }
}
