//! The spinner, in every state.

use std::time::Duration;

use loom_tui_component::{Extent, Shown, Slot, Tree};
use loom_tui_core::{ComponentId, Display, Glyphs, Moment, Motion, SafeText};
use loom_tui_testing::{Harness, harness::dark, hostile};
use loom_tui_widget_spinner::{Spinner, Work};
use proptest::prelude::*;

fn spinner() -> Spinner {
    Spinner::new(ComponentId::new("spinner"))
}

fn work(label: &str) -> Work {
    Work {
        label: SafeText::new(label),
        hint: SafeText::new("esc to interrupt"),
        since: Moment::START,
    }
}

/// A spinner at work on a display.
fn at_work(display: Display) -> (Harness<Tree<()>>, loom_tui_component::Handle<Spinner>) {
    let mut tree = Tree::new(display);
    let handle = tree.mount(None, Slot::new(Extent::Share(1)), spinner(), |()| ());
    tree.set_props(handle, Some(work("Thinking")));
    (Harness::new(tree, 40, 1), handle)
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn it_turns_and_tells_the_time() {
    let (mut harness, _) = at_work(dark());
    let mut seen = vec![harness.text()];
    for wait in [100, 100, 1_900, 60_000] {
        harness.advance(millis(wait));
        seen.push(harness.text());
    }
    insta::assert_debug_snapshot!(seen, @r#"
    [
        "⠋ Thinking (esc to interrupt)",
        "⠙ Thinking (esc to interrupt)",
        "⠹ Thinking (esc to interrupt)",
        "⠙ Thinking (2s · esc to interrupt)",
        "⠙ Thinking (1m 02s · esc to interrupt)",
    ]
    "#);
}

#[test]
fn it_is_styled() {
    let (mut harness, _) = at_work(dark());
    harness.advance(millis(2_000));
    insta::assert_snapshot!(harness.snapshot(), @r"
    |⠋ Thinking (2s · esc to interrupt)      |
     a         bbbbbbbbbbbbbbbbbbbbbbbb
    a: #8abbff
    b: #adb5c2
    ");
}

#[test]
fn it_is_drawn_once_a_frame_and_never_when_it_cannot_be_seen() {
    let (mut harness, handle) = at_work(dark());
    harness.take_frames();
    harness.advance(millis(1_000));
    assert_eq!(harness.take_frames(), 10);
    harness.change(|tree| tree.set_shown(handle.id(), Shown::No));
    assert!(harness.is_idle());
    harness.change(|tree| tree.set_shown(handle.id(), Shown::Yes));
    assert!(!harness.is_idle());
    harness.change(|tree| tree.set_props(handle, None));
    assert!(harness.is_idle());
    assert_eq!(harness.text(), "");
}

#[test]
fn with_reduced_motion_only_the_clock_moves() {
    let display = Display {
        motion: Motion::Reduced,
        ..dark()
    };
    let (mut harness, _) = at_work(display);
    harness.take_frames();
    harness.advance(millis(5_000));
    assert_eq!(harness.take_frames(), 5);
    assert_eq!(harness.text(), "● Thinking (5s · esc to interrupt)");
}

#[test]
fn a_terminal_of_ascii_gets_one_of_ascii() {
    let display = Display {
        glyphs: Glyphs::Ascii,
        ..dark()
    };
    let (mut harness, _) = at_work(display);
    harness.advance(millis(2_100));
    assert_eq!(harness.text(), "/ Thinking (2s, esc to interrupt)");
}

#[test]
fn what_has_no_room_is_cut() {
    let (mut harness, _) = at_work(dark());
    harness.resize(12, 1);
    assert_eq!(harness.text(), "⠋ Thinking …");
}

proptest! {
    #[test]
    fn whatever_happens_it_stays_inside(events in hostile::events()) {
        hostile::assert_total(spinner(), &events);
    }
}
