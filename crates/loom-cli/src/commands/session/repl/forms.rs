//! A form of a server of tools, filled in line by line.
//!
//! First the person sees who asks and for what, and says whether to fill it in at all; then comes one
//! field after the other, and at the end all of it once more before anything is sent. At each line
//! `/back`, `/clear`, `/no` and `/cancel` mean what they say, so there is a way out everywhere.

use std::fmt::Write as _;

use loom_common_core::form::{FieldKind, FieldOption, FormField};
use loom_common_core::inquiry::Answer;
use serde_json::{Map, Value};

use crate::render::sanitize;

/// A form on its way through the person's hands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Form {
    fields: Vec<FormField>,
    values: Map<String, Value>,
    step: Step,
}

/// What is asked next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Whether,
    Field(usize),
    Send,
}

/// What comes of a line.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Filled {
    /// It goes on; this is to be shown.
    Further(String),
    Done(Answer),
}

const WAYS_OUT: &str = "(Enter takes what stands in brackets, /clear leaves a field empty; /back goes \
                        back, /no refuses, /cancel puts it away)";

impl Form {
    pub(super) fn new(fields: Vec<FormField>) -> Self {
        Self {
            fields,
            values: Map::new(),
            step: Step::Whether,
        }
    }

    /// Renders what the server asks for.
    pub(super) fn introduction(&self, server: &str, message: &str) -> String {
        let mut text = format!("\nThe server of tools {} asks you:\n", in_line(server));
        text.push_str(&quoted(message));
        for field in &self.fields {
            let needed = if field.required { ", needed" } else { "" };
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  {} ({}{needed})", title(field), summary_of(field));
        }
        if self.fields.iter().any(|field| field.seems_secret) {
            text.push_str(SECRET);
        }
        let _ = writeln!(text, "What you fill in goes to this server.");
        text
    }

    /// Returns the line to type behind.
    pub(super) fn question(&self) -> String {
        match self.step {
            Step::Whether => "fill it in? [y]es, [n]o, or [c]ancel to put it away: ".to_owned(),
            Step::Send => "send this? [y]es, [e]dit, [n]o, or [c]ancel: ".to_owned(),
            Step::Field(index) => {
                let field = &self.fields[index];
                match self.present(field) {
                    Some(value) => format!("{} [{}]: ", title(field), shown(field, &value)),
                    None => format!("{}: ", title(field)),
                }
            }
        }
    }

    /// Takes a line.
    pub(super) fn take(&mut self, typed: &str) -> Filled {
        let word = typed.trim().to_lowercase();
        match (self.step, word.as_str()) {
            (_, "/no") => return Filled::Done(Answer::Deny { instead: None }),
            (_, "/cancel") => return Filled::Done(Answer::Dismiss),
            (Step::Field(index), "/back") => return self.go_to(index.saturating_sub(1)),
            (Step::Field(index), "/clear") => return self.leave_empty(index),
            (Step::Field(index), _) => return self.fill(index, typed),
            (Step::Whether, "y" | "yes") => {
                let first = self.go_to(0);
                return match first {
                    Filled::Further(text) => Filled::Further(format!("{WAYS_OUT}\n{text}")),
                    done @ Filled::Done(_) => done,
                };
            }
            (Step::Send, "y" | "yes") => {
                let values = std::mem::take(&mut self.values);
                return Filled::Done(Answer::Submit { values });
            }
            (Step::Send, "e" | "edit") => return self.go_to(0),
            (Step::Send, "/back") => return self.go_to(self.fields.len().saturating_sub(1)),
            (_, "n" | "no") => return Filled::Done(Answer::Deny { instead: None }),
            (_, "c" | "cancel") => return Filled::Done(Answer::Dismiss),
            _ => {}
        }
        Filled::Further(format!("{:?} is none of these", sanitize(typed.trim())))
    }

    fn leave_empty(&mut self, index: usize) -> Filled {
        let field = &self.fields[index];
        if field.required {
            return Filled::Further("this field must be filled in".to_owned());
        }
        self.values.remove(&field.name);
        self.go_to(index + 1)
    }

    fn fill(&mut self, index: usize, typed: &str) -> Filled {
        let field = &self.fields[index];
        // What stands in brackets may be what was typed before.
        let read = match (typed.trim(), self.values.get(&field.name)) {
            ("", Some(value)) => Ok(Some(value.clone())),
            _ => field.read(typed),
        };
        match read {
            Err(wanted) => Filled::Further(match wanted.starts_with("this field") {
                true => wanted,
                false => format!("this field wants {wanted}"),
            }),
            Ok(value) => {
                match value {
                    Some(value) => self.values.insert(field.name.clone(), value),
                    None => self.values.remove(&field.name),
                };
                self.go_to(index + 1)
            }
        }
    }

