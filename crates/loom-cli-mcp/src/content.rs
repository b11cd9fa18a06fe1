//! From what a server answers to what the model sees.
//!
//! A picture that providers would refuse is described instead; what it is is told by its bytes, not
//! by the server.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use loom_cli_tools::OutputStore;
use loom_common_core::picture::{self, PictureError};
use loom_common_core::{ContentBlock, ImageData, ToolOutput, ToolResultContent, ToolStatus};
use rmcp::model::{CallToolResult, ContentBlock as McpContent, Resource, ResourceContents};
use serde_json::Value;

/// The most pictures of one answer: a request may hold some dozens in all.
const MAX_IMAGES: usize = 8;

/// Turns the answer to a call of the tool `name` into the call's output. What is too long goes to
/// `outputs`, which may block for a moment.
pub(crate) fn output(result: CallToolResult, name: &str, outputs: &OutputStore) -> ToolOutput {
    let mut parts = Parts::default();
    for content in result.content {
        parts.add(content);
    }
    if let Some(structured) = result.structured_content {
        // Servers repeat it as text for clients that do not know it.
        if !parts.say(&structured) {
            parts.text(format!("{structured:#}"));
        }
    }
    let is_error = result.is_error == Some(true);
    let mut content = parts.finish(name, outputs);
    if content.is_empty() {
        let nothing = if is_error {
            "(it failed and says nothing)"
        } else {
            "(no output)"
        };
        content.push(ToolResultContent::text(nothing));
    }
    ToolOutput {
        status: if is_error {
            ToolStatus::Failed
        } else {
            ToolStatus::Completed
        },
        content,
        changes: Vec::new(),
    }
}

/// Turns the contents of a resource into what the model sees. What is too long goes to `outputs`,
/// which may block for a moment.
pub(crate) fn resource(
    contents: Vec<ResourceContents>,
    outputs: &OutputStore,
) -> Vec<ToolResultContent> {
    let mut parts = Parts::default();
    let is_one = contents.len() == 1;
    for contents in contents {
        match contents {
            ResourceContents::TextResourceContents { text, .. } if is_one => parts.text(text),
            contents => parts.add_resource(contents),
        }
    }
    let mut content = parts.finish("resource", outputs);
    if content.is_empty() {
        content.push(ToolResultContent::text("(the resource is empty)"));
    }
    content
}

/// Turns one part of a prompt into blocks of a message.
pub(crate) fn blocks(content: McpContent, outputs: &OutputStore) -> Vec<ContentBlock> {
    let mut parts = Parts::default();
    parts.add(content);
    parts
        .finish("prompt", outputs)
        .into_iter()
        .map(|part| match part {
            ToolResultContent::Text { text } => ContentBlock::text(text),
            ToolResultContent::Image(image) => ContentBlock::Image(image),
        })
        .collect()
}

/// Describes a resource that stands for itself, in a line.
pub(crate) fn describe(resource: &Resource) -> String {
    let mut line = resource.uri.clone();
    let title = resource.title.as_deref().unwrap_or(&resource.name);
    if title != resource.uri {
        line = format!("{line} {title:?}");
    }
    if let Some(media_type) = &resource.mime_type {
        line = format!("{line} ({media_type})");
    }
    if let Some(description) = &resource.description {
        line = format!("{line}: {}", first_line(description));
    }
    line
}

/// Returns the first line of a text, cut when it is long.
pub(crate) fn first_line(text: &str) -> String {
    const LONGEST: usize = 200;
    let line = text.trim().lines().next().unwrap_or_default();
    cut(line, LONGEST)
}

