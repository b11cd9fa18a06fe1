//! `loom mcp`: servers of tools.

use std::fs;
use std::path::PathBuf;

use loom_testing::CommandLine;
use loom_testing::command_line::Output;
use serde_json::json;

/// The server that misbehaves on demand, and behaves otherwise.
const SERVER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../loom-cli-mcp/tests/servers/fake.mjs"
);

/// Returns the program that runs the server, wherever it is installed.
fn node() -> PathBuf {
    let path = std::env::vars_os().find(|(name, _)| name == "PATH");
    std::env::split_paths(&path.unwrap().1)
        .map(|folder| folder.join("node"))
        .find(|program| program.exists())
        .expect("node is installed")
}

/// Returns what was printed, with this machine's places replaced.
fn shown(user: &CommandLine, output: &Output) -> String {
    output
        .assert_success()
        .stdout
        .replace(user.home().to_str().unwrap(), "HOME")
        .replace(SERVER, "SERVER")
        .replace(node().to_str().unwrap(), "NODE")
}

fn add(user: &CommandLine, name: &str, options: &[&str]) -> Output {
    let node = node();
    let mut arguments = vec!["mcp", "add", name];
    arguments.extend(options);
    arguments.extend([node.to_str().unwrap(), SERVER, "many=2"]);
    user.loom(arguments).run()
}

#[test]
fn servers_are_added_listed_and_removed() {
    let user = CommandLine::new();
    let empty = user.loom(["mcp", "list"]).run();
    assert_eq!(empty.stdout, "no servers; `loom mcp add` adds one\n");
    assert_eq!(user.loom(["mcp", "list", "--json"]).run().json(), json!([]));

    let added = add(&user, "few", &["--env", "MODE=${MODE:-quiet}"]);
    assert_eq!(
        shown(&user, &added),
        "added few to HOME/.config/loom/mcp.json\n"
    );
    user.loom(["mcp", "add", "gone", "/no/such/program", "--flag"])
        .run()
        .assert_success();
    let again = add(&user, "few", &[]);
    again.assert_code(1);
    assert!(
        again.stderr.contains("hint: `loom mcp remove few`"),
        "{again}"
    );

    let list = user.loom(["mcp", "list"]).run();
    insta::assert_snapshot!("servers", shown(&user, &list));
    let list = user.loom(["mcp", "list", "--json"]).run().json();
    assert_eq!(list[0]["state"], "ready");
    assert_eq!(list[0]["tools"], 2);
    assert_eq!(list[1]["state"], "failed");

    let tools = user.loom(["mcp", "tools", "few"]).run();
    insta::assert_snapshot!("tools", shown(&user, &tools));
    let tools = user.loom(["mcp", "tools", "few", "--json"]).run().json();
    assert_eq!(
        tools[0]["input_schema"],
        json!({"type": "object", "properties": {}})
    );
    let gone = user.loom(["mcp", "tools", "gone"]).run();
    gone.assert_code(1);
    assert!(
        gone.stderr
            .contains("hint: `/no/such/program` cannot be started"),
        "{gone}"
    );

    let removed = user.loom(["mcp", "remove", "few"]).run();
    assert_eq!(
        shown(&user, &removed),
        "removed few from HOME/.config/loom/mcp.json\n"
    );
    let unknown = user.loom(["mcp", "remove", "few"]).run();
    unknown.assert_code(1);
    assert!(
        unknown
            .stderr
            .starts_with("error: there is no server `few`; there are: gone\n"),
        "{unknown}"
    );
}

#[test]
fn servers_of_a_project_start_only_when_they_are_trusted() {
    let user = CommandLine::new();
    let file = user.work().join(".mcp.json");
    let definition = json!({"mcpServers": {
        "theirs": {
            "command": node(),
            "args": [SERVER, "many=1", "\u{1b}[2J"],
            "env": {"KEY": "${KEY:-none}"},
        },
        "service": {"url": "https://example.com/mcp", "headers": {"X-Key": "${KEY}"}},
    }});
    fs::write(&file, definition.to_string()).unwrap();

    let waiting = user.loom(["mcp", "trust"]).run();
    insta::assert_snapshot!("untrusted", shown(&user, &waiting));
    let list = user.loom(["mcp", "list", "--json"]).run().json();
    assert_eq!(list[0]["state"], "untrusted");
    let login = user.loom(["mcp", "login", "service"]).run();
    login.assert_code(1);
    assert!(
        login.stderr.contains("hint: `loom mcp trust service` does"),
        "{login}"
    );

    let trusted = user.loom(["mcp", "trust", "theirs"]).run();
    assert_eq!(trusted.stdout, "trusted: theirs\n");
    let tools = user.loom(["mcp", "tools", "theirs"]).run();
    assert!(tools.stdout.starts_with("mcp__theirs__tool_0"), "{tools}");
    user.loom(["mcp", "trust", "--revoke", "theirs"])
        .run()
        .assert_success();
    let list = user.loom(["mcp", "list", "--json"]).run().json();
    assert_eq!(list[0]["state"], "untrusted");

    // Who adds a server to the project oneself is not asked.
    add(&user, "ours", &["--project"]).assert_success();
    let list = user.loom(["mcp", "list", "--json"]).run().json();
    assert_eq!(list[2]["state"], "ready");
}

