//! The tool `read_file`.

use std::fs::File;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use insta::assert_snapshot;
use loom_cli_tools::ToolLimits;
use loom_common_core::{ImageData, ToolResultContent, ToolStatus};
use serde_json::json;

use crate::scratch::Scratch;

/// The start of a picture, up to its measures: two pixels wide and one high.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x01";

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
async fn pictures_are_returned_as_pictures() {
    let scratch = Scratch::new();
    let files: [(&str, &[u8], &str); 4] = [
        ("a.png", PNG, "image/png"),
        (
            "b.txt",
            b"\xff\xd8\xff\xc0\0\x11\x08\0\x01\0\x02\x03",
            "image/jpeg",
        ),
        ("c.gif", b"GIF89a\x02\0\x01\0\x80\0\0", "image/gif"),
        (
            "d.webp",
            b"RIFF\x12\0\0\0WEBPVP8L\x05\0\0\0\x2f\x01\0\0\0",
            "image/webp",
        ),
    ];
    for (name, content, media_type) in files {
        scratch.write(name, content);
        let output = scratch.run("read_file", json!({"file_path": name})).await;
        assert_eq!(output.status, ToolStatus::Completed);
        assert_eq!(
            output.content,
            [
                ToolResultContent::text(format!("{name} ({media_type}, {} bytes)", content.len())),
                ToolResultContent::Image(ImageData {
                    media_type: media_type.to_owned(),
                    data: STANDARD.encode(content),
                })
            ]
        );
    }
}

#[tokio::test]
async fn a_picture_that_is_too_large_is_not_returned() {
    let scratch = Scratch::new();
    scratch.write("a.png", PNG);
    File::options()
        .write(true)
        .open(scratch.path("a.png"))
        .unwrap()
        .set_len(5_000_000)
        .unwrap();
    assert_eq!(
        scratch
            .failure("read_file", json!({"file_path": "a.png"}))
            .await,
        "a.png is a picture of 5000000 bytes; the limit is 3700000. Make a smaller copy with a \
         command first."
    );
}

#[tokio::test]
async fn a_picture_with_a_side_that_is_too_long_is_not_returned() {
    let scratch = Scratch::new();
    scratch.write("wide.gif", b"GIF89a\xd1\x07\x01\0\x80\0\0");
    scratch.write("high.gif", b"GIF89a\x01\0\xd1\x07\x80\0\0");
    scratch.write("just.gif", b"GIF89a\xd0\x07\xd0\x07\x80\0\0");
    let mut texts = Vec::new();
    for file in ["wide.gif", "high.gif"] {
        texts.push(
            scratch
                .failure("read_file", json!({"file_path": file}))
                .await,
        );
    }
    assert_snapshot!(texts.join("\n"), @"
    wide.gif is a picture of 2001 x 1 pixels; the limit is 2000 on each side. Scale a copy down with a command first, such as `magick FILE -resize 2000x2000 COPY`, and read that.
    high.gif is a picture of 1 x 2001 pixels; the limit is 2000 on each side. Scale a copy down with a command first, such as `magick FILE -resize 2000x2000 COPY`, and read that.
    ");
    scratch
        .text("read_file", json!({"file_path": "just.gif"}))
        .await;
}

#[tokio::test]
async fn a_picture_whose_measures_cannot_be_read_is_not_returned() {
    let scratch = Scratch::new();
    let files: [(&str, &[u8]); 4] = [
        ("cut.png", &PNG[..16]),
        ("cut.jpeg", b"\xff\xd8\xff\xe0\0\x10JFIF"),
        ("cut.webp", b"RIFF\x24\0\0\0WEBPVP8 "),
        ("empty.gif", b"GIF89a\0\0\x01\0\x80\0\0"),
    ];
    let mut texts = Vec::new();
    for (name, content) in files {
        scratch.write(name, content);
        texts.push(
            scratch
                .failure("read_file", json!({"file_path": name}))
                .await,
        );
    }
    assert_snapshot!(texts.join("\n"), @"
    cut.png starts like a picture, but its width and height cannot be read; the file may be damaged. Look at it with a command, such as `file` or `xxd | head`.
    cut.jpeg starts like a picture, but its width and height cannot be read; the file may be damaged. Look at it with a command, such as `file` or `xxd | head`.
    cut.webp starts like a picture, but its width and height cannot be read; the file may be damaged. Look at it with a command, such as `file` or `xxd | head`.
    empty.gif is a picture without any pixels; the file may be damaged.
    ");
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
