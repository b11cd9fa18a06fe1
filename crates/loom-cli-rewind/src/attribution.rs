//! Whose change it was.
//!
//! The snapshots of all threads in a folder, in order, cut time into segments. Between two snapshots
//! the calls that have begun and not ended are known. A change in a segment is a thread's when:
//!
//! | its own calls            | calls of other threads | whose it is    |
//! | ------------------------ | ---------------------- | -------------- |
//! | none                     |                        | not its        |
//! | one names the path       | none names it          | its            |
//! | one could be anything    | none that could        | its            |
//! | one could be anything    | one names the path     | not its        |
//! | none names the path, none could be anything |     | not its        |
//! | otherwise, both alike    |                        | unclear        |
//!
//! What no call of a thread claims is the person's. What is unclear is left alone, and said.
//!
//! A call without an end was cut off with its process. While the process lives (a command in the
//! background) the call goes on. Of the own thread such a call ends with the thread's next turn:
//! what it did belongs to what is undone. Of another thread it ends with the next snapshot,
//! or else one crash would make everything unclear that follows.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use loom_common_spool::{Change, FileVersion, SnapshotId, SnapshotReader, SpoolError};
use loom_common_thread::ThreadId;

use crate::process::ProcessId;
use crate::record::{Event, Extent, Record};

/// What a thread did to a path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PathHistory {
    /// What the path held before and after each change of the thread, the first one first.
    pub(crate) steps: Vec<(Option<FileVersion>, Option<FileVersion>)>,
    /// Whether there was a change of which it is not clear whether it was the thread's.
    pub(crate) is_unclear: bool,
    /// Whether the path disappeared last because it is ignored since.
    pub(crate) is_veiled: bool,
}

/// A stretch of the records in which a call, or a restore, went on.
#[derive(Debug, PartialEq, Eq)]
struct Interval<'a> {
    thread: ThreadId,
    /// The record at its beginning.
    start: usize,
    /// The record at its end; `usize::MAX` while it goes on.
    end: usize,
    reach: Reach<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach<'a> {
    Call(&'a Extent),
    Restore(&'a [String]),
}

impl Reach<'_> {
    fn is_anything(&self) -> bool {
        matches!(self, Self::Call(Extent::Anything))
    }

    fn names(&self, path: &str) -> bool {
        match self {
            Self::Call(extent) => extent.names(path),
            Self::Restore(paths) => paths.iter().any(|named| named == path),
        }
    }
}

/// The snapshots that a segment is between.
type Segment = (SnapshotId, SnapshotId);

/// The records of a folder, and who was at work when.
pub(crate) struct Timeline<'a> {
    pub(crate) records: &'a [Record],
    thread: ThreadId,
    intervals: Vec<Interval<'a>>,
    /// What was found to have changed in segments.
    changes: RefCell<HashMap<Segment, Rc<[Change]>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Own,
    Other,
    Unclear,
}

impl<'a> Timeline<'a> {
    /// Looks at the records with the eyes of a thread. `is_alive` tells whether a process runs.
    pub(crate) fn new(
        records: &'a [Record],
        thread: ThreadId,
        is_alive: impl Fn(&ProcessId) -> bool,
    ) -> Self {
        let mut intervals = Vec::new();
        for (start, record) in records.iter().enumerate() {
            let later = || (start + 1..records.len()).map(|at| (at, &records[at]));
            let of_thread = |other: &Record| other.thread == record.thread;
            let (reach, end) = match &record.event {
                Event::Before { call, reach, .. } => {
                    let end = later().find(|(_, other)| {
                        of_thread(other)
                            && matches!(&other.event, Event::After { call: ended } if ended == call)
                    });
                    (Reach::Call(reach), end)
                }
                Event::Restore { paths, .. } => {
                    let end = later().find(|(_, other)| {
                        matches!(other.event, Event::Restored { restore } if restore == record.number)
                    });
                    (Reach::Restore(paths), end)
                }
                Event::Turn { .. } | Event::After { .. } | Event::Restored { .. } => continue,
            };
            let end = match end {
                Some((end, _)) => end,
                None if is_alive(&record.process) => usize::MAX,
                None if record.thread == thread => later()
                    .find(|(_, other)| {
                        of_thread(other) && matches!(other.event, Event::Turn { .. })
                    })
                    .map_or(usize::MAX, |(end, _)| end),
                None => start + 1,
            };
            intervals.push(Interval {
                thread: record.thread,
                start,
                end,
                reach,
            });
        }
        Self {
            records,
            thread,
            intervals,
            changes: RefCell::default(),
        }
    }

    /// Returns what the thread did to which path, in the segments that begin with the records
    /// `segments`. `last` is the snapshot that the segment after the last record ends with.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Gone`] when a snapshot in between is not kept any more, or what the store says
    /// when it cannot be read.
    pub(crate) fn history(
        &self,
        reader: &SnapshotReader,
        segments: std::ops::Range<usize>,
        last: SnapshotId,
    ) -> Result<BTreeMap<String, PathHistory>, SpoolError> {
        let mut paths: BTreeMap<String, PathHistory> = BTreeMap::new();
        for at in segments {
            let active: Vec<_> = self
                .intervals
                .iter()
                .filter(|interval| interval.start <= at && at < interval.end)
                .collect();
            if !active.iter().any(|interval| interval.thread == self.thread) {
                continue;
            }
            let from = self.records[at].snapshot;
            let to = self.records.get(at + 1).map_or(last, |next| next.snapshot);
            for change in &*self.changes(reader, from, to)? {
                match self.whose(&active, &change.path) {
                    Whose::Other => {}
                    Whose::Unclear => {
                        paths.entry(change.path.clone()).or_default().is_unclear = true;
                    }
                    Whose::Own => {
                        let history = paths.entry(change.path.clone()).or_default();
                        history.steps.push((change.before, change.after));
                        history.is_veiled = change.is_veiled;
                    }
                }
            }
        }
        Ok(paths)
    }

    fn changes(
        &self,
        reader: &SnapshotReader,
        from: SnapshotId,
        to: SnapshotId,
    ) -> Result<Rc<[Change]>, SpoolError> {
        if let Some(changes) = self.changes.borrow().get(&(from, to)) {
            return Ok(changes.clone());
        }
        let changes: Rc<[Change]> = reader.changes(from, to)?.into();
        self.changes
            .borrow_mut()
            .insert((from, to), changes.clone());
        Ok(changes)
    }

    fn whose(&self, active: &[&Interval<'_>], path: &str) -> Whose {
        let claims = |is_own: bool, claim: &dyn Fn(&Reach<'_>) -> bool| {
            active.iter().any(|interval| {
                (interval.thread == self.thread) == is_own && claim(&interval.reach)
            })
        };
        let (own, other) = (true, false);
        let names = |reach: &Reach<'_>| reach.names(path);
        let is_anything = |reach: &Reach<'_>| reach.is_anything();
        match (claims(own, &names), claims(other, &names)) {
            (true, true) => Whose::Unclear,
            (true, false) => Whose::Own,
            (false, true) => Whose::Other,
            (false, false) if !claims(own, &is_anything) => Whose::Other,
            (false, false) if claims(other, &is_anything) => Whose::Unclear,
            (false, false) => Whose::Own,
        }
    }
}
