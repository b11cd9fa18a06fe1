//! A `loom-server` process for a measurement, started without `loom`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::program;
use crate::process::search_path;
use crate::workspace::Workspace;

/// Where a server keeps its data. It outlives the server, so that another one can start from it.
pub(super) struct DataFolder(TempDir);

impl DataFolder {
    pub(super) fn new() -> anyhow::Result<Self> {
        Ok(Self(
            tempfile::tempdir().context("cannot make a temporary folder")?,
        ))
    }
}

/// A running server, on a free port of loopback; dropping it stops it.
pub(super) struct Server {
    child: Child,
    /// Kept open: a server that cannot write any more would fail.
    _output: BufReader<ChildStdout>,
    address: SocketAddr,
    /// Time from the fork until `/health` had answered 200.
    pub(super) ready_after: Duration,
}

impl Server {
    /// Starts a server and waits until it is healthy.
    pub(super) fn start(workspace: &Workspace, data: &DataFolder) -> anyhow::Result<Self> {
        let mut command = Command::new(program(workspace, "loom-server"));
        command
            .env_clear()
            .env("PATH", std::env::join_paths(search_path())?)
            .env("HOME", data.0.path())
            .env("LOOM_DATA_DIR", data.0.path())
            .env("LOOM_SERVER_PORT", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let start = Instant::now();
        let mut child = command.spawn().context("cannot start `loom-server`")?;
        let mut line = String::new();
        let mut output =
            BufReader::new(child.stdout.take().context("`loom-server` has no output")?);
        output.read_line(&mut line)?;
        let address = line
            .trim_end()
            .rsplit_once("http://")
            .and_then(|(_, address)| address.parse().ok())
            .with_context(|| {
                format!("`loom-server` does not say where it listens, but {line:?}")
            })?;
        let mut server = Self {
            child,
            _output: output,
            address,
            ready_after: Duration::ZERO,
        };
        server.health()?;
        server.ready_after = start.elapsed();
        Ok(server)
    }

    /// Asks for `/health` on a new connection, and fails unless the answer is 200.
    pub(super) fn health(&self) -> anyhow::Result<()> {
        let mut stream = TcpStream::connect(self.address)?;
        write!(
            stream,
            "GET /health HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
            self.address
        )?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        if !answer.starts_with(b"HTTP/1.1 200 ") {
            bail!("/health answered {}", String::from_utf8_lossy(&answer));
        }
        Ok(())
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _ = self.child.wait();
    }
}
