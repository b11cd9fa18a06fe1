//! The work of [`Rewind`](crate::Rewind), which blocks.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use loom_common_spool::{
    Change, LockedStore, Restored, Snapshot, SnapshotId, SnapshotReader, SnapshotSettings,
    SnapshotStore, SpoolError,
};
use loom_common_thread::ThreadId;

use crate::attribution::{PathHistory, Timeline};
use crate::log::PointLog;
use crate::place;
use crate::plan::{OnConflict, Plan};
use crate::process::ProcessId;
use crate::record::{Event, Record};
use crate::report::{FileSummary, KeptFile, KeptReason, Point, PointKind, Recorded, RestoreReport};
use crate::work::{Until, Work};
use crate::{Clock, RewindError};

/// Records that are kept at most.
const MAX_RECORDS: usize = 20_000;

pub(crate) struct Core {
    store: SnapshotStore,
    log: PointLog,
    root: PathBuf,
    folder: PathBuf,
    settings: SnapshotSettings,
    clock: Clock,
    /// Why nothing is recorded any more.
    off: Mutex<Option<String>>,
    process: ProcessId,
    /// How far calls have come, where it could not be written down. It is with the next record.
    unwritten: Mutex<Vec<(Position, Event)>>,
}

/// Which thread something is about, and where its conversation is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position {
    pub(crate) thread: ThreadId,
    pub(crate) log_len: u64,
}

impl Core {
    pub(crate) fn open(
        root: &Path,
        workspace: &Path,
        settings: SnapshotSettings,
        clock: Clock,
    ) -> Result<Self, RewindError> {
        let workspace = workspace.canonicalize().map_err(|source| SpoolError::Io {
            action: "open the workspace",
            path: workspace.to_owned(),
            source,
        })?;
        let folder = place::folder_for(root, &workspace);
        let store = SnapshotStore::open(&folder.join("snapshots"), &workspace, settings.clone())?;
        let now = clock();
        let noted = place::note_use(&folder, &workspace, now);
        noted.map_err(|source| RewindError::points("write beside", &folder, source))?;
        Ok(Self {
            store,
            log: PointLog::new(folder.join("points.jsonl")),
            root: root.to_owned(),
            folder,
            settings,
            clock,
            off: Mutex::new(None),
            process: ProcessId::own(),
            unwritten: Mutex::new(Vec::new()),
        })
    }

    pub(crate) fn workspace(&self) -> &Path {
        self.store.workspace()
    }

    /// Takes a snapshot, and writes down what happened.
    pub(crate) fn record(&self, position: Position, event: Event) -> Result<Recorded, RewindError> {
        let recorded = self.try_record(position, &event);
        let is_off = matches!(recorded, Err(RewindError::Off { .. }));
        if recorded.is_err() && event.closes() && !is_off {
            self.unwritten().push((position, event));
        }
        recorded
    }

    fn unwritten(&self) -> MutexGuard<'_, Vec<(Position, Event)>> {
        self.unwritten
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn try_record(&self, position: Position, event: &Event) -> Result<Recorded, RewindError> {
        let mut store = self.lock()?;
        let snapshot = self.snapshot(&mut store)?;
        let mut number = self.log.next_number()?;
        let unwritten = self.unwritten().clone();
        for (position, event) in unwritten {
            self.append(number, position, snapshot.id, event)?;
            self.unwritten().remove(0);
            number += 1;
        }
        self.append(number, position, snapshot.id, event.clone())?;
        Ok(Recorded {
            number,
            files: snapshot.files,
            skipped: snapshot.skipped,
            skipped_more: snapshot.skipped_more,
            began_anew: snapshot.began_anew,
        })
    }

