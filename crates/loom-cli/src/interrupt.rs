//! Signals that ask a session to stop.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::CliError;

/// Listens for Ctrl-C (SIGINT) and for the requests to end (SIGTERM, SIGHUP).
pub(crate) struct Interrupts {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
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
        })
    }

    /// Waits for the next signal.
    pub(crate) async fn next(&mut self) -> Interrupt {
        tokio::select! {
            _ = self.interrupt.recv() => Interrupt::Stop,
            _ = self.terminate.recv() => Interrupt::End,
            _ = self.hang_up.recv() => Interrupt::End,
        }
    }
}
