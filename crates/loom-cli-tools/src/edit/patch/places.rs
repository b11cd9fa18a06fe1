//! Finds the places in a file where a hunk fits.

use std::ops::Range;

use super::parse::{Hunk, Mark};
use super::texts;
use crate::edit::spacing::{is_same_line, lines as line_ranges, words};

/// A file by lines.
pub(super) struct FileLines<'a> {
    view: &'a str,
    lines: Vec<Range<usize>>,
    /// Whether the last line has an end.
    has_last_end: bool,
}

impl<'a> FileLines<'a> {
    pub(super) fn new(view: &'a str) -> Self {
        let mut lines = line_ranges(view);
        let has_last_end = view.is_empty() || view.ends_with('\n');
        if has_last_end {
            // What comes after the last line end is no line.
            lines.pop();
        }
        Self {
            view,
            lines,
            has_last_end,
        }
    }

    pub(super) fn view(&self) -> &'a str {
        self.view
    }

    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    fn line(&self, index: usize) -> &'a str {
        &self.view[self.lines[index].clone()]
    }

    pub(super) fn range(&self, lines: Range<usize>) -> Vec<&'a str> {
        lines.map(|index| self.line(index)).collect()
    }

    /// Returns what to replace in the view so that the lines of `new` take the place of `lines`. A
    /// last line without an end stays the one without.
    pub(super) fn replacement(
        &self,
        lines: Range<usize>,
        new: &[String],
    ) -> (Range<usize>, String) {
        let count = self.len();
        let start = |line: usize| {
            self.lines
                .get(line)
                .map_or(self.view.len(), |range| range.start)
        };
        let mut place = start(lines.start)..start(lines.end);
        if self.has_last_end || lines.end < count {
            let text = new.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
            return (place, text);
        }
        let mut text = new.join("\n");
        if lines.start == count {
            if !new.is_empty() {
                text.insert(0, '\n');
            }
        } else if new.is_empty() {
            // The line before is the last one now.
            place.start = place.start.saturating_sub(1);
        }
        (place, text)
    }

    /// Returns the lines at which `wanted` begins.
    fn matches<'b>(
        &'b self,
        wanted: &'b [&'b str],
        is_same: impl Fn(&str, &str) -> bool + 'b,
    ) -> impl Iterator<Item = usize> + 'b {
        (0..(self.len() + 1).saturating_sub(wanted.len())).filter(move |&first| {
            wanted
                .iter()
                .enumerate()
                .all(|(index, wanted)| is_same(self.line(first + index), wanted))
        })
    }

    /// Tells whether there are only empty lines from `line` on.
    fn is_end(&self, line: usize) -> bool {
        (line..self.len()).all(|line| self.line(line).trim().is_empty())
    }
}

/// A place where a hunk fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place<'h> {
    /// The line of the file at which it begins.
    pub(super) first: usize,
    /// How many lines of the file it covers.
    pub(super) length: usize,
    /// The lines of the hunk, as far as they are looked for.
    pub(super) body: &'h [(Mark, String)],
    /// Whether it fits only with white space normalized.
    pub(super) is_respaced: bool,
}

impl Place<'_> {
    /// Returns the first line of the file below it.
    pub(super) fn end(&self) -> usize {
        self.first + self.length
    }
}

/// Why there is no place for a hunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Misfit {
    /// A line after `@@` is not in the file.
    NoScope {
        /// Which of them.
        line: String,
    },
    /// The lines of the hunk are not in the file.
    NotFound,
    /// They are, but elsewhere than the hunk says.
    Elsewhere {
        /// The lines at which they begin.
        at: Vec<usize>,
    },
    /// The hunk only adds, and does not say where.
    Nowhere,
}

