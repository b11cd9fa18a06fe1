//! What going back to a point does to each file.

use loom_common_spool::{
    Change, FileVersion, Restoring, Reverted, SnapshotId, SnapshotReader, SpoolError, Target,
};

use crate::attribution::Timeline;
use crate::report::{KeptFile, KeptReason};

/// What to do with a file that somebody else has changed, too, in the same place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnConflict {
    /// Leave it as it is, and say so.
    Keep,
    /// Give it the content that it had at the point.
    Overwrite,
}

/// What is to be done.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) restoring: Vec<Restoring>,
    pub(crate) kept: Vec<KeptFile>,
    /// What the thread's calls are about that go on.
    pub(crate) running: Vec<String>,
}

impl Plan {
    /// Plans to go back to the record at `point`, from what `current` holds.
    pub(crate) fn new(
        reader: &SnapshotReader,
        timeline: &Timeline<'_>,
        point: usize,
        current: SnapshotId,
        on_conflict: OnConflict,
    ) -> Result<Self, SpoolError> {
        let mut plan = Self {
            running: timeline.running().map(str::to_owned).collect(),
            ..Self::default()
        };
        let target = timeline.records[point].snapshot;
        let segments = point..timeline.records.len();
        for (path, history) in timeline.history(reader, segments, current)? {
            let now = reader.version(current, &path)?;
            let reverted = match history.unclear {
                Some(reason) => Err(reason),
                None => match reader.revert(now, &history.steps)? {
                    Reverted::To(target) => Ok(target),
                    Reverted::Conflict => Err(KeptReason::Conflict),
                },
            };
            let wanted = match reverted {
                Ok(wanted) => wanted,
                Err(reason) => {
                    let then = reader.version(target, &path)?;
                    match on_conflict {
                        _ if then == now => continue,
                        OnConflict::Overwrite => then.map(Target::Version),
                        OnConflict::Keep => {
                            plan.kept.push(KeptFile { path, reason });
                            continue;
                        }
                    }
                }
            };
            if wanted == now.map(Target::Version) {
                continue;
            }
            plan.restoring.push(Restoring {
                path,
                expected: now,
                target: wanted,
            });
        }
        Ok(plan)
    }

    /// Returns the paths that are to be changed.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.restoring.iter().map(|one| one.path.clone()).collect()
    }

    /// Returns what would change, for those that are to get what is in the store. A file that is
    /// merged is changed, but the lines are not counted.
    pub(crate) fn changes(&self) -> impl Iterator<Item = (Change, bool)> {
        self.restoring.iter().map(|restoring| {
            let (after, is_merged): (Option<FileVersion>, bool) = match &restoring.target {
                None => (None, false),
                Some(Target::Version(version)) => (Some(*version), false),
                Some(Target::Merged { .. }) => (restoring.expected, true),
            };
            let change = Change {
                path: restoring.path.clone(),
                before: restoring.expected,
                after,
                is_veiled: false,
            };
            (change, is_merged)
        })
    }
}
