//! Telling a refusal of the sandbox from any other failure, and saying so.
//!
//! The kernel does not say who refused: a command prints "Permission denied" or "Network is
//! unreachable" in words of its own, and ends with a code of its own. So this is a guess from the
//! last lines of the output. A line about a path that the command may write is no evidence; what the
//! proxy has refused is certain.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::{RefusalReason, RefusedHost};

/// How much of the end of the output is looked at, in bytes.
const LOOKED_AT: usize = 64 * 1024;

/// How much of a line is shown, in characters.
const MAX_EVIDENCE: usize = 200;

/// What programs and libraries print when there is no network.
const OF_NETWORK: &[&str] = &[
    "network is unreachable",
    "could not resolve host",
    "couldn't resolve host",
    "could not resolve proxy",
    "temporary failure in name resolution",
    "temporary failure resolving",
    "failed to lookup address information",
    "name or service not known",
    "unable to resolve host address",
    "no such host",
    "getaddrinfo eai_again",
    "getaddrinfo enotfound",
    "enetunreach",
    "eai_again",
    "dial tcp",
    "dial udp",
    "failed to establish a new connection",
    "socket: operation not permitted",
    "socket: permission denied",
    "can't create socket",
    "address family not supported by protocol",
    "could not create socket",
    "unable to connect to the server",
];

/// What they print when the proxy has refused.
const OF_PROXY: &[&str] = &[
    "is not on the list of allowed hosts",
    "connect tunnel failed, response 403",
    "received http code 403 from proxy",
    "tunnel connection failed: 403",
    "proxy responded with non 200 code: 403",
];

/// What they print when a file cannot be touched.
const OF_FILES: &[&str] = &[
    "read-only file system",
    "permission denied",
    "invalid cross-device link",
    "erofs",
    "eacces",
    "device or resource busy",
];

/// What they print when the kernel refuses something else.
const OF_SYSTEM: &[&str] = &[
    "operation not permitted",
    "eperm",
    "bad system call",
    "no new privileges",
];

/// Something that the sandbox has probably refused to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// What it was.
    pub kind: DenialKind,
    /// The line of the output that tells, shortened; `None` where the proxy tells.
    pub evidence: Option<String>,
    /// The folders that commands may write; the first is the workspace.
    pub writable: Vec<PathBuf>,
}

/// What was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DenialKind {
    /// A file or folder was to be read or written.
    Files,
    /// The network was to be reached, and there is none.
    Network,
    /// Hosts were to be reached that may not be; possibly none is known by name.
    Hosts(Vec<RefusedHost>),
    /// The kernel was asked for something else that is closed.
    System,
    /// The sandbox could not be set up, and the command did not run.
    NotStarted,
}

/// What a guess is made from.
#[derive(Debug)]
pub(crate) struct Circumstances<'a> {
    /// What the command printed, or the end of it.
    pub(crate) output: &'a str,
    /// What it ended with; `None` by a signal.
    pub(crate) exit_code: Option<i32>,
    /// What the proxy has refused meanwhile.
    pub(crate) refused: Vec<RefusedHost>,
    /// The folders that it may write.
    pub(crate) writable: &'a [PathBuf],
    /// Places in those that it may not write or see.
    pub(crate) closed: &'a [PathBuf],
}

impl Denial {
    /// Guesses what the sandbox has refused, if anything.
    pub(crate) fn find(circumstances: Circumstances<'_>) -> Option<Self> {
        let Circumstances {
            output,
            exit_code,
            refused,
            writable,
            closed,
        } = circumstances;
        let denial = |kind, evidence: Option<&str>| Self {
            kind,
            evidence: evidence.map(|line| line.chars().take(MAX_EVIDENCE).collect()),
            writable: writable.to_vec(),
        };
        if exit_code == Some(0) {
            return None;
        }
        let tail = tail(output);
        if exit_code == Some(i32::from(crate::launcher::FAILED))
            && let Some(line) = last_line_with(tail, &[crate::launcher::COMPLAINT], |_| true)
        {
            return Some(denial(DenialKind::NotStarted, Some(line)));
        }
        if !refused.is_empty() {
            return Some(denial(DenialKind::Hosts(refused), None));
        }
        let anything = |_: &str| true;
        if let Some(line) = last_line_with(tail, OF_PROXY, anything) {
            return Some(denial(DenialKind::Hosts(Vec::new()), Some(line)));
        }
        if let Some(line) = last_line_with(tail, OF_NETWORK, anything) {
            return Some(denial(DenialKind::Network, Some(line)));
        }
        // `ssh` and the like say it of the other side.
        let is_ours =
            |line: &str| !line.contains("(publickey") && !is_only_about(line, writable, closed);
        if let Some(line) = last_line_with(tail, OF_FILES, is_ours) {
            return Some(denial(DenialKind::Files, Some(line)));
        }
        let line = last_line_with(tail, OF_SYSTEM, is_ours)?;
        Some(denial(DenialKind::System, Some(line)))
    }

