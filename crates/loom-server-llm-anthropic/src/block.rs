//! A content block while it is being streamed.

use loom_common_core::{BlockKind, Extra, LlmEvent};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use crate::PROVIDER;
use crate::fields::Fields;

/// A block that has begun and not stopped.
#[derive(Debug)]
pub(crate) enum OpenBlock {
    /// Text. Its citations go out as one list when the block stops, because each says only what is
    /// new and a field of the answer is replaced as a whole.
    Text { extra: Extra },
    /// A thought.
    Thinking,
    /// A tool call. `input` is what stood in the block's beginning; it counts if nothing follows,
    /// as in an unstreamed answer.
    ToolUse {
        input: Option<Box<RawValue>>,
        streamed: bool,
    },
    /// A block of any other type, put together to be passed on whole.
    Other(Assembly),
}

/// What a delta says. Which field is set depends on its type.
#[derive(Debug, Deserialize)]
pub(crate) struct Delta {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    thinking: Option<String>,
    #[serde(default)]
    signature: Option<String>,
    #[serde(default)]
    partial_json: Option<String>,
    #[serde(default)]
    citation: Option<Value>,
}

#[derive(Deserialize)]
struct BlockHead {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct ToolUseHead {
    id: String,
    name: String,
}

impl OpenBlock {
    /// Begins a block from its first text, which in an unstreamed answer is all of it.
    pub(crate) fn begin(
        index: u32,
        raw: &RawValue,
        out: &mut Vec<LlmEvent>,
    ) -> Result<Self, serde_json::Error> {
        let head: BlockHead = serde_json::from_str(raw.get())?;
        Ok(match head.kind.as_str() {
            "text" => {
                out.push(LlmEvent::BlockStarted {
                    index,
                    block: BlockKind::Text,
                });
                let delta: Delta = serde_json::from_str(raw.get())?;
                push_text(index, delta.text, out);
                Self::Text {
                    extra: extra_fields(raw, &["type", "text"])?,
                }
            }
            "thinking" => {
                out.push(LlmEvent::BlockStarted {
                    index,
                    block: BlockKind::Thinking,
                });
                let delta: Delta = serde_json::from_str(raw.get())?;
                push_thinking(index, delta.thinking, out);
                push_signature(index, delta.signature, out);
                Self::Thinking
            }
            "tool_use" => {
                let ToolUseHead { id, name } = serde_json::from_str(raw.get())?;
                out.push(LlmEvent::BlockStarted {
                    index,
                    block: BlockKind::ToolUse { id, name },
                });
                let extra = extra_fields(raw, &["type", "id", "name", "input"])?;
                if !extra.is_empty() {
                    out.push(LlmEvent::ExtraFields {
                        index,
                        fields: extra,
                    });
                }
                let fields: Fields = serde_json::from_str(raw.get())?;
                Self::ToolUse {
                    input: fields.get("input").map(ToOwned::to_owned),
                    streamed: false,
                }
            }
            _ => Self::Other(Assembly::new(raw)),
        })
    }

    /// Takes a delta.
    pub(crate) fn grow(
        &mut self,
        index: u32,
        raw: &RawValue,
        out: &mut Vec<LlmEvent>,
    ) -> Result<(), serde_json::Error> {
        if let Self::Other(assembly) = self {
            return assembly.grow(raw);
        }
        let delta: Delta = serde_json::from_str(raw.get())?;
        match (self, delta.kind.as_str()) {
            (Self::Text { .. }, "text_delta") => push_text(index, delta.text, out),
            (Self::Text { extra }, "citations_delta") => {
                let list = extra
                    .0
                    .entry("citations")
                    .or_insert_with(|| Value::Array(Vec::new()));
                if let (Value::Array(list), Some(citation)) = (list, delta.citation) {
                    list.push(citation);
                }
            }
            (Self::Thinking, "thinking_delta") => push_thinking(index, delta.thinking, out),
            (Self::Thinking, "signature_delta") => push_signature(index, delta.signature, out),
            (Self::ToolUse { streamed, .. }, "input_json_delta") => {
                if let Some(json) = delta.partial_json.filter(|json| !json.is_empty()) {
                    *streamed = true;
                    out.push(LlmEvent::ArgumentsDelta { index, json });
                }
            }
            // A delta that did not exist when this was written.
            _ => {}
        }
        Ok(())
    }

