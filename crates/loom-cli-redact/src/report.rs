//! Reports for programs: JSON, and SARIF 2.1.0 with what only a scan knows.

use loom_redact::Rules;
use loom_redact::report::{self, Located};
use serde_json::{Value, json};

use crate::leak::{Leak, Report};

/// Writes a report as a JSON object.
///
/// `findings` has the fields of a finding with `path`, `excerpt`, and from a history `commit`, `author` and `date`;
/// `omitted` says what was not looked through.
pub fn json(report: &Report) -> Value {
    let paths = paths(report);
    let mut findings = report::json(&located(report, &paths));
    let values = findings.as_array_mut().into_iter().flatten();
    for (value, leak) in values.zip(&report.leaks) {
        add(value, leak);
    }
    let omitted = report.omissions.iter().map(|omission| {
        json!({
            "path": omission.path.to_string_lossy(),
            "reason": omission.reason.to_string(),
        })
    });
    json!({
        "findings": findings,
        "omitted": omitted.collect::<Vec<_>>(),
        "files": report.files,
        "bytes": report.bytes,
        "binaries": report.binaries,
        "known": report.known,
        "allowed": report.allowed,
        "unlisted": report.unlisted,
    })
}

/// Writes a report as a SARIF log; `version` is that of the program.
pub fn sarif(report: &Report, rules: &Rules, version: &str) -> Value {
    let paths = paths(report);
    let mut log = report::sarif(&located(report, &paths), rules, version);
    let run = &mut log["runs"][0];
    let notifications = report.omissions.iter().map(|omission| {
        let path = omission.path.to_string_lossy();
        json!({
            "level": "warning",
            "message": { "text": format!("{path} {}", omission.reason) },
        })
    });
    run["invocations"] = json!([{
        "executionSuccessful": true,
        "toolExecutionNotifications": notifications.collect::<Vec<_>>(),
    }]);
    let results = run["results"].as_array_mut().into_iter().flatten();
    for (result, leak) in results.zip(&report.leaks) {
        if let Some(excerpt) = &leak.excerpt {
            let region = &mut result["locations"][0]["physicalLocation"]["region"];
            region["snippet"] = json!({ "text": excerpt });
        }
        if let Some(commit) = &leak.commit {
            result["properties"]["author"] = commit.author.as_str().into();
            result["properties"]["date"] = commit.date.as_str().into();
        }
    }
    log
}

fn add(value: &mut Value, leak: &Leak) {
    if let Some(excerpt) = &leak.excerpt {
        value["excerpt"] = excerpt.as_str().into();
    }
    if let Some(commit) = &leak.commit {
        value["author"] = commit.author.as_str().into();
        value["date"] = commit.date.as_str().into();
    }
}

/// Paths as text: what is no Unicode is replaced.
fn paths(report: &Report) -> Vec<String> {
    let leaks = report.leaks.iter();
    leaks
        .map(|leak| leak.path.to_string_lossy().into_owned())
        .collect()
}

fn located<'a>(report: &'a Report, paths: &'a [String]) -> Vec<Located<'a>> {
    let leaks = report.leaks.iter().zip(paths);
    leaks
        .map(|(leak, path)| Located {
            path,
            commit: leak.commit.as_ref().map(|commit| commit.id.as_str()),
            finding: &leak.finding,
        })
        .collect()
}
