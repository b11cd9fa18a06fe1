//! Descriptions of stitches: texts that merge, also when they were begun apart.
//!
//! The key of a text is its stitch and the hash of what it began with. See the [module](super) for
//! why, and for how several texts of one stitch are read as one.

use std::collections::{BTreeMap, BTreeSet};

use automerge::transaction::Transactable as _;
use automerge::{Automerge, ChangeHash, ObjId, ObjType, ReadDoc as _, TextEncoding, Value};
use jj_lib::backend::ChangeId;
use jj_lib::diff::{ContentDiff, DiffHunkKind};
use jj_lib::object_id::ObjectId as _;

use super::LedgerError;
use super::actor::{derived, hash, hex};
use super::document::{Document, Maps, key, maps, split_key};

/// The longest description that is kept, in bytes. A longer one stays what it is in each repository.
const MAX_TEXT: usize = 64 * 1024;

/// The most texts of one stitch that are read. More begin apart only in a ledger that means harm.
const MAX_PARTS: usize = 16;

/// One of the texts of a stitch.
#[derive(Clone)]
struct Part {
    key: String,
    object: ObjId,
    text: String,
}

impl Document {
    /// Takes down that somebody who saw the text `base` changed it to `text`.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Contradiction`] or [`LedgerError::Damaged`] when the document was tampered
    /// with.
    pub fn describe(
        &mut self,
        stitch: &ChangeId,
        base: &str,
        text: &str,
    ) -> Result<(), LedgerError> {
        if base == text || [base, text].iter().any(|text| !is_kept(text)) {
            return Ok(());
        }
        let maps = maps()?;
        let new = [base, text].map(|said| (said, !self.has_said(stitch, said)));
        self.transact(|transaction| {
            for (said, _) in new.into_iter().filter(|(_, is_new)| *is_new) {
                transaction.put(&maps.said, key(stitch, &text_hash(said)), true)?;
            }
            Ok(())
        })?;
        let parts = self.parts(maps, stitch);
        let live = live(parts.clone());
        let Some(first) = live.first() else {
            // What nobody had described begins with its first description: who else describes it
            // with the same words makes the same text.
            let begun = if base.is_empty() { text } else { base };
            let part = self.begin_text(maps, stitch, begun)?;
            return self.transact(|transaction| transaction.update_text(&part, text));
        };
        let present = joined(&live);
        let text = merge_texts(base, text, &present)?;
        if text == present {
            return Ok(());
        }
        let others = parts.iter().filter(|part| part.key != first.key);
        self.transact(|transaction| {
            transaction.update_text(&first.object, &text)?;
            for other in others {
                transaction.put(&maps.taken, other.key.as_str(), text_hash(&other.text))?;
            }
            Ok(())
        })
    }

    /// Returns the text of a stitch; `None` when there is none.
    pub fn description(&self, stitch: &ChangeId) -> Option<String> {
        let parts = live(self.parts(maps().ok()?, stitch));
        (!parts.is_empty()).then(|| joined(&parts))
    }

    /// Tells whether a text is one that somebody edited, or edited to: it is in the text of now.
    pub fn has_said(&self, stitch: &ChangeId, text: &str) -> bool {
        let said = key(stitch, &text_hash(text));
        let found = maps().map(|maps| self.automerge.get(&maps.said, said));
        matches!(found, Ok(Ok(Some(_))))
    }

    fn parts(&self, maps: &Maps, stitch: &ChangeId) -> Vec<Part> {
        let heads = self.automerge.get_heads();
        let start = key(stitch, "");
        let keys = self
            .automerge
            .map_range(&maps.descriptions, start.clone()..)
            .map(|item| item.key.to_string())
            .take_while(|key| key.starts_with(&start))
            .take(MAX_PARTS);
        let parts: Vec<_> = keys
            .filter_map(|key| part(&self.automerge, maps, key, &heads))
            .collect();
        without_taken(&self.automerge, maps, parts, &heads)
    }

    /// Begins a text as everybody would.
    fn begin_text(
        &mut self,
        maps: &Maps,
        stitch: &ChangeId,
        text: &str,
    ) -> Result<ObjId, LedgerError> {
        let key = key(stitch, &text_hash(text));
        let actor = derived(&[b"description", stitch.as_bytes(), text.as_bytes()]);
        self.apart(&actor, |transaction| {
            let object = transaction.put_object(&maps.descriptions, key.as_str(), ObjType::Text)?;
            transaction.splice_text(&object, 0, 0, text)
        })?;
        match self.automerge.get(&maps.descriptions, key.as_str())? {
            Some((_, object)) => Ok(object),
            None => Err(LedgerError::Damaged("a text is not there".to_owned())),
        }
    }
}

/// Reads the descriptions of all stitches as they were at a moment.
pub(super) fn read_all(
    automerge: &Automerge,
    maps: &Maps,
    heads: &[ChangeHash],
) -> BTreeMap<ChangeId, String> {
    let mut stitches: BTreeMap<ChangeId, (usize, Vec<Part>)> = BTreeMap::new();
    for key in automerge.keys_at(&maps.descriptions, heads) {
        let Some((stitch, _)) = split_key(&key) else {
            continue;
        };
        let (count, parts) = stitches.entry(stitch).or_default();
        *count += 1;
        if *count <= MAX_PARTS {
            parts.extend(part(automerge, maps, key, heads));
        }
    }
    stitches.retain(|_, (_, parts)| !parts.is_empty());
    stitches
        .into_iter()
        .map(|(stitch, (_, parts))| {
            let parts = live(without_taken(automerge, maps, parts, heads));
            (stitch, joined(&parts))
        })
        .collect()
}

