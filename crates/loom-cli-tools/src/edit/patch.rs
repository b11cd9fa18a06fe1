//! Patches in the format that OpenAI's models are trained on. Pure.
//!
//! [`parse`] reads a patch; [`apply`] applies the hunks of one file. A hunk has no line numbers: its
//! kept and removed lines say where it goes, and the lines after `@@` before which line to start
//! looking. Each hunk is looked for as it stands, then without empty lines around it, then with
//! white space normalized ([`places`]). Where that leaves several places, the order of the hunks
//! may decide: of all ways to put the hunks into the file one below the other, there must be exactly
//! one ([`order`]). There is no guessing: with several ways, or none, nothing is changed, and the
//! failure says where each hunk would fit.
//!
//! Kept lines are never written: they stay as they are in the file, with their line ends and white
//! space.

mod advice;
mod order;
mod parse;
mod places;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;

use super::indentation::Indentation;
use super::text::Text;
pub(crate) use parse::{Hunk, Mark, Operation, parse};
use places::{FileLines, Place};

/// The content of a file after some hunks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Patched {
    /// The whole new content.
    pub(crate) content: String,
    /// The numbers, from 1, of the hunks that were found only with white space normalized.
    pub(crate) respaced: Vec<usize>,
}

/// Applies the hunks of a patch to the content of a file.
///
/// # Errors
///
/// For each hunk that does not fit a message for the model.
pub(crate) fn apply(content: &str, hunks: &[Hunk]) -> Result<Patched, Vec<String>> {
    let text = Text::parse(content);
    let hunks: &[Hunk] = &adapted(&text, hunks);
    let lines = FileLines::new(text.view());
    let mut misfits = Vec::new();
    let mut candidates: Vec<Vec<Place<'_>>> = Vec::with_capacity(hunks.len());
    for (index, hunk) in hunks.iter().enumerate() {
        match places::find(&lines, hunk) {
            Ok(places) => candidates.push(places),
            Err(misfit) => misfits.push(advice::misfit(&lines, index, hunk, &misfit)),
        }
    }
    if !misfits.is_empty() {
        return Err(misfits);
    }
    let places =
        order::choose(candidates).map_err(|conflict| vec![advice::conflict(hunks, &conflict)])?;
    let mut changes: Vec<Change> = places
        .iter()
        .flat_map(|place| changes_of(place, indentation(&lines, place).as_ref()))
        .collect();
    // Stable: what is added at one place comes in the order of the patch.
    changes.sort_by_key(|change| change.lines.start);
    let replacements: Vec<(Range<usize>, String)> = merge_adjacent(changes)
        .iter()
        .map(|change| lines.replacement(change.lines.clone(), &change.new))
        .collect();
    let content = text.replace(
        replacements
            .iter()
            .map(|(place, new)| (place.clone(), new.as_str())),
    );
    let respaced = places
        .iter()
        .zip(1..)
        .filter(|(place, _)| place.is_respaced)
        .map(|(_, number)| number)
        .collect();
    Ok(Patched { content, respaced })
}

/// Returns the hunks with their lines as those of the view are, without line ends.
fn adapted<'h>(text: &Text<'_>, hunks: &'h [Hunk]) -> Cow<'h, [Hunk]> {
    if !text.has_long_ends() {
        return Cow::Borrowed(hunks);
    }
    let mut adapted = hunks.to_vec();
    for (_, line) in adapted.iter_mut().flat_map(|hunk| &mut hunk.lines) {
        if line.ends_with('\r') {
            line.pop();
        }
    }
    Cow::Owned(adapted)
}

/// Lines of the file, and those that take their place.
struct Change {
    lines: Range<usize>,
    new: Vec<String>,
}

/// Returns what a hunk changes at its place: one change for each run of lines that are removed or
/// added. New lines get their `indentation`, if there is one.
fn changes_of(place: &Place<'_>, indentation: Option<&Indentation<'_>>) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    let mut at = place.first;
    for run in place
        .body
        .chunk_by(|(one, _), (other, _)| (*one == Mark::Kept) == (*other == Mark::Kept))
    {
        let start = at;
        at += run.iter().filter(|(mark, _)| *mark != Mark::Added).count();
        if run.iter().all(|(mark, _)| *mark == Mark::Kept) {
            continue;
        }
        let new = run.iter().filter(|(mark, _)| *mark == Mark::Added);
        changes.push(Change {
            lines: start..at,
            new: new
                .map(|(_, line)| match indentation {
                    Some(indentation) => indentation.line(line),
                    None => line.clone(),
                })
                .collect(),
        });
    }
    changes
}

/// Returns how the indentation of a hunk relates to that of the file, where they differ.
fn indentation<'a>(lines: &FileLines<'a>, place: &Place<'a>) -> Option<Indentation<'a>> {
    let old = texts(place.body, Mark::Added);
    let new = texts(place.body, Mark::Removed);
    let file = lines.range(place.first..place.end());
    place
        .is_respaced
        .then(|| Indentation::new(&old, &file, &new, lines.view()))
}

/// Makes one of changes without a line between them. The changes are in order.
fn merge_adjacent(changes: Vec<Change>) -> Vec<Change> {
    let mut merged: Vec<Change> = Vec::with_capacity(changes.len());
    for change in changes {
        match merged.last_mut() {
            Some(last) if last.lines.end == change.lines.start => {
                last.lines.end = change.lines.end;
                last.new.extend(change.new);
            }
            _ => merged.push(change),
        }
    }
    merged
}

/// Returns the lines of a hunk without those that are marked so.
fn texts(lines: &[(Mark, String)], without: Mark) -> Vec<&str> {
    lines
        .iter()
        .filter(|(mark, _)| *mark != without)
        .map(|(_, line)| line.as_str())
        .collect()
}
