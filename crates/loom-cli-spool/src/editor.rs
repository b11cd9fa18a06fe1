//! Asking the person for a description, in the editor that they set.
//!
//! The file ends in `.jjdescription`, by which editors know what it is. Lines that begin with `JJ:`
//! are for the person and are taken out again, so that plugins made for `jj` work here.

use std::fs;
use std::io::Write as _;
use std::process::Command;

use crate::console::Console;
use crate::error::SpoolCommandError;

/// What begins a line that is for the person.
const COMMENT: &str = "JJ:";

/// What is run where nothing is set.
const DEFAULT: &str = "nano";

/// Lets the person edit a description. `configured` is the editor of the settings; `notes` is told to
/// the person and does not become part of the description.
pub(crate) fn edit(
    console: &Console<'_>,
    configured: Option<Vec<String>>,
    description: &str,
    notes: &[String],
) -> Result<String, SpoolCommandError> {
    if !console.terminal.interactive {
        return Err(SpoolCommandError::NoDescription);
    }
    let variable = |name: &str| {
        let value = console.environment.get(name)?.to_string_lossy();
        Some(shlex::split(&value).unwrap_or_else(|| vec![value.into_owned()]))
    };
    let editor = variable("JJ_EDITOR")
        .or(configured)
        .or_else(|| variable("VISUAL"))
        .or_else(|| variable("EDITOR"))
        .unwrap_or_else(|| vec![DEFAULT.to_owned()]);
    run(&editor, &text(description, notes))
}

fn text(description: &str, notes: &[String]) -> String {
    let mut text = format!("{description}\n");
    if description.ends_with('\n') {
        text.pop();
    }
    for note in notes {
        text += &format!("{COMMENT} {note}").trim_end().replace('\n', " ");
        text.push('\n');
    }
    text +=
        &format!("{COMMENT} Lines starting with \"{COMMENT}\" (like this one) will be removed.\n");
    text
}

/// Takes the lines out that are for the person, and blank lines at both ends.
fn description(text: &str) -> String {
    let lines: Vec<_> = text
        .lines()
        .filter(|line| !line.starts_with(COMMENT))
        .map(str::trim_end)
        .collect();
    let description = lines.join("\n");
    complete(description.trim_matches('\n'))
}

/// Ends a description with a line end, as `jj` does, unless there is none.
pub(crate) fn complete(description: &str) -> String {
    let description = description.trim_end();
    if description.is_empty() {
        return String::new();
    }
    format!("{description}\n")
}

fn run(editor: &[String], text: &str) -> Result<String, SpoolCommandError> {
    let failed = |reason: String| SpoolCommandError::Editor {
        editor: editor.join(" "),
        reason,
        kept: None,
    };
    let Some((program, arguments)) = editor.split_first() else {
        return Err(failed("it is empty".to_owned()));
    };
    let mut file = tempfile::Builder::new()
        .prefix("editor-")
        .suffix(".jjdescription")
        .tempfile()
        .map_err(|error| failed(format!("cannot make a file for it: {error}")))?;
    file.write_all(text.as_bytes())
        .map_err(|error| failed(format!("cannot write a file for it: {error}")))?;
    let status = Command::new(program)
        .args(arguments)
        .arg(file.path())
        .status()
        .map_err(|error| failed(error.to_string()))?;
    let written = fs::read_to_string(file.path());
    if !status.success() || written.is_err() {
        let reason = match &written {
            Err(error) => format!("what it wrote cannot be read: {error}"),
            Ok(_) => format!("it ended with {status}"),
        };
        // Whatever was typed is worth more than a clean folder.
        let changed = written.is_ok_and(|written| written != text);
        let kept = changed.then(|| file.keep().ok()).flatten();
        return Err(SpoolCommandError::Editor {
            editor: editor.join(" "),
            reason,
            kept: kept.map(|(_, path)| path),
        });
    }
    Ok(description(&written.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_for_the_person_does_not_come_back() {
        let shown = text(
            "Add a parser\n\nIt parses.\n",
            &["M src/parser.rs".to_owned()],
        );
        assert_eq!(
            shown,
            "Add a parser\n\nIt parses.\nJJ: M src/parser.rs\n\
             JJ: Lines starting with \"JJ:\" (like this one) will be removed.\n"
        );
        assert_eq!(description(&shown), "Add a parser\n\nIt parses.\n");
        assert_eq!(description(&text("", &[])), "");
        assert_eq!(description("\n\n  indented  \nJJ: x\n\n"), "  indented\n");
    }

    #[test]
    fn what_a_failing_editor_wrote_is_kept() {
        let script = ["sh", "-c", "echo more >> \"$0\"; exit 3"].map(str::to_owned);
        let error = run(&script, "text\n").unwrap_err();
        let SpoolCommandError::Editor {
            kept: Some(kept), ..
        } = &error
        else {
            panic!("{error:?}");
        };
        assert_eq!(fs::read_to_string(kept).unwrap(), "text\nmore\n");
        assert_eq!(
            error.to_string(),
            "the editor `sh -c echo more >> \"$0\"; exit 3` failed: it ended with exit status: 3"
        );
        fs::remove_file(kept).unwrap();
    }

    #[test]
    fn an_editor_that_is_not_there_is_named() {
        let editor = ["no-such-editor", "--wait"].map(str::to_owned);
        let error = run(&editor, "text\n").unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("the editor `no-such-editor --wait` failed: ")
        );
        assert!(error.hint().is_some_and(|hint| hint.contains("EDITOR")));
    }
}
