//! Reads a patch.
//!
//! What is written around the patch is left out: models wrap it into code fences and here-documents.
//! Two slips have only one meaning and are taken for it: an empty line in a hunk is a kept empty
//! line that lost its space, and one in a new file is an empty line that lost its `+`.

/// What begins a patch.
const BEGIN: &str = "*** Begin Patch";

/// What ends it.
const END: &str = "*** End Patch";

const ADD: &str = "*** Add File:";
const DELETE: &str = "*** Delete File:";
const UPDATE: &str = "*** Update File:";
const MOVE: &str = "*** Move to:";
const END_OF_FILE: &str = "*** End of File";

/// Characters of a line that are shown.
const SHOWN_WIDTH: usize = 100;

/// What is to be done to one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// A new file.
    Add {
        /// Its path.
        path: String,
        /// Its whole content.
        content: String,
    },
    /// A file that is to go.
    Delete {
        /// Its path.
        path: String,
    },
    /// Changes in a file.
    Update {
        /// Its path.
        path: String,
        /// The path that it is to have afterwards.
        to: Option<String>,
        /// The changes, from top to bottom.
        hunks: Vec<Hunk>,
    },
}

/// A change at one place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hunk {
    /// The line of the patch that it begins with, from 1.
    pub(crate) line: usize,
    /// Lines above the place, the outermost first: a class, a method in it.
    pub(crate) scope: Vec<String>,
    /// The lines.
    pub(crate) lines: Vec<(Mark, String)>,
    /// Whether the place is at the end of the file.
    pub(crate) is_at_end: bool,
}

/// What a line of a hunk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// It is there and stays.
    Kept,
    /// It is there and goes.
    Removed,
    /// It is not there and comes.
    Added,
}

/// A text is not a patch. The same text fails again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the patch: {reason}")]
pub(crate) struct PatchError {
    /// The line, from 1.
    line: usize,
    /// What is wrong with it, and what would be right.
    reason: String,
}

/// Reads a patch.
///
/// # Errors
///
/// When it is none, or was cut off.
pub(crate) fn parse(patch: &str) -> Result<Vec<Operation>, PatchError> {
    let mut lines: Vec<&str> = patch.split('\n').collect();
    let is_long_ended = |line: &&str| line.ends_with('\r');
    let (_, body) = lines.split_last().unwrap_or((&"", &[]));
    if !body.is_empty() && body.iter().all(is_long_ended) {
        lines
            .iter_mut()
            .for_each(|line| *line = line.strip_suffix('\r').unwrap_or(line));
    }
    let begin = lines.iter().position(|line| line.trim() == BEGIN);
    let Some(begin) = begin else {
        return Err(error(
            1,
            format!("a patch begins with a line `{BEGIN}`, and there is none"),
        ));
    };
    let end = lines.iter().rposition(|line| line.trim_end() == END);
    let Some(end) = end.filter(|end| *end > begin) else {
        return Err(error(
            lines.len(),
            format!("a patch ends with a line `{END}`, and there is none: perhaps it was cut off"),
        ));
    };
    let mut parser = Parser {
        lines: &lines[..end],
        next: begin + 1,
    };
    let mut operations = Vec::new();
    while let Some(operation) = parser.operation()? {
        operations.push(operation);
    }
    if operations.is_empty() {
        return Err(error(end + 1, "the patch is empty".to_owned()));
    }
    Ok(operations)
}

fn error(line: usize, reason: String) -> PatchError {
    PatchError { line, reason }
}

