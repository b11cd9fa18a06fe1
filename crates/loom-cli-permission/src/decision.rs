//! What comes out of judging a call: the verdict, and why.

use std::fmt;
use std::path::{Path, PathBuf};

use loom_common_core::{Confinement, PermissionMode};
use serde::{Deserialize, Serialize};

use crate::places::Sensitivity;
use crate::rule::Rule;

/// What is decided about a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether it may run.
    pub verdict: Verdict,
    /// Where what it starts runs, if it runs: now, or after the person has said yes.
    pub confinement: Confinement,
    /// Why. Of several reasons the one that weighs most.
    pub reason: Reason,
    /// Rules that would have answered the question, the narrowest first. Empty unless the person is
    /// asked, and where no rule can answer it.
    pub suggestions: Vec<Suggestion>,
}

/// Whether a call may run. The order is from the mildest to the strictest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It may.
    Allow,
    /// The person decides.
    Ask,
    /// It may not.
    Deny,
}

/// Rules that the person can have remembered with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The rules: one for each part of the call that nothing allows yet.
    pub rules: Vec<Rule>,
    /// What they allow, in words.
    pub label: String,
}

/// Why a call was decided as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The part of the call that decided: a command of the line, a path, an address, or the tool.
    pub subject: String,
    /// What decided about it.
    #[serde(flatten)]
    pub cause: Cause,
}

/// What decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum Cause {
    /// A rule hits.
    Rule {
        /// The rule.
        rule: Rule,
        /// What it says.
        effect: Effect,
        /// Where it stands.
        origin: Origin,
    },
    /// A rule that asks or denies may hit; what is only known when the call runs decides that.
    PossibleRule {
        /// The rule.
        rule: Rule,
        /// What it says.
        effect: Effect,
        /// Where it stands.
        origin: Origin,
        /// Why it cannot be told, where there is more to say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// The mode decides, as no rule does.
    Mode {
        /// The mode.
        mode: PermissionMode,
        /// What the call does.
        act: Act,
    },
    /// It cannot be told what the line runs, so that rules that allow do not count, and the mode decides.
    Unclear {
        /// The mode.
        mode: PermissionMode,
        /// Why it cannot be told.
        why: String,
    },
    /// The place is asked for in every mode but full.
    Sensitive {
        /// Why.
        why: Sensitivity,
        /// Whether it is written.
        writes: bool,
    },
    /// It is known to change nothing.
    ReadOnly,
}

/// What a call does, as far as a mode cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// It reads.
    Read,
    /// It changes files of the workspace.
    Edit,
    /// It changes files elsewhere.
    EditOutside,
    /// It runs commands.
    Command,
    /// It runs commands in the sandbox.
    CommandInSandbox,
    /// It runs commands, and the model wants them outside the sandbox.
    CommandOutsideSandbox,
    /// It runs commands, and there is no sandbox that works.
    CommandWithoutSandbox,
    /// It sends something to the network.
    Network,
    /// It calls a tool that does not say what it touches.
    Tool,
}

/// What a rule says about what it hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It may run.
    Allow,
    /// The person is asked.
    Ask,
    /// It may not run.
    Deny,
}

/// Whose rules they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// The organization that the machine belongs to.
    Organization,
    /// The person, everywhere.
    User,
    /// The project: its `.loom/permissions.toml`.
    Project,
    /// The person, in this folder.
    Personal,
    /// The person, until the session ends.
    Session,
    /// A command of the person, or one that they trust, in its turn.
    Command,
}

/// Where a rule stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Whose rule it is.
    pub layer: Layer,
    /// The file; `None` for rules of the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// The line in the file, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
}

impl Decision {
    /// Says in a sentence or two, to the person, why this was decided.
    pub fn for_person(&self) -> String {
        self.reason.to_string()
    }

