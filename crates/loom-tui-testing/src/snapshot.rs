//! Text and styles of a screen, as text.
//!
//! Each row stands between bars. Under a row with styles stands a row of letters, and at the end what
//! the letters mean:
//!
//! ```text
//! |> hello    |
//!  a bbbbb
//! a: #8abbff bold
//! b: on #2b3f63
//! ```

use std::fmt::Write;

use ratatui::buffer::{Buffer, CellWidth};
use ratatui::layout::Position;
use ratatui::style::{Color, Modifier, Style};

/// Names styles that occur, in the order in which they are met.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// Returns text and styles of a screen.
pub fn snapshot(buffer: &Buffer) -> String {
    written(buffer, None)
}

/// Returns text and styles of a screen, and where the cursor is.
pub fn snapshot_with_cursor(buffer: &Buffer, cursor: Option<Position>) -> String {
    written(buffer, Some(cursor))
}

/// Returns the text of a screen, without spaces at the ends of its rows.
pub fn text(buffer: &Buffer) -> String {
    let rows: Vec<String> = (buffer.area.top()..buffer.area.bottom())
        .map(|y| row(buffer, y).trim_end().to_owned())
        .collect();
    rows.join("\n").trim_end().to_owned()
}

fn written(buffer: &Buffer, cursor: Option<Option<Position>>) -> String {
    let mut seen: Vec<Style> = Vec::new();
    let mut written = String::new();
    for y in buffer.area.top()..buffer.area.bottom() {
        let letters: String = (buffer.area.left()..buffer.area.right())
            .map(|x| letter(buffer[(x, y)].style(), &mut seen))
            .collect();
        let _ = writeln!(written, "|{}|", row(buffer, y));
        if !letters.trim().is_empty() {
            let _ = writeln!(written, " {}", letters.trim_end());
        }
    }
    for (letter, style) in LETTERS.chars().zip(&seen) {
        let _ = writeln!(written, "{letter}: {}", named(*style));
    }
    match cursor {
        Some(Some(at)) => {
            let _ = writeln!(written, "cursor: column {}, row {}", at.x, at.y);
        }
        Some(None) => written.push_str("cursor: hidden\n"),
        None => {}
    }
    written
}

/// Returns the text of a row. A wide cluster stands for the cells that it covers.
fn row(buffer: &Buffer, y: u16) -> String {
    let mut text = String::new();
    let mut covered = 0;
    for x in buffer.area.left()..buffer.area.right() {
        let cell = &buffer[(x, y)];
        if covered > 0 {
            covered -= 1;
            continue;
        }
        text.push_str(cell.symbol());
        covered = cell.cell_width().saturating_sub(1);
    }
    text
}

fn letter(style: Style, seen: &mut Vec<Style>) -> char {
    if is_plain(style) {
        return ' ';
    }
    let index = seen.iter().position(|known| *known == style);
    let index = index.unwrap_or_else(|| {
        seen.push(style);
        seen.len() - 1
    });
    LETTERS.chars().nth(index).unwrap_or('*')
}

fn is_plain(style: Style) -> bool {
    named(style).is_empty()
}

fn named(style: Style) -> String {
    let mut words = Vec::new();
    words.extend(shown(style.fg));
    words.extend(shown(style.bg).map(|color| format!("on {color}")));
    for (modifier, name) in [
        (Modifier::BOLD, "bold"),
        (Modifier::DIM, "dim"),
        (Modifier::ITALIC, "italic"),
        (Modifier::UNDERLINED, "underlined"),
        (Modifier::REVERSED, "reversed"),
        (Modifier::CROSSED_OUT, "crossed out"),
        (Modifier::SLOW_BLINK, "blinking"),
        (Modifier::HIDDEN, "hidden"),
    ] {
        if style.add_modifier.contains(modifier) {
            words.push(name.to_owned());
        }
    }
    words.join(" ")
}

fn shown(color: Option<Color>) -> Option<String> {
    color
        .filter(|color| *color != Color::Reset)
        .map(|color| color.to_string().to_lowercase())
}
