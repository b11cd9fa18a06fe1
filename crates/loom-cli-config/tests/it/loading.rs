use std::fs;
use std::path::Path;

use loom_cli_config::{CliConfig, load};
use loom_common_config::{Arguments, Environment, Error, Resolved};
use loom_common_core::{Effort, PermissionMode};
use serde_json::json;
use tempfile::TempDir;

/// Loads from a home whose configuration file has this text, and from these variables.
fn load_from(
    text: &str,
    variables: &[(&str, &str)],
    arguments: &Arguments,
) -> Result<Resolved<CliConfig>, Error> {
    let home = TempDir::new().unwrap();
    let folder = home.path().join(".config/loom");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("config.toml"), text).unwrap();
    let home = [("HOME", home.path().to_str().unwrap())];
    let environment: Environment = home.iter().chain(variables).copied().collect();
    load(&environment, None, arguments)
}

/// All settings as text, a line for each: key, value and kind of origin.
fn listing(resolved: &Resolved<CliConfig>) -> String {
    let rows = resolved.rows().into_iter();
    rows.map(|row| {
        let origin = row.origin.to_string();
        let origin = origin.rsplit('/').next().unwrap_or_default();
        format!("{} = {}  # {origin}\n", row.key, row.value)
    })
    .collect()
}

#[test]
fn nothing_set_gives_the_defaults() {
    let resolved = load(&Environment::new(), None, &Arguments::new()).unwrap();
    insta::assert_snapshot!(listing(&resolved));
}

#[test]
fn every_key_can_be_set_in_the_file() {
    let text = r#"
        [server]
        url = "https://loom.example.com/"
        token = "hunter2"
        auto_start = false
        program = "/opt/loom/loom-server"
        [model]
        provider = "anthropic"
        name = "claude"
        max_tokens = 1000
        effort = "low"
        [agent]
        permission_mode = "plan"
        max_retries = 0
        max_model_calls = 30
        max_cost = 1.5
        compact_at_percent = 70
        subagent_model = "small"
        max_subagents = 2
        undo = false
        [tools]
        bash_timeout_ms = 5
        max_output_bytes = 6
        keep_environment = ["GITHUB_TOKEN"]
        diagnostics = false
        [sandbox]
        enabled = false
        write = ["/var/cache/build"]
        allow_hosts = ["crates.io"]
        [web]
        allow_private = true
        [auto_commit]
        enabled = true
        when = "call"
        model = "small"
        style = "conventional"
        branch = "loom/{thread}"
        max_file_bytes = 7
        [spool]
        stitches = false
        [redact]
        threads = false
        results = false
        [log]
        filter = "debug"
    "#;
    let resolved = load_from(text, &[], &Arguments::new()).unwrap();
    insta::assert_snapshot!(listing(&resolved));
    assert_eq!(resolved.value.server.token.unwrap().expose(), "hunter2");
    assert_eq!(resolved.value.agent.permission_mode, PermissionMode::Plan);
}

#[test]
fn every_key_can_be_set_in_the_environment() {
    let variables = [
        ("LOOM_SERVER_URL", "http://localhost:8080"),
        ("LOOM_TOKEN", "hunter2"),
        ("LOOM_SERVER_AUTO_START", "false"),
        ("LOOM_SERVER_PROGRAM", "/opt/loom/loom-server"),
        ("LOOM_PROVIDER", "openai"),
        ("LOOM_MODEL", "gpt"),
        ("LOOM_MAX_TOKENS", "7"),
        ("LOOM_EFFORT", "high"),
        ("LOOM_PERMISSION_MODE", "full"),
        ("LOOM_MAX_RETRIES", "2"),
        ("LOOM_MAX_TURNS", "30"),
        ("LOOM_MAX_COST", "0.25"),
        ("LOOM_COMPACT_AT_PERCENT", "0"),
        ("LOOM_SUBAGENT_MODEL", "small"),
        ("LOOM_MAX_SUBAGENTS", "0"),
        ("LOOM_UNDO", "false"),
        ("LOOM_BASH_TIMEOUT_MS", "3"),
        ("LOOM_TOOL_MAX_OUTPUT_BYTES", "4"),
        ("LOOM_KEEP_ENVIRONMENT", "GITHUB_TOKEN,NPM_TOKEN"),
        ("LOOM_DIAGNOSTICS", "false"),
        ("LOOM_SANDBOX", "false"),
        ("LOOM_SANDBOX_WRITE", "/a,/b"),
        ("LOOM_SANDBOX_ALLOW_HOSTS", "crates.io"),
        ("LOOM_WEB_ALLOW_PRIVATE", "true"),
        ("LOOM_AUTO_COMMIT", "true"),
        ("LOOM_AUTO_COMMIT_WHEN", "call"),
        ("LOOM_AUTO_COMMIT_MODEL", "small"),
        ("LOOM_AUTO_COMMIT_STYLE", "conventional"),
        ("LOOM_AUTO_COMMIT_BRANCH", "loom/{thread}"),
        ("LOOM_AUTO_COMMIT_MAX_FILE_BYTES", "8"),
        ("LOOM_SPOOL_STITCHES", "false"),
        ("LOOM_REDACT_THREADS", "false"),
        ("LOOM_REDACT_RESULTS", "false"),
        ("LOOM_LOG", "trace"),
    ];
    // What the file says is overridden.
    let text = "server.url = 'https://loom.example.com'\nmodel.name = 'claude'";
    let resolved = load_from(text, &variables, &Arguments::new()).unwrap();
    insta::assert_snapshot!(listing(&resolved));
}

