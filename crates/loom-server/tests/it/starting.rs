//! Servers that cannot start: each says why and what to do, and leaves nothing behind.

use std::ffi::OsStr;
use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt as _;

use loom_server_db::{DatabaseAddress, Db, Migration};

use crate::process::{Finished, Home};

fn shown(finished: &Finished) -> String {
    assert_eq!(finished.stdout, "");
    format!("exit code {}\n{}", finished.code.unwrap(), finished.stderr)
}

#[test]
fn wrong_use_is_told() {
    let home = Home::new();
    std::fs::write(home.path().join("server.toml"), "[http]\nprot = 1\n").unwrap();
    let runs = [
        &["serve", "--port", "80800"][..],
        &["--port", "0", "token", "list"],
        &["serve", "--config", "missing.toml"],
        &["serve", "--config", "server.toml"],
    ];
    insta::assert_snapshot!(runs.map(|run| shown(&home.run(run))).join("\n"));
}

#[test]
fn a_data_folder_whose_name_is_not_text_is_refused() {
    let home = Home::new();
    let name = OsStr::from_bytes(b"data\xff");
    let finished = home.run(&[
        "--data-dir".as_ref(),
        name,
        "token".as_ref(),
        "list".as_ref(),
    ]);
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert!(
        finished
            .stderr
            .contains(r#"--data-dir must be UTF-8 text, and "data\xFF" is not"#),
        "{finished:?}"
    );
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn a_log_filter_that_cannot_be_read_is_told() {
    let home = Home::new().with("LOOM_LOG", "loom=chatty");
    insta::assert_snapshot!(shown(&home.run(&["serve", "--port", "0"])));
}

#[test]
fn a_web_search_that_cannot_work_is_told() {
    let key = ("LOOM_SERVER_GOOGLE_CSE_API_KEY", "hunter2");
    let named = ("LOOM_SERVER_SEARCH_PROVIDER", "serper");
    let broken = ("LOOM_SERVER_SERPER_API_KEY", "hunter\n2");
    let runs = [key, named, broken].map(|(variable, value)| {
        let home = Home::new().with(variable, value);
        shown(&home.run(&["serve", "--port", "0"]))
    });
    insta::assert_snapshot!(runs.join("\n"));
}

#[tokio::test]
async fn a_port_in_use_is_told_and_the_server_there_keeps_its_token() {
    let home = Home::new();
    let first = home.serve_with_state();
    let state = home.read_state();
    let (_, port) = first.url.rsplit_once(':').unwrap();
    let state_file = home.state_file();
    let second = home.run(&["--port", port, "--state-file", state_file.to_str().unwrap()]);
    insta::assert_snapshot!(shown(&second).replace(port, "PORT"));
    assert_eq!(home.read_state(), state);
    assert_eq!(first.status("/api/v1/me", &state.token).await, 200);
}

#[test]
fn an_address_of_another_machine_is_told() {
    // An address for documentation (RFC 5737), which no machine has.
    let finished = Home::new().run(&["--host", "192.0.2.1", "--port", "0"]);
    insta::assert_snapshot!(shown(&finished));
}

#[test]
fn a_data_folder_that_cannot_be_made_is_told() {
    let home = Home::new();
    std::fs::write(home.path().join("file"), "").unwrap();
    let finished = home.run(&["--port", "0", "--data-dir", "file/data"]);
    insta::assert_snapshot!(shown(&finished));
}

#[test]
fn a_database_that_is_not_there_is_told_without_its_password() {
    // Bound and dropped: nobody listens there.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let home = Home::new().with(
        "DATABASE_URL",
        format!("postgres://u:secret@127.0.0.1:{port}/db"),
    );
    let finished = home.run(&["--port", "0"]);
    insta::assert_snapshot!(shown(&finished).replace(&port.to_string(), "PORT"));
}

#[test]
fn a_database_url_of_another_kind_is_told_without_its_password() {
    let home = Home::new().with("DATABASE_URL", "mysql://u:secret@host/db");
    insta::assert_snapshot!(shown(&home.run(&["--port", "0"])));
}

#[tokio::test]
async fn a_database_of_a_newer_server_is_told() {
    let home = Home::new();
    std::fs::create_dir(home.path().join("data")).unwrap();
    let address = DatabaseAddress::Sqlite(home.path().join("data/loom.db"));
    let newer = Migration::portable(1_000_000, "from the future", "CREATE TABLE future (x TEXT)");
    let all = [loom_server::MIGRATIONS, &[newer]].concat();
    Db::open(&address, &all).await.unwrap().close().await;
    let finished = home.run(&["--port", "0", "--data-dir", "data"]);
    let newest = format!("up to {}", loom_server::MIGRATIONS.len());
    insta::assert_snapshot!(shown(&finished).replace(&newest, "up to NEWEST"));
}

#[test]
fn a_damaged_database_is_told() {
    let home = Home::new();
    std::fs::create_dir(home.path().join("data")).unwrap();
    std::fs::write(
        home.path().join("data/loom.db"),
        "not a database".repeat(100),
    )
    .unwrap();
    let finished = home.run(&["--port", "0", "--data-dir", "data"]);
    insta::assert_snapshot!(shown(&finished));
}

#[test]
fn a_state_file_that_cannot_be_written_is_told() {
    let finished = Home::new().run(&["--port", "0", "--state-file", "missing/server.json"]);
    insta::assert_snapshot!(shown(&finished));
}
