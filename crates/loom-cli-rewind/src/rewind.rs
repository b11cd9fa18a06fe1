//! What a session needs to undo, in one type.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use loom_common_spool::SnapshotSettings;
use loom_common_thread::ThreadId;

use crate::core::{Core, Position};
use crate::error::RewindError;
use crate::plan::OnConflict;
use crate::record::{BackgroundEnd, Event, Extent, shorten};
use crate::report::{Point, Recorded, RestoreReport};
use crate::work::{Until, Work};

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Where the points of workspaces are kept, and how.
#[derive(Clone, Debug)]
pub struct RewindSettings {
    /// The folder for the snapshots of all workspaces, as in `$XDG_STATE_HOME/loom/undo`. It is made
    /// when it is missing. It may be inside of a workspace; snapshots leave it out.
    pub root: PathBuf,
    /// Limits, and what the person ignores everywhere.
    pub snapshots: SnapshotSettings,
}

/// A tool call that is about to run and may change files.
#[derive(Clone, Debug)]
pub struct CallStart {
    /// The thread that makes the call.
    pub thread: ThreadId,
    /// Length of its conversation.
    pub log_len: u64,
    /// The id that the model gave the call.
    pub call_id: String,
    /// What the call is about, for the person: a tool and its argument.
    pub label: String,
    /// What it may change.
    pub reach: Reach,
}

/// Which files a call may change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It could be any: a shell command, a tool of somebody else.
    Anything,
    /// These files and folders, absolute, as in `Resource::Write`. What is changed elsewhere while
    /// the call runs was not the call.
    Paths(Vec<PathBuf>),
}

/// The points of threads in one workspace. A clone is the same.
#[derive(Clone)]
pub struct Rewind(Arc<Core>);

impl fmt::Debug for Rewind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("Rewind")
            .field(&self.0.workspace())
            .finish()
    }
}

impl Rewind {
    /// Opens the points of a workspace. Makes folders, but takes no snapshot.
    ///
    /// # Errors
    ///
    /// [`RewindError::Snapshot`] or [`RewindError::Points`] when the folders cannot be made.
    pub async fn open(
        settings: RewindSettings,
        workspace: &Path,
        clock: Clock,
    ) -> Result<Self, RewindError> {
        let workspace = workspace.to_owned();
        let core = run(move || Core::open(&settings.root, &workspace, settings.snapshots, clock));
        Ok(Self(Arc::new(core.await?)))
    }

    /// Records a point: a turn begins. `label` is the prompt, or the beginning of it; `log_len`
    /// the length of the conversation that going back here shall leave.
    ///
    /// # Errors
    ///
    /// [`RewindError`] when there is no point now. The turn can go on; the person should be told
    /// once that it cannot be undone.
    pub async fn begin_turn(
        &self,
        thread: ThreadId,
        log_len: u64,
        label: &str,
    ) -> Result<Recorded, RewindError> {
        let label = shorten(label);
        self.record(thread, log_len, Event::Turn { label }).await
    }

    /// Records a point: a call is about to run. What is changed from now until
    /// [`after_call`](Self::after_call) is the thread's, as far as it is within reach.
    ///
    /// # Errors
    ///
    /// As [`begin_turn`](Self::begin_turn).
    pub async fn before_call(&self, call: CallStart) -> Result<Recorded, RewindError> {
        let reach = match call.reach {
            Reach::Anything => Extent::Anything,
            Reach::Paths(paths) => {
                let inside = |path: &PathBuf| {
                    let path = path.strip_prefix(self.0.workspace()).ok()?;
                    Some(path.to_str()?.to_owned())
                };
                Extent::Paths(paths.iter().filter_map(inside).collect())
            }
        };
        let event = Event::Before {
            call: call.call_id,
            label: shorten(&call.label),
            reach,
        };
        self.record(call.thread, call.log_len, event).await
    }

    /// Records that a call has ended, however it did, with all that it had started.
    ///
    /// # Errors
    ///
    /// As [`begin_turn`](Self::begin_turn). The call then ends with the next point that is recorded.
    pub async fn after_call(
        &self,
        thread: ThreadId,
        log_len: u64,
        call_id: &str,
    ) -> Result<Recorded, RewindError> {
        self.background_ended(thread, log_len, call_id, BackgroundEnd::ByItself)
            .await
    }

    /// Records that a call has given the hand back while a command of it goes on in the background.
    /// [`background_ended`](Self::background_ended) follows.
    ///
    /// # Errors
    ///
    /// As [`after_call`](Self::after_call).
    pub async fn call_goes_on(
        &self,
        thread: ThreadId,
        log_len: u64,
        call_id: &str,
    ) -> Result<Recorded, RewindError> {
        let call = call_id.to_owned();
        self.record(thread, log_len, Event::HandedBack { call })
            .await
    }

