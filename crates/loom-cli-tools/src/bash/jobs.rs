//! The commands that run in the background, and those that did.
//!
//! A command comes here when its call gives the hand back before it has ended. A task follows it
//! from then on: takes its output, so that it does not wait for a reader, and ends it when somebody
//! wants that, when its own time is up, or when the session is over. What it printed and how it
//! ended can be asked for; that it ended is told once without being asked.

use std::collections::VecDeque;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use loom_common_core::ProgressSink;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::output::Output;
use super::running::{Running, until};
use crate::error::ToolError;
use crate::tool::BackgroundEnd;

/// The most commands that run in the background at the same time.
const MAX_RUNNING: usize = 16;

/// The most commands that have ended and can still be asked about.
const MAX_ENDED: usize = 32;

/// Characters of a command's line that are shown in a list.
const SHOWN_LINE: usize = 80;

/// A command and its output.
pub(super) struct Job {
    line: String,
    started: Instant,
    /// When it is killed.
    deadline: Option<HardLimit>,
    output: Mutex<Output>,
    ending: watch::Sender<Option<Ending>>,
    /// Whether somebody wants it to end.
    is_stopped: watch::Sender<bool>,
}

/// How long a command may run at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct HardLimit {
    pub(super) after: Duration,
    pub(super) at: Instant,
}

/// How a command ended.
#[derive(Clone, Debug)]
pub(super) enum Ending {
    /// By itself.
    Exited(ExitStatus),
    /// Because somebody wanted it to.
    Stopped,
    /// Because its time was up.
    TimedOut(Duration),
    /// Nobody knows.
    Lost(String),
}

impl Ending {
    pub(super) fn of(status: io::Result<ExitStatus>) -> Self {
        status.map_or_else(|error| Self::Lost(error.to_string()), Self::Exited)
    }

    /// Says how the command ended.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Exited(status) => match (status.code(), status.signal()) {
                (Some(code), _) => format!("exit code {code}"),
                (None, Some(signal)) => format!("killed by signal {signal}"),
                (None, None) => status.to_string(),
            },
            Self::Stopped => "stopped".to_owned(),
            Self::TimedOut(limit) => format!(
                "killed: it ran longer than its kill_after_ms of {}",
                limit.as_millis()
            ),
            Self::Lost(why) => format!("it could not be followed: {why}"),
        }
    }
}

impl Job {
    pub(super) fn new(line: &str, output: Output, deadline: Option<HardLimit>) -> Arc<Self> {
        Arc::new(Self {
            line: line.to_owned(),
            started: Instant::now(),
            deadline,
            output: Mutex::new(output),
            ending: watch::Sender::new(None),
            is_stopped: watch::Sender::new(false),
        })
    }

    pub(super) fn deadline(&self) -> Option<HardLimit> {
        self.deadline
    }

    /// Takes a piece of output, and passes it on to `progress`.
    pub(super) fn push(&self, piece: &[u8], progress: Option<&ProgressSink>) {
        self.lock_output().push(piece, progress);
    }

    /// Returns what it has printed since the last time.
    pub(super) fn take_output(&self) -> String {
        self.lock_output().take()
    }

    /// Returns how it has ended, if it has.
    pub(super) fn ending(&self) -> Option<Ending> {
        self.ending.borrow().clone()
    }

    /// Waits until it has ended.
    pub(super) async fn ended(&self) {
        // The sender is our own, so it is not gone.
        let _ = self.ending.subscribe().wait_for(Option::is_some).await;
    }

    /// Waits until it has ended, and tells how.
    pub(super) async fn background_end(self: Arc<Self>) -> BackgroundEnd {
        self.ended().await;
        match self.ending() {
            Some(Ending::Exited(_)) => BackgroundEnd::ByItself,
            _ => BackgroundEnd::Stopped,
        }
    }

    /// Asks for its end.
    pub(super) fn stop(&self) {
        self.is_stopped.send_replace(true);
    }

    /// Says what it is and how it is going.
    pub(super) fn describe(&self) -> String {
        let line: String = self
            .line
            .lines()
            .next()
            .unwrap_or_default()
            .chars()
            .take(SHOWN_LINE)
            .collect();
        let mark = if line.len() < self.line.len() {
            "…"
        } else {
            ""
        };
        format!("`{line}{mark}`")
    }

    /// Says for how long it has run.
    pub(super) fn age(&self) -> String {
        format!("running for {} s", self.started.elapsed().as_secs())
    }

    fn lock_output(&self) -> MutexGuard<'_, Output> {
        self.output.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows the command to its end.
    async fn supervise(&self, running: Running) {
        // Dropped in the opposite order: what says that it has ended comes after what kills it.
        let _lost = LostOnDrop(self);
        let mut running = running;
        let mut stop = self.is_stopped.subscribe();
        let deadline = self.deadline;
        let ending = tokio::select! {
            biased;
            _ = stop.wait_for(|is_stopped| *is_stopped) => Err(Ending::Stopped),
            () = until(deadline.map(|limit| limit.at)) => {
                Err(Ending::TimedOut(deadline.map_or(Duration::ZERO, |limit| limit.after)))
            }
            ending = self.follow(&mut running) => Ok(ending),
        };
        let ending = match ending {
            Ok(ending) => {
                running.let_go();
                ending
            }
            Err(ending) => {
                running.kill().await;
                running.drain(|piece| self.push(piece, None)).await;
                ending
            }
        };
        self.ending.send_replace(Some(ending));
    }

