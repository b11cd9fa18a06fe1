//! Events and areas that a property test throws at a component.

use std::time::Duration;

use loom_tui_core::{
    Component, Display, Event, Interface, KeyCode, KeyPress, Modifiers, Moment, MouseButton,
    MouseEvent, MouseKind, RenderContext,
};
use proptest::prelude::*;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect, Size};

use crate::harness::{Single, dark};

/// Keys, pastes, mouse, sizes and ticks, in any order.
pub fn events() -> impl Strategy<Value = Vec<Event>> {
    proptest::collection::vec(event(), 0..24)
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        8 => key().prop_map(Event::Key),
        1 => any::<String>().prop_map(Event::Paste),
        2 => (mouse_kind(), 0_u16..90, 0_u16..40).prop_map(|(kind, x, y)| {
            Event::Mouse(MouseEvent {
                kind,
                position: Position::new(x, y),
                modifiers: Modifiers::NONE,
            })
        }),
        2 => (0_u16..90, 0_u16..40).prop_map(|(width, height)| Event::Resize(Size::new(width, height))),
        1 => Just(Event::FocusGained),
        1 => Just(Event::FocusLost),
        2 => Just(Event::Tick),
    ]
}

fn key() -> impl Strategy<Value = KeyPress> {
    let code = prop_oneof![
        4 => "[ -~]".prop_map(|text| KeyCode::Char(text.chars().next().unwrap_or(' '))),
        1 => any::<char>().prop_map(KeyCode::Char),
        4 => prop::sample::select(vec![
            KeyCode::Enter, KeyCode::Tab, KeyCode::Backspace, KeyCode::Delete, KeyCode::Esc,
            KeyCode::Up, KeyCode::Down, KeyCode::Left, KeyCode::Right, KeyCode::Home, KeyCode::End,
            KeyCode::PageUp, KeyCode::PageDown, KeyCode::F(1),
        ]),
    ];
    let modifiers = prop_oneof![
        4 => Just(Modifiers::NONE),
        1 => Just(Modifiers::CONTROL),
        1 => Just(Modifiers::ALT),
        1 => Just(Modifiers::SHIFT),
    ];
    (code, modifiers).prop_map(|(code, modifiers)| KeyPress::new(code, modifiers))
}

fn mouse_kind() -> impl Strategy<Value = MouseKind> {
    prop::sample::select(vec![
        MouseKind::Down(MouseButton::Left),
        MouseKind::Drag(MouseButton::Left),
        MouseKind::Up(MouseButton::Left),
        MouseKind::Moved,
        MouseKind::ScrollUp,
        MouseKind::ScrollDown,
    ])
}

/// Sends events to a component and draws it after each, in areas of all kinds.
///
/// # Panics
///
/// When the component panics, draws outside of its area, measures itself differently when asked
/// twice, or puts the cursor elsewhere.
pub fn assert_total<C: Component>(component: C, events: &[Event]) {
    let display = dark();
    let mut single = Single::with_display(component, display.clone());
    let mut size = Size::new(40, 10);
    let _ = single.dispatch(&Event::Resize(size), Moment::START);
    for (event, second) in events.iter().zip(1..) {
        if let Event::Resize(new) = event {
            size = *new;
        }
        let now = Moment::START + Duration::from_secs(second);
        let _ = single.dispatch(event, now);
        for origin in [Position::ORIGIN, Position::new(3, 2)] {
            let area = Rect::new(origin.x, origin.y, size.width, size.height);
            assert_stays_inside(single.component(), area, &display);
        }
    }
}

/// Draws a component in the middle of a larger screen.
///
/// # Panics
///
/// When it draws outside of the area, or puts the cursor there.
pub fn assert_stays_inside<C: Component>(component: &C, area: Rect, display: &Display) {
    let around = Cell::new("#");
    let screen = Rect::new(0, 0, area.right() + 4, area.bottom() + 3);
    let mut buffer = Buffer::filled(screen, around.clone());
    let context = RenderContext {
        now: Moment::START,
        display,
        focused: true,
    };
    let height = component.height(area.width, &context);
    component.render(area, &mut buffer, &context);
    assert_eq!(
        component.height(area.width, &context),
        height,
        "drawing changed the height"
    );
    for y in screen.top()..screen.bottom() {
        for x in screen.left()..screen.right() {
            let inside = area.contains(Position::new(x, y));
            assert!(
                inside || buffer[(x, y)] == around,
                "{:?} was drawn at column {x}, row {y}, outside of {area:?}",
                buffer[(x, y)].symbol()
            );
        }
    }
    if let Some(cursor) = component.cursor(area, &context) {
        assert!(
            area.contains(cursor),
            "the cursor at {cursor:?} is outside of {area:?}"
        );
    }
}
