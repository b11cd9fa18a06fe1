use proptest::prelude::*;
use serde_json::json;

use super::*;

fn field(kind: Value) -> FormField {
    let mut field = json!({"name": "it"});
    let (field_map, Value::Object(kind)) = (field.as_object_mut().unwrap(), kind) else {
        unreachable!("a kind is an object");
    };
    field_map.extend(kind);
    serde_json::from_value(field).unwrap()
}

fn colors(kind: &str) -> Value {
    json!({"type": kind, "options": [
        {"value": "r", "label": "Red"},
        {"value": "b", "label": "Dark blue"},
    ]})
}

#[test]
fn what_is_typed_becomes_the_value_that_the_field_wants() {
    let cases = [
        (json!({"type": "text"}), " Ada ", json!("Ada")),
        (json!({"type": "number"}), "2.5", json!(2.5)),
        (json!({"type": "number", "whole": true}), "7", json!(7)),
        (json!({"type": "boolean"}), "Y", json!(true)),
        (json!({"type": "boolean"}), "no", json!(false)),
        (colors("choice"), "2", json!("b")),
        (colors("choice"), "r", json!("r")),
        (colors("choice"), "dark BLUE", json!("b")),
        (colors("choices"), "2 1", json!(["b", "r"])),
        (colors("choices"), "dark blue, red", json!(["b", "r"])),
        (
            json!({"type": "text", "format": "date-time"}),
            "2026-03-01T12:00:00.5+01:00",
            json!("2026-03-01T12:00:00.5+01:00"),
        ),
    ];
    for (kind, typed, expected) in cases {
        assert_eq!(field(kind).read(typed), Ok(Some(expected)), "{typed}");
    }
}

#[test]
fn what_does_not_fit_is_answered_with_what_would() {
    let cases = [
        (
            json!({"type": "text", "min_length": 3, "max_length": 5}),
            "ab",
            "a text, 3 to 5 characters",
        ),
        (
            json!({"type": "text", "format": "email"}),
            "ada",
            "an e-mail address",
        ),
        (
            json!({"type": "text", "format": "uri"}),
            "example",
            "an address such as https://example.com",
        ),
        (
            json!({"type": "text", "format": "date"}),
            "2026-02-29",
            "a day such as 2026-03-01",
        ),
        (
            json!({"type": "text", "format": "date-time"}),
            "2026-03-01",
            "a time such as 2026-03-01T12:00:00Z",
        ),
        (
            json!({"type": "number", "whole": true, "minimum": 1.0, "maximum": 9.0}),
            "2.5",
            "a whole number, 1 to 9",
        ),
        (
            json!({"type": "number", "maximum": 9.0}),
            "10",
            "a number, 9 at most",
        ),
        (json!({"type": "boolean"}), "perhaps", "yes or no"),
        (colors("choice"), "3", "a number from 1 to 2"),
        (colors("choices"), "1 1", "numbers from 1 to 2"),
    ];
    for (kind, typed, wanted) in cases {
        assert_eq!(field(kind).read(typed), Err(wanted.to_owned()), "{typed}");
    }
}

#[test]
fn a_program_is_told_the_values_and_not_what_a_person_would_type() {
    let many: Vec<Value> = (1..=22)
        .map(|number| json!({"value": format!("v{number}"), "label": "L"}))
        .collect();
    let first: Vec<String> = (1..=20).map(|number| format!("\"v{number}\"")).collect();
    let mut some = colors("choices");
    some["min_items"] = json!(1);
    let cases = [
        (colors("choice"), json!(1), "one of \"r\", \"b\"".to_owned()),
        (
            some,
            json!(["r", 2]),
            "an array, each at most once, of \"r\", \"b\", 1 of them at least".to_owned(),
        ),
        (
            json!({"type": "choice", "options": many}),
            json!("x"),
            format!("one of {} and 2 more", first.join(", ")),
        ),
        (
            json!({"type": "boolean"}),
            json!("yes"),
            "true or false".to_owned(),
        ),
        (
            json!({"type": "number", "maximum": 9.0}),
            json!(10),
            "a number, 9 at most".to_owned(),
        ),
    ];
    for (kind, value, wanted) in cases {
        assert_eq!(field(kind).check(&value), Err(wanted), "{value}");
    }
}

