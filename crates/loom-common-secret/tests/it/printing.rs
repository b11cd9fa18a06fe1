use loom_common_secret::{Secret, SecretString};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
struct Credentials {
    user: String,
    token: SecretString,
    spare: Option<Secret<Vec<u8>>>,
}

fn credentials() -> Credentials {
    Credentials {
        user: "ada".to_owned(),
        token: "hunter2".to_owned().into(),
        spare: Some(Secret::new(b"hunter3".to_vec())),
    }
}

#[test]
fn debug_and_display_write_the_placeholder_in_every_form() {
    let token = credentials().token;
    assert_eq!(format!("{token}|{token:>12}|{token:?}|{token:#?}"), {
        "[REDACTED]|[REDACTED]|[REDACTED]|[REDACTED]"
    });
    assert_eq!(
        format!("{:?}", credentials()),
        r#"Credentials { user: "ada", token: [REDACTED], spare: Some([REDACTED]) }"#
    );
}

#[test]
fn serialized_data_has_the_placeholder() {
    assert_eq!(
        serde_json::to_string(&credentials()).unwrap(),
        r#"{"user":"ada","token":"[REDACTED]","spare":"[REDACTED]"}"#
    );
}

#[test]
fn the_schema_is_that_of_the_value_and_write_only() {
    let schema = schemars::schema_for!(SecretString);
    let value = serde_json::to_value(&schema).unwrap();
    assert_eq!(value["type"], "string");
    assert_eq!(value["writeOnly"], true);
}
