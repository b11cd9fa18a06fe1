//! Driving a component by keys and time.

use std::time::Duration;

use loom_tui_core::{
    Component, ComponentId, Display, Event, EventContext, KeyCode, Line, Moment, Reaction,
    RenderContext, Update,
};
use loom_tui_testing::{Harness, Single, hostile};
use loom_tui_theme::Role;
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Shows what was typed; a bell that was rung with return fades after a second.
#[derive(Default)]
struct Typed {
    text: String,
    rung_at: Option<Moment>,
}

enum Action {
    Write(char),
    Ring,
    Fade,
}

const SECOND: Duration = Duration::from_secs(1);

impl Component for Typed {
    type Action = Action;
    type Output = String;

    fn id(&self) -> ComponentId {
        ComponentId::new("typed")
    }

    fn handle_event(&self, event: &Event, _: &EventContext) -> Reaction<Action> {
        match event {
            Event::Key(key) if key.code() == KeyCode::Enter => Reaction::Act(Action::Ring),
            Event::Key(key) => key
                .text()
                .map_or(Reaction::Pass, |text| Reaction::Act(Action::Write(text))),
            Event::Tick => Reaction::Act(Action::Fade),
            _ => Reaction::Pass,
        }
    }

    fn update(&mut self, action: Action, update: &mut Update<String>) {
        match action {
            Action::Write(character) => self.text.push(character),
            Action::Ring => {
                self.rung_at = Some(update.now());
                update.emit(std::mem::take(&mut self.text));
            }
            Action::Fade => self.rung_at = None,
        }
        update.redraw();
    }

    fn height(&self, _: u16, _: &RenderContext<'_>) -> u16 {
        1
    }

    fn render(&self, area: Rect, buffer: &mut Buffer, context: &RenderContext<'_>) {
        let bell = if self.rung_at.is_some() { "! " } else { "" };
        Line::styled(bell, context.display.style(Role::Warning))
            .with(self.text.as_str(), context.display.style(Role::Person))
            .draw(area, buffer, context.display);
    }

    fn cursor(&self, area: Rect, _: &RenderContext<'_>) -> Option<Position> {
        (!area.is_empty()).then_some(area.as_position())
    }

    fn wake_at(&self, _: Moment, _: &Display) -> Option<Moment> {
        self.rung_at.map(|at| at + SECOND)
    }
}

#[test]
fn keys_and_time_drive_a_component() {
    let mut harness = Harness::new(Single::new(Typed::default()), 12, 1);
    harness.keys("hi 漢<lt>");
    assert_eq!(harness.text(), "hi 漢<");
    assert!(harness.is_idle());
    harness.keys("<CR>x");
    assert_eq!(harness.take_outputs(), ["hi 漢<"]);
    assert_eq!(harness.text(), "! x");
    assert!(!harness.is_idle());
    harness.take_frames();
    harness.advance(SECOND - Duration::from_millis(1));
    assert_eq!((harness.take_frames(), harness.text().as_str()), (0, "! x"));
    harness.advance(SECOND);
    assert_eq!((harness.take_frames(), harness.text().as_str()), (1, "x"));
    assert!(harness.is_idle());
}

#[test]
fn a_snapshot_shows_text_and_style() {
    let mut harness = Harness::new(Single::new(Typed::default()), 8, 2);
    harness.keys("<CR>漢 a");
    insta::assert_snapshot!(harness.snapshot_with_cursor(), @r"
    |! 漢 a  |
     aabbbb
    |        |
    a: #eccb6e
    b: #8abbff bold
    cursor: column 0, row 0
    ");
}

#[test]
#[should_panic(expected = "wants to be woken without end")]
fn an_interface_that_never_rests_is_told_so() {
    struct Restless(Typed);
    impl Component for Restless {
        type Action = Action;
        type Output = String;
        fn id(&self) -> ComponentId {
            self.0.id()
        }
        fn handle_event(&self, _: &Event, _: &EventContext) -> Reaction<Action> {
            Reaction::Pass
        }
        fn update(&mut self, _: Action, _: &mut Update<String>) {}
        fn height(&self, width: u16, context: &RenderContext<'_>) -> u16 {
            self.0.height(width, context)
        }
        fn render(&self, _: Rect, _: &mut Buffer, _: &RenderContext<'_>) {}
        fn wake_at(&self, now: Moment, _: &Display) -> Option<Moment> {
            Some(now)
        }
    }
    Harness::new(Single::new(Restless(Typed::default())), 8, 1).advance(SECOND);
}

#[test]
#[should_panic(expected = "outside of")]
fn drawing_outside_is_found() {
    struct Greedy;
    impl Component for Greedy {
        type Action = ();
        type Output = ();
        fn id(&self) -> ComponentId {
            ComponentId::new("greedy")
        }
        fn handle_event(&self, _: &Event, _: &EventContext) -> Reaction<()> {
            Reaction::Pass
        }
        fn update(&mut self, (): (), _: &mut Update<()>) {}
        fn height(&self, _: u16, _: &RenderContext<'_>) -> u16 {
            1
        }
        fn render(&self, area: Rect, buffer: &mut Buffer, _: &RenderContext<'_>) {
            buffer[(area.right(), area.y)].set_symbol("x");
        }
    }
    hostile::assert_stays_inside(
        &Greedy,
        Rect::new(1, 1, 4, 2),
        &loom_tui_testing::harness::dark(),
    );
}

proptest! {
    #[test]
    fn whatever_happens_it_stays_inside(events in hostile::events()) {
        hostile::assert_total(Typed::default(), &events);
    }
}
