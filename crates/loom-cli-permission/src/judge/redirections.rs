//! Judges the redirections of a shell line.

use std::path::Path;

use loom_common_core::PermissionMode;

use super::commands::{Line, UNKNOWN_FILE};
use super::{Finding, Judge, by_possible_rule};
use crate::decision::{Act, Cause, Effect, Verdict};
use crate::rule::FileUse;
use crate::rule_file::Entry;
use crate::shell::{Open, Redirection};

/// Why a redirection is unclear.
const CONNECTION: &str = "the shell opens a connection to the network for this name";

impl Judge<'_> {
    pub(super) fn redirection(
        &self,
        line: &Line<'_>,
        redirection: &Redirection,
        findings: &mut Vec<Finding>,
    ) {
        let use_of_file = if redirection.writes {
            FileUse::Write
        } else {
            FileUse::Read
        };
        let paths = line
            .folders
            .paths_of(&redirection.target, self.places.home.as_deref());
        let Some(paths) = paths.filter(|_| redirection.target.open == Open::Closed) else {
            return self.unknown_file(line, redirection, use_of_file, findings);
        };
        for path in paths.iter().filter(|path| !is_device(path)) {
            if is_connection(path) {
                findings.push(self.by_mode_alone(line, &redirection.text, CONNECTION));
                continue;
            }
            let mut finding = self.file("", use_of_file, path);
            let by_mode = matches!(finding.reason.cause, Cause::Mode { .. });
            // The sandbox decides about the writing of what runs in it.
            if by_mode
                && finding.verdict == Verdict::Ask
                && self.mode == PermissionMode::Auto
                && line.is_confined
            {
                finding = Finding::new(
                    Verdict::Allow,
                    redirection.text.clone(),
                    self.by_mode(Act::CommandInSandbox),
                );
            }
            if finding.verdict != Verdict::Allow {
                findings.push(finding);
            }
        }
    }

    /// Judges a redirection to or from a file that is only known when the line runs.
    fn unknown_file(
        &self,
        line: &Line<'_>,
        redirection: &Redirection,
        use_of_file: FileUse,
        findings: &mut Vec<Finding>,
    ) {
        let about_files = |entry: &Entry| {
            entry.rule.covers_files(use_of_file)
                || entry.rule.path_pattern_of_kind(use_of_file).is_some()
        };
        let possible = [Effect::Deny, Effect::Ask]
            .into_iter()
            .find_map(|effect| self.find(effect, about_files));
        let subject = redirection.text.clone();
        findings.extend(possible.map(|entry| {
            Finding::new(
                Verdict::Ask,
                subject.clone(),
                by_possible_rule(entry, Some(UNKNOWN_FILE)),
            )
        }));
        findings.push(self.by_mode_alone(line, &subject, UNKNOWN_FILE));
    }
}

/// Tells whether a redirection may change a file.
pub(super) fn writes_a_file(redirection: &Redirection) -> bool {
    let target = &redirection.target;
    let is_device = target.open == Open::Closed && is_device(Path::new(&target.text));
    redirection.writes && !is_device
}

/// Tells whether writing there or reading from there reaches no file.
fn is_device(path: &Path) -> bool {
    matches!(
        path.to_str(),
        Some(
            "/dev/null"
                | "/dev/stdin"
                | "/dev/stdout"
                | "/dev/stderr"
                | "/dev/tty"
                | "/dev/zero"
                | "/dev/urandom"
        )
    )
}

/// Tells whether bash opens a connection instead of a file (Bash Reference Manual, section 3.6).
fn is_connection(path: &Path) -> bool {
    path.starts_with("/dev/tcp") || path.starts_with("/dev/udp")
}
