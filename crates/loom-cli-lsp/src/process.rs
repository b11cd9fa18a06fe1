//! The process of a server: its start, what it says besides the protocol, and its end.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use loom_cli_tools::{ProcessTree, new_mark};
use process_wrap::tokio::{ChildWrapper, CommandWrap, ProcessSession};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

/// How long a server has to end by itself once it was asked to by the protocol.
const EXIT_GRACE: Duration = Duration::from_secs(1);

/// How long it has to end once it was asked to by a signal.
const GRACE: Duration = Duration::from_millis(500);

/// The same when it is dropped, which blocks a thread.
const DROP_GRACE: Duration = Duration::from_millis(200);

/// Lines of the error output that are kept, and bytes of each.
const MAX_LINES: usize = 40;
const MAX_LINE: u64 = 400;

/// After how many lines of the error output there is a pause: a server that floods it is slowed
/// down by its full pipe.
const BURST: usize = 1000;
const PAUSE: Duration = Duration::from_millis(50);

/// How a program is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Variables to set over the environment of servers.
    pub environment: Vec<(OsString, OsString)>,
}

/// Turns a program and its arguments into what is to be started for it: in a sandbox, for one.
pub type Launcher = Arc<dyn Fn(&Path, &[String]) -> io::Result<Launch> + Send + Sync>;

/// Finds a program in the `PATH` of an environment. Folders that are relative or lie in the
/// workspace are left out, as what is in there came with the project.
pub(crate) fn find(
    program: &str,
    environment: &[(OsString, OsString)],
    workspace: &Path,
) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt as _;
    let is_program = |path: &Path| {
        path.metadata()
            .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
    };
    let given = Path::new(program);
    if given.is_absolute() {
        return is_program(given).then(|| given.to_owned());
    }
    if program.contains('/') || program.is_empty() {
        return None;
    }
    let (_, path) = environment.iter().find(|(name, _)| name == "PATH")?;
    std::env::split_paths(path)
        .filter(|folder| folder.is_absolute() && !folder.starts_with(workspace))
        .map(|folder| folder.join(program))
        .find(|path| is_program(path))
}

/// The process of a server. Dropping it kills the server and all that it started.
#[derive(Debug)]
pub(crate) struct ServerProcess {
    child: Box<dyn ChildWrapper>,
    /// None once the server was waited for, as its number may be another's from then on.
    tree: Option<ProcessTree>,
    words: Arc<Words>,
    listening: AbortHandle,
}

impl ServerProcess {
    /// Starts a server.
    pub(crate) fn start(
        launch: &Launch,
        folder: &Path,
        environment: &[(OsString, OsString)],
    ) -> io::Result<(Self, ChildStdout, ChildStdin)> {
        let mark = new_mark();
        let mut command = Command::new(&launch.program);
        let variables = environment.iter().chain(&launch.environment);
        command
            .args(&launch.arguments)
            .current_dir(folder)
            .env_clear()
            .envs(variables.map(|(name, value)| (name, value)))
            .env(mark.0, &mark.1)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = CommandWrap::from(command)
            .wrap(ProcessSession)
            .spawn()?
            .into_inner();
        let tree = child.id().map(|leader| ProcessTree::new(leader, &mark));
        let (stdin, stdout) = (child.stdin().take(), child.stdout().take());
        let words = Arc::new(Words::default());
        let listening = match child.stderr().take() {
            Some(stderr) => tokio::spawn(listen(stderr, Arc::clone(&words))),
            None => tokio::spawn(async {}),
        };
        let process = Self {
            child,
            tree,
            words,
            listening: listening.abort_handle(),
        };
        match (stdout, stdin) {
            (Some(stdout), Some(stdin)) => Ok((process, stdout, stdin)),
            _ => Err(io::Error::other("the program has no pipes")),
        }
    }

    /// Ends the server, by force when it does not end by itself. Returns what it had to say.
    pub(crate) async fn end(mut self) -> Option<String> {
        if timeout(EXIT_GRACE, self.child.wait()).await.is_err()
            && let Some(tree) = self.tree.clone()
        {
            // Should it panic, the drop tries again.
            let killed = tokio::task::spawn_blocking(move || tree.kill(GRACE)).await;
            let _ = timeout(GRACE, self.child.wait()).await;
            if killed.is_ok() {
                self.tree = None;
            }
        }
        self.words.telling()
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        self.listening.abort();
        if let Some(tree) = &self.tree {
            tree.kill(DROP_GRACE);
        }
    }
}

/// What a server wrote to its error output: the first lines and the last.
#[derive(Debug, Default)]
struct Words(Mutex<(Vec<String>, VecDeque<String>)>);

impl Words {
    fn push(&self, line: String) {
        let mut words = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (first, last) = &mut *words;
        if first.len() < MAX_LINES / 2 {
            first.push(line);
        } else {
            if last.len() >= MAX_LINES / 2 {
                last.pop_front();
            }
            last.push_back(line);
        }
    }

    /// Returns the line that tells most: the first that speaks of an error, or else the last.
    fn telling(&self) -> Option<String> {
        let words = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = || words.0.iter().chain(&words.1);
        let is_error = |line: &&String| {
            let line = line.to_lowercase();
            ["error", "panic", "fatal", "cannot", "not found"]
                .iter()
                .any(|word| line.contains(word))
        };
        lines().find(is_error).or_else(|| lines().last()).cloned()
    }
}

/// Listens to the error output until its end.
async fn listen(stderr: ChildStderr, words: Arc<Words>) {
    let mut reader = BufReader::new(stderr);
    let mut count = 0_usize;
    loop {
        let mut line = Vec::new();
        // A longer line comes in pieces.
        match (&mut reader)
            .take(MAX_LINE)
            .read_until(b'\n', &mut line)
            .await
        {
            Ok(1..) => {}
            Ok(0) | Err(_) => return,
        }
        let text = String::from_utf8_lossy(&line);
        if !text.trim().is_empty() {
            words.push(text.trim().to_owned());
        }
        count += 1;
        if count.is_multiple_of(BURST) {
            sleep(PAUSE).await;
        }
    }
}
