//! What exactly is trusted: the files of the workspace that a command names, by content.
//!
//! Each word of a command may be a file of the workspace. What it is now, a file with this content
//! or none, is pinned; a hook whose pins no longer hold does not run. Files outside of the
//! workspace are the person's own, and are not looked at.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::fs::OFlags;
use sha2::{Digest as _, Sha256};

use crate::configuration::Hook;

/// The largest file that is hashed. A script that is larger cannot be trusted.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Names of the workspace in commands.
const WORKSPACE_NAMES: [&str; 4] = [
    "${CLAUDE_PROJECT_DIR}",
    "$CLAUDE_PROJECT_DIR",
    "${LOOM_PROJECT_DIR}",
    "$LOOM_PROJECT_DIR",
];

/// A file that a command may name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pin {
    path: PathBuf,
    /// The hash of its content; none when there is no such file.
    content: Option<[u8; 32]>,
}

/// Pins what the hook's command names, as it is now.
///
/// # Errors
///
/// When a file cannot be read or is too large.
pub(crate) fn pins(hook: &Hook, workspace: &Path) -> io::Result<Vec<Pin>> {
    let mut pins = Vec::new();
    for path in named_files(hook, workspace) {
        let content = hash(&path)?;
        pins.push(Pin { path, content });
    }
    pins.sort();
    pins.dedup();
    Ok(pins)
}

/// Returns the first pinned file that is another now.
pub(crate) fn changed(pins: &[Pin]) -> Option<&Path> {
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
    let digest = hasher.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
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
    let mut content = Vec::new();
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut content)
        .map_err(named)?;
    if content.len() as u64 > MAX_BYTES {
        return Err(named(io::ErrorKind::FileTooLarge.into()));
    }
    Ok(Some(Sha256::digest(&content).into()))
}

/// Returns the paths in the workspace that the words of a command may mean.
fn named_files(hook: &Hook, workspace: &Path) -> Vec<PathBuf> {
    let separators = |c: char| {
        c.is_whitespace() || matches!(c, ';' | '|' | '&' | '(' | ')' | '<' | '>' | '=' | '`')
    };
    let mut words: Vec<String> = Vec::new();
    match &hook.args {
        // Without a shell a word is taken as it is, spaces included.
        Some(args) => words.extend(std::iter::once(&hook.command).chain(args).cloned()),
        None => words.extend(hook.command.split(separators).map(str::to_owned)),
    }
    // A quoted path may hold separators.
    for quote in ['"', '\''] {
        let quoted = hook.command.split(quote).skip(1).step_by(2);
        words.extend(quoted.map(str::to_owned));
    }
    words
        .into_iter()
        .filter_map(|word| {
            let mut word = word.replace(['"', '\'', '\\'], "");
            for name in WORKSPACE_NAMES {
                word = word.replace(name, &workspace.to_string_lossy());
            }
            let path = normal(&workspace.join(word));
            (path != workspace && path.starts_with(workspace)).then_some(path)
        })
        .collect()
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
