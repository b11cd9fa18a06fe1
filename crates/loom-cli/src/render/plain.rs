//! Events as text for people: streamed answers, tool calls with their results, diffs.
//!
//! The view only ever appends, so it works on every terminal, in a log file and in a pipe. When
//! several tools run side by side their results come in any order; a result that does not stand
//! right below its call repeats the call's line.

use std::collections::HashMap;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use loom_common_core::stream::{
    Item, ItemDelta, ItemDetails, ItemStatus, NoticeLevel, ThreadEvent, TodoStatus,
};
use loom_common_core::{ChangeKind, FileChange};

use super::{headline, sanitize};

const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();
const GREEN: Style = AnsiColor::Green.on_default();
const RED: Style = AnsiColor::Red.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const CYAN: Style = AnsiColor::Cyan.on_default();

/// Lines of a tool's output that are shown: the first ones and the last ones.
const HEAD_LINES: usize = 3;
const TAIL_LINES: usize = 5;
/// Lines of a diff that are shown.
const DIFF_LINES: usize = 40;

/// Draws events onto `output`.
pub(crate) struct PlainView<W> {
    output: W,
    /// What the cursor stands behind.
    position: Position,
    /// Call lines of the tools that run, by item.
    calls: HashMap<String, String>,
}

/// What was drawn last.
#[derive(PartialEq, Eq)]
enum Position {
    /// A finished line.
    LineStart,
    /// Text of this item, whose line may not be finished.
    Within { item: String, line_open: bool },
    /// The line of this tool call.
    BelowCall(String),
}

impl<W: Write> PlainView<W> {
    /// Makes a view onto `output`.
    pub(crate) fn new(output: W) -> Self {
        Self {
            output,
            position: Position::LineStart,
            calls: HashMap::new(),
        }
    }

    /// Draws one event.
    ///
    /// # Errors
    ///
    /// When the output is gone or full.
    pub(crate) fn draw(&mut self, event: &ThreadEvent) -> io::Result<()> {
        match event {
            ThreadEvent::ItemStarted { item } => self.begin(item)?,
            ThreadEvent::ItemUpdated { item } => match &item.delta {
                ItemDelta::AgentMessage { delta } => self.text(&item.id, delta, Style::new())?,
                ItemDelta::Reasoning { delta } => self.text(&item.id, delta, DIM)?,
                ItemDelta::ToolCall { .. } => {}
            },
            ThreadEvent::ItemCompleted { item } => self.complete(item)?,
            ThreadEvent::TurnFailed { error } => {
                self.end_line()?;
                let message = sanitize(&error.message);
                writeln!(self.output, "{RED}{BOLD}error:{BOLD:#}{RED:#} {message}")?;
                if let Some(hint) = &error.hint {
                    writeln!(self.output, "{CYAN}hint:{CYAN:#} {}", sanitize(hint))?;
                }
            }
            ThreadEvent::TurnCompleted { .. } => self.end_line()?,
            // The prompt, the questions and the answers to commands are drawn by who asks them.
            _ => {}
        }
        self.output.flush()
    }

