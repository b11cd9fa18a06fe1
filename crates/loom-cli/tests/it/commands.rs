//! What `loom` does besides sessions.

use loom_testing::{CommandLine, FakeModel, Reply};
use serde_json::json;

use crate::events::{stream, thread_id};

#[test]
fn the_version_is_printed_in_words_and_as_json() {
    let user = CommandLine::new();
    let version = env!("CARGO_PKG_VERSION");
    for arguments in [&["--version"][..], &["-V"], &["version"]] {
        let output = user.loom(arguments).run();
        output.assert_success();
        assert!(
            output.stdout.starts_with(&format!("loom {version} (")),
            "{output:?}"
        );
    }
    let json = user.loom(["version", "--json"]).run().json();
    assert_eq!(json["version"], version);
}

#[test]
fn wrong_use_is_code_2() {
    let user = CommandLine::new();
    user.loom(["--nonsense"]).run().assert_code(2);
    user.loom(["-p", "x", "--output-format", "xml"])
        .run()
        .assert_code(2);
    user.loom(["-p", "x", "--continue", "--resume", "T-1234"])
        .run()
        .assert_code(2);
}

#[tokio::test]
async fn threads_are_listed_shown_and_deleted() {
    let model = FakeModel::start().await;
    model.reply(Reply::tool_call("list_files", json!({})));
    model.reply(Reply::text("Nothing."));
    let user = CommandLine::with_model(&model);
    let output = stream(&user, &["-p", "what is here?"]);
    let id = thread_id(&output.assert_success().json_lines());

    let list = user.loom(["threads", "list"]).run();
    assert!(
        list.stdout.contains(&id) && list.stdout.contains("what is here?"),
        "{list:?}"
    );
    let elsewhere = user.loom(["-C", "/", "threads", "list"]).run();
    assert!(!elsewhere.stdout.contains(&id), "{elsewhere:?}");
    let all = user
        .loom(["-C", "/", "threads", "list", "--all", "--json"])
        .run()
        .json();
    assert_eq!(all[0]["id"], id.as_str());

    // The last digits are enough.
    let short = &id[id.len() - 6..];
    let show = user.loom(["threads", "show", short]).run();
    show.assert_success();
    for part in ["> what is here?", "● list_files", "Nothing."] {
        assert!(show.stdout.contains(part), "{part}: {}", show.stdout);
    }
    let json = user.loom(["threads", "show", &id, "--json"]).run().json();
    assert_eq!(json["messages"].as_array().unwrap().len(), 4);

    user.loom(["threads", "delete", short])
        .run()
        .assert_success();
    let gone = user.loom(["threads", "show", &id]).run();
    gone.assert_code(1);
    assert!(
        gone.stderr.contains("hint: `loom threads list`"),
        "{}",
        gone.stderr
    );
}

#[test]
fn the_configuration_says_where_each_value_comes_from() {
    let mut user = CommandLine::new();
    let folder = user.config_home().join("loom");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(
        folder.join("config.toml"),
        "[model]\nprovider = \"openai\"\nname = \"from-file\"\n[agent]\nmax_retries = 7\n",
    )
    .unwrap();
    user.set_env("LOOM_MODEL", "from-environment");
    user.set_env("LOOM_TOKEN", "loom_secret");
    let output = user
        .loom(["--provider", "anthropic", "config", "show", "--origin"])
        .run();
    output.assert_success();
    let row = |key: &str| {
        let line = output
            .stdout
            .lines()
            .find(|line| line.starts_with(key))
            .unwrap();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        row("model.provider"),
        "model.provider anthropic argument --provider"
    );
    assert_eq!(
        row("model.name"),
        "model.name from-environment environment LOOM_MODEL"
    );
    assert!(
        row("agent.max_retries").contains("config.toml:5"),
        "{}",
        row("agent.max_retries")
    );
    assert_eq!(row("server.auto_start"), "server.auto_start true default");
    assert!(!output.stdout.contains("loom_secret"), "{}", output.stdout);
}

