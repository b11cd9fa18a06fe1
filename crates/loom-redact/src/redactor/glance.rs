//! Which keywords the built-in rules have, told from their files without reading the rules.
//!
//! The lists of keywords stand on lines of their own in these files; a test holds what is found here against what
//! the rules say.

use std::borrow::Cow;
use std::sync::LazyLock;

use crate::builtin;

/// How the line with the keywords of a rule begins.
const LINE: &str = "keywords = [";

/// The keywords of all rules, in lower case.
static KEYWORDS: LazyLock<Keywords> = LazyLock::new(|| {
    let lines = builtin::FILES
        .iter()
        .flat_map(|(_, text)| text.lines())
        .filter_map(|line| line.strip_prefix(LINE));
    Keywords::new(lines.flat_map(strings))
});

struct Keywords {
    sorted: Vec<String>,
    /// The pairs of bytes that keywords begin with, a bit for each.
    beginnings: Vec<u64>,
}

impl Keywords {
    fn new(keywords: impl Iterator<Item = String>) -> Self {
        let mut sorted: Vec<String> = keywords.collect();
        sorted.sort_unstable();
        sorted.dedup();
        let mut beginnings = vec![0; 1 << 10];
        for keyword in &sorted {
            if let [first, second, ..] = keyword.as_bytes() {
                let pair = pair(*first, *second);
                beginnings[pair >> 6] |= 1 << (pair & 63);
            }
        }
        Self { sorted, beginnings }
    }

    /// Tells whether a keyword stands at the beginning of the text.
    fn begin(&self, text: &[u8]) -> bool {
        let [first, second, ..] = text else {
            return false;
        };
        let pair = pair(*first, *second);
        if self.beginnings[pair >> 6] >> (pair & 63) & 1 == 0 {
            return false;
        }
        let beginning = [first.to_ascii_lowercase(), second.to_ascii_lowercase()];
        let from = self
            .sorted
            .partition_point(|keyword| keyword.as_bytes() < beginning.as_slice());
        self.sorted[from..]
            .iter()
            .take_while(|keyword| keyword.as_bytes().starts_with(&beginning))
            .any(|keyword| {
                text.get(..keyword.len())
                    .is_some_and(|start| start.eq_ignore_ascii_case(keyword.as_bytes()))
            })
    }
}

fn pair(first: u8, second: u8) -> usize {
    usize::from(first.to_ascii_lowercase()) << 8 | usize::from(second.to_ascii_lowercase())
}

/// Tells whether a keyword of a built-in rule stands in the text.
pub(super) fn has_keyword(text: &[u8]) -> bool {
    (0..text.len()).any(|at| KEYWORDS.begin(&text[at..]))
}

/// Returns the ways to read a text in which something may stand: as it is, and with its lines as one, since a line
/// break may cut a token in two. None if colours may: they are read over more carefully than here.
pub(super) fn readings(text: &[u8]) -> Option<Vec<Cow<'_, [u8]>>> {
    if text.contains(&0x1B) {
        return None;
    }
    let mut readings = vec![Cow::Borrowed(text)];
    if text.contains(&b'\n') {
        let is_break = |byte: &u8| matches!(byte, b'\r' | b'\n');
        let joined = text.iter().copied().filter(|byte| !is_break(byte));
        readings.push(Cow::Owned(joined.collect()));
    }
    Some(readings)
}

/// Returns the strings of the rest of a list in TOML, as far as they stand on its line.
fn strings(mut rest: &str) -> Vec<String> {
    let mut strings = Vec::new();
    while let Some((_, text)) = rest.split_once('"') {
        let mut string = String::new();
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            match character {
                '"' => break,
                '\\' => string.extend(characters.next()),
                _ => string.push(character),
            }
        }
        strings.push(string);
        rest = characters.as_str();
    }
    strings
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::Rules;

    #[test]
    fn the_keywords_are_those_of_the_rules_and_each_rule_has_some() {
        let mut expected = BTreeSet::new();
        for rule in Rules::builtin().iter() {
            assert!(!rule.keywords.is_empty(), "{}", rule.id);
            expected.extend(
                rule.keywords
                    .iter()
                    .map(|keyword| String::from_utf8(keyword.clone()).unwrap()),
            );
        }
        let found: BTreeSet<String> = KEYWORDS.sorted.iter().cloned().collect();
        assert_eq!(found, expected);
        assert!(expected.iter().all(|keyword| keyword.len() >= 2));
    }

    #[test]
    fn each_keyword_is_seen_wherever_it_stands() {
        for keyword in &KEYWORDS.sorted {
            let upper = keyword.to_ascii_uppercase();
            for text in [keyword.clone(), upper, format!("~{keyword}~")] {
                assert!(has_keyword(text.as_bytes()), "{text}");
            }
        }
        assert!(!has_keyword(b"fix the parser"));
    }
}
