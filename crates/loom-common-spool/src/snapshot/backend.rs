//! The store as Jujutsu's library sees it: a backend for trees, files and links.
//!
//! Jujutsu compares and merges what is behind its `Backend` trait. Its own backends write one file
//! for each object, which takes seconds for a large folder and leaves tens of thousands of files
//! behind; this one keeps them in a pack. Snapshots have no history, so there are no commits.

use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use futures::AsyncRead;
use futures::io::Cursor;
use futures::stream::{self, BoxStream, StreamExt};
use jj_lib::backend::{
    Backend, BackendError, BackendResult, ChangeId, Commit, CommitId, CopyHistory, CopyId,
    CopyRecord, FileId, RelatedCopy, SigningFn, SymlinkId, Tree, TreeId, TreeValue,
    make_root_commit,
};
use jj_lib::files::FileMergeHunkLevel;
use jj_lib::index::Index;
use jj_lib::merge::SameChange;
use jj_lib::object_id::ObjectId as _;
use jj_lib::repo_path::{RepoPath, RepoPathBuf, RepoPathComponentBuf};
use jj_lib::signing::Signer;
use jj_lib::store::Store;
use jj_lib::tree_merge::MergeOptions;

use super::object::{ObjectId, ObjectKind};
use super::objects::{Objects, PutError};
use super::version::{FileVersion, VersionKind};
use crate::SpoolError;

/// Marks a folder among the entries of a tree; see [`VersionKind`] for the others.
const TREE: u8 = b't';

/// Bytes of an entry before its name: what it is, permissions, id, length of the name.
const ENTRY_HEAD: usize = 1 + 2 + ObjectId::LENGTH + 2;

/// How text is merged: line by line, and who makes the same change as another agrees with it.
pub(super) const MERGE_OPTIONS: MergeOptions = MergeOptions {
    hunk_level: FileMergeHunkLevel::Line,
    same_change: SameChange::Accept,
};

/// Makes Jujutsu's store over the objects.
pub(super) fn store(objects: Arc<Objects>) -> Arc<Store> {
    let backend = PackBackend {
        root_commit: CommitId::from_bytes(&[0; ObjectId::LENGTH]),
        root_change: ChangeId::from_bytes(&[0; 16]),
        empty_tree: TreeId::from_bytes(&empty_tree().0),
        objects,
    };
    Store::new(
        Box::new(backend),
        Signer::new(None, Vec::new()),
        MERGE_OPTIONS,
    )
}

#[derive(Debug)]
struct PackBackend {
    objects: Arc<Objects>,
    root_commit: CommitId,
    root_change: ChangeId,
    empty_tree: TreeId,
}

impl PackBackend {
    fn id(id: &impl jj_lib::object_id::ObjectId) -> BackendResult<ObjectId> {
        ObjectId::from_bytes(id.as_bytes()).ok_or_else(|| BackendError::InvalidHashLength {
            expected: ObjectId::LENGTH,
            actual: id.as_bytes().len(),
            object_type: id.object_type(),
            hash: id.hex(),
        })
    }

    fn put(&self, kind: ObjectKind, content: &[u8]) -> BackendResult<ObjectId> {
        self.objects
            .put(kind, content)
            .map_err(|error| match error {
                PutError::Store(error) => other(error),
                PutError::Source(source) => BackendError::Other(source.into()),
                PutError::Full => BackendError::Other("the store has its largest size".into()),
            })
    }
}

/// Returns the name of a folder with nothing in it.
pub(super) fn empty_tree() -> ObjectId {
    ObjectId::of(ObjectKind::Tree, &[])
}

fn other(error: SpoolError) -> BackendError {
    BackendError::Other(Box::new(error))
}

fn unsupported<T>() -> BackendResult<T> {
    Err(BackendError::Unsupported(
        "a store of snapshots has neither commits nor copies".to_owned(),
    ))
}

#[async_trait]
impl Backend for PackBackend {
    fn name(&self) -> &str {
        "loom-pack"
    }

    fn commit_id_length(&self) -> usize {
        ObjectId::LENGTH
    }

    fn change_id_length(&self) -> usize {
        16
    }

    fn root_commit_id(&self) -> &CommitId {
        &self.root_commit
    }

    fn root_change_id(&self) -> &ChangeId {
        &self.root_change
    }

    fn empty_tree_id(&self) -> &TreeId {
        &self.empty_tree
    }

    fn concurrency(&self) -> usize {
        1
    }

    async fn read_file(
        &self,
        _path: &RepoPath,
        id: &FileId,
    ) -> BackendResult<Pin<Box<dyn AsyncRead + Send>>> {
        let content = self.objects.read(ObjectKind::File, &Self::id(id)?);
        Ok(Box::pin(Cursor::new(content.map_err(other)?)))
    }

    async fn write_file(
        &self,
        _path: &RepoPath,
        contents: &mut (dyn AsyncRead + Send + Unpin),
    ) -> BackendResult<FileId> {
        let mut content = Vec::new();
        futures::AsyncReadExt::read_to_end(contents, &mut content)
            .await
            .map_err(|source| BackendError::Other(source.into()))?;
        let id = self.put(ObjectKind::File, &content)?;
        Ok(FileId::from_bytes(&id.0))
    }

    async fn read_symlink(&self, _path: &RepoPath, id: &SymlinkId) -> BackendResult<String> {
        let target = self.objects.read(ObjectKind::Link, &Self::id(id)?);
        String::from_utf8(target.map_err(other)?).map_err(|error| BackendError::InvalidUtf8 {
            object_type: id.object_type(),
            hash: id.hex(),
            source: error.utf8_error(),
        })
    }

