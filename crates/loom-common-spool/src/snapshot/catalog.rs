//! Where each object stands in the pack.
//!
//! The catalog is a file of entries of equal length: name, offset, length. The first ones are
//! sorted and found by halving, right in the bytes of the file. Each snapshot appends its few new
//! ones behind; when they have become many, the whole is sorted into a new file. So a snapshot
//! writes little, and looking something up in a large store costs one read of the file.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::object::ObjectId;
use super::pack::Place;

/// Bytes of an entry.
pub(super) const ENTRY: usize = ObjectId::LENGTH + 16;

/// As long as this many entries or fewer are unsorted, sorting does not pay.
const FEW: usize = 4096;

/// The entries of a catalog.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    sorted: Vec<u8>,
    others: HashMap<ObjectId, Place>,
}

impl Catalog {
    /// Reads the first `entries` entries of a file, of which the first `sorted` are sorted.
    ///
    /// # Errors
    ///
    /// `UnexpectedEof` when the file has fewer; else what the system says.
    pub(super) fn read(path: &Path, sorted: u64, entries: u64) -> io::Result<Self> {
        // What is behind them was left by a writer that did not get to its end.
        let length = entries.saturating_mul(ENTRY as u64);
        let mut bytes = Vec::new();
        File::open(path)?.take(length).read_to_end(&mut bytes)?;
        if bytes.len() as u64 != length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let start = usize::try_from(sorted.min(entries)).unwrap_or(usize::MAX);
        let start = start * ENTRY;
        let others = bytes[start..].chunks_exact(ENTRY).map(decode).collect();
        bytes.truncate(start);
        Ok(Self {
            sorted: bytes,
            others,
        })
    }

    /// Returns where an object stands.
    pub(super) fn find(&self, id: &ObjectId) -> Option<Place> {
        let (mut low, mut high) = (0, self.sorted.len() / ENTRY);
        while low < high {
            let middle = low + (high - low) / 2;
            let (found, place) = decode(&self.sorted[middle * ENTRY..][..ENTRY]);
            match found.cmp(id) {
                std::cmp::Ordering::Equal => return Some(place),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        self.others.get(id).copied()
    }

    /// Tells whether `more` new entries make it worth sorting the whole.
    pub(super) fn is_to_be_sorted(&self, more: usize) -> bool {
        let unsorted = self.others.len() + more;
        unsorted > FEW.max(self.sorted.len() / ENTRY / 2)
    }

    /// Returns the bytes of a catalog of all entries and `more`, sorted.
    pub(super) fn sorted_with(&self, more: impl IntoIterator<Item = (ObjectId, Place)>) -> Vec<u8> {
        let old = self.sorted.chunks_exact(ENTRY).map(decode);
        let others = self.others.iter().map(|(id, place)| (*id, *place));
        let mut entries: Vec<_> = old.chain(others).chain(more).collect();
        entries.sort_unstable_by_key(|(id, _)| *id);
        entries.dedup_by_key(|(id, _)| *id);
        encode(entries)
    }
}

/// Returns the bytes of entries.
pub(super) fn encode(entries: impl IntoIterator<Item = (ObjectId, Place)>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (id, place) in entries {
        bytes.extend_from_slice(&id.0);
        bytes.extend_from_slice(&place.offset.to_le_bytes());
        bytes.extend_from_slice(&place.length.to_le_bytes());
    }
    bytes
}

/// Reads an entry, of [`ENTRY`] bytes.
fn decode(entry: &[u8]) -> (ObjectId, Place) {
    let mut id = [0; ObjectId::LENGTH];
    let (mut offset, mut length) = ([0; 8], [0; 8]);
    id.copy_from_slice(&entry[..ObjectId::LENGTH]);
    offset.copy_from_slice(&entry[ObjectId::LENGTH..][..8]);
    length.copy_from_slice(&entry[ObjectId::LENGTH + 8..][..8]);
    let place = Place {
        offset: u64::from_le_bytes(offset),
        length: u64::from_le_bytes(length),
    };
    (ObjectId(id), place)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn id(number: u16) -> ObjectId {
        let mut bytes = [0; ObjectId::LENGTH];
        bytes[..2].copy_from_slice(&number.to_be_bytes());
        ObjectId(bytes)
    }

    proptest! {
        #[test]
        fn every_entry_is_found_whether_it_is_sorted_or_not(
            sorted in proptest::collection::btree_map(0..500u16, 0..1000u64, 0..50),
            others in proptest::collection::btree_map(500..1000u16, 0..1000u64, 0..50),
        ) {
            let place = |offset: u64| Place { offset, length: offset + 1 };
            let entries = |map: &BTreeMap<u16, u64>| -> Vec<_> {
                map.iter().map(|(number, offset)| (id(*number), place(*offset))).collect()
            };
            let file = tempfile::NamedTempFile::new().unwrap();
            let first = Catalog::default().sorted_with(entries(&sorted).into_iter().rev());
            std::fs::write(file.path(), [first, encode(entries(&others))].concat()).unwrap();
            let all = sorted.len() + others.len();

            let catalog = Catalog::read(file.path(), sorted.len() as u64, all as u64).unwrap();
            let whole = catalog.sorted_with([]);
            std::fs::write(file.path(), &whole).unwrap();
            let resorted = Catalog::read(file.path(), all as u64, all as u64).unwrap();
            for number in 0..1000 {
                let expected = sorted.get(&number).or(others.get(&number)).map(|o| place(*o));
                prop_assert_eq!(catalog.find(&id(number)), expected);
                prop_assert_eq!(resorted.find(&id(number)), expected);
            }
            Catalog::read(file.path(), 0, all as u64 + 1).unwrap_err();
        }
    }
}
