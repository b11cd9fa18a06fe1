//! The line of state, in every state and width.

use std::path::Path;

use loom_common_core::PermissionMode;
use loom_tui_component::{Extent, Slot, Tree};
use loom_tui_core::{ComponentId, Display, Glyphs, SafeText};
use loom_tui_testing::{Harness, Picture, harness::dark, hostile};
use loom_tui_theme::Builtin;
use loom_tui_widget_status_bar::{Sandbox, Status, StatusBar};
use proptest::prelude::*;

fn status() -> Status {
    Status {
        model: SafeText::new("claude-sonnet-5"),
        effort: Some(SafeText::new("high")),
        mode: PermissionMode::Auto,
        sandbox: Sandbox::On,
        used_tokens: 84_000,
        window_tokens: Some(200_000),
        cost_micros: Some(420_000),
        branch: Some(SafeText::new("main")),
        queued: 0,
    }
}

fn shown(status: Status, width: u16, display: Display) -> Harness<Tree<()>> {
    let mut tree = Tree::new(display);
    let bar = StatusBar::new(ComponentId::new("status-bar"));
    let bar = tree.mount(None, Slot::new(Extent::Share(1)), bar, |()| ());
    tree.set_props(bar, status);
    Harness::new(tree, width, 1)
}

#[test]
fn it_shows_the_state() {
    let harness = shown(status(), 100, dark());
    insta::assert_snapshot!(harness.snapshot());
    let picture = Picture::of_screen(harness.screen(), None, &Builtin::Dark.theme());
    picture.assert_matches(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pictures/usual.png"));
}

#[test]
fn what_matters_least_goes_first() {
    let lines: Vec<String> = [100, 84, 72, 66, 58, 48, 40, 34, 27, 20, 12, 9, 5, 2, 0]
        .map(|width| format!("{width:3} |{}|", shown(status(), width, dark()).text()))
        .to_vec();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn what_is_dangerous_stands_out() {
    let dangerous = Status {
        mode: PermissionMode::Full,
        sandbox: Sandbox::Unavailable,
        used_tokens: 197_000,
        queued: 2,
        ..status()
    };
    insta::assert_snapshot!(shown(dangerous, 110, dark()).snapshot());
}

#[test]
fn what_is_unknown_is_left_out() {
    let unknown = Status {
        effort: None,
        window_tokens: None,
        cost_micros: None,
        branch: None,
        ..status()
    };
    assert_eq!(
        shown(unknown, 60, dark()).text(),
        " auto mode · sandbox · claude-sonnet-5           84k tokens"
    );
}

#[test]
fn a_terminal_of_ascii_gets_ascii() {
    let display = Display {
        glyphs: Glyphs::Ascii,
        ..dark()
    };
    let text = shown(status(), 100, display).text();
    assert!(
        text.is_ascii() && text.contains("###..... 42% of 200k"),
        "{text}"
    );
}

#[test]
fn names_cannot_do_anything_to_the_terminal() {
    let hostile = Status {
        branch: Some(SafeText::new("a\x1b[31m\u{202e}b")),
        ..status()
    };
    assert!(
        shown(hostile, 110, dark())
            .text()
            .contains("a\u{fffd}[31m\u{fffd}b")
    );
}

proptest! {
    #[test]
    fn whatever_happens_it_stays_inside(events in hostile::events()) {
        hostile::assert_total(StatusBar::new(ComponentId::new("status-bar")), &events);
    }

    #[test]
    fn the_mode_is_said_as_long_as_it_has_room(
        width in 6_u16..140,
        used in any::<u64>(),
        window in proptest::option::of(any::<u64>()),
        cost in proptest::option::of(any::<u64>()),
        branch in proptest::option::of(".{0,40}"),
    ) {
        let status = Status {
            used_tokens: used,
            window_tokens: window,
            cost_micros: cost,
            branch: branch.map(SafeText::from),
            ..status()
        };
        prop_assert!(shown(status, width, dark()).text().contains("auto"));
    }
}