    /// Returns what the model is told after the output of the command: what was refused, what it
    /// can do instead, and how to ask for more.
    pub fn for_model(&self) -> String {
        let folders: Vec<String> = self
            .writable
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        if let DenialKind::Hosts(hosts) = &self.kind
            && hosts.iter().any(|host| !host.is_private())
        {
            return format!(
                "({self}. Commands reach hosts on a list only, and the person decides what is on it.)"
            );
        }
        let instead = match &self.kind {
            DenialKind::Files => format!(
                "Commands can write in {} only ($TMPDIR is for temporary files), and cannot see \
                 credentials.",
                folders.join(", ")
            ),
            DenialKind::Network => "Commands have no network.".to_owned(),
            DenialKind::Hosts(hosts) if hosts.is_empty() => {
                "Commands reach hosts on a list only.".to_owned()
            }
            DenialKind::Hosts(_) => "Commands reach hosts of the public internet only.".to_owned(),
            DenialKind::System => {
                "Commands cannot touch other processes, mounts, devices and the like.".to_owned()
            }
            DenialKind::NotStarted => "The command did not run.".to_owned(),
        };
        format!(
            "({self}. {instead} If the command needs this, run it again with `outside_sandbox: \
             true`, which asks the person; else find a way without.)"
        )
    }
}

impl fmt::Display for Denial {
    /// Writes what was refused, for the person: one line, without a full stop.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match &self.kind {
            DenialKind::Files => "has probably refused access to a file",
            DenialKind::Network => "has no network",
            DenialKind::Hosts(hosts) if hosts.is_empty() => "has refused a host",
            DenialKind::Hosts(hosts) => {
                let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
                return write!(
                    formatter,
                    "the sandbox has refused a host: {}",
                    hosts.join(", ")
                );
            }
            DenialKind::System => "has probably refused a request to the system",
            DenialKind::NotStarted => "could not be set up",
        };
        write!(formatter, "the sandbox {what}")?;
        match &self.evidence {
            Some(line) => write!(formatter, ": {line}"),
            None => Ok(()),
        }
    }
}

impl RefusedHost {
    fn is_private(&self) -> bool {
        self.reason == RefusalReason::PrivateAddress
    }
}

/// Returns the end of the output, from the start of a character.
fn tail(output: &str) -> &str {
    let mut start = output.len().saturating_sub(LOOKED_AT);
    while !output.is_char_boundary(start) {
        start += 1;
    }
    &output[start..]
}

/// Returns the last line in which one of `phrases` stands, in whatever case, and that `fits`.
fn last_line_with<'a>(
    text: &'a str,
    phrases: &[&str],
    fits: impl Fn(&str) -> bool,
) -> Option<&'a str> {
    text.lines().rev().map(str::trim).find(|line| {
        let lower = line.to_ascii_lowercase();
        phrases.iter().any(|phrase| lower.contains(phrase)) && fits(line)
    })
}

/// Tells whether a line names absolute paths, and all of them may be written.
fn is_only_about(line: &str, writable: &[PathBuf], closed: &[PathBuf]) -> bool {
    let below =
        |path: &Path, folders: &[PathBuf]| folders.iter().any(|folder| path.starts_with(folder));
    let mut paths = paths(line).peekable();
    paths.peek().is_some() && paths.all(|path| below(path, writable) && !below(path, closed))
}

