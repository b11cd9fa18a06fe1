//! Judges shell lines.
//!
//! Every command of the line needs something that lets it run: a rule, the knowledge that it changes
//! nothing, or the mode. Rules that allow count only in a line of which everything is clear, and only
//! as long as the line stays in the workspace: `cargo test` elsewhere builds what stands elsewhere.

use std::path::PathBuf;

use loom_common_core::{Confinement, PermissionMode};

use super::operands::{Folders, Operands};
use super::redirections::writes_a_file;
use super::remedy::Remedy;
use super::{Finding, Judge, by_possible_rule, by_rule};
use crate::decision::{Act, Cause, Effect, Verdict};
use crate::places::{Sensitivity, is_steering_folder};
use crate::rule::command::CommandPattern;
use crate::rule::{FileUse, Match, SHELL, SHELL_OUTSIDE};
use crate::rule_file::Entry;
use crate::shell::read_only::{self, Reads};
use crate::shell::{self, Assignment, Script, Segment};

/// Programs that run commands in their arguments and that are not taken apart. Their arguments are
/// searched for what is forbidden.
const RUNNERS: &[&str] = &[
    "bwrap",
    "chroot",
    "docker",
    "doas",
    "entr",
    "expect",
    "firejail",
    "flock",
    "gdb",
    "hyperfine",
    "kubectl",
    "ltrace",
    "nsenter",
    "parallel",
    "perf",
    "podman",
    "proxychains",
    "runuser",
    "script",
    "ssh",
    "strace",
    "su",
    "sudo",
    "systemd-run",
    "tmux",
    "torify",
    "unbuffer",
    "unshare",
    "valgrind",
    "watch",
];

pub(super) const UNKNOWN_FILE: &str = "the file is only known when it runs";

/// A line, and what holds for all of its commands.
pub(super) struct Line<'a> {
    script: &'a Script,
    /// Whether it is to run outside of a sandbox that works.
    leaves_sandbox: bool,
    /// Whether it is kept in the sandbox.
    pub(super) is_confined: bool,
    /// Variables that can change what any of its commands does.
    shared: Vec<&'a Assignment>,
    pub(super) folders: Folders,
    /// Whether all of it but changes of folder is known to change nothing.
    only_reads: bool,
}

impl Line<'_> {
    /// Returns the pattern of commands if a rule that denies or asks is about where the line runs.
    fn pattern_that_forbids<'e>(&self, entry: &'e Entry) -> Option<&'e CommandPattern> {
        let is_meant = !entry.rule.is_about_outside() || !self.is_confined;
        entry.rule.command_pattern().filter(|_| is_meant)
    }

    /// Returns what rules call the shell that the line is for.
    fn shell(&self) -> &'static str {
        if self.leaves_sandbox {
            SHELL_OUTSIDE
        } else {
            SHELL
        }
    }
}

