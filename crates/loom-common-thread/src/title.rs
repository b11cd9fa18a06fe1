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
