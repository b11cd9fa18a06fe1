//! What stands at a path in a tree or an index of git.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

/// A file, a program.
pub(crate) const FILE: u32 = 0o100_644;
pub(crate) const PROGRAM: u32 = 0o100_755;
/// A commit of a submodule.
const SUBMODULE: u32 = 0o160_000;
/// A symbolic link.
pub(crate) const LINK: u32 = 0o120_000;

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TreeEntry {
    pub(crate) mode: u32,
    /// The hash of the content, in hexadecimal digits.
    pub(crate) blob: String,
}

impl TreeEntry {
    pub(crate) fn is_file(&self) -> bool {
        [FILE, PROGRAM].contains(&self.mode)
    }

    /// Makes an entry of fields as git prints them; none where they say that there is nothing.
    pub(crate) fn of(mode: &str, blob: &str) -> Option<Self> {
        let mode = u32::from_str_radix(mode, 8).ok()?;
        (mode != 0).then(|| Self {
            mode,
            blob: blob.to_owned(),
        })
    }
}

/// A path that two trees, or a tree and an index, have different things at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) path: PathBuf,
    pub(crate) before: Option<TreeEntry>,
    pub(crate) after: Option<TreeEntry>,
    pub(crate) is_unmerged: bool,
}

impl Difference {
    /// Tells whether it is about a submodule.
    pub(crate) fn is_submodule(&self) -> bool {
        let mut sides = [&self.before, &self.after].into_iter().flatten();
        sides.any(|entry| entry.mode == SUBMODULE)
    }
}

/// Reads what `git diff-tree --raw -z` and its like print; none if that cannot be understood. See
/// git-diff-tree(1), "raw output format".
pub(crate) fn differences(output: &[u8]) -> Option<Vec<Difference>> {
    let mut records = output.split(|byte| *byte == 0);
    let mut differences = Vec::new();
    while let Some(record) = records.next().filter(|record| !record.is_empty()) {
        let fields = std::str::from_utf8(record).ok()?.strip_prefix(':')?;
        let fields: Vec<&str> = fields.split(' ').collect();
        let [mode_before, mode_after, before, after, status] = fields[..] else {
            return None;
        };
        differences.push(Difference {
            path: path(records.next()?),
            before: TreeEntry::of(mode_before, before),
            after: TreeEntry::of(mode_after, after),
            is_unmerged: status.starts_with('U'),
        });
    }
    Some(differences)
}

/// Reads what `git ls-tree -z` prints: `mode type hash TAB path`.
pub(crate) fn entries(output: &[u8]) -> Option<Vec<(PathBuf, TreeEntry)>> {
    let records = output.split(|byte| *byte == 0);
    let records = records.filter(|record| !record.is_empty());
    let read = |record: &[u8]| {
        let tab = record.iter().position(|byte| *byte == b'\t')?;
        let fields = std::str::from_utf8(&record[..tab]).ok()?;
        let fields: Vec<&str> = fields.split(' ').collect();
        let [mode, _, hash] = fields[..] else {
            return None;
        };
        Some((path(&record[tab + 1..]), TreeEntry::of(mode, hash)?))
    };
    records.map(read).collect()
}

pub(crate) fn path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(bytes))
}
