//! Each element as it looks, at three widths.

use std::fmt::Write;

use loom_tui_core::{Display, Glyphs};
use loom_tui_testing::snapshot::{snapshot, text};
use loom_tui_widget_markdown::{Hyperlinks, Markdown};

use crate::screen::{display, drawn, drawn_for};

/// Draws a document at the width of a phone, of half a screen and of a screen: the first with its
/// styles.
fn looks(source: &str) -> String {
    let document = Markdown::whole(source, Hyperlinks::Supported);
    let mut looks = String::new();
    let _ = writeln!(looks, "{}", snapshot(&drawn(&document, 40)));
    for width in [20, 80] {
        let _ = writeln!(looks, "-- {width}\n{}\n", text(&drawn(&document, width)));
    }
    looks
}

#[test]
fn headings() {
    insta::assert_snapshot!(looks(
        "# A first heading\n\nText.\n\n## A second *one* with `code`\nText.\n\nSetext\n===\n\n#### The fourth is as long as no heading ought to be\n"
    ));
}

#[test]
fn spans() {
    insta::assert_snapshot!(looks(
        "Plain, *emphasised*, **strong**, ***both***, ~~gone~~ and `code()`; &lt;entities&gt; &copy;.\nA soft break,\\\na hard one, <b>markup</b> and a<br>break.\n"
    ));
}

#[test]
fn links() {
    insta::assert_snapshot!(looks(
        "See [the manual](https://docs.example/manual), <https://a.example/>, [github.com](https://evil.example/), [a file](src/main.rs), [run](javascript:alert) and ![a cat](https://a.example/cat.png).\n\n[ref]: https://r.example/x\n\nA [reference][ref], and one that [comes later][late].\n\nText.\n\n[late]: https://late.example/\n"
    ));
}

#[test]
fn quotes() {
    insta::assert_snapshot!(looks(
        "> A quotation that is long enough to be wrapped\n> - with an item\n>\n> > and another in it\n\n> [!WARNING]\n> Mind the gap.\n"
    ));
}

#[test]
fn lists() {
    insta::assert_snapshot!(looks(
        "Before:\n- one item that is long enough to be wrapped somewhere\n- two\n  1. nested\n  2. second\n\n     with a paragraph\n- [ ] open\n- [x] done\n\n9. nine\n10. ten\n\n    code in ten\n"
    ));
}

#[test]
fn code() {
    insta::assert_snapshot!(looks(
        "Run:\n```sh\ncargo build --release --package loom-cli # long\n\n\tindented\n```\n    also code\n"
    ));
}

#[test]
fn tables() {
    insta::assert_snapshot!(looks(
        "| Name | Amount | What it is for |\n|:-----|-------:|:---:|\n| `one` | 1 | short |\n| two | 20000 | words that go on for longer than there is room |\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    ));
}

#[test]
fn other_blocks() {
    insta::assert_snapshot!(looks(
        "Text[^1].\n\n---\n\n<details>\n<summary>More</summary>\n</details>\n\n[^1]: A footnote that is long enough to be wrapped.\n"
    ));
}

#[test]
fn scripts() {
    insta::assert_snapshot!(looks(
        "漢字とかなが混ざった長い段落は文字の間で折り返される。\n\n- שלום עולם **חזק**\n- 👨‍👩‍👧‍👦 family\n\n| 名前 | שם |\n|---|--:|\n| 漢字 | שלום |\n"
    ));
}

#[test]
fn a_terminal_of_ascii_gets_ascii_in_as_many_rows() {
    let source = "- a\n- [x] b\n\n> c\n\n| d | e |\n|---|---|\n| f | g |\n\n---\n";
    let document = Markdown::whole(source, Hyperlinks::Unsupported);
    let ascii = Display {
        glyphs: Glyphs::Ascii,
        ..display()
    };
    let expected = "* a\n[x] b\n\n| c\n\nd | e\n--+--\nf | g\n\n----------";
    assert_eq!(text(&drawn_for(&document, 10, &ascii)), expected);
    assert_eq!(
        drawn(&document, 10).area,
        drawn_for(&document, 10, &ascii).area
    );
}

#[test]
fn marks_are_not_lost_where_there_is_no_room_for_them() {
    let document = Markdown::whole("1. [x] one\n2. > two\n", Hyperlinks::Supported);
    assert_eq!(text(&drawn(&document, 6)), "1. [x]\none\n2.\ntwo");
}

#[test]
fn links_are_found_in_the_rows_that_show_them() {
    let source =
        "Read [the whole manual](https://docs.example/) now.\n\n- [x](mailto:a@b.example)\n";
    let document = Markdown::whole(source, Hyperlinks::Supported);
    assert_eq!(
        text(&drawn(&document, 14)),
        "Read the whole\nmanual now.\n\n• x"
    );
    let found: Vec<_> = document
        .hyperlinks(0..4, 14)
        .into_iter()
        .map(|link| (link.row, link.columns, link.address.to_string()))
        .collect();
    let docs = || "https://docs.example/".to_owned();
    assert_eq!(
        found,
        [
            (0, 5..14, docs()),
            (1, 0..6, docs()),
            (3, 2..3, "mailto:a@b.example".to_owned())
        ]
    );
    assert_eq!(document.hyperlinks(2..3, 14), []);
}
