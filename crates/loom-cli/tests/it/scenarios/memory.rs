//! What people wrote down reaches the model, and nothing of it is lost on the way.

use loom_testing::Reply;
use serde_json::json;

use super::{Scene, done, read};

#[tokio::test]
async fn instructions_of_all_folders_stand_ahead_of_the_conversation() {
    let scene = Scene::new([done()]).await;
    scene.write("AGENTS.md", "Use tabs.\n");
    let user = scene.user.config_home().join("loom");
    std::fs::create_dir_all(&user).unwrap();
    std::fs::write(user.join("AGENTS.md"), "Answer in Polish.\n").unwrap();
    assert!(scene.play(&[], "hello").succeeded);
    let system = scene.requests()[0].system().unwrap();
    let polish = system.find("Answer in Polish.").unwrap();
    assert!(
        polish < system.find("Use tabs.").unwrap(),
        "the nearest stands last"
    );
    scene.end();
}

#[tokio::test]
async fn claude_md_counts_where_there_is_no_agents_md() {
    let scene = Scene::new([done()]).await;
    scene.write("CLAUDE.md", "Use spaces.\n");
    assert!(scene.play(&[], "hello").succeeded);
    assert!(
        scene.requests()[0]
            .system()
            .unwrap()
            .contains("Use spaces.")
    );
    scene.end();
}

#[tokio::test]
async fn instructions_of_a_sub_folder_come_when_the_agent_gets_there() {
    let scene = Scene::new([read("web/a.js"), read("web/a.js"), done()]).await;
    scene.write("web/AGENTS.md", "No semicolons here.\n");
    scene.write("web/a.js", "let a = 1\n");
    assert!(scene.play(&[], "look").succeeded);
    assert!(
        !scene.requests()[0]
            .system()
            .unwrap()
            .contains("No semicolons")
    );
    let told = scene.told();
    assert!(told[0].contains("No semicolons here."), "{told:?}");
    assert!(
        !told[1].contains("No semicolons here."),
        "said once: {told:?}"
    );
    scene.end();
}

#[tokio::test]
async fn a_resumed_conversation_keeps_the_bytes_of_its_beginning() {
    let scene = Scene::new([read("a.txt"), done()]).await;
    scene.write("AGENTS.md", "Use tabs.\n");
    scene.write("a.txt", "one\n");
    assert!(scene.play(&[], "first").succeeded);
    scene.then([done()]);
    // The fake model complains when a request does not begin with the bytes of the one before.
    assert!(scene.play(&["--continue"], "second").succeeded);
    assert_eq!(scene.requests()[0].system(), scene.requests()[2].system());
    assert_eq!(
        scene.requests()[0].tool_names(),
        scene.requests()[2].tool_names()
    );
    scene.end();
}

#[tokio::test]
async fn the_list_of_what_is_to_do_is_shown() {
    let scene = Scene::new([
        Reply::tool_call(
            "todo_write",
            json!({"todos": [
                {"content": "read", "status": "completed"},
                {"content": "write", "status": "in_progress"},
            ]}),
        ),
        done(),
    ])
    .await;
    let played = scene.play(&[], "plan your work");
    let list = played.items("todo_list");
    assert_eq!(
        list[0]["items"],
        json!([{"text": "read", "status": "completed"}, {"text": "write", "status": "in_progress"}])
    );
    assert!(
        scene.told()[0].contains("1 of 2 open"),
        "{:?}",
        scene.told()
    );
    scene.end();
}

#[tokio::test]
async fn what_a_prompt_mentions_goes_along() {
    let scene = Scene::new([done()]).await;
    scene.write("notes.txt", "the number is 4711\n");
    assert!(scene.play(&[], "what is in @notes.txt").succeeded);
    let said: String = scene.requests()[0]
        .messages()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(said.contains("the number is 4711"), "{said}");
    scene.end();
}

#[tokio::test]
async fn a_command_of_the_projects_own_is_expanded_at_the_prompt() {
    let scene = Scene::new([done()]).await;
    scene.write(
        ".loom/commands/review.md",
        "---\ndescription: reviews a branch\n---\nReview $1 with care.\n",
    );
    let mut terminal = scene.user.loom([""; 0]).spawn_on_terminal();
    terminal.wait_for("\nauto>");
    terminal.type_keys("/commands\r");
    terminal.wait_for("reviews a branch");
    terminal.type_keys("/review main\r");
    terminal.wait_for("Done.");
    terminal.type_keys("\u{4}");
    assert_eq!(terminal.wait(), 0);
    assert!(
        scene.requests()[0]
            .first_user_text()
            .contains("Review main with care.")
    );
    scene.end();
}

#[tokio::test]
async fn the_mode_is_switched_by_one_key_and_always_shown() {
    let scene = Scene::new([]).await;
    let mut terminal = scene.user.loom([""; 0]).spawn_on_terminal();
    terminal.wait_for("\nauto>");
    terminal.type_keys("\u{1b}[Z");
    terminal.wait_for("\nplan>");
    terminal.type_keys("\u{1b}[Z");
    terminal.wait_for("\nask>");
    terminal.type_keys("/mode full\r");
    terminal.wait_for("\nfull>");
    terminal.type_keys("\u{4}");
    assert_eq!(terminal.wait(), 0);
    scene.end();
}

#[tokio::test]
async fn the_last_turn_is_undone_at_the_prompt() {
    let scene = Scene::new([super::write("a.txt", "a"), done()]).await;
    let mut terminal = scene.user.loom([""; 0]).spawn_on_terminal();
    terminal.wait_for("\nauto>");
    terminal.type_keys("make it\r");
    terminal.wait_for("Done.");
    assert!(scene.has("a.txt"));
    terminal.type_keys("/undo\r");
    terminal.wait_for("undoes this");
    assert!(!scene.has("a.txt"));
    terminal.type_keys("\u{4}");
    assert_eq!(terminal.wait(), 0);
    scene.end();
}
