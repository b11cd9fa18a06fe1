//! Work that is handed to subagents.

use loom_testing::Reply;
use serde_json::{Value, json};

use super::{Scene, done, read, write};

fn task(kind: &str, prompt: &str) -> Reply {
    Reply::tool_call(
        "task",
        json!({"description": "a piece of work", "prompt": prompt, "kind": kind}),
    )
}

#[tokio::test]
async fn a_subagent_explores_and_reports_and_its_work_is_shown_below_the_call() {
    let scene = Scene::new([
        task("explore", "Find the number."),
        read("a.txt"),
        Reply::text("It is 4711."),
        done(),
    ])
    .await;
    scene.write("a.txt", "4711\n");
    let played = scene.play(&[], "what is the number?");
    assert!(played.succeeded);
    assert!(
        scene.told()[0].contains("It is 4711."),
        "{:?}",
        scene.told()
    );
    let below: Vec<&Value> = played
        .items("tool_call")
        .into_iter()
        .filter(|item| item["parent"] == "item_1")
        .collect();
    assert_eq!(below.len(), 1, "{:#?}", played.events);
    let names = scene.requests()[1].tool_names();
    assert!(
        names.contains(&"grep".to_owned()) && !names.contains(&"bash".to_owned()),
        "{names:?}"
    );
    scene.end();
}

#[tokio::test]
async fn a_subagent_that_explores_can_change_nothing() {
    let scene = Scene::new([
        task("explore", "Write it."),
        write("a.txt", "a"),
        Reply::text("I cannot."),
        done(),
    ])
    .await;
    let played = scene.play(&["--permission-mode", "full"], "write it");
    assert!(played.succeeded);
    assert!(!scene.has("a.txt"));
    scene.end();
}

#[tokio::test]
async fn what_a_subagent_did_is_undone_with_the_turn() {
    let scene = Scene::new([
        task("general", "Write a.txt."),
        write("a.txt", "a"),
        Reply::text("Written."),
        done(),
    ])
    .await;
    let played = scene.play(&["--permission-mode", "full"], "write it");
    assert!(
        played.succeeded && scene.has("a.txt"),
        "{:#?}",
        played.events
    );
    scene
        .user
        .loom(["rewind", "--to", "1", "--files"])
        .run()
        .assert_success();
    assert!(!scene.has("a.txt"));
    scene.end();
}

#[tokio::test]
async fn subagents_work_side_by_side() {
    let scene = Scene::new([task("explore", "Find red.").and_tool_call(
        "task",
        json!({"description": "another", "prompt": "Find blue.", "kind": "explore"}),
    )])
    .await;
    scene
        .model
        .conversation("Find red.")
        .reply(Reply::text("red is here"));
    scene
        .model
        .conversation("Find blue.")
        .reply(Reply::text("blue is there"));
    scene.then([done()]);
    assert!(scene.play(&[], "find both").succeeded);
    let told = scene.told();
    assert!(
        told[0].contains("red is here") && told[1].contains("blue is there"),
        "{told:?}"
    );
    scene.end();
}

#[tokio::test]
async fn a_subagent_without_an_end_is_stopped_and_says_so() {
    let mut replies = vec![task("explore", "Look for ever.")];
    replies.extend((0..60).map(|number| read(&format!("{number}.txt"))));
    replies.push(done());
    let scene = Scene::new(replies).await;
    for number in 0..60 {
        scene.write(&format!("{number}.txt"), format!("{number}\n"));
    }
    let played = scene.play(&[], "look");
    assert!(played.succeeded, "{:?}", played.answer());
    assert!(
        scene.told()[0].contains("did not get to its end"),
        "{:?}",
        scene.told()
    );
    scene.end();
}

/// A definition of an agent that reads and edits, asks another model, and does so at most twice.
const REVIEWER: &str = "---
name: reviewer
description: Reviews a change.
tools: Read, Edit
model: other-model
effort: high
max_model_calls: 2
---

You review, and say what is wrong with line numbers.
";

fn task_tool(scene: &Scene) -> Value {
    let request = &scene.requests()[0];
    let tools = request.json()["tools"].as_array().unwrap();
    let mut tools = tools.iter();
    tools.find(|tool| tool["name"] == "task").unwrap().clone()
}

