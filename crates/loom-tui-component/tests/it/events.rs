//! The ways of events, and the focus.

use loom_tui_component::{Arrangement, Extent, LogEntry, Phase, Placement, Shown, Slot, Tree};
use loom_tui_core::{MouseButton, MouseKind};
use loom_tui_testing::Harness;

use crate::field::{Field, cells, click, mount, mouse, text_of, tree, two};

#[test]
fn keys_go_to_the_focus_and_tab_moves_it() {
    let (mut harness, one, two) = two();
    harness.keys("a<Tab>b<Tab>c<S-Tab>d");
    assert_eq!(text_of(&harness, one), "ac");
    assert_eq!(text_of(&harness, two), "bd");
    assert_eq!(harness.text(), " one:ac\n>two:bd");
    assert_eq!(
        harness.take_outputs(),
        [("one", "a"), ("two", "b"), ("one", "c"), ("two", "d")].map(|(n, t)| (n, t.to_owned()))
    );
}

#[test]
fn an_event_goes_in_and_out_until_somebody_consumes_it() {
    let (mut tree, root) = tree(Arrangement::Rows);
    let mut outer = Field::label("outer");
    outer.captures = "x";
    let outer = mount(&mut tree, root, Slot::new(Extent::Share(1)), outer);
    let mut inner = Field::new("inner");
    inner.passes = "y";
    mount(&mut tree, outer.id(), cells(1), inner);
    let mut harness = Harness::new(tree, 16, 3);
    let mut way = |keys: &str| {
        harness.change(Tree::take_log);
        harness.keys(keys);
        harness
            .change(Tree::take_log)
            .into_iter()
            .map(|entry: LogEntry| (entry.component.to_string(), entry.phase, entry.consumed))
            .collect::<Vec<_>>()
    };
    let entry = |name: &str, phase, consumed| (name.to_owned(), phase, consumed);
    assert_eq!(
        way("x"),
        [
            entry("root", Phase::Capture, false),
            entry("outer", Phase::Capture, true)
        ]
    );
    assert_eq!(
        way("a"),
        [
            entry("root", Phase::Capture, false),
            entry("outer", Phase::Capture, false),
            entry("inner", Phase::Target, true),
        ]
    );
    assert_eq!(
        way("y"),
        [
            entry("root", Phase::Capture, false),
            entry("outer", Phase::Capture, false),
            entry("inner", Phase::Target, false),
            entry("outer", Phase::Bubble, false),
            entry("root", Phase::Bubble, false),
        ]
    );
}

#[test]
fn a_dialog_keeps_the_focus_until_it_closes() {
    let (mut tree, root) = tree(Arrangement::Layers);
    let below = mount(
        &mut tree,
        root,
        Slot::layer(Placement::Whole),
        Field::new("below"),
    );
    let mut harness = Harness::new(tree, 20, 3);
    let dialog = harness.change(|tree| {
        let slot = Slot::layer(Placement::Middle { width: 12 });
        let dialog = mount(tree, root, slot, Field::new("dialog"));
        tree.trap(dialog.id());
        dialog
    });
    harness.keys("a<Tab>b");
    harness.mouse(click(0, 0));
    harness.keys("c");
    assert_eq!(text_of(&harness, below), "");
    assert_eq!(text_of(&harness, dialog), "abc");
    assert_eq!(harness.text(), " below:\n    >dialog:abc");
    harness.change(|tree| tree.unmount(dialog.id()));
    harness.keys("d");
    assert_eq!(text_of(&harness, below), "d");
    assert_eq!(text_of(&harness, dialog), "(gone)");
    assert_eq!(harness.text(), ">below:d");
}

#[test]
fn dialogs_over_dialogs_give_the_focus_back_in_any_order() {
    let (mut harness, one, two) = two();
    harness.keys("<Tab>");
    let [first, second] = harness.change(|tree| {
        ["first", "second"].map(|name| {
            let dialog = mount(tree, one.id(), cells(1), Field::new(name));
            tree.trap(dialog.id());
            dialog
        })
    });
    assert_eq!(harness.interface().focused(), Some(second.id()));
    harness.change(|tree| tree.release(first.id()));
    assert_eq!(harness.interface().focused(), Some(second.id()));
    harness.change(|tree| tree.release(second.id()));
    assert_eq!(harness.interface().focused(), Some(two.id()));
}

#[test]
fn a_trap_that_is_hidden_keeps_nothing() {
    let (mut harness, one, two) = two();
    harness.change(|tree| tree.trap(two.id()));
    harness.keys("a");
    harness.change(|tree| tree.set_shown(two.id(), Shown::No));
    harness.keys("b");
    harness.change(|tree| tree.set_shown(two.id(), Shown::Yes));
    harness.keys("c");
    assert_eq!(
        (text_of(&harness, one), text_of(&harness, two)),
        ("b", "ac")
    );
}

#[test]
fn the_mouse_goes_to_what_is_under_it_and_stays_with_what_was_pressed() {
    let (mut harness, one, two) = two();
    harness.mouse(click(3, 1));
    assert_eq!(harness.interface().focused(), Some(two.id()));
    harness.mouse(mouse(MouseKind::Drag(MouseButton::Left), 3, 0));
    harness.mouse(mouse(MouseKind::Up(MouseButton::Left), 3, 0));
    harness.mouse(mouse(MouseKind::ScrollUp, 3, 0));
    assert_eq!(text_of(&harness, two), "Down(Left)Drag(Left)Up(Left)");
    assert_eq!(text_of(&harness, one), "ScrollUp");
    harness.mouse(click(3, 2));
    assert_eq!(harness.interface().focused(), Some(two.id()));
}
