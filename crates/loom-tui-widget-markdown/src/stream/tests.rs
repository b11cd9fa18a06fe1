//! What settles in pieces is what a parser makes of the whole.

use proptest::prelude::*;

use super::*;
use crate::block::{Item, List};

/// Lines and parts of lines that can mean different things by what comes before and after.
fn markdown() -> impl Strategy<Value = String> {
    let line = prop::sample::select(vec![
        "",
        "",
        "",
        "text",
        "  text",
        "    text",
        "\ttext",
        "more *emphasis",
        "ends* here",
        "# Head",
        "---",
        "===",
        "- item",
        "- item",
        "  - nested",
        "    - deeper",
        "   - odd",
        "* other",
        "+",
        "-",
        "1. one",
        "2. two",
        "1) bracket",
        "10. ten",
        "- [ ] task",
        "- [x] done",
        "  continued",
        "> quote",
        ">",
        "> - quoted item",
        ">> deeper",
        "> ```",
        "lazy",
        "```",
        "```rust",
        "~~~",
        "  ```",
        "   ```",
        "````",
        "- ```",
        "  code",
        "`inline",
        "| a | b |",
        "|---|---|",
        "--|--",
        "| 1 | 2 |",
        "a | b",
        "<div>",
        "</div>",
        "<!-- note",
        "note -->",
        "<pre>",
        "</pre>",
        "<b>x</b>",
        "[foo]: /url",
        "[foo]:",
        "/url",
        "'title",
        "title'",
        "[bar]: <https://a.example> \"t\"",
        "[^1]: note",
        "    note goes on",
        "see [^1]",
        "![alt](https://a.example/p.png)",
        "***",
        "* * *",
        "\\",
        "hard  ",
        "hard\\",
        "&amp; &#35;",
        "# ",
        "#no",
        "- # head in item",
        "1. - both",
        "- > quote in item",
        "-     code in item",
        "\u{a0}",
        " ",
        "   ",
        "> [!NOTE]",
        "    ",
        "\t- tab",
    ]);
    let lines = prop::collection::vec(line, 1..24);
    (lines, any::<bool>()).prop_map(|(lines, ends)| lines.join("\n") + if ends { "\n" } else { "" })
}

fn streamed(pieces: &[&str]) -> Stream {
    let mut stream = Stream::new(Hyperlinks::Unsupported);
    for piece in pieces {
        stream.append(piece);
    }
    stream.finish();
    stream
}

/// Cuts a text into pieces of some characters.
fn pieces<'a>(text: &'a str, lengths: &[usize]) -> Vec<&'a str> {
    let mut rest = text;
    let mut pieces = Vec::new();
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let end = rest
            .char_indices()
            .nth(*length)
            .map_or(rest.len(), |(at, _)| at);
        pieces.push(&rest[..end]);
        rest = &rest[end..];
    }
    pieces
}

/// Blocks without what differs between the parts of a document and the whole: places, and whether what
/// belongs together came at once.
fn joined(blocks: impl IntoIterator<Item = Placed>) -> Vec<Placed> {
    let mut together: Vec<Placed> = Vec::new();
    for mut placed in blocks {
        placed.at = 0;
        match &mut placed.block {
            Block::List(list) => {
                let items = std::mem::take(&mut list.items);
                for (index, mut item) in items.into_iter().enumerate() {
                    item.blocks = joined(item.blocks);
                    together.push(Placed {
                        gap: if index == 0 { placed.gap } else { item.gap },
                        at: 0,
                        block: Block::List(List {
                            start: list.start.map(|start| start + index as u64),
                            items: vec![Item { gap: false, ..item }],
                        }),
                    });
                }
                continue;
            }
            Block::Quote { blocks, .. } | Block::Footnote { blocks, .. } => {
                *blocks = joined(std::mem::take(blocks));
            }
            Block::Code(code) if code.continues => {
                if let Some(Block::Code(before)) = together.last_mut().map(|last| &mut last.block) {
                    before.lines.append(&mut code.lines);
                    continue;
                }
            }
            _ => {}
        }
        together.push(placed);
    }
    together
}

fn whole(text: &str) -> Vec<Placed> {
    let definitions = Definitions::default();
    let continuation = Continuation::default();
    joined(parse(text, continuation, &definitions, Hyperlinks::Unsupported).blocks)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn parts_that_settled_mean_what_the_whole_means(
        text in markdown(),
        lengths in prop::collection::vec(1_usize..9, 1..6),
    ) {
        // Of an unfinished line of spaces in code the parser makes nothing.
        let text = text + "\n";
        // Of references that come first and of definitions that come twice, the parts know less.
        prop_assume!(["[foo]", "[bar]"].iter().all(|label| text.matches(label).count() < 2));
        let stream = streamed(&pieces(&text, &lengths));
        let parts = joined(stream.settled.into_iter().flatten());
        prop_assert_eq!(parts, whole(&text), "{}", text);
    }

    #[test]
    fn it_does_not_matter_where_the_text_was_cut(
        text in markdown(),
        lengths in prop::collection::vec(1_usize..40, 1..6),
        returns in any::<bool>(),
    ) {
        let text = if returns { text.replace('\n', "\r\n") } else { text };
        let in_pieces = streamed(&pieces(&text, &lengths));
        let at_once = streamed(&[&text]);
        prop_assert_eq!(
            joined(in_pieces.settled.into_iter().flatten()),
            joined(at_once.settled.into_iter().flatten())
        );
    }
}

#[test]
fn a_long_table_stays_one() {
    let text = format!("| a | b |\n|---|---|\n{}", "| 1 | 2 |\n".repeat(3000));
    let stream = streamed(&[&text]);
    let rows = stream
        .settled
        .iter()
        .flatten()
        .map(|placed| match &placed.block {
            Block::Table(table) => table.rows.len(),
            other => panic!("{other:?}"),
        });
    assert_eq!(rows.sum::<usize>(), 3000);
}

#[test]
fn what_has_no_end_is_cut_at_the_same_places() {
    let word = "word ".repeat(20);
    let shapes: Vec<String> = vec![
        "x".repeat(3 * LONGEST_OPEN + 5),
        "漢".repeat(LONGEST_OPEN),
        word.repeat(600),
        format!("- {}", format!("{word}\n  ").repeat(600)),
        format!("> {}", format!("{word}\n> ").repeat(600)),
        format!("```\n{}", "y".repeat(3 * LONGEST_OPEN)),
        format!("| a | b |\n|---|---|\n{}", "| cell | cell |\n".repeat(2500)),
        "> ".repeat(LONGEST_OPEN),
        "[".repeat(2 * LONGEST_OPEN),
        "*a ".repeat(LONGEST_OPEN),
        "- ".repeat(LONGEST_OPEN),
        "\n".repeat(LONGEST_OPEN * 2),
        "[a]: /b\n".repeat(LONGEST_OPEN / 2),
    ];
    for text in shapes {
        let at_once = joined(streamed(&[&text]).settled.into_iter().flatten());
        let in_pieces = joined(
            streamed(&pieces(&text, &[97]))
                .settled
                .into_iter()
                .flatten(),
        );
        assert!(
            at_once == in_pieces,
            "{}",
            &text[..text.floor_char_boundary(20)]
        );
        assert!(streamed(&[&text]).parsed <= 8 * text.len() as u64);
    }
}
