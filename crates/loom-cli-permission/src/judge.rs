//! Brings rules, mode and surroundings to bear on a call.
//!
//! Each thing that a call touches is judged apart, a shell line command by command, and each judgement is a
//! [`Finding`]. The strictest finding decides; of equally strict ones that which says most.

mod commands;
mod files;
mod operands;
mod redirections;
mod remedy;

use std::path::{Path, PathBuf};

use loom_common_core::{Confinement, PermissionMode, Resource, ToolAccess};

use crate::decision::{Act, Cause, Decision, Effect, Reason, Verdict};
use crate::permissions::{PermissionFiles, RuleSet};
use crate::places::{Place, Places};
use crate::rule::{FileUse, Match};
use crate::rule_file::Entry;
use remedy::Remedy;

/// A call that wants to run.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Name of the tool.
    pub tool: &'a str,
    /// What the tool can touch.
    pub access: ToolAccess,
    /// What this call touches, as the tool says.
    pub resources: &'a [Resource],
    /// The folder that the agent works in: absolute, with symbolic links resolved.
    pub workspace: &'a Path,
}

/// What a decision depends on besides rules and mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Whether commands can be kept in a sandbox here.
    pub sandbox_works: bool,
}

/// What is needed to judge a call.
pub(crate) struct Judge<'a> {
    pub(crate) rules: &'a RuleSet,
    pub(crate) places: &'a Places,
    pub(crate) files: &'a PermissionFiles,
    pub(crate) mode: PermissionMode,
    pub(crate) call: &'a Call<'a>,
    pub(crate) surroundings: &'a Surroundings,
}

/// What was found about one part of a call.
struct Finding {
    verdict: Verdict,
    reason: Reason,
    remedy: Remedy,
}

impl Finding {
    fn new(verdict: Verdict, subject: impl Into<String>, cause: Cause) -> Self {
        Self {
            verdict,
            reason: Reason {
                subject: subject.into(),
                cause,
            },
            remedy: Remedy::none(),
        }
    }

    fn remedied(mut self, remedy: Remedy) -> Self {
        self.remedy = remedy;
        self
    }

    /// Orders findings by how much they say.
    fn weight(&self) -> (Verdict, u8) {
        let weight = match &self.reason.cause {
            Cause::Rule { .. } => 5,
            Cause::PossibleRule { .. } => 4,
            Cause::Sensitive { .. } => 3,
            Cause::Unclear { .. } => 2,
            Cause::Mode { .. } => 1,
            Cause::ReadOnly => 0,
        };
        (self.verdict, weight)
    }
}

