//! Secrets that stay with the person: taken out of what is stored, and of what tools show the model.
//!
//! A tool's result goes to the provider of the model with each further request, and into the stored thread.
//! Hardly ever does the model need the value of a secret, and where a file holds one it can work around it. So
//! the value is replaced by a placeholder, which says by its rule what stands there. A call that would write
//! such a placeholder is refused: it would put it in the place of the secret.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use loom_common_core::{
    Compaction, ContentBlock, Entry, Message, ToolAccess, ToolCall, ToolOutput, ToolResult,
    ToolResultContent,
};
use loom_redact::{Redactor, marker};
use serde_json::Value;

/// What secrets are taken out of.
#[derive(Clone, Debug, Default)]
pub struct Redaction {
    /// Finds the secrets in conversations ahead of storing; none where they are stored as they are.
    pub stored: Option<Redactor>,
    /// Finds the secrets in results of tools; none where the model sees them as they are.
    pub shown: Option<Redactor>,
}

/// Keeps secrets from the model. Clones share what was kept.
#[derive(Clone, Debug)]
pub(crate) struct Veil {
    redactor: Option<Redactor>,
    placeholders: Arc<Mutex<BTreeSet<String>>>,
}

impl Veil {
    /// Keeps what `redactor` finds. The placeholders of a conversation that goes on were shown before.
    pub(crate) fn new(redactor: Option<Redactor>, conversation: &[Entry]) -> Self {
        let mut shown = BTreeSet::new();
        for entry in conversation {
            note_placeholders(entry, &mut shown);
        }
        Self {
            redactor,
            placeholders: Arc::new(Mutex::new(shown)),
        }
    }

    /// Takes the secrets out of what the model sees of a result. Returns the placeholders that were not
    /// shown before.
    pub(crate) fn cover(&self, output: &mut ToolOutput) -> Vec<String> {
        let Some(redactor) = &self.redactor else {
            return Vec::new();
        };
        let mut new = Vec::new();
        for part in &mut output.content {
            let ToolResultContent::Text { text } = part else {
                continue;
            };
            let Cow::Owned(covered) = redactor.redact(text) else {
                continue;
            };
            let mut known = self
                .placeholders
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            for placeholder in marker::all(&covered) {
                if !text.contains(placeholder) && known.insert(placeholder.to_owned()) {
                    new.push(placeholder.to_owned());
                }
            }
            *text = covered;
        }
        new
    }

    /// Returns what the model is told about a call that would write a placeholder it was shown.
    pub(crate) fn refuse(&self, call: &ToolCall, access: ToolAccess) -> Option<String> {
        if access.changes_nothing() {
            return None;
        }
        let known = self
            .placeholders
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let placeholder = marker::all(&call.arguments).find(|found| known.contains(*found))?;
        Some(format!(
            "`{placeholder}` stands for a secret that you are not shown; written back, it would take the \
             secret's place. Leave out the line that holds it: edit other lines only, or change that line \
             with a command that need not name the secret, such as sed."
        ))
    }
}

/// Notes the placeholders in what a conversation holds, whoever put them there.
fn note_placeholders(entry: &Entry, shown: &mut BTreeSet<String>) {
    let messages: Vec<&Arc<Message>> = match entry {
        Entry::Message(message) => vec![message],
        Entry::Compaction(compaction) => compaction.messages().collect(),
        Entry::Rewind { .. } => Vec::new(),
    };
    let mut note = |text: &str| shown.extend(marker::all(text).map(str::to_owned));
    for block in messages.iter().flat_map(|message| &message.content) {
        match block {
            ContentBlock::Text { text, .. } => note(text),
            ContentBlock::ToolUse(call) => note(&call.arguments),
            ContentBlock::ToolResult(result) => {
                for part in &result.content {
                    if let ToolResultContent::Text { text } = part {
                        note(text);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Takes the secrets out of an entry of a thread.
///
/// Thoughts stay as they are, for a provider takes them back only with its signature of them.
pub(crate) fn stored(redactor: &Redactor, entry: Entry) -> Entry {
    match entry {
        Entry::Message(said) => Entry::Message(message(redactor, said)),
        Entry::Compaction(compaction) => Entry::Compaction(Arc::new(Compaction {
            words: messages(redactor, &compaction.words),
            handover: message(redactor, Arc::clone(&compaction.handover)),
            recent: messages(redactor, &compaction.recent),
            ..(*compaction).clone()
        })),
        Entry::Rewind { to } => Entry::Rewind { to },
    }
}

fn messages(redactor: &Redactor, said: &[Arc<Message>]) -> Vec<Arc<Message>> {
    said.iter()
        .map(|said| message(redactor, Arc::clone(said)))
        .collect()
}

fn message(redactor: &Redactor, said: Arc<Message>) -> Arc<Message> {
    let content: Vec<ContentBlock> = said
        .content
        .iter()
        .map(|block| match block {
            ContentBlock::Text { text, extra } => ContentBlock::Text {
                text: redactor.redact(text).into_owned(),
                extra: extra.clone(),
            },
            ContentBlock::ToolUse(call) => ContentBlock::ToolUse(ToolCall {
                arguments: arguments(redactor, &call.arguments),
                ..call.clone()
            }),
            ContentBlock::ToolResult(result) => ContentBlock::ToolResult(ToolResult {
                content: result
                    .content
                    .iter()
                    .map(|part| shown(redactor, part))
                    .collect(),
                ..result.clone()
            }),
            other => other.clone(),
        })
        .collect();
    if content == said.content {
        return said;
    }
    Arc::new(Message {
        role: said.role,
        content,
    })
}

fn shown(redactor: &Redactor, part: &ToolResultContent) -> ToolResultContent {
    match part {
        ToolResultContent::Text { text } => ToolResultContent::text(redactor.redact(text)),
        ToolResultContent::Image(_) => part.clone(),
    }
}

/// Takes the secrets out of a call's arguments. Those without secrets stay as the model wrote them.
fn arguments(redactor: &Redactor, text: &str) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(text) else {
        return redactor.redact(text).into_owned();
    };
    let before = value.clone();
    redactor.redact_json(&mut value);
    if value == before {
        text.to_owned()
    } else {
        value.to_string()
    }
}
