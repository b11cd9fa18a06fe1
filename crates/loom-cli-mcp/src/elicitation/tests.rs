use serde_json::json;

use super::*;

fn form(properties: &Value, required: &[&str]) -> Result<Vec<FormField>, String> {
    let request = serde_json::from_value(json!({
        "message": "Hello?",
        "requestedSchema": {
            "type": "object", "properties": properties, "required": required,
        },
    }));
    match inquiry("issues", request.unwrap())? {
        Inquiry::Form { fields, .. } => Ok(fields),
        other => panic!("{other:?}"),
    }
}

fn link(url: &str) -> Result<Inquiry, String> {
    let request = json!({
        "mode": "url", "message": "Log in.", "url": url, "elicitationId": "1",
    });
    inquiry("issues", serde_json::from_value(request).unwrap())
}

#[test]
fn fields_come_in_the_server_s_order_with_all_that_it_says_of_them() {
    let fields = form(
        &json!({
            "name": {"type": "string", "title": "Name", "minLength": 1, "maxLength": 9},
            "mail": {"type": "string", "format": "email", "description": "To reach you."},
            "count": {"type": "integer", "minimum": 1, "maximum": 3, "default": 2},
            "agree": {"type": "boolean", "default": false},
            "color": {"type": "string", "enum": ["r", "b"], "enumNames": ["Red", "Blue"]},
            "hero": {"type": "string", "oneOf": [{"const": "h1", "title": "One"}]},
            "fish": {
                "type": "array", "minItems": 1, "default": ["f1"],
                "items": {"anyOf": [{"const": "f1", "title": "Tuna"}]},
            },
        }),
        &["name"],
    )
    .unwrap();
    assert_eq!(
        serde_json::to_value(fields).unwrap(),
        json!([
            {
                "name": "name", "title": "Name", "required": true,
                "type": "text", "min_length": 1, "max_length": 9,
            },
            {"name": "mail", "description": "To reach you.", "type": "text", "format": "email"},
            {
                "name": "count", "type": "number", "whole": true,
                "minimum": 1.0, "maximum": 3.0, "default": 2.0,
            },
            {"name": "agree", "type": "boolean", "default": false},
            {"name": "color", "type": "choice", "options": [
                {"value": "r", "label": "Red"}, {"value": "b", "label": "Blue"},
            ]},
            {"name": "hero", "type": "choice", "options": [{"value": "h1", "label": "One"}]},
            {
                "name": "fish", "type": "choices", "min_items": 1, "default": ["f1"],
                "options": [{"value": "f1", "label": "Tuna"}],
            },
        ])
    );
}

#[test]
fn fields_about_secrets_are_marked() {
    let fields = form(
        &json!({
            "pw": {"type": "string", "title": "Your Password"},
            "note": {"type": "string"},
        }),
        &[],
    );
    let marked = fields
        .unwrap()
        .into_iter()
        .map(|field| (field.name, field.seems_secret));
    let marked: Vec<(String, bool)> = marked.collect();
    assert_eq!(
        marked,
        [("pw".to_owned(), true), ("note".to_owned(), false)]
    );
}

#[test]
fn forms_without_bounds_are_refused() {
    let many: serde_json::Map<String, Value> = (0..51)
        .map(|number| (number.to_string(), json!({"type": "boolean"})))
        .collect();
    assert_eq!(
        form(&Value::Object(many), &[]),
        Err("the form has more than 50 fields".to_owned())
    );
    let long = json!({"a": {"type": "string", "title": "x".repeat(1_001)}});
    assert_eq!(
        form(&long, &[]),
        Err("title is longer than 1000 bytes".to_owned())
    );
    let choices: Vec<String> = (0..201).map(|number| number.to_string()).collect();
    assert_eq!(
        form(&json!({"a": {"type": "string", "enum": choices}}), &[]),
        Err("the field a: there is too much to choose from".to_owned())
    );
}

#[test]
fn defaults_without_bounds_are_refused() {
    let long = "x".repeat(1_001);
    let many: Vec<String> = (0..201).map(|number| number.to_string()).collect();
    let some = json!({"enum": ["r"], "type": "string"});
    for (property, problem) in [
        (
            json!({"type": "string", "default": long}),
            "the default is longer than 1000 bytes",
        ),
        (
            json!({"type": "string", "enum": ["r"], "default": long}),
            "the default is longer than 1000 bytes",
        ),
        (
            json!({"type": "array", "items": some, "default": [long]}),
            "the default is longer than 1000 bytes",
        ),
        (
            json!({"type": "array", "items": some, "default": many}),
            "the default has more than 200 choices",
        ),
    ] {
        let refused = form(&json!({"a": property}), &[]);
        assert_eq!(refused, Err(format!("the field a: {problem}")));
    }
}

/// The person would choose among fewer things than the server offers.
#[test]
fn choices_that_cannot_be_read_are_refused_and_not_left_out() {
    let no_text = "there is a choice whose value is not a text";
    for (property, problem) in [
        (
            json!({"type": "string", "oneOf": [{"const": "r", "title": "Red"}, {"title": "Blue"}]}),
            no_text,
        ),
        (
            json!({"type": "array", "items": {"anyOf": [{"const": "r"}, {"const": 2}]}}),
            no_text,
        ),
        (json!({"type": "string", "enum": ["r", 2]}), no_text),
        (
            json!({"type": "array", "items": {"enum": ["r"]}, "default": ["r", 2]}),
            "the default has a choice that is not a text",
        ),
    ] {
        assert_eq!(kind(&property), Err(problem.to_owned()), "{property}");
    }
}

#[test]
fn an_address_is_shown_with_the_host_that_it_really_leads_to() {
    assert_eq!(
        link("https://b\u{fc}cher.example/login?x=1"),
        Ok(Inquiry::Link {
            server: "issues".to_owned(),
            message: "Log in.".to_owned(),
            url: "https://xn--bcher-kva.example/login?x=1".to_owned(),
            host: "xn--bcher-kva.example".to_owned(),
        })
    );
    for (url, problem) in [
        ("javascript:alert(1)", "one of http or https"),
        ("file:///etc/passwd", "one of http or https"),
        ("https://example.com@evil.example/", "must not hold a user"),
        ("nonsense", "cannot be used"),
    ] {
        let refused = link(url).unwrap_err();
        assert!(refused.contains(problem), "{url}: {refused}");
    }
}
