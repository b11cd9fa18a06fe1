//! One thing that a server has to say about a file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use url::Url;

/// Diagnostics of one file that are kept.
const MAX_IN_FILE: usize = 300;

/// Characters of a message that are kept.
const MAX_MESSAGE: usize = 400;

/// Diagnostics that the model is told at once, and of files that it did not edit.
const MAX_TOLD: usize = 20;
const MAX_TOLD_ELSEWHERE: usize = 5;

/// How bad it is. The worse come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Severity {
    Error,
    Warning,
    /// Informations and hints, which nobody is told.
    Other,
}

impl Severity {
    fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Other => "note",
        }
    }
}

/// One thing that a server has to say about a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Diagnostic {
    pub(crate) key: Key,
    /// Line and column, from 1.
    place: (u64, u64),
}

/// What makes a diagnostic the same before and after an edit, which moves lines.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) severity: Severity,
    message: String,
    code: Option<String>,
}

/// How often each diagnostic is there.
pub(crate) type Counts = HashMap<Key, usize>;

/// Reads a list of diagnostics. What cannot be read in it is left out; the worse are kept.
pub(crate) fn read_list(list: &Value) -> Vec<Diagnostic> {
    let mut diagnostics: Vec<Diagnostic> = list
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(read)
        .collect();
    diagnostics.sort_by_key(|diagnostic| (diagnostic.key.severity, diagnostic.place));
    diagnostics.truncate(MAX_IN_FILE);
    diagnostics
}

fn read(value: &Value) -> Option<Diagnostic> {
    let start = &value["range"]["start"];
    let number = |name: &str| Some(start[name].as_u64()?.saturating_add(1));
    let message = value["message"].as_str()?;
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(Diagnostic {
        key: Key {
            // Without one it is for the client to decide.
            severity: match value["severity"].as_u64() {
                None | Some(1) => Severity::Error,
                Some(2) => Severity::Warning,
                Some(_) => Severity::Other,
            },
            message: message.chars().take(MAX_MESSAGE).collect(),
            code: match &value["code"] {
                Value::String(code) => Some(code.clone()),
                Value::Number(code) => Some(code.to_string()),
                _ => None,
            },
        },
        place: (number("line")?, number("character")?),
    })
}

/// Counts diagnostics.
pub(crate) fn counts<'a>(diagnostics: impl IntoIterator<Item = &'a Diagnostic>) -> Counts {
    let mut counts = Counts::new();
    for diagnostic in diagnostics {
        *counts.entry(diagnostic.key.clone()).or_default() += 1;
    }
    counts
}

/// Returns the diagnostics that are not among those from before.
pub(crate) fn new_since(mut before: Counts, now: &[Diagnostic]) -> Vec<Diagnostic> {
    now.iter()
        .filter(|diagnostic| match before.get_mut(&diagnostic.key) {
            Some(count @ 1..) => {
                *count -= 1;
                false
            }
            _ => true,
        })
        .cloned()
        .collect()
}

/// New diagnostics of a file.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) path: PathBuf,
    /// Whether the model edited the file.
    pub(crate) is_edited: bool,
    /// Whether it is known what there was before.
    pub(crate) is_compared: bool,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Renders new diagnostics for the model: the worst first, and those of edited files before others.
/// None when there are none.
pub(crate) fn render(findings: &[Finding], workspace: &Path) -> Option<String> {
    let mut lines = Vec::new();
    let mut left_out = 0;
    let mut is_compared = true;
    for is_edited in [true, false] {
        let mut entries: Vec<(&Diagnostic, &Finding)> = findings
            .iter()
            .filter(|finding| finding.is_edited == is_edited)
            .flat_map(|finding| {
                finding
                    .diagnostics
                    .iter()
                    .map(move |entry| (entry, finding))
            })
            .collect();
        entries.sort_by_key(|(entry, finding)| (entry.key.severity, &finding.path, entry.place));
        let room = if is_edited {
            MAX_TOLD
        } else {
            MAX_TOLD_ELSEWHERE
        };
        left_out += entries.len().saturating_sub(room);
        for (entry, finding) in entries.into_iter().take(room) {
            is_compared &= finding.is_compared;
            lines.push(line(
                entry,
                finding
                    .path
                    .strip_prefix(workspace)
                    .unwrap_or(&finding.path),
            ));
        }
    }
    if lines.is_empty() {
        return None;
    }
    if left_out > 0 {
        lines.push(format!("… and {left_out} more"));
    }
    let head = if is_compared {
        "New problems after this edit:"
    } else {
        "Problems after this edit (some may have been there before):"
    };
    Some(format!("{head}\n{}", lines.join("\n")))
}

