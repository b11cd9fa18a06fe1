//! The document: registers of pins, sets of tags, and who described a stitch last.
//!
//! Every document begins with the same change, which makes the maps; so the maps of two documents
//! that were begun apart are the same objects, and never hide each other.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use automerge::transaction::{Transactable as _, Transaction};
use automerge::{
    ActorId, Automerge, AutomergeError, ChangeHash, ObjId, ObjType, ROOT, ReadDoc as _,
    ScalarValue, TextEncoding, Value,
};
use jj_lib::backend::{ChangeId, CommitId, MillisSinceEpoch, Signature, Timestamp};
use jj_lib::object_id::ObjectId as _;

use super::actor::{Actor, derived, hex};
use super::view::{LedgerView, PinValue};
use super::{LedgerError, description};

/// The longest name of a pin or a tag, in bytes.
const MAX_NAME: usize = 256;

/// Which document it is: merging is for those of one lineage.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub struct Lineage {
    /// How often it was begun anew to make it small.
    pub generation: u64,
    /// What it was begun from, so that two that were begun anew apart differ. Empty for the first.
    pub origin: String,
}

/// A moment in the life of a document.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Mark {
    /// The document's lineage.
    pub lineage: Lineage,
    /// The hashes of its last changes.
    pub heads: Vec<String>,
}

/// The maps that every document has.
pub(super) struct Maps {
    pub(super) automerge: Automerge,
    pub(super) heads: Vec<ChangeHash>,
    pins: ObjId,
    tags: ObjId,
    writers: ObjId,
    /// Texts, by stitch and beginning.
    pub(super) descriptions: ObjId,
    /// What texts held when another took them over.
    pub(super) taken: ObjId,
    /// Hashes of what stitches said and what that was edited to.
    pub(super) said: ObjId,
}

/// The beginning of every document.
pub(super) static MAPS: LazyLock<Result<Maps, String>> =
    LazyLock::new(|| begin().map_err(|error| error.to_string()));

fn begin() -> Result<Maps, AutomergeError> {
    let mut automerge = Automerge::new_with_encoding(TextEncoding::UnicodeCodePoint)
        .with_actor(derived(&[b"loom ledger"]));
    let mut transaction = automerge.transaction();
    let mut map = |name| transaction.put_object(ROOT, name, ObjType::Map);
    let (pins, tags, writers) = (map("pins")?, map("tags")?, map("writers")?);
    let (descriptions, taken, said) = (map("descriptions")?, map("taken")?, map("said")?);
    transaction.commit();
    Ok(Maps {
        heads: automerge.get_heads(),
        automerge,
        pins,
        tags,
        writers,
        descriptions,
        taken,
        said,
    })
}

pub(super) fn maps() -> Result<&'static Maps, LedgerError> {
    MAPS.as_ref()
        .map_err(|reason| LedgerError::Damaged(reason.clone()))
}

/// What several machines change at once. See the [module](super).
#[derive(Clone, Debug)]
pub struct Document {
    pub(super) automerge: Automerge,
    pub(super) lineage: Lineage,
}

impl Document {
    /// Begins an empty document, whose changes are made by `actor`.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Damaged`] when the library does not do what it should.
    pub fn new(actor: Actor) -> Result<Self, LedgerError> {
        Self::begun(Lineage::default(), actor)
    }

    pub(super) fn begun(lineage: Lineage, actor: Actor) -> Result<Self, LedgerError> {
        let mut document = Self {
            automerge: maps()?.automerge.clone(),
            lineage,
        };
        document.set_actor(actor);
        Ok(document)
    }

    /// Lets `actor` make the changes from now on. Each actor is to be used by one clone only.
    pub fn set_actor(&mut self, actor: Actor) {
        self.automerge.set_actor(ActorId::from(actor));
    }

    /// Tells whether nothing was ever taken down in it.
    pub fn is_empty(&self) -> bool {
        maps().is_ok_and(|maps| self.automerge.get_heads() == maps.heads)
    }

    /// Returns the lineage.
    pub fn lineage(&self) -> &Lineage {
        &self.lineage
    }

    /// Returns the present moment.
    pub fn mark(&self) -> Mark {
        let mut heads: Vec<_> = self
            .automerge
            .get_heads()
            .iter()
            .map(ToString::to_string)
            .collect();
        heads.sort_unstable();
        Mark {
            lineage: self.lineage.clone(),
            heads,
        }
    }

    /// Takes in what another document of the same lineage has. On an error nothing is taken in.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Contradiction`], and [`LedgerError::Damaged`] for another lineage.
    pub fn merge(&mut self, other: &Self) -> Result<(), LedgerError> {
        if other.lineage != self.lineage {
            return Err(LedgerError::Damaged("it is of another lineage".to_owned()));
        }
        let mut merged = self.automerge.clone();
        merged.merge(&mut other.automerge.clone())?;
        self.automerge = merged;
        Ok(())
    }

