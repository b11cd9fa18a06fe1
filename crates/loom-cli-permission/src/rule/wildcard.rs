//! Text in which `*` stands for any characters.

use std::fmt;

/// A text with gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wildcard {
    /// What stands between the gaps; one piece when there are none.
    pieces: Vec<String>,
}

impl Wildcard {
    /// Takes a text in which every `*` is a gap.
    pub(crate) fn parse(text: &str) -> Self {
        Self {
            pieces: text.split('*').map(str::to_owned).collect(),
        }
    }

    /// Takes a text without gaps.
    pub(crate) fn exact(text: &str) -> Self {
        Self {
            pieces: vec![text.to_owned()],
        }
    }

    /// Adds a text to the end.
    pub(crate) fn push(&mut self, character: char) {
        match self.pieces.last_mut() {
            Some(last) => last.push(character),
            None => self.pieces.push(character.to_string()),
        }
    }

    /// Adds a gap to the end.
    pub(crate) fn push_gap(&mut self) {
        self.pieces.push(String::new());
    }

    /// Returns the texts between the gaps.
    pub(crate) fn pieces(&self) -> &[String] {
        &self.pieces
    }

    /// Tells whether there are no gaps.
    pub(crate) fn is_exact(&self) -> bool {
        self.pieces.len() == 1
    }

    /// Tells whether it is a gap and nothing else.
    pub(crate) fn is_any(&self) -> bool {
        self.pieces.len() > 1 && self.pieces.iter().all(String::is_empty)
    }

    /// Tells whether `text` can be had by filling the gaps.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let [first, rest @ ..] = self.pieces.as_slice() else {
            return text.is_empty();
        };
        let [middle @ .., last] = rest else {
            return text == first;
        };
        let Some(mut text) = text.strip_prefix(first.as_str()) else {
            return false;
        };
        for piece in middle {
            match text.find(piece.as_str()) {
                Some(at) => text = text.get(at + piece.len()..).unwrap_or_default(),
                None => return false,
            }
        }
        text.ends_with(last.as_str())
    }

    /// Tells whether there may be a text that begins with `beginning` and matches.
    pub(crate) fn can_continue(&self, beginning: &str) -> bool {
        match self.pieces.as_slice() {
            [only] => only.starts_with(beginning),
            [first, ..] => first.starts_with(beginning) || beginning.starts_with(first.as_str()),
            [] => beginning.is_empty(),
        }
    }
}

impl fmt::Display for Wildcard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.pieces.join("*"))
    }
}

#[cfg(test)]
mod tests {
    use super::Wildcard;

    #[test]
    fn gaps_take_any_text() {
        for (pattern, text, expected) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("a*c", "ac", true),
            ("a*b*c", "a1b2b3c", true),
            ("a*bc*c", "abc", false),
            ("*", "", true),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(
                Wildcard::parse(pattern).matches(text),
                expected,
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn beginning_excludes_what_it_contradicts() {
        assert!(Wildcard::parse("push").can_continue("pu"));
        assert!(!Wildcard::parse("push").can_continue("pull"));
        assert!(Wildcard::parse("te*").can_continue("test"));
        assert!(!Wildcard::parse("te*").can_continue("x"));
    }
}
