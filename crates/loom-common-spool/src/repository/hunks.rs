//! Which lines differ between two contents.

use std::ops::Range;

use jj_lib::diff::DiffHunkKind;
use jj_lib::diff_presentation::unified::{DiffLineType, unified_diff_hunks};
use jj_lib::diff_presentation::{DiffTokenType, LineCompareMode, diff_by_line};
use jj_lib::merge::Diff;

/// Which lines count as equal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Whitespace {
    /// Those with the same bytes.
    #[default]
    Counts,
    /// Those that differ in how much white space there is.
    AmountIgnored,
    /// Those that differ in white space.
    Ignored,
}

impl From<Whitespace> for LineCompareMode {
    fn from(whitespace: Whitespace) -> Self {
        match whitespace {
            Whitespace::Counts => Self::Exact,
            Whitespace::AmountIgnored => Self::IgnoreSpaceChange,
            Whitespace::Ignored => Self::IgnoreAllSpace,
        }
    }
}

/// Lines that differ, with some around them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk {
    /// Which lines they were, from 0.
    pub before: Range<usize>,
    /// Which lines they are, from 0.
    pub after: Range<usize>,
    /// The lines.
    pub lines: Vec<HunkLine>,
}

/// A line of a hunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HunkLine {
    /// Where it is.
    pub kind: HunkLineKind,
    /// Its parts, with the line break; whether each differs.
    pub parts: Vec<(bool, Vec<u8>)>,
}

/// Where a line of a hunk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HunkLineKind {
    /// On both sides.
    Context,
    /// Before.
    Removed,
    /// After.
    Added,
}

/// How many lines differ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LineStats {
    /// Lines that are new.
    pub added: usize,
    /// Lines that are gone.
    pub removed: usize,
}

/// Compares two contents line by line, with as many lines of context around each difference.
pub fn hunks(before: &[u8], after: &[u8], context: usize, whitespace: Whitespace) -> Vec<Hunk> {
    let contents = Diff::new(before.into(), after.into());
    unified_diff_hunks(contents, context, whitespace.into())
        .into_iter()
        .map(|hunk| Hunk {
            before: hunk.left_line_range,
            after: hunk.right_line_range,
            lines: hunk
                .lines
                .into_iter()
                .map(|(kind, tokens)| HunkLine {
                    kind: match kind {
                        DiffLineType::Context => HunkLineKind::Context,
                        DiffLineType::Removed => HunkLineKind::Removed,
                        DiffLineType::Added => HunkLineKind::Added,
                    },
                    parts: tokens
                        .into_iter()
                        .map(|(kind, text)| (kind == DiffTokenType::Different, text.to_vec()))
                        .collect(),
                })
                .collect(),
        })
        .collect()
}

/// Counts the lines that differ between two contents.
pub fn line_stats(before: &[u8], after: &[u8], whitespace: Whitespace) -> LineStats {
    let mut stats = LineStats::default();
    for (kind, before, after) in pieces(before, after, whitespace) {
        if kind == Piece::Different {
            stats.removed += lines(&before);
            stats.added += lines(&after);
        }
    }
    stats
}

fn lines(text: &[u8]) -> usize {
    text.split_inclusive(|byte| *byte == b'\n').count()
}

/// Whether a piece is on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    Same,
    Different,
}

/// Takes two contents apart into pieces of whole lines that are the same, or differ.
pub(super) fn pieces(
    before: &[u8],
    after: &[u8],
    whitespace: Whitespace,
) -> Vec<(Piece, Vec<u8>, Vec<u8>)> {
    let compared = diff_by_line([before, after], &whitespace.into());
    let pieces = compared.hunks().map(|hunk| {
        let kind = match hunk.kind {
            DiffHunkKind::Matching => Piece::Same,
            DiffHunkKind::Different => Piece::Different,
        };
        let side = |index: usize| {
            let content = hunk.contents.get(index);
            content.map_or_else(Vec::new, |content| content.to_vec())
        };
        (kind, side(0), side(1))
    });
    pieces.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_differ_are_found_with_their_places() {
        let found = hunks(b"a\nb\nc\nd\n", b"a\nB\nc\nd\n", 1, Whitespace::Counts);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].before.clone(), found[0].after.clone()),
            (0..3, 0..3)
        );
        let kinds: Vec<_> = found[0].lines.iter().map(|line| line.kind).collect();
        assert_eq!(
            kinds,
            [
                HunkLineKind::Context,
                HunkLineKind::Removed,
                HunkLineKind::Added,
                HunkLineKind::Context,
            ]
        );
        assert_eq!(
            line_stats(b"a\nb\n", b"a\nc\nd\n", Whitespace::Counts),
            LineStats {
                added: 2,
                removed: 1,
            }
        );
    }
}