    /// Ends the block.
    pub(crate) fn stop(self, index: u32, out: &mut Vec<LlmEvent>) -> Result<(), serde_json::Error> {
        match self {
            Self::Text { extra } if !extra.is_empty() => out.push(LlmEvent::ExtraFields {
                index,
                fields: extra,
            }),
            Self::ToolUse {
                input: Some(input),
                streamed: false,
            } => out.push(LlmEvent::ArgumentsDelta {
                index,
                json: input.get().to_owned(),
            }),
            Self::Other(assembly) => {
                out.push(LlmEvent::OpaqueBlock {
                    index,
                    provider: PROVIDER.to_owned(),
                    json: assembly.finish()?,
                });
                return Ok(());
            }
            Self::Text { .. } | Self::Thinking | Self::ToolUse { .. } => {}
        }
        out.push(LlmEvent::BlockStopped { index });
        Ok(())
    }
}

/// A block of a type that Loom does not read.
///
/// Its beginning is kept as it came. Deltas follow the provider's pattern: `input_json_delta`
/// holds a piece of the JSON text of `input`, `citations_delta` one more entry of `citations`, and
/// any other delta pieces of the block's text fields of the same names.
#[derive(Debug)]
pub(crate) struct Assembly {
    start: Box<RawValue>,
    input: String,
    texts: Vec<(String, String)>,
    citations: Vec<Box<RawValue>>,
}

impl Assembly {
    fn new(start: &RawValue) -> Self {
        Self {
            start: start.to_owned(),
            input: String::new(),
            texts: Vec::new(),
            citations: Vec::new(),
        }
    }

    fn grow(&mut self, raw: &RawValue) -> Result<(), serde_json::Error> {
        let delta: Fields = serde_json::from_str(raw.get())?;
        for (name, value) in delta.iter().filter(|(name, _)| *name != "type") {
            if name == "citation" {
                self.citations.push(value.to_owned());
            } else if let Ok(piece) = serde_json::from_str::<String>(value.get()) {
                self.text(name).push_str(&piece);
            }
        }
        Ok(())
    }

    fn text(&mut self, name: &str) -> &mut String {
        if name == "partial_json" {
            return &mut self.input;
        }
        let known = self.texts.iter().position(|(known, _)| known == name);
        let place = known.unwrap_or_else(|| {
            self.texts.push((name.to_owned(), String::new()));
            self.texts.len() - 1
        });
        &mut self.texts[place].1
    }

    fn finish(self) -> Result<String, serde_json::Error> {
        if self.input.is_empty() && self.texts.is_empty() && self.citations.is_empty() {
            return Ok(self.start.get().to_owned());
        }
        let mut fields: Fields = serde_json::from_str(self.start.get())?;
        if !self.input.is_empty() {
            fields.set("input", RawValue::from_string(self.input)?);
        }
        for (name, piece) in self.texts {
            let start = fields
                .get(&name)
                .map(|raw| serde_json::from_str::<String>(raw.get()));
            let text = start.and_then(Result::ok).unwrap_or_default() + &piece;
            fields.set(&name, to_raw_value(&text)?);
        }
        if !self.citations.is_empty() {
            let start = fields
                .get("citations")
                .map(|raw| serde_json::from_str(raw.get()));
            let mut citations: Vec<Box<RawValue>> = start.and_then(Result::ok).unwrap_or_default();
            citations.extend(self.citations);
            fields.set("citations", to_raw_value(&citations)?);
        }
        serde_json::to_string(&fields)
    }
}

fn push_text(index: u32, text: Option<String>, out: &mut Vec<LlmEvent>) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        out.push(LlmEvent::TextDelta { index, text });
    }
}

fn push_thinking(index: u32, thinking: Option<String>, out: &mut Vec<LlmEvent>) {
    if let Some(thinking) = thinking.filter(|thinking| !thinking.is_empty()) {
        out.push(LlmEvent::ThinkingDelta { index, thinking });
    }
}

fn push_signature(index: u32, signature: Option<String>, out: &mut Vec<LlmEvent>) {
    if let Some(signature) = signature.filter(|signature| !signature.is_empty()) {
        out.push(LlmEvent::SignatureDelta { index, signature });
    }
}

/// Returns the fields of a block that Loom has no name for and that say something.
fn extra_fields(raw: &RawValue, known: &[&str]) -> Result<Extra, serde_json::Error> {
    let mut extra = Extra(serde_json::from_str(raw.get())?);
    extra.0.retain(|name, value| {
        let says_nothing = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        !known.contains(&name.as_str()) && !says_nothing
    });
    Ok(extra)
}
