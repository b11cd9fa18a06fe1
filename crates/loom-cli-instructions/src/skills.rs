//! Skills: instructions for special tasks, which the agent reads when it needs them.
//!
//! A skill is a folder with a `SKILL.md`, as at <https://agentskills.io>. Name and description
//! stand in the prompt; the rest costs nothing until the agent reads the file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::InstructionError;
use crate::front_matter::{self, one_line};
use crate::text_file::{self, MAX_FILE_BYTES, Reach};
use crate::{Folder, Scope};

/// The file of a skill.
const FILE: &str = "SKILL.md";

/// Skills that are listed, and bytes of the list.
const MAX_SKILLS: usize = 100;
const MAX_LIST: usize = 20_000;

/// Bytes of a description that are shown.
const MAX_DESCRIPTION: usize = 1024;

/// What the model is told ahead of the list.
const PREFACE: &str = "# Skills\n\nEach file below holds instructions for a kind of task. When a \
    task fits one, read that file first and follow it; paths in it are relative to its folder.\n";

/// Instructions for a kind of task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skill {
    /// Its name.
    pub name: String,
    /// What it is for, on one line.
    pub description: String,
    /// Whose it is.
    pub scope: Scope,
    /// Its `SKILL.md`.
    pub path: PathBuf,
}

/// The skills that there are.
#[derive(Debug, Default)]
pub struct Skills {
    skills: BTreeMap<String, Skill>,
    problems: Vec<InstructionError>,
}

impl Skills {
    /// Reads the names and descriptions in `folders`. A name that stands in several means that of
    /// the first. `workspace` is absolute, with symbolic links resolved.
    pub fn load(folders: &[Folder], workspace: &Path) -> Self {
        let mut skills = Self::default();
        for folder in folders {
            let reach = Reach::of(folder.scope, workspace);
            for path in skills.find(&folder.path) {
                match read(&path, folder.scope, reach) {
                    Ok(Some(skill)) => skills.add(skill),
                    Ok(None) => {}
                    Err(problem) => skills.problems.push(problem),
                }
            }
        }
        skills
    }

    /// Returns all skills by name.
    pub fn iter(&self) -> impl Iterator<Item = &Skill> {
        self.skills.values()
    }

    /// Returns what is wrong with the files, for the person.
    pub fn problems(&self) -> &[InstructionError] {
        &self.problems
    }

    /// Returns the list for the prompt; empty when there are no skills.
    pub fn text(&self) -> String {
        if self.skills.is_empty() {
            return String::new();
        }
        let mut text = PREFACE.to_owned();
        for (index, skill) in self.iter().enumerate() {
            let line = format!(
                "\n- {}: {} ({})",
                skill.name,
                skill.description,
                skill.path.display()
            );
            if text.len() + line.len() > MAX_LIST {
                let left_out = self.skills.len() - index;
                text.push_str(&format!("\n- … and {left_out} more"));
                break;
            }
            text.push_str(&line);
        }
        text
    }

    /// Finds the files of skills in a folder. Here links to folders are followed, as it is common
    /// to keep a skill in one place and to link it where it is used.
    fn find(&mut self, folder: &Path) -> Vec<PathBuf> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                if error.kind() != std::io::ErrorKind::NotFound {
                    self.problems
                        .push(InstructionError::unreadable(folder, error));
                }
                return Vec::new();
            }
        };
        let files = entries.flatten().map(|entry| entry.path().join(FILE));
        let mut files: Vec<PathBuf> = files
            .filter(|file| file.symlink_metadata().is_ok())
            .collect();
        files.sort();
        files
    }

    fn add(&mut self, skill: Skill) {
        let reason = if let Some(known) = self.skills.get(&skill.name) {
            format!(
                "the skill {} is that of {}",
                skill.name,
                known.path.display()
            )
        } else if self.skills.len() >= MAX_SKILLS {
            format!("there are more than {MAX_SKILLS} skills; left out")
        } else {
            self.skills.insert(skill.name.clone(), skill);
            return;
        };
        self.problems.push(InstructionError::Entry {
            path: skill.path,
            reason,
        });
    }
}

/// Reads the start of a skill; none when its file is gone meanwhile.
fn read(path: &Path, scope: Scope, reach: Reach<'_>) -> Result<Option<Skill>, InstructionError> {
    let Some(file) = text_file::read(path, reach, MAX_FILE_BYTES)? else {
        return Ok(None);
    };
    let entry = |reason: &str| InstructionError::Entry {
        path: path.to_owned(),
        reason: reason.to_owned(),
    };
    let (fields, _) = front_matter::split(&file.text);
    let folder = path.parent().and_then(Path::file_name);
    let folder = folder.map(|name| name.to_string_lossy().into_owned());
    let Some(name) = fields.text("name").or(folder) else {
        return Err(entry("it is no skill: it has no name"));
    };
    let Some(description) = fields.text("description") else {
        return Err(entry(
            "it is no skill: it needs a `description` between `---` lines at its start, which says \
             when to use it",
        ));
    };
    Ok(Some(Skill {
        name: one_line(&name, MAX_DESCRIPTION),
        description: one_line(&description, MAX_DESCRIPTION),
        scope,
        path: path.to_owned(),
    }))
}
