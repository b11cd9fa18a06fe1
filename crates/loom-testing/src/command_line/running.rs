//! A command while it runs: its lines as they come, its signals, its end.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::thread;

use rustix::process::{Pid, Signal, kill_process_group};

use super::invocation::{Input, Invocation};
use super::output::{Output, Transcript};
use crate::deadline::LIMIT;
use crate::process::ProcessHandle;
use crate::watched::Watched;

/// A running command, from [`Invocation::spawn`]. It is killed when dropped.
///
/// It leads a process group of its own, as a shell would start it.
#[derive(Debug)]
pub struct Running {
    invocation: Invocation,
    child: Child,
    process: ProcessHandle,
    stdout: Arc<Watched<Captured>>,
    stderr: Arc<Watched<Captured>>,
    /// How much of standard output was returned as lines.
    read: usize,
    reaped: bool,
}

/// The output of a process as far as it has come.
#[derive(Debug, Default)]
struct Captured {
    bytes: Vec<u8>,
    closed: bool,
}

impl Running {
    pub(super) fn start(mut invocation: Invocation) -> Self {
        let input = std::mem::take(&mut invocation.input);
        let mut child = invocation
            .clone()
            .into_command()
            .stdin(match &input {
                Input::None => Stdio::null(),
                Input::Text(_) | Input::Open => Stdio::piped(),
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", invocation.describe()));
        if let Input::Text(input) = input
            && let Some(mut stdin) = child.stdin.take()
        {
            // A process need not read its input; then writing it fails, or goes on until the
            // process ends.
            thread::spawn(move || stdin.write_all(&input));
        }
        let stdout = capture(child.stdout.take().expect("standard output is a pipe"));
        let stderr = capture(child.stderr.take().expect("standard error is a pipe"));
        let process =
            ProcessHandle::open(child.id()).expect("a child that was not waited for exists");
        Self {
            invocation,
            child,
            process,
            stdout,
            stderr,
            read: 0,
            reaped: false,
        }
    }

    /// Writes a line to standard input, which must have been left open.
    ///
    /// # Panics
    ///
    /// When it is closed, or the command has ended.
    pub fn write_line(&mut self, line: &str) {
        let stdin = self.child.stdin.as_mut().expect("standard input is open");
        let written = stdin.write_all(format!("{line}\n").as_bytes());
        if let Err(error) = written.and_then(|()| stdin.flush()) {
            panic!(
                "cannot write to the command: {error}\n{}",
                self.transcript()
            );
        }
    }

    /// Closes standard input.
    pub fn close_stdin(&mut self) {
        self.child.stdin = None;
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the next line of standard output; none when there will be no more.
    ///
    /// # Panics
    ///
    /// When none comes within [`LIMIT`](crate::deadline::LIMIT).
    pub fn next_line(&mut self) -> Option<String> {
        let read = self.read;
        let line = self.stdout.wait(LIMIT, |captured| {
            let rest = &captured.bytes[read..];
            match rest.iter().position(|byte| *byte == b'\n') {
                Some(end) => Some(Some(rest[..=end].to_vec())),
                None if captured.closed => Some((!rest.is_empty()).then(|| rest.to_vec())),
                None => None,
            }
        });
        let line = line
            .unwrap_or_else(|| panic!("no line of standard output came:\n{}", self.transcript()))?;
        self.read += line.len();
        Some(
            String::from_utf8_lossy(&line)
                .trim_end_matches('\n')
                .to_owned(),
        )
    }

    /// Waits for a line of standard output that satisfies the condition, and returns it.
    ///
    /// # Panics
    ///
    /// When the output ends without one, or nothing comes within [`LIMIT`](crate::deadline::LIMIT).
    pub fn wait_for_line(&mut self, mut condition: impl FnMut(&str) -> bool) -> String {
        loop {
            match self.next_line() {
                Some(line) if condition(&line) => return line,
                Some(_) => {}
                None => panic!(
                    "the line that was waited for did not come:\n{}",
                    self.transcript()
                ),
            }
        }
    }

    /// Waits until standard error contains this text.
    ///
    /// # Panics
    ///
    /// When it does not within [`LIMIT`](crate::deadline::LIMIT).
    pub fn wait_for_stderr(&self, text: &str) {
        let found = self.stderr.wait(LIMIT, |captured| {
            let found = String::from_utf8_lossy(&captured.bytes).contains(text);
            (found || captured.closed).then_some(found)
        });
        assert!(
            found == Some(true),
            "standard error has no {text:?}:\n{}",
            self.transcript()
        );
    }

    /// Does what Ctrl-C does at a terminal: SIGINT to the whole process group.
    ///
    /// # Panics
    ///
    /// When the group is gone.
    pub fn interrupt(&self) {
        let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let group = group.expect("a child has a process id");
        kill_process_group(group, Signal::INT)
            .expect("the process group of a child can be signalled");
    }

    /// Sends a signal to the process alone.
    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Waits for the end.
    ///
    /// # Panics
    ///
    /// When it does not come within [`LIMIT`](crate::deadline::LIMIT), or when something that the
    /// command started holds its output open.
    #[must_use]
    pub fn wait(mut self) -> Output {
        assert!(
            self.process.ends_within(LIMIT),
            "the command does not end:\n{}",
            self.transcript()
        );
        let status = self.child.wait().expect("a child can be waited for");
        self.reaped = true;
        for captured in [&self.stdout, &self.stderr] {
            let closed = captured.wait(LIMIT, |captured| captured.closed.then_some(()));
            assert!(
                closed.is_some(),
                "the command has ended, but something that it started holds its output open:\n{}",
                self.transcript()
            );
        }
        Output::new(
            self.invocation.describe(),
            self.invocation.folder.clone(),
            status,
            &self.stdout.get().bytes,
            &self.stderr.get().bytes,
        )
    }

    fn group(&self) -> Pid {
        let id = i32::try_from(self.child.id()).ok();
        id.and_then(Pid::from_raw)
            .expect("a child has a process id")
    }

    fn transcript(&self) -> String {
        let text = |captured: &Watched<Captured>| {
            String::from_utf8_lossy(&captured.get().bytes).into_owned()
        };
        Transcript {
            command: &self.invocation.describe(),
            folder: &self.invocation.folder,
            state: if self.reaped { "ended" } else { "none yet" },
            stdout: &text(&self.stdout),
            stderr: &text(&self.stderr),
        }
        .to_string()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.reaped {
            return;
        }
        let group = self.group();
        let home = self.invocation.variables.get(OsStr::new("HOME"));
        let started = home.map_or_else(Vec::new, |home| ProcessHandle::with_home(Path::new(home)));
        let members: Vec<_> = started
            .into_iter()
            .filter(|process| process.is_in_group_of(group))
            .collect();
        let _ = kill_process_group(group, Signal::KILL);
        for member in members {
            member.kill();
        }
        let _ = self.child.wait();
    }
}

/// Reads a pipe to its end on a thread of its own.
fn capture(mut pipe: impl Read + Send + 'static) -> Arc<Watched<Captured>> {
    let captured = Arc::new(Watched::default());
    let shared = Arc::clone(&captured);
    thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(length @ 1..) = pipe.read(&mut buffer) {
            shared.change(|captured: &mut Captured| {
                captured.bytes.extend_from_slice(&buffer[..length])
            });
        }
        shared.change(|captured| captured.closed = true);
    });
    captured
}
