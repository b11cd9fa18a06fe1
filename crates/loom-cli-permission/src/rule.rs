//! Rules as people write them: `tool` or `tool(pattern)`.
//!
//! What a pattern is depends on the tool: for `bash` a command ([`command`]), for `web_fetch` a host
//! ([`host`]), for all others a path ([`path`]). Besides the names of tools there are two that stand for
//! what any tool does to files, shell lines included: `read` and `edit`; and `bash_outside` stands for commands
//! outside of the sandbox. In the name of a tool `*` stands
//! for any characters, and then there is no pattern: `mcp__github__*`.

pub(crate) mod command;
pub(crate) mod host;
pub(crate) mod path;
mod wildcard;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::rule::command::CommandPattern;
use crate::rule::host::HostPattern;
use crate::rule::path::PathPattern;
use crate::rule::wildcard::Wildcard;

/// The tool whose patterns are commands.
pub(crate) const SHELL: &str = "bash";

/// Stands for lines that the shell runs outside of the sandbox. What a rule for the shell lets run in the
/// sandbox it does not let out of it: in there less can go wrong.
pub(crate) const SHELL_OUTSIDE: &str = "bash_outside";

/// The tool whose patterns are hosts.
const FETCH: &str = "web_fetch";

/// Stands for all that any tool reads.
const READ: &str = "read";

/// Stands for all that any tool changes.
const EDIT: &str = "edit";

/// Tools that hand out what is in files.
const READING_TOOLS: &[&str] = &["read_file", "list_files", "glob", "grep", "view_image"];

/// Tools that change files.
const WRITING_TOOLS: &[&str] = &["edit_file", "write_file", "apply_patch", "edit_notebook"];

/// What a rule is about: calls of a tool, or those that touch what a pattern describes.
///
/// As text it is `tool` or `tool(pattern)`; [`FromStr`] and [`Display`](fmt::Display) are each other's
/// inverse but for spaces and quotes that make no difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rule {
    tool: Wildcard,
    pattern: Option<Pattern>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    Command(CommandPattern),
    Host(HostPattern),
    Path(PathPattern),
}

/// Text that is not a rule. Trying again does not help; the text must be changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{rule}` is not a rule: {kind} (at character {column})")]
pub struct RuleError {
    /// The text.
    pub rule: String,
    /// Where in it, in characters from 1.
    pub column: usize,
    /// What is wrong there.
    pub kind: RuleErrorKind,
}

/// What is wrong with a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleErrorKind {
    /// There is nothing where the name of a tool must stand.
    #[error("the name of a tool is missing")]
    NoTool,
    /// The name of the tool has a character that no tool has in its name.
    #[error("{0:?} cannot stand in the name of a tool")]
    ToolName(char),
    /// The pattern is not closed.
    #[error("the closing parenthesis is missing")]
    NotClosed,
    /// There is no pattern between the parentheses.
    #[error("there is no pattern between the parentheses; leave them out to mean every call")]
    EmptyPattern,
    /// The pattern goes with one tool, and the name stands for several.
    #[error("a rule for several tools takes no pattern")]
    PatternForSeveral,
    /// A quotation in the pattern is not closed.
    #[error("the quotation that begins here is not closed")]
    OpenQuote,
    /// The pattern of a command holds what the shell would act upon.
    #[error(
        "{0:?} means something to the shell; write a rule for each command, or quote it if it is \
         meant as text"
    )]
    ShellSyntax(char),
    /// The pattern is not a pattern of paths.
    #[error("{0}")]
    Path(String),
    /// The pattern is not a host.
    #[error("a host is expected, such as `docs.rs`, `*.example.com` or `localhost:8080`")]
    Host,
    /// There is a control character in it, such as a line end.
    #[error("a rule stands on one line")]
    Control,
}

/// Whether a rule says something about a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Match {
    /// It does not.
    No,
    /// It depends on what is only known when the call runs.
    Maybe,
    /// It does.
    Yes,
}

impl Rule {
    /// Makes the rule about every call of a tool. `*` in its name stands for any characters.
    ///
    /// # Errors
    ///
    /// [`RuleErrorKind::ToolName`] or [`RuleErrorKind::NoTool`].
    pub fn tool(name: &str) -> Result<Self, RuleError> {
        name.parse()
    }

    /// Makes the rule about a command, in the sandbox or, with `SHELL_OUTSIDE`, outside of it.
    pub(crate) fn command(shell: &str, pattern: CommandPattern) -> Self {
        Self {
            tool: Wildcard::exact(shell),
            pattern: Some(Pattern::Command(pattern)),
        }
    }

    pub(crate) fn host(pattern: HostPattern) -> Self {
        Self {
            tool: Wildcard::exact(FETCH),
            pattern: Some(Pattern::Host(pattern)),
        }
    }

    pub(crate) fn read(pattern: PathPattern) -> Self {
        Self {
            tool: Wildcard::exact(READ),
            pattern: Some(Pattern::Path(pattern)),
        }
    }

    pub(crate) fn edit(pattern: PathPattern) -> Self {
        Self {
            tool: Wildcard::exact(EDIT),
            pattern: Some(Pattern::Path(pattern)),
        }
    }