struct Parser<'a> {
    lines: &'a [&'a str],
    next: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.lines.get(self.next).copied()
    }

    /// Returns what stands after `marker`, if the next line begins with it.
    fn marked(&mut self, marker: &str) -> Result<Option<String>, PatchError> {
        let Some(rest) = self.peek().and_then(|line| line.strip_prefix(marker)) else {
            return Ok(None);
        };
        self.next += 1;
        match rest.trim() {
            "" => Err(error(
                self.next,
                format!("there is no path after `{marker}`"),
            )),
            path => Ok(Some(path.to_owned())),
        }
    }

    fn operation(&mut self) -> Result<Option<Operation>, PatchError> {
        while self.peek().is_some_and(|line| line.trim().is_empty()) {
            self.next += 1;
        }
        let Some(line) = self.peek() else {
            return Ok(None);
        };
        if let Some(path) = self.marked(ADD)? {
            let content = self.content()?;
            return Ok(Some(Operation::Add { path, content }));
        }
        if let Some(path) = self.marked(DELETE)? {
            return Ok(Some(Operation::Delete { path }));
        }
        if let Some(path) = self.marked(UPDATE)? {
            let to = self.marked(MOVE)?;
            let start = self.next;
            let hunks = self.hunks()?;
            if hunks.is_empty() && to.is_none() {
                return Err(error(start, format!("there are no changes for {path}")));
            }
            return Ok(Some(Operation::Update { path, to, hunks }));
        }
        Err(error(
            self.next + 1,
            format!(
                "expected `{ADD} PATH`, `{DELETE} PATH` or `{UPDATE} PATH`, got {}",
                shown(line)
            ),
        ))
    }

    /// Reads the lines of a new file.
    fn content(&mut self) -> Result<String, PatchError> {
        let mut content = String::new();
        let mut blank = 0;
        while let Some(line) = self.peek().filter(|line| !line.starts_with("***")) {
            self.next += 1;
            if let Some(line) = line.strip_prefix('+') {
                // Empty lines after the last one belong to nothing.
                content.extend(std::iter::repeat_n('\n', std::mem::take(&mut blank)));
                content.push_str(line);
                content.push('\n');
            } else if line.trim().is_empty() {
                blank += 1;
            } else {
                return Err(error(
                    self.next,
                    format!(
                        "each line of a new file begins with `+`, and this one does not: {}",
                        shown(line)
                    ),
                ));
            }
        }
        Ok(content)
    }

    fn hunks(&mut self) -> Result<Vec<Hunk>, PatchError> {
        let mut hunks: Vec<Hunk> = Vec::new();
        let mut hunk = Hunk::default();
        while let Some(line) = self.peek() {
            let number = self.next + 1;
            if line.trim_end() == END_OF_FILE {
                hunk.is_at_end = true;
                finish(&mut hunk, &mut hunks);
            } else if line.starts_with("***") {
                break;
            } else if let Some(scope) = line.strip_prefix("@@") {
                if !hunk.lines.is_empty() {
                    finish(&mut hunk, &mut hunks);
                }
                if hunk.line == 0 {
                    hunk.line = number;
                }
                hunk.scope.extend(scope_line(scope));
            } else if let Some(line) = hunk_line(line) {
                if hunk.line == 0 {
                    hunk.line = number;
                }
                hunk.lines.extend(line);
            } else {
                return Err(error(
                    number,
                    format!(
                        "each line of a hunk begins with a space, `-` or `+`, and this one does \
                         not: {}",
                        shown(line)
                    ),
                ));
            }
            self.next += 1;
        }
        finish(&mut hunk, &mut hunks);
        Ok(hunks)
    }
}

/// Ends a hunk. Empty lines alone are none.
fn finish(hunk: &mut Hunk, hunks: &mut Vec<Hunk>) {
    let hunk = std::mem::take(hunk);
    if hunk
        .lines
        .iter()
        .any(|(mark, line)| *mark != Mark::Kept || !line.trim().is_empty())
    {
        hunks.push(hunk);
    }
}

/// Reads a line of a hunk; `Some(None)` for one that says nothing.
fn hunk_line(line: &str) -> Option<Option<(Mark, String)>> {
    let (mark, text) = match line.split_at_checked(1) {
        None => (Mark::Kept, ""),
        Some((" ", text)) => (Mark::Kept, text),
        Some(("-", text)) => (Mark::Removed, text),
        Some(("+", text)) => (Mark::Added, text),
        // `\ No newline at end of file`, from other kinds of diff.
        Some(("\\", _)) => return Some(None),
        Some(_) if line.trim().is_empty() => (Mark::Kept, ""),
        Some(_) => return None,
    };
    Some(Some((mark, text.to_owned())))
}

/// Returns the line that a hunk is below, given what stands after `@@`. Line numbers, as in other
/// kinds of diff, and what stands after them, say nothing that can be relied upon.
fn scope_line(rest: &str) -> Option<String> {
    let rest = rest.trim();
    let is_range =
        rest.starts_with('-') && rest[1..].starts_with(|first: char| first.is_ascii_digit());
    if is_range && rest.contains(" +") {
        return None;
    }
    let rest = rest.strip_suffix("@@").unwrap_or(rest).trim();
    (!rest.is_empty()).then(|| rest.to_owned())
}

/// Returns a line for an error message.
fn shown(line: &str) -> String {
    let end = line.floor_char_boundary(SHOWN_WIDTH);
    let mark = if end < line.len() { "…" } else { "" };
    format!("`{}{mark}`", &line[..end])
}
