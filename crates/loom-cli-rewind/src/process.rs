//! Which process it was, and whether it still runs.
//!
//! The number of a process is used again, soon after a restart of the machine. Together with the time
//! when it began, and the start of the machine that this time counts from, it is not.

use std::fs;

use serde::{Deserialize, Serialize};

/// A process of this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProcessId {
    number: u32,
    /// In ticks since the start of the machine; `None` when the system does not tell.
    began: Option<u64>,
    /// Names a start of the machine; empty when the system does not tell.
    machine_start: String,
}

impl ProcessId {
    /// Returns this process.
    pub(crate) fn own() -> Self {
        let number = std::process::id();
        Self {
            number,
            began: began(number),
            machine_start: machine_start(),
        }
    }

    /// Tells whether the process runs.
    pub(crate) fn is_alive(&self) -> bool {
        let now = Self {
            number: self.number,
            began: began(self.number),
            machine_start: machine_start(),
        };
        now.began.is_some() && now == *self
    }
}

/// Returns when a process began; `None` when there is none of this number, or it has ended and only its
/// parent has not asked how. See proc_pid_stat(5).
fn began(number: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
    // The name may have anything in it, also spaces and brackets.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    let state = fields.next()?;
    if ["Z", "X"].contains(&state) {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

fn machine_start() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_process_is_alive_until_it_ends_and_another_of_its_number_is_not_it() {
        let own = ProcessId::own();
        assert!(own.is_alive());
        let other = ProcessId {
            began: own.began.map(|began| began + 1),
            ..own.clone()
        };
        assert!(!other.is_alive());
        let before_restart = ProcessId {
            machine_start: "another".to_owned(),
            ..own
        };
        assert!(!before_restart.is_alive());

        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let process = ProcessId {
            number: child.id(),
            began: began(child.id()),
            machine_start: machine_start(),
        };
        assert!(process.is_alive());
        drop(child.stdin.take());
        child.wait().unwrap();
        assert!(!process.is_alive());
    }
}
