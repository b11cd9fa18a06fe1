//! Slash commands that people write as Markdown files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use loom_common_core::Effort;

use crate::error::InstructionError;
use crate::front_matter::{self, FrontMatter, one_line};
use crate::template::{Segment, Template};
use crate::text_file::{self, MAX_FILE_BYTES, Reach};
use crate::{Folder, Scope};

/// Folders within folders that are looked into.
const MAX_DEPTH: usize = 8;

/// Commands that are read.
const MAX_COMMANDS: usize = 500;

/// Bytes of a description that are shown.
const MAX_DESCRIPTION: usize = 300;

/// How alike a word and a name must be for the one to be meant by the other.
const ALIKE: f64 = 0.8;

/// Names that are proposed for one that is unknown.
const MAX_PROPOSED: usize = 3;

/// Where commands are looked for.
#[derive(Clone, Debug)]
pub struct CommandSetup {
    /// The folders. A name that stands in several means that of the first.
    pub folders: Vec<Folder>,
    /// The folder that the agent works in: absolute, with symbolic links resolved.
    pub workspace: PathBuf,
    /// The names of the commands that Loom has itself, without the slash.
    pub built_in: Vec<String>,
}

/// A slash command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Its name without the slash: that of the file, with `dir:` ahead for each folder on the way.
    pub name: String,
    /// What it does, on one line; may be empty.
    pub description: String,
    /// What arguments it takes, for the person.
    pub argument_hint: Option<String>,
    /// Name of the model that is to answer.
    pub model: Option<String>,
    /// How much the model is to think.
    pub effort: Option<Effort>,
    /// Tools that the command uses without asking, as written. One of a project has none until the
    /// person has trusted its file as it is ([`Commands::untrusted`]): a cloned repository allows
    /// nothing.
    pub allowed_tools: Vec<String>,
    /// Whose it is.
    pub scope: Scope,
    /// Its file.
    pub path: PathBuf,
    /// The whole file: what trust is about.
    pub content: String,
    template: Template,
}

impl Command {
    /// Returns what the command says with these arguments.
    pub fn expand(&self, arguments: &str) -> Vec<Segment> {
        self.template.expand(arguments)
    }
}

/// The slash commands that people wrote.
#[derive(Debug, Default)]
pub struct Commands {
    commands: BTreeMap<String, Command>,
    untrusted: Vec<Command>,
    built_in: Vec<String>,
    problems: Vec<InstructionError>,
}

impl Commands {
    /// Reads the commands. What cannot be used is left out and found in [`Commands::problems`].
    /// One of the project that is not trusted can be called, and allows itself nothing.
    pub fn load(setup: &CommandSetup, is_trusted: impl Fn(&Command) -> bool) -> Self {
        let mut commands = Self {
            built_in: setup.built_in.clone(),
            ..Self::default()
        };
        for folder in &setup.folders {
            let reach = Reach::of(folder.scope, &setup.workspace);
            let mut files = Vec::new();
            commands.find(&folder.path, 0, &mut files);
            files.sort();
            for path in files {
                match read(&path, folder, reach) {
                    Ok(Some(command)) => commands.add(command, &is_trusted),
                    Ok(None) => {}
                    Err(problem) => commands.problems.push(problem),
                }
            }
        }
        commands
    }

    /// Returns a command by its name.
    pub fn get(&self, name: &str) -> Option<&Command> {
        self.commands.get(name)
    }

    /// Returns all commands by name.
    pub fn iter(&self) -> impl Iterator<Item = &Command> {
        self.commands.values()
    }

    /// Returns those of the project that would allow themselves tools, with these, and may not, as
    /// the person has not trusted them.
    pub fn untrusted(&self) -> &[Command] {
        &self.untrusted
    }

    /// Returns what is wrong with the files, for the person.
    pub fn problems(&self) -> &[InstructionError] {
        &self.problems
    }

    /// Returns the commands, Loom's own included, that an unknown name may stand for, the most
    /// likely first.
    pub fn propose(&self, unknown: &str) -> Vec<&str> {
        let unknown = unknown.to_lowercase();
        let likeness = |name: &str| {
            // The last part alone may be what is remembered of `dir:name`.
            let last = name.rsplit(':').next().unwrap_or(name);
            let alike =
                strsim::jaro_winkler(name, &unknown).max(strsim::jaro_winkler(last, &unknown));
            if !unknown.is_empty() && name.contains(&unknown) {
                alike.max(ALIKE)
            } else {
                alike
            }
        };
        let own = self.commands.keys().map(String::as_str);
        let mut names: Vec<(f64, &str)> = own
            .chain(self.built_in.iter().map(String::as_str))
            .map(|name| (likeness(&name.to_lowercase()), name))
            .filter(|(likeness, _)| *likeness >= ALIKE)
            .collect();
        names.sort_by(|(one, first), (other, second)| {
            other.total_cmp(one).then_with(|| first.cmp(second))
        });
        names.truncate(MAX_PROPOSED);
        names.into_iter().map(|(_, name)| name).collect()
    }

