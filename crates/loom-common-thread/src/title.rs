//! Titles: one short line that is safe to print on a terminal.
//!
//! A title comes from text that a person pasted or a model wrote, so it may hold escape sequences,
//! or characters that turn the direction of the text that follows. None of these get into a title.

use loom_common_core::{ContentBlock, Message, Role};

/// Longest title, in characters.
const MAX_CHARS: usize = 80;

/// Makes a title from the first line of the first text that says something.
///
/// None for a message that is not the user's or that has no such text.
pub(crate) fn of_message(message: &Message) -> Option<String> {
    if message.role != Role::User {
        return None;
    }
    message.content.iter().find_map(|block| match block {
        ContentBlock::Text { text, .. } => text.lines().find_map(clean),
        _ => None,
    })
}

/// Folds white space, removes what could change the terminal, and bounds the length. None when
/// nothing is left.
pub(crate) fn clean(text: &str) -> Option<String> {
    let printable: String = text
        .chars()
        .map(|character| {
            if character.is_whitespace() {
                ' '
            } else {
                character
            }
        })
        .filter(|character| !character.is_control() && !changes_direction(*character))
        .collect();
    let folded = printable.split_whitespace().collect::<Vec<_>>().join(" ");
    if folded.is_empty() {
        return None;
    }
    if folded.chars().count() <= MAX_CHARS {
        return Some(folded);
    }
    let mut title: String = folded.chars().take(MAX_CHARS - 1).collect();
    title.truncate(title.trim_end().len());
    title.push('…');
    Some(title)
}

/// Tells whether a character is one of the explicit directional formatting characters (Unicode
/// Standard Annex 9, section 2) or another invisible mark that a line of text can do without.
fn changes_direction(character: char) -> bool {
    matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use loom_common_core::ToolResult;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_title_is_the_first_line_that_says_something() {
        for (text, title) in [
            ("Fix the build", Some("Fix the build")),
            (
                "\n \t\n  Fix\tthe \u{a0} build \r\nplease",
                Some("Fix the build"),
            ),
            ("\u{1b}[31mred\u{7}\u{202e}der", Some("[31mredder")),
            ("\u{200f}\n\u{0}\nsecond", Some("second")),
            ("👩‍🔬 naïve 数学", Some("👩‍🔬 naïve 数学")),
            ("", None),
            ("\n\n", None),
        ] {
            assert_eq!(
                of_message(&Message::user(text)).as_deref(),
                title,
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_long_title_is_cut_to_eighty_characters() {
        let title = clean(&"word ".repeat(50)).unwrap();
        assert_eq!(title, format!("{}word…", "word ".repeat(15)));
        assert_eq!(title.chars().count(), 80);
        let exact = "é".repeat(80);
        assert_eq!(clean(&exact), Some(exact));
    }

    #[test]
    fn a_title_comes_from_the_text_of_the_user_alone() {
        let result = ToolResult {
            tool_use_id: "call-1".to_owned(),
            content: Vec::new(),
            is_error: false,
        };
        assert_eq!(of_message(&Message::tool_results([result.clone()])), None);
        let answer = Message::assistant(vec![ContentBlock::text("Hello")]);
        assert_eq!(of_message(&answer), None);
        let mixed = Message {
            role: Role::User,
            content: vec![
                ContentBlock::ToolResult(result),
                ContentBlock::text(" "),
                ContentBlock::text("And now?"),
            ],
        };
        assert_eq!(of_message(&mixed), Some("And now?".to_owned()));
    }

    proptest! {
        #[test]
        fn a_title_is_one_bounded_line_that_stays_as_it_is(
            text in prop::collection::vec(any::<char>(), 0..200),
        ) {
            let text: String = text.into_iter().collect();
            if let Some(title) = clean(&text) {
                prop_assert!(!title.is_empty());
                prop_assert!(title.chars().count() <= MAX_CHARS);
                prop_assert!(!title.chars().any(char::is_control));
                prop_assert_eq!(clean(&title), Some(title.clone()));
            }
        }
    }
}
