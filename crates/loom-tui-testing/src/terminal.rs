//! A terminal in memory.

use std::io;
use std::num::NonZeroU16;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect, Size};
use ratatui::style::{Color, Modifier};
use vt100::{Parser, Screen};

/// Rows of scrollback that are kept.
const SCROLLBACK: usize = 20_000;

/// A terminal that takes the bytes of a program and shows them to a test.
pub struct MockTerminal {
    parser: Parser<Unknown>,
    written: usize,
}

/// What the terminal did not understand.
#[derive(Default)]
struct Unknown {
    sequences: Vec<String>,
}

impl vt100::Callbacks for Unknown {
    fn unhandled_control(&mut self, _: &mut Screen, byte: u8) {
        self.sequences.push(format!("control {byte:#04x}"));
    }

    fn unhandled_escape(&mut self, _: &mut Screen, _: Option<u8>, _: Option<u8>, byte: u8) {
        self.sequences.push(format!("ESC {}", char::from(byte)));
    }

    fn unhandled_csi(
        &mut self,
        _: &mut Screen,
        first: Option<u8>,
        _: Option<u8>,
        parameters: &[&[u16]],
        end: char,
    ) {
        let first = first.map(char::from).map(String::from).unwrap_or_default();
        let parameters: Vec<String> = parameters
            .iter()
            .map(|values| {
                values
                    .iter()
                    .map(u16::to_string)
                    .collect::<Vec<_>>()
                    .join(":")
            })
            .collect();
        self.sequences
            .push(format!("CSI {first}{}{end}", parameters.join(";")));
    }

    fn unhandled_osc(&mut self, _: &mut Screen, parameters: &[&[u8]]) {
        let parameters: Vec<_> = parameters
            .iter()
            .map(|value| String::from_utf8_lossy(value))
            .collect();
        self.sequences.push(format!("OSC {}", parameters.join(";")));
    }
}

impl MockTerminal {
    /// Makes a terminal of a size.
    pub fn new(size: Size) -> Self {
        let (rows, columns) = sides(size);
        Self {
            parser: Parser::new_with_callbacks(rows, columns, SCROLLBACK, Unknown::default()),
            written: 0,
        }
    }

    /// Takes bytes of a program.
    pub fn take(&mut self, bytes: &[u8]) {
        self.written += bytes.len();
        self.parser.process(bytes);
    }

    /// Changes the size, as a person does by the window's edge.
    pub fn resize(&mut self, size: Size) {
        let (rows, columns) = sides(size);
        self.parser.set_size(rows, columns);
    }

    /// Returns how many bytes came since this was last asked.
    pub const fn take_written(&mut self) -> usize {
        let written = self.written;
        self.written = 0;
        written
    }

    /// Returns the sequences that the terminal did not understand, in order. Some are meant for other
    /// terminals, such as `CSI ?2026h`.
    pub fn unknown_sequences(&self) -> &[String] {
        &self.parser.callbacks().sequences
    }

    /// Returns what is on the screen.
    pub fn screen(&self) -> Buffer {
        buffer_of(self.parser.screen())
    }

    /// Returns where the cursor is, if it is shown.
    pub fn cursor(&self) -> Option<Position> {
        let screen = self.parser.screen();
        let (row, column) = screen.cursor_position();
        (!screen.hide_cursor()).then_some(Position::new(column, row))
    }

    /// Whether the terminal is in its alternate screen, which has no scrollback.
    pub fn is_alternate(&self) -> bool {
        self.parser.screen().alternate_screen()
    }

    /// Whether pasted text comes in brackets.
    pub fn brackets_pastes(&self) -> bool {
        self.parser.screen().bracketed_paste()
    }

    /// Whether the program asked for the mouse.
    pub fn reports_mouse(&self) -> bool {
        self.parser.screen().mouse_protocol_mode() != vt100::MouseProtocolMode::None
    }

    /// Returns the rows that scrolled out of the screen, from the oldest.
    pub fn scrollback(&mut self) -> Vec<String> {
        let screen = self.parser.screen_mut();
        let count = screen.scrollback_len();
        let (_, columns) = screen.size();
        let mut rows = Vec::with_capacity(count);
        for back in (1..=count).rev() {
            screen.set_scrollback(back);
            rows.extend(screen.rows(0, columns.get()).next());
        }
        screen.set_scrollback(0);
        rows
    }
}

impl io::Write for MockTerminal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.take(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn sides(size: Size) -> (NonZeroU16, NonZeroU16) {
    let side = |cells| NonZeroU16::new(cells).expect("a terminal has at least one cell");
    (side(size.height), side(size.width))
}

fn buffer_of(screen: &Screen) -> Buffer {
    let (rows, columns) = screen.size();
    let mut buffer = Buffer::empty(Rect::new(0, 0, columns.get(), rows.get()));
    for y in 0..rows.get() {
        for x in 0..columns.get() {
            let shown = screen.cell(y, x);
            // The second cell of a wide character looks like its first.
            let head = match (shown, x.checked_sub(1)) {
                (Some(second), Some(before)) if second.is_wide_continuation() => {
                    screen.cell(y, before)
                }
                _ => shown,
            };
            if let (Some(shown), Some(head), Some(cell)) = (shown, head, buffer.cell_mut((x, y))) {
                copy(shown, head, cell);
            }
        }
    }
    buffer
}

fn copy(shown: &vt100::Cell, head: &vt100::Cell, cell: &mut Cell) {
    if shown.has_contents() {
        cell.set_symbol(shown.contents());
    }
    cell.set_fg(color(head.fgcolor()));
    cell.set_bg(color(head.bgcolor()));
    for (is_on, modifier) in [
        (head.bold(), Modifier::BOLD),
        (head.dim(), Modifier::DIM),
        (head.italic(), Modifier::ITALIC),
        (head.underline(), Modifier::UNDERLINED),
        (head.inverse(), Modifier::REVERSED),
    ] {
        cell.modifier.set(modifier, is_on);
    }
}

fn color(color: vt100::Color) -> Color {
    match color {
        vt100::Color::Default => Color::Reset,
        vt100::Color::Idx(index) => Color::Indexed(index),
        vt100::Color::Rgb(red, green, blue) => Color::Rgb(red, green, blue),
    }
}
