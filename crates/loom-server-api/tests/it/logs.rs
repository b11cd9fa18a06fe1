//! What the server logs, and what must stay out of the log and of every answer.

use std::io;
use std::sync::{Arc, Mutex};

use loom_common_secret::SecretString;
use loom_testing::{FakeModel, Gate, Reply, TestServer};
use serde_json::{Value, json};
use tracing::Level;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

use crate::client::{Client, question};

/// Keeps all that is written.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Catches what this thread logs until the guard is dropped. The runtime of a test has one
    /// thread, so that is all that the server logs.
    fn catch(level: Level) -> (Self, DefaultGuard) {
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(level)
            .with_ansi(false)
            .with_writer(log.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

const KEY: &str = "sk-test-0123456789-provider-key";

#[tokio::test]
async fn no_answer_and_no_line_of_the_log_holds_a_key_or_a_token() {
    let (log, _guard) = Log::catch(Level::TRACE);
    let model = FakeModel::start().await;
    model.expect_api_key(KEY);
    let server = TestServer::start(|config| {
        loom_testing::server::use_model(config, &model);
        config.llm.anthropic.api_key = Some(SecretString::new(KEY.to_owned()));
        config.llm.openai.api_key = Some(SecretString::new(KEY.to_owned()));
    })
    .await;
    let client = Client::new(&server);
    let token = server.token().expose().clone();
    let prompt = "a-private-prompt";
    let mut body = question();
    body["messages"][0]["content"][0]["text"] = json!(prompt);
    let replies = [
        Reply::text("fine"),
        // A provider that repeats the key, as some do in their errors.
        Reply::text("fine").header("x-echo", KEY),
        Reply::status(401),
        Reply::status(429).retry_after(1),
        Reply::overloaded(),
        Reply::status(500),
        Reply::text("x").no_response(),
        Reply::text("one two").delta_chars(1).cut_after_events(3),
        Reply::text("one two").error_event_after(3),
        Reply::text("one two").malformed_json_at(3),
    ];
    let mut answers = Vec::new();
    for provider in ["anthropic", "openai"] {
        for operation in ["complete", "stream"] {
            for reply in &replies {
                model.reply(reply.clone());
                let path = format!("/api/v1/llm/{provider}/{operation}");
                answers.push(client.post(&path, &body).await);
            }
        }
        answers.push(
            client
                .post(&format!("/api/v1/llm/{provider}/check"), &Value::Null)
                .await,
        );
    }
    for path in [
        "/health",
        "/metrics",
        "/api/v1/me",
        "/api/v1/llm/providers",
        "/nope",
    ] {
        answers.push(client.get(path).await);
    }
    model.expect_api_key("another");
    answers.push(client.post("/api/v1/llm/openai/stream", &body).await);
    answers.push(client.post("/api/v1/llm/openai/check", &Value::Null).await);
    assert_ne!(
        model.take_violations(),
        [""; 0],
        "the fake saw the wrong key"
    );
    server.server().db().close().await;
    answers.push(client.get("/api/v1/me").await);
    server.shutdown().await;

    let log = log.text();
    assert!(
        log.contains("the access token") || log.contains("answered"),
        "the log was caught"
    );
    assert!(log.contains("/api/v1/llm/openai/stream"));
    let answers = format!("{answers:#?}");
    let random_part = &token[5..37];
    for (name, secret) in [
        ("key", KEY),
        ("token", token.as_str()),
        ("token", random_part),
    ] {
        assert!(!log.contains(secret), "the log holds the {name}:\n{log}");
        assert!(
            !answers.contains(secret),
            "an answer holds the {name}:\n{answers}"
        );
    }
    assert!(!log.contains(prompt), "the log holds a prompt:\n{log}");
}

#[tokio::test]
async fn a_call_is_logged_under_the_id_of_its_request_though_the_client_hangs_up() {
    let (log, _guard) = Log::catch(Level::INFO);
    let model = FakeModel::start().await;
    let server = TestServer::with_model(&model).await;
    let gate = Gate::new();
    model.reply(Reply::text("never read to its end").gate_after(2, &gate));
    let events = Client::new(&server).stream("anthropic").await;
    let id = events.response.headers()["x-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    gate.reached().await;
    drop(events);
    model.client_disconnected().await;
    server.shutdown().await;
    let log = log.text();
    let ended: Vec<_> = log
        .lines()
        .filter(|line| line.contains("model call ended"))
        .collect();
    assert_eq!(ended.len(), 1, "{log}");
    assert!(ended[0].contains("outcome=\"cancelled\""), "{}", ended[0]);
    assert!(
        ended[0].contains(&format!("request{{id=\"{id}\"")),
        "{}",
        ended[0]
    );
}