    /// Finds the Markdown files of a folder. Links to folders are not followed: they may go round.
    fn find(&mut self, folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                if error.kind() != std::io::ErrorKind::NotFound {
                    self.problems
                        .push(InstructionError::unreadable(folder, error));
                }
                return;
            }
        };
        for entry in entries.flatten() {
            let path = entry.path();
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if depth < MAX_DEPTH {
                    self.find(&path, depth + 1, files);
                }
            } else if path.extension().is_some_and(|extension| extension == "md") {
                files.push(path);
            }
        }
    }

    fn add(&mut self, mut command: Command, is_trusted: impl Fn(&Command) -> bool) {
        let reason = if self.built_in.contains(&command.name) {
            Some(format!(
                "/{} is a command of Loom itself, so this one cannot be called; give the file \
                 another name",
                command.name
            ))
        } else if let Some(known) = self.commands.get(&command.name) {
            Some(format!(
                "/{} means {}, so this one cannot be called",
                command.name,
                known.path.display()
            ))
        } else if self.commands.len() >= MAX_COMMANDS {
            Some(format!(
                "there are more than {MAX_COMMANDS} commands; left out"
            ))
        } else {
            None
        };
        match reason {
            Some(reason) => self.problems.push(InstructionError::Entry {
                path: command.path,
                reason,
            }),
            None => {
                let wishes = command.scope == Scope::Project && !command.allowed_tools.is_empty();
                if wishes && !is_trusted(&command) {
                    self.untrusted.push(command.clone());
                    command.allowed_tools.clear();
                }
                self.commands.insert(command.name.clone(), command);
            }
        }
    }
}

/// Reads a command; none when its file is gone meanwhile.
fn read(
    path: &Path,
    folder: &Folder,
    reach: Reach<'_>,
) -> Result<Option<Command>, InstructionError> {
    let entry = |reason: String| InstructionError::Entry {
        path: path.to_owned(),
        reason,
    };
    let name = name(path, &folder.path).ok_or_else(|| {
        entry("it is no command: names are made of letters, digits, `-`, `_` and `.`".to_owned())
    })?;
    let Some(file) = text_file::read(path, reach, MAX_FILE_BYTES)? else {
        return Ok(None);
    };
    if file.left_out > 0 {
        return Err(entry(format!(
            "it is no command: it is longer than {MAX_FILE_BYTES} bytes"
        )));
    }
    let (fields, body) = front_matter::split(&file.text);
    let body = body.trim();
    if body.is_empty() {
        return Err(entry("it is no command: it says nothing".to_owned()));
    }
    let effort = fields
        .effort()
        .map_err(|reason| entry(format!("it is no command: {reason}")))?;
    Ok(Some(Command {
        name,
        description: description(&fields, body),
        argument_hint: fields.text("argument-hint"),
        model: fields.text("model").filter(|model| model != "inherit"),
        effort,
        allowed_tools: fields.list("allowed-tools"),
        scope: folder.scope,
        path: path.to_owned(),
        template: Template::parse(body),
        content: file.text,
    }))
}

/// Returns the name of the command in a file.
fn name(path: &Path, folder: &Path) -> Option<String> {
    let relative = path.strip_prefix(folder).ok()?.with_extension("");
    let parts: Option<Vec<&str>> = relative.iter().map(|part| part.to_str()).collect();
    let parts = parts?;
    let is_plain = |part: &&str| {
        part.chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    parts.iter().all(is_plain).then(|| parts.join(":"))
}

/// Returns the description of a file on one line: its own, or else how its text begins, without
/// lines for the shell.
fn description(fields: &FrontMatter, body: &str) -> String {
    let is_said = |line: &&str| !line.is_empty() && !line.starts_with("!`");
    let lines = || body.lines().map(|line| line.trim_start_matches('#').trim());
    let text = fields
        .text("description")
        .or_else(|| lines().find(is_said).map(str::to_owned))
        .unwrap_or_default();
    one_line(&text, MAX_DESCRIPTION)
}
