//! The files that say which hooks there are.
//!
//! An entry that cannot be used is a problem of its own: the others run. That holds for what
//! Claude Code knows and Loom does not (kinds of hooks that are no commands, further events), so
//! that one file can serve both.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::condition::Condition;
use crate::error::HookError;
use crate::event::EventKind;
use crate::matcher::Matcher;

/// How long a hook may take when it does not say.
const TIMEOUT: Duration = Duration::from_secs(600);

/// The same while the person waits for a prompt to be taken.
const PROMPT_TIMEOUT: Duration = Duration::from_secs(30);

/// The same while the person waits for the program to end.
const SESSION_END_TIMEOUT: Duration = Duration::from_millis(1500);

/// The longest time that a hook can ask for.
const MAX_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// A hook.
#[derive(Clone, Debug)]
pub(crate) struct Hook {
    pub(crate) event: EventKind,
    pub(crate) matcher: Matcher,
    pub(crate) condition: Option<Condition>,
    pub(crate) command: String,
    /// What the command is started with directly; with none it is a line for the shell.
    pub(crate) args: Option<Vec<String>>,
    pub(crate) timeout: Duration,
    /// Whether its failure blocks.
    pub(crate) is_required: bool,
    /// Whether nobody waits for it.
    pub(crate) is_background: bool,
    /// Secrets of the environment that it gets.
    pub(crate) inherited: Vec<String>,
}

impl Hook {
    /// Returns the command for a message, on one line and not too long.
    pub(crate) fn shown(&self) -> String {
        const SHOWN: usize = 80;
        let words = self.args.iter().flatten().map(String::as_str);
        let line: Vec<&str> = std::iter::once(self.command.as_str())
            .chain(words)
            .collect();
        let line = line.join(" ").replace('\n', " ");
        let mut shown: String = line.chars().take(SHOWN).collect();
        if shown.len() < line.len() {
            shown.push('…');
        }
        shown
    }
}

/// What a file says.
#[derive(Debug, Default)]
pub(crate) struct Configuration {
    pub(crate) hooks: Vec<Hook>,
    pub(crate) problems: Vec<HookError>,
    /// The part of the file that trust is about.
    pub(crate) text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object with `hooks`")]
struct File {
    #[serde(default)]
    hooks: Map<String, Value>,
    #[serde(default)]
    disable_all_hooks: bool,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with `hooks`, a list")]
struct Group {
    #[serde(default)]
    matcher: Option<String>,
    hooks: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(
    rename_all = "camelCase",
    expecting = "an object with `type` and `command`"
)]
struct Entry {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    command: String,
    args: Option<Vec<String>>,
    #[serde(rename = "if")]
    condition: Option<String>,
    timeout: Option<f64>,
    #[serde(default, rename = "async")]
    is_background: bool,
    on_failure: Option<String>,
    #[serde(default, rename = "inheritEnv")]
    inherited: Vec<String>,
}

/// Reads what a file says.
pub(crate) fn parse(path: &Path, content: &[u8]) -> Configuration {
    let malformed = |reason: String| Configuration {
        problems: vec![HookError::Malformed {
            path: path.to_owned(),
            reason,
        }],
        ..Configuration::default()
    };
    let file: File = match serde_json::from_slice(content) {
        Ok(file) => file,
        Err(error) => return malformed(error.to_string()),
    };
    let mut configuration = Configuration {
        text: Value::Object(file.hooks.clone()).to_string(),
        ..Configuration::default()
    };
    if file.disable_all_hooks {
        return configuration;
    }
    for (event, groups) in file.hooks {
        let mut reader = Reader {
            path,
            place: format!("hooks.{event}"),
            configuration: &mut configuration,
        };
        match EventKind::named(&event) {
            Some(event) => reader.groups(event, groups),
            None => reader.problem("these do not run: there is no such event here".to_owned()),
        }
    }
    configuration
}

/// Reads the entries of one event.
struct Reader<'a> {
    path: &'a Path,
    place: String,
    configuration: &'a mut Configuration,
}

impl Reader<'_> {
    fn problem(&mut self, reason: String) {
        self.configuration.problems.push(HookError::Entry {
            path: PathBuf::from(self.path),
            place: self.place.clone(),
            reason,
        });
    }

    fn groups(&mut self, event: EventKind, groups: Value) {
        let Value::Array(groups) = groups else {
            return self.problem("this is not a list".to_owned());
        };
        let event_place = self.place.clone();
        for (index, group) in groups.into_iter().enumerate() {
            let group_place = format!("{event_place}[{index}]");
            self.place.clone_from(&group_place);
            let group: Group = match serde_json::from_value(group) {
                Ok(group) => group,
                Err(error) => {
                    self.problem(format!("these do not run: {error}"));
                    continue;
                }
            };
            let matcher = Matcher::parse(group.matcher.as_deref().unwrap_or_default());
            for (index, entry) in group.hooks.into_iter().enumerate() {
                self.place = format!("{group_place}.hooks[{index}]");
                match serde_json::from_value(entry) {
                    Ok(entry) => self.entry(event, &matcher, entry),
                    Err(error) => self.problem(format!("this hook does not run: {error}")),
                }
            }
        }
    }

    fn entry(&mut self, event: EventKind, matcher: &Result<Matcher, regex::Error>, entry: Entry) {
        if entry.kind != "command" {
            return self.problem(format!(
                "this hook does not run: hooks here are of type \"command\", not {:?}",
                entry.kind
            ));
        }
        if entry.command.trim().is_empty() {
            return self.problem("this hook does not run: it has no command".to_owned());
        }
        let is_required = match entry.on_failure.as_deref() {
            None | Some("continue" | "allow") => false,
            Some("block") => true,
            Some(other) => {
                self.problem(format!(
                    "onFailure is {other:?}, which means nothing here; taken as \"block\""
                ));
                true
            }
        };
        let matcher = match matcher {
            Ok(matcher) => matcher.clone(),
            // A guard that is required must not be lost by a slip in its matcher.
            Err(error) if is_required => {
                self.problem(format!(
                    "the matcher cannot be read, so this required hook runs for everything: \
                     {error}"
                ));
                Matcher::Any
            }
            Err(error) => {
                return self.problem(format!(
                    "this hook does not run: the matcher cannot be read: {error}"
                ));
            }
        };
        let timeout = match entry.timeout.map(Duration::try_from_secs_f64) {
            None => default_timeout(event),
            Some(Ok(timeout)) if !timeout.is_zero() => timeout.min(MAX_TIMEOUT),
            Some(_) => {
                self.problem("timeout must be a number of seconds above 0; ignored".to_owned());
                default_timeout(event)
            }
        };
        self.configuration.hooks.push(Hook {
            event,
            matcher,
            condition: entry.condition.as_deref().map(Condition::parse),
            command: entry.command,
            args: entry.args,
            timeout,
            is_required,
            is_background: entry.is_background,
            inherited: entry.inherited,
        });
    }
}

fn default_timeout(event: EventKind) -> Duration {
    match event {
        EventKind::UserPromptSubmit => PROMPT_TIMEOUT,
        EventKind::SessionEnd => SESSION_END_TIMEOUT,
        _ => TIMEOUT,
    }
}
