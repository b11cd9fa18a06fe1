//! What the server remembers of each conversation, to see that a client neither loses nor changes
//! anything.
//!
//! A provider's cache matches on the prefix of a request, byte for byte, so the raw text of
//! `system`, `tools` and of each message of one request must stand unchanged in the next one. A
//! conversation has no id on the wire: it is recognized by its messages. Each newest request is a
//! [`Head`]; the next request of the same conversation begins with all of a head's messages and
//! replaces it. A request that shares a head's first user message but extends no head has changed
//! what it had sent before, which is a finding.
//!
//! Beside its messages a head knows what this server answered at which place ([`Sent`]), and
//! [`returned`] compares that with what comes back there.

mod returned;

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::delivery::Fate;
use super::reply::{Block, Reply, StopReason};
use super::request::{ModelRequest, Protocol};

/// All conversations so far.
#[derive(Debug, Default)]
pub(super) struct History {
    heads: Vec<Head>,
    sendings: Sendings,
    rewrite_allowed: bool,
}

/// What was ever sent, whatever the conversation.
#[derive(Debug, Default)]
pub(super) struct Sendings {
    opaque: Vec<Value>,
    calls: HashSet<String>,
}

impl Sendings {
    /// Whether this server sent exactly this block, of a type that clients need not know.
    pub(super) fn sent_opaque(&self, block: &Value) -> bool {
        self.opaque.contains(block)
    }

    /// Whether this server sent a tool call of this id.
    pub(super) fn sent_call(&self, id: &str) -> bool {
        self.calls.contains(id)
    }
}

/// The newest request of a conversation, and the answers in it.
#[derive(Debug, Clone)]
struct Head {
    protocol: Protocol,
    prefix: Prefix,
    /// The answers that this server gave, by their place in the messages.
    sent: BTreeMap<usize, Sent>,
    /// How many replies the conversation has had, errors and broken ones included.
    replies: usize,
}

/// The parts of a request that a provider's cache looks at, in their exact text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Prefix {
    system: Option<String>,
    tools: Option<String>,
    messages: Vec<String>,
    /// Where among the messages the user's first one is.
    first_user: Option<usize>,
}

/// An answer that this server gave.
#[derive(Debug, Clone)]
struct Sent {
    blocks: Vec<Block>,
    /// Of an answer that did not go out whole the client may keep what it likes.
    fate: Fate,
    /// Whether a client may leave it out: a refusal, or an answer without content.
    dispensable: bool,
}

/// Which conversation a request belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Conversation(usize);

impl History {
    pub(super) fn sendings(&self) -> &Sendings {
        &self.sendings
    }

    /// Lets the next request change what stands before it.
    pub(super) fn allow_rewrite(&mut self) {
        self.rewrite_allowed = true;
    }

    /// Finds the conversation of a request that keeps its own rules, or says what it changed.
    pub(super) fn follow(&mut self, request: &ModelRequest) -> Result<Conversation, Vec<String>> {
        let Some(prefix) = Prefix::of(request) else {
            return Err(vec!["the messages cannot be read".to_owned()]);
        };
        let mut new = Head {
            protocol: request.protocol(),
            prefix,
            sent: BTreeMap::new(),
            replies: 0,
        };
        let mut findings = self.changes(&new);
        for index in self.extended_by(&new) {
            let head = &mut self.heads[index];
            let losses = returned::check(&head.sent, request);
            if losses.is_empty() {
                new.sent = std::mem::take(&mut head.sent);
                new.replies = head.replies;
                *head = new;
                return Ok(Conversation(index));
            }
            findings = losses;
        }
        if !findings.is_empty() && !std::mem::take(&mut self.rewrite_allowed) {
            return Err(findings);
        }
        self.heads.push(new);
        Ok(Conversation(self.heads.len() - 1))
    }

    /// How many replies the conversation has had.
    pub(super) fn replies(&self, conversation: Conversation) -> usize {
        self.heads[conversation.0].replies
    }

    /// Notes the reply that is about to go out, ids included. Its fate is settled later.
    pub(super) fn note(&mut self, conversation: Conversation, reply: &Reply, fate: Fate) {
        let head = &mut self.heads[conversation.0];
        head.replies += 1;
        let place = head.prefix.messages.len();
        if reply.error.is_some() {
            head.sent.remove(&place);
            return;
        }
        for block in &reply.content {
            match block {
                Block::ToolCall { id, .. } | Block::RawToolCall { id, .. } => {
                    self.sendings.calls.extend(id.clone());
                }
                Block::Opaque { block } => self.sendings.opaque.push(block.clone()),
                Block::Text { .. } | Block::Thinking { .. } => {}
            }
        }
        let says_something =
            |block: &Block| !matches!(block, Block::Text { text } if text.trim().is_empty());
        head.sent.insert(
            place,
            Sent {
                blocks: reply.content.clone(),
                fate,
                dispensable: reply.effective_stop_reason() == StopReason::Refusal
                    || !reply.content.iter().any(says_something),
            },
        );
    }

