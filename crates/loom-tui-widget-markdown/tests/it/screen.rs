//! Documents, drawn for tests.

use std::ops::Range;

use loom_tui_core::{Content, Display, Moment, RenderContext, offscreen};
use loom_tui_theme::{Builtin, ColorDepth, Palette};
use loom_tui_widget_markdown::Markdown;
use ratatui::buffer::{Buffer, Cell};

pub(crate) fn display() -> Display {
    Display::new(Palette::new(&Builtin::Dark.theme(), ColorDepth::TrueColor))
}

/// Draws all of a document.
pub(crate) fn drawn(document: &Markdown, width: u16) -> Buffer {
    drawn_for(document, width, &display())
}

pub(crate) fn drawn_for(document: &Markdown, width: u16, display: &Display) -> Buffer {
    let context = RenderContext {
        now: Moment::START,
        display,
        focused: false,
    };
    offscreen(document, width, 0..document.rows(width), &context)
}

/// Draws some rows of a document, as cells.
pub(crate) fn rows(document: &Markdown, width: u16, rows: Range<usize>) -> Vec<Vec<Cell>> {
    let display = display();
    let context = RenderContext {
        now: Moment::START,
        display: &display,
        focused: false,
    };
    let buffer = offscreen(document, width, rows, &context);
    let cells = usize::from(width.max(1));
    buffer.content.chunks(cells).map(<[Cell]>::to_vec).collect()
}
