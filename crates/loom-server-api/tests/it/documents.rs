//! The OpenAPI document and its viewer.

use std::collections::BTreeSet;

use loom_server_api::openapi_document;
use loom_testing::model::StopReason;
use loom_testing::search::{FakeSearchEngine, FoundPage};
use loom_testing::server::{use_model, use_search};
use loom_testing::{FakeModel, Reply, TestServer};
use serde_json::Value;

use crate::client::{Client, question};

fn document() -> Value {
    serde_json::to_value(openapi_document()).unwrap()
}

/// All values of `$ref`, wherever they stand.
fn references(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| match value {
                Value::String(target) if name == "$ref" => BTreeSet::from([target.clone()]),
                value => references(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => BTreeSet::new(),
    }
}

#[test]
fn every_operation_has_a_summary_and_says_what_it_answers() {
    let mut lines = Vec::new();
    for (path, methods) in document()["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let responses: Vec<_> = operation["responses"].as_object().unwrap().keys().collect();
            lines.push(format!(
                "{} {path} [{}] {responses:?} {}",
                method.to_uppercase(),
                operation["operationId"].as_str().unwrap(),
                operation["summary"].as_str().unwrap(),
            ));
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn every_reference_has_a_target_and_every_schema_is_used() {
    let document = document();
    let references = references(&document);
    for reference in &references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(
            document.pointer(pointer).is_some(),
            "{reference} leads nowhere"
        );
    }
    for schema in document["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
    {
        let reference = format!("#/components/schemas/{schema}");
        assert!(references.contains(&reference), "{schema} is not used");
    }
}

/// Fails unless the value is what the document says of the schema.
fn check(schema: &str, value: &Value) {
    let root = serde_json::json!({
        "$ref": format!("#/components/schemas/{schema}"),
        "components": document()["components"],
    });
    let validator = jsonschema::validator_for(&root).unwrap();
    let faults: Vec<_> = validator
        .iter_errors(value)
        .map(|fault| fault.to_string())
        .collect();
    assert_eq!(faults, [""; 0], "{schema}: {value:#}");
}

#[tokio::test]
async fn what_goes_over_the_wire_is_what_the_document_says() {
    let model = FakeModel::start().await;
    let engine = FakeSearchEngine::start([FoundPage::new("t", "https://example.com/", "s")]).await;
    let server = TestServer::start(|config| {
        use_model(config, &model);
        use_search(config, &engine);
    })
    .await;
    let client = Client::new(&server);
    check("LlmRequest", &question());
    check(
        "SearchRequest",
        &serde_json::json!({"query": "q", "count": 3}),
    );
    check(
        "SearchResults",
        &client
            .post("/api/v1/search", &serde_json::json!({"query": "q"}))
            .await
            .body,
    );
    for model in ["claude-haiku-5-5", "unknown"] {
        let path = format!("/api/v1/llm/anthropic/model?name={model}");
        check("ModelInfo", &client.get(&path).await.body);
    }
    check(
        "ProviderList",
        &client.get("/api/v1/llm/providers").await.body,
    );
    check("Me", &client.get("/api/v1/me").await.body);
    check("Health", &client.get("/health").await.body);
    for provider in ["anthropic", "openai"] {
        let path = |operation: &str| format!("/api/v1/llm/{provider}/{operation}");
        let reply = Reply::text("Let me think.")
            .and_thinking("Hm.", "signature")
            .and_tool_call("read_file", serde_json::json!({"file_path": "a"}))
            .and_unknown_block(serde_json::json!({"type": "new", "field": 1}));
        model.reply(reply.clone());
        check(
            "LlmResponse",
            &client.post(&path("complete"), &question()).await.body,
        );
        model.reply(reply.stop_reason(StopReason::Other("a_new_reason".to_owned())));
        model.reply(Reply::text("x").cut_after_events(3));
        for _ in 0..2 {
            for event in client.stream(provider).await.rest().await {
                let (_, data) = event.split_once("data: ").unwrap();
                check("StreamData", &serde_json::from_str(data).unwrap());
            }
        }
        check(
            "CheckResult",
            &client.post(&path("check"), &Value::Null).await.body,
        );
        model.reply(Reply::status(429).retry_after(1));
        check(
            "Problem",
            &client.post(&path("complete"), &question()).await.body,
        );
    }
    check("Problem", &client.get("/nope").await.body);
}

#[tokio::test]
async fn the_server_serves_its_document() {
    let server = TestServer::start(|_| {}).await;
    let answer = Client::without_token(&server)
        .get("/api/v1/openapi.json")
        .await;
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(answer.body, document());
}

#[tokio::test]
async fn the_viewer_needs_nothing_from_elsewhere() {
    let server = TestServer::start(|_| {}).await;
    let client = Client::without_token(&server);
    assert_eq!(client.get("/api/docs").await.status, 303);
    let page = client.get("/api/docs/").await;
    assert_eq!(page.status, 200);
    let page = page.body.as_str().unwrap();
    let mut files = Vec::new();
    for attribute in ["src=\"", "href=\""] {
        files.extend(
            page.split(attribute)
                .skip(1)
                .map(|rest| rest.split('"').next().unwrap()),
        );
    }
    assert!(files.len() > 3, "{page}");
    for file in files {
        let name = file.strip_prefix("./").unwrap_or(file);
        assert!(
            !name.contains(':') && !name.starts_with('/'),
            "{file} is not a file beside the page"
        );
        assert_eq!(
            client.get(&format!("/api/docs/{name}")).await.status,
            200,
            "{file}"
        );
    }
    let start = client.get("/api/docs/swagger-initializer.js").await;
    let start = start.body.as_str().unwrap();
    assert!(start.contains("/api/v1/openapi.json"), "{start}");
    assert!(start.contains(r#""validatorUrl": "none""#), "{start}");
}
