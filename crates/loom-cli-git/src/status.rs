//! What is changed in a working tree: `git status --porcelain=v2 -z`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use crate::error::GitError;
use crate::repository::Repository;

/// How untracked files are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untracked {
    /// Not at all, which is the fastest.
    None,
    /// A folder in which nothing is tracked is told as a whole, with a `/` at the end of its path.
    Folders,
    /// Each file.
    Files,
}

/// What is changed in a working tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Where the working tree stands.
    pub branch: Branch,
    /// What differs, in git's order: tracked files first.
    pub changes: Vec<Change>,
}

/// Where a working tree stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Branch {
    /// The name of the branch; none when a commit is checked out as such.
    pub name: Option<String>,
    /// The commit, in hexadecimal digits; none before the first.
    pub commit: Option<String>,
    /// The branch that this one follows.
    pub upstream: Option<String>,
    /// Commits that only this branch has.
    pub ahead: u64,
    /// Commits that only the one it follows has.
    pub behind: u64,
}

/// A path that differs between commit, index and working tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The path from the top of the working tree.
    pub path: PathBuf,
    /// What is different.
    pub kind: ChangeKind,
}

/// What is different about a path. The letters are those of `git status`: `M` modified, `T` of another
/// type, `A` added, `D` deleted, `R` renamed, `C` copied, `.` the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// A tracked path.
    Tracked {
        /// From commit to index.
        staged: char,
        /// From index to working tree.
        unstaged: char,
        /// The path that it was renamed or copied from.
        from: Option<PathBuf>,
        /// Whether it is a submodule.
        is_submodule: bool,
    },
    /// A conflict of a merge that nobody has resolved.
    Unmerged,
    /// Git does not know it.
    Untracked,
}

impl Status {
    /// Tells whether nothing differs.
    pub fn is_clean(&self) -> bool {
        self.changes.is_empty()
    }
}

pub(crate) async fn of(repository: &Repository, untracked: Untracked) -> Result<Status, GitError> {
    let untracked = match untracked {
        Untracked::None => "--untracked-files=no",
        Untracked::Folders => "--untracked-files=normal",
        Untracked::Files => "--untracked-files=all",
    };
    let arguments = ["status", "--porcelain=v2", "--branch", "-z", untracked];
    let output = repository
        .git
        .invoke(repository.folder(), arguments)
        .reading()
        .indexed(repository.index.as_deref())
        .run()
        .await?;
    parse(&output.stdout).map_err(|what| GitError::Unreadable {
        command: "status".to_owned(),
        what,
    })
}

/// Reads the records. Headers and kinds of entries that are not known are passed over, as git-status(1)
/// asks for.
fn parse(bytes: &[u8]) -> Result<Status, String> {
    let mut status = Status::default();
    let mut records = bytes
        .split(|byte| *byte == 0)
        .filter(|record| !record.is_empty());
    while let Some(record) = records.next() {
        let unreadable = || format!("the entry {:?}", String::from_utf8_lossy(record));
        let (kind, rest) = split(record).ok_or_else(unreadable)?;
        let change = match kind {
            b"#" => {
                status.branch.read(&String::from_utf8_lossy(rest));
                continue;
            }
            // XY sub mH mI mW hH hI path
            b"1" => tracked(rest, 7, None),
            // XY sub mH mI mW hH hI score path, and the former path as a record of its own.
            b"2" => tracked(rest, 8, Some(records.next().ok_or_else(unreadable)?)),
            // XY sub m1 m2 m3 mW h1 h2 h3 path
            b"u" => field(rest, 9).map(|name| Change {
                path: path(name),
                kind: ChangeKind::Unmerged,
            }),
            b"?" => Some(Change {
                path: path(rest),
                kind: ChangeKind::Untracked,
            }),
            _ => continue,
        };
        status.changes.push(change.ok_or_else(unreadable)?);
    }
    Ok(status)
}

impl Branch {
    fn read(&mut self, header: &str) {
        let Some((name, value)) = header.split_once(' ') else {
            return;
        };
        let known = |placeholder: &str| (value != placeholder).then(|| value.to_owned());
        match name {
            "branch.oid" => self.commit = known("(initial)"),
            "branch.head" => self.name = known("(detached)"),
            "branch.upstream" => self.upstream = Some(value.to_owned()),
            "branch.ab" => {
                let mut counts = value
                    .split(' ')
                    .map(|count| count.trim_start_matches(['+', '-']).parse().unwrap_or(0));
                self.ahead = counts.next().unwrap_or(0);
                self.behind = counts.next().unwrap_or(0);
            }
            _ => {}
        }
    }
}

/// Reads an entry of a tracked path, which stands after `fields` fields.
fn tracked(entry: &[u8], fields: usize, from: Option<&[u8]>) -> Option<Change> {
    let (letters, rest) = split(entry)?;
    let (submodule, _) = split(rest)?;
    let [staged, unstaged] = letters else {
        return None;
    };
    Some(Change {
        path: path(field(entry, fields)?),
        kind: ChangeKind::Tracked {
            staged: char::from(*staged),
            unstaged: char::from(*unstaged),
            from: from.map(path),
            is_submodule: submodule.starts_with(b"S"),
        },
    })
}

/// Returns what stands after that many fields.
fn field(entry: &[u8], fields: usize) -> Option<&[u8]> {
    (0..fields).try_fold(entry, |rest, _| Some(split(rest)?.1))
}

fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = bytes.iter().position(|byte| *byte == b' ')?;
    Some((&bytes[..space], &bytes[space + 1..]))
}

fn path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_git_prints_is_read_or_refused(bytes in prop::collection::vec(
            prop_oneof![Just(0), Just(b' '), Just(b'1'), Just(b'2'), Just(b'u'), Just(b'#'), any::<u8>()],
            0..200,
        )) {
            let _ = parse(&bytes);
        }
    }

    #[test]
    fn entries_of_kinds_to_come_are_passed_over() {
        let status = parse(b"# stash 3\0# branch.new x\0! ignored\0? a b\0").unwrap();
        let untracked = Change {
            path: "a b".into(),
            kind: ChangeKind::Untracked,
        };
        assert_eq!(status.changes, [untracked]);
    }
}
