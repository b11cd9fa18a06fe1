//! A client that asks a test's server, and shows what comes back as it is on the wire.

use std::collections::BTreeMap;

use bytes::Bytes;
use loom_testing::TestServer;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

/// Asks one server.
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
    token: Option<String>,
}

/// A whole answer.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The headers that mean something to a client; date and length are left out.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Value,
}

impl Client {
    /// Makes a client that presents the server's token.
    pub(crate) fn new(server: &TestServer) -> Self {
        Self {
            token: Some(server.token().expose().clone()),
            ..Self::without_token(server)
        }
    }

    pub(crate) fn without_token(server: &TestServer) -> Self {
        Self {
            http: loom_common_http::new_client(),
            url: server.url(),
            token: None,
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path).send().await.unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        answer(
            self.request(Method::POST, path)
                .json(body)
                .send()
                .await
                .unwrap(),
        )
        .await
    }

    /// Starts a stream, and fails unless it begins.
    pub(crate) async fn stream(&self, provider: &str) -> Events {
        let path = format!("/api/v1/llm/{provider}/stream");
        let request = self.request(Method::POST, &path).json(&question());
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        Events {
            response,
            buffer: Vec::new(),
        }
    }
}

/// A question that both providers take.
pub(crate) fn question() -> Value {
    json!({
        "model": "some-model",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hello"}]}],
    })
}

pub(crate) async fn answer(response: Response) -> Answer {
    let shown = [
        "allow",
        "content-type",
        "retry-after",
        "www-authenticate",
        "x-accel-buffering",
        "x-request-id",
    ];
    Answer {
        status: response.status().as_u16(),
        headers: response
            .headers()
            .iter()
            .filter(|(name, _)| shown.contains(&name.as_str()))
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect(),
        body: {
            let text = response.text().await.unwrap();
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        },
    }
}

/// The events of a stream, read as they come.
pub(crate) struct Events {
    pub(crate) response: Response,
    buffer: Vec<u8>,
}

impl Events {
    /// Returns the next event as it stands on the wire, or `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\n\n") {
                let rest = self.buffer.split_off(end + 2);
                let event = std::mem::replace(&mut self.buffer, rest);
                return Some(String::from_utf8(event).unwrap().trim_end().to_owned());
            }
            let piece: Option<Bytes> = self.response.chunk().await.unwrap();
            match piece {
                Some(piece) => self.buffer.extend_from_slice(&piece),
                None => {
                    assert_eq!(self.buffer, b"", "the stream ends within an event");
                    return None;
                }
            }
        }
    }

    /// Returns the events up to and with the first that contains the text.
    pub(crate) async fn until(&mut self, text: &str) -> Vec<String> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            let is_last = event.contains(text);
            events.push(event);
            if is_last {
                return events;
            }
        }
        panic!("no event contains {text:?}: {events:#?}");
    }

    /// Returns all events that are left.
    pub(crate) async fn rest(&mut self) -> Vec<String> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }
}
