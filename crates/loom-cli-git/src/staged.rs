//! What the next commit would bring in: the files whose content in the index is new, and their new lines.
//!
//! A hook that runs before a commit must look at the index which that commit is made of. For `git commit -a` and
//! `git commit PATH` that is not the usual one: git names it to the hook in `GIT_INDEX_FILE`
//! ([`Repository::with_index`]).

use std::ffi::{OsStr, OsString};
use std::ops::RangeInclusive;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::error::GitError;
use crate::history;
use crate::repository::Repository;

const COMMAND: &str = "diff";

/// A file whose content in the index is not that of the last commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagedFile {
    /// The path from the top of the working tree.
    pub path: PathBuf,
    /// The hash of the content, in hexadecimal digits.
    pub blob: String,
}

pub(crate) async fn files(repository: &Repository) -> Result<Vec<StagedFile>, GitError> {
    let output = repository
        .git
        .invoke(
            repository.folder(),
            [
                COMMAND,
                "--cached",
                "--raw",
                "-z",
                "--no-renames",
                "--no-abbrev",
                "--no-color",
            ],
        )
        .reading()
        .indexed(repository.index.as_deref())
        .run()
        .await?;
    let mut records = output.stdout.split(|byte| *byte == 0);
    let mut files = Vec::new();
    while let Some(record) = records.next().filter(|record| !record.is_empty()) {
        let unreadable = || unreadable(record);
        let blob = history::entry(record).ok_or_else(unreadable)?;
        let path = records.next().ok_or_else(unreadable)?;
        if let Some(blob) = blob {
            files.push(StagedFile {
                path: PathBuf::from(OsStr::from_bytes(path)),
                blob,
            });
        }
    }
    Ok(files)
}

pub(crate) async fn added_lines(
    repository: &Repository,
    path: &Path,
) -> Result<Vec<RangeInclusive<u64>>, GitError> {
    let mut lines = added_since(repository, path, None).await?;
    for parent in merged_commits(repository) {
        let since = added_since(repository, path, Some(&parent)).await?;
        lines = intersection(&lines, &since);
    }
    Ok(lines)
}

/// The lines of a file in the index that a commit, or else the last one, does not have.
async fn added_since(
    repository: &Repository,
    path: &Path,
    commit: Option<&str>,
) -> Result<Vec<RangeInclusive<u64>>, GitError> {
    let mut arguments: Vec<OsString> = [
        "--literal-pathspecs",
        COMMAND,
        "--cached",
        "--unified=0",
        "--inter-hunk-context=0",
        "--text",
        "--no-renames",
        "--no-color",
        "--no-ext-diff",
        "--no-textconv",
    ]
    .map(OsString::from)
    .to_vec();
    arguments.extend(commit.map(OsString::from));
    arguments.extend(["--".into(), path.into()]);
    let mut stream = repository
        .git
        .invoke(repository.folder(), arguments)
        .reading()
        .indexed(repository.index.as_deref())
        .stream()?;
    let mut hunks = Hunks::default();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            break;
        }
        hunks.read(&buffer[..read]);
    }
    stream.finish().await?;
    Ok(hunks.lines)
}

/// The commits that are being merged into the branch.
fn merged_commits(repository: &Repository) -> Vec<String> {
    let heads = std::fs::read_to_string(repository.git_dir.join("MERGE_HEAD")).unwrap_or_default();
    heads
        .lines()
        .filter(|line| !line.is_empty() && line.bytes().all(|digit| digit.is_ascii_hexdigit()))
        .map(str::to_owned)
        .collect()
}

fn intersection(
    left: &[RangeInclusive<u64>],
    right: &[RangeInclusive<u64>],
) -> Vec<RangeInclusive<u64>> {
    left.iter()
        .flat_map(|left| {
            right
                .iter()
                .map(move |right| *left.start().max(right.start())..=*left.end().min(right.end()))
        })
        .filter(|both| !both.is_empty())
        .collect()
}

/// Reads the heads of hunks, `@@ -1,2 +3,4 @@`, out of a patch without lines of context: all other lines that
/// could be mistaken for one begin with `+`, `-` or `\`.
#[derive(Debug, Default)]
struct Hunks {
    lines: Vec<RangeInclusive<u64>>,
    /// The line so far; of a long one the beginning.
    line: Vec<u8>,
}

impl Hunks {
    /// Longer than any head of a hunk up to its second `@@`.
    const LONGEST: usize = 100;

    fn read(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if *byte == b'\n' {
                self.lines.extend(added(&self.line));
                self.line.clear();
            } else if self.line.len() < Self::LONGEST {
                self.line.push(*byte);
            }
        }
    }
}

fn added(line: &[u8]) -> Option<RangeInclusive<u64>> {
    let line = line.strip_prefix(b"@@ -")?;
    let line = String::from_utf8_lossy(line);
    let (_, new) = line.split_once(" +")?;
    let (new, _) = new.split_once(" @@")?;
    let (start, count) = new.split_once(',').unwrap_or((new, "1"));
    let (start, count): (u64, u64) = (start.parse().ok()?, count.parse().ok()?);
    (count > 0).then(|| start..=start + count - 1)
}

fn unreadable(record: &[u8]) -> GitError {
    GitError::Unreadable {
        command: COMMAND.to_owned(),
        what: format!("the entry {:?}", String::from_utf8_lossy(record)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heads_of_hunks_tell_the_lines_wherever_a_patch_is_cut() {
        let patch = b"diff --git a/x b/x\n@@ -0,0 +1 @@\n+@@ -1 +9 @@\n@@ -4,2 +5,0 @@ fn x()\n-a\n-b\n@@ -9 +8,3 @@\n";
        for cut in 0..patch.len() {
            let mut hunks = Hunks::default();
            hunks.read(&patch[..cut]);
            hunks.read(&patch[cut..]);
            assert_eq!(hunks.lines, [1..=1, 8..=10]);
        }
    }

    #[test]
    fn lines_that_both_lack_are_the_intersection() {
        assert_eq!(
            intersection(&[1..=5, 8..=9], &[3..=8, 20..=21]),
            [3..=5, 8..=8]
        );
    }
}