/// Returns the places where a hunk fits, from top to bottom.
///
/// # Errors
///
/// When there is none, why.
pub(super) fn find<'h>(file: &FileLines<'_>, hunk: &'h Hunk) -> Result<Vec<Place<'h>>, Misfit> {
    let starts = scope_starts(file, &hunk.scope)?;
    let trimmed = trim(&hunk.lines);
    if texts(&hunk.lines, Mark::Added).is_empty() {
        return insertion(file, hunk, starts.as_deref());
    }
    let mut elsewhere = Vec::new();
    let tiers: [(&[(Mark, String)], bool); 3] =
        [(&hunk.lines, false), (trimmed, false), (trimmed, true)];
    for (body, is_respaced) in tiers {
        let old = texts(body, Mark::Added);
        if old.is_empty() {
            // Empty lines say nothing about a place unless they are there as they stand.
            continue;
        }
        let found: Vec<usize> = if is_respaced {
            let old: Vec<Vec<&str>> = old.iter().map(|line| words(line)).collect();
            spaced_matches(file, &old)
        } else {
            file.matches(&old, |line, wanted| line == wanted).collect()
        };
        let fitting = in_scope(file, hunk, &found, starts.as_deref(), old.len());
        if !fitting.is_empty() {
            let place = |first| Place {
                first,
                length: old.len(),
                body,
                is_respaced,
            };
            return Ok(fitting.into_iter().map(place).collect());
        }
        if elsewhere.is_empty() {
            elsewhere = found;
        }
    }
    if elsewhere.is_empty() {
        Err(Misfit::NotFound)
    } else {
        Err(Misfit::Elsewhere { at: elsewhere })
    }
}

fn spaced_matches(file: &FileLines<'_>, wanted: &[Vec<&str>]) -> Vec<usize> {
    (0..(file.len() + 1).saturating_sub(wanted.len()))
        .filter(|&first| {
            wanted
                .iter()
                .enumerate()
                .all(|(index, words)| is_same_line(file.line(first + index), words))
        })
        .collect()
}

/// Keeps of the lines at which a hunk would fit those that it can mean: at the end of the file, if
/// it says so; and below each line that its scope can mean the first.
fn in_scope(
    file: &FileLines<'_>,
    hunk: &Hunk,
    found: &[usize],
    starts: Option<&[usize]>,
    length: usize,
) -> Vec<usize> {
    let found: Vec<usize> = found
        .iter()
        .copied()
        .filter(|first| !hunk.is_at_end || file.is_end(first + length))
        .collect();
    let Some(starts) = starts else {
        return found;
    };
    let mut below: Vec<usize> = starts
        .iter()
        .filter_map(|start| found.iter().find(|first| *first >= start))
        .copied()
        .collect();
    below.dedup();
    below
}

/// Returns the place of a hunk that only adds lines.
fn insertion<'h>(
    file: &FileLines<'_>,
    hunk: &'h Hunk,
    starts: Option<&[usize]>,
) -> Result<Vec<Place<'h>>, Misfit> {
    let place = |first| Place {
        first,
        length: 0,
        body: &hunk.lines,
        is_respaced: false,
    };
    match starts {
        _ if hunk.is_at_end || file.len() == 0 => Ok(vec![place(file.len())]),
        Some(starts) => Ok(starts.iter().map(|start| place(start + 1)).collect()),
        None => Err(Misfit::Nowhere),
    }
}

/// Returns the lines of the file that the last line of a scope can mean; `None` without a scope.
fn scope_starts(file: &FileLines<'_>, scope: &[String]) -> Result<Option<Vec<usize>>, Misfit> {
    let mut starts: Option<Vec<usize>> = None;
    for wanted in scope {
        let matching = scope_matches(file, wanted);
        let mut inner: Vec<usize> = match &starts {
            None => matching,
            Some(outer) => outer
                .iter()
                .filter_map(|outer| matching.iter().find(|line| *line > outer))
                .copied()
                .collect(),
        };
        inner.dedup();
        if inner.is_empty() {
            return Err(Misfit::NoScope {
                line: wanted.clone(),
            });
        }
        starts = Some(inner);
    }
    Ok(starts)
}

/// Returns the lines that are the same as a line after `@@`; when there are none, those that begin
/// with it, as `class Shape` is written for `class Shape(Base):`.
fn scope_matches(file: &FileLines<'_>, wanted: &str) -> Vec<usize> {
    let wanted_words = words(wanted);
    let same: Vec<usize> = (0..file.len())
        .filter(|&line| is_same_line(file.line(line), &wanted_words))
        .collect();
    if !same.is_empty() {
        return same;
    }
    let begins = |line: &str| {
        line.trim_start()
            .strip_prefix(wanted.trim())
            .is_some_and(|rest| {
                !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_')
            })
    };
    (0..file.len())
        .filter(|&line| begins(file.line(line)))
        .collect()
}

/// Takes the empty kept lines around a hunk off.
fn trim(lines: &[(Mark, String)]) -> &[(Mark, String)] {
    let is_blank = |(mark, line): &&(Mark, String)| *mark == Mark::Kept && line.trim().is_empty();
    let before = lines.iter().take_while(is_blank).count();
    let after = lines[before..].iter().rev().take_while(is_blank).count();
    &lines[before..lines.len() - after]
}
