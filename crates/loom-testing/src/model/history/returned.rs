//! Whether an answer comes back as it was sent.
//!
//! An answer that went out whole must stand at its place with every block unchanged: signatures and
//! opaque blocks mean something to the vendor, and a tool call that changed would be answered by a
//! result of something else. Of an answer that broke off the client keeps what it likes; but what
//! it keeps of thinking and opaque blocks must be whole.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::request::{ModelRequest, Protocol};
use super::super::{anthropic, openai};
use super::{Block, Sent};

/// Compares every answer that has a message after it or in its place.
pub(super) fn check(sent: &BTreeMap<usize, Sent>, request: &ModelRequest) -> Vec<String> {
    let messages = request.messages();
    let mut findings = Vec::new();
    for (index, sent) in sent {
        let Some(message) = messages.get(*index) else {
            continue;
        };
        let place = format!("messages[{index}]");
        let whole = sent.fate.get() == Some(&true);
        if message["role"] != "assistant" {
            if whole && !sent.dispensable {
                findings.push(format!("{place}: the answer that was sent here is missing"));
            }
            continue;
        }
        match (request.protocol(), whole) {
            (Protocol::Anthropic, true) => {
                same_blocks(&place, &sent.blocks, message, &mut findings)
            }
            (Protocol::Anthropic, false) => {
                known_blocks(&place, &sent.blocks, message, &mut findings)
            }
            (Protocol::OpenAi, true) => {
                same_completion(&place, &sent.blocks, message, &mut findings)
            }
            (Protocol::OpenAi, false) => {}
        }
    }
    findings
}

/// A message's content as blocks, without the marks that concern the cache only.
fn content_blocks(message: &Value) -> Vec<Value> {
    let blocks = match &message["content"] {
        Value::Array(blocks) => blocks.clone(),
        text => vec![json!({"type": "text", "text": text})],
    };
    let without_mark = |mut block: Value| {
        block
            .as_object_mut()
            .map(|fields| fields.shift_remove("cache_control"));
        block
    };
    blocks.into_iter().map(without_mark).collect()
}

fn same_blocks(place: &str, sent: &[Block], message: &Value, findings: &mut Vec<String>) {
    // Text without text must not come back.
    let blank = |block: &&Block| matches!(block, Block::Text { text } if text.trim().is_empty());
    let expected: Vec<_> = sent.iter().filter(|block| !blank(block)).collect();
    let returned = content_blocks(message);
    if expected.len() != returned.len() {
        findings.push(format!(
            "{place}: {} blocks were sent, {} came back",
            expected.len(),
            returned.len()
        ));
        return;
    }
    for (index, (expected, returned)) in expected.into_iter().zip(returned).enumerate() {
        let mut sent = anthropic::content_block(expected);
        if matches!(expected, Block::RawToolCall { .. }) && !sent["input"].is_object() {
            // Only an object may come back; which one is the client's choice.
            sent["input"] = returned["input"].clone();
        }
        if sent != returned {
            findings.push(format!(
                "{place}.content[{index}]: sent was {sent}, came back {returned}"
            ));
        }
    }
}

fn known_blocks(place: &str, sent: &[Block], message: &Value, findings: &mut Vec<String>) {
    let sent: Vec<_> = sent.iter().map(anthropic::content_block).collect();
    for (index, returned) in content_blocks(message).into_iter().enumerate() {
        let free = returned["type"] == "text" || returned["type"] == "tool_use";
        if !free && !sent.contains(&returned) {
            findings.push(format!(
                "{place}.content[{index}]: {returned} was not sent like this"
            ));
        }
    }
}

fn same_completion(place: &str, sent: &[Block], message: &Value, findings: &mut Vec<String>) {
    let sent_text = openai::text(sent).unwrap_or_default();
    let text = match &message["content"] {
        Value::Array(parts) => parts
            .iter()
            .filter_map(|part| part["text"].as_str())
            .collect(),
        content => content.as_str().unwrap_or_default().to_owned(),
    };
    let both_blank = text.trim().is_empty() && sent_text.trim().is_empty();
    if text != sent_text && !both_blank {
        findings.push(format!(
            "{place}.content: sent was {sent_text:?}, came back {text:?}"
        ));
    }
    let sent_calls: Vec<_> = sent.iter().filter_map(openai::tool_call).collect();
    let calls = message["tool_calls"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    if sent_calls.len() != calls.len() {
        findings.push(format!(
            "{place}: {} tool calls were sent, {} came back",
            sent_calls.len(),
            calls.len()
        ));
        return;
    }
    for (index, (sent, returned)) in sent_calls.iter().zip(&calls).enumerate() {
        let same = sent["id"] == returned["id"]
            && sent["function"]["name"] == returned["function"]["name"]
            && same_arguments(
                &sent["function"]["arguments"],
                &returned["function"]["arguments"],
            );
        if !same {
            findings.push(format!(
                "{place}.tool_calls[{index}]: sent was {sent}, came back {returned}"
            ));
        }
    }
}

/// Arguments are equal as JSON; text that is no JSON may come back as the client likes.
fn same_arguments(sent: &Value, returned: &Value) -> bool {
    let parse =
        |value: &Value| serde_json::from_str::<Value>(value.as_str().unwrap_or_default()).ok();
    parse(sent).is_none_or(|sent| parse(returned) == Some(sent))
}
