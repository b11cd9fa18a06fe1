//! Keeps the points that a thread can be taken back to.
//!
//! A point is recorded before each turn and around each call that may change files. The point of a
//! turn is recorded while the model already thinks, so that it delays nothing; the first call that
//! may change something waits for it.
//!
//! What changes while a call is open counts as the call's, so each call that was recorded as begun is
//! recorded as ended, whatever becomes of it. A task of its own sees to that ([`OpenCall`]): it
//! outlives the call's future, which a stop drops at any point, and what the call has put into the
//! background.
//!
//! That a point could not be recorded stops no work: the person is
//! told once that there is no undo.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use futures::future::BoxFuture;
use loom_cli_rewind::{BackgroundEnd, CallStart, Reach, Recorded, Rewind, RewindError};
use loom_cli_tools::{BackgroundEnd as Ended, ToolRegistry};
use loom_common_core::stream::NoticeLevel;
use loom_common_core::{Resource, ToolAccess, ToolCall};
use loom_common_thread::ThreadId;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::operations::Report;

/// The points of a session's thread. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Undo {
    rewind: Rewind,
    thread: ThreadId,
    workspace: PathBuf,
    /// Length of the thread's log.
    log_len: Arc<AtomicU64>,
    /// Held while the point of a turn is recorded.
    turn: Arc<Mutex<()>>,
    /// The number of that point; 0 while there is none.
    turn_point: Arc<AtomicU64>,
    /// The newest record of how far a call has come.
    newest: Arc<AtomicU64>,
    has_complained: Arc<AtomicBool>,
    /// Counts the calls whose end is not recorded yet.
    open: TaskTracker,
    /// Counts those of them that were stopped.
    stopped: TaskTracker,
    reports: mpsc::Sender<Report>,
}

/// A call that is recorded as begun. Dropping it says that the call was stopped.
pub(crate) struct OpenCall {
    fate: Option<oneshot::Sender<Fate>>,
    stopped: TaskTracker,
    /// Gives a sign when it is recorded how the call gave the hand back.
    recorded: oneshot::Receiver<()>,
}

/// How a call gave the hand back.
enum Fate {
    /// With all that it has started at its end, or with something that goes on.
    Returned(Option<BoxFuture<'static, Ended>>),
    /// It was stopped. Whoever stopped it can wait for the token.
    Stopped(TaskTrackerToken),
}

impl OpenCall {
    /// Records that the call gave the hand back, and lets what goes on of it be followed.
    pub(crate) async fn returned(mut self, background: Option<BoxFuture<'static, Ended>>) {
        if let Some(fate) = self.fate.take() {
            let _ = fate.send(Fate::Returned(background));
        }
        // Nothing comes when the program ends meanwhile.
        let _ = (&mut self.recorded).await;
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        if let Some(fate) = self.fate.take() {
            let _ = fate.send(Fate::Stopped(self.stopped.token()));
        }
    }
}

impl Undo {
    pub(crate) fn new(
        rewind: Rewind,
        thread: ThreadId,
        workspace: PathBuf,
        log_len: u64,
        reports: mpsc::Sender<Report>,
    ) -> Self {
        Self {
            rewind,
            thread,
            workspace,
            log_len: Arc::new(AtomicU64::new(log_len)),
            turn: Arc::default(),
            turn_point: Arc::default(),
            newest: Arc::default(),
            has_complained: Arc::default(),
            open: closed(),
            stopped: closed(),
            reports,
        }
    }

    pub(crate) fn rewind(&self) -> &Rewind {
        &self.rewind
    }

    pub(crate) fn thread(&self) -> ThreadId {
        self.thread
    }

    /// Returns the length of the thread's log.
    pub(crate) fn log_len(&self) -> u64 {
        self.log_len.load(Ordering::Relaxed)
    }

