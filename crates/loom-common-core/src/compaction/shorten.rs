//! Making texts and messages shorter, so that it can be seen that they were.

use std::borrow::Cow;
use std::sync::Arc;

use crate::message::{ContentBlock, Message, Role, ToolResultContent};

/// What the mark of a cut takes, in bytes.
const MARK: usize = 48;

/// Returns `text` in at most `limit` bytes (but never fewer than the mark of the cut takes): its
/// beginning and its end, and between them how much is missing.
pub(crate) fn shorten(text: &str, limit: usize) -> Cow<'_, str> {
    if text.len() <= limit.max(MARK) {
        return Cow::Borrowed(text);
    }
    let room = limit.saturating_sub(MARK);
    let head = text.floor_char_boundary(room / 3 * 2);
    let tail = text.ceil_char_boundary(text.len() - room / 3);
    Cow::Owned(format!(
        "{}\n[… {} bytes left out …]\n{}",
        &text[..head],
        tail - head,
        &text[tail..]
    ))
}

/// Returns a message of the person with no text of more than `limit` bytes and without pictures.
pub(crate) fn shorten_words(message: &Arc<Message>, limit: usize) -> Arc<Message> {
    let content = message.content.iter().map(|block| match block {
        ContentBlock::Text { text, extra } => ContentBlock::Text {
            text: shorten(text, limit).into_owned(),
            extra: extra.clone(),
        },
        ContentBlock::Image(_) => ContentBlock::text("[a picture was here]"),
        other => other.clone(),
    });
    rebuilt(message, content.collect())
}

/// Returns a message of tool results with no text of more than `limit` bytes and without pictures.
pub(crate) fn shorten_results(message: &Arc<Message>, limit: usize) -> Arc<Message> {
    let content = message.content.iter().map(|block| {
        let mut block = block.clone();
        if let ContentBlock::ToolResult(result) = &mut block {
            for part in &mut result.content {
                *part = ToolResultContent::text(match part {
                    ToolResultContent::Text { text } => shorten(text, limit).into_owned(),
                    ToolResultContent::Image(_) => "[a picture was here]".to_owned(),
                });
            }
        }
        block
    });
    rebuilt(message, content.collect())
}

/// Makes the message of other content, or shares the old one where nothing has changed.
fn rebuilt(message: &Arc<Message>, content: Vec<ContentBlock>) -> Arc<Message> {
    if content == message.content {
        return Arc::clone(message);
    }
    Arc::new(Message {
        role: message.role,
        content,
    })
}

/// Tells whether the person said this message: it is no answer of the model and no tool's result.
pub(crate) fn is_said(message: &Message) -> bool {
    message.role == Role::User && message.results().next().is_none()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_short_text_stays_and_a_long_one_says_what_is_missing() {
        assert_eq!(shorten("short", 0), "short");
        let long = "abcdefghij".repeat(30);
        let short = shorten(&long, 78);
        assert_eq!(
            short,
            "abcdefghijabcdefghij\n[… 270 bytes left out …]\nabcdefghij"
        );
    }

    proptest! {
        #[test]
        fn a_shortened_text_keeps_its_limit_its_beginning_and_its_end(
            text in "(\\PC|\n){0,300}",
            limit in 0_usize..400,
        ) {
            let short = shorten(&text, limit);
            prop_assert!(short.len() <= limit.max(MARK), "{} bytes", short.len());
            if short != text {
                let (head, rest) = short.split_once("\n[… ").unwrap_or_default();
                let tail = rest.split_once(" left out …]\n").unwrap_or_default().1;
                prop_assert!(text.starts_with(head));
                prop_assert!(text.ends_with(tail));
                let left_out = text.len() - head.len() - tail.len();
                let expected = format!("{left_out} bytes");
                prop_assert!(rest.starts_with(&expected), "{rest}");
            }
        }
    }
}
