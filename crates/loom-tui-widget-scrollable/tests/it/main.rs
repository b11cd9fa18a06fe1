//! Rows that scroll, in every state.

use std::borrow::Cow;
use std::path::Path;

use loom_tui_core::{ComponentId, Content, Line, RenderContext};
use loom_tui_testing::{Harness, Picture, Single, hostile};
use loom_tui_theme::{Builtin, Role};
use loom_tui_widget_scrollable::{Found, Scroll, Scrollable, Searchable};
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Numbered rows, of which every seventh is special.
struct Rows(usize);

impl Content for Rows {
    fn rows(&self, _: u16) -> usize {
        self.0
    }

    fn draw(&self, first: usize, area: Rect, buffer: &mut Buffer, context: &RenderContext<'_>) {
        for (row, place) in (first..self.0).zip(area.rows()) {
            let text = self.row_text(area.width, row);
            Line::styled(&*text, context.display.style(Role::Text)).draw(
                place,
                buffer,
                context.display,
            );
        }
    }
}

impl Searchable for Rows {
    fn row_text(&self, _: u16, row: usize) -> Cow<'_, str> {
        match row {
            _ if row >= self.0 => "".into(),
            _ if row % 7 == 3 => format!("row {row}: Special 特別").into(),
            _ => format!("row {row}").into(),
        }
    }
}

type Window = Harness<Single<Scrollable<Rows>>>;

fn window(rows: usize) -> Window {
    let scrollable = Scrollable::at_end(ComponentId::new("rows"), Rows(rows));
    Harness::new(Single::new(scrollable), 26, 6)
}

/// Returns the first row that is shown.
fn top(window: &Window) -> usize {
    window
        .interface()
        .component()
        .first_row(window.screen().area)
}

#[test]
fn it_stays_at_the_end_while_rows_come() {
    let mut window = window(20);
    assert_eq!(top(&window), 14);
    window.change(|single| single.component_mut().content_mut().0 = 30);
    assert_eq!(top(&window), 24);
    window.keys("<Up>");
    window.change(|single| single.component_mut().content_mut().0 = 40);
    assert_eq!(top(&window), 23);
    insta::assert_snapshot!(window.snapshot());
    window.keys("<End>");
    assert_eq!(top(&window), 34);
}

#[test]
fn keys_and_wheel_move_the_window() {
    let mut window = window(50);
    let mut after = |keys: &str| {
        window.keys(keys);
        (top(&window), window.interface().component().is_following())
    };
    assert_eq!(after("<PageUp>"), (39, false));
    assert_eq!(after("<C-u>"), (36, false));
    assert_eq!(after("<Up>"), (35, false));
    assert_eq!(after("<C-d><Down>"), (39, false));
    assert_eq!(after("<Home>"), (0, false));
    assert_eq!(after("<Up><PageUp>"), (0, false));
    assert_eq!(after("<PageDown><PageDown>"), (10, false));
    assert_eq!(after("<End><Up><Down>"), (44, true));
}

#[test]
fn only_what_moves_is_drawn() {
    let mut window = window(50);
    window.take_frames();
    window.keys("<Down><End><PageDown>x");
    assert_eq!(window.take_frames(), 0);
    window.keys("<Up>");
    assert_eq!(window.take_frames(), 1);
}

#[test]
fn few_rows_have_no_bar() {
    insta::assert_snapshot!(window(3).snapshot());
}

#[test]
fn a_search_goes_from_match_to_match() {
    let mut window = window(50);
    window.keys("<Home>");
    let act = |window: &mut Window, action| {
        window.send(&loom_tui_core::Event::FocusGained);
        window.change(|single| {
            use loom_tui_core::{Component, EventContext, Moment, Update};
            let context = EventContext {
                now: Moment::START,
                area: Rect::new(0, 0, 26, 6),
                focused: true,
            };
            let mut update = Update::new(context);
            single.component_mut().update(action, &mut update);
            update.into_outputs()
        })
    };
    let row = |row, wrapped| vec![Found::Row { row, wrapped }];
    assert_eq!(
        act(&mut window, Scroll::Find("SPECIAL 特".to_owned())),
        row(3, false)
    );
    assert_eq!(act(&mut window, Scroll::NextMatch), row(10, false));
    insta::assert_snapshot!(window.snapshot());
    let picture = Picture::of_screen(window.screen(), None, &Builtin::Dark.theme());
    picture
        .assert_matches(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pictures/search.png"));
    assert_eq!(act(&mut window, Scroll::PreviousMatch), row(3, false));
    assert_eq!(act(&mut window, Scroll::PreviousMatch), row(45, true));
    assert_eq!(act(&mut window, Scroll::NextMatch), row(3, true));
    assert_eq!(
        act(&mut window, Scroll::Find("nowhere".to_owned())),
        [Found::Nothing]
    );
    assert_eq!(
        act(&mut window, Scroll::Find(String::new())),
        [Found::Nothing]
    );
}

#[test]
fn the_thumb_touches_the_ends_only_there() {
    let bars: Vec<String> = [0, 1, 20, 43, 44]
        .map(|first| {
            let mut window = window(50);
            window.keys("<Home>");
            window.keys(&"<Down>".repeat(first));
            window
                .text()
                .lines()
                .map(|row| row.chars().last().unwrap_or(' '))
                .collect()
        })
        .to_vec();
    assert_eq!(bars, ["┃│││││", "│┃││││", "││┃│││", "││││┃│", "│││││┃"]);
}

proptest! {
    #[test]
    fn whatever_happens_it_stays_inside(events in hostile::events(), rows in 0_usize..60) {
        hostile::assert_total(Scrollable::at_end(ComponentId::new("rows"), Rows(rows)), &events);
    }

    #[test]
    fn the_window_is_always_on_rows(events in hostile::events(), rows in 0_usize..60) {
        let mut window = window(rows);
        for event in &events {
            window.send(event);
        }
        let height = usize::from(window.screen().area.height);
        prop_assert!(top(&window) <= rows.saturating_sub(height));
    }
}