    fn begin(&mut self, item: &Item) -> io::Result<()> {
        match &item.details {
            ItemDetails::AgentMessage { .. } | ItemDetails::Reasoning { .. } => {
                self.end_line()?;
                writeln!(self.output)?;
                self.position = Position::Within {
                    item: item.id.clone(),
                    line_open: false,
                };
            }
            ItemDetails::ToolCall {
                name, arguments, ..
            } => {
                self.end_line()?;
                let line = headline(name, arguments);
                writeln!(self.output, "\n{CYAN}●{CYAN:#} {BOLD}{line}{BOLD:#}")?;
                self.calls.insert(item.id.clone(), line);
                self.position = Position::BelowCall(item.id.clone());
            }
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, id: &str, delta: &str, style: Style) -> io::Result<()> {
        if !matches!(&self.position, Position::Within { item, .. } if item == id) {
            self.end_line()?;
        }
        write!(self.output, "{style}{}{style:#}", sanitize(delta))?;
        self.position = Position::Within {
            item: id.to_owned(),
            line_open: !delta.ends_with('\n'),
        };
        Ok(())
    }

    fn complete(&mut self, item: &Item) -> io::Result<()> {
        match &item.details {
            ItemDetails::AgentMessage { interrupted, .. }
            | ItemDetails::Reasoning { interrupted, .. } => {
                if *interrupted {
                    write!(self.output, "{YELLOW} [cut here]{YELLOW:#}")?;
                }
                self.end_line()?;
            }
            ItemDetails::ToolCall {
                name,
                status,
                output,
                duration_ms,
                ..
            } => {
                self.end_line()?;
                let line = self.calls.remove(&item.id).unwrap_or_default();
                if self.position != Position::BelowCall(item.id.clone()) {
                    writeln!(self.output, "{CYAN}●{CYAN:#} {BOLD}{line}{BOLD:#}")?;
                }
                // What these give back is drawn as a change of files, or as a list.
                let is_drawn = matches!(
                    name.as_str(),
                    "edit_file" | "write_file" | "apply_patch" | "edit_notebook" | "todo_write"
                );
                if !is_drawn || *status != ItemStatus::Completed {
                    self.excerpt(output.as_deref().unwrap_or_default())?;
                }
                self.verdict(*status, *duration_ms)?;
                self.position = Position::LineStart;
            }
            ItemDetails::FileChange { changes, .. } => {
                for change in changes {
                    self.change(change)?;
                }
            }
            ItemDetails::Compaction {
                tokens_before,
                tokens_after,
                ..
            } => {
                self.end_line()?;
                writeln!(
                    self.output,
                    "{DIM}the conversation was shortened from {tokens_before} to about {tokens_after} tokens{DIM:#}"
                )?;
                self.position = Position::LineStart;
            }
            ItemDetails::Notice { level, message } => {
                self.end_line()?;
                let style = match level {
                    NoticeLevel::Info => DIM,
                    NoticeLevel::Warning => YELLOW,
                };
                writeln!(self.output, "{style}{}{style:#}", sanitize(message))?;
                self.position = Position::LineStart;
            }
            ItemDetails::TodoList { items } => {
                self.end_line()?;
                for entry in items {
                    let mark = match entry.status {
                        TodoStatus::Pending => " ",
                        TodoStatus::InProgress => ">",
                        TodoStatus::Completed => "x",
                    };
                    writeln!(self.output, "  [{mark}] {}", sanitize(&entry.text))?;
                }
                self.position = Position::LineStart;
            }
        }
        Ok(())
    }

    fn excerpt(&mut self, output: &str) -> io::Result<()> {
        let clean = sanitize(output.trim_end());
        let lines: Vec<&str> = clean.lines().collect();
        let (head, left_out, tail) = if lines.len() > HEAD_LINES + TAIL_LINES + 1 {
            let tail = lines.len() - TAIL_LINES;
            (&lines[..HEAD_LINES], tail - HEAD_LINES, &lines[tail..])
        } else {
            (&lines[..], 0, &lines[..0])
        };
        for line in head {
            writeln!(self.output, "  {DIM}│ {line}{DIM:#}")?;
        }
        if left_out > 0 {
            writeln!(self.output, "  {DIM}│ … {left_out} lines …{DIM:#}")?;
        }
        for line in tail {
            writeln!(self.output, "  {DIM}│ {line}{DIM:#}")?;
        }
        Ok(())
    }

    fn verdict(&mut self, status: ItemStatus, duration_ms: Option<u64>) -> io::Result<()> {
        let (style, word) = match status {
            ItemStatus::Running => (DIM, "running"),
            ItemStatus::Completed => (GREEN, "done"),
            ItemStatus::Failed => (RED, "failed"),
            ItemStatus::Denied => (YELLOW, "denied"),
        };
        write!(self.output, "  {DIM}└{DIM:#} {style}{word}{style:#}")?;
        if let Some(duration) = duration_ms {
            let (seconds, tenths) = (duration / 1000, duration % 1000 / 100);
            write!(self.output, " {DIM}{seconds}.{tenths} s{DIM:#}")?;
        }
        writeln!(self.output)
    }

    fn change(&mut self, change: &FileChange) -> io::Result<()> {
        let word = match change.kind {
            ChangeKind::Added => "added",
            ChangeKind::Modified => "modified",
            ChangeKind::Deleted => "deleted",
        };
        let path = sanitize(&change.path);
        writeln!(self.output, "  {DIM}{word}{DIM:#} {path}")?;
        let diff = sanitize(&change.diff);
        let lines = diff.lines().count();
        for line in diff.lines().take(DIFF_LINES) {
            let style = match line.as_bytes().first() {
                Some(b'+') => GREEN,
                Some(b'-') => RED,
                _ => DIM,
            };
            writeln!(self.output, "  {style}{line}{style:#}")?;
        }
        if lines > DIFF_LINES {
            let more = lines - DIFF_LINES;
            writeln!(self.output, "  {DIM}… {more} more lines …{DIM:#}")?;
        }
        Ok(())
    }

    fn end_line(&mut self) -> io::Result<()> {
        if let Position::Within { line_open, .. } = &self.position {
            if *line_open {
                writeln!(self.output)?;
            }
            self.position = Position::LineStart;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
