//! The wire contract, as text: a change here breaks older clients or servers.

use loom_common_core::{BlockKind, Extra, LlmError, LlmErrorKind, LlmEvent, StopReason, Usage};
use loom_server_llm_proxy::wire::{
    CheckResult, ComponentHealth, Health, HealthStatus, Problem, ProviderInfo, ProviderList,
    event_name,
};
use serde_json::json;

/// One event of every type.
pub(crate) fn one_of_each() -> Vec<LlmEvent> {
    vec![
        LlmEvent::Started {
            id: Some("msg_1".to_owned()),
            model: Some("claude-x".to_owned()),
        },
        LlmEvent::Usage {
            usage: Usage {
                input_tokens: 1,
                output_tokens: 2,
                cache_read_tokens: 3,
                cache_write_tokens: 4,
            },
        },
        LlmEvent::BlockStarted {
            index: 0,
            block: BlockKind::Thinking,
        },
        LlmEvent::ThinkingDelta {
            index: 0,
            thinking: "hm".to_owned(),
        },
        LlmEvent::SignatureDelta {
            index: 0,
            signature: "c2ln".to_owned(),
        },
        LlmEvent::BlockStopped { index: 0 },
        LlmEvent::OpaqueBlock {
            index: 1,
            provider: "anthropic".to_owned(),
            json: "{\"type\": \"x\"}".to_owned(),
        },
        LlmEvent::Ping,
        LlmEvent::BlockStarted {
            index: 2,
            block: BlockKind::Text,
        },
        LlmEvent::TextDelta {
            index: 2,
            text: "grüße\r\n🦀".to_owned(),
        },
        LlmEvent::ExtraFields {
            index: 2,
            fields: Extra(
                [("citations".to_owned(), json!([1.5]))]
                    .into_iter()
                    .collect(),
            ),
        },
        LlmEvent::BlockStopped { index: 2 },
        LlmEvent::BlockStarted {
            index: 3,
            block: BlockKind::ToolUse {
                id: "t".to_owned(),
                name: "bash".to_owned(),
            },
        },
        LlmEvent::ArgumentsDelta {
            index: 3,
            json: "{}".to_owned(),
        },
        LlmEvent::BlockStopped { index: 3 },
        LlmEvent::Finished {
            stop_reason: StopReason::ToolUse,
        },
    ]
}

#[test]
fn an_event_is_named_after_its_type() {
    for event in one_of_each() {
        assert_eq!(json!(event)["type"], event_name(&event));
    }
}

#[test]
fn the_documents() {
    let problem = Problem::from(LlmError {
        hint: Some("wait".to_owned()),
        retry_after_ms: Some(1500),
        should_retry: Some(true),
        request_id: Some("req_1".to_owned()),
        ..LlmError::new(LlmErrorKind::RateLimited, "slow down")
    });
    let providers = ProviderList {
        providers: vec![
            ProviderInfo {
                name: "anthropic".to_owned(),
                configured: true,
                default_model: Some("claude-x".to_owned()),
            },
            ProviderInfo {
                name: "openai".to_owned(),
                configured: false,
                default_model: None,
            },
        ],
        web_search: Some("serper".to_owned()),
    };
    let check = CheckResult {
        ok: true,
        models: vec!["claude-x".to_owned()],
    };
    let health = Health {
        status: HealthStatus::Degraded,
        version: "0.1.0".to_owned(),
        commit: "0123456789ab".to_owned(),
        components: vec![ComponentHealth {
            name: "llm".to_owned(),
            status: HealthStatus::Degraded,
            duration_ms: 0,
            message: Some("no provider".to_owned()),
        }],
    };
    insta::assert_json_snapshot!(json!({
        "problem": problem, "providers": providers, "check": check, "health": health,
    }));
}

#[test]
fn every_kind_of_error_has_a_status() {
    use LlmErrorKind::*;
    let kinds = [
        ServerUnreachable,
        Unauthorized,
        ProviderNotConfigured,
        KeyRefused,
        PermissionDenied,
        ModelNotFound,
        InvalidRequest,
        ContextTooLong,
        RateLimited,
        SpendLimit,
        Overloaded,
        ProviderFailed,
        ProviderUnreachable,
        Timeout,
        StreamInterrupted,
        MalformedResponse,
        Internal,
    ];
    let table: Vec<_> = kinds
        .into_iter()
        .map(|kind| {
            let problem = Problem::from(LlmError::new(kind, ""));
            format!("{} {} {}", problem.status, problem.code, problem.title)
        })
        .collect();
    insta::assert_snapshot!(table.join("\n"));
}

#[test]
fn the_worst_health_is_the_greatest() {
    assert!(HealthStatus::Healthy < HealthStatus::Degraded);
    assert!(HealthStatus::Degraded < HealthStatus::Unhealthy);
}
