//! What is drawn anew, and who is woken.

use std::rc::Rc;
use std::time::Duration;

use loom_tui_component::{Arrangement, Extent, NodeId, Placement, Shown, Slot};
use loom_tui_core::{Event, Moment};
use loom_tui_testing::{Harness, hostile};
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use crate::field::{Field, Fields, cells, mount, text_of, tree, two};

#[test]
fn props_that_are_equal_change_nothing() {
    let (mut harness, one, _) = two();
    harness.change(|tree| tree.set_props(one, "same".to_owned()));
    let drawn = Rc::clone(&harness.interface().get(one).unwrap().drawn);
    let before = drawn.get();
    harness.change(|tree| tree.set_props(one, "same".to_owned()));
    assert_eq!(drawn.get(), before);
    harness.change(|tree| tree.set_props(one, "other".to_owned()));
    assert_eq!(
        (drawn.get(), harness.text().as_str()),
        (before + 1, ">one:other\n two:")
    );
}

#[test]
fn only_what_changed_is_drawn_anew() {
    let (mut harness, one, two) = two();
    let counts = |harness: &Harness<Fields>| {
        [one, two].map(|handle| harness.interface().get(handle).map_or(0, |f| f.drawn.get()))
    };
    let [first, second] = counts(&harness);
    harness.keys("ab");
    assert_eq!(counts(&harness), [first + 2, second]);
    harness.take_frames();
    harness.keys("<F1>");
    assert_eq!(harness.take_frames(), 0);
    harness.resize(10, 2);
    let [_, after] = counts(&harness);
    assert!(after > second);
}

#[test]
fn what_lies_over_a_change_is_drawn_over_it_again() {
    let (mut tree, root) = tree(Arrangement::Layers);
    let below = mount(
        &mut tree,
        root,
        Slot::layer(Placement::Whole),
        Field::new("below"),
    );
    let slot = Slot::layer(Placement::Middle { width: 8 });
    mount(&mut tree, root, slot, Field::label("over"));
    let mut harness = Harness::new(tree, 16, 1);
    assert_eq!(harness.text(), ">bel over:");
    harness.change(|tree| tree.act(below, "more and more".to_owned()));
    assert_eq!(harness.text(), ">bel over:  and…");
}

#[test]
fn hidden_components_take_no_room_no_keys_and_no_time() {
    let (mut harness, one, two) = two();
    harness.change(|tree| tree.act(one, "x".to_owned()));
    harness.change(|tree| tree.set_shown(one.id(), Shown::No));
    harness.keys("y");
    assert_eq!(harness.text(), ">two:y");
    assert_eq!(harness.interface().area(one.id()), Rect::ZERO);
    assert_eq!(text_of(&harness, two), "y");
    harness.change(|tree| tree.set_shown(one.id(), Shown::Yes));
    assert_eq!(harness.text(), " one:x\n>two:y");
}

#[test]
fn only_those_who_asked_are_woken_and_only_while_they_are_seen() {
    let (mut tree, root) = tree(Arrangement::Rows);
    let mut sleeper = Field::new("a");
    sleeper.wakes = Some(Moment::START + Duration::from_secs(5));
    let sleeper = mount(&mut tree, root, cells(1), sleeper);
    let other = mount(&mut tree, root, cells(1), Field::new("b"));
    let mut harness = Harness::new(tree, 10, 2);
    assert!(!harness.is_idle());
    harness.change(|tree| tree.set_shown(sleeper.id(), Shown::No));
    assert!(harness.is_idle());
    harness.change(|tree| tree.set_shown(sleeper.id(), Shown::Yes));
    harness.advance(Duration::from_secs(6));
    assert_eq!(
        (text_of(&harness, sleeper), text_of(&harness, other)),
        ("tick", "")
    );
    assert!(harness.is_idle());
}

#[test]
fn what_is_not_for_one_is_told_to_all() {
    let (mut harness, one, two) = two();
    harness.change(|tree| tree.set_shown(two.id(), Shown::No));
    harness.send(&Event::FocusLost);
    assert_eq!(
        [text_of(&harness, one), text_of(&harness, two)],
        ["away", "away"]
    );
}

/// A screen with rows, columns, a hidden part and a dialog.
fn scene() -> (Fields, Vec<NodeId>) {
    let (mut tree, root) = tree(Arrangement::Layers);
    let page = Slot::layer(Placement::Whole);
    let page = mount(&mut tree, root, page, Field::label("page"));
    let mut ids = vec![page.id()];
    for (name, slot) in [
        ("head", cells(1)),
        (
            "list",
            Slot::new(Extent::Share(1)).arranged(Arrangement::Columns),
        ),
        ("input", Slot::new(Extent::Fit { most: 5 })),
    ] {
        ids.push(mount(&mut tree, page.id(), slot, Field::new(name)).id());
    }
    for name in ["left", "right"] {
        ids.push(
            mount(
                &mut tree,
                ids[2],
                Slot::new(Extent::Share(1)),
                Field::new(name),
            )
            .id(),
        );
    }
    let dialog = Slot::layer(Placement::Middle { width: 30 }).padded(1, 1);
    let dialog = mount(&mut tree, root, dialog, Field::label("dialog")).id();
    ids.push(dialog);
    ids.push(mount(&mut tree, dialog, cells(1), Field::new("yes")).id());
    (tree, ids)
}

proptest! {
    #[test]
    fn painting_in_parts_is_painting_the_whole(
        steps in proptest::collection::vec((hostile::events(), any::<prop::sample::Index>(), 0..4), 1..5)
    ) {
        use loom_tui_core::Interface;

        let (mut tree, ids) = scene();
        let mut size = Size::new(40, 12);
        for (events, index, change) in steps {
            let id = ids[index.index(ids.len())];
            match change {
                0 => tree.set_shown(id, Shown::No),
                1 => tree.set_shown(id, Shown::Yes),
                2 => tree.trap(id),
                _ => tree.release(id),
            }
            for event in &events {
                if let Event::Resize(new) = event {
                    size = *new;
                }
                tree.dispatch(event, Moment::START);
                let area = Rect::new(0, 0, size.width, size.height);
                let mut in_parts = Buffer::empty(area);
                let cursor = tree.draw(&mut in_parts, Moment::START);
                prop_assert!(!tree.wants_redraw());
                prop_assert!(cursor.is_none_or(|at| area.contains(at)));
                // Another size and back again: everything is painted anew.
                tree.draw(&mut Buffer::empty(Rect::new(0, 0, 1, 1)), Moment::START);
                let mut whole = Buffer::empty(area);
                tree.draw(&mut whole, Moment::START);
                prop_assert_eq!(&in_parts, &whole);
                // Who has the focus can be seen.
                if let Some(focused) = tree.focused() {
                    prop_assert!(ids.contains(&focused));
                }
            }
        }
    }
}