    fn lock(&self) -> Result<LockedStore<'_>, RewindError> {
        let off = self.off.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reason) = &*off {
            return Err(RewindError::Off {
                reason: reason.clone(),
            });
        }
        drop(off);
        Ok(self.store.lock()?)
    }

    fn snapshot(&self, store: &mut LockedStore<'_>) -> Result<Snapshot, RewindError> {
        store.snapshot((self.clock)()).map_err(|error| {
            if matches!(error, SpoolError::TooLarge { .. }) {
                // Finding that out costs as much as a snapshot; once is enough.
                let mut off = self.off.lock().unwrap_or_else(PoisonError::into_inner);
                *off = Some(error.to_string());
            }
            error.into()
        })
    }

    fn append(
        &self,
        number: u64,
        position: Position,
        snapshot: SnapshotId,
        event: Event,
    ) -> Result<(), RewindError> {
        self.log.append(&Record {
            number,
            thread: position.thread,
            at: (self.clock)(),
            snapshot,
            log_len: position.log_len,
            process: self.process.clone(),
            event,
        })
    }

    /// Lists the points of a thread, the oldest first.
    pub(crate) fn points(&self, thread: ThreadId) -> Result<Vec<Point>, RewindError> {
        // The list first: a snapshot is stored before it is listed, so a reader that is opened
        // after that knows all of them.
        let records = self.log.read()?;
        let reader = self.store.reader()?;
        let timeline = Timeline::new(&records, thread, ProcessId::is_alive);
        let own = |at: &usize| records[*at].thread == thread;
        let standing = standing(&records, thread);
        let mut points = Vec::new();
        for at in (0..records.len()).filter(own) {
            let record = &records[at];
            let kind = match &record.event {
                Event::Turn { label } => PointKind::Turn {
                    label: label.clone(),
                },
                Event::Before { call, label, .. } => PointKind::Call {
                    call_id: call.clone(),
                    label: label.clone(),
                },
                Event::Restore { to, .. } => PointKind::Restore { to: *to },
                Event::HandedBack { .. } | Event::After { .. } | Event::Restored { .. } => continue,
            };
            let is_end = |later: &usize| match (&record.event, &records[*later].event) {
                (Event::Turn { .. }, Event::Turn { .. }) => true,
                (Event::Turn { .. }, _) => false,
                (Event::Before { call, .. }, Event::After { call: ended, .. }) => call == ended,
                (_, Event::Turn { .. }) => true,
                (Event::Restore { .. }, Event::Restored { restore }) => *restore == record.number,
                _ => false,
            };
            let end = (at + 1..records.len())
                .find(|later| own(later) && is_end(later))
                .unwrap_or(records.len());
            // What happens after the last record is in no snapshot yet.
            let last = records[records.len() - 1].snapshot;
            let is_available = reader.contains(record.snapshot)?;
            let changes = match timeline.history(&reader, at..end, last) {
                Ok(history) => self.summaries(&reader, net_changes(history))?,
                Err(SpoolError::Gone(_)) => Vec::new(),
                Err(error) => return Err(error.into()),
            };
            points.push(Point {
                number: record.number,
                at: record.at,
                kind,
                log_len: record.log_len,
                changes,
                is_available,
                is_undone: !standing.contains(&record.number),
            });
        }
        Ok(points)
    }

    /// Says what going back to a point would do.
    pub(crate) fn preview(
        &self,
        thread: ThreadId,
        to: u64,
        on_conflict: OnConflict,
    ) -> Result<RestoreReport, RewindError> {
        let mut store = self.lock()?;
        let current = self.snapshot(&mut store)?.id;
        let records = self.log.read()?;
        let (reader, plan, log_len) = self.plan(&records, thread, to, current, on_conflict)?;
        let mut restored = Vec::new();
        for (change, is_merged) in plan.changes() {
            let lines = if is_merged {
                None
            } else {
                reader.line_counts(&change)?
            };
            restored.push(FileSummary {
                kind: change.kind(),
                path: change.path,
                lines,
            });
        }
        Ok(RestoreReport {
            to,
            log_len,
            undo: None,
            restored,
            kept: plan.kept,
            running: plan.running,
        })
    }

    /// Takes the files of a thread back to a point. `conversation` tells whether its conversation
    /// goes back, too.
    pub(crate) fn restore(
        &self,
        position: Position,
        to: u64,
        on_conflict: OnConflict,
        conversation: bool,
    ) -> Result<RestoreReport, RewindError> {
        let mut store = self.lock()?;
        let current = self.snapshot(&mut store)?.id;
        let records = self.log.read()?;
        let thread = position.thread;
        let (reader, plan, log_len) = self.plan(&records, thread, to, current, on_conflict)?;
        let undo = self.log.next_number()?;
        let event = Event::Restore {
            to,
            paths: plan.paths(),
            conversation,
        };
        self.append(undo, position, current, event)?;
        let planned: Vec<_> = plan.changes().map(|(change, _)| change).collect();
        let mut kept = plan.kept;
        let outcome = store.restore(plan.restoring)?;
        kept.extend(not_restored(&outcome));
        kept.sort_by(|a, b| a.path.cmp(&b.path));
        // The files are where they belong. When there is no room for what says so, the restore
        // counts as going on, with nothing but the files that it names.
        let closed = self.snapshot(&mut store).and_then(|after| {
            let event = Event::Restored { restore: undo };
            self.append(undo + 1, position, after.id, event)?;
            Ok(after.id)
        });
        let is_restored = |path: &str| outcome.restored.iter().any(|restored| restored == path);
        let (reader, changes) = match closed {
            Ok(after) => {
                let reader = self.store.reader()?;
                let mut changes = reader.changes(current, after)?;
                changes.retain(|change| is_restored(&change.path));
                (reader, changes)
            }
            Err(_) => (
                reader,
                planned
                    .into_iter()
                    .filter(|change| is_restored(&change.path))
                    .collect(),
            ),
        };
        Ok(RestoreReport {
            to,
            log_len,
            undo: Some(undo),
            restored: self.summaries(&reader, changes)?,
            kept,
            running: plan.running,
        })
    }

    /// Says what a thread changed from the record `since` on.
    pub(crate) fn work(
        &self,
        thread: ThreadId,
        since: u64,
        until: Until,
    ) -> Result<Work, RewindError> {
        let find = |records: &[Record], number| {
            let is_it = |record: &Record| record.thread == thread && record.number == number;
            let at = records.iter().position(is_it);
            at.ok_or(RewindError::UnknownPoint { thread, number })
        };
        let (records, end, now) = match until {
            Until::Now => {
                let mut store = self.lock()?;
                let now = self.snapshot(&mut store)?.id;
                let records = self.log.read()?;
                (records, None, now)
            }
            Until::Record(number) => {
                let records = self.log.read()?;
                let end = find(&records, number)?;
                let now = records[end].snapshot;
                (records, Some(end), now)
            }
        };
        let segments = find(&records, since)?..end.unwrap_or(records.len());
        let reader = self.store.reader()?;
        let timeline = Timeline::new(&records, thread, ProcessId::is_alive);
        match Work::find(reader, &timeline, segments, now) {
            Ok(work) => Ok(work),
            Err(SpoolError::Gone(_)) => Err(RewindError::Expired { number: since }),
            Err(error) => Err(error.into()),
        }
    }

    fn plan(
        &self,
        records: &[Record],
        thread: ThreadId,
        to: u64,
        current: SnapshotId,
        on_conflict: OnConflict,
    ) -> Result<(SnapshotReader, Plan, u64), RewindError> {
        let is_point = |record: &Record| {
            let is_end = record.event.closes() || matches!(record.event, Event::Restored { .. });
            record.thread == thread && record.number == to && !is_end
        };
        let point = records.iter().position(is_point);
        let point = point.ok_or(RewindError::UnknownPoint { thread, number: to })?;
        let reader = self.store.reader()?;
        let expired = RewindError::Expired { number: to };
        if !reader.contains(records[point].snapshot)? {
            return Err(expired);
        }
        let timeline = Timeline::new(records, thread, ProcessId::is_alive);
        match Plan::new(&reader, &timeline, point, current, on_conflict) {
            Ok(plan) => Ok((reader, plan, records[point].log_len)),
            Err(SpoolError::Gone(_)) => Err(expired),
            Err(error) => Err(error.into()),
        }
    }

    fn summaries(
        &self,
        reader: &SnapshotReader,
        changes: Vec<Change>,
    ) -> Result<Vec<FileSummary>, RewindError> {
        let mut summaries = Vec::new();
        for change in changes {
            summaries.push(FileSummary {
                kind: change.kind(),
                lines: reader.line_counts(&change)?,
                path: change.path,
            });
        }
        Ok(summaries)
    }

    /// Deletes what is too old, here and of workspaces that nobody works in any more.
    pub(crate) fn tidy(&self) -> Result<(), RewindError> {
        let now = (self.clock)();
        let mut store = self.lock()?;
        store.prune(now)?;
        let records = self.log.read()?;
        let reader = self.store.reader()?;
        let mut first = records.len().saturating_sub(MAX_RECORDS);
        while first < records.len() && !reader.contains(records[first].snapshot)? {
            first += 1;
        }
        // The last one stays, so that no number is used again.
        let first = first.min(records.len().saturating_sub(1));
        if first > 0 {
            self.log.replace(&records[first..])?;
        }
        drop(store);
        place::delete_unused(&self.root, &self.folder, self.settings.limits.age, now);
        Ok(())
    }
}

