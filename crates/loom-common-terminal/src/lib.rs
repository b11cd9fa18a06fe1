//! Text of others, made fit for a terminal.
//!
//! What models, tools and repositories hold may contain control characters, by mistake or to deceive:
//! to hide what a command does, to forge a line of Loom's own, or to make the terminal answer.
//! [`sanitize`] stands between such text and every terminal, log line and prompt. It is total, cheap
//! when there is nothing to do, and knows no escape sequences: without its first character none is
//! one.

use std::borrow::Cow;

/// Replaces what could move the cursor, change colours or talk to the terminal by a visible sign.
/// Line ends and tabs stay. Carriage returns go: most stand before a line end, which may come with
/// the next piece of a stream.
pub fn sanitize(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\r' => {}
            _ if is_harmful(character) => clean.push(char::REPLACEMENT_CHARACTER),
            _ => clean.push(character),
        }
    }
    Cow::Owned(clean)
}

/// C0 and C1 controls, and the marks that reorder text so that it reads as something else
/// (Unicode Standard Annex 9, section 2).
fn is_harmful(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        _ => character.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_cannot_reach_the_terminal() {
        assert_eq!(
            sanitize("a\u{1b}[2Jb\u{9b}1mc\u{7}"),
            "a\u{fffd}[2Jb\u{fffd}1mc\u{fffd}"
        );
    }

    #[test]
    fn text_that_reads_backwards_is_shown_for_what_it_is() {
        assert_eq!(sanitize("user\u{202e}nimda"), "user\u{fffd}nimda");
    }

    #[test]
    fn plain_text_stays_and_line_ends_are_folded() {
        assert_eq!(sanitize("tab\there\r\nnext\n"), "tab\there\nnext\n");
        assert!(matches!(sanitize("żółw 🐢\n"), Cow::Borrowed(_)));
    }
}
