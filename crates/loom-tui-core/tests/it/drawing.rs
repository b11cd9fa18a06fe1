//! Lines, as they come into cells.

use loom_tui_core::{BidiOrder, Display, Glyphs, Line, SafeText, Wrap, blank};
use loom_tui_theme::{Builtin, ColorDepth, Palette};
use proptest::prelude::*;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};

fn display() -> Display {
    Display::new(Palette::new(&Builtin::Dark.theme(), ColorDepth::TrueColor))
}

/// Draws a line, wrapped, into an area of this width.
fn drawn(text: &str, width: u16, display: &Display) -> Vec<String> {
    let line = Line::styled(text, Style::new());
    let rows = line.wrap(Wrap::words(width));
    let height = u16::try_from(rows.len()).unwrap();
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    for (y, row) in (0..).zip(&rows) {
        line.draw_row(row, Rect::new(0, y, width, 1), &mut buffer, display);
    }
    (0..height).map(|y| text_of_row(&buffer, y)).collect()
}

fn text_of_row(buffer: &Buffer, y: u16) -> String {
    let area = buffer.area;
    (area.left()..area.right())
        .map(|x| buffer[(x, y)].symbol())
        .collect()
}

#[test]
fn left_to_right_text_is_drawn_as_it_is_read() {
    assert_eq!(drawn("a 漢 b", 8, &display()), ["a 漢  b  "]);
    assert_eq!(drawn("one two", 4, &display()), ["one ", "two "]);
    assert_eq!(drawn("漢", 1, &display()), ["\u{fffd}"]);
}

#[test]
fn right_to_left_text_is_drawn_in_visual_order() {
    // Hebrew from the right, with its bracket mirrored and its number as it is.
    assert_eq!(drawn("שלום (12)", 12, &display()), ["   (12) םולש"]);
    // Hebrew within English stays within it.
    assert_eq!(drawn("run שלום now", 14, &display()), ["run םולש now  "]);
    let logical = Display {
        bidi: BidiOrder::Logical,
        ..display()
    };
    assert_eq!(drawn("run שלום now", 14, &logical), ["run שלום now  "]);
}

#[test]
fn a_terminal_of_ascii_gets_ascii() {
    let ascii = Display {
        glyphs: Glyphs::Ascii,
        ..display()
    };
    assert_eq!(drawn("naïve 漢字", 11, &ascii), ["na?ve ? ?  "]);
}

#[test]
fn what_does_not_fit_is_cut_with_a_mark() {
    let line = Line::styled("status: fine", Style::new().fg(Color::Red));
    let mut buffer = Buffer::empty(Rect::new(0, 0, 8, 1));
    line.draw(buffer.area, &mut buffer, &display());
    assert_eq!(text_of_row(&buffer, 0), "status:…");
    assert_eq!(buffer[(7, 0)].fg, Color::Red);
}

#[test]
fn a_blanked_area_is_not_drawn_over_from_the_left() {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 4, 1));
    Line::styled("漢字", Style::new()).draw(buffer.area, &mut buffer, &display());
    blank(
        Rect::new(1, 0, 2, 1),
        &mut buffer,
        Style::new().bg(Color::Blue),
    );
    assert_eq!(text_of_row(&buffer, 0), "    ");
    assert_eq!(buffer[(0, 0)].bg, Color::Reset);
    assert_eq!(buffer[(1, 0)].bg, Color::Blue);
}

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-z (]{0,9}",
        prop::sample::select(vec!["漢字", "👨‍👩‍👧", "שלום", "مرحبا", "١٢", "e\u{301}"])
            .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn nothing_is_drawn_outside_of_the_area(
        text in text(),
        x in 0_u16..30,
        y in 0_u16..8,
        width in 0_u16..30,
        height in 0_u16..8,
        wrap_width in 1_u16..30,
    ) {
        let area = Rect::new(x, y, width, height);
        let mut buffer = Buffer::filled(Rect::new(2, 1, 20, 5), Cell::new("#"));
        let line = Line::styled(text, Style::new().fg(Color::Red));
        for row in line.wrap(Wrap::words(wrap_width)) {
            line.draw_row(&row, area, &mut buffer, &display());
        }
        line.draw(area, &mut buffer, &display());
        let row = Rect { height: height.min(1), ..area };
        for y in buffer.area.rows() {
            for place in y.columns() {
                let cell = &buffer[(place.x, place.y)];
                prop_assert!(row.contains((place.x, place.y).into()) || *cell == Cell::new("#"));
            }
        }
    }

    #[test]
    fn every_cluster_is_drawn_once_in_either_order(text in text()) {
        let width = u16::try_from(Line::styled(SafeText::new(&text), Style::new()).width()).unwrap().max(1);
        let mut order = drawn(&text, width, &display());
        let logical = Display { bidi: BidiOrder::Logical, ..display() };
        let mut read = drawn(&text, width, &logical);
        // Brackets may be mirrored, so only how much was drawn is compared.
        for rows in [&mut order, &mut read] {
            for row in rows.iter_mut() {
                *row = row.chars().filter(char::is_ascii_alphabetic).collect();
            }
        }
        let sorted = |rows: Vec<String>| {
            let mut letters: Vec<char> = rows.concat().chars().collect();
            letters.sort_unstable();
            letters
        };
        prop_assert_eq!(sorted(order), sorted(read));
    }
}
