//! What the tests share: services over fake models, and a question.

use std::sync::Arc;

use loom_common_core::{LlmRequest, Message};
use loom_server_config::ServerConfig;
use loom_server_llm_service::LlmService;
use loom_testing::FakeModel;
use loom_testing::model::DEFAULT_API_KEY;

/// Settings of a server whose providers are one fake model, which speaks both protocols.
pub(crate) fn config(model: &FakeModel) -> ServerConfig {
    let mut config = ServerConfig::default();
    config.llm.anthropic.api_key = Some(DEFAULT_API_KEY.to_owned().into());
    config.llm.anthropic.base_url = model.url().parse().unwrap();
    config.llm.openai.api_key = Some(DEFAULT_API_KEY.to_owned().into());
    config.llm.openai.base_url = model.openai_base_url().parse().unwrap();
    config
}

pub(crate) fn service(config: &ServerConfig) -> LlmService {
    LlmService::new(config).unwrap()
}

pub(crate) fn request(model: &str) -> LlmRequest {
    LlmRequest {
        model: model.to_owned(),
        system: None,
        messages: vec![Arc::new(Message::user("go"))],
        tools: Vec::new(),
        max_tokens: None,
        effort: None,
    }
}
