//! The bar at the side: how much there is, and which part of it is seen.

use loom_tui_core::{Display, Line};
use loom_tui_theme::Role;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Returns the part of an area that is left for rows. The bar's column stays free also when all can be
/// seen: rows that were broken anew whenever the bar came would jump.
pub(crate) const fn beside(area: Rect) -> Rect {
    Rect {
        width: area.width.saturating_sub(1),
        ..area
    }
}

/// Draws the bar into the last column of an area.
pub(crate) fn draw(area: Rect, first: usize, rows: usize, buffer: &mut Buffer, display: &Display) {
    let height = usize::from(area.height);
    let thumb = (height * height / rows).clamp(1, height);
    let hidden = rows.saturating_sub(height).max(1);
    // At the very beginning and end the thumb touches its edge, and only there.
    let free = height - thumb;
    let start = match first {
        0 => 0,
        first if first >= hidden => free,
        first => {
            (first * free / hidden).clamp(free.min(1), free.saturating_sub(1).max(free.min(1)))
        }
    };
    let (track, handle) = (display.pick("│", "|"), display.pick("┃", "#"));
    for (offset, y) in (area.top()..area.bottom()).enumerate() {
        let (sign, role) = if (start..start + thumb).contains(&offset) {
            (handle, Role::ScrollThumb)
        } else {
            (track, Role::ScrollTrack)
        };
        let place = Rect::new(area.right() - 1, y, 1, 1);
        Line::styled(sign, display.style(role)).draw(place, buffer, display);
    }
}
