//! A bare client for the fake model: requests as JSON, answers as bytes and events.

use loom_testing::FakeModel;
use serde_json::{Value, json};

/// A server-sent event, read without any of the fake's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) name: Option<String>,
    pub(crate) data: String,
}

impl Event {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.data).expect("the event's data is JSON")
    }
}

/// What came back of a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    /// The pieces in which the body arrived.
    pub(crate) pieces: Vec<Vec<u8>>,
    /// Whether the body came to its proper end.
    pub(crate) complete: bool,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.pieces.concat()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text()).expect("the body is JSON")
    }

    /// The events of the body, comments left out.
    pub(crate) fn events(&self) -> Vec<Event> {
        let text = self.text().replace("\r\n", "\n").replace('\r', "\n");
        let frames = text.split("\n\n").filter(|frame| !frame.is_empty());
        frames
            .filter_map(|frame| {
                let field = |name: &str| {
                    let value = frame
                        .lines()
                        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
                    Some(value.strip_prefix(' ').unwrap_or(value).to_owned())
                };
                Some(Event {
                    name: field("event"),
                    data: field("data")?,
                })
            })
            .collect()
    }
}

/// The client itself.
pub(crate) fn http() -> reqwest::Client {
    // Another test of this process may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    #[expect(
        clippy::disallowed_methods,
        reason = "an independent client, not the product's"
    )]
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// A request to the Messages API with all that it needs.
pub(crate) fn anthropic(model: &FakeModel, body: &Value) -> reqwest::RequestBuilder {
    http()
        .post(format!("{}/v1/messages", model.url()))
        .header("x-api-key", "test-key")
        .header("anthropic-version", "2023-06-01")
        .json(body)
}

/// A request to the Chat Completions API with all that it needs.
pub(crate) fn openai(model: &FakeModel, body: &Value) -> reqwest::RequestBuilder {
    http()
        .post(format!("{}/chat/completions", model.openai_base_url()))
        .bearer_auth("test-key")
        .json(body)
}

/// Sends a request and reads the body to its end or its break.
pub(crate) async fn send(request: reqwest::RequestBuilder) -> Answer {
    let mut response = request.send().await.unwrap();
    let mut answer = Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        pieces: Vec::new(),
        complete: false,
    };
    loop {
        match response.chunk().await {
            Ok(Some(piece)) => answer.pieces.push(piece.to_vec()),
            Ok(None) => {
                answer.complete = true;
                return answer;
            }
            Err(_) => return answer,
        }
    }
}

/// Streams an answer of the Messages API to these messages.
pub(crate) async fn stream_anthropic(model: &FakeModel, messages: Value) -> Answer {
    send(anthropic(model, &anthropic_body(messages, true))).await
}

/// Streams an answer of the Chat Completions API to these messages.
pub(crate) async fn stream_openai(model: &FakeModel, messages: Value) -> Answer {
    send(openai(model, &openai_body(messages, true))).await
}

/// A request body of the Messages API that declares the tool `bash`.
pub(crate) fn anthropic_body(messages: Value, stream: bool) -> Value {
    json!({
        "model": "claude-test",
        "max_tokens": 1000,
        "system": "Be brief.",
        "tools": [{"name": "bash", "description": "Runs a command.", "input_schema": {"type": "object"}}],
        "messages": messages,
        "stream": stream,
    })
}

/// A request body of the Chat Completions API that declares the tool `bash`.
pub(crate) fn openai_body(messages: Value, stream: bool) -> Value {
    let mut all = vec![json!({"role": "system", "content": "Be brief."})];
    all.extend(messages.as_array().unwrap().iter().cloned());
    let mut body = json!({
        "model": "gpt-test",
        "tools": [{"type": "function", "function": {"name": "bash", "parameters": {"type": "object"}}}],
        "messages": all,
    });
    if stream {
        body["stream"] = json!(true);
        body["stream_options"] = json!({"include_usage": true});
    }
    body
}

/// A conversation that has only begun.
pub(crate) fn hello() -> Value {
    json!([{"role": "user", "content": "Hello"}])
}
