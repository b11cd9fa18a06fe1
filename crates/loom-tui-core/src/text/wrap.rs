//! Breaking lines into rows that fit a width.
//!
//! Words are those of Unicode Standard Annex 14, so Chinese and Japanese break between characters and
//! paths after their slashes. Spaces at a break belong to no row: they neither count for its width nor
//! begin the next one. A word that no row has room for begins a row of its own and is broken between
//! clusters.

use std::ops::Range;

use unicode_linebreak::linebreaks;
use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

use super::{Line, cluster_width, width};

/// Where a line may be broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BreakAt {
    /// Between words.
    #[default]
    Words,
    /// Anywhere between clusters, and all spaces stay: for code and for output of programs.
    Clusters,
}

/// How a line is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wrap {
    /// The most cells of a row, with its indent.
    pub width: u16,
    /// Cells before the first row.
    pub first_indent: u16,
    /// Cells before the other rows.
    pub indent: u16,
    /// Where it may be broken.
    pub at: BreakAt,
}

impl Wrap {
    /// Breaks between words, without indents.
    pub const fn words(width: u16) -> Self {
        Self {
            width,
            first_indent: 0,
            indent: 0,
            at: BreakAt::Words,
        }
    }

    /// Breaks anywhere between clusters, without indents.
    pub const fn clusters(width: u16) -> Self {
        Self {
            at: BreakAt::Clusters,
            ..Self::words(width)
        }
    }

    /// Sets rows in: the first, and the others.
    #[must_use]
    pub const fn indented(self, first: u16, others: u16) -> Self {
        Self {
            first_indent: first,
            indent: others,
            ..self
        }
    }

    /// Returns the indent of a row, which leaves room for a cell.
    fn indent_of(&self, row: usize) -> u16 {
        let indent = if row == 0 {
            self.first_indent
        } else {
            self.indent
        };
        indent.min(self.width.saturating_sub(1))
    }

    fn room(&self, row: usize) -> usize {
        usize::from(self.width - self.indent_of(row))
    }
}

/// A part of a line that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The part, in bytes.
    pub text: Range<usize>,
    /// Cells before it.
    pub indent: u16,
    /// Cells that it takes, without the indent.
    pub width: u16,
}

impl Line {
    /// Breaks the line. There is at least one row, unless there is no width at all.
    pub fn wrap(&self, wrap: Wrap) -> Vec<Row> {
        if wrap.width == 0 {
            return Vec::new();
        }
        let mut rows = Rows {
            text: self.text(),
            wrap,
            done: Vec::new(),
            start: 0,
            end: 0,
            width: 0,
        };
        match wrap.at {
            BreakAt::Clusters => rows.push_clusters(0..self.text().len()),
            BreakAt::Words => {
                let mut start = 0;
                for end in word_ends(self.text()) {
                    rows.push_word(start..end);
                    start = end;
                }
            }
        }
        rows.finish()
    }
}

/// Returns where words end, with the spaces after them.
///
/// The standard keeps what follows spaces together with what goes before in some places, such as before
/// brackets; a row that ends in spaces looks worse, so spaces always end a word. Nothing ends within a
/// cluster, such as a space that carries a mark.
fn word_ends(text: &str) -> impl Iterator<Item = usize> {
    let mut start = 0;
    linebreaks(text)
        .flat_map(move |(end, _)| {
            let words = start..end;
            start = end;
            let bytes = text.as_bytes();
            words
                .clone()
                .skip(1)
                .filter(|&at| bytes[at - 1] == b' ' && bytes[at] != b' ')
                .chain([words.end])
        })
        .filter(|&end| is_cluster_end(text, end))
}

fn is_cluster_end(text: &str, offset: usize) -> bool {
    let is_ascii = |at: Option<usize>| {
        at.and_then(|at| text.as_bytes().get(at))
            .is_none_or(u8::is_ascii)
    };
    // Between two characters of ASCII there always is a boundary: a line has no line ends.
    (is_ascii(offset.checked_sub(1)) && is_ascii(Some(offset)))
        || GraphemeCursor::new(offset, text.len(), true)
            .is_boundary(text, 0)
            .unwrap_or(false)
}

/// The rows so far; the last of them grows.
struct Rows<'a> {
    text: &'a str,
    wrap: Wrap,
    done: Vec<Row>,
    /// Where the growing row begins.
    start: usize,
    /// Where its last word ends.
    end: usize,
    /// Cells from its beginning to the end of its last word.
    width: usize,
}

