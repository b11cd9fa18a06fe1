//! Any text at any width.

use loom_tui_core::{Content, Moment, RenderContext, cluster_width};
use loom_tui_widget_markdown::{Hyperlinks, Markdown};
use proptest::prelude::*;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;

use crate::screen::display;

/// Text that means something as Markdown, and text that should not reach a terminal.
pub(crate) fn markdown() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "\n", "\n", "\n\n", "\r\n", "\r", "\t", " ", "    ", "# ", "- ", "* ", "1. ", "> ", "```", "~~~",
            "|", "|---|:-:|\n", "[", "](", ")", "](https://a.example)", "![", "*", "**", "`", "~~", "<b>",
            "<!--", "-->", "[^1]", "[^1]: ", "[a]: /b", "[a]", "===", "---", "\\", "&amp;", "- [ ] ", "<br>",
            "word", "two words", "漢字", "שלום", "👨‍👩‍👧", "e\u{301}", "\u{1b}[31m", "\u{1b}]8;;x\u{7}",
            "\u{202e}", "\u{200b}", "\u{0}", "\u{9b}", "https://example.example/a/long/path",
        ]).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn is_harmless(cell: &Cell) -> bool {
    !cell.symbol().chars().any(char::is_control)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn nothing_is_drawn_outside_and_nothing_harmful_inside(
        text in markdown(),
        width in 0_u16..70,
        first in 0_usize..6,
    ) {
        let document = Markdown::whole(&text, Hyperlinks::Supported);
        let display = display();
        let context = RenderContext { now: Moment::START, display: &display, focused: false };
        let rows = document.rows(width);
        prop_assert!(width > 0 || rows == 0);
        let untouched = Cell::new("·");
        let mut buffer = Buffer::filled(Rect::new(0, 0, width + 6, 12), untouched.clone());
        let area = Rect::new(3, 2, width, 8);
        document.draw(first, area, &mut buffer, &context);
        for y in 0..12 {
            for x in 0..width + 6 {
                let cell = &buffer[(x, y)];
                prop_assert!(is_harmless(cell), "{:?}", cell.symbol());
                if area.contains((x, y).into()) {
                    let end = x + cluster_width(cell.symbol());
                    prop_assert!(end <= area.right(), "{:?} reaches out", cell.symbol());
                } else {
                    prop_assert_eq!(cell, &untouched);
                }
            }
        }
        for link in document.hyperlinks(0..rows, width) {
            prop_assert!(link.row < rows && link.columns.end <= width);
            prop_assert!(link.address.bytes().all(|byte| (0x21..0x7f).contains(&byte)));
        }
    }

    #[test]
    fn any_bytes_are_text(bytes in prop::collection::vec(any::<u8>(), 0..400), width in 0_u16..50) {
        let text = String::from_utf8_lossy(&bytes);
        let document = Markdown::whole(&text, Hyperlinks::Unsupported);
        prop_assert!(document.rows(width) <= 4 * text.len() + 8);
    }
}

#[test]
fn deep_nesting_is_drawn_flat() {
    for mark in ["> ", "- ", "1. ", ">- "] {
        let document = Markdown::whole(&(mark.repeat(5_000) + "deep"), Hyperlinks::Supported);
        assert!(document.rows(40) < 5_000);
    }
}
