//! The tool `read_file`.

use std::fs::File;
use std::io::Write as _;

use insta::assert_snapshot;
use loom_cli_tools::ToolLimits;
use serde_json::json;

use crate::scratch::Scratch;

#[tokio::test]
async fn lines_come_with_numbers() {
    let scratch = Scratch::new();
    scratch.write("src/a.txt", "one\n\tzwei\n\n四");
    assert_snapshot!(
        scratch.text("read_file", json!({"file_path": "src/a.txt"})).await,
        @"
         1	one
         2		zwei
         3	
         4	四
    "
    );
}

#[tokio::test]
async fn line_ends_and_the_byte_order_mark_are_not_shown() {
    let scratch = Scratch::new();
    scratch.write("a.txt", "\u{feff}one\r\ntwo\r\n");
    assert_eq!(
        scratch
            .text("read_file", json!({"file_path": "a.txt"}))
            .await,
        "     1\tone\n     2\ttwo"
    );
}

#[tokio::test]
async fn a_page_says_how_to_read_on() {
    let scratch = Scratch::new();
    let lines: String = (1..=5000).map(|number| format!("{number}\n")).collect();
    scratch.write("a.txt", lines);
    let first = scratch
        .text("read_file", json!({"file_path": "a.txt"}))
        .await;
    assert!(first.starts_with("     1\t1\n"), "{first}");
    assert!(
        first
            .ends_with("  2000\t2000\n(lines 1 to 2000; there are more, read on with offset=2001)"),
        "{first}"
    );
    assert_eq!(
        scratch
            .text(
                "read_file",
                json!({"file_path": "a.txt", "offset": 4999, "limit": 10})
            )
            .await,
        "  4999\t4999\n  5000\t5000"
    );
    assert_eq!(
        scratch
            .failure("read_file", json!({"file_path": "a.txt", "offset": 5001}))
            .await,
        "a.txt has only 5000 lines; `offset` is 5001."
    );
}

#[tokio::test]
async fn a_page_is_bounded_in_bytes() {
    let scratch = Scratch::with_limits(ToolLimits {
        max_output_bytes: 1000,
        ..ToolLimits::default()
    });
    scratch.write("a.txt", "0123456789\n".repeat(500));
    let text = scratch
        .text("read_file", json!({"file_path": "a.txt"}))
        .await;
    assert!(
        text.ends_with("(lines 1 to 55; there are more, read on with offset=56)"),
        "{text}"
    );
    assert!(text.len() < 1100, "{}", text.len());
}

#[tokio::test]
async fn a_long_line_is_cut_at_a_character_and_counted() {
    let scratch = Scratch::with_limits(ToolLimits {
        max_output_bytes: 100,
        ..ToolLimits::default()
    });
    // The cut at 2000 bytes falls into a character of three bytes.
    scratch.write("a.txt", format!("{}\nnext\n", "€".repeat(1000)));
    assert_eq!(
        scratch
            .text("read_file", json!({"file_path": "a.txt"}))
            .await,
        format!(
            "     1\t{}… (1002 more bytes)\n(lines 1 to 1; there are more, read on with offset=2)",
            "€".repeat(666)
        )
    );
}

#[tokio::test]
async fn an_empty_file_is_said_to_be_empty() {
    let scratch = Scratch::new();
    scratch.write("a.txt", "");
    assert_eq!(
        scratch
            .text("read_file", json!({"file_path": "a.txt"}))
            .await,
        "(the file is empty)"
    );
}

#[tokio::test]
async fn bytes_that_are_not_utf8_are_shown_replaced_with_a_note() {
    let scratch = Scratch::new();
    scratch.write("a.txt", b"caf\xe9\nok\n");
    assert_eq!(
        scratch
            .text("read_file", json!({"file_path": "a.txt"}))
            .await,
        "     1\tcaf\u{fffd}\n     2\tok\n(some bytes are not UTF-8 and are shown as \u{fffd})"
    );
}

#[tokio::test]
async fn binary_files_are_not_shown() {
    let scratch = Scratch::new();
    scratch.write("a.out", b"\x7fELF\x02\x01\x01\0\0\0");
    scratch.write("data", b"text and then\0");
    scratch.write("wide.txt", b"\xff\xfeh\0i\0");
    let mut texts = Vec::new();
    for file in ["a.out", "data", "wide.txt"] {
        texts.push(
            scratch
                .failure("read_file", json!({"file_path": file}))
                .await,
        );
    }
    assert_snapshot!(texts.join("\n"), @"
    a.out is not text: an ELF program or library, 10 bytes. Look at it with a command, such as `file` or `xxd | head`.
    data is not text: binary data, 14 bytes. Look at it with a command, such as `file` or `xxd | head`.
    wide.txt is not text: UTF-16 text, which `iconv -f UTF-16` makes readable, 6 bytes. Look at it with a command, such as `file` or `xxd | head`.
    ");
}

#[tokio::test]
async fn the_size_of_a_file_does_not_matter() {
    let scratch = Scratch::new();
    let mut file = File::create(scratch.path("huge.log")).unwrap();
    file.write_all("a line\n".repeat(10_000).as_bytes())
        .unwrap();
    // Sparse: takes no room on the disk, and no machine here has the memory for it.
    file.set_len(1 << 42).unwrap();
    assert_eq!(
        scratch
            .text("read_file", json!({"file_path": "huge.log", "limit": 2}))
            .await,
        "     1\ta line\n     2\ta line\n(lines 1 to 2; there are more, read on with offset=3)"
    );
    assert_eq!(
        scratch
            .failure(
                "edit_file",
                json!({"file_path": "huge.log", "old_string": "a", "new_string": "b"})
            )
            .await,
        "huge.log is too large for this tool; edit it with a command."
    );
}

#[tokio::test]
async fn a_missing_file_is_answered_with_names_that_come_near() {
    let scratch = Scratch::new();
    scratch.write("src/config/loader.rs", "");
    scratch.write("src/main.rs", "");
    scratch.write("src/matrix.rs", "");
    let mut texts = Vec::new();
    for file in [
        "loader.rs",
        "src/mian.rs",
        "lib/main.rs",
        "quite/other.txt",
        "src/main.rs/x",
    ] {
        texts.push(
            scratch
                .failure("read_file", json!({"file_path": file}))
                .await,
        );
    }
    assert_snapshot!(texts.join("\n"));
}

#[tokio::test]
async fn folders_and_pipes_are_not_read() {
    let scratch = Scratch::new();
    scratch.write("src/main.rs", "");
    scratch
        .text("bash", json!({"command": "mkfifo pipe"}))
        .await;
    assert_eq!(
        scratch
            .failure("read_file", json!({"file_path": "src"}))
            .await,
        "src is a folder. Use list_files."
    );
    assert_eq!(
        scratch
            .failure("read_file", json!({"file_path": "."}))
            .await,
        ". is a folder. Use list_files."
    );
    assert_eq!(
        scratch
            .failure("read_file", json!({"file_path": "pipe"}))
            .await,
        "pipe is neither a file nor a folder, but a device, a pipe or a socket."
    );
}
