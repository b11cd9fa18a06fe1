//! The instruction files that hold for a workspace.
//!
//! Files are taken up one by one into a [`Collection`], which knows what it has already and how
//! much room is left. What matters most is taken up first: the person's own, then from the
//! workspace outwards. The text puts them the other way round, so that the nearest has the last
//! word.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use loom_common_core::ReadFilter;

use crate::at_path;
use crate::error::InstructionError;
use crate::project;
use crate::text_file::{self, MAX_FILE_BYTES, Reach, TextFile};

/// How many imports lead from an instruction file to one that is still read.
pub const MAX_IMPORT_DEPTH: usize = 5;

/// What is read of all instruction files together, in bytes; once for those at the start, and once
/// for those of sub-folders.
pub const MAX_TOTAL_BYTES: usize = 100_000;

/// Files that are taken up at most, imports included.
const MAX_FILES: usize = 64;

/// The names of instruction files. In a folder the first that is there holds.
const NAMES: [&str; 2] = ["AGENTS.md", "CLAUDE.md"];

/// What the model is told ahead of the files.
const PREFACE: &str = "# Instructions from people\n\nThe files below are for you, from the person \
    and from the project. Where they disagree, the later one holds; what the person says in the \
    conversation holds over all of them.";

/// What the model is told ahead of files of sub-folders.
const NESTED_PREFACE: &str = "For files in these folders, these instructions hold too, over those \
    of the folders above:";

/// Where instruction files are looked for.
#[derive(Clone, Debug)]
pub struct InstructionSetup {
    /// The folder that the agent works in: absolute, with symbolic links resolved.
    pub workspace: PathBuf,
    /// The person's home folder, if there is one.
    pub home: Option<PathBuf>,
    /// The folder of the person's own instructions: Loom's configuration folder.
    pub user_folder: Option<PathBuf>,
    /// Which files may be imported. Whoever wrote an instruction file, its imports go to the model
    /// without a question, so they are held to the rules of reading.
    pub readable: ReadFilter,
}

/// The instruction files that hold for a workspace.
#[derive(Debug)]
pub struct Instructions {
    workspace: PathBuf,
    home: Option<PathBuf>,
    /// The root of the project.
    root: PathBuf,
    text: String,
    files: Vec<PathBuf>,
    problems: Vec<InstructionError>,
    nested: Mutex<Nested>,
}

/// What the agent has come across below the workspace.
#[derive(Debug)]
struct Nested {
    collection: Collection,
    /// What was given, in that order.
    given: Vec<Piece>,
}

impl Instructions {
    /// Reads the files that hold from the start.
    pub fn load(setup: &InstructionSetup) -> Self {
        // A home that is the root of the file system is nobody's own.
        let home = setup
            .home
            .as_deref()
            .and_then(|home| home.canonicalize().ok())
            .filter(|home| home.parent().is_some());
        let root = project::root(&setup.workspace, home.as_deref());
        let mut collection = Collection::new(setup, home.clone(), root.clone());

        let user = setup.user_folder.as_deref();
        let user = user.map(|folder| collection.take_up(folder, Reach::Anywhere));
        let folders = project::folders(&setup.workspace, &root, home.as_deref());
        let mut outwards: Vec<Vec<Piece>> = Vec::new();
        for folder in folders.iter().rev() {
            let reach = if folder.starts_with(&root) {
                Reach::Within(&root)
            } else {
                Reach::Anywhere
            };
            outwards.push(collection.take_up(folder, reach));
        }
        let inwards = outwards.into_iter().rev().flatten();
        let pieces: Vec<Piece> = user.into_iter().flatten().chain(inwards).collect();

        let problems = std::mem::take(&mut collection.problems);
        collection.room = MAX_TOTAL_BYTES;
        Self {
            workspace: setup.workspace.clone(),
            home,
            root,
            text: rendered(PREFACE, &pieces),
            files: pieces.into_iter().map(|piece| piece.path).collect(),
            problems,
            nested: Mutex::new(Nested {
                collection,
                given: Vec::new(),
            }),
        }
    }

