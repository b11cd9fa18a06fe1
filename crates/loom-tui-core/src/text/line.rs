//! A line of safe text with styles.

use std::ops::Range;

use ratatui::style::Style;

use super::{SafeText, width};

/// A line of text, of any length, in pieces with styles.
///
/// The text stands in one string, so that words and clusters are found across pieces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    text: String,
    runs: Vec<Run>,
}

/// A piece of one style: from the end of the piece before to here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    end: usize,
    style: Style,
}

impl Line {
    /// An empty line.
    pub const fn new() -> Self {
        Self {
            text: String::new(),
            runs: Vec::new(),
        }
    }

    /// Makes a line of one style. Line ends become spaces.
    pub fn styled(text: impl Into<SafeText>, style: Style) -> Self {
        let mut line = Self::new();
        line.push(text, style);
        line
    }

    /// Makes a line of each line of a text.
    pub fn each(text: &SafeText, style: Style) -> impl Iterator<Item = Self> {
        text.lines().map(move |text| Self {
            text: text.to_owned(),
            runs: vec![Run {
                end: text.len(),
                style,
            }],
        })
    }

    /// Adds text at the end. Line ends become spaces; a piece should not end within a cluster.
    pub fn push(&mut self, text: impl Into<SafeText>, style: Style) {
        let text: SafeText = text.into();
        if text.is_empty() {
            return;
        }
        self.text
            .extend(text.as_str().chars().map(|character| match character {
                '\n' => ' ',
                other => other,
            }));
        let end = self.text.len();
        match self.runs.last_mut() {
            Some(last) if last.style == style => last.end = end,
            _ => self.runs.push(Run { end, style }),
        }
    }

    /// Adds text at the end, and returns the line.
    #[must_use]
    pub fn with(mut self, text: impl Into<SafeText>, style: Style) -> Self {
        self.push(text, style);
        self
    }

    /// Adds another line at the end.
    pub fn append(&mut self, other: &Self) {
        let offset = self.text.len();
        self.text.push_str(&other.text);
        self.runs.extend(other.runs.iter().map(|run| Run {
            end: run.end + offset,
            ..*run
        }));
    }

    /// Returns the text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns how many cells the text takes.
    pub fn width(&self) -> usize {
        width(&self.text)
    }

    /// Returns the pieces of a part of the text, with their styles.
    pub fn pieces(&self, range: Range<usize>) -> impl Iterator<Item = (Range<usize>, Style)> {
        let first = self.runs.partition_point(|run| run.end <= range.start);
        let mut start = range.start;
        self.runs[first..].iter().map_while(move |run| {
            let piece = start..run.end.min(range.end);
            start = piece.end;
            (!piece.is_empty()).then_some((piece, run.style))
        })
    }

    /// Returns the style at a place in the text.
    pub(super) fn style_at(&self, offset: usize) -> Style {
        let index = self.runs.partition_point(|run| run.end <= offset);
        self.runs
            .get(index)
            .map_or_else(Style::new, |run| run.style)
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::Color;

    use super::*;

    #[test]
    fn pieces_of_a_part_have_their_styles() {
        let (red, blue) = (Style::new().fg(Color::Red), Style::new().fg(Color::Blue));
        let line = Line::styled("one ", red)
            .with("two", red)
            .with(" thrée", blue);
        assert_eq!(line.text(), "one two thrée");
        assert_eq!(line.width(), 13);
        let pieces: Vec<_> = line.pieces(4..10).collect();
        assert_eq!(pieces, [(4..7, red), (7..10, blue)]);
        assert_eq!(line.pieces(3..3).count(), 0);
        assert_eq!(line.style_at(7), blue);
    }

    #[test]
    fn a_line_stays_one() {
        let line = Line::styled("a\nb", Style::new());
        assert_eq!(line.text(), "a b");
    }
}
