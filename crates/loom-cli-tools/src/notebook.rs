//! Jupyter notebooks: their cells as text, and changes of single cells. Pure.
//!
//! A notebook is JSON that other programs write, sort and indent in their own ways, and that people
//! keep in version control. So a change does not print it anew: the text is taken apart only to find
//! out where each cell begins and ends, and only the cell that is changed is written, in the manner
//! of the file. Everything else stays byte for byte. The format is nbformat 4
//! (<https://nbformat.readthedocs.io/en/latest/format_description.html>).

mod layout;
mod shown;

#[cfg(test)]
mod tests;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::ops::Range;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use layout::{Layout, members};

/// From this minor version on cells have ids.
const MINOR_WITH_IDS: u64 = 5;

/// What a cell holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CellType {
    Code,
    Markdown,
    Raw,
}

impl CellType {
    fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Markdown => "markdown",
            Self::Raw => "raw",
        }
    }
}

/// A notebook, as the text that it is.
#[derive(Debug)]
pub(crate) struct Notebook<'a> {
    text: &'a str,
    layout: Layout,
    /// Where the list of cells is in the text, with its brackets.
    list: Range<usize>,
    cells: Vec<Cell<'a>>,
    has_ids: bool,
}

/// A cell of a notebook.
#[derive(Debug)]
struct Cell<'a> {
    /// Where it is in the text.
    place: Range<usize>,
    /// Its members in order, each with the text of its value.
    members: Vec<(String, &'a str)>,
    id: Option<String>,
    /// Its type by name; there may be others than Loom knows.
    kind: String,
    source: String,
}

/// A change of one cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CellChange<'c> {
    /// Gives the cell another source, and another type if there is one.
    Replace {
        cell: &'c str,
        source: &'c str,
        kind: Option<CellType>,
    },
    /// Puts a new cell after another one, or before all.
    Insert {
        after: Option<&'c str>,
        source: &'c str,
        kind: CellType,
    },
    /// Removes the cell.
    Delete { cell: &'c str },
}

impl<'a> Notebook<'a> {
    /// Reads a notebook.
    ///
    /// # Errors
    ///
    /// Why it is none, for the model.
    pub(crate) fn parse(text: &'a str) -> Result<Self, String> {
        let broken = |error: serde_json::Error| format!("is not a notebook: {error}.");
        let top = members(text).map_err(broken)?;
        let member = |name: &str| {
            top.iter()
                .find(|(key, _)| key == name)
                .map(|(_, text)| *text)
        };
        let number = |name: &str| member(name).and_then(|text| text.parse::<u64>().ok());
        match number("nbformat") {
            Some(4) => {}
            Some(other) => {
                return Err(format!(
                    "is a notebook of format {other}, and only format 4 is known here. Convert it \
                     with `jupyter nbconvert --to notebook --nbformat 4`."
                ));
            }
            None => return Err("is not a notebook: it has no `nbformat`.".to_owned()),
        }
        let Some(list) = member("cells") else {
            return Err("is not a notebook: it has no `cells`.".to_owned());
        };
        let cells: Vec<&'a RawValue> = serde_json::from_str(list).map_err(broken)?;
        let cells = cells
            .into_iter()
            .map(|cell| Cell::parse(text, cell.get()))
            .collect::<Result<_, _>>()
            .map_err(broken)?;
        Ok(Self {
            text,
            layout: Layout::of(text),
            list: place_of(text, list),
            cells,
            has_ids: number("nbformat_minor").is_some_and(|minor| minor >= MINOR_WITH_IDS),
        })
    }

    /// Returns the text of the notebook after a change, and what was done as part of a sentence.
    ///
    /// # Errors
    ///
    /// Why it cannot be made, for the model.
    pub(crate) fn change(&self, change: &CellChange<'_>) -> Result<(String, String), String> {
        match *change {
            CellChange::Replace { cell, source, kind } => {
                let index = self.find(cell)?;
                let cell = &self.cells[index];
                let new = self.layout.cell(&self.replaced(cell, source, kind));
                let done = format!("replaced {}", self.name(index));
                Ok((self.with(cell.place.clone(), &new), done))
            }
            CellChange::Insert {
                after,
                source,
                kind,
            } => {
                let index = after.map(|cell| self.find(cell)).transpose()?;
                Ok(self.insert(index, source, kind))
            }
            CellChange::Delete { cell } => {
                let index = self.find(cell)?;
                let place = match (index.checked_sub(1), self.cells.get(index + 1)) {
                    (Some(before), _) => self.cells[before].place.end..self.cells[index].place.end,
                    (None, Some(next)) => self.cells[index].place.start..next.place.start,
                    (None, None) => {
                        let done = format!("deleted {}", self.name(index));
                        return Ok((self.with(self.list.clone(), "[]"), done));
                    }
                };
                let done = format!("deleted {}", self.name(index));
                Ok((self.with(place, ""), done))
            }
        }
    }

    fn insert(&self, after: Option<usize>, source: &str, kind: CellType) -> (String, String) {
        let id = self.has_ids.then(|| self.new_id(after, source));
        let cell = self
            .layout
            .cell(&self.new_members(id.as_deref(), source, kind));
        let gap = self.layout.before_cell();
        let place = |at: usize| at..at;
        let text = match (after, self.cells.first()) {
            (Some(index), _) => {
                let at = place(self.cells[index].place.end);
                self.with(at, &format!(",{gap}{cell}"))
            }
            (None, Some(first)) => self.with(place(first.place.start), &format!("{cell},{gap}")),
            (None, None) => {
                let end = self.layout.after_cells();
                self.with(
                    self.list.clone(),
                    &format!("[{}{cell}{end}]", gap.trim_start_matches(' ')),
                )
            }
        };
        let number = after.map_or(0, |index| index + 1);
        let id = id.map(|id| format!(" (id {id})")).unwrap_or_default();
        (text, format!("inserted cell {number}{id}"))
    }

