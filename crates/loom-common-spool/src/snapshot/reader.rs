//! Reading snapshots: what a path held, and the content of what it held.

use std::sync::Arc;

use jj_lib::backend::{TreeId, TreeValue};
use jj_lib::merged_tree::MergedTree;
use jj_lib::repo_path::{RepoPath, RepoPathBuf};
use jj_lib::store::Store;
use jj_lib::tree::Tree;
use pollster::FutureExt as _;

use super::backend::{self, empty_tree};
use super::folder::StoreFolder;
use super::object::ObjectKind;
use super::objects::Objects;
use super::version::VersionKind;
use crate::{FileVersion, SnapshotId, SpoolError};

/// A store as it was when it was opened to read.
#[derive(Debug)]
pub struct SnapshotReader {
    pub(super) folder: StoreFolder,
    objects: Option<(Arc<Objects>, Arc<Store>)>,
}

impl SnapshotReader {
    pub(super) fn new(folder: StoreFolder, objects: Option<Objects>) -> Self {
        let objects = objects.map(|objects| {
            let objects = Arc::new(objects);
            (objects.clone(), backend::store(objects))
        });
        Self { folder, objects }
    }

    /// Tells whether a snapshot is in the store.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Damaged`] or [`SpoolError::Io`] when the store cannot be read.
    pub fn contains(&self, snapshot: SnapshotId) -> Result<bool, SpoolError> {
        match &self.objects {
            // There is nothing in the snapshot of an empty folder that a store could miss.
            Some(_) if snapshot.0 == empty_tree() => Ok(true),
            Some((objects, _)) => Ok(objects.find(&snapshot.0)?.is_some()),
            None => Ok(false),
        }
    }

    /// Returns what a path, relative to the workspace with `/`, held at a snapshot: `None` when
    /// there was no file and no link.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Gone`] when the snapshot is not in the store, [`SpoolError::Damaged`] or
    /// [`SpoolError::Io`] when it cannot be read.
    pub fn version(
        &self,
        snapshot: SnapshotId,
        path: &str,
    ) -> Result<Option<FileVersion>, SpoolError> {
        let (_, tree) = self.tree(snapshot)?;
        let Ok(path) = RepoPath::from_internal_string(path) else {
            return Ok(None);
        };
        let value = self.read_store(self.value_in(&tree, path))?;
        Ok(value.as_ref().and_then(FileVersion::from_tree_value))
    }

    /// Returns the content of a file, or the target of a link, that this reader has found;
    /// `None` when it is not kept.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Damaged`] or [`SpoolError::Io`] when it cannot be read.
    pub fn read(&self, version: FileVersion) -> Result<Option<Vec<u8>>, SpoolError> {
        let kind = match version.kind {
            VersionKind::File => ObjectKind::File,
            VersionKind::Link => ObjectKind::Link,
            VersionKind::Unkept => return Ok(None),
        };
        let Some((objects, _)) = &self.objects else {
            return Ok(None);
        };
        self.noting_damage(objects.read(kind, &version.id))
            .map(Some)
    }

    /// Returns Jujutsu's store, and the top folder of a snapshot in it.
    pub(super) fn tree(&self, snapshot: SnapshotId) -> Result<(Arc<Store>, Tree), SpoolError> {
        let Some((_, store)) = &self.objects else {
            return Err(SpoolError::Gone(snapshot));
        };
        if !self.contains(snapshot)? {
            return Err(SpoolError::Gone(snapshot));
        }
        let id = TreeId::from_bytes(&snapshot.0.0);
        let tree = store.get_tree(RepoPathBuf::root(), &id).block_on();
        Ok((store.clone(), self.read_store(tree)?))
    }

    /// Returns a snapshot in the form that Jujutsu compares.
    pub(super) fn merged_tree(&self, snapshot: SnapshotId) -> Result<MergedTree, SpoolError> {
        let (store, tree) = self.tree(snapshot)?;
        Ok(MergedTree::resolved(store, tree.id().clone()))
    }

    pub(super) fn value_in(
        &self,
        tree: &Tree,
        path: &RepoPath,
    ) -> Result<Option<TreeValue>, jj_lib::backend::BackendError> {
        tree.path_value(path).block_on()
    }

    pub(super) fn read_store<T>(
        &self,
        result: Result<T, jj_lib::backend::BackendError>,
    ) -> Result<T, SpoolError> {
        let path = self.folder.path();
        self.noting_damage(result.map_err(|error| SpoolError::from_backend(path, error)))
    }

    /// Remembers damage that was found, for the next writer.
    fn noting_damage<T>(&self, result: Result<T, SpoolError>) -> Result<T, SpoolError> {
        result.inspect_err(|error| self.folder.note_damage(error))
    }
}