impl Rows<'_> {
    fn room(&self) -> usize {
        self.wrap.room(self.done.len())
    }

    /// Adds a word with the spaces after it.
    fn push_word(&mut self, range: Range<usize>) {
        let word = self.text[range.clone()].trim_end_matches(' ');
        if word.is_empty() {
            return;
        }
        let end = range.start + word.len();
        let word_width = width(word);
        // Spaces between the words count only when both stand in the row.
        let gap = range.start - self.end;
        if self.width + gap + word_width <= self.room() {
            self.end = end;
            self.width += gap + word_width;
            return;
        }
        if self.width > 0 {
            self.break_row();
        }
        self.start = range.start;
        self.end = range.start;
        if word_width <= self.room() {
            self.end = end;
            self.width = word_width;
        } else {
            self.push_clusters(range.start..end);
        }
    }

    /// Adds text that may be broken between any clusters.
    fn push_clusters(&mut self, range: Range<usize>) {
        for (offset, cluster) in self.text[range.clone()].grapheme_indices(true) {
            let room = self.room();
            let mut cells = usize::from(cluster_width(cluster)).min(room);
            if self.width + cells > room {
                self.break_row();
                self.start = range.start + offset;
                cells = usize::from(cluster_width(cluster)).min(self.room());
            }
            self.end = range.start + offset + cluster.len();
            self.width += cells;
        }
    }

    fn break_row(&mut self) {
        self.done.push(self.row());
        self.width = 0;
    }

    fn row(&self) -> Row {
        Row {
            text: self.start..self.end,
            indent: self.wrap.indent_of(self.done.len()),
            width: u16::try_from(self.width).unwrap_or(u16::MAX),
        }
    }

    fn finish(mut self) -> Vec<Row> {
        if self.width > 0 || self.done.is_empty() {
            let row = self.row();
            self.done.push(row);
        }
        self.done
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::style::Style;

    use super::*;

    fn wrapped(text: &str, wrap: Wrap) -> Vec<String> {
        let line = Line::styled(text, Style::new());
        line.wrap(wrap)
            .into_iter()
            .map(|row| {
                let indent = " ".repeat(usize::from(row.indent));
                format!("{indent}{}", &line.text()[row.text])
            })
            .collect()
    }

    #[test]
    fn words_stay_whole_and_spaces_at_breaks_go() {
        assert_eq!(
            wrapped("the quick  brown fox   jumps ", Wrap::words(11)),
            ["the quick", "brown fox", "jumps"]
        );
        assert_eq!(wrapped("", Wrap::words(5)), [""]);
        assert_eq!(wrapped("     ", Wrap::words(3)), [""]);
        assert_eq!(wrapped("  set in", Wrap::words(20)), ["  set in"]);
        assert_eq!(wrapped("          set", Wrap::words(6)), ["set"]);
        assert_eq!(wrapped("no width", Wrap::words(0)), [""; 0]);
    }

    #[test]
    fn long_words_are_broken_and_paths_after_slashes() {
        assert_eq!(
            wrapped("a abcdefghij b", Wrap::words(4)),
            ["a", "abcd", "efgh", "ij b"]
        );
        assert_eq!(
            wrapped("see crates/loom-tui-core/src", Wrap::words(16)),
            ["see crates/loom-", "tui-core/src"]
        );
    }

    #[test]
    fn rows_hang_under_the_first() {
        assert_eq!(
            wrapped("one two three four", Wrap::words(10).indented(0, 2)),
            ["one two", "  three", "  four"]
        );
        // An indent leaves room for a cell.
        assert_eq!(wrapped("ab", Wrap::words(2).indented(9, 9)), [" a", " b"]);
    }

    #[test]
    fn wide_clusters_are_never_cut() {
        assert_eq!(
            wrapped("漢字仮名交じり", Wrap::words(5)),
            ["漢字", "仮名", "交じ", "り"]
        );
        assert_eq!(wrapped("👨‍👩‍👧‍👦👨‍👩‍👧‍👦", Wrap::clusters(3)), ["👨‍👩‍👧‍👦", "👨‍👩‍👧‍👦"]);
        assert_eq!(wrapped("漢a", Wrap::words(1)), ["漢", "a"]);
    }

    #[test]
    fn code_keeps_its_spaces() {
        assert_eq!(wrapped("a  b   c", Wrap::clusters(3)), ["a  ", "b  ", " c"]);
    }

    fn text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "[a-z]{1,12}",
            " {1,3}",
            "[-/.,(){}]",
            prop::sample::select(vec!["漢字", "かな", "👨‍👩‍👧", "e\u{301}", "שלום", "🇩🇪", "한국"])
                .prop_map(str::to_owned),
            any::<char>().prop_map(String::from),
        ];
        proptest::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
    }

    fn options() -> impl Strategy<Value = Wrap> {
        (1_u16..40, 0_u16..12, 0_u16..12, any::<bool>()).prop_map(
            |(width, first, others, words)| {
                let wrap = if words {
                    Wrap::words(width)
                } else {
                    Wrap::clusters(width)
                };
                wrap.indented(first, others)
            },
        )
    }

    proptest! {
        #[test]
        fn no_row_is_wider_than_asked(text in text(), wrap in options()) {
            let line = Line::styled(text, Style::new());
            for row in line.wrap(wrap) {
                prop_assert!(row.indent + row.width <= wrap.width);
                let cells = width(&line.text()[row.text.clone()]);
                // Only a cluster that is wider than a whole row is taken for less.
                if line.text()[row.text].graphemes(true).all(|c| cluster_width(c) <= wrap.width - row.indent) {
                    prop_assert_eq!(usize::from(row.width), cells);
                }
            }
        }

        #[test]
        fn nothing_is_lost_but_spaces_at_breaks(text in text(), wrap in options()) {
            let line = Line::styled(text, Style::new());
            let mut end = 0;
            let mut cells = 0;
            let rows = line.wrap(wrap);
            for row in &rows {
                let gap = &line.text()[end..row.text.start];
                prop_assert!(gap.bytes().all(|byte| byte == b' '), "{:?} is lost", gap);
                prop_assert!(wrap.at == BreakAt::Words || gap.is_empty());
                cells += gap.len() + width(&line.text()[row.text.clone()]);
                end = row.text.end;
            }
            let rest = &line.text()[end..];
            prop_assert!(rest.bytes().all(|byte| byte == b' '), "{:?} is lost", rest);
            prop_assert_eq!(cells + rest.len(), line.width());
            if wrap.at == BreakAt::Words {
                for row in &rows[..rows.len() - 1] {
                    prop_assert!(!line.text()[row.text.clone()].ends_with(' '));
                }
            }
        }

        #[test]
        fn what_fits_is_not_broken(text in text()) {
            let line = Line::styled(text, Style::new());
            let width = u16::try_from(line.width().max(1)).unwrap();
            prop_assert_eq!(line.wrap(Wrap::words(width)).len(), 1);
            prop_assert_eq!(line.wrap(Wrap::clusters(width)).len(), 1);
        }
    }
}
