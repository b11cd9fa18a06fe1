//! A language server that people use.

use std::path::PathBuf;

use loom_common_config::Environment;

use crate::scene::Scene;

/// Returns the start file of the server that `cargo xtask test` installed.
fn pyright() -> String {
    let folder = match Environment::from_process().get("LOOM_TEST_LANGUAGE_SERVERS") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../target/tools/lsp"
        )),
    };
    let file = folder.join("node_modules/pyright/langserver.index.js");
    assert!(
        file.exists(),
        "{} is missing; `cargo xtask test` installs it",
        file.display()
    );
    file.to_string_lossy().into_owned()
}

fn scene() -> Scene {
    Scene::with(&[], |setup| {
        let path = &setup.environment[0].1;
        let node = std::env::split_paths(path).map(|folder| folder.join("node"));
        let node = node.into_iter().find(|node| node.exists()).unwrap();
        let server = &mut setup.servers[0];
        server.name = "pyright".to_owned();
        server.languages[0].id = "python".to_owned();
        server.languages[0].extensions = vec!["py".to_owned()];
        server.commands = vec![vec![
            node.to_string_lossy().into_owned(),
            pyright(),
            "--stdio".to_owned(),
        ]];
    })
}

const BEFORE: &str = "def half(n: int) -> float:\n    return n / 2\n\n\nold: int = \"no number\"\n";

#[tokio::test]
async fn an_edit_that_breaks_types_is_told_and_what_was_broken_before_is_not() {
    let scene = scene();
    scene.write("a.py", BEFORE);
    let broken = BEFORE.replace("n / 2", "n / two");
    assert_eq!(
        scene.edit("a.py", &broken).await.unwrap(),
        "New problems after this edit:\n\
         a.py:2:16 error \"two\" is not defined [reportUndefinedVariable]"
    );
    assert_eq!(scene.edit("a.py", BEFORE).await, None);
    assert_eq!(scene.problems(), [""; 0]);
    scene.diagnostics.shutdown().await;
}

#[tokio::test]
async fn an_edit_that_breaks_another_open_file_is_told() {
    let scene = scene();
    scene.write("a.py", BEFORE);
    scene.write("b.py", "from a import half\n\nquarter = half(1) / 2\n");
    // Both are known to the server, as after an edit of each.
    scene
        .edit("b.py", "from a import half\n\nquarter = half(1) / 2.0\n")
        .await;
    let renamed = BEFORE.replace("half", "halve");
    let mut told = scene.edit("a.py", &renamed).await.unwrap_or_default();
    // It may come a moment too late, and then comes with the next edit.
    if !told.contains("b.py") {
        told = scene
            .diagnostics
            .after_edit(&[scene.file("b.py")])
            .await
            .unwrap();
    }
    let line = told.lines().find(|line| line.starts_with("b.py")).unwrap();
    assert_eq!(
        line,
        "b.py:1:15 error \"half\" is unknown import symbol [reportAttributeAccessIssue]"
    );
    scene.diagnostics.shutdown().await;
}
