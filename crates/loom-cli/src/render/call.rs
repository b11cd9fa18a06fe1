//! One line that says what a tool call is about.

use serde_json::Value;

use super::sanitize;

/// Arguments that say most about a call, the best first.
const TELLING: [&str; 5] = ["command", "file_path", "pattern", "path", "description"];
const MAX_CHARS: usize = 100;

/// Returns the name of the tool and the argument that says most, on one short line.
pub(crate) fn headline(name: &str, arguments: &Value) -> String {
    let subject = match arguments {
        Value::Object(fields) => TELLING
            .iter()
            .find_map(|field| fields.get(*field)?.as_str().map(str::to_owned))
            .unwrap_or_else(|| match fields.is_empty() {
                true => String::new(),
                false => arguments.to_string(),
            }),
        Value::String(text) => text.clone(),
        _ => String::new(),
    };
    let subject = shorten(&sanitize(&subject));
    match subject.is_empty() {
        true => name.to_owned(),
        false => format!("{name} {subject}"),
    }
}

/// Folds white space and cuts.
fn shorten(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_most_telling_argument_stands_behind_the_name() {
        let call = json!({"description": "run", "command": "cargo test\n  --all"});
        assert_eq!(headline("bash", &call), "bash cargo test --all");
        assert_eq!(headline("glob", &json!({"pattern": "*.rs"})), "glob *.rs");
        assert_eq!(headline("list_files", &json!({})), "list_files");
        assert_eq!(headline("other", &json!({"n": 1})), r#"other {"n":1}"#);
        assert_eq!(headline("bash", &json!("{broken")), "bash {broken");
    }

    #[test]
    fn long_arguments_are_cut_between_characters() {
        let long = "ż".repeat(MAX_CHARS + 1);
        let expected = format!("bash {}…", "ż".repeat(MAX_CHARS));
        assert_eq!(headline("bash", &json!({"command": long})), expected);
    }
}
