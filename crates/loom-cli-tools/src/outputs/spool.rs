//! A file that takes an output piece by piece.

use std::fmt;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Folder, OutputLimits, describe};

/// A file that takes an output piece by piece, within the limits of its store.
#[derive(Debug)]
pub(crate) struct Spool {
    state: State,
    written: u64,
    lines: u64,
    ends_with_line: bool,
}

#[derive(Debug)]
enum State {
    /// Nothing is kept here.
    Nothing,
    /// The file is to be made with the first piece.
    Unopened {
        folder: Arc<Folder>,
        label: String,
        limits: OutputLimits,
    },
    Open {
        file: SpoolFile,
        limits: OutputLimits,
        is_full: bool,
    },
    /// Why nothing, or nothing more, is kept.
    Failed {
        file: Option<SpoolFile>,
        reason: String,
    },
}

/// A file of the store, which gives way to others once this is dropped.
#[derive(Debug)]
struct SpoolFile {
    folder: Arc<Folder>,
    path: PathBuf,
    file: File,
}

impl Drop for SpoolFile {
    fn drop(&mut self) {
        self.folder.close(&self.path);
    }
}

/// What was kept of an output, as part of a sentence that begins with what was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// Nothing, as was wanted.
    Nothing,
    /// All of it.
    Whole {
        /// The file.
        path: PathBuf,
        /// How many lines it has.
        lines: u64,
    },
    /// The first part of it.
    Start {
        /// The file.
        path: PathBuf,
        /// How many lines it has.
        lines: u64,
        /// Why there is no more.
        reason: String,
    },
    /// Nothing, against what was wanted.
    Failed {
        /// Why.
        reason: String,
    },
}

impl fmt::Display for Kept {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HOW: &str = "read it with read_file (offset, limit) or search it with grep";
        match self {
            Self::Nothing => Ok(()),
            Self::Whole { path, lines } => write!(
                formatter,
                "; the whole is in {} ({lines} lines): {HOW}",
                path.display()
            ),
            Self::Start {
                path,
                lines,
                reason,
            } => write!(
                formatter,
                "; the first {lines} lines are in {} ({reason}): {HOW}",
                path.display()
            ),
            Self::Failed { reason } => write!(formatter, ", and could not be kept ({reason})"),
        }
    }
}

impl Spool {
    pub(super) fn new(folder: Arc<Folder>, label: &str, limits: OutputLimits) -> Self {
        Self::with(State::Unopened {
            folder,
            label: label.to_owned(),
            limits,
        })
    }

    pub(super) fn keeping_nothing() -> Self {
        Self::with(State::Nothing)
    }

    fn with(state: State) -> Self {
        Self {
            state,
            written: 0,
            lines: 0,
            ends_with_line: true,
        }
    }

    /// Takes the next piece. What goes wrong is told by [`Spool::kept`].
    pub(crate) fn append(&mut self, piece: &str) {
        if piece.is_empty() {
            return;
        }
        self.open();
        let State::Open {
            file,
            limits,
            is_full,
        } = &mut self.state
        else {
            return;
        };
        if *is_full {
            return;
        }
        let room = limits.file_bytes.saturating_sub(self.written);
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        let fitting = &piece[..piece.floor_char_boundary(room)];
        *is_full = fitting.len() < piece.len();
        if !file
            .folder
            .reserve(&file.path, fitting.len() as u64, *limits)
        {
            *is_full = true;
            return;
        }
        match file.file.write_all(fitting.as_bytes()) {
            Ok(()) => {
                self.written += fitting.len() as u64;
                self.lines += fitting.matches('\n').count() as u64;
                if let Some(last) = fitting.as_bytes().last() {
                    self.ends_with_line = *last == b'\n';
                }
            }
            Err(error) => self.fail(&error),
        }
    }

    /// Reads up to `length` bytes from `offset` back. Returns fewer at the end of the file, and
    /// when it cannot be read.
    pub(crate) fn read_at(&self, offset: u64, length: usize) -> Vec<u8> {
        let (State::Open { file, .. }
        | State::Failed {
            file: Some(file), ..
        }) = &self.state
        else {
            return Vec::new();
        };
        let mut bytes = vec![0; length];
        let mut filled = 0;
        while filled < length {
            match file
                .file
                .read_at(&mut bytes[filled..], offset + filled as u64)
            {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        bytes.truncate(filled);
        bytes
    }

    /// Returns what was kept.
    pub(crate) fn kept(&self) -> Kept {
        let lines = self.lines + u64::from(!self.ends_with_line);
        let start = |file: &SpoolFile, reason: &str| Kept::Start {
            path: file.path.clone(),
            lines,
            reason: reason.to_owned(),
        };
        match &self.state {
            State::Nothing | State::Unopened { .. } => Kept::Nothing,
            State::Open { file, is_full, .. } if *is_full => start(file, "more is not kept"),
            State::Open { file, .. } => Kept::Whole {
                path: file.path.clone(),
                lines,
            },
            State::Failed {
                file: Some(file),
                reason,
            } => start(file, reason),
            State::Failed { file: None, reason } => Kept::Failed {
                reason: reason.clone(),
            },
        }
    }

    /// Makes the file, if that is still to be done.
    fn open(&mut self) {
        let State::Unopened {
            folder,
            label,
            limits,
        } = &self.state
        else {
            return;
        };
        self.state = match folder.create(label) {
            Ok((path, file)) => State::Open {
                file: SpoolFile {
                    folder: Arc::clone(folder),
                    path,
                    file,
                },
                limits: *limits,
                is_full: false,
            },
            Err(error) => State::Failed {
                file: None,
                reason: describe(&error),
            },
        };
    }

    /// Stops keeping. A piece may have been written in part, so the count of bytes is what counts.
    fn fail(&mut self, error: &io::Error) {
        let state = std::mem::replace(&mut self.state, State::Nothing);
        self.state = match state {
            State::Open { file, .. } => State::Failed {
                file: Some(file),
                reason: describe(error),
            },
            state => state,
        };
    }
}
