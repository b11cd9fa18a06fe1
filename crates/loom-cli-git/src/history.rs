//! What the history has brought in: each file that a commit adds or changes, the oldest commit first.
//!
//! One `git log --raw` tells it all. Of a merge it lists the files that differ from all of the parents
//! (`-c`), which is what the merge itself has brought in; the rest came with other commits.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use crate::error::GitError;
use crate::invocation::GitStream;
use crate::repository::Repository;

/// How much is read at once, in bytes.
const CHUNK: usize = 64 * 1024;

/// The longest record that is taken, in bytes: far more than a path can be long.
const LONGEST_RECORD: usize = 1024 * 1024;

/// Which commits are looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryQuery {
    /// A revision or a range of them, such as `main..topic`; all branches and tags when there is none.
    pub range: Option<String>,
    /// Only commits younger than this, in any form that git knows: `2026-01-31`, `2 weeks ago`.
    pub since: Option<String>,
}

/// A commit, as far as it says who brought something in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its hash, in hexadecimal digits.
    pub id: String,
    /// Its author, as `Name <address>`.
    pub author: String,
    /// When it was made, by its author's clock: RFC 3339.
    pub date: String,
}

/// A file that a commit adds or changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addition {
    /// The commit.
    pub commit: Arc<Commit>,
    /// The path from the top of the working tree.
    pub path: PathBuf,
    /// The hash of the content, in hexadecimal digits.
    pub blob: String,
}

/// The additions of a history, while git goes through it. Dropped before the end, it ends that git.
pub struct Additions {
    stream: Option<GitStream>,
    buffer: Vec<u8>,
    /// Where the unread part of the buffer begins.
    start: usize,
    commit: Option<Arc<Commit>>,
}

pub(crate) fn of(repository: &Repository, query: &HistoryQuery) -> Result<Additions, GitError> {
    let mut arguments: Vec<OsString> = [
        "log",
        "--reverse",
        "--topo-order",
        "--raw",
        "-c",
        "-z",
        "--no-renames",
        "--no-abbrev",
        "--no-color",
        "--no-show-signature",
        "--format=commit %H %aI %an <%ae>",
    ]
    .map(OsString::from)
    .to_vec();
    if let Some(since) = &query.since {
        arguments.push(format!("--since={since}").into());
    }
    match &query.range {
        // What looks like an option is a revision that does not exist.
        Some(range) => arguments.extend(["--end-of-options".into(), range.into()]),
        None => arguments.push("--all".into()),
    }
    arguments.push("--".into());
    Ok(Additions {
        stream: Some(repository.stream(arguments)?),
        buffer: Vec::new(),
        start: 0,
        commit: None,
    })
}

/// Returns the messages of the newest commits that are no merges.
pub(crate) async fn messages(
    repository: &Repository,
    count: usize,
) -> Result<Vec<String>, GitError> {
    let count = format!("--max-count={count}");
    let arguments = ["log", "-z", "--no-merges", "--format=%B", &count];
    let invocation = repository.git.invoke(repository.folder(), arguments);
    // There is none before the first commit.
    let output = invocation.reading().answering_with(&[0, 128]).run().await?;
    let messages = output.stdout.split(|byte| *byte == 0);
    Ok(messages
        .map(|message| String::from_utf8_lossy(message).trim().to_owned())
        .filter(|message| !message.is_empty())
        .collect())
}

impl Additions {
    /// Returns the next addition; none at the end of the history.
    ///
    /// # Errors
    ///
    /// What git says, such as of a range that it does not know, and [`GitError::Unreadable`].
    pub async fn next(&mut self) -> Result<Option<Addition>, GitError> {
        while let Some(record) = self.record().await? {
            let record = record.strip_prefix(b"\n").unwrap_or(&record);
            if record.is_empty() {
                continue;
            }
            if let Some(header) = record.strip_prefix(b"commit ") {
                self.commit = Some(Arc::new(commit(header).ok_or_else(|| unreadable(record))?));
                continue;
            }
            let entry = entry(record).ok_or_else(|| unreadable(record))?;
            let path = self.record().await?.ok_or_else(|| unreadable(record))?;
            let commit = self.commit.clone().ok_or_else(|| unreadable(record))?;
            if let Some(blob) = entry {
                return Ok(Some(Addition {
                    commit,
                    path: PathBuf::from(OsStr::from_bytes(&path)),
                    blob,
                }));
            }
        }
        Ok(None)
    }

    /// Returns what stands before the next NUL; none at the end.
    async fn record(&mut self) -> Result<Option<Vec<u8>>, GitError> {
        loop {
            let rest = &self.buffer[self.start..];
            if let Some(length) = rest.iter().position(|byte| *byte == 0) {
                let record = rest[..length].to_vec();
                self.start += length + 1;
                return Ok(Some(record));
            }
            if rest.len() > LONGEST_RECORD {
                return Err(unreadable(&rest[..64]));
            }
            let Some(stream) = &mut self.stream else {
                return Ok(None);
            };
            self.buffer.drain(..self.start);
            self.start = 0;
            let filled = self.buffer.len();
            self.buffer.resize(filled + CHUNK, 0);
            let read = stream.read(&mut self.buffer[filled..]).await?;
            self.buffer.truncate(filled + read);
            if read == 0
                && let Some(stream) = self.stream.take()
            {
                stream.finish().await?;
            }
        }
    }
}

/// Reads `hash date author`.
fn commit(header: &[u8]) -> Option<Commit> {
    let header = String::from_utf8_lossy(header);
    let (id, rest) = header.split_once(' ')?;
    let (date, author) = rest.split_once(' ')?;
    Some(Commit {
        id: id.to_owned(),
        author: author.to_owned(),
        date: date.to_owned(),
    })
}

/// Reads `:modes hashes status`, with as many colons as there are parents; see git-diff-tree(1), "raw output
/// format". Returns the hash of the content, or none if it is no file.
pub(crate) fn entry(record: &[u8]) -> Option<Option<String>> {
    let text = std::str::from_utf8(record).ok()?;
    let fields = text.trim_start_matches(':');
    let parents = text.len() - fields.len();
    let fields: Vec<&str> = fields.split(' ').collect();
    if parents == 0 || fields.len() != 2 * (parents + 1) + 1 {
        return None;
    }
    let (mode, hash) = (fields[parents], fields[2 * parents + 1]);
    let is_file = mode.starts_with("100") && hash.bytes().any(|digit| digit != b'0');
    Some(is_file.then(|| hash.to_owned()))
}

fn unreadable(record: &[u8]) -> GitError {
    GitError::Unreadable {
        command: "log".to_owned(),
        what: format!("the entry {:?}", String::from_utf8_lossy(record)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_tell_the_content_of_files_and_nothing_of_the_rest() {
        let hash = |digit: &str| digit.repeat(40);
        let raw =
            |modes: &str, new: &str| entry(format!(":{modes} {} {} M", hash("1"), new).as_bytes());
        assert_eq!(raw("100644 100755", &hash("2")), Some(Some(hash("2"))));
        assert_eq!(raw("100644 000000", &hash("0")), Some(None), "deleted");
        assert_eq!(raw("120000 120000", &hash("2")), Some(None), "a link");
        assert_eq!(raw("160000 160000", &hash("2")), Some(None), "a submodule");
        let merged = format!(
            "::100644 100644 100644 {} {} {} MM",
            hash("1"),
            hash("2"),
            hash("3")
        );
        assert_eq!(entry(merged.as_bytes()), Some(Some(hash("3"))));
        assert_eq!(entry(b":100644 100644"), None);
    }
}
