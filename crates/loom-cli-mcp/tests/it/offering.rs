//! When the model is told of which tools.

use loom_cli_mcp::McpLimits;
use loom_cli_tools::ToolRegistry;
use loom_common_core::{ToolAccess, ToolStatus};
use serde_json::json;

use crate::scene::{Scene, fake};

fn many(count: usize) -> serde_json::Value {
    fake([format!("many={count}")])
}

#[tokio::test]
async fn few_tools_are_offered_in_the_order_of_the_configuration() {
    let session = Scene::new()
        .settled(&json!({"b": many(2), "a": many(2)}))
        .await;
    assert_eq!(
        session.registry.names(),
        [
            "mcp__b__tool_0",
            "mcp__b__tool_1",
            "mcp__a__tool_0",
            "mcp__a__tool_1"
        ]
    );
    session.shutdown().await;
}

#[tokio::test]
async fn many_tools_are_found_by_searching_and_go_to_the_end() {
    let mut scene = Scene::new();
    scene.limits = McpLimits {
        offered_tools: 10,
        ..McpLimits::default()
    };
    let session = scene
        .settled(&json!({"poems": many(30), "few": many(2)}))
        .await;
    assert_eq!(session.registry.names(), ["tool_search"]);
    let told = session.registry.definitions();
    assert!(
        told[0]
            .description
            .ends_with("The servers are: poems, few."),
        "{}",
        told[0].description
    );

    let found = session
        .call(
            "tool_search",
            json!({"query": "translate klingon poems", "limit": 1}),
        )
        .await;
    assert_eq!(
        found.text(),
        "These tools can be called from now on, by these names:\n\
         - mcp__poems__tool_7: Translates a poem into Klingon.\n"
    );
    session.update();
    assert_eq!(
        session.registry.names(),
        ["tool_search", "mcp__poems__tool_7"]
    );
    assert_eq!(session.registry.definitions()[..1], told);
    let called = session.call("mcp__poems__tool_7", json!({})).await;
    assert_eq!(called.text(), "called tool_7");

    // What was found belongs to the conversation that searched.
    let other = ToolRegistry::new(Vec::new());
    let offering = session.servers.offering();
    offering.update(&other);
    assert_eq!(other.names(), ["tool_search"]);

    let nothing = session
        .call("tool_search", json!({"query": "xylophone"}))
        .await;
    assert_eq!(nothing.status, ToolStatus::Completed);
    assert!(nothing.text().contains("There are 32 tools"), "{nothing:?}");
    session.shutdown().await;
}

#[tokio::test]
async fn what_the_model_was_told_stays_when_a_later_server_passes_the_budget() {
    let mut scene = Scene::new();
    scene.limits.offered_tools = 10;
    let gate = scene.path("gate");
    let late = fake(["many=30".to_owned(), format!("slow={}", gate.display())]);
    scene.configure(&json!({"early": many(3), "late": late}));
    let session = scene.start();
    session
        .wait_until("early", |status| status.tools == 3)
        .await;
    session.update();
    let told = session.registry.definitions();
    assert_eq!(told.len(), 3);

    std::fs::write(&gate, "").unwrap();
    session
        .wait_until("late", |status| status.tools == 30)
        .await;
    session.update();
    let now = session.registry.definitions();
    assert_eq!(now[..3], told);
    assert_eq!(now[3].name, "tool_search");
    assert_eq!(now.len(), 4);
    session.shutdown().await;
}

#[tokio::test]
async fn instructions_are_told_once() {
    let session_scene = Scene::new();
    session_scene.configure(&json!({"fake": fake([])}));
    let session = session_scene.start();
    session.wait_until("fake", |status| status.tools > 0).await;
    let told = session.offering.update(&session.registry);
    assert_eq!(told.len(), 1);
    assert_eq!(
        (told[0].server.as_str(), told[0].text.as_str()),
        ("fake", "Be nice to the fake.")
    );
    assert!(session.offering.update(&session.registry).is_empty());
    session.shutdown().await;
}

#[tokio::test]
async fn a_server_s_word_about_its_tools_counts_only_when_it_is_believed() {
    let mut trusted = fake([]);
    trusted["trustAnnotations"] = json!(true);
    let session = Scene::new()
        .settled(&json!({"doubted": fake([]), "trusted": trusted}))
        .await;
    let access = |name: &str| session.registry.access(name);
    assert_eq!(access("mcp__doubted__echo"), Some(ToolAccess::Execute));
    assert_eq!(access("mcp__trusted__echo"), Some(ToolAccess::Read));
    assert_eq!(access("mcp__trusted__crash"), Some(ToolAccess::Execute));
    session.shutdown().await;
}
