//! Who makes a change of the document.

use automerge::ActorId;
use blake2::digest::consts::U16;
use blake2::{Blake2b, Digest as _};

/// Who makes the changes of one clone: random bytes.
pub type Actor = [u8; 16];

/// Returns a hash of the parts, each with its length so that no two lists are alike.
pub(crate) fn hash(parts: &[&[u8]]) -> [u8; 16] {
    let mut hasher = Blake2b::<U16>::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// Makes the actor of a change that everybody makes alike who makes it of the same parts.
pub(super) fn derived(parts: &[&[u8]]) -> ActorId {
    ActorId::from(hash(parts))
}

/// Writes bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    jj_lib::hex_util::encode_hex(bytes)
}
