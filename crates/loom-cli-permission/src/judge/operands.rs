//! The files that a command names in its arguments, and the folders that it may run in.

use std::path::{Path, PathBuf};

use super::commands::is_change_of_folder;
use crate::places::is_environment_file;
use crate::shell::{Open, Script, Segment, Word};

/// The most folders that are followed through one line.
const MAX_FOLDERS: usize = 8;

/// The folders that a line may be in at one time or another.
///
/// Which `cd` succeeds, and which holds only in a subshell, is not followed: every folder that some
/// way through the line leads to counts at every place of it.
pub(super) struct Folders {
    /// The folders, the workspace first.
    known: Vec<PathBuf>,
    /// Whether the line goes somewhere that is only known when it runs.
    unknown: bool,
}

impl Folders {
    /// Follows the line.
    pub(super) fn of(script: &Script, workspace: &Path, home: Option<&Path>) -> Self {
        let mut folders = Self {
            known: vec![workspace.to_owned()],
            unknown: false,
        };
        for segment in &script.segments {
            let name = segment.command().first().and_then(Word::system_program);
            if name == Some("popd") {
                folders.unknown = true;
            }
            if !is_change_of_folder(segment) {
                continue;
            }
            let arguments = segment.command().get(1..).unwrap_or_default();
            let target = match arguments {
                [] => home.map(|_| Word {
                    text: "~".to_owned(),
                    open: Open::Closed,
                    tilde: true,
                }),
                [word] | [Word { .. }, word]
                    if word.open == Open::Closed && !word.text.starts_with(['-', '+']) =>
                {
                    Some(word.clone())
                }
                _ => None,
            };
            match target.and_then(|target| folders.paths_of(&target, home)) {
                Some(paths) => {
                    for path in paths {
                        if !folders.known.contains(&path) {
                            folders.known.push(path);
                        }
                    }
                }
                None => folders.unknown = true,
            }
            folders.unknown |= folders.known.len() > MAX_FOLDERS;
            folders.known.truncate(MAX_FOLDERS);
        }
        folders
    }

    /// Tells whether the line may be in another folder than the workspace.
    pub(super) fn move_away(&self) -> bool {
        self.unknown || self.known.len() > 1
    }

    /// Tells whether the line stays in the workspace and the folders below.
    pub(super) fn stay_inside(&self) -> bool {
        let Some(workspace) = self.known.first() else {
            return false;
        };
        !self.unknown
            && self
                .known
                .iter()
                .flat_map(|folder| super::files::forms(folder))
                .all(|folder| folder.starts_with(workspace))
    }

    /// Returns the paths that a word may name; `None` when that cannot be told.
    pub(super) fn paths_of(&self, word: &Word, home: Option<&Path>) -> Option<Vec<PathBuf>> {
        if word.tilde {
            let below = word.text.strip_prefix('~')?;
            let below = match below.strip_prefix('/') {
                Some(below) => below,
                None if below.is_empty() => "",
                // Another person's folder.
                None => return None,
            };
            return Some(vec![home?.join(below)]);
        }
        if word.text.starts_with('/') {
            return Some(vec![PathBuf::from(&word.text)]);
        }
        if self.unknown {
            return None;
        }
        Some(
            self.known
                .iter()
                .map(|folder| folder.join(&word.text))
                .collect(),
        )
    }
}

/// What the arguments of a command name.
pub(super) struct Operands {
    /// The files and folders that the arguments name, whether they are meant as such or not.
    pub(super) paths: Vec<PathBuf>,
    /// The folders that names are looked up in for arguments that the shell or `find` fills in.
    pub(super) searched: Vec<PathBuf>,
    /// The folders that the command may be started in.
    pub(super) started_in: Vec<PathBuf>,
    /// Whether everything that the command may be given is among these.
    pub(super) all_known: bool,
    /// Whether a pattern of the shell may become the name of a file with secrets.
    pub(super) names_secrets: bool,
}

impl Operands {
    /// Looks at the arguments of the command that is run in the end.
    pub(super) fn of(segment: &Segment, folders: &Folders, home: Option<&Path>) -> Self {
        let mut operands = Self {
            paths: Vec::new(),
            searched: Vec::new(),
            started_in: folders.known.clone(),
            all_known: true,
            names_secrets: false,
        };
        let start = segment.starts.last().copied().unwrap_or(0) + 1;
        for word in segment.words.get(start..).unwrap_or_default() {
            match word.text.strip_prefix('-') {
                // The value of a short option may be attached to it.
                Some(option) if word.open == Open::Closed => {
                    if let Some(value) = option.get(1..).filter(|value| !value.is_empty()) {
                        operands.add(&Word::closed(value), folders, home);
                    }
                }
                _ => operands.add(word, folders, home),
            }
            // The value of an option, or what a variable is set to.
            if let Some((_, value)) = word.text.split_once('=') {
                let value = Word {
                    text: value.to_owned(),
                    open: word.open,
                    tilde: value.starts_with('~'),
                };
                operands.add(&value, folders, home);
            }
        }
        operands
    }

    fn add(&mut self, word: &Word, folders: &Folders, home: Option<&Path>) {
        match word.open {
            Open::Closed => match folders.paths_of(word, home) {
                Some(paths) if !word.text.is_empty() => self.paths.extend(paths),
                Some(_) => {}
                None => self.all_known = false,
            },
            Open::Names => {
                let (folder, name) = word.text.rsplit_once('/').unwrap_or(("", &word.text));
                let is_hidden = name.starts_with('.');
                self.names_secrets |=
                    is_hidden && (".env".starts_with(name) || is_environment_file(name));
                let in_root = word.text.starts_with('/') && folder.is_empty();
                let folder = Word {
                    text: if in_root {
                        "/".to_owned()
                    } else {
                        folder.to_owned()
                    },
                    open: Open::Closed,
                    tilde: word.tilde,
                };
                match folders.paths_of(&folder, home) {
                    Some(paths) => self.searched.extend(paths),
                    None => self.all_known = false,
                }
            }
            Open::Tail | Open::Words => self.all_known = false,
        }
    }
}
