//! The frame of a dialog: a border with a title, and the keys below.

use loom_tui_core::{Display, Line, blank};
use loom_tui_theme::Role;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Block, Widget};

/// Columns and rows that the frame takes: a border and a space at the sides.
pub(crate) const SIDES: u16 = 4;
pub(crate) const ROWS: u16 = 2;

/// Draws a frame over whatever lies below, and returns the area inside.
pub(crate) fn draw(
    title: &str,
    hint: &str,
    area: Rect,
    buffer: &mut Buffer,
    display: &Display,
) -> Rect {
    let area = area.intersection(buffer.area);
    let overlay = display.style(Role::Overlay);
    blank(area, buffer, overlay);
    if area.width < SIDES || area.height < ROWS {
        return Rect { height: 0, ..area };
    }
    let border = overlay.patch(display.style(Role::BorderFocused));
    Block::bordered()
        .border_set(display.border())
        .border_style(border)
        .render(area, buffer);
    let edge = |y, text: &str, role| {
        let line = Line::styled(format!(" {text} "), overlay.patch(display.style(role)));
        let room = area.width - SIDES;
        if !text.is_empty() && room > 2 {
            let cells = u16::try_from(line.width()).unwrap_or(u16::MAX).min(room);
            let place = Rect::new(area.x + 2, y, cells, 1);
            Some((line, place))
        } else {
            None
        }
    };
    for (line, place) in [
        edge(area.y, title, Role::Heading),
        edge(area.bottom() - 1, hint, Role::Hint),
    ]
    .into_iter()
    .flatten()
    {
        line.draw(place, buffer, display);
    }
    Rect {
        x: area.x + SIDES / 2,
        y: area.y + 1,
        width: area.width - SIDES,
        height: area.height - ROWS,
    }
}