/// Returns the numbers of the points of a thread that its conversation has come by, as it stands: found
/// by walking back from the end, where going back leads to before the point that it went to.
fn standing(records: &[Record], thread: ThreadId) -> HashSet<u64> {
    let mut numbers = HashSet::new();
    let mut below = u64::MAX;
    for record in records.iter().rev() {
        if record.thread != thread || record.number >= below {
            continue;
        }
        if let Event::Restore {
            to,
            conversation: true,
            ..
        } = record.event
        {
            below = to;
        }
        numbers.insert(record.number);
    }
    numbers
}

fn not_restored(outcome: &Restored) -> impl Iterator<Item = KeptFile> {
    outcome.kept.iter().map(|kept| KeptFile {
        path: kept.path.clone(),
        reason: KeptReason::NotRestored(kept.reason.clone()),
    })
}

/// Returns what is different after all steps of each path; what came under the rules of
/// `.gitignore` is not.
fn net_changes(history: std::collections::BTreeMap<String, PathHistory>) -> Vec<Change> {
    history
        .into_iter()
        .filter_map(|(path, history)| {
            let (before, _) = *history.steps.first()?;
            let (_, after) = *history.steps.last()?;
            let is_veiled = history.is_veiled && after.is_none();
            (before != after && !is_veiled).then_some(Change {
                path,
                before,
                after,
                is_veiled: false,
            })
        })
        .collect()
}
