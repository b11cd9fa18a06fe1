use loom_cli_tools::OutputLimits;
use rmcp::model::{ContentBlock as McpContent, ResourceContents};
use serde_json::json;

use super::*;

/// A picture of one pixel.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

fn result(value: Value) -> CallToolResult {
    serde_json::from_value(value).unwrap()
}

fn output_of(value: Value) -> ToolOutput {
    output(result(value), "tool", &OutputStore::default())
}

fn text_of(content: McpContent) -> String {
    output(
        CallToolResult::success(vec![content]),
        "tool",
        &OutputStore::default(),
    )
    .text()
}

#[test]
fn texts_and_pictures_come_in_order() {
    let output = output_of(json!({"content": [
        {"type": "text", "text": "before"},
        {"type": "image", "data": PIXEL, "mimeType": "image/png"},
        {"type": "text", "text": "after"},
    ]}));
    assert_eq!(output.status, ToolStatus::Completed);
    assert_eq!(
        output.content,
        [
            ToolResultContent::text("before"),
            ToolResultContent::Image(ImageData {
                media_type: "image/png".to_owned(),
                data: PIXEL.to_owned(),
            }),
            ToolResultContent::text("after"),
        ]
    );
}

#[test]
fn a_picture_is_what_its_bytes_are() {
    let wrapped = format!("{}\n{}", &PIXEL[..60], &PIXEL[60..]);
    let output = output_of(json!({"content": [
        {"type": "image", "data": wrapped, "mimeType": "image/jpeg"},
    ]}));
    let ToolResultContent::Image(picture) = &output.content[0] else {
        panic!("{output:?}");
    };
    assert_eq!(
        (picture.media_type.as_str(), picture.data.as_str()),
        ("image/png", PIXEL)
    );
}

#[test]
fn a_picture_that_providers_refuse_is_described() {
    let wide = {
        let mut bytes = STANDARD.decode(PIXEL).unwrap();
        // The width stands in the header, after the name of the first chunk.
        bytes[16..20].copy_from_slice(&4000_u32.to_be_bytes());
        STANDARD.encode(bytes)
    };
    for (data, reason) in [
        ("not base64!", "it is not base64"),
        (
            "aGVsbG8gd29ybGQsIHRoaXMgaXMgbm90IGEgcGljdHVyZQ==",
            "it is no picture that models can look at; PNG, JPEG, GIF and WebP are",
        ),
        (
            &wide,
            "it has 4000 x 1 pixels; the limit is 2000 on each side",
        ),
        (
            &"A".repeat(6_000_000),
            "it has 4500000 bytes; the limit is 3700000",
        ),
    ] {
        let text = text_of(McpContent::image(data, "image/png"));
        assert!(text.starts_with("[picture, image/png, "), "{text}");
        assert!(text.ends_with(&format!("not shown: {reason}]")), "{text}");
    }
}

#[test]
fn more_pictures_than_a_request_takes_are_described() {
    let pictures = vec![McpContent::image(PIXEL, "image/png"); MAX_IMAGES + 1];
    let output = output(
        CallToolResult::success(pictures),
        "tool",
        &OutputStore::default(),
    );
    let count = output
        .content
        .iter()
        .filter(|part| matches!(part, ToolResultContent::Image(_)))
        .count();
    assert_eq!(count, MAX_IMAGES);
    assert!(output.text().contains("there are too many in this answer"));
}

#[test]
fn other_content_is_described() {
    assert_eq!(
        text_of(McpContent::audio("UklGRgAA", "audio/wav")),
        "[audio that cannot be played here: audio/wav, 6 bytes]"
    );
    let link = Resource::new("db://users", "users")
        .with_mime_type("text/csv")
        .with_description("All users.\nReally all.");
    assert_eq!(
        text_of(McpContent::resource_link(link)),
        "[resource db://users \"users\" (text/csv): All users.; read_mcp_resource reads it]"
    );
    assert_eq!(
        text_of(McpContent::resource(ResourceContents::text(
            "id\n1",
            "db://users"
        ))),
        "[resource db://users]\nid\n1"
    );
    let blob = ResourceContents::blob("AAAAAAAA", "db://dump").with_mime_type("application/zip");
    assert_eq!(
        text_of(McpContent::resource(blob)),
        "[resource db://dump: application/zip, 6 bytes, not shown]"
    );
}

#[test]
fn structured_content_is_shown_unless_the_text_says_it_all() {
    let said = output_of(json!({
        "content": [{"type": "text", "text": "Berlin: 21.5 degrees, \"light\\nrain\""}],
        "structuredContent": {"city": "Berlin", "degrees": 21.5, "sky": "light\nrain", "wind": null},
    }));
    assert_eq!(said.content.len(), 1);
    let unsaid = output_of(json!({
        "content": [{"type": "text", "text": "Found."}],
        "structuredContent": {"city": "Berlin"},
    }));
    assert_eq!(unsaid.text(), "Found.\n{\n  \"city\": \"Berlin\"\n}");
    let alone = output_of(json!({"content": [], "structuredContent": [1, 2]}));
    assert_eq!(alone.text(), "[\n  1,\n  2\n]");
}

#[test]
fn an_empty_answer_says_so() {
    assert_eq!(
        output_of(json!({"content": []})),
        ToolOutput::completed("(no output)")
    );
    assert_eq!(
        output_of(json!({"content": [{"type": "text", "text": ""}], "isError": true})),
        ToolOutput::failed("(it failed and says nothing)")
    );
}

#[test]
fn of_a_long_answer_the_ends_and_the_pictures_stay() {
    let outputs = OutputStore::keeping_nothing(OutputLimits {
        shown_bytes: 1000,
        ..OutputLimits::default()
    });
    let answer = CallToolResult::success(vec![
        McpContent::text(format!("start{}", "x".repeat(2000))),
        McpContent::image(PIXEL, "image/png"),
        McpContent::text(format!("{}end", "y".repeat(2000))),
    ]);
    let output = output(answer, "tool", &outputs);
    let text = output.text();
    assert!(text.starts_with("start") && text.ends_with("end"), "{text}");
    assert!(text.len() < 1200);
    assert_eq!(output.content.len(), 2);
}

#[test]
fn a_resource_of_one_text_is_that_text() {
    let outputs = OutputStore::default();
    let one = resource(vec![ResourceContents::text("alone", "a://b")], &outputs);
    assert_eq!(one, [ToolResultContent::text("alone")]);
    let none = resource(Vec::new(), &outputs);
    assert_eq!(none, [ToolResultContent::text("(the resource is empty)")]);
}
