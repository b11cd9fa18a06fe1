//! Colours of code, which come later.

use loom_tui_core::Content;
use loom_tui_testing::snapshot::{snapshot, text};
use loom_tui_widget_markdown::{Hyperlinks, Markdown, Syntaxes};

use crate::screen::drawn;

fn coloured(document: &mut Markdown, syntaxes: &Syntaxes) {
    while let Some(work) = document.code_work() {
        document.apply(work.run(syntaxes));
    }
}

#[test]
fn code_is_plain_until_its_colours_come_and_its_rows_stay() {
    let source = "```rust\n// Says it.\n#[test]\nfn greet(name: &str) -> u8 {\n    println!(\"hi {name}\\n\");\n    let x = Some(0x2a);\n}\n```\n\n- In an item:\n  ```python\n  def f(x): return None\n  ```\n\n> ```json\n> {\"a\": [1, true]}\n> ```\n\n```diff\n- old\n+ new\n```\n\n```nobody-knows\nx = 1\n```\n";
    let mut document = Markdown::whole(source, Hyperlinks::Supported);
    let plain = drawn(&document, 36);
    coloured(&mut document, &Syntaxes::load());
    let colored = drawn(&document, 36);
    assert_eq!(text(&colored), text(&plain));
    insta::assert_snapshot!(snapshot(&colored));
}

#[test]
fn colours_that_come_while_the_code_streams_are_those_of_the_whole() {
    let source = format!(
        "Text\n\n```rust\n/* a comment\nthat goes on\n{}*/\nfn f() {{}}\n```\n\nText\n",
        "and on\n".repeat(40)
    );
    let syntaxes = Syntaxes::load();
    let mut whole = Markdown::whole(&source, Hyperlinks::Supported);
    coloured(&mut whole, &syntaxes);
    let mut streamed = Markdown::new(Hyperlinks::Supported);
    for piece in source.as_bytes().chunks(7) {
        streamed.append(std::str::from_utf8(piece).unwrap());
        coloured(&mut streamed, &syntaxes);
        let _ = streamed.rows(30);
    }
    streamed.finish();
    coloured(&mut streamed, &syntaxes);
    assert_eq!(drawn(&streamed, 30), drawn(&whole, 30));
}

#[test]
fn there_is_one_piece_of_work_at_a_time_and_none_without_code() {
    let mut document = Markdown::whole("Text\n\n```\nplain\n```\n", Hyperlinks::Supported);
    assert!(document.code_work().is_none());
    document.append("\n\n```rust\nfn f() {}\n```\n");
    document.finish();
    let work = document.code_work().unwrap();
    assert!(document.code_work().is_none());
    document.apply(work.run(&Syntaxes::load()));
    assert!(document.code_work().is_none());
}
