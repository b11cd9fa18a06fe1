//! What exactly is trusted: the files of the workspace that a command names, by content.
//!
//! Each word of a command may be a file of the workspace. What it is now, a file with this content
//! or none, is pinned; what was trusted does not run when its pins no longer hold. Files outside of
//! the workspace are the person's own, and are not looked at.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::fs::OFlags;
use sha2::{Digest as _, Sha256};

use crate::configuration::Hook;

/// The largest file that is hashed, in bytes: programs built with all their symbols are smaller. One
/// that is larger cannot be trusted.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// How much of a file is read at once, in bytes.
const PIECE: usize = 64 * 1024;

/// Names of the workspace in commands.
const WORKSPACE_NAMES: [&str; 4] = [
    "${CLAUDE_PROJECT_DIR}",
    "$CLAUDE_PROJECT_DIR",
    "${LOOM_PROJECT_DIR}",
    "$LOOM_PROJECT_DIR",
];

/// A file that a command may name, as it was when it was looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pin {
    path: PathBuf,
    /// The hash of its content; none when there is no such file.
    content: Option<[u8; 32]>,
}

impl Pin {
    /// Pins the files of `workspace` that `words` mean to a program that runs in `folder`. Both
    /// folders are absolute. A word that means no file is pinned as well, as one may come to be.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or is too large; the error names it.
    pub fn all(
        words: impl IntoIterator<Item = String>,
        folder: &Path,
        workspace: &Path,
    ) -> io::Result<Vec<Self>> {
        let mut paths: Vec<PathBuf> = words
            .into_iter()
            .filter_map(|word| inside(&folder.join(word), workspace))
            .collect();
        paths.sort();
        paths.dedup();
        paths
            .into_iter()
            .map(|path| {
                let content = hash(&path)?;
                Ok(Self { path, content })
            })
            .collect()
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the SHA-256 of the file's content in hexadecimal digits; none when there is no such
    /// file.
    pub fn content(&self) -> Option<String> {
        self.content.as_ref().map(|content| hexadecimal(content))
    }
}

/// Pins what the hook's command names, as it is now.
///
/// # Errors
///
/// When a file cannot be read or is too large.
pub(crate) fn pins(hook: &Hook, workspace: &Path) -> io::Result<Vec<Pin>> {
    Pin::all(words(hook, workspace), workspace, workspace)
}

/// Returns the first pinned file that is another now, or cannot be read any more.
pub fn changed(pins: &[Pin]) -> Option<&Path> {
    let holds = |pin: &&Pin| hash(&pin.path).is_ok_and(|content| content == pin.content);
    pins.iter()
        .find(|pin| !holds(pin))
        .map(|pin| pin.path.as_path())
}

/// Returns one digest of the text of hooks and of all that they pin.
pub(crate) fn digest<'a>(text: &str, pins: impl Iterator<Item = &'a Pin>) -> String {
    let mut hasher = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hasher.update((bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    part(text.as_bytes());
    for pin in pins {
        part(pin.path.as_os_str().as_encoded_bytes());
        part(pin.content.as_ref().map_or(&[][..], |content| content));
    }
    hexadecimal(&hasher.finalize())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Opens a regular file for reading; none when there is nothing or something else, such as a
/// folder or a pipe, which would make the reader wait.
pub(crate) fn open_file(path: &Path) -> io::Result<Option<File>> {
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits();
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(flags.cast_signed())
        .open(path);
    let file = match opened {
        Ok(file) => file,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound
                    | io::ErrorKind::NotADirectory
                    | io::ErrorKind::InvalidFilename
                    | io::ErrorKind::InvalidInput
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    Ok(file.metadata()?.is_file().then_some(file))
}

fn hash(path: &Path) -> io::Result<Option<[u8; 32]>> {
    let named =
        |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let Some(file) = open_file(path).map_err(named)? else {
        return Ok(None);
    };
    // A file may grow while it is read.
    let mut file = file.take(MAX_BYTES + 1);
    let mut hasher = Sha256::new();
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => hasher.update(&piece[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(named(error)),
        }
    }
    if file.limit() == 0 {
        return Err(named(io::ErrorKind::FileTooLarge.into()));
    }
    Ok(Some(hasher.finalize().into()))
}

/// Returns the words of a hook's command that may mean files.
fn words(hook: &Hook, workspace: &Path) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    match &hook.args {
        // Without a shell a word is taken as it is, spaces included.
        Some(args) => words.extend(std::iter::once(&hook.command).chain(args).cloned()),
        None => words.extend(shell_words(&hook.command)),
    }
    for word in &mut words {
        *word = word.replace(['"', '\'', '\\'], "");
        for name in WORKSPACE_NAMES {
            *word = word.replace(name, &workspace.to_string_lossy());
        }
    }
    words
}

/// Returns all parts of a shell line that may be the names of files: more than a shell would see,
/// and with their quotes.
pub fn shell_words(line: &str) -> impl Iterator<Item = String> {
    let separators = |c: char| {
        c.is_whitespace() || matches!(c, ';' | '|' | '&' | '(' | ')' | '<' | '>' | '=' | '`')
    };
    // A quoted path may hold separators.
    let quoted = ['"', '\'']
        .into_iter()
        .flat_map(move |quote| line.split(quote).skip(1).step_by(2));
    line.split(separators).chain(quoted).map(str::to_owned)
}

/// Returns the path of a file in the workspace; none for one elsewhere. A path that another name of
/// the workspace begins leads into it as well.
fn inside(path: &Path, workspace: &Path) -> Option<PathBuf> {
    let is_inside = |path: &PathBuf| path != workspace && path.starts_with(workspace);
    Some(normal(path))
        .filter(is_inside)
        .or_else(|| path.canonicalize().ok().filter(is_inside))
}

/// Takes `.` and `..` out of an absolute path by its text alone.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}
