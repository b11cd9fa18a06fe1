//! Taking changes of a file back that others were made on top of.
//!
//! A file's history is a chain of versions; some steps are to be undone, others not. In Jujutsu's
//! algebra that is one merge: what the file is now, minus what each step made of it, plus what it
//! was before the step. Terms that are equal cancel out: where nobody else changed the file, all
//! that is left is the version before the first step, byte for byte. What does not cancel out is
//! merged line by line, and may conflict.

use jj_lib::files;
use jj_lib::merge::{Diff, Merge, SameChange};

use super::SnapshotReader;
use super::backend::MERGE_OPTIONS;
use super::content::is_text;
use super::version::VersionKind;
use crate::{FileVersion, SpoolError};

/// What a file is to become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A version that is in the store.
    Version(FileVersion),
    /// A file that was made by merging.
    Merged {
        /// Its content.
        content: Vec<u8>,
        /// Its permission bits, at most 0o777.
        mode: u32,
    },
}

/// What comes of taking changes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reverted {
    /// The file is to become this; `None` when it is to be deleted.
    To(Option<Target>),
    /// Somebody else changed the same place, so it cannot be said what the file would be.
    Conflict,
}

impl SnapshotReader {
    /// Says what a path that holds `current` would hold without some steps of its history, each
    /// given as what it held before and after the step.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Damaged`] or [`SpoolError::Io`] when a version cannot be read.
    pub fn revert(
        &self,
        current: Option<FileVersion>,
        steps: &[(Option<FileVersion>, Option<FileVersion>)],
    ) -> Result<Reverted, SpoolError> {
        let undone = steps
            .iter()
            .rev()
            .map(|(before, after)| Diff::new(*after, *before));
        let merge = Merge::from_diffs(current, undone);
        if let Some(version) = merge.resolve_trivial(SameChange::Accept) {
            return Ok(Reverted::To(version.map(Target::Version)));
        }
        // Only files have lines, and a file that is not kept has none that are known.
        let files = merge.simplify().try_map(|version| match version {
            Some(version) if version.kind == VersionKind::File => Ok(*version),
            _ => Err(()),
        });
        let Ok(files) = files else {
            return Ok(Reverted::Conflict);
        };
        let modes = files.map(|version| version.mode);
        let Some(mode) = modes.resolve_trivial(SameChange::Accept).copied() else {
            return Ok(Reverted::Conflict);
        };
        let ids = files.map(|version| version.id);
        if let Some(id) = ids.resolve_trivial(SameChange::Accept).copied() {
            let kind = VersionKind::File;
            let version = FileVersion { kind, id, mode };
            return Ok(Reverted::To(Some(Target::Version(version))));
        }
        let contents = ids.simplify().try_map(|id| {
            let kind = VersionKind::File;
            let id = *id;
            match self.read(FileVersion { kind, id, mode }) {
                Ok(Some(content)) if is_text(&content) => Ok(content),
                Ok(_) => Err(None),
                Err(error) => Err(Some(error)),
            }
        });
        let contents = match contents {
            Ok(contents) => contents,
            Err(None) => return Ok(Reverted::Conflict),
            Err(Some(error)) => return Err(error),
        };
        Ok(match files::try_merge(&contents, &MERGE_OPTIONS) {
            Some(content) => Reverted::To(Some(Target::Merged {
                content: content.into(),
                mode: mode.into(),
            })),
            None => Reverted::Conflict,
        })
    }
}
