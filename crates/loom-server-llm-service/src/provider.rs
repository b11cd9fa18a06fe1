//! One provider: its adapter, its default model, and the measurement around it.

use std::borrow::Cow;

use futures::FutureExt;
use futures::future::BoxFuture;
use loom_common_core::{LlmClient, LlmError, LlmErrorKind, LlmRequest, LlmResponse, LlmStream};
use loom_server_llm_anthropic::AnthropicClient;
use loom_server_llm_openai::OpenAiClient;

use crate::measure::{Call, Operation};

/// A provider that is configured.
#[derive(Debug)]
pub(crate) struct Provider {
    name: &'static str,
    adapter: Adapter,
    default_model: Option<String>,
}

#[derive(Debug)]
pub(crate) enum Adapter {
    Anthropic(AnthropicClient),
    OpenAi(OpenAiClient),
}

impl Adapter {
    fn client(&self) -> &dyn LlmClient {
        match self {
            Self::Anthropic(client) => client,
            Self::OpenAi(client) => client,
        }
    }
}

impl Provider {
    pub(crate) fn new(name: &'static str, adapter: Adapter, default_model: Option<String>) -> Self {
        Self {
            name,
            adapter,
            default_model,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) async fn list_models(&self) -> Result<Vec<String>, LlmError> {
        match &self.adapter {
            Adapter::Anthropic(client) => client.list_models().await,
            Adapter::OpenAi(client) => client.list_models().await,
        }
    }

    /// Returns the model that is meant by `asked`, which may be empty.
    pub(crate) fn model<'a>(&'a self, asked: &'a str) -> Result<&'a str, LlmError> {
        if !asked.is_empty() {
            return Ok(asked);
        }
        self.default_model.as_deref().ok_or_else(|| {
            let message = format!(
                "the request names no model, and the server has no default for `{}`",
                self.name
            );
            LlmError::new(LlmErrorKind::InvalidRequest, message)
                .with_hint("name a model with --model")
        })
    }

    /// Fills in the default model where the request names none.
    fn with_model<'a>(&self, request: &'a LlmRequest) -> Result<Cow<'a, LlmRequest>, LlmError> {
        if !request.model.is_empty() {
            return Ok(Cow::Borrowed(request));
        }
        Ok(Cow::Owned(LlmRequest {
            model: self.model("")?.to_owned(),
            ..request.clone()
        }))
    }

    async fn start(&self, request: &LlmRequest) -> Result<LlmStream, LlmError> {
        let request = self.with_model(request)?;
        let call = Call::start(self.name, Operation::Stream, &request.model);
        match self.adapter.client().stream(&request).await {
            Ok(events) => Ok(call.follow(events)),
            Err(error) => {
                call.failed(&error);
                Err(error)
            }
        }
    }

    async fn ask(&self, request: &LlmRequest) -> Result<LlmResponse, LlmError> {
        let request = self.with_model(request)?;
        let call = Call::start(self.name, Operation::Complete, &request.model);
        let answer = self.adapter.client().complete(&request).await;
        call.answered(&answer);
        answer
    }
}

impl LlmClient for Provider {
    fn stream<'a>(&'a self, request: &'a LlmRequest) -> BoxFuture<'a, Result<LlmStream, LlmError>> {
        self.start(request).boxed()
    }

    fn complete<'a>(
        &'a self,
        request: &'a LlmRequest,
    ) -> BoxFuture<'a, Result<LlmResponse, LlmError>> {
        self.ask(request).boxed()
    }
}