#[test]
fn arguments_override_the_environment() {
    let variables = [
        ("LOOM_SERVER_URL", "http://a"),
        ("LOOM_TOKEN", "a"),
        ("LOOM_MODEL", "a"),
    ];
    let arguments = Arguments::new()
        .with("--server-url", Some("http://b"))
        .with("--token", Some("b"))
        .with("--provider", Some("b"))
        .with("--model", Some("b"))
        .with("--effort", Some(Effort::Medium))
        .with("--permission-mode", Some(PermissionMode::Full));
    let resolved = load_from("", &variables, &arguments).unwrap();
    insta::assert_snapshot!(listing(&resolved));
    assert_eq!(resolved.value.server.token.unwrap().expose(), "b");
}

#[test]
fn the_token_can_come_from_a_file_of_its_own() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("token");
    fs::write(&path, "hunter2\n").unwrap();
    let variables = [("LOOM_TOKEN_FILE", path.to_str().unwrap())];
    let resolved = load_from("", &variables, &Arguments::new()).unwrap();
    assert_eq!(resolved.value.server.token.unwrap().expose(), "hunter2");
}

#[test]
fn a_file_that_was_asked_for_takes_the_place_of_the_usual_one() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("loom")).unwrap();
    fs::write(
        folder.path().join("loom/config.toml"),
        "model.name = 'usual'",
    )
    .unwrap();
    let other = folder.path().join("other.toml");
    fs::write(&other, "model.provider = 'asked for'").unwrap();
    let environment: Environment = [("XDG_CONFIG_HOME", folder.path())].into_iter().collect();
    let model = |file: Option<&Path>| {
        let resolved = load(&environment, file, &Arguments::new()).unwrap();
        serde_json::to_value(resolved.value.model).unwrap()
    };
    assert_eq!(
        model(None),
        json!({ "provider": null, "name": "usual", "max_tokens": null, "effort": null })
    );
    assert_eq!(
        model(Some(&other)),
        json!({ "provider": "asked for", "name": null, "max_tokens": null, "effort": null })
    );
    let missing = folder.path().join("missing.toml");
    let error = load(&environment, Some(&missing), &Arguments::new()).unwrap_err();
    assert!(matches!(error, Error::ReadFile { .. }), "{error:?}");
}

#[test]
fn values_that_make_no_sense_are_refused() {
    let cases = [
        (
            "LOOM_SERVER_URL",
            "localhost:8080",
            "`server.url` is not usable: an address must start with http:// or https://, not localhost:",
        ),
        (
            "LOOM_MAX_TOKENS",
            "0",
            "`model.max_tokens` must be a whole number from 1 to 4294967295, not \"0\"",
        ),
        (
            "LOOM_PERMISSION_MODE",
            "yolo",
            "`agent.permission_mode` must be one of plan, ask, auto, full, not \"yolo\"",
        ),
        (
            "LOOM_BASH_TIMEOUT_MS",
            "2m",
            "`tools.bash_timeout_ms` must be a whole number from 1, not \"2m\"",
        ),
    ];
    for (variable, value, message) in cases {
        let error = load_from("", &[(variable, value)], &Arguments::new()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("environment {variable}: {message}")
        );
    }
}
