//! Which layer wins, and that its name is kept.

use std::path::PathBuf;

use loom_common_config::{Arguments, ConfigFile, Origin, Row, Sources, resolve};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::example::{
    Config, Folder, KEYS, Mode, environment, from_arguments, from_environment, from_file,
};

/// The layers that a test sets one key in, from the lowest up.
const LAYERS: usize = 5;

proptest! {
    #[test]
    fn the_highest_layer_that_sets_a_key_wins(
        port in prop::array::uniform::<_, LAYERS>(prop::option::of(1..u16::MAX)),
        token in prop::array::uniform::<_, LAYERS>(prop::option::of("[a-z]{1,8}")),
    ) {
        let folder = Folder::new();
        let file = |layer: usize| {
            let port = port[layer].map(|port| format!("server.port = {port}\n"));
            let token = token[layer].as_ref().map(|token| format!("server.token = '{token}'\n"));
            let text = port.unwrap_or_default() + &token.unwrap_or_default();
            folder.write(&format!("{layer}.toml"), &text)
        };
        let files = [ConfigFile::required(file(0)), ConfigFile::required(file(1))];
        // The second name of a key is a fallback for its first. An unset variable may be empty.
        let variable = |value: Option<String>| value.unwrap_or_default();
        let environment = environment(&[
            ("PORT", &variable(port[2].map(|port| port.to_string()))),
            ("APP_PORT", &variable(port[3].map(|port| port.to_string()))),
            ("TOKEN", &variable(token[2].clone())),
            ("APP_TOKEN", &variable(token[3].clone())),
        ]);
        let arguments =
            Arguments::new().with("--port", port[4]).with("--token", token[4].as_ref());
        let sources =
            Sources { files: &files, environment: &environment, arguments: &arguments };
        let resolved = resolve::<Config>(KEYS, &sources).unwrap();

        let expected_port = port.iter().flatten().last().copied().unwrap_or(80);
        prop_assert_eq!(resolved.value.server.port, expected_port);
        let expected_token = token.iter().flatten().last().map(String::as_str);
        let actual = resolved.value.server.token.as_ref().map(|token| token.expose().as_str());
        prop_assert_eq!(actual, expected_token);

        let origin = |name: &str, flag, highest: Option<usize>, line| match highest {
            None => Origin::Default,
            Some(4) => Origin::Argument { flag },
            Some(3) => Origin::Environment { variable: format!("APP_{name}") },
            Some(2) => Origin::Environment { variable: name.to_owned() },
            Some(layer) => {
                let path = folder.path().join(format!("{layer}.toml"));
                Origin::File { path, line, column: name.len() + "server. = ".len() + 1 }
            }
        };
        let highest = port.iter().rposition(Option::is_some);
        prop_assert_eq!(resolved.origin("server.port"), &origin("PORT", "--port", highest, 1));
        let highest = token.iter().rposition(Option::is_some);
        let line = highest.map_or(1, |layer| if port[layer].is_some() { 2 } else { 1 });
        prop_assert_eq!(resolved.origin("server.token"), &origin("TOKEN", "--token", highest, line));
        prop_assert_eq!(resolved.origin("mode"), &Origin::Default);
    }
}

#[test]
fn nothing_set_gives_the_defaults() {
    let resolved = resolve::<Config>(KEYS, &Sources::default()).unwrap();
    let row = |key, value| Row {
        key,
        value,
        origin: Origin::Default,
    };
    let expected = [
        row("server.port", json!(80)),
        row("server.limit", Value::Null),
        row("server.keep", json!(true)),
        row("server.peer", Value::Null),
        row("server.token", Value::Null),
        row("server.folder", Value::Null),
        row("tags", json!([])),
        row("mode", json!("slow")),
        row("ratio", json!(0.0)),
    ];
    assert_eq!(resolved.rows(), expected);
}

