//! The list of points on disk: one line for each, appended.
//!
//! Only who holds the lock of the snapshots appends, so lines stand in the order of their
//! snapshots. A line that a killed process or a full disk has cut off is skipped when reading, and
//! the next one is begun on a line of its own.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::error::RewindError;
use crate::record::Record;

/// How much of the end of the list is read to find its last line.
const TAIL: u64 = 1 << 16;

/// The list of points of a folder.
#[derive(Debug)]
pub(crate) struct PointLog {
    path: PathBuf,
}

impl PointLog {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Returns the records, the oldest first.
    pub(crate) fn read(&self) -> Result<Vec<Record>, RewindError> {
        Ok(records(&self.read_end(u64::MAX)?))
    }

    /// Returns the number for the next record.
    pub(crate) fn next_number(&self) -> Result<u64, RewindError> {
        let last = match records(&self.read_end(TAIL)?).pop() {
            Some(record) => Some(record),
            None => self.read()?.pop(),
        };
        Ok(last.map_or(0, |record| record.number) + 1)
    }

    /// Reads at most `limit` bytes from the end of the list.
    fn read_end(&self, limit: u64) -> Result<Vec<u8>, RewindError> {
        let read = || {
            let mut file = File::open(&self.path)?;
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(limit)))?;
            let mut bytes = Vec::new();
            file.take(limit.min(length)).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        read().or_else(|source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => Ok(Vec::new()),
            _ => Err(RewindError::points("read", &self.path, source)),
        })
    }

    /// Appends a record. The caller holds the lock of the snapshots.
    pub(crate) fn append(&self, record: &Record) -> Result<(), RewindError> {
        let failed = |source| RewindError::points("write", &self.path, source);
        let mut line = serde_json::to_vec(record).map_err(|error| failed(error.into()))?;
        line.push(b'\n');
        let mut file = open(&self.path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        if length > 0 && !ends_in_line_end(&mut file).map_err(failed)? {
            line.insert(0, b'\n');
        }
        file.write_all(&line).map_err(|source| {
            // Of a line there is all or nothing.
            let _ = file.set_len(length);
            failed(source)
        })
    }

    /// Replaces the list. The caller holds the lock of the snapshots.
    pub(crate) fn replace(&self, records: &[Record]) -> Result<(), RewindError> {
        let failed = |source| RewindError::points("write", &self.path, source);
        let mut bytes = Vec::new();
        for record in records {
            serde_json::to_writer(&mut bytes, record).map_err(|error| failed(error.into()))?;
            bytes.push(b'\n');
        }
        let new = self.path.with_extension("new");
        let written = fs::remove_file(&new)
            .or_else(|error| match error.kind() {
                io::ErrorKind::NotFound => Ok(()),
                _ => Err(error),
            })
            .and_then(|()| open(&new)?.write_all(&bytes))
            .and_then(|()| fs::rename(&new, &self.path));
        written.map_err(|source| {
            let _ = fs::remove_file(&new);
            failed(source)
        })
    }
}

/// Reads lines; those that are no records are skipped.
fn records(bytes: &[u8]) -> Vec<Record> {
    bytes
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect()
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .read(true)
        .mode(0o600)
        .open(path)
}

fn ends_in_line_end(file: &mut File) -> io::Result<bool> {
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == [b'\n'])
}