#[test]
fn dates_and_times_are_those_of_rfc_3339() {
    let fits = |format: &str, text: &str| {
        let field = field(json!({"type": "text", "format": format}));
        field.check(&json!(text)).is_ok()
    };
    for date in ["2026-03-01", "2024-02-29", "0000-01-01", "9999-12-31"] {
        assert!(fits("date", date), "{date}");
    }
    for no_date in [
        "2026-02-29",
        "1900-02-29",
        "2026-13-01",
        "2026-00-01",
        "2026-04-31",
        "2026-3-1",
        "20260301",
        "+002026-03-01",
        "2026-03-01T12:00:00Z",
        "2026-03-01[UTC]",
        "２026-03-01",
    ] {
        assert!(!fits("date", no_date), "{no_date}");
    }
    for time in [
        "2026-03-01T12:00:00Z",
        "2026-03-01t12:00:00z",
        "2026-03-01 12:00:00Z",
        "2026-03-01T12:00:00.123456789Z",
        "2026-03-01T12:00:00.5+01:00",
        "2026-03-01T12:00:00-00:00",
        "2026-03-01T12:00:00+23:59",
        "2016-12-31T23:59:60Z",
        "9999-12-31T23:59:59-01:00",
    ] {
        assert!(fits("date-time", time), "{time}");
    }
    for no_time in [
        "2026-03-01",
        "2026-03-01T12:00:00",
        "2026-03-01T12:00Z",
        "2026-03-01T12Z",
        "20260301T120000Z",
        "2026-02-29T12:00:00Z",
        "2026-03-01T24:00:00Z",
        "2026-03-01T12:60:00Z",
        "2026-03-01T12:00:61Z",
        "2026-03-01T12:00:00.Z",
        "2026-03-01T12:00:00,5Z",
        "2026-03-01T12:00:005Z",
        "2026-03-01T12:00:00+01",
        "2026-03-01T12:00:00+0100",
        "2026-03-01T12:00:00+24:00",
        "2026-03-01T12:00:00+01:60",
        "2026-03-01T12:00:00+01:00:00",
        "2026-03-01T12:00:00Z[UTC]",
        "2026-03-01T12:00:0\u{fc}Z",
    ] {
        assert!(!fits("date-time", no_time), "{no_time}");
    }
}

#[test]
fn a_default_that_breaks_the_field_s_own_rule_is_not_taken() {
    let mut choice = colors("choice");
    choice["default"] = json!("green");
    let wanted = "a number from 1 to 2".to_owned();
    assert_eq!(field(choice).read(""), Err(wanted));
}

#[test]
fn nothing_typed_is_the_default_or_nothing_where_the_field_can_stay_empty() {
    let with_default = field(json!({"type": "number", "whole": true, "default": 42.0}));
    assert_eq!(with_default.read(""), Ok(Some(json!(42))));
    let mut empty = field(json!({"type": "text"}));
    assert_eq!(empty.read(" "), Ok(None));
    empty.required = true;
    assert_eq!(
        empty.read(""),
        Err("this field must be filled in".to_owned())
    );
}

#[test]
fn a_form_takes_its_own_fields_and_no_others() {
    let mut name = field(json!({"type": "text"}));
    name.required = true;
    let fields = [name];
    let check = |values: Value| check_form(&fields, values.as_object().unwrap());
    assert_eq!(check(json!({"it": "Ada"})), Ok(()));
    assert_eq!(
        check(json!({})),
        Err("the field \"it\" must be filled in".to_owned())
    );
    assert_eq!(
        check(json!({"it": 1})),
        Err("the field \"it\" wants a text".to_owned())
    );
    assert_eq!(
        check(json!({"it": "Ada", "other": 1})),
        Err("the form has no field \"other\"".to_owned())
    );
}

proptest! {
    #[test]
    fn whatever_is_read_passes_the_check(typed in "\\PC{0,30}", number in -1e9..1e9_f64) {
        let fields = [
            field(json!({"type": "text", "max_length": 10})),
            field(json!({"type": "text", "format": "date-time"})),
            field(json!({"type": "number", "minimum": 0.0})),
            field(colors("choice")),
            field(colors("choices")),
        ];
        for field in &fields {
            for typed in [typed.as_str(), &number.to_string()] {
                if let Ok(Some(value)) = field.read(typed) {
                    prop_assert_eq!(field.check(&value), Ok(()));
                }
            }
        }
    }
}
