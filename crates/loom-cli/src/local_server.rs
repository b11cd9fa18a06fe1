//! The server that `loom` starts on this machine and shares between its sessions.
//!
//! The running server describes itself in a state file that only this user can read: address,
//! access token, process, version. Sessions that start at the same moment must not start two
//! servers: whoever finds none takes a lock, looks again, and only then starts one.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::net::TcpStream;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use loom_common_secret::SecretString;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde::Deserialize;
use tokio::time::{Instant, sleep};
use url::Url;

use crate::error::CliError;
use crate::setting::Setting;

/// How long a server may take to be ready. It takes a fraction of a second; a machine under load
/// gets the benefit of the doubt.
const START_LIMIT: Duration = Duration::from_secs(30);
/// How long a server may take to stop: it lets running answers finish.
const STOP_LIMIT: Duration = Duration::from_secs(45);
/// How long a server on this machine may take to accept a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(5);
/// Size, in bytes, past which a log is set aside when the next server starts.
const LOG_LIMIT: u64 = 8 << 20;
/// How much of the end of the log is shown when the server does not start.
const LOG_EXCERPT: u64 = 2000;

/// What a running server says about itself in its state file.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ServerState {
    pub(crate) pid: i32,
    pub(crate) url: Url,
    pub(crate) token: SecretString,
    pub(crate) version: String,
}

/// The place of the server that belongs to this user.
#[derive(Clone)]
pub(crate) struct LocalServer {
    folder: PathBuf,
    program: Option<PathBuf>,
    auto_start: bool,
}

impl LocalServer {
    /// Makes the description from the configuration; starts nothing.
    pub(crate) fn new(setting: &Setting) -> Result<Self, CliError> {
        Ok(Self {
            folder: setting.directories().state()?,
            program: setting.config.value.server.program.clone(),
            auto_start: setting.config.value.server.auto_start,
        })
    }