    /// Returns the index of the cell with the id or the number `wanted`.
    fn find(&self, wanted: &str) -> Result<usize, String> {
        let wanted = wanted.trim();
        let ids: Vec<usize> = (0..self.cells.len())
            .filter(|&index| self.cells[index].id.as_deref() == Some(wanted))
            .collect();
        match ids.as_slice() {
            [index] => return Ok(*index),
            [] => {}
            _ => {
                return Err(format!(
                    "has several cells with the id {wanted:?}; give the number of the cell instead."
                ));
            }
        }
        let number = wanted.strip_prefix("cell-").unwrap_or(wanted).parse().ok();
        match number.filter(|&number: &usize| number < self.cells.len()) {
            Some(index) => Ok(index),
            None => Err(format!(
                "has no cell {wanted:?}. Its cells are: {}.",
                self.names()
            )),
        }
    }

    /// Returns the names of the cells, for an error message.
    fn names(&self) -> String {
        const NAMED: usize = 20;
        let mut names: Vec<String> = (0..self.cells.len())
            .take(NAMED)
            .map(|index| self.name(index))
            .collect();
        if self.cells.len() > NAMED {
            names.push("…".to_owned());
        }
        names.join(", ")
    }

    fn name(&self, index: usize) -> String {
        match &self.cells[index].id {
            Some(id) => format!("cell {index} (id {id})"),
            None => format!("cell {index}"),
        }
    }

    /// Returns the text with another one at a place.
    fn with(&self, place: Range<usize>, new: &str) -> String {
        format!(
            "{}{new}{}",
            &self.text[..place.start],
            &self.text[place.end..]
        )
    }

    /// Returns the members of a cell with another source. What belongs to the old one goes: outputs,
    /// and how often it ran.
    fn replaced(
        &self,
        cell: &Cell<'_>,
        source: &str,
        kind: Option<CellType>,
    ) -> Vec<(String, String)> {
        let kind: &str = kind.map_or(&cell.kind, |kind| kind.name());
        let is_code = kind == CellType::Code.name();
        let mut members: Vec<(String, String)> = cell
            .members
            .iter()
            .filter(|(name, _)| is_code || (name != "outputs" && name != "execution_count"))
            .map(|(name, value)| {
                let new = match name.as_str() {
                    "cell_type" if kind != cell.kind => Value::from(kind).to_string(),
                    "source" => self.layout.source(source, value.starts_with('"')),
                    "outputs" => "[]".to_owned(),
                    "execution_count" => "null".to_owned(),
                    _ => (*value).to_owned(),
                };
                (name.clone(), new)
            })
            .collect();
        if is_code {
            for (name, value) in [("execution_count", "null"), ("outputs", "[]")] {
                if !members.iter().any(|(known, _)| known == name) {
                    // Jupyter sorts them.
                    let at = members.partition_point(|(known, _)| known.as_str() < name);
                    members.insert(at, (name.to_owned(), value.to_owned()));
                }
            }
        }
        members
    }

    /// Returns the members of a new cell, sorted as Jupyter does.
    fn new_members(&self, id: Option<&str>, source: &str, kind: CellType) -> Vec<(String, String)> {
        let as_string = self.cells.iter().any(|cell| cell.has_string_source());
        let mut members = vec![("cell_type", Value::from(kind.name()).to_string())];
        if kind == CellType::Code {
            members.push(("execution_count", "null".to_owned()));
        }
        members.extend(id.map(|id| ("id", Value::from(id).to_string())));
        members.push(("metadata", "{}".to_owned()));
        if kind == CellType::Code {
            members.push(("outputs", "[]".to_owned()));
        }
        members.push(("source", self.layout.source(source, as_string)));
        members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    /// Makes an id that no cell has. Which one does not matter, so it comes from what is there.
    fn new_id(&self, after: Option<usize>, source: &str) -> String {
        let mut attempt = 0_u64;
        loop {
            let mut hasher = DefaultHasher::new();
            (after, source, self.cells.len(), attempt).hash(&mut hasher);
            let id = format!("{:08x}", hasher.finish() & 0xffff_ffff);
            if !self.cells.iter().any(|cell| cell.id.as_ref() == Some(&id)) {
                return id;
            }
            attempt += 1;
        }
    }
}

impl<'a> Cell<'a> {
    fn parse(text: &str, cell: &'a str) -> serde_json::Result<Self> {
        let members = members(cell)?;
        let value = |name: &str| {
            let (_, text) = members.iter().find(|(key, _)| key == name)?;
            serde_json::from_str::<Value>(text).ok()
        };
        let string = |name: &str| value(name)?.as_str().map(str::to_owned);
        Ok(Self {
            place: place_of(text, cell),
            id: string("id"),
            kind: string("cell_type").unwrap_or_default(),
            source: value("source").as_ref().map(text_of).unwrap_or_default(),
            members,
        })
    }

    fn has_string_source(&self) -> bool {
        self.members
            .iter()
            .any(|(name, value)| name == "source" && value.starts_with('"'))
    }

    /// Returns the value of a member.
    fn value(&self, name: &str) -> Option<Value> {
        let (_, text) = self.members.iter().find(|(key, _)| key == name)?;
        serde_json::from_str(text).ok()
    }
}

/// Returns a text that nbformat lets be a string or a list of lines.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        _ => String::new(),
    }
}

/// Returns where `part`, a slice of `text`, lies in it.
fn place_of(text: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - text.as_ptr() as usize;
    start..start + part.len()
}