    /// Tells whether it is about every call of the tool.
    pub(crate) fn covers_tool(&self, tool: &str) -> bool {
        self.pattern.is_none() && self.tool.matches(tool)
    }

    /// Tells whether it is about some calls of the tool, by a pattern.
    pub(crate) fn narrows_tool(&self, tool: &str) -> bool {
        self.pattern.is_some() && self.tool.matches(tool)
    }

    /// Returns the pattern of commands.
    pub(crate) fn command_pattern(&self) -> Option<&CommandPattern> {
        match &self.pattern {
            Some(Pattern::Command(pattern)) => Some(pattern),
            _ => None,
        }
    }

    /// Tells whether it is about what runs outside of the sandbox.
    pub(crate) fn is_about_outside(&self) -> bool {
        self.tool.matches(SHELL_OUTSIDE)
    }

    /// Returns the pattern of hosts.
    pub(crate) fn host_pattern(&self) -> Option<&HostPattern> {
        match &self.pattern {
            Some(Pattern::Host(pattern)) => Some(pattern),
            _ => None,
        }
    }

    /// Tells whether it is about all that tools do to files in this way.
    pub(crate) fn covers_files(&self, use_of_file: FileUse) -> bool {
        self.covers_tool(use_of_file.general_name())
    }

    /// Returns the pattern of paths if the rule is about `tool`, or about what any tool does.
    pub(crate) fn path_pattern(&self, tool: &str, use_of_file: FileUse) -> Option<&PathPattern> {
        let Some(Pattern::Path(pattern)) = &self.pattern else {
            return None;
        };
        (self.tool.matches(tool) || self.tool.matches(use_of_file.general_name()))
            .then_some(pattern)
    }

    /// Returns the pattern of paths if the rule is about any tool that uses files in this way: a rule
    /// that forbids is not got round with another tool.
    pub(crate) fn path_pattern_of_kind(&self, use_of_file: FileUse) -> Option<&PathPattern> {
        let Some(Pattern::Path(pattern)) = &self.pattern else {
            return None;
        };
        let is_kind = use_of_file
            .tools()
            .iter()
            .any(|tool| self.tool.matches(tool));
        (is_kind || self.tool.matches(use_of_file.general_name())).then_some(pattern)
    }
}

/// What is done to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileUse {
    Read,
    Write,
}

impl FileUse {
    fn general_name(self) -> &'static str {
        match self {
            Self::Read => READ,
            Self::Write => EDIT,
        }
    }

    fn tools(self) -> &'static [&'static str] {
        match self {
            Self::Read => READING_TOOLS,
            Self::Write => WRITING_TOOLS,
        }
    }
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let trimmed = text.trim();
        let fault = |at: usize, kind| {
            let before = text.len() - text.trim_start().len() + at;
            RuleError {
                rule: trimmed.to_owned(),
                column: text.get(..before).unwrap_or(text).chars().count() + 1,
                kind,
            }
        };
        if let Some(at) = trimmed.find(char::is_control) {
            return Err(fault(at, RuleErrorKind::Control));
        }
        let (tool, pattern) = match trimmed.split_once('(') {
            None => (trimmed, None),
            Some((tool, pattern)) => (tool, Some(pattern)),
        };
        if tool.is_empty() {
            return Err(fault(0, RuleErrorKind::NoTool));
        }
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_-.:/*".contains(c);
        if let Some((at, character)) = tool.char_indices().find(|(_, c)| !is_allowed(*c)) {
            return Err(fault(at, RuleErrorKind::ToolName(character)));
        }
        let name = Wildcard::parse(tool);
        let Some(pattern) = pattern else {
            return Ok(Self {
                tool: name,
                pattern: None,
            });
        };
        let start = tool.len() + 1;
        let Some(pattern) = pattern.strip_suffix(')') else {
            return Err(fault(trimmed.len(), RuleErrorKind::NotClosed));
        };
        if pattern.trim().is_empty() {
            return Err(fault(start, RuleErrorKind::EmptyPattern));
        }
        if !name.is_exact() {
            return Err(fault(start, RuleErrorKind::PatternForSeveral));
        }
        let pattern = match tool {
            SHELL | SHELL_OUTSIDE => CommandPattern::parse(pattern).map(Pattern::Command),
            FETCH => HostPattern::parse(pattern).map(Pattern::Host),
            _ => PathPattern::parse(pattern).map(Pattern::Path),
        };
        pattern
            .map(|pattern| Self {
                tool: name,
                pattern: Some(pattern),
            })
            .map_err(|(at, kind)| fault(start + at, kind))
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.tool)?;
        match &self.pattern {
            None => Ok(()),
            Some(Pattern::Command(pattern)) => write!(formatter, "({pattern})"),
            Some(Pattern::Host(pattern)) => write!(formatter, "({pattern})"),
            Some(Pattern::Path(pattern)) => write!(formatter, "({pattern})"),
        }
    }
}

impl TryFrom<String> for Rule {
    type Error = RuleError;

    fn try_from(text: String) -> Result<Self, RuleError> {
        text.parse()
    }
}

impl From<Rule> for String {
    fn from(rule: Rule) -> Self {
        rule.to_string()
    }
}

#[cfg(test)]
mod tests;