    /// Returns the text for the prompt; empty when there are no files.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the files that the text is made of, in its order.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Returns what was wrong with the files, for the person.
    pub fn problems(&self) -> &[InstructionError] {
        &self.problems
    }

    /// Returns the instructions of folders below the workspace that hold for `path` and were not
    /// returned before, with what is wrong with them; none when there is nothing new.
    ///
    /// `path` is a file or folder that the agent touched: absolute, with symbolic links resolved.
    /// Looks at a few paths on the disk.
    pub fn for_path(&self, path: &Path) -> Option<NestedInstructions> {
        let folder = if path.is_dir() { path } else { path.parent()? };
        let folders = project::below(&self.workspace, folder);
        if folders.is_empty() {
            return None;
        }
        let mut nested = self.nested();
        let collection = &mut nested.collection;
        let mut pieces = Vec::new();
        for folder in &folders {
            let is_new = NAMES.iter().any(|name| {
                let path = folder.join(name);
                path.symlink_metadata().is_ok() && !collection.looked_at.contains(&path)
            });
            if is_new && !project::is_ignored(&self.root, folder) {
                pieces.extend(collection.take_up(folder, Reach::Within(&self.root)));
            }
        }
        let problems = std::mem::take(&mut collection.problems);
        if pieces.is_empty() && problems.is_empty() {
            return None;
        }
        let text = rendered(NESTED_PREFACE, &pieces);
        nested.given.extend(pieces);
        Some(NestedInstructions { text, problems })
    }

    /// Returns all that [`Instructions::for_path`] has returned, to be said again when the
    /// conversation was compacted; empty when there was nothing.
    pub fn nested_text(&self) -> String {
        rendered(NESTED_PREFACE, &self.nested().given)
    }

    /// Returns the person's home folder with symbolic links resolved, if it is of use.
    pub fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    fn nested(&self) -> MutexGuard<'_, Nested> {
        self.nested.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Instructions that the agent came across.
#[derive(Debug)]
pub struct NestedInstructions {
    /// The text for the model; empty when no file could be used.
    pub text: String,
    /// What is wrong with the files, for the person.
    pub problems: Vec<InstructionError>,
}

/// A file of the text.
#[derive(Debug)]
struct Piece {
    path: PathBuf,
    /// The path for the model.
    shown: String,
    text: String,
}

fn rendered(preface: &str, pieces: &[Piece]) -> String {
    if pieces.is_empty() {
        return String::new();
    }
    let mut text = preface.to_owned();
    for Piece {
        shown, text: body, ..
    } in pieces
    {
        text.push_str(&format!("\n\n<file path=\"{shown}\">\n{body}\n</file>"));
    }
    text
}

/// Files that were taken up, and how much more can be.
#[derive(Debug)]
struct Collection {
    workspace: PathBuf,
    home: Option<PathBuf>,
    root: PathBuf,
    readable: ReadFilter,
    /// Files that are in already, with symbolic links resolved.
    known: HashSet<PathBuf>,
    /// Paths of instruction files that were looked at, whatever came of it.
    looked_at: HashSet<PathBuf>,
    room: usize,
    problems: Vec<InstructionError>,
}

impl Collection {
    fn new(setup: &InstructionSetup, home: Option<PathBuf>, root: PathBuf) -> Self {
        Self {
            workspace: setup.workspace.clone(),
            home,
            root,
            readable: setup.readable.clone(),
            known: HashSet::new(),
            looked_at: HashSet::new(),
            room: MAX_TOTAL_BYTES,
            problems: Vec::new(),
        }
    }

    /// Takes up the instruction file of a folder, with its imports.
    fn take_up(&mut self, folder: &Path, reach: Reach<'_>) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for name in NAMES {
            let path = folder.join(name);
            // A link that leads nowhere is there, and yet there is nothing.
            if path.symlink_metadata().is_err() {
                continue;
            }
            self.looked_at.insert(path.clone());
            if self.add(&path, reach, 0, &mut pieces) {
                break;
            }
        }
        pieces
    }