fn part(automerge: &Automerge, maps: &Maps, key: String, heads: &[ChangeHash]) -> Option<Part> {
    let found = automerge.get_at(&maps.descriptions, key.as_str(), heads);
    let (Value::Object(ObjType::Text), object) = found.ok()?? else {
        return None;
    };
    let text = automerge.text_at(&object, heads).ok()?;
    is_kept(&text).then_some(Part { key, object, text })
}

/// Leaves out the texts that an edit of another took over, unless they were changed since.
fn without_taken(
    automerge: &Automerge,
    maps: &Maps,
    parts: Vec<Part>,
    heads: &[ChangeHash],
) -> Vec<Part> {
    let is_taken = |part: &Part| {
        let taken = automerge.get_all_at(&maps.taken, part.key.as_str(), heads);
        let hash = text_hash(&part.text);
        taken
            .unwrap_or_default()
            .iter()
            .any(|(value, _)| value.as_str() == Some(&hash))
    };
    retain_some(parts, |part| !is_taken(part))
}

/// Leaves out the texts that another continued, and all but one of equal ones.
fn live(parts: Vec<Part>) -> Vec<Part> {
    let begun: BTreeSet<String> = parts
        .iter()
        .filter_map(|part| Some(part.key.rsplit_once('/')?.1.to_owned()))
        .collect();
    let is_continued = |part: &Part| {
        let hash = text_hash(&part.text);
        !part.key.ends_with(&hash) && begun.contains(&hash)
    };
    let mut parts = retain_some(parts, |part| !is_continued(part));
    let mut seen = BTreeSet::new();
    parts.retain(|part| seen.insert(part.text.clone()));
    parts
}

/// Keeps what fits, or everything when nothing does: a text is never left out for another that is
/// left out for it.
fn retain_some(parts: Vec<Part>, fits: impl Fn(&Part) -> bool) -> Vec<Part> {
    if parts.iter().any(&fits) {
        parts.into_iter().filter(|part| fits(part)).collect()
    } else {
        parts
    }
}

/// Reads several texts as one: the lines that two share appear once, all others stay, up to the
/// longest description.
fn joined(parts: &[Part]) -> String {
    let mut texts = parts.iter().map(|part| part.text.as_str());
    let first = texts.next().unwrap_or_default().to_owned();
    texts.fold(first, |joined, text| {
        let longer = join(&joined, text);
        if is_kept(&longer) { longer } else { joined }
    })
}

/// Joins two texts that know nothing of each other.
pub(super) fn join(one: &str, other: &str) -> String {
    if one.contains(other) {
        return one.to_owned();
    }
    if other.contains(one) {
        return other.to_owned();
    }
    let (one, other) = (with_end(one), with_end(other));
    let mut joined = Vec::new();
    for hunk in ContentDiff::by_line([&one, &other]).hunks() {
        let contents = match hunk.kind {
            DiffHunkKind::Matching => hunk.contents.iter().take(1),
            DiffHunkKind::Different => hunk.contents.iter().take(2),
        };
        for content in contents {
            joined.extend_from_slice(content);
        }
    }
    String::from_utf8_lossy(&joined).into_owned()
}

fn with_end(text: &str) -> String {
    let mut text = text.to_owned();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// Merges two texts that were made of `base`, as if both had been edited in one document.
pub(crate) fn merge_texts(base: &str, one: &str, other: &str) -> Result<String, LedgerError> {
    if one == other || other == base {
        return Ok(one.to_owned());
    }
    if one == base {
        return Ok(other.to_owned());
    }
    let mut begun = Automerge::new_with_encoding(TextEncoding::UnicodeCodePoint)
        .with_actor(derived(&[b"base"]));
    let mut transaction = begun.transaction();
    let text = transaction.put_object(automerge::ROOT, "text", ObjType::Text)?;
    transaction.splice_text(&text, 0, 0, base)?;
    transaction.commit();
    // In one order, whoever merges.
    let (one, other) = if one < other {
        (one, other)
    } else {
        (other, one)
    };
    let mut edited = begun.clone().with_actor(derived(&[b"one"]));
    let mut beside = begun.with_actor(derived(&[b"other"]));
    for (document, new) in [(&mut edited, one), (&mut beside, other)] {
        let mut transaction = document.transaction();
        transaction.update_text(&text, new)?;
        transaction.commit();
    }
    edited.merge(&mut beside)?;
    Ok(edited.text(&text)?)
}

/// Whether a text can be a description: of a size, and without what no commit can hold.
fn is_kept(text: &str) -> bool {
    text.len() <= MAX_TEXT && !text.contains('\0')
}

fn text_hash(text: &str) -> String {
    hex(&hash(&[text.as_bytes()]))
}
