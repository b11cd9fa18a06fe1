//! Measures what an answer of 100 KB costs while it streams: `cargo run --release --example figures`.
#![expect(clippy::print_stdout, reason = "an example prints what it measures")]

use std::time::Instant;

use loom_tui_core::{Content, Display, Moment, RenderContext, offscreen};
use loom_tui_theme::{Builtin, ColorDepth, Palette};
use loom_tui_widget_markdown::{Hyperlinks, Markdown, Syntaxes};

const SECTION: &str = "## What was changed\n\nThe *reader* of **settings** now takes `loom.toml` from \
    the folder that it is started in,\nand says [where](https://docs.example/settings) each value comes \
    from.\n\n1. Read the file\n2. Merge it\n   - once\n   - twice\n\n```rust\nfn main() {\n    let answer \
    = 42;\n    println!(\"{}\", answer);\n}\n```\n\n| file | lines |\n|------|------:|\n| a.rs | 12 |\n\n";

fn main() {
    let text = SECTION.repeat(100_000 / SECTION.len() + 1);
    let display = Display::new(Palette::new(&Builtin::Dark.theme(), ColorDepth::TrueColor));
    let context = RenderContext {
        now: Moment::START,
        display: &display,
        focused: false,
    };
    let mut document = Markdown::new(Hyperlinks::Supported);
    let (mut pieces, mut appending, mut drawing, mut slowest) = (0_u32, 0, 0, 0);
    for piece in text.as_bytes().chunks(4) {
        let piece = String::from_utf8_lossy(piece);
        let start = Instant::now();
        document.append(&piece);
        let appended = start.elapsed().as_nanos();
        let rows = document.rows(120);
        let first = rows.saturating_sub(60);
        let _ = offscreen(&document, 120, first..first + 60, &context);
        let all = start.elapsed().as_nanos();
        pieces += 1;
        appending += appended;
        drawing += all - appended;
        slowest = slowest.max(all);
    }
    document.finish();
    let each = |total: u128| total as f64 / f64::from(pieces) / 1000.0;
    println!(
        "{} bytes in {pieces} pieces, {} rows",
        text.len(),
        document.rows(120)
    );
    println!(
        "append: {:.1} us, frame of 60 rows of 120: {:.1} us",
        each(appending),
        each(drawing)
    );
    println!(
        "slowest piece with its frame: {:.1} us",
        slowest as f64 / 1000.0
    );
    println!(
        "parsed {:.1} bytes for each",
        document.parsed_bytes() as f64 / text.len() as f64
    );

    let start = Instant::now();
    let whole = Markdown::whole(&text, Hyperlinks::Supported);
    println!("at once: {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    let start = Instant::now();
    let rows = whole.rows(120);
    println!(
        "{rows} rows laid out: {:.1} ms",
        start.elapsed().as_secs_f64() * 1e3
    );

    let before = resident();
    let start = Instant::now();
    let syntaxes = Syntaxes::load();
    println!(
        "grammars loaded: {:.1} ms",
        start.elapsed().as_secs_f64() * 1e3
    );
    let mut count = 0;
    let start = Instant::now();
    while let Some(work) = document.code_work() {
        let coloured = work.run(&syntaxes);
        if count == 0 {
            println!(
                "first code coloured: {:.1} ms",
                start.elapsed().as_secs_f64() * 1e3
            );
        }
        count += 1;
        document.apply(coloured);
    }
    println!(
        "all code coloured: {:.1} ms in {count} parts",
        start.elapsed().as_secs_f64() * 1e3
    );
    println!(
        "memory for grammars: {} KiB",
        resident().saturating_sub(before)
    );
}

/// Returns how much memory the process has, in KiB; zero where that is not known.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}