#[test]
fn all_types_are_read_from_a_file() {
    let folder = Folder::new();
    let path = folder.write(
        "config.toml",
        "tags = ['a', 'b']\nmode = 'fast'\nratio = 1\n\n[server]\nport = 0x1F90\nlimit = 1_000\n\
         keep = false\npeer = 'https://peer.example/'\ntoken = 'hunter2'\nfolder = '/srv'\n",
    );
    let resolved = from_file(&path).unwrap();
    let row = |key, value, line, column| {
        let origin = Origin::File {
            path: path.clone(),
            line,
            column,
        };
        Row { key, value, origin }
    };
    let expected = [
        row("server.port", json!(8080), 6, 8),
        row("server.limit", json!(1000), 7, 9),
        row("server.keep", json!(false), 8, 8),
        row("server.peer", json!("https://peer.example"), 9, 8),
        row("server.token", json!("[REDACTED]"), 10, 9),
        row("server.folder", json!("/srv"), 11, 10),
        row("tags", json!(["a", "b"]), 1, 8),
        row("mode", json!("fast"), 2, 8),
        row("ratio", json!(1.0), 3, 9),
    ];
    assert_eq!(resolved.rows(), expected);
    assert_eq!(resolved.value.server.token.unwrap().expose(), "hunter2");
}

#[test]
fn text_is_read_as_the_type_of_its_key() {
    let config = from_environment(&[
        ("APP_PORT", " 8080 "),
        ("APP_LIMIT", "5"),
        ("APP_KEEP", "Off"),
        ("APP_PEER", "http://localhost:1234"),
        ("APP_FOLDER", " with spaces "),
        ("APP_TAGS", "a, b c ,,d"),
        ("APP_MODE", "fast"),
        ("APP_RATIO", "0.25"),
    ])
    .unwrap()
    .value;
    assert_eq!(config.server.port, 8080);
    assert_eq!(config.server.limit, Some(5));
    assert!(!config.server.keep);
    assert_eq!(
        config.server.peer.unwrap().as_str(),
        "http://localhost:1234"
    );
    assert_eq!(config.server.folder, Some(PathBuf::from(" with spaces ")));
    assert_eq!(config.tags, ["a", "b c", "d"]);
    assert_eq!(config.mode, Mode::Fast);
    assert_eq!(config.ratio, 0.25);
}

#[test]
fn text_of_another_type_is_refused_with_its_origin() {
    let cases = [
        (
            "APP_PORT",
            "65536",
            "`server.port` must be a whole number from 0 to 65535, not \"65536\"",
        ),
        (
            "APP_PORT",
            "-1",
            "`server.port` must be a whole number from 0 to 65535, not \"-1\"",
        ),
        (
            "APP_LIMIT",
            "0",
            "`server.limit` must be a whole number from 1 to 4294967295, not \"0\"",
        ),
        (
            "APP_KEEP",
            "maybe",
            "`server.keep` must be true or false, not \"maybe\"",
        ),
        (
            "APP_MODE",
            "Fast",
            "`mode` must be one of fast, slow, not \"Fast\"",
        ),
        (
            "APP_RATIO",
            "half",
            "`ratio` must be a number, not \"half\"",
        ),
        (
            "APP_PEER",
            "localhost:80",
            "`server.peer` is not usable: an address must start with http:// or https://, not \
             localhost:",
        ),
    ];
    for (variable, text, message) in cases {
        let error = from_environment(&[(variable, text)]).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("environment {variable}: {message}")
        );
    }
    let error = from_arguments(&Arguments::new().with("--mode", Some("x"))).unwrap_err();
    let message = "argument --mode: `mode` must be one of fast, slow, not \"x\"";
    assert_eq!(error.to_string(), message);
}

#[test]
fn a_refused_value_is_told_from_the_good_ones_around_it() {
    let variables = [
        ("APP_PORT", "1"),
        ("APP_PEER", "ftp://peer.example"),
        ("APP_FOLDER", "/srv"),
    ];
    let error = from_environment(&variables).unwrap_err().to_string();
    assert!(
        error.starts_with("environment APP_PEER: `server.peer` is not usable: "),
        "{error}"
    );
}

#[test]
fn a_later_value_of_the_same_argument_wins() {
    let arguments = Arguments::new()
        .with("--port", Some(1))
        .with("--port", Some(2))
        .with("--port", None::<u16>)
        .with("--tags", Some("a,b"));
    let config = from_arguments(&arguments).unwrap().value;
    assert_eq!(
        (config.server.port, config.tags),
        (2, vec!["a".to_owned(), "b".to_owned()])
    );
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".{0,40}") {
        for key in ["APP_PORT", "APP_KEEP", "APP_PEER", "APP_TAGS", "APP_MODE", "APP_RATIO"] {
            drop(from_environment(&[(key, &text)]));
        }
    }
}
