//! The rules of a Messages request.
//!
//! Source: the Messages page of the Claude API reference, and the guides on tool use, extended
//! thinking and effort.

use std::collections::HashSet;

use serde_json::Value;

use super::{Findings, Sendings, elements};

const TOP_LEVEL: &[&str] = &[
    "cache_control",
    "container",
    "context_management",
    "inference_geo",
    "max_tokens",
    "mcp_servers",
    "messages",
    "metadata",
    "model",
    "output_config",
    "output_format",
    "service_tier",
    "speed",
    "stop_sequences",
    "stream",
    "system",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_p",
];

/// Blocks that a server tool leaves in an answer; they belong to the vendor, so only their type is
/// looked at.
const SERVER_BLOCKS: &[&str] = &[
    "bash_code_execution_tool_result",
    "code_execution_tool_result",
    "container_upload",
    "mcp_tool_result",
    "mcp_tool_use",
    "server_tool_use",
    "text_editor_code_execution_tool_result",
    "tool_search_tool_result",
    "web_fetch_tool_result",
    "web_search_tool_result",
];

/// How the names of models begin that refuse an effort.
const MODELS_WITHOUT_EFFORT: &[&str] = &["claude-3", "claude-sonnet-4-5", "claude-haiku-4-5"];

const IMAGE_TYPES: &[&str] = &["image/jpeg", "image/png", "image/gif", "image/webp"];

pub(super) fn check(body: &Value, sendings: &Sendings, findings: &mut Findings) {
    findings.only_fields("the request", body, TOP_LEVEL);
    let model = body["model"].as_str().unwrap_or_default();
    findings.require(!model.is_empty(), || "model is missing".to_owned());
    let max_tokens = body["max_tokens"].as_u64().unwrap_or_default();
    findings.require(max_tokens > 0, || {
        "max_tokens is missing or not a positive integer".to_owned()
    });
    if let Some(stream) = body.get("stream") {
        findings.require(stream.is_boolean(), || "stream is not a boolean".to_owned());
    }
    if let Some(cache_control) = body.get("cache_control") {
        cache_control_shape("cache_control", cache_control, findings);
    }
    if let Some(config) = body.get("output_config") {
        output_config(config, model, findings);
    }
    match body.get("system") {
        None => {}
        Some(Value::Array(blocks)) => {
            for (index, block) in blocks.iter().enumerate() {
                text_block(&format!("system[{index}]"), block, findings);
            }
        }
        Some(system) => findings.text("system", system),
    }
    let declared = tools(body, findings);
    if let Some(name) = body["tool_choice"]["name"].as_str() {
        findings.require(declared.contains(name), || {
            format!("tool_choice names {name:?}, not a tool")
        });
    }

    let messages = elements(&body["messages"]);
    findings.require(!messages.is_empty(), || {
        "messages is missing or empty".to_owned()
    });
    let first_role = messages.first().map_or("user", |message| role(message));
    findings.require(first_role == "user", || {
        "the first message is not the user's".to_owned()
    });
    let mut ids = HashSet::new();
    for (index, message) in messages.iter().enumerate() {
        let place = format!("messages[{index}]");
        let checker = MessageChecker {
            declared: &declared,
            sendings,
        };
        checker.message(&place, message, findings);
        for id in calls(message) {
            let is_new = ids.insert(id);
            findings.require(is_new, || {
                format!("{place}: the tool_use id {id:?} is used twice")
            });
        }
        let before = index.checked_sub(1).map(|before| &messages[before]);
        results_answer_calls(&place, message, before, findings);
        if index + 1 == messages.len() && role(message) == "assistant" {
            // Only a paused turn is sent back to be continued.
            let paused = elements(&message["content"]).iter().any(|block| {
                block["type"]
                    .as_str()
                    .is_some_and(|kind| SERVER_BLOCKS.contains(&kind))
            });
            findings.require(paused, || "the last message is the assistant's".to_owned());
            for id in calls(message) {
                findings.add(format!("{place}: the tool_use {id:?} has no tool_result"));
            }
        }
    }
}

fn output_config(config: &Value, model: &str, findings: &mut Findings) {
    findings.only_fields("output_config", config, &["effort", "format"]);
    let Some(effort) = config.get("effort") else {
        return;
    };
    let is_known = ["low", "medium", "high", "xhigh", "max"]
        .iter()
        .any(|known| effort == known);
    findings.require(is_known, || format!("output_config.effort is {effort}"));
    let is_refused = MODELS_WITHOUT_EFFORT
        .iter()
        .any(|older| model.starts_with(older));
    findings.require(!is_refused, || {
        format!("output_config.effort for {model:?}, which does not support it")
    });
}