#[test]
fn all_that_a_project_s_server_would_do_is_shown_before_it_is_trusted() {
    let user = CommandLine::new();
    let tools = user.work().join("tools");
    fs::create_dir(&tools).unwrap();
    fs::write(tools.join("mcp.py"), "").unwrap();
    // Put together here, so that no scanner takes it for one that leaked.
    let token = ["ghp_", "Zk3vQ9xLw2Rt7Yb5Nc8Md1Pf6Hs4Jg0AeUoI"].concat();
    let definition = json!({"mcpServers": {
        "program": {
            "command": "python3",
            "args": ["tools/mcp.py", "two\nlines"],
            "env": {"NODE_OPTIONS": "--require ./x.js", "TOKEN": token},
            "cwd": ".",
            "trustAnnotations": true,
            "timeout": 600_000,
        },
        "service": {
            "url": "https://example.com/mcp",
            "headers": {"Authorization": "Bearer ${GITHUB_TOKEN}", "X-Token": token},
        },
    }});
    fs::write(user.work().join(".mcp.json"), definition.to_string()).unwrap();
    let asked = user.loom(["trust"]).run();
    let stdout = asked.stdout.replace(user.home().to_str().unwrap(), "HOME");
    insta::assert_snapshot!("trust", stdout);
    let waiting = user.loom(["mcp", "trust"]).run();
    insta::assert_snapshot!("untrusted_in_full", shown(&user, &waiting));
}

#[test]
fn a_server_whose_file_has_changed_is_trusted_anew_or_not_at_all() {
    let user = CommandLine::new();
    let script = user.work().join("server.mjs");
    fs::copy(SERVER, &script).unwrap();
    let definition = json!({"mcpServers": {
        "theirs": {"command": node(), "args": ["server.mjs", "many=1"]},
    }});
    fs::write(user.work().join(".mcp.json"), definition.to_string()).unwrap();
    user.loom(["trust", "--yes"]).run().assert_success();
    let state = || user.loom(["mcp", "list", "--json"]).run().json()[0]["state"].clone();
    assert_eq!(state(), "ready");

    fs::write(&script, "// another").unwrap();
    assert_eq!(state(), "untrusted");
    let list = user.loom(["mcp", "list"]).run();
    insta::assert_snapshot!("changed", shown(&user, &list));
    let waiting = user.loom(["mcp", "trust"]).run();
    assert!(
        waiting
            .stdout
            .contains("server.mjs, which its definition names, has changed since you trusted it"),
        "{waiting}"
    );

    fs::copy(SERVER, &script).unwrap();
    assert_eq!(state(), "ready");
}

#[test]
fn what_makes_no_sense_is_code_2_or_explained() {
    let user = CommandLine::new();
    let usage = |arguments: &[&str]| {
        let output = user.loom(arguments).run();
        output.assert_code(2);
        output.stderr
    };
    usage(&["mcp"]);
    usage(&["mcp", "add", "name"]);
    assert!(
        usage(&["mcp", "add", "s", "https://example.com", "argument"])
            .contains("a service has no arguments")
    );
    assert!(
        usage(&["mcp", "add", "--header", "A: b", "p", "program"])
            .contains("a program has no headers")
    );
    assert!(
        usage(&["mcp", "add", "--env", "NAME", "p", "program"])
            .contains("`NAME` is not of the form NAME=VALUE")
    );
    add(&user, "own", &[]).assert_success();
    assert!(usage(&["mcp", "trust", "own"]).contains("is your own and needs no trust"));
    let login = user.loom(["mcp", "login", "own"]).run();
    login.assert_code(1);
    assert_eq!(
        login.stderr,
        "error: cannot log in to `own`: it is a program on this machine, which wants no login\n"
    );
    let logout = user.loom(["mcp", "logout", "nobody"]).run();
    logout.assert_code(1);
    assert!(
        logout.stderr.contains("there is no server `nobody`"),
        "{logout}"
    );
}

#[test]
fn a_broken_file_is_a_warning() {
    let user = CommandLine::new();
    add(&user, "own", &[]).assert_success();
    fs::write(user.work().join(".mcp.json"), "{").unwrap();
    let list = user.loom(["mcp", "list", "--json"]).run();
    assert_eq!(list.json()[0]["state"], "ready");
    assert!(
        list.stderr.starts_with("warning: ") && list.stderr.contains(".mcp.json is not JSON"),
        "{list}"
    );
}