/// Finds the absolute paths in a line. A path ends where blanks, quotes and colons are; one with
/// blanks inside is found up to there, which is enough to tell the folder.
fn paths(line: &str) -> impl Iterator<Item = &Path> {
    line.split(|letter: char| letter.is_whitespace() || "'\"`:,;()[]‘’“”".contains(letter))
        .filter(|word| word.len() > 1 && word.starts_with('/'))
        .map(Path::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(output: &str, exit_code: Option<i32>) -> Option<Denial> {
        Denial::find(Circumstances {
            output,
            exit_code,
            refused: Vec::new(),
            writable: &[PathBuf::from("/project"), PathBuf::from("/tmp/loom/tmp")],
            closed: &[PathBuf::from("/project/.git/hooks")],
        })
    }

    fn kind(output: &str) -> Option<DenialKind> {
        find(output, Some(1)).map(|denial| denial.kind)
    }

    #[test]
    fn what_programs_print_is_recognised() {
        for (line, expected) in [
            (
                "touch: cannot touch '/etc/x': Read-only file system",
                DenialKind::Files,
            ),
            (
                "bash: /home/ada/.bashrc: Permission denied",
                DenialKind::Files,
            ),
            (
                "Error: EACCES: permission denied, open '/root/x'",
                DenialKind::Files,
            ),
            (
                "touch: cannot touch '/project/.git/hooks/x': Read-only file system",
                DenialKind::Files,
            ),
            (
                "ln: failed to create hard link 'a' => '/etc/x': Invalid cross-device link",
                DenialKind::Files,
            ),
            (
                "curl: (6) Could not resolve host: example.com",
                DenialKind::Network,
            ),
            ("connect: Network is unreachable", DenialKind::Network),
            (
                "dial tcp: lookup proxy.golang.org: no such host",
                DenialKind::Network,
            ),
            (
                "curl: (56) CONNECT tunnel failed, response 403",
                DenialKind::Hosts(Vec::new()),
            ),
            (
                "unshare: unshare failed: Operation not permitted",
                DenialKind::System,
            ),
        ] {
            assert_eq!(kind(line), Some(expected), "{line}");
        }
    }

    #[test]
    fn other_failures_are_not_taken_for_the_sandboxes() {
        for line in [
            "",
            "error[E0308]: mismatched types",
            "bash: /project/script.sh: Permission denied",
            "git@example.com: Permission denied (publickey).",
            "cat: x: No such file or directory",
            "connect to 127.0.0.1 port 1: Connection refused",
        ] {
            assert_eq!(kind(line), None, "{line}");
        }
    }

    #[test]
    fn a_command_that_succeeds_was_refused_nothing() {
        assert_eq!(find("x: Permission denied", Some(0)), None);
        assert!(find("x: Permission denied", None).is_some());
    }

    #[test]
    fn the_model_is_told_what_is_allowed_and_how_to_ask() {
        let denial = find(
            "touch: cannot touch '/etc/x': Read-only file system",
            Some(1),
        )
        .unwrap();
        assert_eq!(
            denial.for_model(),
            "(the sandbox has probably refused access to a file: touch: cannot touch '/etc/x': \
             Read-only file system. Commands can write in /project, /tmp/loom/tmp only ($TMPDIR is for \
             temporary files), and cannot see credentials. If the command needs this, run it again \
             with `outside_sandbox: true`, which asks the person; else find a way without.)"
        );
    }

    #[test]
    fn refused_hosts_are_named() {
        let refused = RefusedHost {
            host: "example.com".to_owned(),
            port: 443,
            reason: RefusalReason::NotListed,
        };
        let denial = Denial::find(Circumstances {
            output: "fatal: unable to access",
            exit_code: Some(128),
            refused: vec![refused],
            writable: &[],
            closed: &[],
        });
        let denial = denial.unwrap();
        assert_eq!(
            denial.to_string(),
            "the sandbox has refused a host: example.com:443 is not on the list of allowed hosts"
        );
        assert_eq!(
            denial.for_model(),
            format!(
                "({denial}. Commands reach hosts on a list only, and the person decides what is on \
                 it.)"
            )
        );
    }

    #[test]
    fn a_launcher_that_gives_up_is_told_from_a_command_with_its_code() {
        let output = "loom sandbox: cannot cover /home/ada/.ssh: Device or resource busy\n";
        assert_eq!(
            find(output, Some(125)).unwrap().kind,
            DenialKind::NotStarted
        );
        assert_eq!(find("done\n", Some(125)), None);
    }

    #[test]
    fn the_end_of_a_long_output_is_cut_between_characters() {
        let output = format!("{}\nx: Permission denied", "é".repeat(LOOKED_AT));
        assert_eq!(kind(&output), Some(DenialKind::Files));
    }
}
