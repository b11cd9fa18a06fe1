//! Changes of files as an editor shows them: the old and the new text.
//!
//! A change comes as a unified diff. Each of its hunks becomes one piece with the text on both sides,
//! so a change of a long file costs its own length and not the file's.

use std::path::Path;

use agent_client_protocol::v1::schema::{Diff, ToolCallContent, ToolCallLocation};
use loom_common_core::{ChangeKind, FileChange};
use serde_json::Value;

use super::block;
use super::calls::absolute;

/// Hunks of one call that are shown.
const MAX_HUNKS: usize = 200;

/// Returns what changed, and where. Paths are relative to `folder`.
pub(crate) fn drawn(
    changes: &[FileChange],
    folder: &Path,
) -> (Vec<ToolCallContent>, Vec<ToolCallLocation>) {
    let mut content = Vec::new();
    let mut locations = Vec::new();
    for change in changes {
        let path = absolute(folder, &change.path);
        let hunks = hunks(&change.diff);
        let line = hunks.first().map(|hunk| hunk.line);
        locations.push(ToolCallLocation::new(&path).line(line));
        if hunks.is_empty() {
            let diff = Diff::new(&path, "").old_text(old_text(change.kind, String::new()));
            content.push(ToolCallContent::Diff(diff));
        }
        for hunk in hunks {
            let diff = Diff::new(&path, hunk.new).old_text(old_text(change.kind, hunk.old));
            content.push(ToolCallContent::Diff(diff));
        }
    }
    content.truncate(MAX_HUNKS);
    (content, locations)
}

/// Returns what a call is going to change, as far as its arguments say: nothing for a tool that does
/// not edit.
pub(crate) fn proposed(name: &str, arguments: &Value, folder: &Path) -> Vec<ToolCallContent> {
    let text = |field: &str| arguments.get(field).and_then(Value::as_str);
    let change = match (name, text("file_path")) {
        ("edit_file", Some(path)) => {
            let new = text("new_string").unwrap_or_default();
            // Without an old text it makes the file.
            let old = text("old_string").filter(|old| !old.is_empty());
            let diff = Diff::new(absolute(folder, path), new);
            ToolCallContent::Diff(diff.old_text(old.map(str::to_owned)))
        }
        ("write_file", Some(path)) => {
            let new = text("content").unwrap_or_default();
            ToolCallContent::Diff(Diff::new(absolute(folder, path), new))
        }
        ("apply_patch", _) => block(text("input").unwrap_or_default()),
        ("edit_notebook", _) => block(text("new_source").unwrap_or_default()),
        _ => return Vec::new(),
    };
    vec![change]
}

/// A file that is new has no old text.
fn old_text(kind: ChangeKind, old: String) -> Option<String> {
    (kind != ChangeKind::Added).then_some(old)
}

/// A piece of a change.
#[derive(Debug, Default, PartialEq, Eq)]
struct Hunk {
    /// The first line on the new side, from 1.
    line: u32,
    old: String,
    new: String,
}

/// Takes a unified diff apart.
fn hunks(diff: &str) -> Vec<Hunk> {
    let mut hunks: Vec<Hunk> = Vec::new();
    for line in diff.split_inclusive('\n') {
        if let Some(header) = line.strip_prefix("@@ ") {
            hunks.push(Hunk {
                line: first_line(header).max(1),
                ..Hunk::default()
            });
            continue;
        }
        let Some(hunk) = hunks.last_mut() else {
            continue;
        };
        match (line.as_bytes().first(), line.get(1..)) {
            (Some(b'-'), Some(text)) => hunk.old.push_str(text),
            (Some(b'+'), Some(text)) => hunk.new.push_str(text),
            (Some(b' '), Some(text)) => {
                hunk.old.push_str(text);
                hunk.new.push_str(text);
            }
            // The line before has no end.
            (Some(b'\\'), _) => {}
            _ => {
                hunk.old.push_str(line);
                hunk.new.push_str(line);
            }
        }
    }
    hunks
}

/// Reads the first line of the new side of `-1,4 +1,6 @@`.
fn first_line(header: &str) -> u32 {
    let new = header
        .split_whitespace()
        .find_map(|word| word.strip_prefix('+'));
    let first = new.and_then(|range| range.split(',').next());
    first.and_then(|line| line.parse().ok()).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_hunk_is_a_piece_with_both_sides_and_its_line() {
        let change = FileChange {
            path: "src/a.rs".to_owned(),
            kind: ChangeKind::Modified,
            diff: "@@ -1,2 +1,2 @@\n-one\n+eins\n two\n@@ -40,1 +40,2 @@\n forty\n+more\n\\ No newline at end of file\n".to_owned(),
        };
        let (content, locations) = drawn(&[change], Path::new("/work"));
        let diff = |old: &str, new: &str| {
            ToolCallContent::Diff(Diff::new("/work/src/a.rs", new).old_text(old))
        };
        assert_eq!(
            content,
            [
                diff("one\ntwo\n", "eins\ntwo\n"),
                diff("forty\n", "forty\nmore\n")
            ]
        );
        assert_eq!(locations, [ToolCallLocation::new("/work/src/a.rs").line(1)]);
    }

    #[test]
    fn a_new_file_has_no_old_text_and_an_empty_one_is_shown_too() {
        let added = |diff: &str| FileChange {
            path: "new".to_owned(),
            kind: ChangeKind::Added,
            diff: diff.to_owned(),
        };
        let (content, _) = drawn(
            &[added("@@ -0,0 +1,1 @@\n+text\n"), added("")],
            Path::new("/w"),
        );
        let diff = |new: &str| ToolCallContent::Diff(Diff::new("/w/new", new));
        assert_eq!(content, [diff("text\n"), diff("")]);
    }
}
