//! Reads text that people wrote, whatever really is at the path.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::Scope;
use crate::error::InstructionError;

/// What of one file is read, in bytes.
pub const MAX_FILE_BYTES: usize = 40_000;

/// How far a path may lead.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reach<'a> {
    /// Wherever the person can.
    Anywhere,
    /// Into this folder: absolute, with symbolic links resolved.
    Within(&'a Path),
}

impl<'a> Reach<'a> {
    /// Returns how far files of that scope may lead: what came with a project stays in the workspace.
    pub(crate) fn of(scope: Scope, workspace: &'a Path) -> Self {
        match scope {
            Scope::User => Self::Anywhere,
            Scope::Project => Self::Within(workspace),
        }
    }
}

/// A file that was read.
#[derive(Debug)]
pub(crate) struct TextFile {
    /// Its path with symbolic links resolved: the name by which it is known.
    pub(crate) path: PathBuf,
    /// Its text with `\n` as line ends, or the start of it.
    pub(crate) text: String,
    /// How many bytes are left out at the end.
    pub(crate) left_out: u64,
    /// Whether some bytes are not UTF-8.
    pub(crate) is_lossy: bool,
}

/// Opens a regular file within reach; none when there is nothing.
///
/// # Errors
///
/// When it cannot be read, is no file, or is out of reach.
pub(crate) fn open(
    path: &Path,
    reach: Reach<'_>,
) -> Result<Option<(File, PathBuf)>, InstructionError> {
    let resolved = match path.canonicalize() {
        Ok(resolved) => resolved,
        Err(error) if is_absence(&error) => return Ok(None),
        Err(error) => return Err(InstructionError::unreadable(path, error)),
    };
    if let Reach::Within(root) = reach
        && !resolved.starts_with(root)
    {
        return Err(InstructionError::Outside {
            path: path.to_owned(),
            root: root.to_owned(),
        });
    }
    // Without waiting for the other end of a pipe, and without following a link that was put there
    // meanwhile.
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW).bits();
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(flags.cast_signed())
        .open(&resolved);
    let file = match opened {
        Ok(file) => file,
        Err(error) if is_absence(&error) => return Ok(None),
        Err(error) => return Err(InstructionError::unreadable(path, error)),
    };
    let metadata = file
        .metadata()
        .map_err(|error| InstructionError::unreadable(path, error))?;
    if !metadata.is_file() {
        return Err(InstructionError::NotAFile {
            path: path.to_owned(),
        });
    }
    Ok(Some((file, resolved)))
}

/// Reads a text file within reach, `limit` bytes at most; none when there is nothing.
///
/// # Errors
///
/// As [`open`], and when it is not text.
pub(crate) fn read(
    path: &Path,
    reach: Reach<'_>,
    limit: usize,
) -> Result<Option<TextFile>, InstructionError> {
    let Some((file, resolved)) = open(path, reach)? else {
        return Ok(None);
    };
    let unreadable = |error| InstructionError::unreadable(path, error);
    let size = file.metadata().map_err(unreadable)?.len();
    let mut bytes = Vec::new();
    file.take(limit as u64)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.contains(&0) {
        return Err(InstructionError::NotText {
            path: path.to_owned(),
        });
    }
    let mut kept = bytes.as_slice();
    let mut left_out = size.saturating_sub(kept.len() as u64);
    if left_out > 0 {
        let whole = end_of_lines(kept);
        left_out += (kept.len() - whole) as u64;
        kept = &kept[..whole];
    }
    let decoded = String::from_utf8_lossy(kept);
    let text = decoded.strip_prefix('\u{feff}').unwrap_or(&decoded);
    Ok(Some(TextFile {
        path: resolved,
        text: text.replace("\r\n", "\n"),
        left_out,
        is_lossy: std::str::from_utf8(kept).is_err(),
    }))
}

/// Returns where the last whole line ends, or without any the last whole character.
fn end_of_lines(bytes: &[u8]) -> usize {
    if let Some(end) = bytes.iter().rposition(|&byte| byte == b'\n') {
        return end + 1;
    }
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        _ => bytes.len(),
    }
}

/// Tells whether an error says that there is nothing at the path.
fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::InvalidFilename
            | io::ErrorKind::InvalidInput
    )
}
