//! The store of long outputs, as other tools use it.

use loom_cli_tools::{OutputLimits, OutputStore, ToolSetup};
use loom_common_core::Resource;
use serde_json::json;

use crate::scratch::{Scratch, call};

#[tokio::test]
async fn what_is_kept_may_be_read_without_permission_and_nothing_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let limits = OutputLimits {
        shown_bytes: 10,
        ..OutputLimits::default()
    };
    let store = OutputStore::new(folder.path(), "session", limits);
    store.shorten("page", "a long text\n".repeat(10));
    let mut scratch = Scratch::with_setup(ToolSetup {
        outputs: store,
        ..ToolSetup::default()
    });
    let root = folder.path().canonicalize().unwrap();
    let kept = root.join("session/00001-page.txt");
    let beside = root.join("secret.txt");
    std::fs::write(&beside, "secret").unwrap();
    let read = |path: &std::path::Path| call("read_file", &json!({"file_path": path}).to_string());
    let resources = |path| scratch.registry.resources(&read(path), scratch.workspace());
    assert_eq!(resources(&kept), []);
    assert_eq!(resources(&beside), [Resource::Read(beside.clone())]);
    scratch.context.permitted = Some(Vec::new());
    scratch
        .text("read_file", json!({"file_path": kept, "limit": 1}))
        .await;
    scratch
        .text(
            "grep",
            json!({"pattern": "long", "path": root.join("session")}),
        )
        .await;
    scratch
        .failure("read_file", json!({"file_path": beside}))
        .await;
}