    /// Returns what the document says.
    pub fn view(&self) -> LedgerView {
        self.read(&self.automerge.get_heads())
    }

    /// Returns what the document said at a moment; `None` when it does not know the moment.
    pub fn view_at(&self, mark: &Mark) -> Option<LedgerView> {
        if mark.lineage != self.lineage {
            return None;
        }
        let heads: Option<Vec<ChangeHash>> = mark
            .heads
            .iter()
            .map(|head| head.parse().ok())
            .map(|head| head.filter(|hash| self.automerge.get_change_meta_by_hash(hash).is_some()))
            .collect();
        Some(self.read(&heads?))
    }

    fn read(&self, heads: &[ChangeHash]) -> LedgerView {
        let Ok(maps) = maps() else {
            return LedgerView::default();
        };
        let mut view = LedgerView::default();
        for name in self.automerge.keys_at(&maps.pins, heads) {
            let values = self.pin_values(maps, &name, heads);
            if !values.is_empty() && check_name("pin", &name).is_ok() {
                view.pins.insert(name, values);
            }
        }
        for key in self.automerge.keys_at(&maps.tags, heads) {
            if let Some((change, tag)) = split_key(&key)
                && check_tag(tag).is_ok()
            {
                view.tags.entry(change).or_default().insert(tag.to_owned());
            }
        }
        view.descriptions = description::read_all(&self.automerge, maps, heads);
        view
    }

    fn pin_values(&self, maps: &Maps, name: &str, heads: &[ChangeHash]) -> BTreeSet<PinValue> {
        let values = self.automerge.get_all_at(&maps.pins, name, heads);
        let values = values.unwrap_or_default().into_iter();
        values
            .filter_map(|(value, _)| match value {
                Value::Scalar(scalar) => match scalar.as_ref() {
                    ScalarValue::Null => Some(None),
                    // SHA-1, SHA-256, and what Jujutsu's own backend has.
                    ScalarValue::Bytes(id) if matches!(id.len(), 20 | 32 | 64) => {
                        Some(Some(CommitId::from_bytes(id)))
                    }
                    _ => None,
                },
                Value::Object(_) => None,
            })
            .collect()
    }

    /// Takes down that a pin was moved to `value` by somebody who saw the values `known`. Values
    /// that were not seen stay beside it.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Name`].
    pub fn move_pin(
        &mut self,
        name: &str,
        known: &BTreeSet<PinValue>,
        value: PinValue,
    ) -> Result<(), LedgerError> {
        let present = self.pin_values(maps()?, name, &self.automerge.get_heads());
        let mut values: BTreeSet<_> = present.difference(known).cloned().collect();
        values.insert(value);
        self.set_pin(name, &values)
    }

    /// Makes a pin have exactly these values.
    pub(super) fn set_pin(
        &mut self,
        name: &str,
        values: &BTreeSet<PinValue>,
    ) -> Result<(), LedgerError> {
        check_name("pin", name)?;
        let maps = maps()?;
        let heads = self.automerge.get_heads();
        if *values == self.pin_values(maps, name, &heads) {
            return Ok(());
        }
        let mut values = values.iter();
        let Some(first) = values.next() else {
            return Ok(());
        };
        self.transact(|transaction| transaction.put(&maps.pins, name, scalar(first)))?;
        // A value that knows nothing stays beside any other.
        for value in values {
            let mut parts: Vec<&[u8]> = vec![b"pin", name.as_bytes()];
            parts.push(value.as_ref().map_or(&[], |id| id.as_bytes()));
            parts.extend(heads.iter().map(AsRef::as_ref));
            parts.push(self.automerge.get_actor().to_bytes());
            self.apart(&derived(&parts), |transaction| {
                transaction.put(&maps.pins, name, scalar(value))
            })?;
        }
        Ok(())
    }

    /// Adds a tag to a stitch.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Name`].
    pub fn tag(&mut self, stitch: &ChangeId, tag: &str) -> Result<(), LedgerError> {
        check_tag(tag)?;
        let (maps, key) = (maps()?, key(stitch, tag));
        if self.automerge.get(&maps.tags, key.as_str())?.is_some() {
            return Ok(());
        }
        self.transact(|transaction| transaction.put(&maps.tags, key.as_str(), true))
    }

    /// Takes a tag from a stitch. It stays if another adds it meanwhile.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Damaged`].
    pub fn untag(&mut self, stitch: &ChangeId, tag: &str) -> Result<(), LedgerError> {
        let (maps, key) = (maps()?, key(stitch, tag));
        if self.automerge.get(&maps.tags, key.as_str())?.is_none() {
            return Ok(());
        }
        self.transact(|transaction| transaction.delete(&maps.tags, key.as_str()))
    }