    /// The log has one entry more.
    pub(crate) fn log_grows(&self) {
        self.log_len.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the records between which the calls of this turn lie that have ended; none when there are none.
    pub(crate) fn turn_so_far(&self) -> Option<(u64, u64)> {
        let since = self.turn_point.load(Ordering::Relaxed);
        let until = self.newest.load(Ordering::Relaxed);
        (0 < since && since < until).then_some((since, until))
    }

    /// Begins to record the point before a turn.
    pub(crate) async fn begin_turn(&self, prompt: String) {
        let recording = Arc::clone(&self.turn).lock_owned().await;
        self.turn_point.store(0, Ordering::Relaxed);
        let undo = self.clone();
        let log_len = self.log_len();
        tokio::spawn(async move {
            let recorded = undo.rewind.begin_turn(undo.thread, log_len, &prompt).await;
            note(&undo.turn_point, &recorded);
            undo.look_at(recorded).await;
            drop(recording);
        });
    }

    /// Records the point before a call, if the call may change files. `tools` are those that run it.
    pub(crate) async fn before_call(
        &self,
        call: &ToolCall,
        access: ToolAccess,
        resources: &[Resource],
        tools: &Arc<ToolRegistry>,
    ) -> Option<OpenCall> {
        let reach = match access {
            ToolAccess::Read | ToolAccess::Network => return None,
            ToolAccess::Execute => Reach::Anything,
            ToolAccess::Write => Reach::Paths(
                resources
                    .iter()
                    .filter_map(|resource| match resource {
                        Resource::Write(path) => Some(path.clone()),
                        _ => None,
                    })
                    .collect(),
            ),
        };
        drop(self.turn.lock().await);
        let start = CallStart {
            thread: self.thread,
            log_len: self.log_len(),
            call_id: call.id.clone(),
            label: self.label(call, resources),
            reach,
        };
        let (begun, has_begun) = oneshot::channel();
        let (fate, course) = oneshot::channel();
        let (handed_back, recorded) = oneshot::channel();
        let open = OpenCall {
            fate: Some(fate),
            stopped: self.stopped.clone(),
            recorded,
        };
        let undo = self.clone();
        // Tools whose owner has gone are not kept for this: that ends what they have running.
        let tools = Arc::downgrade(tools);
        self.open.spawn(async move {
            let call_id = start.call_id.clone();
            let recorded = undo.rewind.before_call(start).await;
            undo.look_at(recorded).await;
            let _ = begun.send(());
            undo.follow(&call_id, course, handed_back, tools).await;
        });
        let _ = has_begun.await;
        Some(open)
    }

    /// Records what becomes of a call.
    async fn follow(
        &self,
        call_id: &str,
        course: oneshot::Receiver<Fate>,
        handed_back: oneshot::Sender<()>,
        tools: Weak<ToolRegistry>,
    ) {
        let (rewind, thread) = (&self.rewind, self.thread);
        // The other end always says something.
        let Ok(fate) = course.await else {
            return;
        };
        let background = match fate {
            Fate::Returned(background) => background,
            Fate::Stopped(token) => {
                if let Some(tools) = tools.upgrade() {
                    tools.settled().await;
                }
                let recorded = rewind.after_call(thread, self.log_len(), call_id).await;
                note(&self.newest, &recorded);
                self.look_at(recorded).await;
                drop(token);
                return;
            }
        };
        let Some(background) = background else {
            let recorded = rewind.after_call(thread, self.log_len(), call_id).await;
            note(&self.newest, &recorded);
            self.look_at(recorded).await;
            let _ = handed_back.send(());
            return;
        };
        let recorded = rewind.call_goes_on(thread, self.log_len(), call_id).await;
        note(&self.newest, &recorded);
        self.look_at(recorded).await;
        let _ = handed_back.send(());
        let ended = match background.await {
            Ended::ByItself => BackgroundEnd::ByItself,
            Ended::Stopped => BackgroundEnd::Stopped,
        };
        let log_len = self.log_len();
        let recorded = rewind
            .background_ended(thread, log_len, call_id, ended)
            .await;
        note(&self.newest, &recorded);
        self.look_at(recorded).await;
    }

    /// Waits until the ends of the calls that were stopped are recorded.
    pub(crate) async fn settled(&self) {
        self.stopped.wait().await;
    }

    /// Waits until the ends of all calls are recorded. What they have running must end.
    pub(crate) async fn finished(&self) {
        self.open.wait().await;
    }

    /// Says what a call is about: the tool, and the first thing that it touches.
    fn label(&self, call: &ToolCall, resources: &[Resource]) -> String {
        let subject = resources.first().map(|resource| match resource {
            Resource::Read(path) | Resource::Write(path) => {
                let inside = path.strip_prefix(&self.workspace);
                inside.unwrap_or(path).display().to_string()
            }
            Resource::Command { line, .. } => line.clone(),
            Resource::Url(url) => url.clone(),
        });
        match subject {
            Some(subject) => format!("{} {subject}", call.name),
            None => call.name.clone(),
        }
    }

    async fn look_at(&self, recorded: Result<Recorded, RewindError>) {
        let problem = match recorded {
            Ok(recorded) => recorded.began_anew.map(|damaged| {
                format!(
                    "the store for undo was damaged; earlier points are lost, and it lies in {} now",
                    damaged.display()
                )
            }),
            Err(error) => Some(format!("this cannot be undone: {error}")),
        };
        let Some(text) = problem else {
            return;
        };
        if !self.has_complained.swap(true, Ordering::Relaxed) {
            let notice = Report::Notice {
                level: NoticeLevel::Warning,
                text,
            };
            let _ = self.reports.send(notice).await;
        }
    }
}

/// Keeps the number of a record, if it is one.
fn note(newest: &AtomicU64, recorded: &Result<Recorded, RewindError>) {
    if let Ok(recorded) = recorded {
        newest.fetch_max(recorded.number, Ordering::Relaxed);
    }
}

/// Makes a tracker that can be waited for at any time.
fn closed() -> TaskTracker {
    let tracker = TaskTracker::new();
    tracker.close();
    tracker
}
