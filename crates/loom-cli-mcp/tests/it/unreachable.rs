//! Services that are not there, or are something else.

use loom_cli_mcp::ServerState;
use serde_json::json;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

use crate::scene::Scene;

/// Returns why a service that answers like this is given up.
async fn reason(answer: ResponseTemplate) -> String {
    let service = MockServer::start().await;
    Mock::given(matchers::any())
        .respond_with(answer)
        .mount(&service)
        .await;
    let mut scene = Scene::new();
    scene
        .environment
        .push(("KEY".to_owned(), "s3cret".to_owned()));
    let url = format!("{}/${{KEY}}/mcp", service.uri());
    let session = scene.settled(&json!({"service": {"url": url}})).await;
    let status = session.wait_for("service", ServerState::Failed).await;
    session.shutdown().await;
    status.reason.unwrap()
}

#[tokio::test]
async fn a_service_that_is_not_there_is_given_up_without_telling_secrets() {
    let mut scene = Scene::new();
    scene
        .environment
        .push(("KEY".to_owned(), "s3cret".to_owned()));
    let servers = json!({"service": {"url": "http://127.0.0.1:9/${KEY}/mcp"}});
    let session = scene.settled(&servers).await;
    let status = session.wait_for("service", ServerState::Failed).await;
    assert_eq!(status.transport, "http://127.0.0.1:9/${KEY}/mcp");
    let reason = status.reason.unwrap();
    assert!(
        reason.contains("Connection refused") && !reason.contains("s3cret"),
        "{reason}"
    );
    session.shutdown().await;
}

#[tokio::test]
async fn a_service_that_fails_is_named_by_its_status() {
    let reason = reason(ResponseTemplate::new(503)).await;
    assert_eq!(
        reason,
        "It cannot be connected to: HTTP 503. It was tried 3 times."
    );
}

#[tokio::test]
async fn a_web_page_is_no_server_of_tools() {
    let page = ResponseTemplate::new(200).set_body_raw("<h1>Welcome</h1>", "text/html");
    let reason = reason(page).await;
    assert!(
        reason.starts_with("It cannot be connected to: ") && reason.contains("text/html"),
        "{reason}"
    );
    assert!(!reason.contains("s3cret"), "{reason}");
}

#[tokio::test]
async fn a_redirect_to_another_place_is_not_followed() {
    let elsewhere = MockServer::start().await;
    let redirect = ResponseTemplate::new(307).insert_header("location", elsewhere.uri());
    reason(redirect).await;
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}
