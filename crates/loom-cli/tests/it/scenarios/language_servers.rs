//! Language servers run code of the project, and so not everywhere.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::{Scene, done, write};

/// Installs a language server for Rust that leaves the file `started` in the home, and ends.
fn install(scene: &mut Scene) {
    let folder = scene.user.home().join("bin");
    let program = folder.join("rust-analyzer");
    fs::create_dir(&folder).unwrap();
    fs::write(&program, "#!/bin/sh\n: > \"$HOME/started\"\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.display());
    scene.user.set_env("PATH", path);
}

#[tokio::test]
async fn without_a_sandbox_language_servers_start_only_where_everything_may_run() {
    let mut scene = Scene::new([write("a.rs", "fn a() {}"), done()]).await;
    install(&mut scene);
    scene.user.set_env("LOOM_SANDBOX", "false");
    let has_started = |scene: &Scene| scene.user.home().join("started").exists();
    let played = scene.play(&["--permission-mode", "auto"], "write it");
    assert_eq!(played.statuses(), ["completed"]);
    assert!(!has_started(&scene));

    scene.then([write("b.rs", "fn b() {}"), done()]);
    let played = scene.play(&["--permission-mode", "full"], "write it");
    assert_eq!(played.statuses(), ["completed"]);
    assert!(has_started(&scene));
    scene.end();
}
