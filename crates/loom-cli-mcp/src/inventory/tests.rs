use rmcp::model::ToolAnnotations;
use serde_json::{Map, json};

use super::*;

fn tool(name: &str, description: &str) -> RemoteTool {
    RemoteTool::new(
        name.to_owned(),
        description.to_owned(),
        Arc::new(Map::new()),
    )
}

fn set(inventory: &mut Inventory, tools: Vec<RemoteTool>) {
    let filter = ToolFilter::default();
    inventory.set_tools(
        tools,
        Reading {
            server_part: "db",
            filter: &filter,
            trust_annotations: true,
        },
    );
}

fn names(inventory: &Inventory) -> Vec<&str> {
    inventory
        .tools()
        .iter()
        .map(|tool| tool.definition.name.as_str())
        .collect()
}

#[test]
fn a_tool_keeps_its_name_and_definition_whatever_comes_later() {
    let mut inventory = Inventory::default();
    set(
        &mut inventory,
        vec![tool("a b", "First."), tool("c", "Second.")],
    );
    set(
        &mut inventory,
        vec![tool("a.b", "Third."), tool("a b", "Changed.")],
    );
    assert_eq!(
        names(&inventory),
        ["mcp__db__a_b", "mcp__db__c", "mcp__db__a_b_2e7336"]
    );
    assert_eq!(inventory.tools()[0].definition.description, "First.");
    assert_eq!(inventory.present(), 2);
    assert!(inventory.schema("c").is_none());
    assert!(inventory.schema("a b").is_some());
}

#[test]
fn a_tool_that_is_listed_twice_is_one() {
    let mut inventory = Inventory::default();
    set(
        &mut inventory,
        vec![tool("a", "First."), tool("a", "Second.")],
    );
    assert_eq!(names(&inventory), ["mcp__db__a"]);
    assert_eq!(inventory.present(), 1);
}

#[test]
fn the_description_falls_back_and_is_bounded() {
    let mut nameless = tool("a", " ");
    nameless.title = Some("A title".to_owned());
    assert_eq!(description(&nameless), "A title");
    nameless.title = None;
    assert_eq!(description(&nameless), "a");
    let long = description(&tool("a", &"ä".repeat(MAX_DESCRIPTION)));
    assert!(long.len() <= MAX_DESCRIPTION && long.ends_with('…'));
}

#[test]
fn access_follows_the_hints_only_when_they_are_believed() {
    let hinted = |read_only: Option<bool>, open_world: Option<bool>| {
        let mut tool = tool("a", "");
        tool.annotations = Some(ToolAnnotations::from_raw(
            None, read_only, None, None, open_world,
        ));
        tool
    };
    let believed = |tool: RemoteTool| access(&tool, true);
    assert_eq!(believed(hinted(Some(true), Some(false))), ToolAccess::Read);
    assert_eq!(believed(hinted(Some(true), None)), ToolAccess::Network);
    assert_eq!(
        believed(hinted(Some(false), Some(false))),
        ToolAccess::Execute
    );
    assert_eq!(believed(hinted(None, None)), ToolAccess::Execute);
    assert_eq!(
        access(&hinted(Some(true), Some(false)), false),
        ToolAccess::Execute
    );
    assert_eq!(json!(access(&tool("a", ""), true)), "execute");
}
