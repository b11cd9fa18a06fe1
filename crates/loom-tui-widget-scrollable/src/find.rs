//! The search in rows.

use std::ops::Range;

use loom_tui_core::{Display, width};
use loom_tui_theme::Role;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::{Scrollable, Searchable, bar};

/// What came of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The text is in this row.
    Row {
        /// The row, from 0.
        row: usize,
        /// Whether the search went past an end to get there.
        wrapped: bool,
    },
    /// The text is nowhere, or there is none.
    Nothing,
}

impl<C: Searchable> Scrollable<C> {
    /// Finds the first row from one on, then from the beginning.
    pub(crate) fn find_from(&self, from: usize, area: Rect) -> Found {
        let rows = self.content.rows(bar::beside(area).width);
        let from = from.min(rows);
        self.first_of((from..rows).chain(0..from), area, |row| row < from)
    }

    /// Finds the last row before one, then from the end.
    pub(crate) fn find_before(&self, before: usize, area: Rect) -> Found {
        let rows = self.content.rows(bar::beside(area).width);
        let before = before.min(rows);
        let order = (0..before).rev().chain((before..rows).rev());
        self.first_of(order, area, |row| row >= before)
    }

    fn first_of(
        &self,
        mut rows: impl Iterator<Item = usize>,
        area: Rect,
        is_wrapped: impl Fn(usize) -> bool,
    ) -> Found {
        let query = self.query.to_lowercase();
        if query.is_empty() {
            return Found::Nothing;
        }
        let across = bar::beside(area).width;
        rows.find(|&row| !matches(&self.content.row_text(across, row), &query).is_empty())
            .map_or(Found::Nothing, |row| Found::Row {
                row,
                wrapped: is_wrapped(row),
            })
    }

    /// Marks what matches in the rows that are seen.
    pub(crate) fn mark_matches(
        &self,
        first: usize,
        area: Rect,
        buffer: &mut Buffer,
        display: &Display,
    ) {
        let query = self.query.to_lowercase();
        if query.is_empty() {
            return;
        }
        for (row, y) in (first..).zip(area.top()..area.bottom()) {
            let text = self.content.row_text(area.width, row);
            let role = match self.at == Some(row) {
                true => Role::Match,
                false => Role::Selection,
            };
            for found in matches(&text, &query) {
                let column =
                    |bytes: usize| u16::try_from(width(&text[..bytes])).unwrap_or(u16::MAX);
                let (start, end) = (column(found.start), column(found.end));
                let place = Rect {
                    x: area.x.saturating_add(start),
                    y,
                    width: end.saturating_sub(start),
                    height: 1,
                };
                buffer.set_style(place.intersection(area), display.style(role));
            }
        }
    }
}

/// Returns the parts of a text that are the query, which is in lower case, in either case.
fn matches(text: &str, query: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        match match_at(&text[at..], query) {
            Some(length) if length > 0 => {
                found.push(at..at + length);
                at += length;
            }
            _ => at += text[at..].chars().next().map_or(1, char::len_utf8),
        }
    }
    found
}

/// Returns how many bytes of the text's beginning are the query.
fn match_at(text: &str, query: &str) -> Option<usize> {
    let mut wanted = query.chars().peekable();
    for (at, character) in text.char_indices() {
        if wanted.peek().is_none() {
            return Some(at);
        }
        for lower in character.to_lowercase() {
            if wanted.next() != Some(lower) {
                return None;
            }
        }
    }
    wanted.peek().is_none().then_some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_are_found_in_either_case() {
        for (text, query, expected) in [
            ("Error: no error", "error", vec![(0, 5), (10, 15)]),
            ("ŻÓŁW żółw", "żółw", vec![(0, 7), (8, 15)]),
            ("aaa", "aa", vec![(0, 2)]),
            ("abc", "abcd", vec![]),
            ("", "a", vec![]),
            ("İx", "i\u{307}x", vec![(0, 3)]),
        ] {
            let found = matches(text, query).into_iter();
            let found: Vec<_> = found.map(|range| (range.start, range.end)).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
