//! A notebook as text: what a person sees in it.

use std::fmt::Write as _;

use anstream::adapter::strip_str;
use serde_json::Value;

use super::{Cell, Notebook, text_of};
use crate::outputs::{Kept, end_of, join, start_of};

/// Bytes that are shown of each output.
const MAX_OUTPUT: usize = 2000;

impl Notebook<'_> {
    /// Returns the cells with their outputs.
    pub(crate) fn shown(&self) -> String {
        let mut text = format!(
            "(a notebook of {}; change its cells with edit_notebook)\n",
            match self.cells.len() {
                1 => "1 cell".to_owned(),
                count => format!("{count} cells"),
            }
        );
        for (number, cell) in self.cells.iter().enumerate() {
            let id = match &cell.id {
                Some(id) => format!(" id=\"{id}\""),
                None => String::new(),
            };
            let _ = writeln!(
                text,
                "<cell number=\"{number}\"{id} type=\"{}\">",
                cell.kind
            );
            push_lines(&mut text, &cell.source);
            text.push_str("</cell>\n");
            push_outputs(&mut text, cell);
        }
        text
    }
}

fn push_outputs(text: &mut String, cell: &Cell<'_>) {
    let Some(Value::Array(outputs)) = cell.value("outputs") else {
        return;
    };
    for output in &outputs {
        let output = shown_output(output);
        let output = strip_str(&output).to_string();
        text.push_str("<output>\n");
        push_lines(text, &shortened(&output));
        text.push_str("</output>\n");
    }
}

/// Returns an output as text: what was printed, what a value looks like, or an error.
fn shown_output(output: &Value) -> String {
    match output["output_type"].as_str() {
        Some("stream") => text_of(&output["text"]),
        Some("error") => {
            let Value::Array(traceback) = &output["traceback"] else {
                return format!(
                    "{}: {}",
                    output["ename"].as_str().unwrap_or("error"),
                    output["evalue"].as_str().unwrap_or_default()
                );
            };
            let lines: Vec<&str> = traceback.iter().filter_map(Value::as_str).collect();
            lines.join("\n")
        }
        _ => {
            let mut shown = text_of(&output["data"]["text/plain"]);
            let kinds = output["data"].as_object().into_iter().flatten();
            for (kind, data) in kinds.filter(|(kind, _)| *kind != "text/plain") {
                if !shown.is_empty() && !shown.ends_with('\n') {
                    shown.push('\n');
                }
                let _ = writeln!(shown, "({kind}, {} bytes)", text_of(data).len());
            }
            shown
        }
    }
}

fn shortened(output: &str) -> String {
    if output.len() <= MAX_OUTPUT {
        return output.to_owned();
    }
    let (start, end) = (
        start_of(output, MAX_OUTPUT / 2),
        end_of(output, MAX_OUTPUT / 2),
    );
    join(
        start,
        output.len() - start.len() - end.len(),
        &Kept::Nothing,
        end,
    )
}

/// Appends lines, the last one with an end.
fn push_lines(text: &mut String, lines: &str) {
    text.push_str(lines);
    if !lines.is_empty() && !lines.ends_with('\n') {
        text.push('\n');
    }
}