    /// Adds a file with its imports. Returns `false` when there is nothing at the path.
    fn add(
        &mut self,
        path: &Path,
        reach: Reach<'_>,
        depth: usize,
        pieces: &mut Vec<Piece>,
    ) -> bool {
        let file = match text_file::read(path, reach, MAX_FILE_BYTES) {
            Ok(Some(file)) => file,
            Ok(None) => return false,
            Err(error) => {
                self.problems.push(error);
                return true;
            }
        };
        if self.known.contains(&file.path) {
            return true;
        }
        if self.room == 0 || self.known.len() >= MAX_FILES {
            self.problems.push(InstructionError::LeftOut {
                path: path.to_owned(),
                reason: format!(
                    "instruction files have {MAX_TOTAL_BYTES} bytes and {MAX_FILES} files together"
                ),
            });
            return true;
        }
        self.known.insert(file.path.clone());
        let imports = at_path::paths(&file.text);
        let folder = file.path.parent().unwrap_or(&file.path).to_owned();
        pieces.push(self.piece(path, file));
        for import in imports {
            self.import(&import, &folder, reach, depth + 1, pieces);
        }
        true
    }

    fn import(
        &mut self,
        written: &str,
        folder: &Path,
        reach: Reach<'_>,
        depth: usize,
        pieces: &mut Vec<Piece>,
    ) {
        let path = match (written.strip_prefix("~/"), &self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => folder.join(written),
        };
        // Somebody's name (`@maria`), a package (`@types/node`) and the like: no file is meant.
        let is_meant = written.starts_with(['.', '/', '~']) || written.ends_with(".md");
        if path.is_dir() {
            return;
        }
        let resolved = path.canonicalize();
        if resolved.is_ok_and(|resolved| !self.readable.admits(&resolved)) {
            return self.problems.push(InstructionError::Withheld { path });
        }
        if depth > MAX_IMPORT_DEPTH {
            if path.exists() {
                self.problems.push(InstructionError::LeftOut {
                    path,
                    reason: format!("imports lead through {MAX_IMPORT_DEPTH} files at most"),
                });
            }
        } else if !self.add(&path, reach, depth, pieces) && is_meant {
            self.problems.push(InstructionError::Missing { path });
        }
    }

    /// Takes as much of a file as there is room for.
    fn piece(&mut self, path: &Path, file: TextFile) -> Piece {
        let TextFile {
            path: resolved,
            mut text,
            mut left_out,
            is_lossy,
        } = file;
        if text.len() > self.room {
            let kept = text.floor_char_boundary(self.room);
            left_out += (text.len() - kept) as u64;
            text.truncate(kept);
        }
        self.room -= text.len();
        text.truncate(text.trim_end().len());
        if is_lossy {
            self.problems.push(InstructionError::NotUtf8 {
                path: path.to_owned(),
            });
        }
        if left_out > 0 {
            text.push_str(&format!(
                "\n(… {left_out} more bytes are left out here; read the file when you need them)"
            ));
            self.problems.push(InstructionError::TooLong {
                path: path.to_owned(),
                left_out,
            });
        }
        Piece {
            shown: self.shown(path),
            path: resolved,
            text,
        }
    }

    /// Returns a path for the model: from the workspace, from the home folder or from the root.
    fn shown(&self, path: &Path) -> String {
        if let Ok(relative) = path.strip_prefix(&self.workspace) {
            return relative.display().to_string();
        }
        let home = self
            .home
            .as_deref()
            .filter(|_| !path.starts_with(&self.root));
        match home.and_then(|home| path.strip_prefix(home).ok()) {
            Some(relative) => format!("~/{}", relative.display()),
            None => path.display().to_string(),
        }
    }
}