    /// Returns the running server, or none.
    pub(crate) fn running(&self) -> Result<Option<ServerState>, CliError> {
        let text = match std::fs::read(self.state_file()) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.cannot("read", &self.state_file(), &error)),
        };
        // A server that was killed leaves its file behind; what it says is then of no use, and
        // whether it can be read does not matter.
        let state = serde_json::from_slice::<ServerState>(&text).ok();
        Ok(state.filter(ServerState::is_running))
    }

    /// Returns the running server; starts one if there is none and the person has nothing against
    /// it.
    pub(crate) async fn find_or_start(&self) -> Result<ServerState, CliError> {
        if self.auto_start {
            return self.ensure_running().await;
        }
        self.running()?.ok_or_else(|| {
            CliError::failed("no server runs on this machine")
                .hint("start one with `loom server start`, or name one with --server-url")
        })
    }

    /// Returns the running server; starts one if there is none.
    pub(crate) async fn ensure_running(&self) -> Result<ServerState, CliError> {
        if let Some(state) = self.running()? {
            return Ok(state);
        }
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)
            .map_err(|error| self.cannot("create", &self.folder, &error))?;
        let _lock = self.lock().await?;
        match self.running()? {
            Some(state) => Ok(state),
            None => self.start().await,
        }
    }

    /// Stops the server; returns whether one ran.
    pub(crate) async fn stop(&self) -> Result<bool, CliError> {
        let Some(state) = self.running()? else {
            return Ok(false);
        };
        if let Some(pid) = Pid::from_raw(state.pid) {
            kill_process(pid, Signal::TERM).map_err(io::Error::from)?;
        }
        let deadline = Instant::now() + STOP_LIMIT;
        while is_alive(state.pid) {
            if Instant::now() > deadline {
                return Err(CliError::failed(format!(
                    "loom-server (process {}) does not stop",
                    state.pid
                ))
                .hint(format!("end it with `kill -9 {}`", state.pid)));
            }
            sleep(POLL).await;
        }
        Ok(true)
    }

    /// Returns where the server writes its log.
    pub(crate) fn log_file(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    fn state_file(&self) -> PathBuf {
        self.folder.join("server.json")
    }

    async fn lock(&self) -> Result<File, CliError> {
        let path = self.folder.join("server.lock");
        let open = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .mode(0o600)
            .open(&path);
        let lock = open.map_err(|error| self.cannot("open", &path, &error))?;
        let deadline = Instant::now() + START_LIMIT;
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(lock),
                Err(std::fs::TryLockError::WouldBlock) if Instant::now() < deadline => {
                    sleep(POLL).await;
                }
                Err(std::fs::TryLockError::WouldBlock) => {
                    return Err(CliError::failed(
                        "another loom is starting the server, and takes too long",
                    )
                    .hint(format!("look at {}", self.log_file().display())));
                }
                Err(std::fs::TryLockError::Error(error)) => {
                    return Err(self.cannot("lock", &path, &error));
                }
            }
        }
    }

    async fn start(&self) -> Result<ServerState, CliError> {
        let program = self.find_program()?;
        self.rotate_log()?;
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(self.log_file())
            .map_err(|error| self.cannot("write", &self.log_file(), &error))?;
        let child = Command::new(&program)
            .arg("serve")
            .args(["--host", "127.0.0.1", "--port", "0", "--state-file"])
            .arg(self.state_file())
            .current_dir("/")
            // Many a project has a database of its own under this name; it is not Loom's.
            .env_remove("DATABASE_URL")
            .env_remove("DATABASE_URL_FILE")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // A group of its own: Ctrl-C in this terminal is not meant for the server.
            .process_group(0)
            .spawn()
            .map_err(|error| {
                CliError::failed(format!("cannot run {}: {error}", program.display()))
                    .hint("set LOOM_SERVER_PROGRAM to the path of loom-server")
            })?;
        tracing::debug!(pid = child.id(), "started loom-server");
        let mut starting = Starting(Some(child));
        let deadline = Instant::now() + START_LIMIT;
        loop {
            // None ran before, and the lock keeps others from starting one: it is this one.
            if let Some(state) = self.running()? {
                starting.is_ready();
                return Ok(state);
            }
            if let Some(status) = starting.ended()? {
                return Err(self.start_failed(&format!("it ended with {status}")));
            }
            if Instant::now() > deadline {
                return Err(self.start_failed("it was not ready in time"));
            }
            sleep(POLL).await;
        }
    }

    /// Sets a log aside that has grown, in the place of the one before it.
    fn rotate_log(&self) -> Result<(), CliError> {
        let path = self.log_file();
        match std::fs::metadata(&path) {
            Ok(log) if log.len() > LOG_LIMIT => {
                let aside = path.with_extension("log.1");
                std::fs::rename(&path, &aside).map_err(|error| self.cannot("rename", &path, &error))
            }
            _ => Ok(()),
        }
    }

    fn find_program(&self) -> Result<PathBuf, CliError> {
        if let Some(program) = &self.program {
            return Ok(program.clone());
        }
        let own = std::env::current_exe()?;
        let beside = own.with_file_name("loom-server");
        // Without one beside loom, the search path decides.
        Ok(match beside.is_file() {
            true => beside,
            false => PathBuf::from("loom-server"),
        })
    }

    fn start_failed(&self, why: &str) -> CliError {
        let log = self.log_file();
        let excerpt = end_of(&log).unwrap_or_default();
        let excerpt = excerpt.trim();
        let separator = if excerpt.is_empty() { "" } else { "\n" };
        CliError::failed(format!(
            "loom-server did not start: {why}{separator}{excerpt}"
        ))
        .hint(format!("the whole log is in {}", log.display()))
    }

    fn cannot(&self, verb: &str, path: &Path, error: &io::Error) -> CliError {
        CliError::failed(format!("cannot {verb} {}: {error}", path.display()))
            .hint("LOOM_STATE_DIR names another folder for such files")
    }
}

impl ServerState {
    /// Tells whether the server that wrote this still runs. A process id may be in use again, and
    /// so may a port; that both are is no accident.
    fn is_running(&self) -> bool {
        is_alive(self.pid) && self.listens()
    }

    fn listens(&self) -> bool {
        let addresses = self.url.socket_addrs(|| None).unwrap_or_default();
        addresses
            .iter()
            .any(|address| TcpStream::connect_timeout(address, CONNECT_LIMIT).is_ok())
    }
}

/// Tells whether the process runs: it exists, and does not only wait for its parent to notice
/// that it has ended.
fn is_alive(pid: i32) -> bool {
    let Some(process) = Pid::from_raw(pid).filter(|_| pid > 0) else {
        return false;
    };
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    test_kill_process(process).is_ok() && !stat.contains(") Z ")
}

/// A server that is not ready yet. One that nobody waits for any more is ended: it would be left
/// behind in whatever state it is.
struct Starting(Option<Child>);

impl Starting {
    fn is_ready(&mut self) {
        self.0 = None;
    }

    fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.0.as_mut().map_or(Ok(None), Child::try_wait)
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            // It has ended by itself, or has now.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn end_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LOG_EXCERPT)))?;
    let mut bytes = Vec::new();
    file.take(LOG_EXCERPT).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    // The first line of an excerpt is only a part of one.
    Ok(match length > LOG_EXCERPT {
        true => text
            .split_once('\n')
            .map_or("", |(_, rest)| rest)
            .to_owned(),
        false => text.into_owned(),
    })
}
