//! The file by which `loom` finds its server.

use std::os::unix::fs::PermissionsExt as _;

use loom_server::StateFile;

use crate::process::Home;

#[tokio::test]
async fn it_says_where_the_server_is_and_only_its_owner_can_read_it() {
    let home = Home::new();
    let server = home.serve_with_state();
    let state = home.read_state();
    assert_eq!(
        state,
        StateFile {
            pid: server.pid(),
            url: server.url.clone(),
            token: state.token.clone(),
            version: loom_common_version::VERSION.to_owned(),
            commit: loom_common_version::COMMIT.to_owned(),
        }
    );
    let mode = home.state_file().metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(server.status("/api/v1/me", &state.token).await, 200);
    assert!(!format!("{state:?}").contains(&state.token));
    let finished = server.stop();
    assert!(!home.state_file().exists());
    assert!(
        !finished.stderr.contains("token create"),
        "{}",
        finished.stderr
    );
}

#[tokio::test]
async fn each_start_makes_a_new_token_and_the_old_one_is_good_no_more() {
    let home = Home::new();
    let first = home.serve_with_state();
    let old = home.read_state().token;
    first.stop();
    let second = home.serve_with_state();
    assert_eq!(second.status("/api/v1/me", &old).await, 401);
    assert_eq!(
        second.status("/api/v1/me", &home.read_state().token).await,
        200
    );
}

#[test]
fn a_server_that_ends_leaves_the_file_of_another() {
    let home = Home::new();
    let server = home.serve_with_state();
    let other = StateFile {
        pid: 1,
        ..home.read_state()
    };
    std::fs::write(home.state_file(), serde_json::to_vec(&other).unwrap()).unwrap();
    assert_eq!(server.stop().code, Some(0));
    assert_eq!(home.read_state(), other);
}

#[test]
fn a_server_on_all_addresses_is_reached_by_loopback() {
    let home = Home::new();
    let state_file = home.state_file();
    let server = home.serve(&[
        "--host",
        "0.0.0.0",
        "--state-file",
        state_file.to_str().unwrap(),
    ]);
    assert!(
        server.url.starts_with("http://127.0.0.1:"),
        "{}",
        server.url
    );
    assert_eq!(home.read_state().url, server.url);
}
