//! What `/health` says.

use loom_testing::{FakeModel, TestServer};
use serde_json::Value;

use crate::client::Client;

/// Returns the status, and the body without what differs from run to run.
async fn health(server: &TestServer) -> (u16, Value) {
    let mut answer = Client::without_token(server).get("/health").await;
    for component in answer.body["components"].as_array_mut().unwrap() {
        assert!(component["duration_ms"].is_u64());
        component["duration_ms"] = 0.into();
    }
    assert_eq!(answer.body["version"], loom_common_version::VERSION);
    answer.body["version"] = "VERSION".into();
    assert_eq!(answer.body["commit"], loom_common_version::COMMIT);
    answer.body["commit"] = "COMMIT".into();
    (answer.status, answer.body)
}

#[tokio::test]
async fn a_server_with_a_provider_is_healthy_and_does_not_call_it() {
    let model = FakeModel::start().await;
    let server = TestServer::with_model(&model).await;
    insta::assert_json_snapshot!(health(&server).await);
    assert_eq!(model.requests().len(), 0);
}

#[tokio::test]
async fn a_server_without_a_provider_is_degraded() {
    let server = TestServer::start(|_| {}).await;
    insta::assert_json_snapshot!(health(&server).await);
}

#[tokio::test]
async fn a_server_without_its_database_is_unhealthy() {
    let server = TestServer::start(|_| {}).await;
    server.server().db().close().await;
    insta::assert_json_snapshot!(health(&server).await);
}