impl Judge<'_> {
    /// Decides about the call.
    pub(crate) fn decide(&self) -> Decision {
        let mut findings = Vec::new();
        self.whole_tool(&mut findings);
        let mut confinement = Confinement::Free;
        for resource in self.call.resources {
            match resource {
                Resource::Read(path) => {
                    findings.push(self.file(self.call.tool, FileUse::Read, path))
                }
                Resource::Write(path) => {
                    findings.push(self.file(self.call.tool, FileUse::Write, path))
                }
                Resource::Url(address) => findings.push(self.address(address)),
                Resource::Command {
                    line,
                    confinement: wanted,
                } => confinement = self.line(line, *wanted, &mut findings),
            }
        }
        if !self.says_what_it_touches() {
            self.silent_tool(&mut findings);
        }
        let suggestions = remedy::suggestions(&findings);
        let mut decisive: Option<Finding> = None;
        for finding in findings {
            if decisive
                .as_ref()
                .is_none_or(|other| finding.weight() > other.weight())
            {
                decisive = Some(finding);
            }
        }
        let Finding {
            verdict, reason, ..
        } = decisive.unwrap_or_else(|| {
            Finding::new(Verdict::Allow, self.call.tool, self.by_mode(Act::Read))
        });
        Decision {
            verdict,
            confinement,
            reason,
            suggestions: if verdict == Verdict::Ask {
                suggestions
            } else {
                Vec::new()
            },
        }
    }

    /// Applies the rules that deny or ask for the tool as a whole.
    fn whole_tool(&self, findings: &mut Vec<Finding>) {
        for (effect, verdict) in [(Effect::Deny, Verdict::Deny), (Effect::Ask, Verdict::Ask)] {
            if let Some(entry) = self.find(effect, |entry| entry.rule.covers_tool(self.call.tool)) {
                findings.push(Finding::new(verdict, self.call.tool, by_rule(entry)));
            }
        }
    }

    /// Tells whether what the tool can touch is among what it says that this call touches.
    fn says_what_it_touches(&self) -> bool {
        let says = |test: fn(&Resource) -> bool| self.call.resources.iter().any(test);
        match self.call.access {
            ToolAccess::Read => true,
            ToolAccess::Write => says(|resource| matches!(resource, Resource::Write(_))),
            ToolAccess::Execute => says(|resource| matches!(resource, Resource::Command { .. })),
            ToolAccess::Network => says(|resource| matches!(resource, Resource::Url(_))),
        }
    }

    /// Judges a call of which only the tool is known.
    fn silent_tool(&self, findings: &mut Vec<Finding>) {
        let tool = self.call.tool;
        for effect in [Effect::Deny, Effect::Ask] {
            if let Some(entry) = self.find(effect, |entry| entry.rule.narrows_tool(tool)) {
                findings.push(Finding::new(
                    Verdict::Ask,
                    tool,
                    by_possible_rule(entry, None),
                ));
            }
        }
        let changes_nothing = self.call.access.changes_nothing();
        if let Some(entry) = self.find(Effect::Allow, |entry| entry.rule.covers_tool(tool))
            && (changes_nothing || self.mode != PermissionMode::Plan)
        {
            return findings.push(Finding::new(Verdict::Allow, tool, by_rule(entry)));
        }
        let act = match self.call.access {
            ToolAccess::Network => Act::Network,
            _ => Act::Tool,
        };
        let verdict = match self.mode {
            PermissionMode::Plan => Verdict::Deny,
            PermissionMode::Ask | PermissionMode::Auto => Verdict::Ask,
            PermissionMode::Full => Verdict::Allow,
        };
        findings
            .push(Finding::new(verdict, tool, self.by_mode(act)).remedied(Remedy::for_tool(tool)));
    }

    /// Judges an address.
    fn address(&self, address: &str) -> Finding {
        let verdict = match self.mode {
            PermissionMode::Plan => Verdict::Deny,
            PermissionMode::Ask | PermissionMode::Auto => Verdict::Ask,
            PermissionMode::Full => Verdict::Allow,
        };
        let by_mode = Finding::new(verdict, address, self.by_mode(Act::Network))
            .remedied(Remedy::for_address(self.call.tool, address));
        if let Some(finding) = self.forbidden_address(address) {
            let is_stricter = by_mode.verdict > finding.verdict;
            return if is_stricter { by_mode } else { finding };
        }
        let allowing = self.find(Effect::Allow, |entry| {
            entry.rule.covers_tool(self.call.tool)
                || entry
                    .rule
                    .host_pattern()
                    .is_some_and(|pattern| pattern.allows(address))
        });
        match allowing {
            Some(entry) => Finding::new(Verdict::Allow, address, by_rule(entry)),
            None => by_mode,
        }
    }

    /// Applies the rules that deny an address or ask for it.
    fn forbidden_address(&self, address: &str) -> Option<Finding> {
        let mut possible = None;
        for (effect, verdict) in [(Effect::Deny, Verdict::Deny), (Effect::Ask, Verdict::Ask)] {
            for entry in self.rules.with_effect(effect) {
                let pattern = entry.rule.host_pattern();
                match pattern.map(|pattern| pattern.forbids(address)) {
                    Some(Match::Yes) => {
                        return Some(Finding::new(verdict, address, by_rule(entry)));
                    }
                    Some(Match::Maybe) => possible = possible.or(Some(entry)),
                    Some(Match::No) | None => {}
                }
            }
        }
        possible.map(|entry| Finding::new(Verdict::Ask, address, by_possible_rule(entry, None)))
    }

    fn find(&self, effect: Effect, mut test: impl FnMut(&Entry) -> bool) -> Option<&Entry> {
        self.rules.with_effect(effect).find(|entry| test(entry))
    }

    fn by_mode(&self, act: Act) -> Cause {
        Cause::Mode {
            mode: self.mode,
            act,
        }
    }

    fn place<'p>(&'p self, path: &'p Path) -> Place<'p> {
        Place {
            path,
            workspace: self.call.workspace,
            home: self.places.home.as_deref(),
        }
    }

    /// Returns the files that decide about permissions.
    fn deciding_files(&self) -> Vec<PathBuf> {
        let files = [
            &self.files.organization,
            &self.files.user,
            &self.files.personal,
        ];
        files.into_iter().flatten().cloned().collect()
    }
}

fn by_rule(entry: &Entry) -> Cause {
    Cause::Rule {
        rule: entry.rule.clone(),
        effect: entry.effect,
        origin: entry.origin.clone(),
    }
}

fn by_possible_rule(entry: &Entry, why: Option<&str>) -> Cause {
    Cause::PossibleRule {
        rule: entry.rule.clone(),
        effect: entry.effect,
        origin: entry.origin.clone(),
        why: why.map(str::to_owned),
    }
}
