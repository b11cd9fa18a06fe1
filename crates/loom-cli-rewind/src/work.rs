//! What a thread changed between two records, apart from everybody else's changes.
//!
//! This is the question of a restore asked the other way round: instead of taking the thread's changes
//! away on disk, both versions are handed out. Whoever stores work elsewhere (a commit, a change of
//! another version control) brings the step from `without` to `with` in there, and so leaves what
//! the person did in the same file, before or meanwhile, out of it.
//!
//! Versions are read one file at a time, so that a large piece of work need not fit in memory.

use std::ops::Range;

use loom_common_spool::{
    ChangeKind, FileVersion, KeepReason, Reverted, SnapshotId, SnapshotReader, SpoolError, Target,
};

use crate::RewindError;
use crate::attribution::{PathHistory, Timeline};
use crate::report::{KeptFile, KeptReason};

/// Up to where work is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Now. This takes a snapshot; what a call of the thread is in the middle of is in it as well.
    Now,
    /// The record of this number, such as [`Recorded::number`](crate::Recorded::number) of the end of
    /// a call. Nothing that happened since is in it.
    Record(u64),
}

/// What a thread changed in a stretch of time.
#[derive(Debug)]
pub struct Work {
    /// The files that it changed, by path.
    pub files: Vec<FileWork>,
    /// The files that it changed, or may have, where its part cannot be told. They are best left
    /// alone, and named. A file is told apart later when what made it unclear is over
    /// ([`KeptReason::Background`]).
    pub unclear: Vec<KeptFile>,
    /// What those calls of the thread are about that go on.
    pub running: Vec<String>,
    reader: SnapshotReader,
}

/// A file that a thread changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileWork {
    /// Relative to the workspace, with `/`.
    pub path: String,
    without: Option<Target>,
    with: Option<FileVersion>,
}

/// Both versions of a file that a thread changed. They differ in nothing but the thread's changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sides {
    /// What the path would hold without the changes; `None` for nothing.
    pub without: Option<Content>,
    /// What the path holds; `None` for nothing.
    pub with: Option<Content>,
}

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A file.
    File {
        /// What is in it.
        bytes: Vec<u8>,
        /// Permission bits, at most 0o777.
        mode: u32,
    },
    /// A symbolic link.
    Link {
        /// What it leads to, as it is written.
        target: Vec<u8>,
    },
}

impl FileWork {
    /// Says what the thread did to the path.
    pub fn kind(&self) -> ChangeKind {
        match (&self.without, &self.with) {
            (None, _) => ChangeKind::Added,
            (_, None) => ChangeKind::Deleted,
            _ => ChangeKind::Modified,
        }
    }
}

impl Work {
    /// Finds what the thread changed in the segments that begin with the records `segments`, of which
    /// the last one ends with the snapshot `now`.
    pub(crate) fn find(
        reader: SnapshotReader,
        timeline: &Timeline<'_>,
        segments: Range<usize>,
        now: SnapshotId,
    ) -> Result<Self, SpoolError> {
        let mut files = Vec::new();
        let mut unclear = Vec::new();
        for (path, history) in timeline.history(&reader, segments, now)? {
            let with = reader.version(now, &path)?;
            // Whether the file is still there is not known, so it cannot count as deleted.
            if with.is_none() && history.is_veiled {
                continue;
            }
            match without(&reader, with, history)? {
                Ok(without) if without == with.map(Target::Version) => {}
                Ok(without) => files.push(FileWork {
                    path,
                    without,
                    with,
                }),
                Err(reason) => unclear.push(KeptFile { path, reason }),
            }
        }
        Ok(Self {
            files,
            unclear,
            running: timeline.running().map(str::to_owned).collect(),
            reader,
        })
    }

    /// Reads both versions of a file. This blocks.
    ///
    /// # Errors
    ///
    /// [`RewindError::Snapshot`] when they cannot be read.
    pub fn read(&self, file: &FileWork) -> Result<Sides, RewindError> {
        let without = match &file.without {
            None => None,
            Some(Target::Version(version)) => Some(self.content(&file.path, *version)?),
            Some(Target::Merged { content, mode }) => Some(Content::File {
                bytes: content.clone(),
                mode: *mode,
            }),
        };
        let with = file.with.map(|version| self.content(&file.path, version));
        Ok(Sides {
            without,
            with: with.transpose()?,
        })
    }

    fn content(&self, path: &str, version: FileVersion) -> Result<Content, RewindError> {
        // Files of which a version is not kept are unclear.
        let bytes = self
            .reader
            .read(version)?
            .ok_or_else(|| RewindError::Broken(format!("the content of {path} is not kept")))?;
        Ok(match version.mode() {
            Some(mode) => Content::File { bytes, mode },
            None => Content::Link { target: bytes },
        })
    }
}

/// Returns what a path that holds `with` would hold without what a thread did to it, or why that cannot
/// be told.
fn without(
    reader: &SnapshotReader,
    with: Option<FileVersion>,
    history: PathHistory,
) -> Result<Result<Option<Target>, KeptReason>, SpoolError> {
    if let Some(reason) = history.unclear {
        return Ok(Err(reason));
    }
    let without = match reader.revert(with, &history.steps)? {
        Reverted::To(without) => without,
        Reverted::Conflict => return Ok(Err(KeptReason::Conflict)),
    };
    let is_kept = |version: FileVersion| version.is_kept();
    let are_kept = with.is_none_or(is_kept)
        && match &without {
            Some(Target::Version(version)) => is_kept(*version),
            Some(Target::Merged { .. }) | None => true,
        };
    Ok(if are_kept {
        Ok(without)
    } else {
        Err(KeptReason::NotRestored(KeepReason::NotKept))
    })
}
