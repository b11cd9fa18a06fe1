//! What several machines change at once in one repository, as types that merge.
//!
//! # Types
//!
//! - [`Document`]: an Automerge document with a map for each of three things. Merging two of them
//!   keeps what was done in either, in whatever order and however often they meet.
//!   - *Pins*: for each name a register of many values: moves that did not know of each other all
//!     stay ([`LedgerView::pins`]), a move takes away the values that its maker saw, and deletion is
//!     a value too. Whether one of two commits is an ancestor of the other is not the document's to
//!     know: [`standing`] leaves out what is, when a repository is at hand.
//!   - *Descriptions* of stitches: texts; edits made apart are both in the merged text.
//!   - *Tags* of stitches: a set. Adding wins over taking away at the same time.
//! - [`LedgerView`]: all that as plain data; also as it was at an earlier [`Mark`].
//! - [`Ledger`]: the document that a clone shares with a remote, in a folder inside of `.jj/repo`, with
//!   what only this clone knows: its actor, what it shared, and what the repository was brought to.
//!
//! Neither clock nor randomness is used; an actor's bytes are handed in.
//!
//! # Texts that were begun twice
//!
//! Automerge would keep two texts that two clones began for one stitch side by side, or double the
//! letters. So a text is begun by a change that anybody would make byte for byte alike: its actor is
//! a hash of the stitch and of what the text began with. Who begins with the same text makes the same
//! change. Texts that began differently are joined when they are read, the same for every reader: a
//! text that was continued elsewhere, or was taken over by an edit that knew both, is left out; of the
//! rest the lines that they share appear once.
//!
//! # Actors
//!
//! Automerge numbers the changes of an actor, and two that number on from the same change can never
//! meet again. An actor is therefore bound to the inode of the ledger's folder: a copied clone has
//! another and takes a new actor. A disk image that is copied or set back cannot be told so; when
//! two documents turn out to contradict each other, what this clone changed since it last shared is
//! [carried](Document::carry) into the other's document under a new actor. Nothing is lost by that.
//!
//! # Growth
//!
//! History cannot be cut out of a document. Above a size the next who exchanges begins a new
//! [`Lineage`] with the values of now. A clone that still has the old
//! one carries over what it changed since it last shared; one that never shared, all of it.
//!
//! # Failure
//!
//! The file is replaced at one stroke under a lock, so a kill leaves the old or the new one. It is
//! written before anything is sent, so that no other can know of a change that this clone forgets. A
//! damaged file is moved aside and begun anew: what the clone had not shared is then taken from the
//! repository as it is; a file of a newer version is refused and left. Bytes from elsewhere are
//! bounded and checked before they are merged, and merged into a copy.

mod actor;
mod carry;
mod description;
mod document;
mod encoding;
mod error;
mod measure;
mod store;
mod view;

#[cfg(test)]
mod tests;

pub use actor::Actor;
pub(crate) use actor::hash;
pub(crate) use description::merge_texts;
pub use document::{Document, Lineage, Mark};
pub use encoding::MAX_BYTES;
pub use error::LedgerError;
pub use store::{Known, Ledger, LedgerFolder, LockedLedger};
pub use view::{LedgerView, PinValue, standing};