fn role(message: &Value) -> &str {
    message["role"].as_str().unwrap_or_default()
}

/// Checks the declared tools and returns their names.
fn tools(body: &Value, findings: &mut Findings) -> HashSet<String> {
    if let Some(tools) = body.get("tools") {
        findings.require(tools.is_array(), || "tools is not an array".to_owned());
    }
    let mut names = Vec::new();
    for (index, tool) in elements(&body["tools"]).iter().enumerate() {
        let place = format!("tools[{index}]");
        names.push((format!("{place}.name"), &tool["name"]));
        // A server tool is declared by its type; its fields are the vendor's.
        if tool["type"].as_str().is_some_and(|kind| kind != "custom") {
            continue;
        }
        findings.only_fields(
            &place,
            tool,
            &[
                "allowed_callers",
                "cache_control",
                "defer_loading",
                "description",
                "eager_input_streaming",
                "input_examples",
                "input_schema",
                "name",
                "strict",
                "type",
            ],
        );
        findings.require(tool["input_schema"]["type"] == "object", || {
            format!("{place}.input_schema is not the schema of an object")
        });
    }
    findings.tool_names(names)
}

fn cache_control_shape(place: &str, value: &Value, findings: &mut Findings) {
    findings.only_fields(place, value, &["type", "ttl"]);
    let ttl = value.get("ttl").map(|ttl| ttl == "5m" || ttl == "1h");
    findings.require(value["type"] == "ephemeral" && ttl != Some(false), || {
        format!("{place} is not of the type ephemeral with a ttl of 5m or 1h")
    });
}

fn text_block(place: &str, block: &Value, findings: &mut Findings) {
    findings.require(block["type"] == "text", || {
        format!("{place} is not a text block")
    });
    findings.only_fields(
        place,
        block,
        &["type", "text", "cache_control", "citations"],
    );
    findings.text(&format!("{place}.text"), &block["text"]);
}

struct MessageChecker<'a> {
    declared: &'a HashSet<String>,
    sendings: &'a Sendings,
}

impl MessageChecker<'_> {
    fn message(&self, place: &str, message: &Value, findings: &mut Findings) {
        findings.only_fields(place, message, &["role", "content"]);
        let role = role(message);
        findings.require(role == "user" || role == "assistant", || {
            format!("{place}.role is {role:?}, not user or assistant")
        });
        let content = &message["content"];
        let Some(blocks) = content.as_array() else {
            findings.text(&format!("{place}.content"), content);
            return;
        };
        findings.require(!blocks.is_empty(), || format!("{place}.content is empty"));
        for (index, block) in blocks.iter().enumerate() {
            self.block(&format!("{place}.content[{index}]"), role, block, findings);
        }
    }

    fn block(&self, place: &str, role: &str, block: &Value, findings: &mut Findings) {
        let kind = block["type"].as_str().unwrap_or_default();
        if let Some(cache_control) = block.get("cache_control") {
            cache_control_shape(&format!("{place}.cache_control"), cache_control, findings);
        }
        let belongs_to = match kind {
            "image" | "document" | "search_result" | "tool_result" => "user",
            "thinking" | "redacted_thinking" | "tool_use" => "assistant",
            _ => role,
        };
        findings.require(role == belongs_to, || {
            format!("{place}: {kind} in a message of the {role}")
        });
        match kind {
            "text" => text_block(place, block, findings),
            "image" | "document" => media(place, kind, block, findings),
            "thinking" => {
                findings.only_fields(place, block, &["type", "thinking", "signature"]);
                let signature = block["signature"].as_str().unwrap_or_default();
                findings.require(
                    block["thinking"].is_string() && !signature.is_empty(),
                    || format!("{place}: thinking without its text or its signature"),
                );
            }
            "redacted_thinking" => {
                findings.only_fields(place, block, &["type", "data"]);
                findings.require(block["data"].is_string(), || {
                    format!("{place}.data is not a string")
                });
            }
            "tool_use" => self.tool_use(place, block, findings),
            "tool_result" => tool_result(place, block, findings),
            "search_result" => {}
            _ if SERVER_BLOCKS.contains(&kind) || self.sendings.sent_opaque(block) => {}
            _ => findings.add(format!("{place} has the unknown type {kind:?}")),
        }
    }

    fn tool_use(&self, place: &str, block: &Value, findings: &mut Findings) {
        findings.only_fields(
            place,
            block,
            &["type", "id", "name", "input", "cache_control", "caller"],
        );
        let id = block["id"].as_str().unwrap_or_default();
        findings.require(
            !id.is_empty()
                && id
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte)),
            || format!("{place}.id is {id:?}, not letters, digits, '_' and '-'"),
        );
        findings.require(block["input"].is_object(), || {
            format!("{place}.input is not an object")
        });
        let name = block["name"].as_str().unwrap_or_default();
        // A model may call a tool that does not exist; the call comes back all the same.
        findings.require(
            self.declared.contains(name) || self.sendings.sent_call(id),
            || format!("{place} uses the tool {name:?}, which is not declared in tools"),
        );
        findings.require(!self.declared.is_empty(), || {
            format!("{place}: a request with tool calls declares no tools")
        });
    }
}

