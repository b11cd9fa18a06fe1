//! What the store keeps, by the hash of what it is.
//!
//! An object is a file's content, a symbolic link's target or a folder. Its name is the BLAKE2b hash
//! (RFC 7693, 32 bytes) of a byte for its kind and its content, so equal things have equal names,
//! and whatever is read back is checked by its name.

use std::fmt;

use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};

/// What an object is. The byte is part of what is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum ObjectKind {
    /// The content of a file.
    File = b'f',
    /// The target of a symbolic link.
    Link = b'l',
    /// A folder: names and what they stand for.
    Tree = b't',
    /// What is known of a file whose content is not kept.
    Print = b'p',
}

/// The name of an object.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ObjectId(pub(super) [u8; Self::LENGTH]);

impl ObjectId {
    /// Bytes of a name.
    pub(super) const LENGTH: usize = 32;

    /// Returns the name of an object with this content.
    pub(super) fn of(kind: ObjectKind, content: &[u8]) -> Self {
        let mut hasher = ObjectHasher::new(kind);
        hasher.update(content);
        hasher.finish()
    }

    /// Returns `None` when the bytes are not as many as a name has.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Makes the name of content that comes piece by piece.
pub(super) struct ObjectHasher(Blake2b<U32>);

impl ObjectHasher {
    pub(super) fn new(kind: ObjectKind) -> Self {
        Self(Blake2b::new_with_prefix([kind as u8]))
    }

    pub(super) fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    pub(super) fn finish(self) -> ObjectId {
        ObjectId(self.0.finalize().into())
    }
}