#[tokio::test]
async fn a_defined_subagent_has_its_instructions_its_tools_and_its_model() {
    let scene = Scene::new([
        task("reviewer", "Review a.txt."),
        read("a.txt"),
        Reply::text("Line 1 is wrong."),
        done(),
    ])
    .await;
    scene.write("a.txt", "a\n");
    let folder = scene.user.config_home().join("loom/agents");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("reviewer.md"), REVIEWER).unwrap();
    std::fs::write(
        folder.join("archivist.md"),
        "---\ndescription: Knows the history.\n---\nYou know.",
    )
    .unwrap();
    let played = scene.play(&[], "have it reviewed");
    assert!(played.succeeded, "{:#?}", played.events);
    assert!(scene.told()[0].contains("Line 1 is wrong."));

    let tool = task_tool(&scene);
    let kinds = &tool["input_schema"]["properties"]["kind"]["enum"];
    assert_eq!(
        *kinds,
        json!(["explore", "general", "archivist", "reviewer"])
    );
    let description = tool["description"].as_str().unwrap();
    assert!(
        description.ends_with("\n- archivist: Knows the history.\n- reviewer: Reviews a change."),
        "{description}"
    );
    let asked = &scene.requests()[1];
    assert_eq!(asked.model(), "other-model");
    assert_eq!(
        asked.tool_names(),
        ["read_file", "view_image", "edit_file"],
        "{:?}",
        asked.tool_names()
    );
    assert!(
        asked
            .system()
            .unwrap()
            .contains("You review, and say what is wrong")
    );
    scene.end();
}

#[tokio::test]
async fn a_defined_subagent_may_no_more_than_the_agent_and_asks_no_more_than_it_should() {
    let scene = Scene::new([
        task("reviewer", "Write b.txt."),
        super::edit("a.txt", "a", "b"),
        super::edit("a.txt", "a", "b"),
        done(),
    ])
    .await;
    scene.write("a.txt", "a\n");
    let folder = scene.user.config_home().join("loom/agents");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("reviewer.md"), REVIEWER).unwrap();
    let played = scene.play(&["--permission-mode", "plan"], "have it changed");
    assert!(played.succeeded, "{:#?}", played.events);
    assert_eq!(scene.read("a.txt"), "a\n");
    assert!(
        scene.told()[0].contains("did not get to its end"),
        "{:?}",
        scene.told()
    );
    scene.end();
}

#[tokio::test]
async fn a_project_s_agents_count_once_they_are_trusted_as_they_are() {
    let scene = Scene::new([done()]).await;
    scene.write(".claude/agents/reviewer.md", REVIEWER);
    let output = scene.user.loom(["-p", "hello"]).run();
    output.assert_success();
    assert!(
        output.stderr.contains("the agents in")
            && output.stderr.contains("allow them with `loom trust`"),
        "{output}"
    );
    assert!(!task_tool(&scene).to_string().contains("reviewer"));

    let trusted = scene.user.loom(["trust", "--yes"]).run();
    assert!(
        trusted.stdout.contains("agent reviewer in")
            && trusted
                .stdout
                .contains("  You review, and say what is wrong"),
        "{trusted}"
    );
    scene.then([task("reviewer", "Look."), Reply::text("Seen."), done()]);
    assert!(scene.play(&[], "have it reviewed").succeeded);
    assert!(scene.told()[0].contains("Seen."));

    scene.write(
        ".claude/agents/reviewer.md",
        format!("{REVIEWER}\nAnd praise it."),
    );
    scene.then([task("reviewer", "Look."), done()]);
    assert!(scene.play(&[], "have it reviewed").succeeded);
    assert!(
        scene
            .told()
            .last()
            .unwrap()
            .contains("must be one of \"explore\" | \"general\""),
        "{:?}",
        scene.told()
    );
    scene.end();
}

#[tokio::test]
async fn what_a_definition_gets_wrong_is_told() {
    let scene = Scene::new([done()]).await;
    let folder = scene.user.config_home().join("loom/agents");
    std::fs::create_dir_all(&folder).unwrap();
    let text = "---\ndescription: d\nmodel: opus\ntools: Read, Dance\n---\nYou dance.";
    std::fs::write(folder.join("dancer.md"), text).unwrap();
    std::fs::write(folder.join("empty.md"), "").unwrap();
    let output = scene.user.loom(["-p", "hello"]).run();
    output.assert_success();
    for problem in [
        "empty.md: it is no agent: it needs a `description`",
        "dancer.md: opus stands for different models over time",
        "dancer.md: there is no tool \"Dance\", so this agent does without",
    ] {
        assert!(output.stderr.contains(problem), "{problem}: {output}");
    }
    scene.end();
}
