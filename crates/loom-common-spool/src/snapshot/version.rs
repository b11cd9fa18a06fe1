//! What a path held at a snapshot, and how that is told to Jujutsu.
//!
//! Jujutsu's trees know files, executable or not, and symbolic links. Undoing must bring back more: a
//! private file (mode 0600) must not come back readable for all, and a file that was too large to be
//! kept must not count as deleted. So the permission bits ride in the copy id of a tree value, for
//! which nothing here has another use, and the id of a file that is not kept is one byte longer
//! than others: it names what is known of the file (size, times), not its content.

use jj_lib::backend::{CopyId, FileId, SymlinkId, TreeValue};
use jj_lib::object_id::ObjectId as _;

use super::object::ObjectId;

/// First byte of the id of a file whose content is not kept.
const UNKEPT: u8 = b'!';

/// What a path held at a snapshot: a file with its permissions, or a symbolic link.
///
/// Two are equal when content and permissions are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileVersion {
    pub(super) kind: VersionKind,
    pub(super) id: ObjectId,
    /// Permission bits, at most 0o777; 0 for links.
    pub(super) mode: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum VersionKind {
    /// A file; the id is that of its content.
    File,
    /// A file whose content is not kept; the id is that of what is known of it.
    Unkept,
    /// A symbolic link; the id is that of its target.
    Link,
}

impl FileVersion {
    /// Tells whether the content is in the store. It is not for files that were too large or
    /// could not be read.
    pub fn is_kept(&self) -> bool {
        self.kind != VersionKind::Unkept
    }

    /// Tells whether it is a symbolic link.
    pub fn is_link(&self) -> bool {
        self.kind == VersionKind::Link
    }

    /// Returns the permission bits, at most 0o777. Links have none.
    pub fn mode(&self) -> Option<u32> {
        (!self.is_link()).then_some(self.mode.into())
    }

    pub(super) fn to_tree_value(self) -> TreeValue {
        let id = match self.kind {
            VersionKind::Link => return TreeValue::Symlink(SymlinkId::from_bytes(&self.id.0)),
            VersionKind::File => FileId::from_bytes(&self.id.0),
            VersionKind::Unkept => FileId::new([&[UNKEPT], &self.id.0[..]].concat()),
        };
        TreeValue::File {
            id,
            executable: self.mode & 0o100 != 0,
            copy_id: CopyId::from_bytes(&self.mode.to_be_bytes()),
        }
    }

    /// Returns `None` for what is no version of a file: folders, and ids of another store.
    pub(super) fn from_tree_value(value: &TreeValue) -> Option<Self> {
        match value {
            TreeValue::File { id, copy_id, .. } => {
                let (kind, id) = match id.as_bytes() {
                    [UNKEPT, id @ ..] if id.len() == ObjectId::LENGTH => (VersionKind::Unkept, id),
                    id => (VersionKind::File, id),
                };
                Some(Self {
                    kind,
                    id: ObjectId::from_bytes(id)?,
                    mode: u16::from_be_bytes(copy_id.as_bytes().try_into().ok()?),
                })
            }
            TreeValue::Symlink(id) => Some(Self {
                kind: VersionKind::Link,
                id: ObjectId::from_bytes(id.as_bytes())?,
                mode: 0,
            }),
            TreeValue::Tree(_) | TreeValue::GitSubmodule(_) => None,
        }
    }
}
