//! What is known of each file: what the server says now, what it said before the first edit, and
//! what the model was told.
//!
//! A server may speak late. What it says of a version that is gone already counts only when it is
//! the one from before the first edit: that is what later ones are compared with.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::diagnostic::{Counts, Diagnostic, Finding, Severity, counts, new_since};

/// Files that are kept track of.
const MAX_FILES: usize = 2000;

/// The version of a file as it was before the first edit.
pub(crate) const UNEDITED: i64 = 1;

/// What one server says.
#[derive(Debug, Default)]
pub(crate) struct Board {
    state: Mutex<State>,
    /// Changes with each word of the server.
    changes: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    files: HashMap<PathBuf, File>,
    /// Whether a file was edited.
    has_edits: bool,
}

#[derive(Debug, Default)]
struct File {
    /// The version that the server was sent last; none for files that it was not sent.
    version: Option<i64>,
    /// What the server published, and what it answered, of that version.
    published: Option<Vec<Diagnostic>>,
    answered: Option<Vec<Diagnostic>>,
    /// What there was before the first edit.
    before: Option<Counts>,
    /// What there was when the model was told last.
    told: Option<Counts>,
}

/// How a server came to speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// By itself.
    Published,
    /// Asked.
    Answered,
}

impl File {
    fn is_edited(&self) -> bool {
        self.version.is_some_and(|version| version > UNEDITED)
    }

    /// Returns what the server says now; none when it has said nothing of the last version.
    fn now(&self) -> Option<Vec<Diagnostic>> {
        let (Some(answered), Some(published)) = (&self.answered, &self.published) else {
            return self.answered.clone().or_else(|| self.published.clone());
        };
        // It may publish the same again, or what a slower check found.
        let further = new_since(counts(answered), published);
        Some([answered.clone(), further].concat())
    }

    /// Remembers what there was before the edits that begin now.
    fn begin_edits(&mut self) {
        if self.before.is_none() {
            self.before = self.now().as_deref().map(counts);
        }
    }

    /// Returns what is new, and takes it for told.
    fn take_new(&mut self, path: &Path) -> Option<Finding> {
        let now = self.now()?;
        let known = self.told.take().or_else(|| self.before.clone());
        self.told = Some(counts(&now));
        let is_compared = known.is_some();
        // Of what may have been there all the time only errors are worth a word.
        let worst = match self.is_edited() && is_compared {
            true => Severity::Warning,
            false => Severity::Error,
        };
        let mut diagnostics = new_since(known.unwrap_or_default(), &now);
        diagnostics.retain(|diagnostic| diagnostic.key.severity <= worst);
        (!diagnostics.is_empty()).then(|| Finding {
            path: path.to_owned(),
            is_edited: self.is_edited(),
            is_compared,
            diagnostics,
        })
    }
}

impl Board {
    /// Takes note of the version of a file that the server was sent.
    pub(crate) fn sent(&self, path: &Path, version: i64) {
        let mut state = self.state();
        if version > UNEDITED && !state.has_edits {
            state.has_edits = true;
            // What is published of files that nobody touched was there before.
            state.files.values_mut().for_each(File::begin_edits);
        }
        let Some(file) = state.file(path) else { return };
        if version > UNEDITED && !file.is_edited() {
            file.begin_edits();
        }
        file.version = Some(version);
        file.published = None;
        file.answered = None;
    }

    /// Takes what the server says of a file, and of which version if it says that.
    pub(crate) fn said(
        &self,
        path: &Path,
        version: Option<i64>,
        manner: Manner,
        diagnostics: Vec<Diagnostic>,
    ) {
        {
            let mut state = self.state();
            let Some(file) = state.file(path) else { return };
            match (version, file.version) {
                (Some(UNEDITED), Some(last)) if last > UNEDITED => {
                    // The last word about it is the one that counts.
                    file.before = Some(counts(&diagnostics));
                }
                (Some(version), Some(last)) if version < last => return,
                _ => match manner {
                    Manner::Published => file.published = Some(diagnostics),
                    Manner::Answered => file.answered = Some(diagnostics),
                },
            }
        }
        self.changes.send_modify(|change| *change += 1);
    }

    /// Forgets what the server was sent and said, as it is another one from now on. What the model
    /// was told stays.
    pub(crate) fn begin_anew(&self) {
        for file in self.state().files.values_mut() {
            file.version = None;
            file.published = None;
            file.answered = None;
        }
    }

    /// Tells whether the server has said something of the last version of all files.
    pub(crate) fn has_spoken(&self, paths: &[PathBuf]) -> bool {
        let state = self.state();
        paths.iter().all(|path| {
            let file = state.files.get(path);
            file.is_none_or(|file| file.published.is_some() || file.answered.is_some())
        })
    }

    /// Returns what is new since the model was told, and takes it for told. Until there was an edit
    /// nothing is new.
    pub(crate) fn take_new(&self) -> Vec<Finding> {
        let mut state = self.state();
        if !state.has_edits {
            return Vec::new();
        }
        let findings = state.files.iter_mut();
        findings
            .filter_map(|(path, file)| file.take_new(path))
            .collect()
    }

    /// Tells whether the server was sent a file as it is before the first edit, and has not spoken
    /// of it yet.
    pub(crate) fn is_silent_before(&self, path: &Path) -> bool {
        let state = self.state();
        state.files.get(path).is_some_and(|file| {
            let has_spoken = file.published.is_some() || file.answered.is_some();
            file.version == Some(UNEDITED) && !has_spoken
        })
    }

    /// Tells whether the server was sent a file.
    pub(crate) fn is_sent(&self, path: &Path) -> bool {
        let state = self.state();
        state
            .files
            .get(path)
            .is_some_and(|file| file.version.is_some())
    }

    /// Takes note that the server was told to forget a file.
    pub(crate) fn closed(&self, path: &Path) {
        self.state().files.remove(path);
    }

    /// Returns a count that changes with each word of the server.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns a file, if there is room for it.
    fn file(&mut self, path: &Path) -> Option<&mut File> {
        if !self.files.contains_key(path) && self.files.len() >= MAX_FILES {
            return None;
        }
        Some(self.files.entry(path.to_owned()).or_default())
    }
}

#[cfg(test)]
mod tests;
