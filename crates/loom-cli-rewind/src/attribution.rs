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
//! Some claims are only possible ones. What only a possible claim of the own thread covers is unclear,
//! for it may as well be the person's:
//!
//! - A command in the background runs while the person works. When it came to its own end, its claim is
//!   as good as that of a call that was waited for. While it runs, or when it had to be ended, the claim
//!   is a possible one from the moment on in which the call gave the hand back.
//! - A call without an end whose process is dead was cut off with it: no later than with the last record
//!   of the process for sure, and possibly until the thread's next record by another process. Of another
//!   thread it ends with the next record, or else one crash would make everything unclear that follows.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use loom_common_spool::{Change, FileVersion, SnapshotId, SnapshotReader, SpoolError};
use loom_common_thread::ThreadId;

use crate::process::ProcessId;
use crate::record::{BackgroundEnd, Event, Extent, Record};
use crate::report::KeptReason;

/// What a thread did to a path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PathHistory {
    /// What the path held before and after each change of the thread, the first one first.
    pub(crate) steps: Vec<(Option<FileVersion>, Option<FileVersion>)>,
    /// Why it is not clear of some change whether it was the thread's.
    pub(crate) unclear: Option<KeptReason>,
    /// Whether the path disappeared last because it is ignored since.
    pub(crate) is_veiled: bool,
}

/// A stretch of the records in which a call, or a restore, went on or may have.
#[derive(Debug, PartialEq, Eq)]
struct Interval<'a> {
    thread: ThreadId,
    /// The record at its beginning.
    start: usize,
    /// The record at its end; `usize::MAX` while it goes on.
    end: usize,
    reach: Reach<'a>,
    /// Why its claim is only a possible one.
    doubt: Option<Doubt>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doubt {
    /// It was in the background.
    Background,
    /// Its process died.
    CutOff,
}

impl From<Doubt> for KeptReason {
    fn from(doubt: Doubt) -> Self {
        match doubt {
            Doubt::Background => Self::Background,
            Doubt::CutOff => Self::CutOff,
        }
    }
}

/// How far a call, or a restore, is known to have come.
struct Course {
    /// Where it gave the hand back.
    handed_back: Option<usize>,
    /// Where it ended, and how what it had in the background did.
    end: Option<(usize, BackgroundEnd)>,
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
    /// The thread's own calls that go on.
    running: Vec<&'a str>,
    /// What was found to have changed in segments.
    changes: RefCell<HashMap<Segment, Rc<[Change]>>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Whose {
    Own,
    Other,
    Unclear(KeptReason),
}

impl<'a> Timeline<'a> {
    /// Looks at the records with the eyes of a thread. `is_alive` tells whether a process runs.
    pub(crate) fn new(
        records: &'a [Record],
        thread: ThreadId,
        is_alive: impl Fn(&ProcessId) -> bool,
    ) -> Self {
        let mut intervals = Vec::new();
        let mut running = Vec::new();
        for (start, record) in records.iter().enumerate() {
            let (reach, label) = match &record.event {
                Event::Before { reach, label, .. } => (Reach::Call(reach), Some(label)),
                Event::Restore { paths, .. } => (Reach::Restore(paths), None),
                Event::Turn { .. }
                | Event::HandedBack { .. }
                | Event::After { .. }
                | Event::Restored { .. } => continue,
            };
            let course = course(records, start);
            let is_own = record.thread == thread;
            let is_dead = course.end.is_none() && !is_alive(&record.process);
            if is_own && !is_dead && course.end.is_none() {
                running.extend(label.map(String::as_str));
            }
            let cut_off = is_dead.then(|| {
                let by_it = |at: &usize| records[*at].process == record.process;
                let last = (start..records.len()).rev().find(by_it).unwrap_or(start);
                let ends = |at: &usize| !is_own || records[*at].thread == thread;
                let end = (last + 1..records.len()).find(ends);
                (last, end.unwrap_or(usize::MAX))
            });
            let (sure, end) = match (course.end, cut_off) {
                (Some((end, _)), _) => (end, end),
                (None, Some((last, end))) => (last, end),
                (None, None) => (usize::MAX, usize::MAX),
            };
            let mut claim = |start: usize, end: usize, doubt: Option<Doubt>| {
                if start < end {
                    intervals.push(Interval {
                        thread: record.thread,
                        start,
                        end,
                        reach,
                        doubt,
                    });
                }
            };
            match course.handed_back {
                Some(back) if !matches!(course.end, Some((_, BackgroundEnd::ByItself))) => {
                    claim(start, back, None);
                    claim(back, end, Some(Doubt::Background));
                }
                _ => {
                    claim(start, sure, None);
                    claim(sure, end, Some(Doubt::CutOff));
                }
            }
        }
        Self {
            records,
            thread,
            intervals,
            running,
            changes: RefCell::default(),
        }
    }

    /// Returns what the thread's own calls are about that have not ended, in the order of their
    /// beginnings.
    pub(crate) fn running(&self) -> impl Iterator<Item = &'a str> {
        self.running.iter().copied()
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
                    Whose::Unclear(reason) => {
                        paths.entry(change.path.clone()).or_default().unclear = Some(reason);
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
        let own = || {
            active
                .iter()
                .filter(|interval| interval.thread == self.thread)
        };
        let sure = || own().filter(|interval| interval.doubt.is_none());
        let mut others = active
            .iter()
            .filter(|interval| interval.thread != self.thread);
        let other_names = others.clone().any(|other| other.reach.names(path));
        if sure().any(|call| call.reach.names(path)) {
            return match other_names {
                true => Whose::Unclear(KeptReason::Unclear),
                false => Whose::Own,
            };
        }
        if other_names {
            return Whose::Other;
        }
        if sure().any(|call| call.reach.is_anything()) {
            return match others.any(|other| other.reach.is_anything()) {
                true => Whose::Unclear(KeptReason::Unclear),
                false => Whose::Own,
            };
        }
        own()
            .filter(|call| call.reach.names(path) || call.reach.is_anything())
            .find_map(|call| call.doubt)
            .map_or(Whose::Other, |doubt| Whose::Unclear(doubt.into()))
    }
}

/// Looks in the records for what became of the call, or restore, that begins with the record `start`.
fn course(records: &[Record], start: usize) -> Course {
    let mut course = Course {
        handed_back: None,
        end: None,
    };
    let record = &records[start];
    for (at, other) in records.iter().enumerate().skip(start + 1) {
        if other.thread != record.thread {
            continue;
        }
        match (&record.event, &other.event) {
            (Event::Before { call, .. }, Event::HandedBack { call: other }) if call == other => {
                course.handed_back.get_or_insert(at);
            }
            (
                Event::Before { call, .. },
                Event::After {
                    call: other,
                    background,
                },
            ) if call == other => {
                course.end = Some((at, *background));
                break;
            }
            (Event::Restore { .. }, Event::Restored { restore }) if *restore == record.number => {
                course.end = Some((at, BackgroundEnd::ByItself));
                break;
            }
            _ => {}
        }
    }
    course
}
