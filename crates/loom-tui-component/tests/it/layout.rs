//! Who gets which part of the screen.

use loom_tui_component::{Arrangement, Extent, Placement, Slot};
use loom_tui_testing::Harness;
use ratatui::layout::Rect;

use crate::field::{Field, cells, mount, tree};

#[test]
fn room_is_given_to_fixed_then_to_what_fits_then_in_shares() {
    let (mut tree, root) = tree(Arrangement::Rows);
    let slots = [
        cells(1),
        Slot::new(Extent::Fit { most: 4 }),
        Slot::new(Extent::Share(1)),
        Slot::new(Extent::Share(2)),
    ];
    let handles = slots.map(|slot| mount(&mut tree, root, slot, Field::new("f")));
    tree.act(handles[1], "0123456789abcdef".to_owned());
    let mut harness = Harness::new(tree, 8, 12);
    let mut areas = |width, height| {
        harness.resize(width, height);
        handles.map(|handle| {
            let area = harness.interface().area(handle.id());
            (area.y, area.height)
        })
    };
    assert_eq!(areas(8, 12), [(0, 1), (1, 2), (3, 3), (6, 6)]);
    assert_eq!(areas(2, 12), [(0, 1), (1, 4), (5, 2), (7, 5)]);
    assert_eq!(areas(8, 2), [(0, 1), (1, 1), (2, 0), (2, 0)]);
    assert_eq!(areas(0, 0), [(0, 0); 4]);
}

#[test]
fn a_padded_dialog_is_as_high_as_its_children_need() {
    let (mut tree, root) = tree(Arrangement::Layers);
    let slot = Slot::layer(Placement::Bottom).padded(2, 1);
    let dialog = mount(&mut tree, root, slot, Field::label("d"));
    let child = mount(
        &mut tree,
        dialog.id(),
        Slot::new(Extent::Fit { most: 9 }),
        Field::new("c"),
    );
    let harness = Harness::new(tree, 20, 10);
    assert_eq!(
        harness.interface().area(dialog.id()),
        Rect::new(0, 7, 20, 3)
    );
    assert_eq!(harness.interface().area(child.id()), Rect::new(2, 8, 16, 1));
}
