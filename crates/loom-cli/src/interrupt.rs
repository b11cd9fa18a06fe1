//! Signals that ask a session to stop.

use futures::FutureExt;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::CliError;

/// Listens for Ctrl-C (SIGINT) and for the requests to end (SIGTERM, SIGHUP, SIGQUIT).
pub(crate) struct Interrupts {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
    quit: Signal,
}

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interrupt {
    /// Stop what you do.
    Stop,
    /// End.
    End,
}

impl Interrupts {
    /// Starts to listen. From here on the signals do not end the process by themselves.
    pub(crate) fn listen() -> Result<Self, CliError> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            quit: signal(SignalKind::quit())?,
        })
    }

    /// Waits for the next signal. One that came before counts.
    pub(crate) async fn next(&mut self) -> Interrupt {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => Interrupt::End,
            _ = self.hang_up.recv() => Interrupt::End,
            _ = self.quit.recv() => Interrupt::End,
            _ = self.interrupt.recv() => Interrupt::Stop,
        }
    }

    /// Forgets a Ctrl-C that came before there was something to stop.
    pub(crate) fn forget(&mut self) {
        let _ = self.interrupt.recv().now_or_never();
    }
}
