//! The log of a conversation: what happened to it, in order, and never anything else.
//!
//! A conversation changes in more ways than by growing: the person goes back to an earlier point,
//! and what no longer fits the model's context is put into fewer words. Neither deletes anything.
//! Both are entries like any message, so both can be undone, and two sessions that hold the same
//! log hold the same conversation.
//!
//! The conversation is found by walking the log from its end: a message belongs to it, a rewind
//! sends the walk to where it leads, and a compaction ends it with messages of its own. A rewind
//! leads only backwards, so the walk visits each entry at most once. Undoing a rewind is another
//! rewind, to the length that the log had before the first.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::compaction::Compaction;
use crate::message::{ContentBlock, Message, Role};

/// One thing that happened to a conversation.
///
/// As JSON a message is the message itself; anything else says what it is in the field `entry`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "ReadEntry", into = "WrittenEntry")]
pub enum Entry {
    /// A message was said.
    Message(Arc<Message>),
    /// The conversation was set back to what it was when the log had `to` entries.
    Rewind {
        /// Length of the log to which the conversation went back; at most this entry's position.
        to: u64,
    },
    /// The conversation was replaced by fewer words.
    Compaction(Arc<Compaction>),
}

impl Entry {
    /// Checks that this entry can be the one at `position` (counted from 0) of a log.
    ///
    /// # Errors
    ///
    /// [`LogError`], for a rewind that leads forwards.
    pub fn check_at(&self, position: u64) -> Result<(), LogError> {
        match *self {
            Self::Rewind { to } if to > position => Err(LogError { to, position }),
            _ => Ok(()),
        }
    }
}

impl From<Message> for Entry {
    fn from(message: Message) -> Self {
        Self::Message(Arc::new(message))
    }
}

/// A rewind leads to a place that its log has not reached. Trying again does not help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a log of {position} entries cannot be set back to its entry {to}")]
pub struct LogError {
    /// Where the rewind leads.
    pub to: u64,
    /// Length of the log at that point.
    pub position: u64,
}

/// All that happened to a conversation, oldest first. Only grows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Log {
    entries: Vec<Entry>,
}

impl Log {
    /// Makes an empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a log of entries that were stored.
    ///
    /// # Errors
    ///
    /// [`LogError`], when one of them cannot stand where it stands.
    pub fn from_entries(entries: Vec<Entry>) -> Result<Self, LogError> {
        for (position, entry) in (0..).zip(&entries) {
            entry.check_at(position)?;
        }
        Ok(Self { entries })
    }

    /// Adds an entry.
    ///
    /// # Errors
    ///
    /// [`LogError`], when it cannot be the next one.
    pub fn push(&mut self, entry: Entry) -> Result<(), LogError> {
        entry.check_at(self.len())?;
        self.entries.push(entry);
        Ok(())
    }

    /// Adds a message, which can always be the next entry.
    pub fn push_message(&mut self, message: Arc<Message>) {
        self.entries.push(Entry::Message(message));
    }

    /// Returns all entries, oldest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Returns the number of entries.
    pub fn len(&self) -> u64 {
        self.entries.len() as u64
    }

    /// Tells whether nothing has happened.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the conversation, oldest message first.
    pub fn conversation(&self) -> Vec<Arc<Message>> {
        self.standing().conversation()
    }

    /// Returns the conversation as it was when the log had `len` entries.
    ///
    /// # Errors
    ///
    /// [`LogError`], when the log has fewer.
    pub fn conversation_at(&self, len: u64) -> Result<Vec<Arc<Message>>, LogError> {
        Ok(self.standing_at(len)?.conversation())
    }

