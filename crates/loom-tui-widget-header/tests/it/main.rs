//! The line above a session, in every state and width.

use loom_tui_component::{Extent, Slot, Tree};
use loom_tui_core::{ComponentId, Display, Glyphs, SafeText};
use loom_tui_testing::{Harness, harness::dark, hostile};
use loom_tui_widget_header::{Header, Heading};
use proptest::prelude::*;

fn heading(title: &str) -> Heading {
    Heading {
        title: SafeText::new(title),
        folder: SafeText::new("~/projects/loom/crates"),
    }
}

fn shown(heading: Option<Heading>, width: u16, display: Display) -> Harness<Tree<()>> {
    let mut tree = Tree::new(display);
    let header = Header::new(ComponentId::new("header"));
    let header = tree.mount(None, Slot::new(Extent::Share(1)), header, |()| ());
    if let Some(heading) = heading {
        tree.set_props(header, heading);
    }
    Harness::new(tree, width, 1)
}

#[test]
fn it_shows_title_and_folder() {
    insta::assert_snapshot!(shown(Some(heading("Fix the parser")), 50, dark()).snapshot(), @r"
    |loom › Fix the parser       ~/projects/loom/crates|
     aaaabbbcccccccccccccc       dddddddddddddddddddddd
    a: #8abbff
    b: #8b94a3
    c: bold
    d: #adb5c2
    ");
}

#[test]
fn what_has_no_room_goes_from_the_folders_beginning() {
    let shown = [60, 44, 40, 31, 30, 22, 20, 10, 3, 0].map(|width| {
        format!(
            "{width:2} |{}|",
            shown(Some(heading("Fix the parser")), width, dark()).text()
        )
    });
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn what_is_not_known_is_left_out() {
    assert_eq!(shown(None, 30, dark()).text(), "loom");
    assert_eq!(
        shown(Some(heading("")), 40, dark()).text(),
        "loom              ~/projects/loom/crates"
    );
}

#[test]
fn titles_in_other_scripts_keep_their_widths() {
    assert_eq!(
        shown(Some(heading("解析器を直す")), 44, dark()).text(),
        "loom › 解析器を直す   ~/projects/loom/crates"
    );
    let display = Display {
        glyphs: Glyphs::Ascii,
        ..dark()
    };
    assert_eq!(shown(Some(heading("é")), 12, display).text(), "loom > ?");
}

proptest! {
    #[test]
    fn whatever_happens_it_stays_inside(events in hostile::events(), title in any::<String>()) {
        let header = Header::new(ComponentId::new("header"));
        hostile::assert_total(header, &events);
        shown(Some(heading(&title)), 30, dark());
    }
}