#[test]
fn a_mistake_in_the_configuration_is_named_with_its_place() {
    let user = CommandLine::new();
    let folder = user.config_home().join("loom");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(
        folder.join("config.toml"),
        "[model]\nprovidr = \"openai\"\n",
    )
    .unwrap();
    let output = user.loom(["threads", "list"]).run();
    output.assert_code(2);
    assert!(output.stderr.contains("config.toml:2"), "{}", output.stderr);
    assert!(output.stderr.contains("provider"), "{}", output.stderr);
    // What needs no configuration works all the same.
    user.loom(["version"]).run().assert_success();
}

#[tokio::test]
async fn the_doctor_finds_a_healthy_setting_healthy() {
    let model = FakeModel::start().await;
    model.list_models(["model-a", "model-b"]);
    let user = CommandLine::with_model(&model);
    let output = user.loom(["doctor"]).run();
    output.assert_success();
    for part in [
        "✓ git",
        "✓ threads",
        "✓ server",
        "✓ token",
        "✓ anthropic",
        "model-a",
    ] {
        assert!(output.stdout.contains(part), "{part}: {}", output.stdout);
    }
}

#[tokio::test]
async fn the_doctor_names_every_trouble_with_its_remedy() {
    let model = FakeModel::start().await;
    model.fail_model_list(401);
    let mut user = CommandLine::with_model(&model);
    user.loom(["server", "start"]).run().assert_success();
    user.set_env("PATH", "/nowhere");
    let output = user.loom(["doctor"]).run();
    output.assert_code(1);
    for part in [
        "✗ git",
        "install git",
        "✗ anthropic",
        "hint: ",
        "ANTHROPIC_API_KEY",
    ] {
        assert!(output.stdout.contains(part), "{part}: {}", output.stdout);
    }
}

#[test]
fn the_doctor_says_that_no_server_is_there() {
    let user = CommandLine::new();
    // A port below 1024 on which nothing listens.
    let output = user
        .loom([
            "--server-url",
            "http://127.0.0.1:1",
            "--token",
            "loom_x",
            "doctor",
        ])
        .run();
    output.assert_code(1);
    for part in [
        "✗ server",
        "127.0.0.1:1",
        "hint: see that loom-server runs there",
    ] {
        assert!(output.stdout.contains(part), "{part}: {}", output.stdout);
    }
    assert!(
        !output.stdout.contains("run `loom doctor`"),
        "{}",
        output.stdout
    );
}

#[test]
fn the_doctor_says_where_a_refused_token_comes_from() {
    let mut user = CommandLine::new();
    user.loom(["server", "start"]).run().assert_success();
    user.set_env("LOOM_SERVER_URL", user.local_server().unwrap().url);
    user.set_env("LOOM_TOKEN", "loom_wrong");
    let output = user.loom(["doctor"]).run();
    output.assert_code(1);
    for part in ["✓ server", "✗ token", "environment LOOM_TOKEN"] {
        assert!(output.stdout.contains(part), "{part}: {}", output.stdout);
    }
}

#[test]
fn the_doctor_says_that_there_is_no_key() {
    let user = CommandLine::new();
    let output = user.loom(["doctor"]).run();
    output.assert_code(1);
    assert!(output.stdout.contains("✗ providers"), "{}", output.stdout);
    assert!(
        output.stdout.contains("ANTHROPIC_API_KEY"),
        "{}",
        output.stdout
    );
}

#[test]
fn the_server_is_started_shown_and_stopped() {
    let user = CommandLine::new();
    let status = || user.loom(["server", "status", "--json"]).run().json();
    assert_eq!(status(), json!({"running": false}));
    user.loom(["server", "start"]).run().assert_success();
    let first = status();
    assert_eq!(first["running"], true);
    user.loom(["server", "start"]).run().assert_success();
    assert_eq!(status(), first);
    assert!(first.get("token").is_none(), "{first}");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(user.state_home().join("loom/server.json"))
            .unwrap()
            .permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    user.loom(["server", "stop"]).run().assert_success();
    assert_eq!(status(), json!({"running": false}));
    assert_eq!(user.processes(), [""; 0]);
}

#[test]
fn completions_are_made_for_every_shell() {
    let user = CommandLine::new();
    for shell in ["bash", "zsh", "fish"] {
        let output = user.loom(["completions", shell]).run();
        output.assert_success();
        assert!(output.stdout.contains("permission-mode"), "{shell}");
    }
}
