//! The rules of a Chat Completions request.
//!
//! Source: the Chat page of the OpenAI API reference, and the guides on function calling and
//! reasoning.

use std::collections::HashSet;

use serde_json::Value;

use super::super::request::is_system;
use super::{Findings, Sendings, elements};

const TOP_LEVEL: &[&str] = &[
    "audio",
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "metadata",
    "modalities",
    "model",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning_effort",
    "response_format",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "user",
    "verbosity",
    "web_search_options",
];

pub(super) fn check(body: &Value, sendings: &Sendings, findings: &mut Findings) {
    findings.only_fields("the request", body, TOP_LEVEL);
    let model = body["model"].as_str().unwrap_or_default();
    findings.require(!model.is_empty(), || "model is missing".to_owned());
    for field in ["max_tokens", "max_completion_tokens"] {
        if let Some(limit) = body.get(field) {
            findings.require(limit.as_u64().is_some_and(|limit| limit > 0), || {
                format!("{field} is not a positive integer")
            });
        }
    }
    if let Some(stream) = body.get("stream") {
        findings.require(stream.is_boolean(), || "stream is not a boolean".to_owned());
    }
    if body.get("stream_options").is_some() {
        findings.require(body["stream"] == true, || {
            "stream_options without stream".to_owned()
        });
    }
    if let Some(effort) = body.get("reasoning_effort") {
        reasoning_effort(effort, model, findings);
    }
    let declared = tools(body, findings);
    // GPT-5.1 and later reason unless told otherwise, and only the Responses API takes both.
    let reasons = model.starts_with("gpt-5.") && body["reasoning_effort"] != "none";
    findings.require(declared.is_empty() || !reasons, || {
        format!("tools without reasoning_effort \"none\" for {model:?}")
    });
    if declared.is_empty() {
        for field in ["tool_choice", "parallel_tool_calls"] {
            findings.require(body.get(field).is_none(), || {
                format!("{field} without tools")
            });
        }
    }
    if let Some(name) = body["tool_choice"]["function"]["name"].as_str() {
        findings.require(declared.contains(name), || {
            format!("tool_choice names {name:?}, not a tool")
        });
    }

    let messages = elements(&body["messages"]);
    findings.require(!messages.is_empty(), || {
        "messages is missing or empty".to_owned()
    });
    let first = messages.iter().find(|message| !is_system(message));
    findings.require(
        first.is_none_or(|message| message["role"] == "user"),
        || "the first message after the system's is not the user's".to_owned(),
    );
    let mut pairing = Pairing::default();
    for (index, message) in messages.iter().enumerate() {
        let place = format!("messages[{index}]");
        shape(&place, message, findings);
        pairing.follow(&place, message, findings);
        for call in elements(&message["tool_calls"]) {
            let id = call["id"].as_str().unwrap_or_default();
            let name = call["function"]["name"].as_str().unwrap_or_default();
            // A model may call a tool that does not exist; the call comes back all the same.
            findings.require(declared.contains(name) || sendings.sent_call(id), || {
                format!("{place} calls the tool {name:?}, which is not declared in tools")
            });
        }
    }
    pairing.close("the end of messages", findings);
}

/// Checks the declared tools and returns their names.
fn tools(body: &Value, findings: &mut Findings) -> HashSet<String> {
    if let Some(tools) = body.get("tools") {
        let filled = tools.as_array().is_some_and(|tools| !tools.is_empty());
        findings.require(filled, || {
            "tools is not an array of at least one tool".to_owned()
        });
    }
    let mut names = Vec::new();
    for (index, tool) in elements(&body["tools"]).iter().enumerate() {
        let place = format!("tools[{index}]");
        findings.only_fields(&place, tool, &["type", "function"]);
        findings.require(tool["type"] == "function", || {
            format!("{place}.type is not \"function\"")
        });
        let function = &tool["function"];
        let place = format!("{place}.function");
        findings.only_fields(
            &place,
            function,
            &["name", "description", "parameters", "strict"],
        );
        if let Some(parameters) = function.get("parameters") {
            findings.require(parameters["type"] == "object", || {
                format!("{place}.parameters is not the schema of an object")
            });
        }
        names.push((format!("{place}.name"), &function["name"]));
    }
    findings.tool_names(names)
}

