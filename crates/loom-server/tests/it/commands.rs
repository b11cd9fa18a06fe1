//! The commands besides serving.

use crate::process::Home;

#[test]
fn a_token_is_printed_once_and_nothing_else() {
    let home = Home::new();
    let token = home.output_of(&["token", "create", "my laptop"]);
    assert!(token.starts_with("loom_") && token.ends_with('\n') && token.len() == 44);
    let list = home.output_of(&["token", "list"]);
    let lines: Vec<_> = list.lines().collect();
    assert_eq!(lines.len(), 2, "{list}");
    assert!(
        lines[1].starts_with("AT-") && lines[1].ends_with("my laptop"),
        "{list}"
    );
    assert!(!list.contains(token.trim()));
}

#[tokio::test]
async fn a_token_made_or_revoked_beside_a_running_server_counts_at_once() {
    let home = Home::new();
    let server = home.serve(&[]);
    let token = home.output_of(&["token", "create", "a"]);
    assert_eq!(server.status("/api/v1/me", token.trim()).await, 200);
    let list = home.output_of(&["token", "list"]);
    let id = list.lines().last().unwrap().split(' ').next().unwrap();
    assert_eq!(
        home.output_of(&["token", "revoke", id]),
        format!("revoked {id}\n")
    );
    assert_eq!(server.status("/api/v1/me", token.trim()).await, 401);
}

#[test]
fn what_cannot_be_done_with_tokens_is_told_with_a_hint() {
    let home = Home::new();
    let id = "AT-00000000-0000-7000-8000-000000000000";
    let runs = [
        &["token", "revoke", id][..],
        &["token", "revoke", "my laptop"],
        &["token", "create", ""],
    ];
    let told = runs.map(|arguments| {
        let finished = home.run(arguments);
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""));
        finished.stderr
    });
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn settings_are_shown_with_their_origin_and_without_secrets() {
    let home = Home::new()
        .with("ANTHROPIC_API_KEY", "sk-secret")
        .with("LOOM_SERVER_PORT", "0")
        .with("DATABASE_URL", "postgres://user:sk-secret@host/db");
    let plain = home.output_of(&["config", "show"]);
    let origins = home.output_of(&["config", "show", "--origin", "--data-dir", "elsewhere"]);
    for shown in [&plain, &origins] {
        assert!(!shown.contains("sk-secret"), "{shown}");
        assert!(shown.contains("[REDACTED]"), "{shown}");
    }
    insta::assert_snapshot!(origins);
}

#[test]
fn references_are_printed_though_the_settings_are_wrong() {
    let home = Home::new().with("LOOM_SERVER_PORT", "wrong");
    assert_eq!(home.run(&["config", "show"]).code, Some(2));
    assert!(home.output_of(&["config", "reference"]).starts_with("| "));
    assert!(home.output_of(&["config", "schema"]).starts_with("{\n"));
    assert!(home.output_of(&["version"]).starts_with("loom-server "));
}

#[test]
fn the_openapi_document_is_the_same_each_time() {
    let home = Home::new();
    let expected = serde_json::to_string_pretty(&loom_server_api::openapi_document()).unwrap();
    for _ in 0..2 {
        assert_eq!(home.output_of(&["openapi"]), format!("{expected}\n"));
    }
}
