//! A command on a terminal: keys go in, a screen comes out.
//!
//! The command runs on a pseudo-terminal as its controlling terminal, so line editing, colours and
//! Ctrl-C work as they do for a person. What it prints is drawn by a terminal emulator in memory,
//! and tests look at that screen.

use std::fmt;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::Arc;
use std::thread;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::invocation::Invocation;
use crate::deadline::LIMIT;
use crate::process::ProcessHandle;
use crate::watched::Watched;

const ROWS: NonZeroU16 = NonZeroU16::new(40).unwrap();
const COLUMNS: NonZeroU16 = NonZeroU16::new(120).unwrap();

/// A command on a terminal, from [`Invocation::spawn_on_terminal`]. It is killed when dropped.
pub struct Terminal {
    command: String,
    child: Box<dyn Child + Send + Sync>,
    process: ProcessHandle,
    keyboard: Box<dyn Write + Send>,
    display: Arc<Watched<Display>>,
    /// Closing it would hang up on the command.
    _master: Box<dyn MasterPty + Send>,
}

/// The emulator, and whether more can come.
struct Display {
    parser: vt100::Parser,
    closed: bool,
}

impl Terminal {
    pub(super) fn start(invocation: Invocation) -> Self {
        let size = PtySize {
            rows: ROWS.get(),
            cols: COLUMNS.get(),
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system()
            .openpty(size)
            .expect("a pseudo-terminal can be opened");
        let mut command = CommandBuilder::new(&invocation.program);
        command.args(&invocation.arguments);
        command.env_clear();
        for (name, value) in &invocation.variables {
            command.env(name, value);
        }
        command.env("TERM", "xterm-256color");
        command.cwd(&invocation.folder);
        let child = pair
            .slave
            .spawn_command(command)
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", invocation.describe()));
        // While this end is open in the test, the other one never reports the end of the output.
        drop(pair.slave);
        let process = child.process_id().and_then(ProcessHandle::open);
        Self {
            command: invocation.describe(),
            child,
            process: process.expect("a child that was not waited for exists"),
            keyboard: pair
                .master
                .take_writer()
                .expect("a terminal can be written to"),
            display: draw(
                pair.master
                    .try_clone_reader()
                    .expect("a terminal can be read from"),
            ),
            _master: pair.master,
        }
    }

    /// Types this text. Enter is `\r`, Ctrl-C `\x03`, Ctrl-D `\x04`, Escape `\x1b`, the up arrow
    /// `\x1b[A`.
    ///
    /// Wait for the prompt first: a line editor throws away what was typed before it began.
    ///
    /// # Panics
    ///
    /// When the terminal is closed.
    pub fn type_keys(&mut self, keys: &str) {
        let typed = self
            .keyboard
            .write_all(keys.as_bytes())
            .and_then(|()| self.keyboard.flush());
        typed.unwrap_or_else(|error| {
            panic!("cannot type {keys:?} ({error}):\n{}", self.transcript())
        });
    }

    /// The text on the screen, without blanks at the ends of lines and without empty lines at the
    /// end.
    #[must_use]
    pub fn screen(&self) -> String {
        self.display.get().text()
    }

    /// Waits until the screen contains this text, and returns the screen.
    ///
    /// # Panics
    ///
    /// When it does not within [`LIMIT`](crate::deadline::LIMIT), or the command ends without it.
    pub fn wait_for(&self, text: &str) -> String {
        let found = self.display.wait(LIMIT, |display| {
            let screen = display.text();
            let found = screen.contains(text);
            (found || display.closed).then_some(found.then_some(screen))
        });
        match found.flatten() {
            Some(screen) => screen,
            None => panic!(
                "{text:?} did not come onto the screen:\n{}",
                self.transcript()
            ),
        }
    }

    /// Waits for the end and returns the exit code, 1 when a signal ended the command.
    ///
    /// # Panics
    ///
    /// When it does not end within [`LIMIT`](crate::deadline::LIMIT).
    #[must_use]
    pub fn wait(mut self) -> u32 {
        assert!(
            self.process.ends_within(LIMIT),
            "the command does not end:\n{}",
            self.transcript()
        );
        self.child
            .wait()
            .expect("a child can be waited for")
            .exit_code()
    }

    fn transcript(&self) -> String {
        format!(
            "command: {}\n--- screen ---\n{}\n",
            self.command,
            self.screen()
        )
    }
}

impl Display {
    fn text(&self) -> String {
        let contents = self.parser.screen().contents();
        let lines: Vec<_> = contents.lines().map(str::trim_end).collect();
        lines.join("\n").trim_end().to_owned()
    }
}

impl fmt::Debug for Terminal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Terminal")
            .field("command", &self.command)
            .finish_non_exhaustive()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A command that was waited for is gone, and its handle signals nobody.
        self.process.kill();
        let _ = self.child.wait();
    }
}

/// Feeds what the command prints to the emulator, on a thread of its own.
fn draw(mut output: Box<dyn Read + Send>) -> Arc<Watched<Display>> {
    let display = Arc::new(Watched::new(Display {
        parser: vt100::Parser::new(ROWS, COLUMNS, 0),
        closed: false,
    }));
    let shared = Arc::clone(&display);
    thread::spawn(move || {
        let mut buffer = [0; 8192];
        // When the last process has closed the terminal, reading it fails.
        while let Ok(length @ 1..) = output.read(&mut buffer) {
            shared.change(|display| display.parser.process(&buffer[..length]));
        }
        shared.change(|display| display.closed = true);
    });
    display
}