    /// Returns the conversation in its parts.
    pub fn standing(&self) -> Standing<'_> {
        self.standing_before(self.entries.len())
    }

    /// Returns the conversation in its parts as it was when the log had `len` entries.
    ///
    /// # Errors
    ///
    /// [`LogError`], when the log has fewer.
    pub fn standing_at(&self, len: u64) -> Result<Standing<'_>, LogError> {
        Entry::Rewind { to: len }.check_at(self.len())?;
        Ok(self.standing_before(usize::try_from(len).unwrap_or(usize::MAX)))
    }

    fn standing_before(&self, len: usize) -> Standing<'_> {
        let mut since: Vec<Arc<Message>> = Vec::new();
        let mut compaction = None;
        for (_, entry) in self.walk_back(len) {
            match entry {
                Entry::Message(message) => since.push(Arc::clone(message)),
                Entry::Compaction(found) => {
                    compaction = Some(found);
                    break;
                }
                Entry::Rewind { .. } => {}
            }
        }
        since.reverse();
        Standing { compaction, since }
    }

    /// Returns the messages that led to where the conversation is now, oldest first, each with its
    /// position in the log: also those that a compaction has replaced, and none that a rewind has
    /// left behind. This is what a person reads as the conversation.
    ///
    /// Setting the log back to a message's position undoes it and all that came after it.
    pub fn history(&self) -> Vec<(u64, &Arc<Message>)> {
        let mut history: Vec<_> = self
            .walk_back(self.entries.len())
            .filter_map(|(position, entry)| match entry {
                Entry::Message(message) => Some((position, message)),
                Entry::Rewind { .. } | Entry::Compaction(_) => None,
            })
            .collect();
        history.reverse();
        history
    }

    /// Walks from the end of the first `len` entries to the beginning, along the rewinds.
    fn walk_back(&self, len: usize) -> impl Iterator<Item = (u64, &Entry)> {
        let mut rest = &self.entries[..len.min(self.entries.len())];
        std::iter::from_fn(move || {
            let (last, before) = rest.split_last()?;
            let position = before.len();
            rest = match *last {
                // Entries were checked when they came, so this only ever leads backwards.
                Entry::Rewind { to } => usize::try_from(to)
                    .ok()
                    .and_then(|to| before.get(..to))
                    .unwrap_or(before),
                _ => before,
            };
            Some((position as u64, last))
        })
    }
}

impl FromIterator<Arc<Message>> for Log {
    /// Makes the log of a conversation that has only ever grown.
    fn from_iter<T: IntoIterator<Item = Arc<Message>>>(messages: T) -> Self {
        Self {
            entries: messages.into_iter().map(Entry::Message).collect(),
        }
    }
}

/// A conversation in its parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing<'a> {
    /// The compaction with which it begins, if one is in force.
    pub compaction: Option<&'a Arc<Compaction>>,
    /// The messages since then, or since the beginning.
    pub since: Vec<Arc<Message>>,
}

impl Standing<'_> {
    /// Returns all messages, oldest first.
    pub fn conversation(self) -> Vec<Arc<Message>> {
        match self.compaction {
            Some(compaction) => compaction.messages().cloned().chain(self.since).collect(),
            None => self.since,
        }
    }
}

/// How entries are written.
#[derive(Serialize)]
#[serde(untagged)]
enum WrittenEntry {
    Message(Arc<Message>),
    Rewind {
        entry: EntryKind,
        to: u64,
    },
    Compaction {
        entry: EntryKind,
        compaction: Arc<Compaction>,
    },
}

/// What the field `entry` holds.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EntryKind {
    Rewind,
    Compaction,
}

impl From<Entry> for WrittenEntry {
    fn from(entry: Entry) -> Self {
        match entry {
            Entry::Message(message) => Self::Message(message),
            Entry::Rewind { to } => Self::Rewind {
                entry: EntryKind::Rewind,
                to,
            },
            Entry::Compaction(compaction) => Self::Compaction {
                entry: EntryKind::Compaction,
                compaction,
            },
        }
    }
}

/// How entries are read: the fields that any of them has. Read in one go, and not by trying one
/// kind after the other, so that an error says where in the text it is.
#[derive(Deserialize)]
struct ReadEntry {
    entry: Option<EntryKind>,
    role: Option<Role>,
    content: Option<Vec<ContentBlock>>,
    to: Option<u64>,
    compaction: Option<Arc<Compaction>>,
}

impl TryFrom<ReadEntry> for Entry {
    type Error = &'static str;

    fn try_from(read: ReadEntry) -> Result<Self, Self::Error> {
        match read.entry {
            None => Ok(Self::from(Message {
                role: read.role.ok_or("missing field `role`")?,
                content: read.content.ok_or("missing field `content`")?,
            })),
            Some(EntryKind::Rewind) => Ok(Self::Rewind {
                to: read.to.ok_or("missing field `to`")?,
            }),
            Some(EntryKind::Compaction) => Ok(Self::Compaction(
                read.compaction.ok_or("missing field `compaction`")?,
            )),
        }
    }
}

#[cfg(test)]
mod tests;
