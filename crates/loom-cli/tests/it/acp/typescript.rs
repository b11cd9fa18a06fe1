//! A whole session by the protocol's TypeScript library, which most editors outside of Rust use.

use std::path::PathBuf;

use loom_testing::Reply;
use serde_json::{Value, json};

use crate::scenarios::{Scene, bash};

/// The folder of the library, which `cargo xtask test` installs.
fn library() -> PathBuf {
    let given = std::env::vars_os().find(|(name, _)| name == "LOOM_TEST_EDITOR");
    let folder = given.map_or_else(
        || {
            PathBuf::from(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../target/tools/acp"
            ))
        },
        |(_, folder)| PathBuf::from(folder),
    );
    folder.canonicalize().unwrap_or_else(|error| {
        panic!(
            "{}: {error}; `cargo xtask test` installs it",
            folder.display()
        )
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_with_permission_cancel_list_close_and_load() {
    let scene = Scene::new([bash("touch one"), Reply::text("Made."), bash("touch two")]).await;
    let loom = scene.user.loom([""; 0]).into_command();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/editor/session.mjs");
    let work = scene.user.work().canonicalize().unwrap();
    let arguments = [
        PathBuf::from(script),
        work,
        loom.get_program().into(),
        "--permission-mode".into(),
        "ask".into(),
        "acp".into(),
    ];
    let output = scene
        .user
        .program(super::servers::node(), arguments)
        .env("NODE_LIBRARY", library())
        .run();
    let seen: Value = serde_json::from_str(&output.assert_success().stdout).unwrap();
    let kinds = &seen["permissions"][0];
    assert_eq!(kinds[0], "allow_once", "{seen}");
    assert_eq!(
        json!([
            seen["version"],
            seen["agent"],
            seen["stops"],
            seen["listed"],
            seen["code"]
        ]),
        json!([1, "loom", ["end_turn", "cancelled"], [true], 0])
    );
    assert_eq!(
        seen["loaded"],
        json!([
            "user_message_chunk",
            "tool_call",
            "tool_call_update",
            "agent_message_chunk"
        ])
    );
    let updates: Vec<&str> = seen["updates"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    for expected in [
        "available_commands_update",
        "session_info_update",
        "tool_call_update",
    ] {
        assert!(updates.contains(&expected), "{updates:?}");
    }
    assert!(scene.has("one") && !scene.has("two"));
    scene.end();
}
