//! Which provider answers, and what is said when none can.

use futures::StreamExt;
use loom_common_core::{LlmError, LlmErrorKind};
use loom_server_config::ServerConfig;
use loom_server_llm_service::{LlmService, ProviderStatus};
use loom_testing::{FakeModel, Reply};

use crate::service::{config, request, service};

const CONFIGURE: &str = "set LOOM_SERVER_ANTHROPIC_API_KEY or LOOM_SERVER_OPENAI_API_KEY where \
                         loom-server runs, or LOOM_SERVER_OPENAI_BASE_URL for a local server such \
                         as Ollama, and start it again";

fn refusal(service: &LlmService, provider: &str) -> LlmError {
    service.client(provider).err().unwrap()
}

fn not_configured(message: &str, hint: &str) -> LlmError {
    LlmError::new(LlmErrorKind::ProviderNotConfigured, message).with_hint(hint)
}

#[tokio::test]
async fn each_provider_is_asked_in_its_own_protocol() {
    let model = FakeModel::start().await;
    let service = service(&config(&model));
    for text in ["1", "2", "3", "4"] {
        model.reply(Reply::text(text));
    }
    let request = request("m-1");
    let whole = service.complete_anthropic(&request).await.unwrap();
    assert_eq!(whole.message.text(), "1");
    let events = service.stream_anthropic(&request).await.unwrap();
    assert!(events.collect::<Vec<_>>().await.iter().all(Result::is_ok));
    let whole = service.complete_openai(&request).await.unwrap();
    assert_eq!(whole.message.text(), "3");
    let events = service.stream_openai(&request).await.unwrap();
    assert!(events.collect::<Vec<_>>().await.iter().all(Result::is_ok));
    let protocols: Vec<_> = model
        .requests()
        .iter()
        .map(|request| (format!("{:?}", request.protocol()), request.is_stream()))
        .collect();
    let expected = [
        ("Anthropic".to_owned(), false),
        ("Anthropic".to_owned(), true),
        ("OpenAi".to_owned(), false),
        ("OpenAi".to_owned(), true),
    ];
    assert_eq!(protocols, expected);
}

#[tokio::test]
async fn a_request_without_a_model_gets_the_default() {
    let model = FakeModel::start().await;
    let mut config = config(&model);
    config.llm.anthropic.default_model = "claude-default".to_owned();
    let service = service(&config);
    model.reply(Reply::text("x"));
    service.complete_anthropic(&request("")).await.unwrap();
    assert_eq!(model.last_request().model(), "claude-default");
    let error = service.complete_openai(&request("")).await.unwrap_err();
    let expected = LlmError::new(
        LlmErrorKind::InvalidRequest,
        "the request names no model, and the server has no default for `openai`",
    );
    assert_eq!(error, expected.with_hint("name a model with --model"));
}

#[test]
fn without_any_key_no_provider_is_configured() {
    let service = service(&ServerConfig::default());
    assert!(!service.has_anthropic());
    assert!(!service.has_openai());
    let statuses = service.providers();
    let configured: Vec<_> = statuses
        .iter()
        .map(|status| (status.name, status.configured))
        .collect();
    assert_eq!(configured, [("anthropic", false), ("openai", false)]);
    let expected = not_configured(
        "the server has no key for the provider `anthropic`",
        CONFIGURE,
    );
    assert_eq!(refusal(&service, "anthropic"), expected);
    let expected = not_configured("the server knows no provider `gemini`", CONFIGURE);
    assert_eq!(refusal(&service, "gemini"), expected);
}

#[test]
fn the_hint_names_the_providers_that_are_there() {
    let mut config = ServerConfig::default();
    config.llm.openai.base_url = "http://localhost:11434".parse().unwrap();
    config.llm.openai.default_model = Some("qwen".to_owned());
    let service = service(&config);
    assert!(service.has_openai(), "another address needs no key");
    assert!(!service.has_anthropic());
    let hint = format!("configured: openai; to use another, {CONFIGURE}");
    let expected = not_configured("the server has no key for the provider `anthropic`", &hint);
    assert_eq!(refusal(&service, "anthropic"), expected);
    let expected = ProviderStatus {
        name: "openai",
        configured: true,
        default_model: Some("qwen".to_owned()),
    };
    assert_eq!(service.providers()[1], expected);
}

#[tokio::test]
async fn a_check_tells_the_models_or_why_they_cannot_be_listed() {
    let model = FakeModel::start().await;
    model.list_models(["m-1", "m-2"]);
    let service = service(&config(&model));
    for provider in ["anthropic", "openai"] {
        let check = service.check(provider).await;
        let expected = ["m-1", "m-2"].map(str::to_owned).to_vec();
        assert_eq!(check.models, Ok(expected));
    }
    model.fail_model_list(401);
    let check = service.check("anthropic").await;
    assert_eq!(check.models.unwrap_err().kind, LlmErrorKind::KeyRefused);
    let check = service.check("gemini").await;
    assert_eq!(
        check.models.unwrap_err().kind,
        LlmErrorKind::ProviderNotConfigured
    );
}

#[test]
fn a_key_that_cannot_be_sent_stops_the_server_and_stays_secret() {
    let mut config = ServerConfig::default();
    config.llm.openai.api_key = Some("sk-with\nline-end".to_owned().into());
    let error = LlmService::new(&config).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the settings of the provider `openai` cannot work: the OpenAI API key has characters \
         that cannot stand in an HTTP header"
    );
    assert!(!format!("{error:?}").contains("sk-with"));
}

#[test]
fn a_service_does_not_show_its_keys() {
    let mut config = ServerConfig::default();
    config.llm.anthropic.api_key = Some("sk-secret-1".to_owned().into());
    config.llm.openai.api_key = Some("sk-secret-2".to_owned().into());
    let shown = format!("{:?}", service(&config));
    assert!(!shown.contains("sk-secret"), "{shown}");
}
