//! Requests that cannot be answered: each failure is a problem document.

use loom_testing::TestServer;
use reqwest::Method;

use crate::client::{Client, answer, question};

const COMPLETE: &str = "/api/v1/llm/openai/complete";

#[tokio::test]
async fn a_request_that_cannot_be_read_is_told_what_is_wrong_and_where() {
    let server = TestServer::start(|config| config.http.max_body_bytes = 1000).await;
    let client = Client::new(&server);
    let json = "application/json";
    let long = format!("{{\"model\": \"{}\"}}", "x".repeat(2000));
    let requests = [
        (Method::GET, "/nope", json, ""),
        (Method::GET, "/api/v1/llm/%ff/complete", json, ""),
        (Method::POST, "/api/v1/llm/%ff/complete", json, ""),
        (Method::DELETE, "/health", json, ""),
        (Method::GET, COMPLETE, json, ""),
        (Method::POST, COMPLETE, "text/plain", "hello"),
        (Method::POST, COMPLETE, json, ""),
        (Method::POST, COMPLETE, json, "{\n  \"model\": oops\n}"),
        (Method::POST, COMPLETE, json, "{\n  \"model\": 1\n}"),
        (Method::POST, COMPLETE, json, "{\"model\": \"x\"}"),
        (Method::POST, COMPLETE, json, long.as_str()),
    ];
    let mut shown = Vec::new();
    for (method, path, content_type, body) in requests {
        let answer = answer(
            client
                .request(method.clone(), path)
                .header("content-type", content_type)
                .header("x-request-id", "test")
                .body(body.to_owned())
                .send()
                .await
                .unwrap(),
        )
        .await;
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        let excerpt: String = body.chars().take(40).collect();
        shown.push(format!("{method} {path} {excerpt:?}\n{:#}", answer.body));
    }
    insta::assert_snapshot!(shown.join("\n\n"));
}

#[tokio::test]
async fn a_wrong_value_of_a_megabyte_is_not_sent_back() {
    let server = TestServer::start(|_| {}).await;
    let mut body = question();
    body["messages"] = "x".repeat(1_000_000).into();
    let answer = Client::new(&server).post(COMPLETE, &body).await;
    assert_eq!(answer.status, 422);
    let detail = answer.body["detail"].as_str().unwrap();
    assert!(detail.len() < 500, "{} bytes", detail.len());
    assert!(detail.contains(" at line 1 column "), "{detail}");
}

#[tokio::test]
async fn a_request_keeps_its_id_if_that_is_fit_for_a_log() {
    let server = TestServer::start(|_| {}).await;
    let client = Client::without_token(&server);
    let id_for = async |given: &str| {
        let request = client
            .request(Method::GET, "/health")
            .header("x-request-id", given);
        answer(request.send().await.unwrap()).await.headers["x-request-id"].clone()
    };
    assert_eq!(id_for("job-42_a.b").await, "job-42_a.b");
    let long = "x".repeat(65);
    let mut made = Vec::new();
    for unfit in ["", "two words", "a\tb", "id\"}", &long] {
        made.push(id_for(unfit).await);
    }
    for id in &made {
        let (process, number) = id.split_once('-').unwrap();
        assert_eq!(process.len(), 16);
        number.parse::<u64>().unwrap();
    }
    made.sort();
    made.dedup();
    assert_eq!(made.len(), 5, "ids are not used twice");
}