    /// Takes down who described a stitch last, and when: who rewrites it to the merged text signs
    /// with that, so that everybody rewrites it to the same commit.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Damaged`].
    pub fn set_writer(&mut self, stitch: &ChangeId, writer: &Signature) -> Result<(), LedgerError> {
        if can_sign(writer) {
            self.write_writer(stitch, writer)?;
        }
        Ok(())
    }

    pub(super) fn write_writer(
        &mut self,
        stitch: &ChangeId,
        writer: &Signature,
    ) -> Result<(), LedgerError> {
        let maps = maps()?;
        let Timestamp {
            timestamp,
            tz_offset,
        } = writer.timestamp;
        let text = format!(
            "{} {tz_offset}\n{}\n{}",
            timestamp.0, writer.name, writer.email
        );
        self.transact(|transaction| transaction.put(&maps.writers, hex(stitch.as_bytes()), text))
    }

    /// Returns who described a stitch last, and when: of several at once the same for every reader.
    /// `None` when nobody did, or it is nobody who can sign a commit.
    pub fn writer(&self, stitch: &ChangeId) -> Option<Signature> {
        let maps = maps().ok()?;
        let found = self.automerge.get(&maps.writers, hex(stitch.as_bytes()));
        let (value, _) = found.ok()??;
        let text = value.as_str()?;
        let mut lines = text.splitn(3, '\n');
        let (time, name, email) = (lines.next()?, lines.next()?, lines.next()?);
        let (millis, offset) = time.split_once(' ')?;
        let writer = Signature {
            name: name.to_owned(),
            email: email.to_owned(),
            timestamp: Timestamp {
                timestamp: MillisSinceEpoch(millis.parse().ok()?),
                tz_offset: offset.parse().ok()?,
            },
        };
        can_sign(&writer).then_some(writer)
    }

    /// Makes a change in the document.
    pub(super) fn transact(
        &mut self,
        change: impl FnOnce(&mut Transaction<'_>) -> Result<(), AutomergeError>,
    ) -> Result<(), LedgerError> {
        let mut transaction = self.automerge.transaction();
        // Dropped, it takes back what it has done.
        change(&mut transaction)?;
        transaction.commit();
        Ok(())
    }

    /// Makes a change that knows nothing but the beginning of all documents. The same change by the
    /// same actor is the same in every document.
    pub(super) fn apart(
        &mut self,
        actor: &ActorId,
        change: impl FnOnce(&mut Transaction<'_>) -> Result<(), AutomergeError>,
    ) -> Result<(), LedgerError> {
        let mut apart = Self {
            automerge: maps()?.automerge.clone().with_actor(actor.clone()),
            lineage: self.lineage.clone(),
        };
        apart.transact(change)?;
        self.merge(&apart)
    }
}

fn scalar(value: &PinValue) -> ScalarValue {
    match value {
        Some(id) => ScalarValue::Bytes(id.to_bytes()),
        None => ScalarValue::Null,
    }
}

/// Writes the key of something that a stitch has.
pub(super) fn key(stitch: &ChangeId, name: &str) -> String {
    format!("{}/{name}", hex(stitch.as_bytes()))
}

/// Reads a key. `None` when no stitch has such a name.
pub(super) fn split_key(key: &str) -> Option<(ChangeId, &str)> {
    let (stitch, name) = key.split_once('/')?;
    let stitch = ChangeId::try_from_hex(stitch)?;
    (stitch.as_bytes().len() == 16).then_some((stitch, name))
}

/// Whether git's commits can be signed so: a ledger may come from anywhere.
fn can_sign(writer: &Signature) -> bool {
    const MAX_OFFSET: u32 = 24 * 60;
    /// The end of the year 9999, in milliseconds.
    const LAST: i64 = 253_402_300_799_999;
    let is_name = |name: &str| {
        let is_refused = |letter: char| letter.is_control() || matches!(letter, '<' | '>');
        name.len() <= MAX_NAME && !name.contains(is_refused)
    };
    is_name(&writer.name)
        && is_name(&writer.email)
        && writer.timestamp.tz_offset.unsigned_abs() <= MAX_OFFSET
        && (0..=LAST).contains(&writer.timestamp.timestamp.0)
}

fn check_name(kind: &'static str, name: &str) -> Result<(), LedgerError> {
    let reason = if name.is_empty() {
        "it is empty"
    } else if name.len() > MAX_NAME {
        "it is too long"
    } else if name.chars().any(char::is_control) {
        "it has control characters in it"
    } else {
        return Ok(());
    };
    Err(LedgerError::Name {
        kind,
        name: name.to_owned(),
        reason,
    })
}

fn check_tag(tag: &str) -> Result<(), LedgerError> {
    check_name("tag", tag)?;
    if tag
        .chars()
        .any(|letter| letter.is_whitespace() || letter == ',')
    {
        return Err(LedgerError::Name {
            kind: "tag",
            name: tag.to_owned(),
            reason: "it has spaces or commas in it",
        });
    }
    Ok(())
}