    /// Says in a sentence or two, to the model, why the call does not run and what to do instead.
    pub fn for_model(&self) -> String {
        let reason = &self.reason;
        match (&reason.cause, self.verdict) {
            (
                Cause::Mode {
                    mode: PermissionMode::Plan,
                    ..
                }
                | Cause::Unclear {
                    mode: PermissionMode::Plan,
                    ..
                },
                Verdict::Deny,
            ) => format!("Denied: {reason}. Say what you would do instead of doing it."),
            (_, Verdict::Deny) => format!(
                "Denied: {reason}. Do not look for a way round it; go on without, or ask the user."
            ),
            (Cause::Unclear { .. }, Verdict::Ask) => format!(
                "This needs the user's approval: {reason}. A plainer command may not need it."
            ),
            (_, Verdict::Ask) => format!("This needs the user's approval: {reason}."),
            (_, Verdict::Allow) => format!("Allowed: {reason}."),
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Allow => "allow",
            Verdict::Ask => "ask",
            Verdict::Deny => "deny",
        };
        write!(formatter, "{verdict}: {}", self.reason)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}`: ", self.subject)?;
        match &self.cause {
            Cause::Rule {
                rule,
                effect,
                origin,
            } => {
                let effect = match effect {
                    Effect::Allow => "allows it",
                    Effect::Ask => "asks for it",
                    Effect::Deny => "denies it",
                };
                write!(formatter, "the rule `{rule}` {effect} ({origin})")
            }
            Cause::PossibleRule {
                rule,
                effect,
                origin,
                why,
            } => {
                let effect = match effect {
                    Effect::Allow => "allows",
                    Effect::Ask => "asks for",
                    Effect::Deny => "denies",
                };
                write!(
                    formatter,
                    "it may be what the rule `{rule}` {effect} ({origin})"
                )?;
                match why {
                    Some(why) => write!(formatter, "; cannot tell: {why}"),
                    None => Ok(()),
                }
            }
            Cause::Mode { mode, act } => write_mode(formatter, *mode, *act),
            Cause::Unclear { mode, why } => {
                write!(formatter, "cannot tell what it runs: {why}; ")?;
                match mode {
                    PermissionMode::Plan => {
                        formatter.write_str("plan mode runs only what is known to read")
                    }
                    PermissionMode::Ask | PermissionMode::Auto => {
                        write!(formatter, "no rule can allow that, and {mode} mode decides")
                    }
                    PermissionMode::Full => formatter.write_str("full mode allows everything"),
                }
            }
            Cause::Sensitive { why, writes } => formatter.write_str(match (why, writes) {
                (Sensitivity::Credentials, false) => {
                    "credentials are kept there, and what is read goes to the model"
                }
                (Sensitivity::Credentials, true) => "credentials are kept there",
                (Sensitivity::Secrets, _) => {
                    "files of this name hold secrets, and what is read goes to the model"
                }
                (Sensitivity::Steering, _) => {
                    "what stands there is run or obeyed later, outside the sandbox"
                }
            }),
            Cause::ReadOnly => formatter.write_str("it is known to change nothing"),
        }
    }
}

fn write_mode(formatter: &mut fmt::Formatter<'_>, mode: PermissionMode, act: Act) -> fmt::Result {
    use PermissionMode::{Ask, Auto, Full, Plan};
    match (mode, act) {
        (_, Act::Read) => formatter.write_str("reading is allowed in every mode"),
        (Full, _) => formatter.write_str("full mode allows everything"),
        (Auto, Act::Edit) => formatter.write_str("auto mode allows edits in the workspace"),
        (Auto, Act::CommandInSandbox) => {
            formatter.write_str("auto mode allows commands in the sandbox")
        }
        (Plan, _) => write!(
            formatter,
            "plan mode only reads and refuses {}",
            act.described()
        ),
        (Ask | Auto, _) => write!(formatter, "{mode} mode asks before {}", act.described()),
    }
}

impl Act {
    fn described(self) -> &'static str {
        match self {
            Self::Read => "reading",
            Self::Edit => "changes of files",
            Self::EditOutside => "changes of files outside the workspace",
            Self::Command | Self::CommandInSandbox => "commands",
            Self::CommandOutsideSandbox => "commands outside the sandbox",
            Self::CommandWithoutSandbox => "commands where no sandbox works",
            Self::Network => "sending something to the network",
            Self::Tool => "calls of tools that do not say what they touch",
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.line) {
            (Some(file), Some(line)) => {
                write!(formatter, "{}, {}:{line}", self.layer, shown(file))
            }
            (Some(file), None) => write!(formatter, "{}, {}", self.layer, shown(file)),
            (None, _) => write!(formatter, "{}", self.layer),
        }
    }
}

fn shown(path: &Path) -> std::path::Display<'_> {
    path.display()
}

impl fmt::Display for Layer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Organization => "rules of the organization",
            Self::User => "your rules",
            Self::Project => "rules of the project",
            Self::Personal => "your rules for this folder",
            Self::Session => "your rules for this session",
            Self::Command => "tools that the command allows itself",
        })
    }
}
