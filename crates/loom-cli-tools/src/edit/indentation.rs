//! Gives a new text the indentation of the file it goes into.
//!
//! The lines that were found show how the model's indentation relates to the file's: each pair of
//! an old line and the file's line maps one to the other. A new line whose indentation is in that
//! map takes the file's; another one is measured from the nearest that is, in steps, as each side
//! indents. A line that the edit leaves as it is keeps the file's own form.

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// The step of indentation when there is nothing to take it from.
const DEFAULT_STEP: &str = "    ";

/// How the model's lines relate to the file's.
pub(super) struct Indentation<'a> {
    /// Indentation of an old line, and of the line of the file that it matched.
    pairs: Vec<(&'a str, &'a str)>,
    /// One step of the model's.
    model_step: String,
    /// One step of the file's.
    file_step: String,
}

impl<'a> Indentation<'a> {
    /// Takes the lines that the model wants to replace, those of the file that match them one by
    /// one, the new lines, and the whole file.
    pub(super) fn new(old: &[&'a str], file: &[&'a str], new: &[&'a str], view: &'a str) -> Self {
        let pairs = old
            .iter()
            .zip(file)
            .filter(|(old, _)| !old.trim().is_empty())
            .map(|(old, file)| (indent(old), indent(file)))
            .collect();
        let file_step = step(file.iter().copied())
            .or_else(|| step(view.lines()))
            .unwrap_or_else(|| DEFAULT_STEP.to_owned());
        let model_step = step(old.iter().chain(new).copied()).unwrap_or_else(|| file_step.clone());
        Self {
            pairs,
            model_step,
            file_step,
        }
    }

    /// Returns the new text, without a line end after its last line, given the lines that it was
    /// made from.
    pub(super) fn apply(&self, old: &[&str], file: &[&str], new: &[&str]) -> String {
        let mut lines: Vec<String> = Vec::with_capacity(new.len());
        for change in capture_diff_slices(Algorithm::Myers, old, new) {
            if let DiffOp::Equal { old_index, len, .. } = change {
                let kept = &file[old_index..old_index + len];
                lines.extend(kept.iter().map(|line| (*line).to_owned()));
            } else {
                lines.extend(new[change.new_range()].iter().map(|line| self.line(line)));
            }
        }
        lines.join("\n")
    }

    /// Returns a new line with the file's indentation.
    pub(super) fn line(&self, line: &str) -> String {
        let text = line.trim_start();
        if text.is_empty() {
            return String::new();
        }
        format!("{}{text}", self.translate(indent(line)))
    }

    /// Returns what the model's indentation is in the file.
    fn translate(&self, model: &str) -> String {
        if let Some((_, file)) = self.pairs.iter().find(|(old, _)| *old == model) {
            return (*file).to_owned();
        }
        let above = self
            .pairs
            .iter()
            .filter(|(old, _)| model.starts_with(old))
            .max_by_key(|(old, _)| old.len());
        if let Some((old, file)) = above {
            return format!("{file}{}", self.deeper(&model[old.len()..]));
        }
        let below = self
            .pairs
            .iter()
            .filter(|(old, _)| old.starts_with(model))
            .min_by_key(|(old, _)| old.len());
        match below {
            Some((old, file)) => self.shallower(file, &old[model.len()..]).to_owned(),
            None => model.to_owned(),
        }
    }

    /// Turns additional indentation of the model's into the file's.
    fn deeper(&self, extra: &str) -> String {
        let steps = extra.len() / self.model_step.len();
        if self.model_step == self.file_step || !extra.starts_with(&self.model_step) {
            return extra.to_owned();
        }
        let rest = &extra[steps * self.model_step.len()..];
        format!("{}{rest}", self.file_step.repeat(steps))
    }

    /// Takes as many steps off the file's indentation as `surplus` is of the model's.
    fn shallower<'f>(&self, file: &'f str, surplus: &str) -> &'f str {
        let steps = surplus.len().div_ceil(self.model_step.len());
        let length = file.len().saturating_sub(steps * self.file_step.len());
        &file[..length]
    }
}

/// Returns the spaces and tabs at the start of a line.
fn indent(line: &str) -> &str {
    let text = line.trim_start_matches([' ', '\t']);
    &line[..line.len() - text.len()]
}

/// Returns one step of indentation as these lines have it: a tab, or as many spaces as one line
/// is most often deeper than the one before it.
fn step<'l>(lines: impl Iterator<Item = &'l str>) -> Option<String> {
    let mut tabs = 0_usize;
    let mut spaces = 0_usize;
    let mut counts = [0_usize; 9];
    let mut before: Option<usize> = None;
    for line in lines.filter(|line| !line.trim().is_empty()) {
        let indent = indent(line);
        if indent.starts_with('\t') {
            tabs += 1;
        } else if !indent.is_empty() {
            spaces += 1;
        }
        let deeper = before.map_or(0, |before| indent.len().saturating_sub(before));
        if let Some(count) = counts.get_mut(deeper) {
            *count += usize::from(deeper > 0);
        }
        before = Some(indent.len());
    }
    if tabs > spaces {
        return Some("\t".to_owned());
    }
    // Of two that are as frequent the wider one: one space is seldom meant.
    let (width, count) = counts.iter().enumerate().max_by_key(|(_, count)| **count)?;
    (*count > 0).then(|| " ".repeat(width))
}
