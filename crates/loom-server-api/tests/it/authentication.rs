//! Who may ask what.

use loom_server_api::openapi_document;
use loom_testing::TestServer;
use reqwest::Method;
use serde_json::json;

use crate::client::{Client, answer, question};

/// All operations of the document: method, path, and whether anybody may call them.
fn operations() -> Vec<(Method, String, bool)> {
    let document = serde_json::to_value(openapi_document()).unwrap();
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            operations.push((
                method.to_uppercase().parse().unwrap(),
                path.clone(),
                operation.get("security") == Some(&json!([{}])),
            ));
        }
    }
    operations
}

#[tokio::test]
async fn only_the_open_routes_answer_without_a_token() {
    let server = TestServer::start(|_| {}).await;
    let client = Client::without_token(&server);
    let mut open = Vec::new();
    for (method, path, is_open) in operations() {
        let request = client.request(method.clone(), &path.replace("{provider}", "openai"));
        let answer = answer(request.json(&question()).send().await.unwrap()).await;
        if is_open {
            assert_eq!(answer.status, 200, "{method} {path}");
            open.push(format!("{method} {path}"));
        } else {
            assert_eq!(answer.status, 401, "{method} {path}");
            assert_eq!(answer.headers["www-authenticate"], "Bearer realm=\"loom\"");
            assert_eq!(answer.headers["content-type"], "application/problem+json");
        }
    }
    assert_eq!(open, ["GET /api/v1/openapi.json", "GET /health"]);
}

#[tokio::test]
async fn a_request_that_is_not_authenticated_is_told_why() {
    let server = TestServer::start(|_| {}).await;
    let client = Client::without_token(&server);
    let good = server.token().expose().clone();
    let cut = &good[..good.len() - 1];
    // A token in the right form that this server has not made.
    let other = TestServer::start(|_| {}).await.token().expose().clone();
    let headers = [
        ("none", None),
        ("empty", Some(String::new())),
        ("another scheme", Some("Basic dXNlcjpwYXNz".to_owned())),
        ("no token", Some("Bearer ".to_owned())),
        ("cut", Some(format!("Bearer {cut}"))),
        ("of another server", Some(format!("Bearer {other}"))),
    ];
    let mut lines = Vec::new();
    for (what, header) in headers {
        let request = client.request(Method::GET, "/api/v1/me");
        let request = match header {
            Some(header) => request.header("authorization", header),
            None => request,
        };
        let answer = answer(request.send().await.unwrap()).await;
        assert_eq!(answer.status, 401, "{what}");
        assert_eq!(answer.body["code"], "unauthorized");
        assert!(answer.body["hint"].is_string());
        lines.push(format!(
            "{what}: {}",
            answer.body["detail"].as_str().unwrap()
        ));
    }
    insta::assert_snapshot!(lines.join("\n"));

    let lower_case = client
        .request(Method::GET, "/api/v1/me")
        .header("authorization", format!("bearer  {good}"));
    assert_eq!(lower_case.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_token_tells_its_name_until_it_is_revoked() {
    let server = TestServer::start(|_| {}).await;
    let client = Client::new(&server);
    let token = server.server().tokens().list().await.unwrap().remove(0);
    let me = client.get("/api/v1/me").await;
    assert_eq!(me.status, 200);
    assert_eq!(
        me.body,
        json!({"token_id": token.id.to_string(), "name": "test", "kind": "personal"})
    );
    server.server().tokens().revoke(token.id).await.unwrap();
    let refused = client.get("/api/v1/me").await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.body["detail"], "the access token was revoked");
}

#[tokio::test]
async fn without_the_database_a_token_is_not_refused_but_cannot_be_checked() {
    let server = TestServer::start(|_| {}).await;
    server.server().db().close().await;
    let answer = Client::new(&server).get("/api/v1/me").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.body["code"], "database_unavailable");
}