    /// Records that what a call had in the background has ended. When it came to its own end, all
    /// that was changed meanwhile is the thread's, as far as it is within reach; otherwise restoring
    /// leaves that alone and says so.
    ///
    /// # Errors
    ///
    /// As [`after_call`](Self::after_call).
    pub async fn background_ended(
        &self,
        thread: ThreadId,
        log_len: u64,
        call_id: &str,
        background: BackgroundEnd,
    ) -> Result<Recorded, RewindError> {
        let call = call_id.to_owned();
        self.record(thread, log_len, Event::After { call, background })
            .await
    }

    /// Lists the points of a thread in this workspace, the oldest first, with what changed.
    ///
    /// # Errors
    ///
    /// [`RewindError`] when the points or the snapshots cannot be read.
    pub async fn points(&self, thread: ThreadId) -> Result<Vec<Point>, RewindError> {
        let core = self.0.clone();
        run(move || core.points(thread)).await
    }

    /// Says what [`restore`](Self::restore) would do to the files, without doing it.
    ///
    /// # Errors
    ///
    /// As [`restore`](Self::restore).
    pub async fn preview(
        &self,
        thread: ThreadId,
        to: u64,
        on_conflict: OnConflict,
    ) -> Result<RestoreReport, RewindError> {
        let core = self.0.clone();
        run(move || core.preview(thread, to, on_conflict)).await
    }

    /// Returns what a thread changed since the record `since`, a point or the end of a call, apart from
    /// what the person and others changed.
    ///
    /// # Errors
    ///
    /// [`RewindError::UnknownPoint`] when the thread has no such record, [`RewindError::Expired`]
    /// when snapshots from then on are not kept any more, and what else cannot be read.
    pub async fn work(
        &self,
        thread: ThreadId,
        since: u64,
        until: Until,
    ) -> Result<Work, RewindError> {
        let core = self.0.clone();
        run(move || core.work(thread, since, until)).await
    }

    /// Takes the files that the thread changed since the point `to` back to what they were then.
    ///
    /// `log_len` is the length of the conversation now: going back to [`RestoreReport::undo`] undoes
    /// the restore, and has that length. The conversation itself is the caller's.
    ///
    /// # Errors
    ///
    /// [`RewindError::UnknownPoint`] and [`RewindError::Expired`] before anything was changed;
    /// others say what could not be read or written.
    pub async fn restore(
        &self,
        thread: ThreadId,
        log_len: u64,
        to: u64,
        on_conflict: OnConflict,
    ) -> Result<RestoreReport, RewindError> {
        let core = self.0.clone();
        run(move || core.restore(Position { thread, log_len }, to, on_conflict, false)).await
    }

    /// As [`restore`](Self::restore), and records that the conversation goes back as well.
    ///
    /// # Errors
    ///
    /// As [`restore`](Self::restore).
    pub async fn restore_everything(
        &self,
        thread: ThreadId,
        log_len: u64,
        to: u64,
        on_conflict: OnConflict,
    ) -> Result<RestoreReport, RewindError> {
        let core = self.0.clone();
        run(move || core.restore(Position { thread, log_len }, to, on_conflict, true)).await
    }

    /// Records a point before only the conversation is taken back to the point `to`, and returns it.
    ///
    /// # Errors
    ///
    /// As [`begin_turn`](Self::begin_turn).
    pub async fn before_conversation_restore(
        &self,
        thread: ThreadId,
        log_len: u64,
        to: u64,
    ) -> Result<Recorded, RewindError> {
        let event = Event::Restore {
            to,
            paths: Vec::new(),
            conversation: true,
        };
        self.record(thread, log_len, event).await
    }

    /// Deletes what is too old, of this workspace and of others. Cheap when there is nothing to do;
    /// meant for the background, once in a session.
    ///
    /// # Errors
    ///
    /// [`RewindError`] when it could not; nothing is worse than before.
    pub async fn tidy(&self) -> Result<(), RewindError> {
        let core = self.0.clone();
        run(move || core.tidy()).await
    }

    async fn record(
        &self,
        thread: ThreadId,
        log_len: u64,
        event: Event,
    ) -> Result<Recorded, RewindError> {
        let core = self.0.clone();
        run(move || core.record(Position { thread, log_len }, event)).await
    }
}

/// Runs work where it may block.
async fn run<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RewindError> + Send + 'static,
) -> Result<T, RewindError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(RewindError::Broken(error.to_string())))
}