fn media(place: &str, kind: &str, block: &Value, findings: &mut Findings) {
    let fields = [
        "type",
        "source",
        "cache_control",
        "citations",
        "context",
        "title",
    ];
    findings.only_fields(place, block, &fields[..if kind == "image" { 3 } else { 6 }]);
    let source = &block["source"];
    let place = format!("{place}.source");
    match source["type"].as_str().unwrap_or_default() {
        "base64" => {
            findings.only_fields(&place, source, &["type", "media_type", "data"]);
            let media_type = source["media_type"].as_str().unwrap_or_default();
            let known = IMAGE_TYPES.contains(&media_type)
                || kind == "document" && media_type == "application/pdf";
            findings.require(known, || format!("{place}.media_type is {media_type:?}"));
            findings.base64(&format!("{place}.data"), &source["data"]);
        }
        "url" => {
            findings.only_fields(&place, source, &["type", "url"]);
            findings.text(&format!("{place}.url"), &source["url"]);
        }
        "file" => findings.only_fields(&place, source, &["type", "file_id"]),
        "text" | "content" if kind == "document" => {}
        other => findings.add(format!("{place} has the unknown type {other:?}")),
    }
}

fn tool_result(place: &str, block: &Value, findings: &mut Findings) {
    findings.only_fields(
        place,
        block,
        &[
            "type",
            "tool_use_id",
            "content",
            "is_error",
            "cache_control",
        ],
    );
    if let Some(is_error) = block.get("is_error") {
        findings.require(is_error.is_boolean(), || {
            format!("{place}.is_error is not a boolean")
        });
    }
    // A result may be empty or absent: a command without output.
    let Some(content) = block.get("content").filter(|content| !content.is_string()) else {
        return;
    };
    findings.require(content.is_array(), || {
        format!("{place}.content is neither a string nor an array of blocks")
    });
    let failed = block["is_error"] == true;
    for (index, block) in elements(content).iter().enumerate() {
        let place = format!("{place}.content[{index}]");
        match block["type"].as_str().unwrap_or_default() {
            "text" => text_block(&place, block, findings),
            kind if failed => findings.add(format!("{place} is {kind:?} in a failed result")),
            kind @ ("image" | "document") => media(&place, kind, block, findings),
            "search_result" | "tool_reference" => {}
            kind => findings.add(format!("{place} has the unknown type {kind:?}")),
        }
    }
}

/// The ids of a message's tool calls.
fn calls(message: &Value) -> impl Iterator<Item = &str> {
    elements(&message["content"])
        .iter()
        .filter(|block| block["type"] == "tool_use")
        .filter_map(|block| block["id"].as_str())
}

/// Requires that a message begins with exactly the results of the calls in the message before it.
fn results_answer_calls(
    place: &str,
    message: &Value,
    before: Option<&Value>,
    findings: &mut Findings,
) {
    let blocks = elements(&message["content"]);
    let is_result = |block: &&Value| block["type"] == "tool_result";
    let leading = blocks.iter().take_while(is_result).count();
    findings.require(leading == blocks.iter().filter(is_result).count(), || {
        format!("{place}: a tool_result stands after other content")
    });
    let mut open: HashSet<&str> = before.into_iter().flat_map(calls).collect();
    let mut answered = HashSet::new();
    for block in blocks.iter().filter(is_result) {
        let id = block["tool_use_id"].as_str().unwrap_or_default();
        if open.remove(id) {
            answered.insert(id);
        } else if answered.contains(id) {
            findings.add(format!("{place}: a second tool_result for {id:?}"));
        } else {
            findings.add(format!(
                "{place}: the tool_result {id:?} has no tool_use in the message before"
            ));
        }
    }
    let mut missing: Vec<_> = open.into_iter().collect();
    missing.sort_unstable();
    for id in missing {
        findings.add(format!(
            "{place}: the tool_use {id:?} of the message before has no tool_result"
        ));
    }
}
