//! What an editor sends as a prompt, as the person would have typed it.
//!
//! A link to a file becomes a mention of it (`@path`), so that it is attached, bounded and refused by
//! the same rules as what is typed on a terminal. What the editor has embedded goes with the prompt as
//! it is, between marks that say where it is from.

use std::path::{Path, PathBuf};

use agent_client_protocol::v1::schema::{ContentBlock, EmbeddedResourceResource};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use loom_common_core::{ContentBlock as Block, ImageData};
use url::Url;

use crate::program::Prompt;

/// Reads a prompt. Paths in `folder` are named relative to it.
///
/// # Errors
///
/// What of it cannot be taken, for the person.
pub(crate) fn read(content: Vec<ContentBlock>, folder: &Path) -> Result<Prompt, String> {
    let mut text = String::new();
    let mut attached = Vec::new();
    for block in content {
        match block {
            ContentBlock::Text(said) => text.push_str(&said.text),
            ContentBlock::Image(image) => {
                attached.push(Block::Image(picture(&image.data)?));
            }
            ContentBlock::Audio(_) => {
                return Err("sound cannot be listened to; say it in words".to_owned());
            }
            ContentBlock::ResourceLink(link) => {
                let mention = match file(&link.uri) {
                    Some((path, lines)) => mention(&path, lines.as_deref(), folder),
                    None => format!("[{}]({})", link.name, link.uri),
                };
                push_word(&mut text, &mention);
            }
            ContentBlock::Resource(resource) => match resource.resource {
                EmbeddedResourceResource::TextResourceContents(resource) => {
                    push_word(&mut text, &named(&resource.uri, folder));
                    attached.push(Block::text(format!(
                        "<resource uri={:?}>\n{}\n</resource>",
                        resource.uri,
                        resource.text.trim_end_matches('\n')
                    )));
                }
                EmbeddedResourceResource::BlobResourceContents(resource) => {
                    let is_picture = resource
                        .mime_type
                        .as_deref()
                        .is_some_and(|kind| kind.starts_with("image/"));
                    if !is_picture {
                        return Err(format!(
                            "{} is neither text nor a picture, and cannot be read",
                            resource.uri
                        ));
                    }
                    push_word(&mut text, &named(&resource.uri, folder));
                    attached.push(Block::Image(picture(&resource.blob)?));
                }
                _ => return Err("a resource of an unknown kind cannot be read".to_owned()),
            },
            _ => return Err("content of an unknown kind cannot be read".to_owned()),
        }
    }
    Ok(Prompt { text, attached })
}

fn picture(data: &str) -> Result<ImageData, String> {
    let bytes = STANDARD
        .decode(data)
        .map_err(|error| format!("a picture is not base64: {error}"))?;
    ImageData::of_picture(&bytes).map_err(|error| format!("a picture cannot be sent: {error}"))
}

/// Reads the address of a file: its path, and the lines that are meant, as in a mention.
fn file(uri: &str) -> Option<(PathBuf, Option<String>)> {
    let url = Url::parse(uri).ok().filter(|url| url.scheme() == "file")?;
    let path = url.to_file_path().ok()?;
    Some((path, url.fragment().and_then(lines)))
}

/// Reads lines: `L5`, `L5-10`, `L5:10`, `5-10`.
fn lines(fragment: &str) -> Option<String> {
    let number = |text: &str| -> Option<u64> {
        let text = text.strip_prefix('L').unwrap_or(text);
        text.parse().ok().filter(|number| *number > 0)
    };
    match fragment.split_once([':', '-']) {
        Some((first, last)) => Some(format!("L{}-{}", number(first)?, number(last)?)),
        None => Some(format!("L{}", number(fragment)?)),
    }
}

