//! What a client sees when the call to a provider fails.

use loom_testing::{FakeModel, Reply, TestServer};
use serde_json::Value;

use crate::client::{Answer, Client, question};

/// Shows what matters of a failed answer, in a line.
fn line(what: &str, answer: &Answer) -> String {
    let text = |field: &str| answer.body[field].as_str().unwrap_or("-").to_owned();
    let header = |name: &str| {
        answer
            .headers
            .get(name)
            .map_or("-", String::as_str)
            .to_owned()
    };
    format!(
        "{what}: {} {}, retry-after {}, should_retry {}",
        answer.status,
        text("code"),
        header("retry-after"),
        answer.body.get("should_retry").unwrap_or(&Value::Null),
    )
}

#[tokio::test]
async fn failures_ahead_of_the_answer_are_problems_with_a_status_of_their_own() {
    let model = FakeModel::start().await;
    let server = TestServer::with_model(&model).await;
    let client = Client::new(&server);
    let replies = [
        ("key refused", Reply::status(401)),
        ("permission denied", Reply::status(403)),
        ("no such model", Reply::status(404)),
        ("invalid request", Reply::status(400)),
        (
            "rate limited, with a time",
            Reply::status(429).retry_after(7),
        ),
        ("rate limited, without", Reply::status(429)),
        ("spend limit", Reply::spend_limit()),
        ("overloaded", Reply::overloaded()),
        ("failed inside", Reply::status(500)),
        ("cut before any byte", Reply::text("x").no_response()),
    ];
    let mut lines = Vec::new();
    for provider in ["anthropic", "openai"] {
        for (what, reply) in &replies {
            for operation in ["complete", "stream"] {
                model.reply(reply.clone());
                let path = format!("/api/v1/llm/{provider}/{operation}");
                let answer = client.post(&path, &question()).await;
                assert_eq!(answer.headers["content-type"], "application/problem+json");
                assert_eq!(answer.body["status"], answer.status);
                lines.push(line(&format!("{provider} {operation}, {what}"), &answer));
            }
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn failures_within_the_answer_end_the_stream_with_one_error_event() {
    let model = FakeModel::start().await;
    let server = TestServer::with_model(&model).await;
    let client = Client::new(&server);
    let text = || Reply::text("one two three").delta_chars(4);
    let replies = [
        ("cut", text().cut_after_events(3)),
        ("error event", text().error_event_after(3)),
        ("broken JSON", text().malformed_json_at(3)),
        ("no end event", text().end_without_stop()),
        ("ended early", text().end_after_events(3)),
    ];
    let mut lines = Vec::new();
    for provider in ["anthropic", "openai"] {
        for (what, reply) in &replies {
            model.reply(reply.clone());
            let events = client.stream(provider).await.rest().await;
            let ends = events
                .iter()
                .filter(|event| {
                    event.starts_with("event: error") || event.starts_with("event: finished")
                })
                .count();
            assert_eq!(ends, 1, "{provider} {what}: {events:#?}");
            let end = match events.last().unwrap().strip_prefix("event: error\ndata: ") {
                Some(data) => serde_json::from_str::<Value>(data).unwrap()["kind"].to_string(),
                None => "finished".to_owned(),
            };
            lines.push(format!("{provider}, {what}: {end}"));
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn a_provider_without_a_key_is_told_with_what_to_do() {
    let server = TestServer::start(|_| {}).await;
    let client = Client::new(&server);
    for provider in ["anthropic", "nonsense", "..", "%2e%2e", "a%20b"] {
        for operation in ["complete", "stream"] {
            let path = format!("/api/v1/llm/{provider}/{operation}");
            let answer = client.post(&path, &question()).await;
            assert_eq!(answer.status, 404, "{provider}");
            if provider != ".." && provider != "%2e%2e" {
                assert_eq!(answer.body["code"], "provider_not_configured");
                assert!(
                    answer.body["hint"]
                        .as_str()
                        .unwrap()
                        .contains("ANTHROPIC_API_KEY")
                );
            }
        }
        let check = client
            .post(&format!("/api/v1/llm/{provider}/check"), &Value::Null)
            .await;
        assert_eq!(check.status, 404);
    }
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_told() {
    let server = TestServer::start(|config| {
        // Port 9 of loopback, where nothing listens.
        config.llm.openai.base_url = "http://127.0.0.1:9/v1".parse().unwrap();
    })
    .await;
    let answer = Client::new(&server)
        .post("/api/v1/llm/openai/stream", &question())
        .await;
    assert_eq!(answer.status, 502);
    assert_eq!(answer.body["code"], "provider_unreachable");
}

#[tokio::test]
async fn providers_are_listed_and_checked() {
    let model = FakeModel::start().await;
    let server = TestServer::with_model(&model).await;
    let client = Client::new(&server);
    insta::assert_json_snapshot!(client.get("/api/v1/llm/providers").await.body);

    model.list_models(["small", "large"]);
    for provider in ["anthropic", "openai"] {
        let check = format!("/api/v1/llm/{provider}/check");
        let good = client.post(&check, &Value::Null).await;
        assert_eq!(good.status, 200);
        assert_eq!(
            good.body,
            serde_json::json!({"ok": true, "models": ["small", "large"]})
        );
    }
    model.expect_api_key("another key");
    for provider in ["anthropic", "openai"] {
        let check = format!("/api/v1/llm/{provider}/check");
        let refused = client.post(&check, &Value::Null).await;
        assert_eq!(
            (refused.status, &refused.body["code"]),
            (502, &"key_refused".into())
        );
    }
    assert_ne!(
        model.take_violations(),
        [""; 0],
        "the fake saw the wrong key"
    );
}
