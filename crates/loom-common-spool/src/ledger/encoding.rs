//! A document as bytes: a line that says what follows, then Automerge's own format.
//!
//! The line is JSON, so that a person who looks at a ledger sees what it is. What follows is not
//! compressed, for a few compressed bytes could stand for any number; git compresses its objects.

use std::panic::{AssertUnwindSafe, catch_unwind};

use automerge::{Automerge, LoadOptions, TextEncoding};
use serde::{Deserialize, Serialize};

use super::actor::{Actor, hash, hex};
use super::document::{Document, Lineage, maps};
use super::{LedgerError, measure};

/// The format that is written.
const FORMAT: u64 = 1;

/// The largest ledger that is read or written, in bytes.
pub const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The longest first line.
const MAX_LINE: usize = 1024;

#[derive(Deserialize)]
struct Format {
    #[serde(rename = "loom-ledger")]
    format: u64,
}

#[derive(Serialize, Deserialize)]
struct Header {
    #[serde(rename = "loom-ledger")]
    format: u64,
    lineage: Lineage,
    length: usize,
    hash: String,
}

impl Document {
    /// Writes the document.
    ///
    /// # Errors
    ///
    /// [`LedgerError::TooLarge`] when it is larger than anybody reads.
    pub fn encode(&self) -> Result<Vec<u8>, LedgerError> {
        let body = self.automerge.save_nocompress();
        let header = Header {
            format: FORMAT,
            lineage: self.lineage.clone(),
            length: body.len(),
            hash: hex(&hash(&[&body])),
        };
        let mut bytes =
            serde_json::to_vec(&header).map_err(|error| LedgerError::Damaged(error.to_string()))?;
        bytes.push(b'\n');
        bytes.extend_from_slice(&body);
        check_size(bytes.len())?;
        Ok(bytes)
    }

    /// Reads a document that was [encoded](Self::encode). The bytes may come from anywhere. What
    /// is changed in it is made by `actor`.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Damaged`], [`LedgerError::TooLarge`], or [`LedgerError::Newer`].
    pub fn decode(bytes: &[u8], actor: Actor) -> Result<Self, LedgerError> {
        check_size(bytes.len())?;
        let damaged = |reason: &str| LedgerError::Damaged(reason.to_owned());
        let end = bytes.iter().take(MAX_LINE).position(|byte| *byte == b'\n');
        let (line, body) = end
            .and_then(|end| Some((bytes.get(..end)?, bytes.get(end + 1..)?)))
            .ok_or_else(|| damaged("it does not begin as one"))?;
        let unreadable = |_| damaged("its first line cannot be read");
        let Format { format } = serde_json::from_slice(line).map_err(unreadable)?;
        if format > FORMAT {
            return Err(LedgerError::Newer { format });
        }
        let header: Header = serde_json::from_slice(line).map_err(unreadable)?;
        if header.length != body.len() || header.hash != hex(&hash(&[body])) {
            return Err(damaged("a part of it is missing or changed"));
        }
        measure::check(body).map_err(damaged)?;
        let automerge = guarded(|| {
            let options = LoadOptions::new().text_encoding(TextEncoding::UnicodeCodePoint);
            Ok(Automerge::load_with_options(body, options)?)
        })?;
        for head in &maps()?.heads {
            if automerge.get_change_meta_by_hash(head).is_none() {
                return Err(damaged("it does not begin with the maps of a ledger"));
            }
        }
        let mut document = Self {
            automerge,
            lineage: header.lineage,
        };
        document.set_actor(actor);
        // Reading finds what is wrong with it before anything depends on it.
        guarded(|| Ok(document.view()))?;
        Ok(document)
    }
}

/// Does something with bytes from elsewhere. The library panics at some that only malice makes; here
/// that is an error as any.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, LedgerError>) -> Result<T, LedgerError> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(LedgerError::Damaged("it makes no sense".to_owned())))
}

fn check_size(bytes: usize) -> Result<(), LedgerError> {
    if bytes > MAX_BYTES {
        return Err(LedgerError::TooLarge {
            bytes: bytes as u64,
            limit: MAX_BYTES as u64,
        });
    }
    Ok(())
}
