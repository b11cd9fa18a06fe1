//! Keeps the points that a thread can be taken back to.
//!
//! A point is recorded before each turn and around each call that may change files. The point of a
//! turn is recorded while the model already thinks, so that it delays nothing; the first call that
//! may change something waits for it. That a point could not be recorded stops no work: the person is
//! told once that there is no undo.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use loom_cli_rewind::{CallStart, Reach, Recorded, Rewind, RewindError};
use loom_common_core::stream::NoticeLevel;
use loom_common_core::{Resource, ToolAccess, ToolCall};
use loom_common_thread::ThreadId;
use tokio::sync::{Mutex, mpsc};

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
    has_complained: Arc<AtomicBool>,
    reports: mpsc::Sender<Report>,
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
            has_complained: Arc::default(),
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

    /// Begins to record the point before a turn.
    pub(crate) async fn begin_turn(&self, prompt: String) {
        let recording = Arc::clone(&self.turn).lock_owned().await;
        let undo = self.clone();
        let log_len = self.log_len();
        tokio::spawn(async move {
            let recorded = undo.rewind.begin_turn(undo.thread, log_len, &prompt).await;
            undo.look_at(recorded).await;
            drop(recording);
        });
    }

    /// Records the point before a call, if the call may change files; tells whether it did.
    pub(crate) async fn before_call(
        &self,
        call: &ToolCall,
        access: ToolAccess,
        resources: &[Resource],
    ) -> bool {
        let reach = match access {
            ToolAccess::Read | ToolAccess::Network => return false,
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
        let recorded = self.rewind.before_call(start).await;
        self.look_at(recorded).await;
        true
    }

    /// Records that a call has ended.
    pub(crate) async fn after_call(&self, call: &ToolCall) {
        let recorded = self
            .rewind
            .after_call(self.thread, self.log_len(), &call.id)
            .await;
        self.look_at(recorded).await;
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
