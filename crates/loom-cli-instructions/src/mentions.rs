//! What a prompt mentions as `@path`: files, parts of files, folders and pictures.
//!
//! A word that names nothing on the disk is left alone: it may be somebody's name, a package or a
//! decorator. Only what is plainly a path and not there is told.

use std::collections::HashSet;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use loom_common_core::picture::{self, PictureError};
use loom_common_core::{ContentBlock, ImageData, ReadFilter};

use crate::Scope;
use crate::at_path;
use crate::error::InstructionError;
use crate::text_file::{self, MAX_FILE_BYTES, Reach};

/// Mentions of one prompt that are attached.
const MAX_ATTACHMENTS: usize = 20;

/// What is attached to one prompt in text, in bytes.
const MAX_TEXT: usize = 160_000;

/// How far into a file lines are looked for, in bytes.
const MAX_SEARCHED: usize = 16 * 1024 * 1024;

/// Entries of a folder that are listed.
const MAX_ENTRIES: usize = 200;

/// Where mentions are looked for.
#[derive(Clone, Debug)]
pub struct MentionSetup {
    /// The folder that relative paths begin in: absolute, with symbolic links resolved.
    pub workspace: PathBuf,
    /// The person's home folder, for `~`.
    pub home: Option<PathBuf>,
    /// Who wrote the text. The person can mention any file; the text of a command that came with
    /// the project only files of the workspace.
    pub author: Scope,
    /// Which files the text of a command that came with the project can mention.
    pub readable: ReadFilter,
}

/// What goes with a prompt.
#[derive(Debug, Default)]
pub struct Attachments {
    /// The blocks that follow the prompt.
    pub blocks: Vec<ContentBlock>,
    /// What could not be attached, for the person.
    pub problems: Vec<InstructionError>,
}

/// Returns the words that a prompt mentions behind an `@`, in order, each as it is written.
pub fn mentioned(prompt: &str) -> Vec<String> {
    at_path::paths(prompt)
}

/// Returns what is mentioned, as files. Reads them at once.
pub fn attach(mentioned: impl IntoIterator<Item = String>, setup: &MentionSetup) -> Attachments {
    let mut attaching = Attaching {
        setup,
        attachments: Attachments::default(),
        known: HashSet::new(),
        room: MAX_TEXT,
    };
    for written in mentioned {
        if let Err(problem) = attaching.mention(&written) {
            attaching.attachments.problems.push(problem);
        }
    }
    attaching.attachments
}

/// The lines of a file that are meant, from 1.
type Lines = (usize, usize);

struct Attaching<'a> {
    setup: &'a MentionSetup,
    attachments: Attachments,
    /// What is attached already.
    known: HashSet<(PathBuf, Option<Lines>)>,
    /// Bytes of text that can still be attached.
    room: usize,
}

