use serde_json::json;

use super::*;

fn read(value: Value) -> Result<ServerDefinition, String> {
    ServerDefinition::read(&value)
}

#[test]
fn a_program_is_read_as_other_clients_write_it() {
    let definition = read(json!({
        "type": "stdio",
        "command": "npx",
        "args": ["-y", "server"],
        "env": {"PORT": 80, "DEBUG": true, "NAME": "x"},
        "cwd": "sub",
        "autoApprove": ["everything"],
        "tools": {"allow": ["read_*"], "deny": ["read_all"]},
        "trustAnnotations": true,
        "timeout": 1500,
        "startupTimeout": 0,
    }));
    assert_eq!(
        definition,
        Ok(ServerDefinition {
            transport: TransportDefinition::Stdio {
                command: "npx".to_owned(),
                args: vec!["-y".to_owned(), "server".to_owned()],
                env: [("DEBUG", "true"), ("NAME", "x"), ("PORT", "80")]
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .into(),
                cwd: Some("sub".to_owned()),
            },
            disabled: false,
            tools: ToolFilter {
                allow: vec!["read_*".to_owned()],
                deny: vec!["read_all".to_owned()],
            },
            trust_annotations: true,
            startup_timeout: None,
            call_timeout: Some(Duration::from_millis(1500)),
        })
    );
}

#[test]
fn a_service_is_read_with_and_without_its_type() {
    let service = |url: &str| TransportDefinition::Http {
        url: url.to_owned(),
        headers: BTreeMap::new(),
        oauth: OAuthDefinition::default(),
    };
    for written in [
        json!({"url": "https://x.example"}),
        json!({"type": "http", "url": "https://x.example"}),
        json!({"type": "streamable-http", "serverUrl": "https://x.example"}),
        json!({"httpUrl": "https://x.example"}),
    ] {
        assert_eq!(
            read(written).unwrap().transport,
            service("https://x.example")
        );
    }
}

#[test]
fn what_makes_no_sense_is_explained() {
    let problem = |written: Value| read(written).unwrap_err();
    assert_eq!(problem(json!({})), "it has neither a `command` nor a `url`");
    assert_eq!(
        problem(json!({"command": " "})),
        "it has neither a `command` nor a `url`"
    );
    assert_eq!(
        problem(json!({"command": "x", "url": "https://x.example"})),
        "it has both a `command` and a `url`"
    );
    assert_eq!(
        problem(json!({"type": "stdio", "url": "x"})),
        "it has no `command`"
    );
    assert_eq!(
        problem(json!({"type": "http", "command": "x"})),
        "it has no `url`"
    );
    assert_eq!(
        problem(json!({"type": "carrier-pigeon", "command": "x"})),
        "`carrier-pigeon` is no transport; there are stdio and http"
    );
    assert!(problem(json!({"type": "sse", "url": "x"})).contains("streamable HTTP"));
    assert_eq!(
        problem(json!({"command": "x", "env": {"A": []}})),
        "`A` must be a text"
    );
    assert!(problem(json!({"command": "x", "tools": {"deny": ["[a"]}})).contains("[a"));
    assert!(problem(json!("x")).contains("invalid type"));
}

#[test]
fn a_filter_admits_what_is_allowed_and_not_denied() {
    let filter = |allow: &[&str], deny: &[&str]| ToolFilter {
        allow: allow.iter().map(ToString::to_string).collect(),
        deny: deny.iter().map(ToString::to_string).collect(),
    };
    assert!(filter(&[], &[]).admits("x"));
    assert!(filter(&["read_*"], &[]).admits("read_file"));
    assert!(!filter(&["read_*"], &[]).admits("write_file"));
    assert!(!filter(&["read_*"], &["*_all"]).admits("read_all"));
    assert!(!filter(&[], &["write"]).admits("write"));
    assert!(filter(&[], &["write"]).admits("write_file"));
}

#[test]
fn a_fingerprint_ignores_the_order_of_keys_and_nothing_else() {
    let one = Fingerprint::of(&json!({"command": "x", "env": {"a": "1", "b": "2"}}));
    let reordered = Fingerprint::of(&json!({"env": {"b": "2", "a": "1"}, "command": "x"}));
    assert_eq!(one, reordered);
    let other = Fingerprint::of(&json!({"command": "x", "env": {"a": "1", "b": "3"}}));
    assert_ne!(one, other);
    let more = Fingerprint::of(&json!({"command": "x", "env": {"a": "1", "b": "2"}, "args": []}));
    assert_ne!(one, more);
}

#[test]
fn a_summary_says_all_that_would_happen() {
    let cover = |text: &str| text.replace("s3cret", "****");
    let summary = |written: Value| read(written).unwrap().summary(cover);
    assert_eq!(
        summary(json!({
            "command": "npx", "args": ["-y", "x"], "cwd": "sub",
            "env": {"B": "s3cret", "A": "${A}"},
            "trustAnnotations": true, "startupTimeout": 90_000, "timeout": 1500,
            "tools": {"allow": ["read_*", "list"], "deny": ["read_all"]},
        })),
        [
            "runs: npx -y x",
            "in the folder sub",
            "with the variable A=${A}",
            "with the variable B=****",
            "offers only: read_*, list",
            "does not offer: read_all",
            "is believed which of its tools only read (trustAnnotations)",
            "has 90 s to start (startupTimeout)",
            "has 1.5 s to answer (timeout)",
        ]
    );
    assert_eq!(
        summary(json!({
            "url": "https://x.example?key=s3cret", "headers": {"X-Key": "${KEY}"},
            "oauth": {
                "clientId": "loom", "clientSecret": "${SECRET}", "scopes": ["read", "write"],
                "callbackPort": 8000,
            },
        })),
        [
            "connects to: https://x.example?key=****",
            "with the header X-Key: ${KEY}",
            "logs in as the client loom",
            "with the client secret ${SECRET}",
            "logs in for read, write",
            "logs in by way of the port 8000",
        ]
    );
    let literal = json!({"url": "https://x.example", "oauth": {"clientSecret": "hunter2"}});
    assert_eq!(
        summary(literal),
        ["connects to: https://x.example", "with a client secret"]
    );
    assert_eq!(summary(json!({"command": "x"})), ["runs: x"]);
}