    /// Takes the output until nothing is left that could print.
    async fn follow(&self, running: &mut Running) -> Ending {
        let take = |piece: &[u8]| self.push(piece, None);
        let Some(status) = running.follow(None, take).await else {
            return Ending::Lost("it has no end".to_owned());
        };
        running.read_to_end(None, take).await;
        Ending::of(status)
    }
}

/// Says that a command has ended when nobody follows it any more.
struct LostOnDrop<'a>(&'a Job);

impl Drop for LostOnDrop<'_> {
    fn drop(&mut self) {
        self.0.ending.send_if_modified(|ending| {
            let is_lost = ending.is_none();
            ending.get_or_insert_with(|| Ending::Lost("nobody follows it".to_owned()));
            is_lost
        });
    }
}

/// The commands of a session that run in the background, and those that did.
#[derive(Default)]
pub(super) struct Jobs {
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    jobs: VecDeque<Entry>,
    last: u32,
    /// Those that follow the commands. Dropping them ends the commands.
    tasks: JoinSet<()>,
}

struct Entry {
    id: String,
    job: Arc<Job>,
    /// Whether the model knows that it has ended.
    is_told: bool,
}

impl Jobs {
    /// Lets a command go on in the background, and returns the id under which it is found.
    ///
    /// # Errors
    ///
    /// [`ToolError::Failed`] when too many run. The command has been killed then.
    pub(super) fn adopt(&self, job: Arc<Job>, running: Running) -> Result<String, ToolError> {
        let mut table = self.lock();
        while table.tasks.try_join_next().is_some() {}
        let running_now = table.jobs.iter().filter(|entry| entry.is_running()).count();
        if running_now >= MAX_RUNNING {
            return Err(ToolError::Failed(format!(
                "{running_now} commands run in the background, and there can be no more. This one \
                 was killed. Stop one with command_stop; command_output lists them."
            )));
        }
        while table.jobs.len() - running_now >= MAX_ENDED {
            let ended = table.jobs.iter().position(|entry| !entry.is_running());
            table.jobs.remove(ended.unwrap_or(0));
        }
        table.last += 1;
        let id = format!("c{}", table.last);
        table.jobs.push_back(Entry {
            id: id.clone(),
            job: Arc::clone(&job),
            is_told: false,
        });
        table
            .tasks
            .spawn(async move { job.supervise(running).await });
        Ok(id)
    }

    /// Returns the command with this id.
    ///
    /// # Errors
    ///
    /// [`ToolError::Arguments`] with the ids that there are.
    pub(super) fn get(&self, id: &str) -> Result<Arc<Job>, ToolError> {
        let table = self.lock();
        match table.jobs.iter().find(|entry| entry.id == id.trim()) {
            Some(entry) => Ok(Arc::clone(&entry.job)),
            None => {
                let ids: Vec<&str> = table.jobs.iter().map(|entry| entry.id.as_str()).collect();
                Err(ToolError::Arguments(if ids.is_empty() {
                    "No command runs in the background, and none has.".to_owned()
                } else {
                    format!("There is no command {id:?}. There are {}.", ids.join(", "))
                }))
            }
        }
    }

    /// Lists the commands, a line for each.
    pub(super) fn list(&self) -> String {
        let mut table = self.lock();
        if table.jobs.is_empty() {
            return "No command runs in the background, and none has.".to_owned();
        }
        let mut lines = Vec::new();
        for entry in &mut table.jobs {
            let state = match entry.job.ending() {
                Some(ending) => {
                    entry.is_told = true;
                    ending.describe()
                }
                None => entry.job.age(),
            };
            lines.push(format!("{}: {} ({state})", entry.id, entry.job.describe()));
        }
        lines.join("\n")
    }

    /// Remembers that the model knows how a command has ended.
    pub(super) fn mark_told(&self, job: &Arc<Job>) {
        let mut table = self.lock();
        let entry = table
            .jobs
            .iter_mut()
            .find(|entry| Arc::ptr_eq(&entry.job, job));
        if let Some(entry) = entry {
            entry.is_told = true;
        }
    }

    /// Returns what is to be told of commands that have ended.
    pub(super) fn take_notices(&self) -> Vec<String> {
        let mut table = self.lock();
        table
            .jobs
            .iter_mut()
            .filter(|entry| !entry.is_told)
            .filter_map(|entry| {
                let ending = entry.job.ending()?;
                entry.is_told = true;
                let more = if entry.job.lock_output().has_news() {
                    "; command_output has what it printed"
                } else {
                    ""
                };
                Some(format!(
                    "(the background command {}, {}, has ended: {}{more})",
                    entry.id,
                    entry.job.describe(),
                    ending.describe()
                ))
            })
            .collect()
    }

    /// Ends all commands, and waits until they have ended.
    pub(super) async fn shutdown(&self) {
        let mut tasks = {
            let mut table = self.lock();
            table.jobs.iter().for_each(|entry| entry.job.stop());
            std::mem::take(&mut table.tasks)
        };
        while tasks.join_next().await.is_some() {}
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn is_running(&self) -> bool {
        self.job.ending().is_none()
    }
}