    /// The heads that the request extends or repeats, the likeliest first. Sessions that begin
    /// alike share a head's text but not its answers, so there may be several.
    fn extended_by(&self, new: &Head) -> Vec<usize> {
        let extended =
            |head: &Head| head.protocol == new.protocol && new.prefix.extends(&head.prefix);
        let mut indices: Vec<_> = (0..self.heads.len())
            .filter(|index| extended(&self.heads[*index]))
            .filter(|index| !(new.prefix.is_beginning() && self.heads[*index].is_repeated_by(new)))
            .collect();
        indices.sort_by_key(|index| {
            let head = &self.heads[*index];
            (
                head.is_repeated_by(new),
                Reverse(head.prefix.messages.len()),
            )
        });
        indices
    }

    /// How the request differs from the conversation that it must belong to; nothing when it begins
    /// a new one.
    fn changes(&self, new: &Head) -> Vec<String> {
        if new.prefix.is_beginning() {
            return Vec::new();
        }
        let relatives = self.heads.iter().filter(|head| {
            head.protocol == new.protocol
                && new.prefix.first_user_message().is_some()
                && head.prefix.first_user_message() == new.prefix.first_user_message()
        });
        let nearest = relatives.max_by_key(|head| head.prefix.common_messages(&new.prefix));
        nearest.map_or_else(Vec::new, |head| new.prefix.changes_from(&head.prefix))
    }
}

impl Head {
    /// Whether the request is this head's once more although that was answered, or is being
    /// answered: most likely it is another session's. After an error, or an answer that broke off,
    /// it is a new try.
    fn is_repeated_by(&self, new: &Self) -> bool {
        let answer = self.sent.get(&self.prefix.messages.len());
        self.prefix.messages.len() == new.prefix.messages.len()
            && answer.is_some_and(|sent| sent.fate.get() != Some(&false))
    }
}

impl Prefix {
    fn of(request: &ModelRequest) -> Option<Self> {
        #[derive(Deserialize)]
        struct Body<'a> {
            #[serde(borrow, default)]
            system: Option<&'a RawValue>,
            #[serde(borrow, default)]
            tools: Option<&'a RawValue>,
            #[serde(borrow)]
            messages: Vec<&'a RawValue>,
        }
        let text = |raw: &RawValue| raw.get().to_owned();
        let body: Body<'_> = serde_json::from_slice(request.body()).ok()?;
        Some(Self {
            system: body.system.map(text),
            tools: body.tools.map(text),
            messages: body.messages.into_iter().map(text).collect(),
            first_user: request
                .messages()
                .iter()
                .position(|message| message["role"] == "user"),
        })
    }

    fn first_user_message(&self) -> Option<&String> {
        self.messages.get(self.first_user?)
    }

    /// Whether the user's first message is the last one.
    fn is_beginning(&self) -> bool {
        self.first_user
            .is_none_or(|index| index + 1 == self.messages.len())
    }

    fn extends(&self, earlier: &Self) -> bool {
        self.system == earlier.system
            && self.tools == earlier.tools
            && self.messages.starts_with(&earlier.messages)
    }

    fn common_messages(&self, other: &Self) -> usize {
        self.messages
            .iter()
            .zip(&other.messages)
            .take_while(|(mine, its)| mine == its)
            .count()
    }

    fn changes_from(&self, earlier: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        let mut compare = |place: &str, before: Option<&String>, now: Option<&String>| {
            if before != now {
                changes.push(difference(place, before, now));
            }
        };
        compare("system", earlier.system.as_ref(), self.system.as_ref());
        compare("tools", earlier.tools.as_ref(), self.tools.as_ref());
        let place = self.common_messages(earlier);
        if let Some(before) = earlier.messages.get(place) {
            compare(
                &format!("messages[{place}]"),
                Some(before),
                self.messages.get(place),
            );
        }
        changes
    }
}

/// Shows two texts from shortly before the place where they part.
fn difference(place: &str, before: Option<&String>, now: Option<&String>) -> String {
    let absent = String::new();
    let (before, now) = (before.unwrap_or(&absent), now.unwrap_or(&absent));
    let common = before
        .chars()
        .zip(now.chars())
        .take_while(|(left, right)| left == right)
        .count();
    let excerpt = |text: &str| {
        text.chars()
            .skip(common.saturating_sub(30))
            .take(100)
            .collect::<String>()
    };
    format!(
        "the prefix changed: {place} from character {common} on is no longer …{}… but …{}…",
        excerpt(before),
        excerpt(now)
    )
}
