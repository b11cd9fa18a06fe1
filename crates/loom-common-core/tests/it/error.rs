//! Errors from the way to a model.

use std::time::Duration;

use loom_common_core::{LlmError, LlmErrorKind};
use serde_json::{Value, json};

/// Returns all kinds of errors, taken from the schema so that none can be forgotten.
fn kinds() -> Vec<(String, LlmErrorKind)> {
    let schema = schemars::schema_for!(LlmErrorKind);
    let variants = schema.get("oneOf").and_then(Value::as_array).unwrap();
    variants
        .iter()
        .map(|variant| {
            let name = variant["const"].as_str().unwrap().to_owned();
            let kind = serde_json::from_value(variant["const"].clone()).unwrap();
            (name, kind)
        })
        .collect()
}

#[test]
fn the_code_of_a_kind_is_its_written_name() {
    for (name, kind) in kinds() {
        assert_eq!(kind.code(), name);
        assert_eq!(serde_json::to_value(kind).unwrap(), json!(name));
    }
}

#[test]
fn each_kind_says_whether_trying_again_helps() {
    let (passing, lasting): (Vec<_>, Vec<_>) = kinds()
        .into_iter()
        .partition(|(_, kind)| kind.is_retryable());
    let names = |kinds: Vec<(String, LlmErrorKind)>| {
        let names: Vec<_> = kinds.into_iter().map(|(name, _)| name).collect();
        names.join(" ")
    };
    assert_eq!(
        names(passing),
        "server_unreachable rate_limited overloaded provider_failed provider_unreachable timeout \
         stream_interrupted malformed_response"
    );
    assert_eq!(
        names(lasting),
        "unauthorized provider_not_configured key_refused permission_denied model_not_found \
         invalid_request context_too_long spend_limit internal"
    );
}

#[test]
fn the_providers_word_on_trying_again_outweighs_the_kind() {
    for (_, kind) in kinds() {
        let error = |should_retry| LlmError {
            should_retry,
            ..LlmError::new(kind, "it failed")
        };
        assert_eq!(error(None).is_retryable(), kind.is_retryable());
        assert!(error(Some(true)).is_retryable());
        assert!(!error(Some(false)).is_retryable());
    }
}

#[test]
fn an_error_is_written_without_what_is_not_known() {
    let bare = LlmError::new(LlmErrorKind::RateLimited, "slow down");
    assert_eq!(
        serde_json::to_value(&bare).unwrap(),
        json!({ "kind": "rate_limited", "message": "slow down" })
    );
    assert_eq!(bare.retry_after(), None);

    let full = LlmError {
        retry_after_ms: Some(1500),
        should_retry: Some(false),
        request_id: Some("req_1".to_owned()),
        ..bare.with_hint("wait a little")
    };
    let written = json!({
        "kind": "rate_limited",
        "message": "slow down",
        "hint": "wait a little",
        "retry_after_ms": 1500,
        "should_retry": false,
        "request_id": "req_1",
    });
    assert_eq!(serde_json::to_value(&full).unwrap(), written);
    assert_eq!(serde_json::from_value::<LlmError>(written).unwrap(), full);
    assert_eq!(full.retry_after(), Some(Duration::from_millis(1500)));
    assert_eq!(full.to_string(), "slow down");
}