impl Attaching<'_> {
    fn mention(&mut self, written: &str) -> Result<(), InstructionError> {
        let mut path = self.path(written);
        let mut lines = None;
        if path.symlink_metadata().is_err()
            && let Some((name, found)) = with_lines(written)
        {
            path = self.path(name);
            lines = Some(found);
        }
        if path.symlink_metadata().is_err() {
            return if is_plainly_a_path(written) {
                Err(InstructionError::Missing { path })
            } else {
                Ok(())
            };
        }
        let resolved = path.canonicalize();
        if self.setup.author == Scope::Project
            && resolved.is_ok_and(|resolved| !self.setup.readable.admits(&resolved))
        {
            return Err(InstructionError::Withheld { path });
        }
        if !self.known.insert((path.clone(), lines)) {
            return Ok(());
        }
        if self.known.len() > MAX_ATTACHMENTS || self.room == 0 {
            return Err(InstructionError::LeftOut {
                path,
                reason: format!(
                    "{MAX_ATTACHMENTS} files and {MAX_TEXT} bytes of text go with a prompt at most"
                ),
            });
        }
        if path.is_dir() {
            self.folder(&path)
        } else {
            self.file(&path, lines)
        }
    }

    fn path(&self, written: &str) -> PathBuf {
        let home = self.setup.home.as_deref();
        match (written.strip_prefix('~'), home) {
            (Some(""), Some(home)) => home.to_owned(),
            (Some(rest), Some(home)) if rest.starts_with('/') => home.join(&rest[1..]),
            _ => self.setup.workspace.join(written),
        }
    }

    fn reach(&self) -> Reach<'_> {
        Reach::of(self.setup.author, &self.setup.workspace)
    }

    fn file(&mut self, path: &Path, lines: Option<Lines>) -> Result<(), InstructionError> {
        let Some((mut file, _)) = text_file::open(path, self.reach())? else {
            return Ok(());
        };
        let unreadable = |error| InstructionError::unreadable(path, error);
        let mut content = Vec::new();
        file.by_ref()
            .take(picture::START_BYTES as u64)
            .read_to_end(&mut content)
            .map_err(unreadable)?;
        if picture::media_type(&content).is_some() {
            let refused = |error| InstructionError::BadPicture {
                path: path.to_owned(),
                error,
            };
            let bytes = file.metadata().map_err(unreadable)?.len();
            let limit = picture::MAX_BYTES as u64;
            if bytes > limit {
                return Err(refused(PictureError::TooLarge { bytes }));
            }
            file.take(limit)
                .read_to_end(&mut content)
                .map_err(unreadable)?;
            let image = ImageData::of_picture(&content).map_err(refused)?;
            let name = format!("<picture path=\"{}\"/>", self.shown(path));
            self.attachments.blocks.push(ContentBlock::text(name));
            self.attachments.blocks.push(ContentBlock::Image(image));
            return Ok(());
        }
        self.text(path, lines)
    }

    fn text(&mut self, path: &Path, lines: Option<Lines>) -> Result<(), InstructionError> {
        let limit = match lines {
            Some(_) => MAX_SEARCHED,
            None => MAX_FILE_BYTES,
        };
        let Some(file) = text_file::read(path, self.reach(), limit)? else {
            return Ok(());
        };
        let (mut text, mut left_out) = (file.text, file.left_out);
        let mut numbers = String::new();
        if let Some((first, last)) = lines {
            let wanted = text.split_inclusive('\n').skip(first - 1);
            text = wanted.take(last + 1 - first).collect();
            left_out = 0;
            numbers = format!(" lines=\"{first}-{last}\"");
        }
        let room = self.room.min(MAX_FILE_BYTES);
        if text.len() > room {
            let kept = text.floor_char_boundary(room);
            left_out += (text.len() - kept) as u64;
            text.truncate(kept);
        }
        self.room -= text.len();
        if file.is_lossy {
            self.attachments.problems.push(InstructionError::NotUtf8 {
                path: path.to_owned(),
            });
        }
        if left_out > 0 {
            text.push_str(&format!(
                "\n(… {left_out} more bytes are left out here; read on with read_file)"
            ));
        }
        let shown = self.shown(path);
        self.push(&format!(
            "<file path=\"{shown}\"{numbers}>\n{}\n</file>",
            text.trim_end_matches('\n')
        ));
        Ok(())
    }

    fn folder(&mut self, path: &Path) -> Result<(), InstructionError> {
        let unreadable = |error| InstructionError::unreadable(path, error);
        let resolved = path.canonicalize().map_err(unreadable)?;
        if let Reach::Within(root) = self.reach()
            && !resolved.starts_with(root)
        {
            return Err(InstructionError::Outside {
                path: path.to_owned(),
                root: root.to_owned(),
            });
        }
        let mut names: Vec<String> = fs::read_dir(path)
            .map_err(unreadable)?
            .flatten()
            .map(|entry| {
                let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
                let slash = if is_folder { "/" } else { "" };
                format!("{}{slash}", entry.file_name().to_string_lossy())
            })
            .collect();
        names.sort();
        let left_out = names.len().saturating_sub(MAX_ENTRIES);
        names.truncate(MAX_ENTRIES);
        if left_out > 0 {
            names.push(format!("(… {left_out} more; see them with list_files)"));
        }
        let listing = names.join("\n");
        self.room = self.room.saturating_sub(listing.len());
        let shown = self.shown(path);
        self.push(&format!("<folder path=\"{shown}\">\n{listing}\n</folder>"));
        Ok(())
    }

    fn push(&mut self, text: &str) {
        self.attachments.blocks.push(ContentBlock::text(text));
    }

    /// Returns a path for the model: relative where it lies in the workspace.
    fn shown(&self, path: &Path) -> String {
        let relative = path.strip_prefix(&self.setup.workspace).unwrap_or(path);
        relative.display().to_string()
    }
}

/// Takes the lines off a mention: `a.rs#L5`, `a.rs#L5-10`, `a.rs#5-10`, `a.rs#L5-L10`.
fn with_lines(written: &str) -> Option<(&str, Lines)> {
    let (name, lines) = written.rsplit_once('#')?;
    let number = |text: &str| -> Option<usize> {
        let number = text.strip_prefix('L').unwrap_or(text).parse().ok()?;
        (number > 0).then_some(number)
    };
    let (first, last) = match lines.split_once('-') {
        Some((first, last)) => (number(first)?, number(last)?),
        None => (number(lines)?, number(lines)?),
    };
    (!name.is_empty() && first <= last).then_some((name, (first, last)))
}

/// Tells whether a word can only be meant as a path.
fn is_plainly_a_path(written: &str) -> bool {
    let name = written.rsplit('/').next().unwrap_or(written);
    let has_extension = name
        .split_once('.')
        .is_some_and(|(stem, extension)| !stem.is_empty() && !extension.is_empty());
    written.starts_with(['.', '/', '~']) || has_extension
}
