//! Rules that would have answered a question, from the narrowest to the widest.

use crate::decision::{Suggestion, Verdict};
use crate::judge::Finding;
use crate::places::Place;
use crate::rule::command::CommandPattern;
use crate::rule::host::HostPattern;
use crate::rule::path::PathPattern;
use crate::rule::{FileUse, Rule, SHELL_OUTSIDE};
use crate::shell::{Assignment, Segment, Word};

/// The most parts of a call for which rules are suggested together.
const MAX_PARTS: usize = 4;

/// Programs that do anything that their arguments say: no rule with open arguments is suggested.
const ANYTHING: &[&str] = &[
    ".", "awk", "bash", "bun", "chmod", "chown", "cp", "curl", "dash", "dd", "deno", "docker",
    "env", "eval", "exec", "find", "fish", "gawk", "kill", "killall", "ksh", "kubectl", "ln",
    "lua", "mv", "nc", "ncat", "node", "perl", "php", "pkill", "podman", "python", "python3", "rm",
    "rmdir", "rsync", "ruby", "scp", "sed", "sh", "shred", "socat", "source", "ssh", "su", "sudo",
    "doas", "tee", "truncate", "wget", "xargs", "zsh",
];

/// Programs whose second word says what they do.
const WITH_COMMANDS: &[&str] = &[
    "apt",
    "apt-get",
    "brew",
    "bundle",
    "cargo",
    "composer",
    "dotnet",
    "gh",
    "git",
    "go",
    "gradle",
    "jj",
    "just",
    "make",
    "mix",
    "mvn",
    "npm",
    "npx",
    "pip",
    "pip3",
    "pnpm",
    "poetry",
    "rustup",
    "systemctl",
    "task",
    "terraform",
    "uv",
    "yarn",
];

/// Commands of these programs whose third word says what they do.
const WITH_SUBCOMMANDS: &[(&str, &str)] = &[
    ("bundle", "exec"),
    ("cargo", "nextest"),
    ("cargo", "xtask"),
    ("gh", "issue"),
    ("gh", "pr"),
    ("gh", "run"),
    ("git", "remote"),
    ("git", "stash"),
    ("git", "submodule"),
    ("git", "worktree"),
    ("go", "mod"),
    ("npm", "run"),
    ("pnpm", "run"),
    ("poetry", "run"),
    ("uv", "pip"),
    ("uv", "run"),
    ("yarn", "run"),
];

/// Rules for one part of a call, each with what it allows.
#[derive(Clone, Debug, Default)]
pub(super) struct Remedy {
    choices: Vec<(Rule, String)>,
}

impl Remedy {
    /// No rule can answer.
    pub(super) fn none() -> Self {
        Self::default()
    }

    /// For a call of which only the tool is known.
    pub(super) fn for_tool(tool: &str) -> Self {
        let mut remedy = Self::none();
        remedy.add(Rule::tool(tool).ok(), format!("every call of {tool}"));
        if let Some((server, _)) = tool
            .strip_prefix("mcp__")
            .and_then(|rest| rest.split_once("__"))
        {
            remedy.add(
                Rule::tool(&format!("mcp__{server}__*")).ok(),
                format!("all tools of the server {server}"),
            );
        }
        remedy
    }

    pub(super) fn for_address(tool: &str, address: &str) -> Self {
        let mut remedy = Self::none();
        if let Some(pattern) = HostPattern::of(address) {
            let label = format!("every page of {pattern}");
            remedy.add(Some(Rule::host(pattern)), label);
        }
        remedy.add(Rule::tool(tool).ok(), "every address".to_owned());
        remedy
    }

    pub(super) fn for_one_file(use_of_file: FileUse, place: &Place<'_>) -> Self {
        let mut remedy = Self::none();
        remedy.add_path(use_of_file, place, Reach::One);
        remedy
    }

    pub(super) fn for_file(use_of_file: FileUse, place: &Place<'_>) -> Self {
        let mut remedy = Self::for_one_file(use_of_file, place);
        let folder = place.path.parent().map(|path| Place { path, ..*place });
        if let Some(folder) = folder.filter(|folder| folder.path != place.workspace) {
            remedy.add_path(use_of_file, &folder, Reach::Below);
        }
        if place.in_workspace().is_some() {
            let workspace = Place {
                path: place.workspace,
                ..*place
            };
            remedy.add_path(use_of_file, &workspace, Reach::Below);
        }
        remedy
    }

    pub(super) fn for_one_command(shell: &str, segment: &Segment) -> Self {
        let mut remedy = Self::none();
        remedy.add_command(shell, segment, &[], usize::MAX);
        remedy
    }

    pub(super) fn for_command(shell: &str, segment: &Segment, shared: &[&Assignment]) -> Self {
        let mut remedy = Self::for_one_command(shell, segment);
        if !shared.is_empty() {
            remedy.choices.clear();
            remedy.add_command(shell, segment, shared, usize::MAX);
        }
        if let Some(count) = beginning(segment.command()) {
            remedy.add_command(shell, segment, shared, count);
        }
        remedy
    }

