//! A secret reaches the program, and nobody else.

use std::fs;

use loom_common_config::{Arguments, Error, Origin, Resolved};

use crate::example::{Config, Folder, environment, from_arguments, from_environment, from_file};

const SECRET: &str = "hunter2";

fn token(resolved: &Resolved<Config>) -> Option<&str> {
    resolved
        .value
        .server
        .token
        .as_ref()
        .map(|token| token.expose().as_str())
}

#[test]
fn a_variable_can_name_a_file_with_the_value() {
    let folder = Folder::new();
    let path = folder.write("token", "\n  hunter2 \r\n");
    for variable in ["APP_TOKEN_FILE", "TOKEN_FILE"] {
        let resolved = from_environment(&[(variable, path.to_str().unwrap())]).unwrap();
        assert_eq!(token(&resolved), Some(SECRET));
        let origin = Origin::Environment {
            variable: variable.to_owned(),
        };
        assert_eq!(*resolved.origin("server.token"), origin);
    }
}

#[test]
fn a_name_that_comes_first_wins_in_either_form() {
    let folder = Folder::new();
    let path = folder.write("token", "from file");
    let path = path.to_str().unwrap();
    let resolved = from_environment(&[("APP_TOKEN_FILE", path), ("TOKEN", "fallback")]).unwrap();
    assert_eq!(token(&resolved), Some("from file"));
    let resolved = from_environment(&[("APP_TOKEN", "first"), ("TOKEN_FILE", path)]).unwrap();
    assert_eq!(token(&resolved), Some("first"));
}

#[test]
fn setting_a_variable_and_its_file_is_refused() {
    let variables = [("APP_TOKEN", SECRET), ("APP_TOKEN_FILE", "/run/token")];
    let error = from_environment(&variables).unwrap_err();
    assert_eq!(
        error.to_string(),
        "APP_TOKEN and APP_TOKEN_FILE are both set"
    );
    assert_eq!(
        error.hint().as_deref(),
        Some("unset APP_TOKEN or APP_TOKEN_FILE")
    );
    // An empty one is not set.
    let resolved = from_environment(&[("APP_TOKEN", SECRET), ("APP_TOKEN_FILE", "")]).unwrap();
    assert_eq!(token(&resolved), Some(SECRET));
}

#[test]
fn only_keys_that_say_so_are_read_from_a_named_file() {
    let resolved = from_environment(&[("APP_PORT_FILE", "/no/such/file")]).unwrap();
    assert_eq!(resolved.value.server.port, 80);
}

#[test]
fn a_named_file_must_hold_a_value() {
    let folder = Folder::new();
    let load = |path: &str| from_environment(&[("TOKEN_FILE", path)]).unwrap_err();

    let error = load(folder.write("empty", " \n").to_str().unwrap());
    assert_eq!(
        folder.strip(&error),
        "empty, which TOKEN_FILE names, is empty"
    );
    assert_eq!(
        error.hint().unwrap(),
        "write the value to the file, or unset TOKEN_FILE"
    );

    let error = folder.strip(load(folder.path().join("missing").to_str().unwrap()));
    assert!(
        error.starts_with("cannot read missing, which TOKEN_FILE names: "),
        "{error}"
    );

    let error = folder.strip(load(
        folder.write("long", &"x".repeat(65_537)).to_str().unwrap(),
    ));
    assert_eq!(
        error,
        "cannot read long, which TOKEN_FILE names: longer than 64 KiB"
    );

    fs::write(folder.path().join("binary"), [0xff]).unwrap();
    let error = load(folder.path().join("binary").to_str().unwrap());
    assert!(matches!(error, Error::ReadValueFile { .. }), "{error:?}");
}

#[test]
fn an_empty_secret_is_refused_instead_of_failing_later() {
    let folder = Folder::new();
    let path = folder.write("config.toml", "server.token = ''");
    let error = folder.strip(from_file(&path).unwrap_err());
    assert_eq!(
        error,
        "config.toml:1:16: `server.token` is not usable: it is empty"
    );
    let error = from_arguments(&Arguments::new().with("--token", Some(" "))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "argument --token: `server.token` is not usable: it is empty"
    );
}

#[test]
fn it_is_listed_as_redacted() {
    let resolved = from_environment(&[("APP_TOKEN", SECRET)]).unwrap();
    let rows = resolved.rows();
    let row = rows.iter().find(|row| row.key == "server.token").unwrap();
    assert_eq!(row.value, "[REDACTED]");
    assert!(!format!("{resolved:?}{rows:?}").contains(SECRET));
}

#[test]
fn no_error_repeats_it() {
    let folder = Folder::new();
    let files = [
        "server.token = hunter2",
        "server.token = 'hunter2",
        "server.token = \"hunter2\\q\"",
        "server.token = 'a'\nserver.token = 'hunter2'",
        "server.token = ['hunter2']",
        "server.token = { hunter2 = 1 }",
        "server.token = 'hunter2' x",
        "server.token = '''hunter2",
        "server.peer = 'https://ada:hunter2@peer.example'",
        "server.peer = 'https://ada:hunter2@peer example'",
        "server.peer = 'https://peer.example?key=hunter2'",
    ];
    for text in files {
        let error = from_file(&folder.write("config.toml", text)).unwrap_err();
        let shown = format!("{error} {error:?} {:?}", error.hint());
        assert!(!shown.contains(SECRET), "{shown}");
        assert!(!shown.contains("hunter"), "{shown}");
    }
}

#[test]
fn a_secret_number_in_a_file_is_refused_without_showing_it() {
    let folder = Folder::new();
    let path = folder.write("config.toml", "server.token = 12345678");
    let error = folder.strip(from_file(&path).unwrap_err());
    assert_eq!(
        error,
        "config.toml:1:16: `server.token` must be a string, not a number"
    );
}

#[test]
fn layers_do_not_print_their_values() {
    let environment = environment(&[("APP_TOKEN", SECRET)]);
    let arguments = Arguments::new().with("--token", Some(SECRET));
    assert_eq!(
        format!("{environment:?} {arguments:?}"),
        r#"{"APP_TOKEN"} {"--token"}"#
    );
}
