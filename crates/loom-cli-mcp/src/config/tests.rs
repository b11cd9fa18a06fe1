use std::fs;

use serde_json::json;
use tempfile::TempDir;

use super::*;

fn folder_with(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

fn load(folder: &TempDir) -> McpConfig {
    load_with(folder, &Environment::new())
}

fn load_with(folder: &TempDir, environment: &Environment) -> McpConfig {
    let workspace = folder.path().join("repository");
    let files = ConfigFiles::find(&folder.path().join("config"), &workspace);
    McpConfig::load(files, &workspace, environment)
}

fn names(config: &McpConfig) -> Vec<(&str, Scope)> {
    config
        .servers
        .iter()
        .map(|server| (server.name.as_str(), server.scope))
        .collect()
}

#[test]
fn the_project_s_file_is_the_nearest_one_up_to_the_root_of_the_repository() {
    let folder = folder_with(&[
        (".mcp.json", "{}"),
        ("repository/.git/HEAD", ""),
        ("repository/.mcp.json", "{}"),
        ("repository/a/b/c.txt", ""),
        ("outside/d/e.txt", ""),
    ]);
    let find = |workspace: &str| {
        let files = ConfigFiles::find(Path::new("/config"), &folder.path().join(workspace));
        files
            .project
            .strip_prefix(folder.path())
            .unwrap()
            .to_owned()
    };
    assert_eq!(find("repository/a/b"), Path::new("repository/.mcp.json"));
    assert_eq!(find("repository"), Path::new("repository/.mcp.json"));
    fs::write(folder.path().join("repository/a/.mcp.json"), "{}").unwrap();
    assert_eq!(find("repository/a/b"), Path::new("repository/a/.mcp.json"));
    // A folder above that is no repository may be anybody's.
    assert_eq!(find("outside/d"), Path::new("outside/d/.mcp.json"));
}

#[test]
fn servers_come_in_the_order_of_the_files_and_the_person_s_hide_the_project_s() {
    let folder = folder_with(&[
        (
            "config/mcp.json",
            r#"{"mcpServers": {"z": {"command": "z"}, "a": {"url": "https://a.example"}}}"#,
        ),
        (
            "repository/.mcp.json",
            r#"{"other": 1, "mcpServers": {"m": {"command": "m"}, "a": {"command": "evil"}}}"#,
        ),
    ]);
    let config = load(&folder);
    assert!(config.problems.is_empty(), "{:?}", config.problems);
    assert_eq!(
        names(&config),
        [
            ("z", Scope::User),
            ("a", Scope::User),
            ("m", Scope::Project)
        ]
    );
}

#[test]
fn one_broken_file_or_definition_leaves_the_others() {
    let folder = folder_with(&[
        ("config/mcp.json", r#"{"mcpServers": {"a": {"command": "#),
        (
            "repository/.mcp.json",
            r#"{"mcpServers": {"broken": {"args": 7}, "whole": {"command": "w"}}}"#,
        ),
    ]);
    let config = load(&folder);
    let problem = config.problems[0].to_string();
    assert!(
        problem.contains("config/mcp.json is not JSON: EOF while parsing"),
        "{problem}"
    );
    assert_eq!(config.problems.len(), 1);
    assert_eq!(
        config.server("broken").unwrap().definition,
        Err("invalid type: integer `7`, expected a sequence".to_owned())
    );
    assert!(config.server("whole").unwrap().definition.is_ok());
    assert_eq!(
        config.server("absent").unwrap_err().to_string(),
        "there is no server `absent`; there are: broken, whole"
    );
}

#[test]
fn missing_and_empty_files_define_nothing() {
    let folder = folder_with(&[("repository/.mcp.json", " \n")]);
    let config = load(&folder);
    assert!(config.servers.is_empty() && config.problems.is_empty());
    assert_eq!(
        config.server("x").unwrap_err().to_string(),
        "there is no server `x`; none is configured"
    );
}

fn process(command: &str) -> TransportDefinition {
    TransportDefinition::Stdio {
        command: command.to_owned(),
        args: vec!["-y".to_owned()],
        env: [("KEY".to_owned(), "${KEY}".to_owned())].into(),
        cwd: None,
    }
}

#[test]
fn adding_and_removing_leaves_the_rest_of_the_file() {
    let folder = folder_with(&[(
        "config/mcp.json",
        r#"{"inputs": [1], "mcpServers": {"z": {"command": "z", "x": 1}, "a": {"command": "a"}}}"#,
    )]);
    let files = load(&folder).files;
    files.add(Scope::User, "new", &process("npx")).unwrap();
    files.remove(Scope::User, "z").unwrap();
    let written: Value = serde_json::from_slice(&fs::read(&files.user).unwrap()).unwrap();
    assert_eq!(
        written,
        json!({
            "inputs": [1],
            "mcpServers": {
                "a": {"command": "a"},
                "new": {"command": "npx", "args": ["-y"], "env": {"KEY": "${KEY}"}},
            },
        })
    );
    let read = load(&folder);
    let definition = read.server("new").unwrap().definition.clone().unwrap();
    assert_eq!(definition.transport, process("npx"));
}

#[test]
fn adding_makes_the_file_and_its_folder() {
    let folder = folder_with(&[]);
    let files = load(&folder).files;
    let service = TransportDefinition::Http {
        url: "https://example.com/mcp".to_owned(),
        headers: Default::default(),
        oauth: OAuthDefinition::default(),
    };
    files.add(Scope::User, "service", &service).unwrap();
    assert_eq!(
        fs::read_to_string(&files.user).unwrap(),
        "{\n  \"mcpServers\": {\n    \"service\": {\n      \"type\": \"http\",\n      \
         \"url\": \"https://example.com/mcp\"\n    }\n  }\n}\n"
    );
}

#[test]
fn what_cannot_be_added_or_removed_changes_nothing() {
    let before = r#"{"mcpServers": {"a": {"command": "a"}}}"#;
    let folder = folder_with(&[("config/mcp.json", before), ("repository/.mcp.json", "[]")]);
    let files = load(&folder).files;
    let exists = files.add(Scope::User, "a", &process("b")).unwrap_err();
    assert!(matches!(exists, McpError::Exists { .. }), "{exists}");
    let name = files.add(Scope::User, "a b", &process("b")).unwrap_err();
    assert_eq!(
        name.to_string(),
        "the server `a b` cannot be used: a name has letters, digits, `-`, `_` and `.` only"
    );
    let unknown = files.remove(Scope::User, "b").unwrap_err();
    assert!(
        matches!(unknown, McpError::UnknownServer { .. }),
        "{unknown}"
    );
    let malformed = files.add(Scope::Project, "x", &process("x")).unwrap_err();
    assert!(
        matches!(malformed, McpError::Malformed { .. }),
        "{malformed}"
    );
    assert_eq!(fs::read_to_string(&files.user).unwrap(), before);
    assert_eq!(fs::read_to_string(&files.project).unwrap(), "[]");
}

#[test]
fn files_of_the_project_that_a_definition_names_are_pinned() {
    let folder = folder_with(&[("repository/tools/mcp.py", ""), ("elsewhere/other.py", "")]);
    let pinned = |definition: Value| -> Vec<String> {
        let file = folder.path().join("repository/.mcp.json");
        let servers = json!({"mcpServers": {"s": definition}});
        fs::write(&file, servers.to_string()).unwrap();
        let repository = folder.path().join("repository");
        let variables = [
            (
                "PATH",
                format!("/usr/bin:{}/.venv/bin", repository.display()),
            ),
            ("TOOLS", "tools".to_owned()),
        ];
        let config = load_with(&folder, &variables.into_iter().collect());
        let pins = config.server("s").unwrap().pins.clone().unwrap();
        let inside = |pin: &Pin| pin.path().strip_prefix(&repository).unwrap().to_owned();
        pins.iter()
            .map(|pin| inside(pin).display().to_string())
            .collect()
    };
    assert_eq!(
        pinned(json!({"command": "/usr/bin/python3", "args": ["tools/mcp.py"]})),
        ["tools/mcp.py"]
    );
    assert_eq!(
        pinned(
            json!({"command": "./mcp.py", "args": ["${CLAUDE_PROJECT_DIR:-.}/b"], "cwd": "${TOOLS}"})
        ),
        ["tools/b", "tools/mcp.py"]
    );
    assert_eq!(pinned(json!({"command": "serve"})), [".venv/bin/serve"]);
    assert_eq!(
        pinned(json!({
            "command": "/bin/sh",
            "args": ["--rc=a", "exec 'b c'"],
            "env": {"NODE_OPTIONS": "--require ./x.js", "LD_PRELOAD": "/lib/y.so:./y.so"},
        })),
        [
            "--rc",
            "--rc=a",
            "--require",
            "--require ./x.js",
            "a",
            "b",
            "b c",
            "c",
            "exec",
            "exec 'b c'",
            "x.js",
            "y.so",
        ]
    );
    let outside = format!("{}/elsewhere/other.py", folder.path().display());
    assert_eq!(
        pinned(json!({"command": "/usr/bin/python3", "args": [outside, "../elsewhere/other.py"]})),
        [""; 0]
    );
    assert_eq!(
        pinned(json!({"url": "https://x.example/tools/mcp.py"})),
        [""; 0]
    );
}

#[test]
fn the_person_s_own_servers_name_what_they_like() {
    let folder = folder_with(&[
        (
            "config/mcp.json",
            r#"{"mcpServers": {"a": {"command": "./a", "args": ["b"]}}}"#,
        ),
        ("repository/a", ""),
    ]);
    assert_eq!(load(&folder).server("a").unwrap().pins, Ok(Vec::new()));
}
