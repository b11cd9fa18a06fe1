//! Rungs: how strong a sandbox this machine allows, and what each of them cannot do.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How commands are confined, from the strongest to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rung {
    /// Namespaces of Loom's own (files, processes, network), Landlock where the kernel has it, and
    /// seccomp.
    Namespaces,
    /// The same with namespaces made by the program `bwrap`, which is allowed to where Loom is not.
    Bubblewrap,
    /// Landlock and seccomp alone.
    Landlock,
    /// No sandbox works here: nothing runs without the person's consent.
    None,
}

impl Rung {
    /// The rungs that confine, in the order in which they are tried.
    pub const ALL: [Self; 3] = [Self::Namespaces, Self::Bubblewrap, Self::Landlock];

    /// Returns the name as options and events spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Namespaces => "namespaces",
            Self::Bubblewrap => "bubblewrap",
            Self::Landlock => "landlock",
            Self::None => "none",
        }
    }

    /// Returns what this rung does not protect from, a sentence each.
    pub fn limits(self) -> &'static [&'static str] {
        match self {
            Self::Namespaces | Self::Bubblewrap => &[],
            Self::Landlock => &[
                "`.git/hooks`, `.git/config` and `.loom` inside the workspace can be written.",
                "Permissions, owners and times of files outside the workspace can be changed.",
                "Terminals of their own (ptys), servers on localhost and unix sockets are refused.",
                "Folders that hold a hidden place, such as the home folder, cannot be listed.",
                "The names and arguments of other processes can be seen.",
            ],
            Self::None => &["Commands can do whatever you can."],
        }
    }
}

impl fmt::Display for Rung {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// What the probe at the start found: the active rung, and why it is not a stronger one.
///
/// Its `Display` is one line, for the status line and `loom doctor`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The active rung.
    pub rung: Rung,
    /// The version of Landlock's interface that is in force; `None` without Landlock.
    pub landlock: Option<u32>,
    /// The stronger rungs that were tried, each with why it does not work.
    pub stronger: Vec<Refusal>,
}

/// Why a rung does not work on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The rung.
    pub rung: Rung,
    /// What went wrong, with what can be done about it where something can.
    pub reason: String,
}

impl Status {
    /// Tells whether commands are confined.
    pub fn is_confined(&self) -> bool {
        self.rung != Rung::None
    }

    /// Returns why each stronger rung does not work, in one line.
    pub fn reasons(&self) -> String {
        let reasons = self.stronger.iter();
        reasons
            .map(|refusal| format!("no {}: {}", refusal.rung, refusal.reason))
            .collect::<Vec<_>>()
            .join("; ")
    }
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.rung)?;
        match (self.rung, self.landlock) {
            (Rung::None, _) => {}
            (Rung::Landlock, Some(version)) => write!(formatter, " {version}, seccomp")?,
            (_, Some(version)) => write!(formatter, ", landlock {version}, seccomp")?,
            (_, None) => formatter.write_str(", seccomp")?,
        }
        if !self.stronger.is_empty() {
            write!(formatter, " ({})", self.reasons())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_one_line_with_the_reasons() {
        let status = Status {
            rung: Rung::Landlock,
            landlock: Some(4),
            stronger: vec![
                Refusal {
                    rung: Rung::Namespaces,
                    reason: "AppArmor denies them".to_owned(),
                },
                Refusal {
                    rung: Rung::Bubblewrap,
                    reason: "bwrap is not installed".to_owned(),
                },
            ],
        };
        assert_eq!(
            status.to_string(),
            "landlock 4, seccomp (no namespaces: AppArmor denies them; no bubblewrap: bwrap is \
             not installed)"
        );
        let status = Status {
            rung: Rung::Namespaces,
            landlock: None,
            stronger: Vec::new(),
        };
        assert_eq!(status.to_string(), "namespaces, seccomp");
    }
}