impl Judge<'_> {
    /// Judges a line, adds what it finds, and returns where the line runs.
    pub(super) fn line(
        &self,
        text: &str,
        wanted: Confinement,
        findings: &mut Vec<Finding>,
    ) -> Confinement {
        let script = shell::read(text);
        let shared: Vec<_> = script
            .assignments
            .iter()
            .filter(|set| !set.is_harmless())
            .collect();
        let folders = Folders::of(&script, self.call.workspace, self.places.home.as_deref());
        let mut line = Line {
            leaves_sandbox: false,
            is_confined: false,
            only_reads: false,
            script: &script,
            shared,
            folders,
        };
        line.only_reads = script.segments.iter().all(|segment| {
            is_change_of_folder(segment) || segment.is_carrier || self.is_read_only(&line, segment)
        });
        let writes = script.redirections.iter().any(writes_a_file);
        let looks_only = line.only_reads && !writes && script.unclear.is_empty();
        let confinement = match self.mode {
            PermissionMode::Full => Confinement::Free,
            _ if !self.surroundings.sandbox_works => Confinement::Free,
            PermissionMode::Plan => Confinement::Sandboxed,
            // Nothing that only looks needs to leave. And what it looks at may name programs that it
            // then runs, as the settings of a repository do: put there by a command in the sandbox.
            _ if looks_only => Confinement::Sandboxed,
            PermissionMode::Ask | PermissionMode::Auto => wanted,
        };
        line.is_confined = confinement == Confinement::Sandboxed;
        line.leaves_sandbox = self.mode != PermissionMode::Full
            && self.surroundings.sandbox_works
            && !line.is_confined;
        let before = findings.len();
        if !line.is_confined {
            self.unconfined(text, findings);
        }
        for unclear in &script.unclear {
            findings.extend(self.possible_command_rule(&line, &unclear.text, Some(unclear.why)));
            findings.push(self.by_mode_alone(&line, &unclear.text, unclear.why));
        }
        for segment in &script.segments {
            self.segment(&line, segment, findings);
        }
        for redirection in &script.redirections {
            self.redirection(&line, redirection, findings);
        }
        if findings.len() == before {
            findings.push(Finding::new(
                Verdict::Allow,
                shell::shortened(text),
                Cause::ReadOnly,
            ));
        }
        confinement
    }

    /// Applies the rules that deny commands outside of the sandbox or ask for them, whatever the command.
    fn unconfined(&self, text: &str, findings: &mut Vec<Finding>) {
        for (effect, verdict) in [(Effect::Deny, Verdict::Deny), (Effect::Ask, Verdict::Ask)] {
            if let Some(entry) = self.find(effect, |entry| entry.rule.covers_tool(SHELL_OUTSIDE)) {
                findings.push(Finding::new(
                    verdict,
                    shell::shortened(text),
                    by_rule(entry),
                ));
            }
        }
    }

    fn segment(&self, line: &Line<'_>, segment: &Segment, findings: &mut Vec<Finding>) {
        if let Some(finding) = self.forbidden_command(line, segment) {
            findings.push(finding);
        }
        let read_only = self.is_read_only(line, segment);
        let operands = Operands::of(segment, &line.folders, self.places.home.as_deref());
        self.forbidden_operands(&operands, read_only, segment, findings);
        if segment.is_carrier {
            return;
        }
        if read_only && let Some(finding) = self.sensitive_operands(&operands, segment) {
            return findings.push(finding);
        }
        if self.mode != PermissionMode::Plan
            && line.script.unclear.is_empty()
            && let Some(finding) = self.allowed_command(line, segment)
        {
            return findings.push(finding);
        }
        // Outside, what only looks may run what a command in the sandbox has prepared for it.
        let looks_safely = line.is_confined
            || (!line.leaves_sandbox && self.is_readable_anywhere(&operands, segment));
        let is_safe = read_only && looks_safely;
        if is_safe
            || (is_change_of_folder(segment) && (line.folders.stay_inside() || line.only_reads))
        {
            return findings.push(Finding::new(
                Verdict::Allow,
                segment.text.clone(),
                Cause::ReadOnly,
            ));
        }
        let (verdict, act) = self.command_by_mode(line);
        let remedy = if line.script.unclear.is_empty() {
            Remedy::for_command(line.shell(), segment, &line.shared)
        } else {
            Remedy::none()
        };
        findings
            .push(Finding::new(verdict, segment.text.clone(), self.by_mode(act)).remedied(remedy));
    }

    /// Says what the mode decides about a command that nothing else lets run.
    fn command_by_mode(&self, line: &Line<'_>) -> (Verdict, Act) {
        match self.mode {
            PermissionMode::Plan => (Verdict::Deny, Act::Command),
            PermissionMode::Ask => (Verdict::Ask, Act::Command),
            PermissionMode::Full => (Verdict::Allow, Act::Command),
            PermissionMode::Auto if line.is_confined => (Verdict::Allow, Act::CommandInSandbox),
            PermissionMode::Auto if line.leaves_sandbox => {
                (Verdict::Ask, Act::CommandOutsideSandbox)
            }
            PermissionMode::Auto => (Verdict::Ask, Act::CommandWithoutSandbox),
        }
    }

    /// Applies the rules that deny a command or ask for it.
    fn forbidden_command(&self, line: &Line<'_>, segment: &Segment) -> Option<Finding> {
        let runs_others = segment
            .starts
            .iter()
            .filter_map(|start| segment.words.get(*start)?.system_program())
            .any(|name| RUNNERS.contains(&name));
        let mut possible = None;
        for (effect, verdict) in [(Effect::Deny, Verdict::Deny), (Effect::Ask, Verdict::Ask)] {
            for entry in self.rules.with_effect(effect) {
                let Some(pattern) = line.pattern_that_forbids(entry) else {
                    continue;
                };
                match pattern.forbids(segment) {
                    Match::Yes => {
                        return Some(Finding::new(verdict, segment.text.clone(), by_rule(entry)));
                    }
                    Match::Maybe => possible = possible.or(Some(entry)),
                    Match::No if runs_others && pattern.forbids_within(&segment.words) => {
                        possible = possible.or(Some(entry));
                    }
                    Match::No => {}
                }
            }
        }
        possible.map(|entry| {
            Finding::new(
                Verdict::Ask,
                segment.text.clone(),
                by_possible_rule(entry, None),
            )
        })
    }

    /// Finds a rule that asks for or denies commands, which a part of a line that is not clear may hit.
    fn possible_command_rule(
        &self,
        line: &Line<'_>,
        subject: &str,
        why: Option<&str>,
    ) -> Option<Finding> {
        [Effect::Deny, Effect::Ask].into_iter().find_map(|effect| {
            let entry = self.find(effect, |entry| line.pattern_that_forbids(entry).is_some())?;
            Some(Finding::new(
                Verdict::Ask,
                subject,
                by_possible_rule(entry, why),
            ))
        })
    }

    fn allowed_command(&self, line: &Line<'_>, segment: &Segment) -> Option<Finding> {
        // A program that is named from the current folder is another one elsewhere.
        let name = segment.command().first()?;
        let is_relative = name.text.contains('/') && !name.text.starts_with('/') && !name.tilde;
        if is_relative && line.folders.move_away() {
            return None;
        }
        let mut with_shared = segment.clone();
        with_shared
            .assignments
            .extend(line.shared.iter().map(|set| (*set).clone()));
        let entry = self.find(Effect::Allow, |entry| {
            let rule = &entry.rule;
            let is_meant = rule.is_about_outside() || !line.leaves_sandbox;
            let covers = rule.covers_tool(self.call.tool) || rule.covers_tool(SHELL_OUTSIDE);
            let pattern = rule.command_pattern();
            is_meant && (covers || pattern.is_some_and(|pattern| pattern.allows(&with_shared)))
        })?;
        Some(Finding::new(
            Verdict::Allow,
            segment.text.clone(),
            by_rule(entry),
        ))
    }

    /// Tells whether a command is known to change nothing, in this line.
    fn is_read_only(&self, line: &Line<'_>, segment: &Segment) -> bool {
        // In a folder that the line goes to, the settings of a repository may name programs to run.
        let is_git = segment
            .command()
            .first()
            .is_some_and(|word| word.system_program() == Some("git"));
        line.shared.is_empty()
            && segment.assignments.iter().all(Assignment::is_harmless)
            && read_only::reads(segment.command()).is_some()
            && !(is_git && line.folders.move_away())
    }

    /// Judges a part of a line that no rule can allow.
    pub(super) fn by_mode_alone(&self, line: &Line<'_>, subject: &str, why: &str) -> Finding {
        let cause = Cause::Unclear {
            mode: self.mode,
            why: why.to_owned(),
        };
        Finding::new(self.command_by_mode(line).0, subject, cause)
    }

    /// Applies the rules that ask for or deny files to the files that the command names.
    fn forbidden_operands(
        &self,
        operands: &Operands,
        read_only: bool,
        segment: &Segment,
        findings: &mut Vec<Finding>,
    ) {
        // Following links is what takes longest here.
        let steers = self.mode == PermissionMode::Auto && !read_only;
        if !steers && !self.has_rules_about_files() {
            return;
        }
        for path in &operands.paths {
            let forms = super::files::forms(path);
            if let Some(finding) = self.forbidden_file("", FileUse::Read, &forms, &segment.text) {
                findings.push(finding);
            }
            if read_only {
                continue;
            }
            // Whether it is written, and not only read, is not known.
            let forbidden = self.forbidden_file("", FileUse::Write, &forms, &segment.text);
            if let Some(mut finding) = forbidden {
                finding.verdict = Verdict::Ask;
                if let Cause::Rule {
                    rule,
                    effect,
                    origin,
                } = finding.reason.cause
                {
                    finding.reason.cause = Cause::PossibleRule {
                        rule,
                        effect,
                        origin,
                        why: None,
                    };
                }
                findings.push(finding);
            } else if steers && let Some(sensitive) = self.steering_file(&forms) {
                let cause = Cause::Sensitive {
                    why: sensitive,
                    writes: true,
                };
                if !self.allowed_by_name(segment) {
                    findings.push(
                        Finding::new(Verdict::Ask, segment.text.clone(), cause)
                            .remedied(Remedy::for_one_command(SHELL, segment)),
                    );
                }
            }
        }
    }

    fn has_rules_about_files(&self) -> bool {
        let about_files = |entry: &Entry| {
            [FileUse::Read, FileUse::Write]
                .into_iter()
                .any(|use_of_file| {
                    entry.rule.covers_files(use_of_file)
                        || entry.rule.path_pattern_of_kind(use_of_file).is_some()
                })
        };
        [Effect::Deny, Effect::Ask]
            .into_iter()
            .any(|effect| self.find(effect, about_files).is_some())
    }

    /// Tells whether a rule allows the very command.
    fn allowed_by_name(&self, segment: &Segment) -> bool {
        self.find(Effect::Allow, |entry| {
            entry
                .rule
                .command_pattern()
                .is_some_and(|pattern| pattern.allows(segment))
        })
        .is_some()
    }

    fn sensitive_operands(&self, operands: &Operands, segment: &Segment) -> Option<Finding> {
        if self.mode == PermissionMode::Full
            || read_only::reads(segment.command()) == Some(Reads::Nothing)
            || self.allowed_by_name(segment)
        {
            return None;
        }
        let found = operands
            .paths
            .iter()
            .chain(&operands.searched)
            .flat_map(|path| super::files::forms(path))
            .find_map(|form| self.places.sensitive_to_read(&form))
            .map(|sensitive| sensitive.why)
            .or(operands.names_secrets.then_some(Sensitivity::Secrets))?;
        let cause = Cause::Sensitive {
            why: found,
            writes: false,
        };
        Some(
            Finding::new(Verdict::Ask, segment.text.clone(), cause)
                .remedied(Remedy::for_one_command(SHELL, segment)),
        )
    }

    /// Tells whether a command that only reads can reach nothing hidden, outside a sandbox also.
    fn is_readable_anywhere(&self, operands: &Operands, segment: &Segment) -> bool {
        let holds_hidden = |paths: &[PathBuf]| {
            let mut forms = paths.iter().flat_map(|path| super::files::forms(path));
            forms.any(|form| self.places.holds_hidden(&form))
        };
        match read_only::reads(segment.command()) {
            Some(Reads::Nothing) => true,
            Some(Reads::Files) => operands.all_known && !holds_hidden(&operands.searched),
            Some(Reads::Trees) => {
                operands.all_known
                    && !holds_hidden(&operands.searched)
                    && !holds_hidden(&operands.started_in)
                    && !holds_hidden(&operands.paths)
            }
            None => false,
        }
    }

    /// Tells why a file that steers programs may not be touched.
    fn steering_file(&self, forms: &[PathBuf]) -> Option<Sensitivity> {
        let sensitive = self.sensitive(FileUse::Write, forms)?;
        let is_folder = forms.iter().any(|form| is_steering_folder(form));
        (!is_folder).then_some(sensitive.why)
    }
}

pub(super) fn is_change_of_folder(segment: &Segment) -> bool {
    let name = segment
        .command()
        .first()
        .and_then(|word| word.system_program());
    matches!(name, Some("cd" | "pushd"))
}