    fn add(&mut self, rule: Option<Rule>, label: String) {
        if let Some(rule) = rule {
            self.choices.push((rule, label));
        }
    }

    fn add_path(&mut self, use_of_file: FileUse, place: &Place<'_>, reach: Reach) {
        let Some(pattern) = PathPattern::of(place, reach == Reach::Below) else {
            return;
        };
        let shown = place.shown();
        let verb = match use_of_file {
            FileUse::Read => "reading",
            FileUse::Write => "changing",
        };
        let label = match (reach, shown.as_str()) {
            (Reach::One, _) => format!("{verb} {shown}"),
            (Reach::Below, ".") => format!("{verb} everything in this folder"),
            (Reach::Below, _) => format!("{verb} everything in {shown}"),
        };
        let rule = match use_of_file {
            FileUse::Read => Rule::read(pattern),
            FileUse::Write => Rule::edit(pattern),
        };
        self.add(Some(rule), label);
    }

    /// Adds the rule for the first `count` words with any behind them, or for all words and no more.
    fn add_command(
        &mut self,
        shell: &str,
        segment: &Segment,
        shared: &[&Assignment],
        count: usize,
    ) {
        let words = segment.command();
        let open = count < usize::MAX;
        let taken = words.get(..count).unwrap_or(words);
        let known: Option<Vec<&str>> = taken
            .iter()
            .enumerate()
            .map(|(index, word)| match index {
                0 => word.system_program().or(word.known()),
                _ => word.known(),
            })
            .collect();
        let Some(known) =
            known.filter(|known| !known.iter().any(|word| word.contains(char::is_control)))
        else {
            return;
        };
        let variables = segment
            .assignments
            .iter()
            .chain(shared.iter().copied())
            .filter(|set| !set.is_harmless())
            .map(|set| set.name.as_str());
        let pattern = CommandPattern::new(&known, open).with_variables(variables);
        let place = match shell {
            SHELL_OUTSIDE => ", outside of the sandbox",
            _ => "",
        };
        let label = if open {
            format!("`{}` with any arguments{place}", known.join(" "))
        } else {
            format!("exactly `{}`{place}", segment.text)
        };
        self.add(Some(Rule::command(shell, pattern)), label);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    One,
    Below,
}

/// Returns how many words say what a command does, if the rest may be left open.
fn beginning(words: &[Word]) -> Option<usize> {
    let name = words.first()?;
    let name = name.system_program().or(name.known())?;
    let plain = |index: usize| {
        words
            .get(index)
            .and_then(Word::known)
            .filter(|word| !word.is_empty() && !word.starts_with(['-', '+']))
    };
    if matches!(name, "python" | "python3") && words.get(1).is_some_and(|word| word.is("-m")) {
        return plain(2).map(|_| 3);
    }
    if ANYTHING.contains(&name) {
        return None;
    }
    if !WITH_COMMANDS.contains(&name) {
        return Some(1);
    }
    let second = plain(1)?;
    if WITH_SUBCOMMANDS.contains(&(name, second)) {
        return plain(2).map(|_| 3);
    }
    Some(2)
}

/// Puts the rules together that would have answered all questions of a call.
pub(super) fn suggestions(findings: &[Finding]) -> Vec<Suggestion> {
    let mut parts: Vec<&Remedy> = Vec::new();
    for finding in findings
        .iter()
        .filter(|finding| finding.verdict == Verdict::Ask)
    {
        let Some((first, _)) = finding.remedy.choices.first() else {
            return Vec::new();
        };
        let is_new = |part: &&Remedy| part.choices.first().is_some_and(|(rule, _)| rule == first);
        if !parts.iter().any(is_new) {
            parts.push(&finding.remedy);
        }
    }
    if parts.len() > MAX_PARTS {
        return Vec::new();
    }
    let steps = parts
        .iter()
        .map(|part| part.choices.len())
        .max()
        .unwrap_or(0);
    let mut suggestions: Vec<Suggestion> = Vec::new();
    for step in 0..steps {
        let mut suggestion = Suggestion {
            rules: Vec::new(),
            label: String::new(),
        };
        for part in &parts {
            let Some((rule, label)) = part.choices.get(step).or(part.choices.last()) else {
                continue;
            };
            if suggestion.rules.contains(rule) {
                continue;
            }
            if !suggestion.label.is_empty() {
                suggestion.label.push_str(", ");
            }
            suggestion.label.push_str(label);
            suggestion.rules.push(rule.clone());
        }
        if !suggestions
            .iter()
            .any(|other| other.rules == suggestion.rules)
        {
            suggestions.push(suggestion);
        }
    }
    suggestions
}