    /// Goes to a field, or to the end past the last.
    fn go_to(&mut self, index: usize) -> Filled {
        let Some(field) = self.fields.get(index) else {
            self.step = Step::Send;
            return Filled::Further(self.summary());
        };
        self.step = Step::Field(index);
        let mut text = String::new();
        if let Some(description) = &field.description {
            text.push_str(&quoted(description));
        }
        if field.seems_secret {
            text.push_str(SECRET);
        }
        match &field.kind {
            FieldKind::Choice { options, .. } | FieldKind::Choices { options, .. } => {
                for (number, option) in (1..).zip(options) {
                    let _ = writeln!(text, "  {number}. {}", in_line(&option.label));
                }
            }
            _ => {}
        }
        let needed = if field.required { "needed; " } else { "" };
        let _ = write!(text, "({needed}{})", field.wanted());
        Filled::Further(text)
    }

    fn summary(&self) -> String {
        let mut text = String::from("\nYou would send:");
        for field in &self.fields {
            let value = match self.values.get(&field.name) {
                Some(value) => shown(field, value),
                None => "(nothing)".to_owned(),
            };
            let _ = write!(text, "\n  {}: {value}", title(field));
        }
        text
    }

    /// Returns the value that stands for nothing typed.
    fn present(&self, field: &FormField) -> Option<Value> {
        let typed = self.values.get(&field.name).cloned();
        typed.or_else(|| field.default_value())
    }
}

const SECRET: &str = "Beware: this seems to be about a password, a key or the like. No server may ask \
                      for such in a form. Refuse unless you know why.\n";

fn title(field: &FormField) -> String {
    in_line(field.title.as_deref().unwrap_or(&field.name))
}

/// Says in brief what goes into a field.
fn summary_of(field: &FormField) -> String {
    match &field.kind {
        FieldKind::Choice { options, .. } => format!("one of {}", options.len()),
        FieldKind::Choices { options, .. } => format!("some of {}", options.len()),
        _ => field.wanted(),
    }
}

/// Renders what a server says in lines of its own, so that it cannot look like Loom's.
pub(super) fn quoted(said: &str) -> String {
    let said = sanitize(said);
    said.lines().map(|line| format!("  | {line}\n")).collect()
}

/// Renders what a server says within a line.
pub(super) fn in_line(said: &str) -> String {
    let words = sanitize(said);
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Renders a value as the person would say it.
fn shown(field: &FormField, value: &Value) -> String {
    let label = |options: &[FieldOption], value: &Value| {
        let mut options = options.iter();
        let option = options.find(|option| Some(option.value.as_str()) == value.as_str());
        option.map_or_else(|| value.to_string(), |option| option.label.clone())
    };
    let text = match (&field.kind, value) {
        (FieldKind::Choice { options, .. }, value) => label(options, value),
        (FieldKind::Choices { options, .. }, Value::Array(values)) => {
            let labels: Vec<String> = values.iter().map(|value| label(options, value)).collect();
            labels.join(", ")
        }
        (_, Value::Bool(true)) => "yes".to_owned(),
        (_, Value::Bool(false)) => "no".to_owned(),
        (_, Value::String(text)) => text.clone(),
        (_, value) => value.to_string(),
    };
    in_line(&text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn form() -> Form {
        let fields = json!([
            {"name": "name", "title": "Your name", "required": true, "type": "text"},
            {"name": "age", "type": "number", "whole": true, "minimum": 0.0, "default": 42.0},
            {
                "name": "color", "type": "choice", "default": "b",
                "description": "What you like best.",
                "options": [{"value": "r", "label": "Red"}, {"value": "b", "label": "Blue"}],
            },
            {"name": "pw", "title": "Password", "type": "text", "seems_secret": true},
        ]);
        Form::new(serde_json::from_value(fields).unwrap())
    }

    /// Types lines, and returns all that the person sees, and the answer.
    fn typed(lines: &[&str]) -> (String, Option<Answer>) {
        let mut form = form();
        let mut seen = form.introduction("issues", "Who are you?");
        for line in lines {
            seen.push_str(&format!("{}{line}\n", form.question()));
            match form.take(line) {
                Filled::Further(text) => seen.push_str(&format!("{text}\n")),
                Filled::Done(answer) => return (seen, Some(answer)),
            }
        }
        (seen, None)
    }

    #[test]
    fn a_form_is_filled_in_field_by_field_looked_over_and_sent() {
        let lines = [
            "y", "", "/clear", "Ada", "old", "", "1", "/back", "", "x", "e", "Ada L.", "36", "2",
            "/clear", "y",
        ];
        let (seen, answer) = typed(&lines);
        insta::assert_snapshot!(seen);
        let values = json!({"name": "Ada L.", "age": 36, "color": "b"});
        let values = values.as_object().unwrap().clone();
        assert_eq!(answer, Some(Answer::Submit { values }));
    }

    #[test]
    fn there_is_a_way_out_everywhere() {
        let deny = Some(Answer::Deny { instead: None });
        for (lines, expected) in [
            (&["n"][..], deny.clone()),
            (&["c"], Some(Answer::Dismiss)),
            (&["maybe"], None),
            (&["y", "/no"], deny.clone()),
            (&["y", "Ada", "/cancel"], Some(Answer::Dismiss)),
            (&["y", "Ada", "", "", "", "n"], deny),
            (&["y", "Ada", "", "", "", "c"], Some(Answer::Dismiss)),
        ] {
            assert_eq!(typed(lines).1, expected, "{lines:?}");
        }
    }
}
