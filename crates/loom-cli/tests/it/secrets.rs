//! `loom secrets`: working trees, what is staged, histories, and the hook.

mod history;
mod hook;
mod rules;
mod staged;
mod tree;

use std::path::Path;

use loom_testing::command_line::Output;
use loom_testing::{CommandLine, Repository};
use serde_json::Value;

/// Returns a token that has the form of a code host's, put together here so that no file holds one.
pub(crate) fn token(letter: char) -> String {
    format!("ghp_{letter}{}", "8fK2mQ9xR4tV7wZ1bN6cJ3hL5pD0sGyTaUe")
}

fn scan(user: &CommandLine, folder: impl AsRef<Path>, arguments: &[&str]) -> Output {
    let output = user
        .loom(["secrets", "scan"].iter().chain(arguments))
        .current_dir(folder)
        .run();
    for letter in 'a'..='z' {
        assert!(!output.stdout.contains(&token(letter)), "{output}");
        assert!(!output.stderr.contains(&token(letter)), "{output}");
    }
    output
}

/// Returns path and line of each finding, which must be of the code host's rule.
fn places(output: &Output) -> Vec<(String, u64)> {
    let report = output.json();
    let findings = report["findings"].as_array().unwrap();
    let place = |finding: &Value| {
        assert_eq!(finding["rule"], "github-pat", "{finding}");
        let path = finding["path"].as_str().unwrap().to_owned();
        (path, finding["line"].as_u64().unwrap())
    };
    findings.iter().map(place).collect()
}

fn scan_places(
    user: &CommandLine,
    repository: &Repository,
    arguments: &[&str],
) -> Vec<(String, u64)> {
    let arguments: Vec<_> = ["--format", "json"]
        .iter()
        .chain(arguments)
        .copied()
        .collect();
    let output = scan(user, repository.path(), &arguments);
    let places = places(&output);
    output.assert_code(i32::from(!places.is_empty()));
    places
}

fn at(places: &[(&str, u64)]) -> Vec<(String, u64)> {
    places
        .iter()
        .map(|(path, line)| ((*path).to_owned(), *line))
        .collect()
}

/// Asserts that a value has what SARIF 2.1.0 requires of a log (sections 3.13, 3.14, 3.18, 3.19, 3.27 to 3.30), with
/// these results: rule, path, line, column.
#[track_caller]
pub(crate) fn assert_sarif(log: &Value, expected: &[(&str, &str, u64, u64)]) {
    assert_eq!(log["version"], "2.1.0");
    let schema = log["$schema"].as_str().unwrap();
    assert!(
        schema.starts_with("https://") && schema.contains("sarif"),
        "{schema}"
    );
    let runs = log["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 1);
    let run = &runs[0];
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "loom");
    assert!(["utf16CodeUnits", "unicodeCodePoints"].contains(&run["columnKind"].as_str().unwrap()));
    for invocation in run["invocations"].as_array().unwrap() {
        assert!(invocation["executionSuccessful"].is_boolean());
        for notification in invocation["toolExecutionNotifications"].as_array().unwrap() {
            assert!(notification["message"]["text"].is_string());
        }
    }
    let rules = driver["rules"].as_array().unwrap();
    let mut found = Vec::new();
    for result in run["results"].as_array().unwrap() {
        assert!(result["message"]["text"].is_string());
        let rule = result["ruleId"].as_str().unwrap();
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], rule);
        assert!(rules[index]["shortDescription"]["text"].is_string());
        assert!(["none", "note", "warning", "error"].contains(&result["level"].as_str().unwrap()));
        assert!(
            result["partialFingerprints"]
                .as_object()
                .unwrap()
                .values()
                .all(Value::is_string)
        );
        let location = &result["locations"][0]["physicalLocation"];
        let uri = location["artifactLocation"]["uri"].as_str().unwrap();
        assert!(uri.bytes().all(|byte| byte.is_ascii_graphic()), "{uri}");
        let region = &location["region"];
        let number = |field: &str| region[field].as_u64().filter(|number| *number > 0).unwrap();
        assert!(
            (number("endLine"), number("endColumn")) > (number("startLine"), number("startColumn"))
        );
        found.push((rule, uri, number("startLine"), number("startColumn")));
    }
    assert_eq!(found, expected);
}
