//! What `/metrics` counts.

use loom_testing::{FakeModel, Reply, TestServer};

use crate::client::{Client, question};

#[tokio::test]
async fn requests_are_counted_by_route_and_not_by_path() {
    let model = FakeModel::start().await;
    let server = TestServer::with_model(&model).await;
    let client = Client::new(&server);
    model.reply(Reply::text("hello"));
    client
        .post("/api/v1/llm/openai/complete", &question())
        .await;
    client
        .post("/api/v1/llm/nonsense/complete", &question())
        .await;
    client.get("/wp-admin/made-up-by-a-scanner").await;
    let answer = client.get("/metrics").await;
    assert_eq!(
        answer.headers["content-type"],
        "text/plain; version=0.0.4; charset=utf-8"
    );
    let metrics = answer.body.as_str().unwrap();
    for line in [
        r#"loom_http_requests_total{method="POST",route="/api/v1/llm/{provider}/complete",status="200"} 1"#,
        r#"loom_http_requests_total{method="POST",route="/api/v1/llm/{provider}/complete",status="404"} 1"#,
        r#"loom_http_requests_total{method="GET",route="unmatched",status="404"} 1"#,
        r#"loom_llm_requests_total{provider="openai",operation="complete",outcome="ok"} 1"#,
    ] {
        assert!(metrics.contains(line), "no line {line} in\n{metrics}");
    }
    assert!(!metrics.contains("wp-admin") && !metrics.contains("nonsense"));
}
