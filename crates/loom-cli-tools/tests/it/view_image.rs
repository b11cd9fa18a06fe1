//! The tool `view_image`.

use std::fs::File;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use insta::assert_snapshot;
use loom_common_core::{ImageData, ToolResultContent, ToolStatus};
use serde_json::json;

use crate::scratch::Scratch;

/// The start of a picture, up to its measures: two pixels wide and one high.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x01";

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
        let output = scratch.run("view_image", json!({"file_path": name})).await;
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
            .failure("view_image", json!({"file_path": "a.png"}))
            .await,
        "a.png has 5000000 bytes; the limit is 3700000. Make a smaller copy with a \
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
                .failure("view_image", json!({"file_path": file}))
                .await,
        );
    }
    assert_snapshot!(texts.join("\n"), @"
    wide.gif has 2001 x 1 pixels; the limit is 2000 on each side. Scale a copy down with a command first, such as `magick FILE -resize 2000x2000 COPY`, and look at that.
    high.gif has 1 x 2001 pixels; the limit is 2000 on each side. Scale a copy down with a command first, such as `magick FILE -resize 2000x2000 COPY`, and look at that.
    ");
    scratch
        .text("view_image", json!({"file_path": "just.gif"}))
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
                .failure("view_image", json!({"file_path": name}))
                .await,
        );
    }
    assert_snapshot!(texts.join("\n"), @"
    cut.png starts like a picture, but its width and height cannot be read; it may be damaged. Look at it with a command, such as `file` or `xxd | head`.
    cut.jpeg starts like a picture, but its width and height cannot be read; it may be damaged. Look at it with a command, such as `file` or `xxd | head`.
    cut.webp starts like a picture, but its width and height cannot be read; it may be damaged. Look at it with a command, such as `file` or `xxd | head`.
    empty.gif has no pixels; it may be damaged.
    ");
}

#[tokio::test]
async fn what_is_no_picture_is_named() {
    let scratch = Scratch::new();
    scratch.write("a.txt", "text");
    scratch.write("a.bmp", b"BM\0\0");
    std::fs::create_dir(scratch.path("folder")).unwrap();
    let mut texts = Vec::new();
    for file in ["a.txt", "a.bmp", "folder", "b.png"] {
        texts.push(
            scratch
                .failure("view_image", json!({"file_path": file}))
                .await,
        );
    }
    assert_snapshot!(texts.join("\n"));
}

#[tokio::test]
async fn read_file_points_at_it() {
    let scratch = Scratch::new();
    scratch.write("a.png", PNG);
    assert_eq!(
        scratch
            .failure("read_file", json!({"file_path": "a.png"}))
            .await,
        "a.png is a picture of 24 bytes. Look at it with view_image."
    );
}
