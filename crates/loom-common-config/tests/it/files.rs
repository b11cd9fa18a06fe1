//! Files that are missing, broken, or set what does not exist.

use std::fs;

use loom_common_config::{ConfigFile, Error, Sources, resolve};
use proptest::prelude::*;

use crate::example::{Config, Folder, KEYS, from_file};

/// What is wrong with a file of this text, with its hint.
fn complaint(text: &str) -> String {
    let folder = Folder::new();
    let error = from_file(&folder.write("config.toml", text)).unwrap_err();
    let hint = error
        .hint()
        .map(|hint| format!(" ({hint})"))
        .unwrap_or_default();
    folder.strip(error) + &hint
}

#[test]
fn an_unknown_key_is_refused_with_its_place_and_the_likely_one() {
    assert_eq!(
        complaint("[server]\nprot = 1\n"),
        "config.toml:2:1: unknown key `server.prot` (did you mean `server.port`?)"
    );
    assert_eq!(
        complaint("\n  port = 1\n"),
        "config.toml:2:3: unknown key `port` (did you mean `server.port`?)"
    );
    assert_eq!(
        complaint("[sever]\nport = 1\n"),
        "config.toml:1:2: unknown key `sever` (did you mean `server`?)"
    );
    assert_eq!(
        complaint("server = { colour = 'red' }"),
        "config.toml:1:12: unknown key `server.colour`"
    );
}

#[test]
fn a_value_of_the_wrong_type_is_refused_with_its_place() {
    let cases = [
        (
            "server.port = '80'",
            "1:15: `server.port` must be a whole number from 0 to 65535, not \"80\"",
        ),
        (
            "server.port = 80.5",
            "1:15: `server.port` must be a whole number from 0 to 65535, not 80.5",
        ),
        (
            "server.keep = 1",
            "1:15: `server.keep` must be true or false, not 1",
        ),
        (
            "tags = 'a,b'",
            "1:8: `tags` must be a list, each item a string, not \"a,b\"",
        ),
        (
            "tags = ['a', 1]",
            "1:8: `tags` must be a list, each item a string, not a list",
        ),
        ("ratio = nan", "1:9: `ratio` must be a number, not \"nan\""),
        (
            "server = 'ä'",
            "1:10: `server` must be a table, not a string",
        ),
        (
            "mode.x = 1",
            "1:1: `mode` must be one of fast, slow, not a table",
        ),
        (
            "server.limit = 99999999999999999999",
            "1:16: `server.limit` must be a whole number from 1 to 4294967295, not \
             \"99999999999999999999\"",
        ),
    ];
    for (text, message) in cases {
        assert_eq!(complaint(text), format!("config.toml:{message}"));
    }
}

#[test]
fn columns_count_characters() {
    assert_eq!(
        complaint("tags = ['äöü']; x"),
        "config.toml:1:15: not valid TOML: unexpected key or value, expected newline, `#`"
    );
}

#[test]
fn text_that_is_not_toml_is_refused_with_its_place() {
    assert!(complaint("[server\nport = 1").starts_with("config.toml:1:8: not valid TOML: "));
    assert!(
        complaint("mode = 'slow'\nmode = 'fast'").starts_with("config.toml:2:1: not valid TOML")
    );
    assert!(complaint("mode = ").starts_with("config.toml:1:8: not valid TOML: "));
}

#[test]
fn a_file_that_was_asked_for_must_be_readable() {
    let folder = Folder::new();
    let missing = folder.path().join("missing.toml");
    let error = from_file(&missing).unwrap_err();
    assert!(
        matches!(&error, Error::ReadFile { path, .. } if *path == missing),
        "{error:?}"
    );
    assert!(
        folder
            .strip(error)
            .starts_with("cannot read the configuration file missing.toml: ")
    );

    let error = from_file(folder.path()).unwrap_err();
    assert!(matches!(error, Error::ReadFile { .. }), "{error:?}");

    let binary = folder.path().join("binary.toml");
    fs::write(&binary, [0xff, 0xfe]).unwrap();
    assert!(matches!(
        from_file(&binary).unwrap_err(),
        Error::ReadFile { .. }
    ));
}

#[test]
fn a_file_in_its_usual_place_may_be_missing_but_not_broken() {
    let folder = Folder::new();
    let load = |path| {
        let files = [ConfigFile::optional(path)];
        resolve::<Config>(
            KEYS,
            &Sources {
                files: &files,
                ..Sources::default()
            },
        )
    };
    assert_eq!(
        load(folder.path().join("missing.toml"))
            .unwrap()
            .value
            .server
            .port,
        80
    );
    assert_eq!(
        load(folder.path().join("no/such/folder.toml"))
            .unwrap()
            .value
            .server
            .port,
        80
    );
    assert!(matches!(
        load(folder.path().to_owned()),
        Err(Error::ReadFile { .. })
    ));
    assert!(matches!(
        load(folder.write("bad.toml", "=")),
        Err(Error::Syntax { .. })
    ));
}

#[test]
fn an_empty_file_sets_nothing() {
    let folder = Folder::new();
    for text in ["", "\u{feff}", "# only a comment\n", "[server]\n"] {
        assert_eq!(
            from_file(&folder.write("c.toml", text))
                .unwrap()
                .value
                .server
                .port,
            80
        );
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[a-z0-9=.'\"\\[\\]{}\n #_,é-]{0,60}") {
        let folder = Folder::new();
        drop(from_file(&folder.write("c.toml", &text)));
        drop(from_file(&folder.write("c.toml", &format!("[server]\nport = {text}"))));
    }
}