fn shape(place: &str, message: &Value, findings: &mut Findings) {
    let content = &message["content"];
    let content_place = format!("{place}.content");
    match message["role"].as_str().unwrap_or_default() {
        "system" | "developer" | "user" => {
            findings.only_fields(place, message, &["role", "content", "name"]);
            filled_content(&content_place, content, findings);
        }
        "assistant" => {
            findings.only_fields(
                place,
                message,
                &[
                    "role",
                    "content",
                    "name",
                    "refusal",
                    "audio",
                    "tool_calls",
                    "reasoning_content",
                ],
            );
            let calls = message.get("tool_calls");
            if let Some(calls) = calls {
                let filled = calls.as_array().is_some_and(|calls| !calls.is_empty());
                findings.require(filled, || {
                    format!("{place}.tool_calls is no array of calls")
                });
                for (index, call) in elements(calls).iter().enumerate() {
                    tool_call(&format!("{place}.tool_calls[{index}]"), call, findings);
                }
            }
            if calls.is_none() || !content.is_null() {
                filled_content(&content_place, content, findings);
            }
        }
        "tool" => {
            findings.only_fields(place, message, &["role", "content", "tool_call_id"]);
            // A result may be empty: a command without output.
            if !content.is_string() {
                filled_content(&content_place, content, findings);
            }
        }
        role => findings.add(format!("{place}.role is {role:?}")),
    }
}

fn reasoning_effort(effort: &Value, model: &str, findings: &mut Findings) {
    let efforts = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];
    let is_known = efforts.iter().any(|known| effort == known);
    findings.require(is_known, || format!("reasoning_effort is {effort}"));
    let is_refused = model.starts_with("gpt-4") || model.starts_with("gpt-3");
    findings.require(!is_refused, || {
        format!("reasoning_effort for {model:?}, which does not reason")
    });
}

/// Requires text, or an array of parts with something in each.
fn filled_content(place: &str, content: &Value, findings: &mut Findings) {
    let Some(parts) = content.as_array() else {
        findings.text(place, content);
        return;
    };
    findings.require(!parts.is_empty(), || format!("{place} is empty"));
    for (index, part) in parts.iter().enumerate() {
        let place = format!("{place}[{index}]");
        match part["type"].as_str().unwrap_or_default() {
            "text" => {
                findings.only_fields(&place, part, &["type", "text"]);
                findings.text(&format!("{place}.text"), &part["text"]);
            }
            "image_url" => {
                findings.only_fields(&place, part, &["type", "image_url"]);
                image(&format!("{place}.image_url"), &part["image_url"], findings);
            }
            "input_audio" | "file" | "refusal" => {}
            kind => findings.add(format!("{place} has the unknown type {kind:?}")),
        }
    }
}

fn image(place: &str, image: &Value, findings: &mut Findings) {
    findings.only_fields(place, image, &["url", "detail"]);
    let url = image["url"].as_str().unwrap_or_default();
    if let Some(data) = url.strip_prefix("data:") {
        match data.split_once(";base64,") {
            Some((media_type, data)) if media_type.starts_with("image/") => {
                findings.base64(&format!("{place}.url"), &Value::from(data));
            }
            _ => findings.add(format!("{place}.url is no data URL of an image in base64")),
        }
    } else {
        let remote = url.starts_with("https://") || url.starts_with("http://");
        findings.require(remote, || format!("{place}.url is {url:?}, not a URL"));
    }
}

fn tool_call(place: &str, call: &Value, findings: &mut Findings) {
    // An `index` belongs to the chunks of a stream only.
    findings.only_fields(place, call, &["id", "type", "function"]);
    findings.require(call["type"] == "function", || {
        format!("{place}.type is not \"function\"")
    });
    let id = call["id"].as_str().unwrap_or_default();
    findings.require(!id.is_empty(), || format!("{place}.id is missing"));
    let function = &call["function"];
    findings.only_fields(
        &format!("{place}.function"),
        function,
        &["name", "arguments"],
    );
    findings.require(function["arguments"].is_string(), || {
        format!("{place}.function.arguments is not a string")
    });
}

/// Which calls of the assistant still wait for their result.
#[derive(Debug, Default)]
struct Pairing {
    open: Vec<String>,
    answered: HashSet<String>,
}

impl Pairing {
    fn follow(&mut self, place: &str, message: &Value, findings: &mut Findings) {
        if message["role"] == "tool" {
            let id = message["tool_call_id"].as_str().unwrap_or_default();
            if let Some(index) = self.open.iter().position(|open| open == id) {
                self.answered.insert(self.open.swap_remove(index));
            } else if self.answered.contains(id) {
                findings.add(format!("{place}: a second result for the tool call {id:?}"));
            } else {
                findings.add(format!(
                    "{place}: the result {id:?} has no tool call before it"
                ));
            }
            return;
        }
        self.close(place, findings);
        self.answered.clear();
        let ids = elements(&message["tool_calls"])
            .iter()
            .filter_map(|call| call["id"].as_str());
        self.open = ids.map(str::to_owned).collect();
    }

    /// No call may be open where the results have ended.
    fn close(&mut self, place: &str, findings: &mut Findings) {
        for id in self.open.drain(..) {
            findings.add(format!(
                "{place}: the tool call {id:?} before it has no result"
            ));
        }
    }
}
