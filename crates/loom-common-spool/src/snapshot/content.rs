//! How many lines a change adds and removes, and the change as a unified diff.

use std::fmt::Write as _;

use jj_lib::diff::DiffHunkKind;
use jj_lib::diff_presentation::unified::{DiffLineType, unified_diff_hunks};
use jj_lib::diff_presentation::{LineCompareMode, diff_by_line};
use jj_lib::merge::Diff;
use serde::{Deserialize, Serialize};

use super::{Change, SnapshotReader};
use crate::SpoolError;

/// Longer contents are not compared line by line.
const MAX_COMPARED: usize = 4 << 20;

/// Unchanged lines around changed ones.
const CONTEXT: usize = 3;

/// Lines of text that a change adds and removes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineCounts {
    /// Lines that are new.
    pub added: usize,
    /// Lines that are gone.
    pub removed: usize,
}

impl SnapshotReader {
    /// Counts the lines that a change adds and removes; `None` when one side is not text, is not
    /// kept, or is too large to compare.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Damaged`] or [`SpoolError::Io`] when it cannot be read.
    pub fn line_counts(&self, change: &Change) -> Result<Option<LineCounts>, SpoolError> {
        let Some(texts) = self.texts(change)? else {
            return Ok(None);
        };
        let mut counts = LineCounts::default();
        for hunk in diff_by_line(&texts, &LineCompareMode::Exact).hunks() {
            if hunk.kind == DiffHunkKind::Different
                && let [before, after] = hunk.contents[..]
            {
                counts.removed += lines(before);
                counts.added += lines(after);
            }
        }
        Ok(Some(counts))
    }

    /// Returns a change as a unified diff with three lines of context, without a header; `None`
    /// when one side is not text, is not kept, or is too large to compare.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Damaged`] or [`SpoolError::Io`] when it cannot be read.
    pub fn unified_diff(&self, change: &Change) -> Result<Option<String>, SpoolError> {
        let Some(texts) = self.texts(change)? else {
            return Ok(None);
        };
        let mut diff = String::new();
        let [before, after] = texts.each_ref().map(|text| text.as_slice().into());
        let sides = Diff::new(before, after);
        for hunk in unified_diff_hunks(sides, CONTEXT, LineCompareMode::Exact) {
            let range = |range: &std::ops::Range<usize>| match range.len() {
                // A range without lines stands behind the line before it.
                0 => format!("{},0", range.start),
                1 => format!("{}", range.start + 1),
                length => format!("{},{length}", range.start + 1),
            };
            let (left, right) = (range(&hunk.left_line_range), range(&hunk.right_line_range));
            let _ = writeln!(diff, "@@ -{left} +{right} @@");
            for (kind, tokens) in hunk.lines {
                diff.push(match kind {
                    DiffLineType::Context => ' ',
                    DiffLineType::Removed => '-',
                    DiffLineType::Added => '+',
                });
                let line: Vec<u8> = tokens
                    .into_iter()
                    .flat_map(|(_, text)| text)
                    .copied()
                    .collect();
                diff.push_str(&String::from_utf8_lossy(&line));
                if !line.ends_with(b"\n") {
                    diff.push_str("\n\\ No newline at end of file\n");
                }
            }
        }
        Ok(Some(diff))
    }

    /// Returns both sides of a change when they are text, or links.
    fn texts(&self, change: &Change) -> Result<Option<[Vec<u8>; 2]>, SpoolError> {
        let mut texts = [Vec::new(), Vec::new()];
        for (version, text) in [change.before, change.after].into_iter().zip(&mut texts) {
            let Some(version) = version else {
                continue;
            };
            match self.read(version)? {
                Some(content) if is_text(&content) => *text = content,
                _ => return Ok(None),
            }
        }
        Ok(Some(texts))
    }
}

/// Tells whether content can be compared and merged line by line.
pub(super) fn is_text(content: &[u8]) -> bool {
    content.len() <= MAX_COMPARED && !content.contains(&0)
}

fn lines(text: &[u8]) -> usize {
    text.split_inclusive(|byte| *byte == b'\n').count()
}