    async fn write_symlink(&self, _path: &RepoPath, target: &str) -> BackendResult<SymlinkId> {
        let id = self.put(ObjectKind::Link, target.as_bytes())?;
        Ok(SymlinkId::from_bytes(&id.0))
    }

    async fn read_copy(&self, _id: &CopyId) -> BackendResult<CopyHistory> {
        unsupported()
    }

    async fn write_copy(&self, _copy: &CopyHistory) -> BackendResult<CopyId> {
        unsupported()
    }

    async fn get_related_copies(&self, _copy_id: &CopyId) -> BackendResult<Vec<RelatedCopy>> {
        unsupported()
    }

    async fn read_tree(&self, _path: &RepoPath, id: &TreeId) -> BackendResult<Tree> {
        if *id == self.empty_tree {
            return Ok(Tree::default());
        }
        let bytes = self.objects.read(ObjectKind::Tree, &Self::id(id)?);
        decode_tree(&bytes.map_err(other)?).ok_or_else(|| {
            let reason = format!("the folder {} is not one", id.hex());
            other(self.objects.folder().damaged(reason))
        })
    }

    async fn write_tree(&self, _path: &RepoPath, tree: &Tree) -> BackendResult<TreeId> {
        let Some(bytes) = encode_tree(tree) else {
            return Err(BackendError::Unsupported(
                "a store of snapshots takes files, links and folders".to_owned(),
            ));
        };
        let id = self.put(ObjectKind::Tree, &bytes)?;
        Ok(TreeId::from_bytes(&id.0))
    }

    async fn read_commit(&self, id: &CommitId) -> BackendResult<Commit> {
        if *id != self.root_commit {
            return unsupported();
        }
        Ok(make_root_commit(
            self.root_change.clone(),
            self.empty_tree.clone(),
        ))
    }

    async fn write_commit(
        &self,
        _contents: Commit,
        _sign_with: Option<&mut SigningFn>,
    ) -> BackendResult<(CommitId, Commit)> {
        unsupported()
    }

    fn get_copy_records(
        &self,
        _paths: Option<&[RepoPathBuf]>,
        _root: &CommitId,
        _head: &CommitId,
    ) -> BackendResult<BoxStream<'_, BackendResult<CopyRecord>>> {
        Ok(stream::empty().boxed())
    }

    fn gc(&self, _index: &dyn Index, _keep_newer: SystemTime) -> BackendResult<()> {
        // What no snapshot needs is left out when the store is written anew.
        Ok(())
    }
}

/// Returns the bytes of a tree; `None` when there is something in it that a snapshot cannot hold.
pub(super) fn encode_tree(tree: &Tree) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for entry in tree.entries() {
        let (kind, mode, id) = match (entry.value(), FileVersion::from_tree_value(entry.value())) {
            (TreeValue::Tree(id), _) => (TREE, 0, ObjectId::from_bytes(id.as_bytes())?),
            (_, Some(version)) => (kind_byte(version.kind), version.mode, version.id),
            (_, None) => return None,
        };
        let name = entry.name().as_internal_str();
        bytes.push(kind);
        bytes.extend_from_slice(&mode.to_le_bytes());
        bytes.extend_from_slice(&id.0);
        bytes.extend_from_slice(&u16::try_from(name.len()).ok()?.to_le_bytes());
        bytes.extend_from_slice(name.as_bytes());
    }
    Some(bytes)
}

/// Returns the tree of these bytes; `None` when they are none.
pub(super) fn decode_tree(mut bytes: &[u8]) -> Option<Tree> {
    let mut entries: Vec<(RepoPathComponentBuf, TreeValue)> = Vec::new();
    while !bytes.is_empty() {
        let (head, rest) = bytes.split_at_checked(ENTRY_HEAD)?;
        let id = ObjectId::from_bytes(&head[3..][..ObjectId::LENGTH])?;
        let length = u16::from_le_bytes([head[ENTRY_HEAD - 2], head[ENTRY_HEAD - 1]]);
        let (name, rest) = rest.split_at_checked(length.into())?;
        let value = match kind_of_byte(head[0]) {
            _ if head[0] == TREE => TreeValue::Tree(TreeId::from_bytes(&id.0)),
            Some(kind) => FileVersion {
                kind,
                id,
                mode: u16::from_le_bytes([head[1], head[2]]),
            }
            .to_tree_value(),
            None => return None,
        };
        let name = RepoPathComponentBuf::new(std::str::from_utf8(name).ok()?).ok()?;
        // Names are in order, each once: Jujutsu relies on it.
        if entries.last().is_some_and(|(last, _)| *last >= name) {
            return None;
        }
        entries.push((name, value));
        bytes = rest;
    }
    Some(Tree::from_sorted_entries(entries))
}

/// Returns the byte for a kind, in trees and in the index.
pub(super) fn kind_byte(kind: VersionKind) -> u8 {
    match kind {
        VersionKind::File => b'f',
        VersionKind::Unkept => b'u',
        VersionKind::Link => b'l',
    }
}

/// Returns the kind of a byte.
pub(super) fn kind_of_byte(byte: u8) -> Option<VersionKind> {
    match byte {
        b'f' => Some(VersionKind::File),
        b'u' => Some(VersionKind::Unkept),
        b'l' => Some(VersionKind::Link),
        _ => None,
    }
}
