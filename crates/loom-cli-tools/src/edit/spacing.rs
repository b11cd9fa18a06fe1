//! Finds a text whose white space differs from the file's.
//!
//! Two lines are the same here when their words are: indentation, trailing spaces and the width of
//! gaps do not count, nor do empty lines around the text as a whole. A text of several lines is
//! looked for as whole lines; a text of one line also as a part of a line, which must not begin or
//! end inside a word of the file: `x = 1` is not meant where the file has `max  = 10`.

use std::ops::Range;

use super::indentation::Indentation;

/// What became of the search.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Spaced {
    /// There is no such place.
    None,
    /// There is one, and this is what to put there.
    One {
        /// The place in the view.
        place: Range<usize>,
        /// The new text with the file's indentation.
        new: String,
    },
    /// There are several; where each starts in the view.
    Several(Vec<usize>),
}

/// Looks for `old` in `view`, white space normalized, and prepares `new` for the place.
pub(super) fn find(view: &str, old: &str, new: &str) -> Spaced {
    let wanted = Wanted::of(old);
    if wanted.words.iter().all(Vec::is_empty) {
        return Spaced::None;
    }
    let lines = lines(view);
    let whole = whole_lines(view, &lines, &wanted.words);
    match whole.as_slice() {
        [] => {}
        [first] => {
            let matched = &lines[*first..first + wanted.words.len()];
            return replace_lines(view, matched, &wanted, new);
        }
        several => {
            return Spaced::Several(several.iter().map(|&line| lines[line].start).collect());
        }
    }
    let [words] = wanted.words.as_slice() else {
        return Spaced::None;
    };
    let parts: Vec<Range<usize>> = lines
        .iter()
        .flat_map(|line| parts_of_line(view, line, words))
        .collect();
    match parts.as_slice() {
        [] => Spaced::None,
        [place] => Spaced::One {
            place: place.clone(),
            new: new.trim().to_owned(),
        },
        several => Spaced::Several(several.iter().map(|part| part.start).collect()),
    }
}

/// The text that is looked for, without the empty lines around it.
struct Wanted<'a> {
    lines: Vec<&'a str>,
    /// The words of each line.
    words: Vec<Vec<&'a str>>,
    /// Empty lines that were taken off at the start and at the end.
    blank_before: usize,
    blank_after: usize,
    /// Whether it ends with a line end, which then belongs to it.
    has_end: bool,
}

impl<'a> Wanted<'a> {
    fn of(old: &'a str) -> Self {
        let body = old.strip_suffix('\n');
        let all: Vec<&str> = body.unwrap_or(old).split('\n').collect();
        let is_blank = |line: &&&str| line.trim().is_empty();
        let blank_before = all.iter().take_while(is_blank).count();
        let blank_after = if blank_before == all.len() {
            0
        } else {
            all.iter().rev().take_while(is_blank).count()
        };
        let lines = all[blank_before..all.len() - blank_after].to_vec();
        Self {
            words: lines.iter().map(|line| words(line)).collect(),
            lines,
            blank_before,
            blank_after,
            has_end: body.is_some(),
        }
    }

    /// Returns the lines of the new text, without as many empty lines around it as were taken off
    /// the old one, and whether a line end goes with it.
    fn counterpart<'n>(&self, new: &'n str) -> (Vec<&'n str>, bool) {
        let body = new.strip_suffix('\n');
        if new.is_empty() {
            return (Vec::new(), false);
        }
        let mut lines: Vec<&str> = body.unwrap_or(new).split('\n').collect();
        for _ in 0..self.blank_after {
            match lines.last() {
                Some(line) if line.trim().is_empty() => lines.pop(),
                _ => break,
            };
        }
        let surplus = lines
            .iter()
            .take(self.blank_before)
            .take_while(|line| line.trim().is_empty())
            .count();
        lines.drain(..surplus);
        (lines, body.is_some())
    }
}

/// Returns what of a line counts.
pub(super) fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

/// Tells whether a line has these words and no others.
pub(super) fn is_same_line(line: &str, words: &[&str]) -> bool {
    line.split_whitespace().eq(words.iter().copied())
}

/// Returns where each line of a text lies, without its end.
pub(super) fn lines(text: &str) -> Vec<Range<usize>> {
    let mut start = 0;
    text.split('\n')
        .map(|line| {
            let range = start..start + line.len();
            start = range.end + 1;
            range
        })
        .collect()
}

/// Returns the lines of the view at which the wanted lines start.
fn whole_lines(view: &str, lines: &[Range<usize>], wanted: &[Vec<&str>]) -> Vec<usize> {
    let is_same = |line: &Range<usize>, words: &Vec<&str>| is_same_line(&view[line.clone()], words);
    (0..(lines.len() + 1).saturating_sub(wanted.len()))
        .filter(|&first| {
            lines[first..]
                .iter()
                .zip(wanted)
                .all(|(line, words)| is_same(line, words))
        })
        .collect()
}

/// Returns the parts of a line that consist of `words` with any white space between them and do
/// not cut an identifier in two.
fn parts_of_line(view: &str, line: &Range<usize>, words: &[&str]) -> Vec<Range<usize>> {
    let Some((first, rest)) = words.split_first() else {
        return Vec::new();
    };
    let text = &view[line.clone()];
    text.char_indices()
        .filter(|&(start, _)| text[start..].starts_with(first))
        .filter_map(|(start, _)| {
            let mut end = start + first.len();
            for word in rest {
                let gap = text[end..].trim_start();
                if gap.len() == text[end..].len() {
                    return None;
                }
                end = text.len() - gap.strip_prefix(word)?.len();
            }
            (!is_in_identifier(text, start) && !is_in_identifier(text, end))
                .then(|| line.start + start..line.start + end)
        })
        .collect()
}

/// Tells whether the characters on both sides of a place belong to the same identifier.
fn is_in_identifier(text: &str, place: usize) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    let (before, after) = text.split_at(place);
    before.ends_with(is_part) && after.starts_with(is_part)
}

/// Prepares the replacement of whole lines.
fn replace_lines(view: &str, matched: &[Range<usize>], wanted: &Wanted<'_>, new: &str) -> Spaced {
    let (Some(first), Some(last)) = (matched.first(), matched.last()) else {
        return Spaced::None;
    };
    let file_lines: Vec<&str> = matched.iter().map(|line| &view[line.clone()]).collect();
    let (new_lines, new_has_end) = wanted.counterpart(new);
    let indentation = Indentation::new(&wanted.lines, &file_lines, &new_lines, view);
    let mut text = indentation.apply(&wanted.lines, &file_lines, &new_lines);
    let mut place = first.start..last.end;
    let file_has_end = last.end < view.len();
    if wanted.has_end && file_has_end {
        place.end += 1;
    }
    // A last line without its end stays without it.
    if new_has_end && (file_has_end || !wanted.has_end) {
        text.push('\n');
    }
    Spaced::One { place, new: text }
}
