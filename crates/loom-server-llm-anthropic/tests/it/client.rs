//! What the tests share: a client, a question, and an answer read to its end.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use loom_common_core::{
    LlmClient, LlmError, LlmEvent, LlmRequest, LlmResponse, Message, ResponseBuilder, ToolAccess,
    ToolDefinition,
};
use loom_server_llm_anthropic::{AnthropicClient, AnthropicConfig};
use serde_json::json;

pub(crate) const KEY: &str = loom_testing::model::DEFAULT_API_KEY;

pub(crate) fn config(base_url: &str) -> AnthropicConfig {
    AnthropicConfig {
        api_key: Some(KEY.to_owned().into()),
        ..AnthropicConfig::new(base_url.parse().unwrap())
    }
}

pub(crate) fn client(base_url: &str) -> AnthropicClient {
    AnthropicClient::new(config(base_url), loom_common_http::new_client()).unwrap()
}

/// A client that soon loses its patience.
pub(crate) fn impatient_client(base_url: &str) -> AnthropicClient {
    let config = AnthropicConfig {
        idle_timeout: Duration::from_millis(100),
        answer_timeout: Duration::from_millis(100),
        ..config(base_url)
    };
    AnthropicClient::new(config, loom_common_http::new_client()).unwrap()
}

pub(crate) fn request(messages: impl IntoIterator<Item = Message>) -> LlmRequest {
    LlmRequest {
        model: "claude-x".to_owned(),
        system: Some("You are Loom.".to_owned()),
        messages: messages.into_iter().map(Arc::new).collect(),
        tools: vec![ToolDefinition {
            name: "bash".to_owned(),
            description: "Runs a command.".to_owned(),
            input_schema: json!({"type": "object", "properties": {}}),
            access: ToolAccess::Execute,
        }],
        max_tokens: None,
        effort: None,
    }
}

/// Asks for a stream and puts it together.
pub(crate) async fn stream(
    client: &AnthropicClient,
    request: &LlmRequest,
) -> Result<LlmResponse, LlmError> {
    let mut events = client.stream(request).await?;
    let mut builder = ResponseBuilder::default();
    while let Some(event) = events.next().await {
        builder.apply(event?)?;
    }
    builder.finish()
}

/// Asks for a stream that begins and fails; returns the text that came, and the error.
pub(crate) async fn cut_stream(
    client: &AnthropicClient,
    request: &LlmRequest,
) -> (String, LlmError) {
    let mut events = client.stream(request).await.unwrap();
    let mut text = String::new();
    loop {
        match events.next().await.expect("an error is the end") {
            Ok(LlmEvent::TextDelta { text: piece, .. }) => text.push_str(&piece),
            Ok(_) => {}
            Err(error) => {
                assert!(
                    events.next().await.is_none(),
                    "nothing comes after an error"
                );
                return (text, error);
            }
        }
    }
}
