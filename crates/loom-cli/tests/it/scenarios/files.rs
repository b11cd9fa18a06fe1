//! Files are read, searched and changed with care.

use loom_testing::Reply;
use serde_json::json;

use super::{Scene, bash, done, edit, read, write};

#[tokio::test]
async fn several_files_are_searched_read_and_edited() {
    let scene = Scene::new([
        Reply::new()
            .and_tool_call("grep", json!({"pattern": "old_name"}))
            .and_tool_call("glob", json!({"pattern": "**/*.rs"})),
        read("src/a.rs").and_tool_call("read_file", json!({"file_path": "src/b.rs"})),
        edit("src/a.rs", "old_name", "new_name").and_tool_call(
            "edit_file",
            json!({"file_path": "src/b.rs", "old_string": "old_name", "new_string": "new_name", "replace_all": true}),
        ),
        Reply::text("Renamed."),
    ])
    .await;
    scene.write("src/a.rs", "fn old_name() {}\n");
    scene.write("src/b.rs", "old_name();\nold_name();\n");
    let played = scene.play(&[], "rename old_name");
    assert!(played.succeeded);
    assert_eq!(scene.read("src/a.rs"), "fn new_name() {}\n");
    assert_eq!(scene.read("src/b.rs"), "new_name();\nnew_name();\n");
    assert_eq!(played.items("file_change").len(), 2);
    assert_eq!(played.answer(), "Renamed.");
    scene.end();
}

#[tokio::test]
async fn a_whole_file_is_written_and_read_back() {
    let scene = Scene::new([
        write("deep/er/new.txt", "hello\n"),
        read("deep/er/new.txt"),
        done(),
    ])
    .await;
    assert!(scene.play(&[], "write it").succeeded);
    assert_eq!(scene.read("deep/er/new.txt"), "hello\n");
    assert!(scene.told()[1].contains("hello"));
    scene.end();
}

#[tokio::test]
async fn a_file_that_was_not_read_is_not_overwritten() {
    let scene = Scene::new([write("a.txt", "lost\n"), done()]).await;
    scene.write("a.txt", "precious\n");
    let played = scene.play(&[], "write it");
    assert_eq!(played.statuses(), ["failed"]);
    assert_eq!(scene.read("a.txt"), "precious\n");
    scene.end();
}

#[tokio::test]
async fn an_edit_that_does_not_fit_tells_what_comes_near() {
    let scene = Scene::new([read("a.txt"), edit("a.txt", "let valeu = 1;", "x"), done()]).await;
    scene.write("a.txt", "let value = 1;\nlet other = 2;\n");
    let played = scene.play(&[], "edit it");
    assert_eq!(played.statuses(), ["completed", "failed"]);
    assert!(
        scene.told()[0].contains("let value = 1;"),
        "{:?}",
        scene.told()
    );
    assert_eq!(scene.read("a.txt"), "let value = 1;\nlet other = 2;\n");
    scene.end();
}

#[tokio::test]
async fn line_endings_and_a_missing_last_newline_survive_an_edit() {
    let scene = Scene::new([
        read("dos.txt"),
        edit("dos.txt", "one\ntwo", "one\n2"),
        done(),
    ])
    .await;
    scene.write("dos.txt", "one\r\ntwo\r\nthree");
    assert!(scene.play(&[], "edit it").succeeded);
    assert_eq!(scene.read("dos.txt"), "one\r\n2\r\nthree");
    scene.end();
}

#[tokio::test]
async fn a_patch_of_several_files_is_applied_whole_or_not_at_all() {
    let patch = |second: &str| {
        format!(
            "*** Begin Patch\n*** Update File: a.txt\n@@\n-one\n+1\n*** Update File: b.txt\n@@\n-{second}\n+2\n*** Add File: c.txt\n+three\n*** End Patch"
        )
    };
    let scene = Scene::new([
        Reply::tool_call("apply_patch", json!({"input": patch("nothing of this")})),
        Reply::tool_call("apply_patch", json!({"input": patch("two")})),
        done(),
    ])
    .await;
    scene.write("a.txt", "one\n");
    scene.write("b.txt", "two\n");
    let played = scene.play(&["--model", "gpt-5.5"], "patch it");
    assert_eq!(
        played.statuses(),
        ["failed", "completed"],
        "{:?}",
        scene.told()
    );
    assert_eq!(scene.read("a.txt"), "1\n");
    assert_eq!(scene.read("b.txt"), "2\n");
    assert_eq!(scene.read("c.txt"), "three\n");
    assert!(
        scene.requests()[0]
            .tool_names()
            .contains(&"apply_patch".to_owned())
    );
    assert!(
        !scene.requests()[0]
            .tool_names()
            .contains(&"edit_file".to_owned())
    );
    scene.end();
}

#[tokio::test]
async fn a_long_output_is_kept_in_a_file_that_can_be_read_on() {
    let scene = Scene::new([bash("seq 1 100000"), done()]).await;
    assert!(scene.play(&[], "count").succeeded);
    let told = scene.told().remove(0);
    assert!(told.len() < 40_000, "{}", told.len());
    assert!(told.contains("100000"), "the end is shown");
    let path = told
        .split_whitespace()
        .find(|word| word.contains("/outputs/"))
        .expect("the place of the whole is named")
        .trim_matches(|character: char| !character.is_alphanumeric() && character != '/');
    scene.then([
        Reply::tool_call("grep", json!({"pattern": "^54321$", "path": path})),
        done(),
    ]);
    let played = scene.play(&["--continue"], "find 54321");
    assert_eq!(played.statuses(), ["completed"], "{:?}", scene.told());
    assert!(scene.told()[1].contains("54321"));
    scene.end();
}

#[tokio::test]
async fn a_picture_goes_to_the_model() {
    // The smallest PNG: one pixel.
    const PIXEL: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\0\x05\0\x01\xff\x89\x99=\x1d\0\0\0\0IEND\xaeB`\x82";
    let scene = Scene::new([
        Reply::tool_call("view_image", json!({"file_path": "dot.png"})),
        done(),
    ])
    .await;
    scene.write("dot.png", PIXEL);
    let played = scene.play(&[], "look");
    assert_eq!(played.statuses(), ["completed"], "{:?}", scene.told());
    let request = scene.model.last_request().json().to_string();
    assert!(request.contains("image/png"), "{request}");
    scene.end();
}
