//! Documents that grow.

use loom_tui_core::Content;
use loom_tui_testing::snapshot::text;
use loom_tui_widget_markdown::{Hyperlinks, Markdown};
use proptest::prelude::*;

use crate::screen::{drawn, rows};

/// An answer with everything in it, of at least this many bytes.
fn answer(bytes: usize) -> String {
    let section = "## What was changed\n\nThe *reader* of **settings** now takes `loom.toml` from the \
        folder that it is started in,\nand says [where](https://docs.example/settings) each value comes \
        from.\n\n1. Read the file\n2. Merge it, as in:\n   ```rust\n   fn merge(a: A, b: B) -> C {\n       \
        C { a, b }\n   }\n   ```\n3. Test it\n   - once\n   - twice\n\n```rust\nfn main() {\n    \
        println!(\"{}\", 42);\n}\n```\n\n| file | lines |\n|------|------:|\n| a.rs | 12 |\n| b.rs | 7 |\n\n\
        > Note that nothing else changed.\n\n";
    let mut answer = String::new();
    while answer.len() < bytes {
        answer.push_str(section);
    }
    answer
}

fn in_pieces(text: &str, length: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = rest
            .char_indices()
            .nth(length)
            .map_or(rest.len(), |(at, _)| at);
        let (piece, later) = rest.split_at(end);
        rest = later;
        (!piece.is_empty()).then_some(piece)
    })
}

#[test]
fn what_is_shown_while_it_streams_does_not_flicker() {
    let mut document = Markdown::new(Hyperlinks::Supported);
    let mut shown = Vec::new();
    for piece in [
        "Some text\n",
        "-",
        "--",
        "\n| a ",
        "| b |\n",
        "|---",
        "|---|\n",
        "```",
        "sh\nls",
        "\n``",
        "`\nend",
    ] {
        document.append(piece);
        shown.push(text(&drawn(&document, 20)));
    }
    insta::assert_snapshot!(shown.join("\n=====\n"));
}

#[test]
fn work_grows_with_the_length_and_not_with_its_square() {
    let parsed = |bytes| {
        let text = answer(bytes);
        let mut document = Markdown::new(Hyperlinks::Supported);
        for piece in in_pieces(&text, 4) {
            document.append(piece);
        }
        document.finish();
        document.parsed_bytes() as f64 / text.len() as f64
    };
    let (short, long) = (parsed(25_000), parsed(100_000));
    assert!(
        long < short * 1.05,
        "{short} and {long} bytes parsed for each byte"
    );
    assert!(long < 12.0, "{long} bytes parsed for each byte");
}

#[test]
fn drawing_after_each_piece_keeps_work_within_the_open_block() {
    let parsed = |bytes| {
        let text = answer(bytes);
        let mut document = Markdown::new(Hyperlinks::Supported);
        let mut pieces = 0;
        for piece in in_pieces(&text, 4) {
            document.append(piece);
            let _ = document.rows(80);
            pieces += 1;
        }
        document.parsed_bytes() / pieces
    };
    let (short, long) = (parsed(25_000), parsed(100_000));
    assert!(
        long <= short + 5,
        "{short} and {long} bytes parsed for each piece"
    );
}

#[test]
fn long_code_is_parsed_once() {
    let text = format!("```rust\n{}```\n", "let x = 1;\n".repeat(20_000));
    let mut document = Markdown::new(Hyperlinks::Supported);
    for piece in in_pieces(&text, 4) {
        document.append(piece);
    }
    document.finish();
    assert!(document.parsed_bytes() < 2 * text.len() as u64);
    assert_eq!(document.rows(80), 20_000);
}

#[test]
fn a_line_of_ten_megabytes_is_taken_in() {
    let mut document = Markdown::whole(&"*x ".repeat(3_500_000), Hyperlinks::Supported);
    assert!(document.parsed_bytes() < 40_000_000);
    assert!(document.rows(80) > 100_000);
    document.append("\n\nand on");
    document.finish();
    let last = document.rows(80) - 1;
    let cells = rows(&document, 80, last..last + 1);
    let shown: String = cells[0].iter().map(ratatui::buffer::Cell::symbol).collect();
    assert_eq!(shown.trim_end(), "and on");
}

#[test]
fn rows_are_made_again_for_another_width_and_after_they_were_forgotten() {
    let text = answer(5_000);
    let document = Markdown::whole(&text, Hyperlinks::Supported);
    let wide = drawn(&document, 80);
    let narrow = drawn(&document, 30);
    document.forget_rows();
    assert_eq!(drawn(&document, 80), wide);
    assert_eq!(drawn(&document, 30), narrow);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn rows_that_settled_are_those_of_the_whole(
        text in crate::hostile::markdown(),
        lengths in prop::collection::vec(1_usize..30, 1..5),
        width in 1_u16..60,
    ) {
        let whole = Markdown::whole(&text, Hyperlinks::Supported);
        let all = rows(&whole, width, 0..whole.rows(width));
        let mut document = Markdown::new(Hyperlinks::Supported);
        let mut rest = text.as_str();
        let mut settled = 0;
        for length in lengths.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let piece = in_pieces(rest, *length).next().unwrap();
            rest = &rest[piece.len()..];
            document.append(piece);
            let now = document.settled_rows(width);
            prop_assert!(now >= settled && now <= document.rows(width));
            prop_assert_eq!(&rows(&document, width, settled..now)[..], &all[settled..now]);
            settled = now;
        }
        document.finish();
        prop_assert_eq!(document.settled_rows(width), document.rows(width));
        prop_assert_eq!(rows(&document, width, 0..document.rows(width)), all);
    }
}