/// Cuts a text to `max_bytes`, on the border of a character, with a mark where it was cut.
pub(crate) fn cut(text: &str, max_bytes: usize) -> String {
    if text.len() <= max_bytes {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(max_bytes.saturating_sub('…'.len_utf8()));
    format!("{}…", &text[..end])
}

/// The parts of an answer.
#[derive(Default)]
struct Parts {
    content: Vec<ToolResultContent>,
    images: usize,
}

impl Parts {
    fn add(&mut self, content: McpContent) {
        match content {
            McpContent::Text(text) => self.text(text.text),
            McpContent::Image(image) => self.image(&image.mime_type, &image.data),
            McpContent::Audio(audio) => self.text(format!(
                "[audio that cannot be played here: {}, {} bytes]",
                audio.mime_type,
                decoded_bytes(&audio.data)
            )),
            McpContent::ResourceLink(link) => self.text(format!(
                "[resource {}; read_mcp_resource reads it]",
                describe(&link)
            )),
            McpContent::Resource(embedded) => self.add_resource(embedded.resource),
            _ => self.text("[content of a kind that is not known here]".to_owned()),
        }
    }

    fn add_resource(&mut self, contents: ResourceContents) {
        match contents {
            ResourceContents::TextResourceContents { uri, text, .. } => {
                self.text(format!("[resource {uri}]\n{text}"));
            }
            ResourceContents::BlobResourceContents {
                uri,
                mime_type,
                blob,
                ..
            } => {
                let media_type = mime_type.unwrap_or_else(|| "binary data".to_owned());
                if media_type.starts_with("image/") {
                    self.text(format!("[resource {uri}]"));
                    self.image(&media_type, &blob);
                } else {
                    self.text(format!(
                        "[resource {uri}: {media_type}, {} bytes, not shown]",
                        decoded_bytes(&blob)
                    ));
                }
            }
            _ => self.text("[a resource of a kind that is not known here]".to_owned()),
        }
    }

    fn text(&mut self, text: String) {
        if !text.is_empty() {
            self.content.push(ToolResultContent::Text { text });
        }
    }

    fn image(&mut self, media_type: &str, data: &str) {
        let picture = match self.images {
            MAX_IMAGES.. => Err("there are too many in this answer".to_owned()),
            _ => picture(data),
        };
        match picture {
            Ok(picture) => {
                self.images += 1;
                self.content.push(ToolResultContent::Image(picture));
            }
            Err(reason) => {
                let bytes = decoded_bytes(data);
                self.text(format!(
                    "[picture, {media_type}, {bytes} bytes, not shown: {reason}]"
                ));
            }
        }
    }

    /// Tells whether the texts say all that a value holds, in whatever form.
    fn say(&self, value: &Value) -> bool {
        let is_said = |said: &str| said.is_empty() || self.texts().any(|text| text.contains(said));
        match value {
            Value::Null => true,
            Value::String(text) => is_said(text) || is_said(&value.to_string()),
            Value::Bool(_) | Value::Number(_) => is_said(&value.to_string()),
            Value::Array(values) => values.iter().all(|value| self.say(value)),
            Value::Object(object) => object.values().all(|value| self.say(value)),
        }
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        self.content.iter().filter_map(|part| match part {
            ToolResultContent::Text { text } => Some(text.as_str()),
            ToolResultContent::Image(_) => None,
        })
    }

    /// Returns the parts. Of too much text the start and the end stay, ahead of the pictures.
    fn finish(mut self, label: &str, outputs: &OutputStore) -> Vec<ToolResultContent> {
        let total: usize = self.texts().map(str::len).sum();
        if total <= outputs.limits().shown_bytes {
            return self.content;
        }
        let all = self.texts().collect::<Vec<_>>().join("\n");
        self.content
            .retain(|part| matches!(part, ToolResultContent::Image(_)));
        let shortened = ToolResultContent::text(outputs.shorten(label, all));
        self.content.insert(0, shortened);
        self.content
    }
}

/// Returns a picture as providers take it, or why they would not.
fn picture(base64: &str) -> Result<ImageData, String> {
    let refused = |error: PictureError| format!("it {error}");
    // What is too large is not even decoded.
    let bytes = decoded_bytes(base64);
    if bytes > picture::MAX_BYTES {
        let bytes = bytes as u64;
        return Err(refused(PictureError::TooLarge { bytes }));
    }
    let compact: String = base64.split_ascii_whitespace().collect();
    let bytes = STANDARD
        .decode(compact)
        .map_err(|_| "it is not base64".to_owned())?;
    ImageData::of_picture(&bytes).map_err(refused)
}

/// Returns how many bytes a base64 text stands for, about.
fn decoded_bytes(base64: &str) -> usize {
    base64.len() / 4 * 3
}

#[cfg(test)]
mod tests;
