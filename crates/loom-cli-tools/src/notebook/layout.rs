//! How the JSON of a notebook is laid out, and JSON in that layout.

use std::fmt;

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// How deep the cells are: in the list, in the notebook.
const CELL_DEPTH: usize = 2;

/// How JSON is laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// The line end and one step of indentation; `None` when all is on one line.
    lines: Option<(&'static str, String)>,
    /// What stands after a comma on a line.
    after_comma: &'static str,
    /// What stands after the colon of a member.
    after_colon: &'static str,
}

impl Layout {
    /// Takes the layout of an object from the white space around its first member.
    pub(super) fn of(json: &str) -> Self {
        let inner = json.trim_start().strip_prefix('{').unwrap_or_default();
        let text = inner.trim_start();
        let space = &inner[..inner.len() - text.len()];
        let lines = space.rsplit_once('\n').map(|(before, indent)| {
            let end = if before.ends_with('\r') { "\r\n" } else { "\n" };
            (end, indent.to_owned())
        });
        let is_tight = text
            .split_once("\":")
            .is_some_and(|(_, rest)| !rest.starts_with([' ', '\n', '\r']));
        Self {
            lines,
            after_comma: if is_tight { "" } else { " " },
            after_colon: if is_tight { "" } else { " " },
        }
    }

    /// Returns what stands before something at this depth.
    fn gap(&self, depth: usize) -> String {
        match &self.lines {
            Some((end, step)) => format!("{end}{}", step.repeat(depth)),
            None => String::new(),
        }
    }

    /// Returns what stands between a comma and something at this depth.
    fn gap_after_comma(&self, depth: usize) -> String {
        match self.lines {
            Some(_) => self.gap(depth),
            None => self.after_comma.to_owned(),
        }
    }

    /// Returns what stands between a comma and a cell.
    pub(super) fn before_cell(&self) -> String {
        self.gap_after_comma(CELL_DEPTH)
    }

    /// Returns what stands between the last cell and the end of the list.
    pub(super) fn after_cells(&self) -> String {
        self.gap(CELL_DEPTH - 1)
    }

    /// Returns the JSON of a cell, given its members and their values as JSON.
    pub(super) fn cell(&self, members: &[(String, String)]) -> String {
        let depth = CELL_DEPTH + 1;
        let members: Vec<String> = members
            .iter()
            .map(|(name, value)| {
                let name = Value::from(name.as_str());
                format!("{name}:{}{value}", self.after_colon)
            })
            .collect();
        let separator = format!(",{}", self.gap_after_comma(depth));
        format!(
            "{{{}{}{}}}",
            self.gap(depth),
            members.join(&separator),
            self.gap(CELL_DEPTH)
        )
    }

    /// Returns the JSON of a cell's source: one string, or a list of lines as Jupyter writes it.
    pub(super) fn source(&self, source: &str, as_string: bool) -> String {
        if as_string {
            return Value::from(source).to_string();
        }
        if source.is_empty() {
            return "[]".to_owned();
        }
        let depth = CELL_DEPTH + 2;
        let lines: Vec<String> = source
            .split_inclusive('\n')
            .map(|line| Value::from(line).to_string())
            .collect();
        let separator = format!(",{}", self.gap_after_comma(depth));
        format!(
            "[{}{}{}]",
            self.gap(depth),
            lines.join(&separator),
            self.gap(depth - 1)
        )
    }
}

/// Returns the members of a JSON object in order, each with the text of its value.
///
/// # Errors
///
/// When it is not an object.
pub(super) fn members(json: &str) -> serde_json::Result<Vec<(String, &str)>> {
    struct Members;

    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(String, &'de str)>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
                members.push((name, value.get()));
            }
            Ok(members)
        }
    }

    let mut deserializer = serde_json::Deserializer::from_str(json);
    let members = deserializer.deserialize_map(Members)?;
    deserializer.end()?;
    Ok(members)
}