fn line(diagnostic: &Diagnostic, path: &Path) -> String {
    let (line, column) = diagnostic.place;
    let Key {
        severity,
        message,
        code,
    } = &diagnostic.key;
    let code = code
        .as_ref()
        .map(|code| format!(" [{code}]"))
        .unwrap_or_default();
    format!(
        "{}:{line}:{column} {} {message}{code}",
        path.display(),
        severity.name()
    )
}

/// Returns the address of a file.
pub(crate) fn address(path: &Path) -> Option<String> {
    Url::from_file_path(path).ok().map(String::from)
}

/// Returns the file of an address.
pub(crate) fn path(address: &str) -> Option<PathBuf> {
    Url::parse(address).ok()?.to_file_path().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn diagnostic(severity: u64, line: u64, message: &str) -> Value {
        let place = json!({"line": line, "character": 4});
        json!({"range": {"start": place, "end": place}, "severity": severity, "message": message})
    }

    fn finding(path: &str, diagnostics: &[Value]) -> Finding {
        Finding {
            path: PathBuf::from(path),
            is_edited: true,
            is_compared: true,
            diagnostics: read_list(&Value::from(diagnostics)),
        }
    }

    #[test]
    fn what_cannot_be_read_is_left_out() {
        let mut good = diagnostic(1, 0, "two\n  lines");
        good["code"] = json!(2304);
        let list = json!([good, 7, {"message": "no place"}, {"range": good["range"]}]);
        assert_eq!(
            read_list(&list),
            [Diagnostic {
                key: Key {
                    severity: Severity::Error,
                    message: "two lines".to_owned(),
                    code: Some("2304".to_owned()),
                },
                place: (1, 5),
            }]
        );
        assert_eq!(read_list(&json!("no list")), []);
    }

    #[test]
    fn errors_come_first_and_the_rest_is_counted() {
        let many: Vec<Value> = (0..30).map(|line| diagnostic(2, line, "unused")).collect();
        let mut elsewhere = finding("/w/c.rs", &[diagnostic(1, 1, "broken")]);
        elsewhere.is_edited = false;
        let findings = [
            finding("/w/b.rs", &many),
            finding(
                "/w/a.rs",
                &[diagnostic(2, 5, "unused"), diagnostic(1, 9, "bad")],
            ),
            elsewhere,
        ];
        let text = render(&findings, Path::new("/w")).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[..3],
            [
                "New problems after this edit:",
                "a.rs:10:5 error bad",
                "a.rs:6:5 warning unused"
            ]
        );
        assert_eq!(
            lines[20..],
            [
                "b.rs:18:5 warning unused",
                "c.rs:2:5 error broken",
                "… and 12 more"
            ]
        );
        assert_eq!(render(&[], Path::new("/w")), None);
    }

    proptest! {
        #[test]
        fn new_is_what_is_there_more_often_than_before(
            before in prop::collection::vec(0..3_u64, 0..6),
            now in prop::collection::vec(0..3_u64, 0..6),
        ) {
            let list = |numbers: &[u64]| {
                let list: Vec<Value> =
                    numbers.iter().map(|n| diagnostic(1, *n, &n.to_string())).collect();
                read_list(&Value::from(list))
            };
            let new = counts(&new_since(counts(&list(&before)), &list(&now)));
            for number in 0..3 {
                let count = |numbers: &[u64]| numbers.iter().filter(|n| **n == number).count();
                let key = &list(&[number])[0].key;
                let expected = count(&now).saturating_sub(count(&before));
                prop_assert_eq!(new.get(key).copied().unwrap_or(0), expected);
            }
        }
    }
}
