//! The shell of a session: which program it is, what it inherits, where it is confined.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use loom_cli_sandbox::{Rung, Sandbox};
use loom_common_core::{Confinement, ToolContext};

use super::environment::CommandEnvironment;
use super::jobs::Jobs;
use super::processes::{ProcessTree, mark_within, new_mark};
use super::running::{Launch, Running};
use crate::error::ToolError;

/// Where programs are looked for without a `PATH`.
const USUAL_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// How long what was left behind has to end by itself when the session ends.
const GRACE: Duration = Duration::from_secs(2);

/// The same when the session did not end properly, which blocks a thread.
const DROP_GRACE: Duration = Duration::from_millis(300);

/// Starts the commands of a session, and knows those in the background.
pub(crate) struct Shell {
    program: &'static str,
    environment: CommandEnvironment,
    sandbox: Option<Arc<Sandbox>>,
    jobs: Jobs,
    /// What the marks of all commands begin with.
    mark: (&'static str, String),
    /// How many commands were started since the last shutdown.
    started: AtomicU64,
}

impl Shell {
    /// Makes the shell. Commands inherit `environment`.
    pub(crate) fn new(environment: CommandEnvironment, sandbox: Option<Arc<Sandbox>>) -> Self {
        Self {
            program: find_program(&environment),
            environment,
            sandbox,
            jobs: Jobs::default(),
            mark: new_mark(),
            started: AtomicU64::new(0),
        }
    }

    /// Returns the commands in the background.
    pub(super) fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    /// Tells whether there is a sandbox, be it one that does not work here.
    pub(super) fn has_sandbox(&self) -> bool {
        self.sandbox.is_some()
    }

    /// Returns where a command runs when its call wants nothing else. Without a sandbox that works
    /// it is free, and rules of permission should know that.
    pub(super) fn usual_confinement(&self) -> Confinement {
        match &self.sandbox {
            Some(sandbox) if sandbox.rung() != Rung::None => Confinement::Sandboxed,
            _ => Confinement::Free,
        }
    }

    /// Returns the sandbox that a command runs in which is to be confined so. A session that has no
    /// sandbox runs everything free: whether it may is decided before.
    pub(super) fn sandbox_of(&self, confinement: Confinement) -> Option<&Sandbox> {
        match confinement {
            Confinement::Sandboxed => self.sandbox.as_deref(),
            Confinement::Free => None,
        }
    }

    /// Starts a command in the folder of the workspace.
    ///
    /// # Errors
    ///
    /// [`ToolError::Io`] when no shell can be started, and [`ToolError::Failed`] when the sandbox
    /// cannot take it.
    pub(super) fn start(&self, line: &str, context: &ToolContext) -> Result<Running, ToolError> {
        let sandbox = self.sandbox_of(context.confinement);
        let confinement = match sandbox {
            Some(_) => Confinement::Sandboxed,
            None => Confinement::Free,
        };
        let mut environment: Vec<(OsString, OsString)> = self
            .environment
            .variables(confinement)
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let mut program = OsString::from(self.program);
        let mut arguments = vec![OsString::from("-c"), OsString::from(line)];
        if let Some(sandbox) = sandbox {
            let wrapped = sandbox.command(&program, &arguments).map_err(|error| {
                ToolError::Failed(format!(
                    "{error}. To run the command all the same, ask for it with outside_sandbox."
                ))
            })?;
            program = wrapped.program.into_os_string();
            arguments = wrapped.arguments;
            environment.extend(wrapped.environment);
        }
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        Running::start(Launch {
            program: &program,
            arguments: &arguments,
            folder: &context.workspace,
            environment,
            mark: mark_within(&self.mark, number),
        })
        .map_err(|source| ToolError::Io {
            action: format!("start a shell in {}", context.workspace.display()),
            source,
        })
    }

    /// Ends all that the commands have started.
    pub(super) async fn shutdown(&self) {
        self.jobs.shutdown().await;
        if self.started.swap(0, Ordering::Relaxed) > 0 {
            let left_behind = ProcessTree::marked(&self.mark);
            // A panic in there leaves nothing more to be done.
            let _ = tokio::task::spawn_blocking(move || left_behind.kill(GRACE)).await;
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        if *self.started.get_mut() > 0 {
            ProcessTree::marked(&self.mark).kill(DROP_GRACE);
        }
    }
}

/// Returns `bash`, or `sh` where there is none.
fn find_program(environment: &CommandEnvironment) -> &'static str {
    let path = environment
        .variables(Confinement::Free)
        .find(|(name, _)| *name == "PATH")
        .map_or(OsStr::new(USUAL_PATH), |(_, path)| path);
    let mut folders = std::env::split_paths(path);
    let has_bash = |folder: PathBuf| is_program(&folder.join("bash"));
    if folders.any(has_bash) { "bash" } else { "sh" }
}

fn is_program(path: &Path) -> bool {
    path.is_file()
}
