//! What prompts mention.

use loom_cli_instructions::{Attachments, MentionSetup, Scope, attach};
use loom_common_core::{ContentBlock, ImageData, ReadFilter};

use crate::scratch::Scratch;

/// A picture of one pixel.
const GIF: &[u8] =
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\
    \x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

fn mentioned(scratch: &Scratch, author: Scope, prompt: &str) -> Attachments {
    let setup = MentionSetup {
        workspace: scratch.repository(),
        home: Some(scratch.home()),
        author,
        readable: ReadFilter::new(|path| !path.ends_with(".env")),
    };
    attach(loom_cli_instructions::mentioned(prompt), &setup)
}

/// Returns the texts and problems of what the person mentions.
fn told(scratch: &Scratch, prompt: &str) -> (Vec<String>, Vec<String>) {
    let Attachments { blocks, problems } = mentioned(scratch, Scope::User, prompt);
    let texts = blocks
        .into_iter()
        .map(|block| match block {
            ContentBlock::Text { text, .. } => scratch.shown(&text),
            other => format!("{other:?}"),
        })
        .collect();
    (texts, scratch.problems(&problems))
}

fn texts(scratch: &Scratch, prompt: &str) -> Vec<String> {
    let (texts, problems) = told(scratch, prompt);
    assert_eq!(problems, [""; 0]);
    texts
}

#[test]
fn a_file_that_is_mentioned_goes_with_the_prompt_once() {
    let scratch = Scratch::new();
    scratch.write("src/a.rs", "fn a() {}\n");
    scratch.write("two words.txt", "two\r\nwords");
    assert_eq!(
        texts(
            &scratch,
            "See @src/a.rs, @\"two words.txt\" and (@src/a.rs)."
        ),
        [
            "<file path=\"src/a.rs\">\nfn a() {}\n</file>",
            "<file path=\"two words.txt\">\ntwo\nwords\n</file>"
        ]
    );
}

#[test]
fn lines_of_a_file_can_be_mentioned() {
    let scratch = Scratch::new();
    let lines: String = (1..=9).map(|number| format!("line {number}\n")).collect();
    scratch.write("a.txt", format!("{lines}{}", "x".repeat(100_000)));
    scratch.write("b#L2", "a file of that name");
    assert_eq!(
        texts(&scratch, "@a.txt#L3 @a.txt#L4-5 @a.txt#8-L9 @b#L2"),
        [
            "<file path=\"a.txt\" lines=\"3-3\">\nline 3\n</file>",
            "<file path=\"a.txt\" lines=\"4-5\">\nline 4\nline 5\n</file>",
            "<file path=\"a.txt\" lines=\"8-9\">\nline 8\nline 9\n</file>",
            "<file path=\"b#L2\">\na file of that name\n</file>",
        ]
    );
}

#[test]
fn a_folder_is_listed() {
    let scratch = Scratch::new();
    for number in 0..205 {
        scratch.write(&format!("many/{number:03}"), "");
    }
    scratch.write("some/b.txt", "");
    scratch.write("some/a/c.txt", "");
    let texts = texts(&scratch, "@some @many/");
    assert_eq!(texts[0], "<folder path=\"some\">\na/\nb.txt\n</folder>");
    assert!(texts[1].ends_with("199\n(… 5 more; see them with list_files)\n</folder>"));
}

#[test]
fn a_picture_is_attached_as_a_picture() {
    let scratch = Scratch::new();
    scratch.write_home("shot.gif", GIF);
    let Attachments { blocks, problems } = mentioned(&scratch, Scope::User, "@~/shot.gif");
    assert_eq!(scratch.problems(&problems), [""; 0]);
    let picture = ImageData {
        media_type: "image/gif".to_owned(),
        data: "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==".to_owned(),
    };
    let name = format!(
        "<picture path=\"{}\"/>",
        scratch.path("home/shot.gif").display()
    );
    assert_eq!(
        blocks,
        [ContentBlock::text(name), ContentBlock::Image(picture)]
    );
}

#[test]
fn pictures_that_no_provider_takes_are_told() {
    let scratch = Scratch::new();
    let mut wide = GIF.to_vec();
    wide[6..8].copy_from_slice(&3000_u16.to_le_bytes());
    scratch.write("wide.gif", wide);
    scratch.write("huge.gif", [GIF, &vec![0; 4_000_000]].concat());
    scratch.write("cut.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    scratch.write("data.bin", b"\0\x01");
    let (texts, problems) = told(&scratch, "@wide.gif @huge.gif @cut.png @data.bin");
    assert_eq!(texts, [""; 0]);
    insta::assert_snapshot!(problems.join("\n"));
}

#[test]
fn a_word_that_names_nothing_is_left_alone_unless_it_is_plainly_a_path() {
    let scratch = Scratch::new();
    let (texts, problems) = told(
        &scratch,
        "@maria uses @types/node, see @src/main.rs or @./x",
    );
    assert_eq!(texts, [""; 0]);
    assert_eq!(
        problems,
        [
            "/home/code/repo/src/main.rs does not exist",
            "/home/code/repo/./x does not exist"
        ]
    );
}

#[test]
fn what_goes_with_a_prompt_is_bounded() {
    let scratch = Scratch::new();
    let mut prompt = String::new();
    for number in 0..25 {
        scratch.write(&format!("{number}.txt"), "x".repeat(50_000));
        prompt.push_str(&format!("@{number}.txt "));
    }
    let (texts, problems) = told(&scratch, &prompt);
    assert_eq!(texts.len(), 4);
    assert!(
        texts[0]
            .ends_with("(… 10000 more bytes are left out here; read on with read_file)\n</file>")
    );
    assert!(texts.concat().len() < 161_000);
    assert_eq!(problems.len(), 21);
    assert_eq!(
        problems[0],
        "/home/code/repo/4.txt was left out: 20 files and 160000 bytes of text go with a prompt at \
         most"
    );
}

#[test]
fn the_text_of_a_project_mentions_only_what_is_in_the_workspace() {
    let scratch = Scratch::new();
    scratch.write_home(".ssh/id", "private");
    scratch.link("key", scratch.path("home/.ssh/id"));
    scratch.link("keys", scratch.path("home/.ssh"));
    scratch.write("a.txt", "ours");
    let prompt = "@~/.ssh/id @../../.ssh/id @key @keys @keys/id @a.txt";
    let Attachments { blocks, problems } = mentioned(&scratch, Scope::Project, prompt);
    assert_eq!(
        blocks,
        [ContentBlock::text("<file path=\"a.txt\">\nours\n</file>")]
    );
    assert_eq!(problems.len(), 5, "{problems:?}");
}
