//! What is different between two snapshots.
//!
//! Jujutsu's comparison skips whatever has the same hash, so its cost goes by what has changed.
//! One thing it cannot know: a file that was ignored and is not any more was there before,
//! although the older snapshot does not have it. It must not count as new, or undoing a change of
//! `.gitignore` would delete it. So where rules have changed, new paths are held against the rules
//! of the older snapshot, and missing ones against those of the newer.

use std::collections::HashMap;
use std::sync::Arc;

use futures::StreamExt as _;
use jj_lib::backend::MergedTreeValue;
use jj_lib::matchers::EverythingMatcher;
use jj_lib::repo_path::RepoPath;
use jj_lib::tree::Tree;
use pollster::FutureExt as _;
use serde::{Deserialize, Serialize};

use super::SnapshotReader;
use super::rules::{OUTER_RULES_NAME, OuterRules, Rules};
use super::version::VersionKind;
use crate::{FileVersion, SnapshotId, SpoolError};

/// A path that holds something else in one snapshot than in another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Relative to the workspace, with `/`.
    pub path: String,
    /// What it held before; `None` when there was nothing.
    pub before: Option<FileVersion>,
    /// What it held after; `None` when there was nothing.
    pub after: Option<FileVersion>,
    /// Whether the path is missing because it is ignored since: the file may still be there.
    pub is_veiled: bool,
}

/// What happened to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It has other content or permissions, or is something else.
    Modified,
    /// It is gone.
    Deleted,
}

impl Change {
    /// Says what happened to the path.
    pub fn kind(&self) -> ChangeKind {
        match (self.before, self.after) {
            (None, _) => ChangeKind::Added,
            (_, None) => ChangeKind::Deleted,
            _ => ChangeKind::Modified,
        }
    }
}

impl SnapshotReader {
    /// Returns what is different in `to`, by path.
    ///
    /// A path that is in `to` only because it is not ignored any more has not changed, and is left
    /// out; see [`Change::is_veiled`] for the opposite.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Gone`] when one of them is not in the store, [`SpoolError::Damaged`] or
    /// [`SpoolError::Io`] when it cannot be read.
    pub fn changes(&self, from: SnapshotId, to: SnapshotId) -> Result<Vec<Change>, SpoolError> {
        if from == to {
            // Also of snapshots that are gone: there is nothing to know of them.
            return Ok(Vec::new());
        }
        let (old, new) = (self.merged_tree(from)?, self.merged_tree(to)?);
        let mut entries = old.diff_stream(&new, &EverythingMatcher);
        let mut changes = Vec::new();
        let mut have_rules_changed = false;
        while let Some(entry) = entries.next().block_on() {
            let values = self.read_store(entry.values)?;
            let path = entry.path.into_internal_string();
            if path == OUTER_RULES_NAME {
                have_rules_changed = true;
                continue;
            }
            have_rules_changed |= path.rsplit('/').next() == Some(".gitignore");
            changes.push(Change {
                path,
                before: version(&values.before),
                after: version(&values.after),
                is_veiled: false,
            });
        }
        if have_rules_changed {
            let (old, new) = (self.rules_of(from)?, self.rules_of(to)?);
            let mut kept = Vec::with_capacity(changes.len());
            for mut change in changes {
                match change.kind() {
                    ChangeKind::Added if old.ignores(self, &change.path)? => continue,
                    ChangeKind::Deleted => change.is_veiled = new.ignores(self, &change.path)?,
                    ChangeKind::Added | ChangeKind::Modified => {}
                }
                kept.push(change);
            }
            changes = kept;
        }
        Ok(changes)
    }

    fn rules_of(&self, snapshot: SnapshotId) -> Result<SnapshotRules, SpoolError> {
        let (_, tree) = self.tree(snapshot)?;
        let outer = match self.file_in(&tree, OUTER_RULES_NAME)? {
            Some(rules) => serde_json::from_slice(&rules)
                .map_err(|error| self.folder.damaged(error.to_string()))?,
            None => OuterRules::default(),
        };
        Ok(SnapshotRules {
            tree,
            outer: outer.root(),
            folders: HashMap::new().into(),
        })
    }

    /// Returns the content of a file in a snapshot; `None` when there is no such file.
    fn file_in(&self, tree: &Tree, path: &str) -> Result<Option<Vec<u8>>, SpoolError> {
        let Ok(path) = RepoPath::from_internal_string(path) else {
            return Ok(None);
        };
        let value = self.read_store(self.value_in(tree, path))?;
        match value.as_ref().and_then(FileVersion::from_tree_value) {
            Some(version) if version.kind == VersionKind::File => self.read(version),
            _ => Ok(None),
        }
    }
}

/// The rules that held when a snapshot was taken, read from it as they are asked for.
struct SnapshotRules {
    tree: Tree,
    outer: Arc<Rules>,
    folders: std::cell::RefCell<HashMap<String, Arc<Rules>>>,
}

impl SnapshotRules {
    /// Tells whether a file is ignored, by itself or with a folder that it is in.
    fn ignores(&self, reader: &SnapshotReader, path: &str) -> Result<bool, SpoolError> {
        let mut rules = self.of_folder(reader, "", &self.outer)?;
        for (end, _) in path.match_indices('/') {
            let folder = &path[..end];
            if rules.ignores_folder(folder) {
                return Ok(true);
            }
            rules = self.of_folder(reader, folder, &rules)?;
        }
        Ok(rules.ignores_file(path))
    }

    /// Returns the rules of a folder; `above` are those of the folder above it.
    fn of_folder(
        &self,
        reader: &SnapshotReader,
        folder: &str,
        above: &Arc<Rules>,
    ) -> Result<Arc<Rules>, SpoolError> {
        if let Some(rules) = self.folders.borrow().get(folder) {
            return Ok(rules.clone());
        }
        let path = super::scan::join(folder, ".gitignore");
        let rules = match reader.file_in(&self.tree, &path)? {
            Some(patterns) => above.with(folder, patterns),
            None => above.clone(),
        };
        let mut folders = self.folders.borrow_mut();
        Ok(folders.entry(folder.to_owned()).or_insert(rules).clone())
    }
}

fn version(value: &MergedTreeValue) -> Option<FileVersion> {
    let value = value.as_resolved()?.as_ref()?;
    FileVersion::from_tree_value(value)
}
