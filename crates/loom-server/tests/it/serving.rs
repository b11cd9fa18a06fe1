//! A serving program.

use std::sync::Arc;

use loom_common_core::{LlmClient as _, LlmRequest, Message};
use loom_server_auth::AuthError;
use loom_server_db::DbError;
use loom_server_llm_proxy::ProxyLlmClient;
use loom_testing::{FakeModel, Reply, TestDatabase, TestServer, both_databases};

use crate::process::Home;

fn request(model: &str) -> LlmRequest {
    LlmRequest {
        model: model.to_owned(),
        system: None,
        messages: vec![Arc::new(Message::user("a-private-prompt"))],
        tools: Vec::new(),
        max_tokens: None,
        effort: None,
    }
}

#[tokio::test]
async fn a_new_server_says_where_it_listens_and_how_to_make_a_token() {
    let home = Home::new();
    let server = home.serve(&[]);
    assert!(server.url.starts_with("http://127.0.0.1:"));
    assert_eq!(server.status("/health", "").await, 200);
    let finished = server.stop();
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(0), ""));
    assert!(
        finished
            .stderr
            .contains("`loom-server token create NAME` makes one")
    );

    home.output_of(&["token", "create", "a"]);
    let finished = home.serve(&[]).stop();
    assert!(
        !finished.stderr.contains("token create"),
        "{}",
        finished.stderr
    );
}

#[tokio::test]
async fn a_key_that_a_client_sends_in_an_address_is_in_no_log_and_no_answer() {
    let key = "swordfish-0123456789";
    for format in ["text", "json"] {
        let home = Home::new()
            .with("LOOM_LOG_FORMAT", format)
            .with("LOOM_SERVER_OPENAI_API_KEY", key);
        let server = home.serve_with_state();
        let url = format!("{}/v1/{key}/models", server.url);
        let request = loom_common_http::new_client().get(url);
        let token = home.read_state().token;
        let response = request.bearer_auth(token).send().await.unwrap();
        let answer = response.text().await.unwrap();
        assert!(
            answer.contains("there is nothing at /v1/[REDACTED:openai-api-key]/models"),
            "{answer}"
        );
        let log = server.stop().stderr;
        assert!(
            log.contains("/v1/[REDACTED:openai-api-key]/models"),
            "{log}"
        );
        assert!(!log.contains(key), "{log}");
    }
}

#[tokio::test]
async fn the_log_can_be_json_and_never_holds_a_key() {
    let key = "sk-0123456789";
    let model = FakeModel::start().await;
    model.expect_api_key(key);
    let home = Home::new()
        .with("LOOM_LOG", "trace")
        .with("LOOM_LOG_FORMAT", "json")
        .with("LOOM_SERVER_ANTHROPIC_API_KEY", key)
        .with("LOOM_SERVER_ANTHROPIC_BASE_URL", model.url());
    let server = home.serve_with_state();
    let token = home.read_state().token;
    let client = ProxyLlmClient::anthropic(
        server.url.parse().unwrap(),
        token.clone().into(),
        loom_common_http::new_client(),
    )
    .unwrap();
    let request = request("");
    model.reply(Reply::text("hello"));
    assert_eq!(
        client.complete(&request).await.unwrap().message.text(),
        "hello"
    );
    model.reply(Reply::status(401));
    client.complete(&request).await.unwrap_err();
    let log = server.stop().stderr;
    for line in log.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    assert!(log.contains("key_refused"));
    for secret in [key, token.as_str(), "a-private-prompt"] {
        assert!(!log.contains(secret), "the log holds {secret}:\n{log}");
    }
}

#[tokio::test]
async fn a_full_disk_is_told_and_does_not_stop_what_needs_no_disk() {
    let model = FakeModel::start().await;
    let server = TestServer::with_model(&model).await;
    // The database file may not grow any more.
    let db = server.server().db();
    db.write("PRAGMA max_page_count = 1")
        .execute()
        .await
        .unwrap();
    let error = loop {
        // A few tokens find room in the pages that are there.
        match server.server().tokens().create_personal("one more").await {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert!(
        matches!(error, AuthError::Database(DbError::DiskFull)),
        "{error:?}"
    );
    let client = ProxyLlmClient::openai(
        server.url().parse().unwrap(),
        server.token(),
        loom_common_http::new_client(),
    )
    .unwrap();
    model.reply(Reply::text("still here"));
    let answer = client.complete(&request("some-model")).await.unwrap();
    assert_eq!(answer.message.text(), "still here");
}

both_databases! {
    async fn a_server_runs_on_either_database_and_finds_its_tokens_again(database: &TestDatabase) {
        let start = || TestServer::start(|config| config.database.url = Some(database.url()));
        let first = start().await;
        let token = first.token();
        first.shutdown().await;
        let second = start().await;
        let response = loom_common_http::new_client()
            .get(format!("{}/api/v1/me", second.url()))
            .bearer_auth(token.expose())
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(second.server().tokens().list().await.unwrap().len(), 2);
    }
}
