//! Telling a refusal of the sandbox from any other failure, and saying so.

use std::fmt;

use crate::{RefusedHost, Rung};

/// Something that the sandbox has probably refused to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// What it was.
    pub kind: DenialKind,
    /// The line of the output that tells, or an empty text.
    pub evidence: String,
}

/// What was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DenialKind {
    /// A file or folder was to be read or written.
    Files,
    /// The network was to be reached.
    Network,
    /// Hosts were to be reached that are not on the list.
    Hosts(Vec<RefusedHost>),
    /// The kernel was asked for something else that is closed.
    System,
    /// The sandbox could not be set up, and the command did not run.
    NotStarted,
}

impl Denial {
    pub(crate) fn find(
        _rung: Rung,
        _output: &str,
        _exit_code: Option<i32>,
        _refused: Vec<RefusedHost>,
    ) -> Option<Self> {
        None
    }

    /// Returns what the model is told, after the output of the command.
    pub fn for_model(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Denial {
    /// Writes what the person is told.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the sandbox has refused it")
    }
}
