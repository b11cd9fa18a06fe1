//! Text that is safe to draw, in lines with styles, measured and broken by cells.

mod draw;
mod line;
mod safe;
mod wrap;

pub use draw::blank;
pub use line::Line;
pub use safe::SafeText;
pub use wrap::{BreakAt, Row, Wrap};

use ratatui::buffer::CellWidth;
use unicode_segmentation::UnicodeSegmentation;

/// Returns how many cells a grapheme cluster takes; for [`SafeText`] at least one.
pub fn cluster_width(cluster: &str) -> u16 {
    cluster.cell_width()
}

/// Returns how many cells a text of one line takes.
pub fn width(text: &str) -> usize {
    if is_simple(text) {
        return text.len();
    }
    text.graphemes(true)
        .map(|cluster| usize::from(cluster_width(cluster)))
        .sum()
}

/// Whether every byte is a character that takes one cell.
fn is_simple(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}