/// Mentions a file; one whose path no mention can hold is only named.
fn mention(path: &Path, lines: Option<&str>, folder: &Path) -> String {
    let path = path.strip_prefix(folder).unwrap_or(path);
    let Some(text) = path.to_str().filter(|text| !text.is_empty()) else {
        return format!("`{}`", path.display());
    };
    let lines = lines.map(|lines| format!("#{lines}")).unwrap_or_default();
    let is_plain = |character: char| {
        character.is_alphanumeric() || matches!(character, '/' | '.' | '_' | '-' | '+' | '~')
    };
    match text {
        _ if text.chars().all(is_plain) && !text.ends_with('.') => format!("@{text}{lines}"),
        _ if text.contains(['"', '\n']) => format!("`{text}`"),
        _ => format!("@\"{text}{lines}\""),
    }
}

/// Names what is embedded. In code, it is no mention.
fn named(uri: &str, folder: &Path) -> String {
    match file(uri) {
        Some((path, lines)) => {
            let path = path.strip_prefix(folder).unwrap_or(&path).display();
            let lines = lines.map(|lines| format!("#{lines}")).unwrap_or_default();
            format!("`{path}{lines}`")
        }
        None => format!("`{uri}`"),
    }
}

/// Appends a word, apart from what stands before it. What follows brings its own space.
fn push_word(text: &mut String, word: &str) {
    if text
        .chars()
        .next_back()
        .is_some_and(|last| !last.is_whitespace())
    {
        text.push(' ');
    }
    text.push_str(word);
    text.push(' ');
}

#[cfg(test)]
mod tests {
    use agent_client_protocol::v1::schema::{
        AudioContent, EmbeddedResource, ResourceLink, TextContent, TextResourceContents,
    };
    use proptest::prelude::*;

    use super::*;

    fn link(uri: &str) -> ContentBlock {
        ContentBlock::ResourceLink(ResourceLink::new("a name", uri))
    }

    fn text_of(content: Vec<ContentBlock>) -> String {
        read(content, Path::new("/work")).unwrap().text
    }

    #[test]
    fn links_to_files_are_mentions_and_other_links_stay_links() {
        for (uri, expected) in [
            ("file:///work/src/a.rs", "@src/a.rs "),
            ("file:///work/src/a.rs#L5:10", "@src/a.rs#L5-10 "),
            ("file:///work/src/a.rs?symbol=f#L7", "@src/a.rs#L7 "),
            ("file:///etc/hosts", "@/etc/hosts "),
            ("file:///work/two%20words", "@\"two words\" "),
            ("file:///work/qu%22ote", "`qu\"ote` "),
            ("https://example.com/x", "[a name](https://example.com/x) "),
            ("no address", "[a name](no address) "),
        ] {
            assert_eq!(text_of(vec![link(uri)]), expected, "{uri}");
        }
    }

    #[test]
    fn a_mention_stands_apart_from_what_is_said() {
        let said = |text: &str| ContentBlock::Text(TextContent::new(text));
        let content = vec![said("see"), link("file:///work/a.rs"), said("please")];
        assert_eq!(text_of(content), "see @a.rs please");
    }

    #[test]
    fn what_is_embedded_goes_along_between_marks() {
        let resource = TextResourceContents::new("let x = 1;\n", "file:///work/a.rs");
        let resource = EmbeddedResourceResource::TextResourceContents(resource);
        let content = vec![ContentBlock::Resource(EmbeddedResource::new(resource))];
        let expected = Prompt {
            text: "`a.rs` ".to_owned(),
            attached: vec![Block::text(
                "<resource uri=\"file:///work/a.rs\">\nlet x = 1;\n</resource>",
            )],
        };
        assert_eq!(read(content, Path::new("/work")), Ok(expected));
    }

    #[test]
    fn sound_is_refused() {
        let sound = ContentBlock::Audio(AudioContent::new("", "audio/wav"));
        assert!(read(vec![sound], Path::new("/work")).is_err());
    }

    proptest! {
        #[test]
        fn no_address_of_a_file_breaks_out_of_its_mention(name in "[^/]{1,20}") {
            let path = Path::new("/work").join(&name);
            let mention = mention(&path, None, Path::new("/work"));
            if let Some(quoted) = mention.strip_prefix("@\"") {
                prop_assert_eq!(quoted.find('"'), Some(quoted.len() - 1));
            } else if let Some(word) = mention.strip_prefix('@') {
                prop_assert!(!word.contains(char::is_whitespace));
            }
        }
    }
}
