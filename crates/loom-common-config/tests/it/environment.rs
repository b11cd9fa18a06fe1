use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use loom_common_config::{Environment, Sources, resolve};

use crate::example::{Config, KEYS, environment};

#[test]
fn an_empty_variable_is_as_good_as_none() {
    let environment = environment(&[("EMPTY", ""), ("SET", "x")]);
    assert_eq!(environment.text("EMPTY").unwrap(), None);
    assert_eq!(environment.text("MISSING").unwrap(), None);
    assert_eq!(environment.text("SET").unwrap(), Some("x"));
}

#[test]
fn a_later_variable_of_the_same_name_wins() {
    assert_eq!(
        environment(&[("A", "1"), ("A", "2")]),
        environment(&[("A", "2")])
    );
}

#[test]
fn bytes_that_are_not_text_are_refused_only_where_text_is_needed() {
    let bytes = OsString::from_vec(vec![0xff]);
    let environment: Environment = [("APP_PEER", bytes.clone()), ("OTHER", bytes)]
        .into_iter()
        .collect();
    let sources = Sources {
        environment: &environment,
        ..Sources::default()
    };
    let error = resolve::<Config>(KEYS, &sources).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the environment variable APP_PEER is not valid UTF-8"
    );
    assert!(environment.get("OTHER").is_some());
}

#[test]
fn the_process_has_one() {
    // Cargo sets this for every test.
    let environment = Environment::from_process();
    assert_eq!(
        environment.text("CARGO_PKG_NAME").unwrap(),
        Some(env!("CARGO_PKG_NAME"))
    );
}
