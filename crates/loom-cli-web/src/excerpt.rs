//! The part of a text that goes to the model: from an offset on, or around certain words.

use std::fmt::Write as _;

use crate::error::WebError;
use crate::marks::find_ignoring_case;

/// Bytes that are shown before and after words that were found, at least.
const AROUND: usize = 300;

/// How much further a passage may reach to begin and end with a line, in bytes.
const TO_LINE_END: usize = 200;

/// How many places are counted.
const MAX_COUNTED: usize = 1_000;

/// A part of a text in one piece.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Excerpt<'a> {
    pub(crate) text: &'a str,
    /// Where it begins.
    pub(crate) start: usize,
    /// Where the next part begins, unless this is the last.
    pub(crate) next: Option<usize>,
}

/// Returns at most `limit` bytes from `offset` on. The end is put where a line ends, if one does
/// in the last fifth.
pub(crate) fn from_offset(
    text: &str,
    offset: usize,
    limit: usize,
) -> Result<Excerpt<'_>, WebError> {
    if offset > 0 && offset >= text.len() {
        return Err(WebError::OffsetBehindEnd {
            length: text.len(),
            offset,
        });
    }
    let start = text.floor_char_boundary(offset);
    let rest = &text[start..];
    if rest.len() <= limit {
        return Ok(Excerpt {
            text: rest,
            start,
            next: None,
        });
    }
    // At least a character, so that reading on comes to an end.
    let first = rest.chars().next().map_or(0, char::len_utf8);
    let hard_end = rest.floor_char_boundary(limit).max(first);
    let line_end = rest[..hard_end].rfind('\n').map(|place| place + 1);
    let end = line_end
        .filter(|end| *end >= limit - limit / 5)
        .unwrap_or(hard_end);
    Ok(Excerpt {
        text: &rest[..end],
        start,
        next: (end < rest.len()).then_some(start + end),
    })
}

/// The passages of a text around certain words.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Passages {
    pub(crate) text: String,
    /// How often the words are there; counting ends at a thousand.
    pub(crate) places: usize,
    /// How many of them are shown.
    pub(crate) shown: usize,
}

/// Returns the passages around `words`, whatever their case, in at most `limit` bytes.
pub(crate) fn around(text: &str, words: &str, limit: usize) -> Passages {
    let places = places(text, words);
    let mut passages = Passages {
        text: String::new(),
        places: places.len(),
        shown: 0,
    };
    let mut index = 0;
    while index < places.len() {
        let start = passage_start(text, places[index]);
        let mut end = passage_end(text, places[index] + words.len());
        let mut count = 1;
        // What overlaps is one passage.
        while let Some(next) = places.get(index + count) {
            if passage_start(text, *next) > end || end - start > limit / 2 {
                break;
            }
            end = passage_end(text, next + words.len());
            count += 1;
        }
        let before = passages.text.len();
        let gap = if before == 0 { "" } else { "\n\n" };
        // Writing to a string cannot fail.
        let _ = write!(
            passages.text,
            "{gap}(at offset {start})\n{}",
            text[start..end].trim_matches('\n')
        );
        if passages.text.len() > limit {
            if before > 0 {
                passages.text.truncate(before);
                break;
            }
            let end = passages.text.floor_char_boundary(limit);
            passages.text.truncate(end);
        }
        passages.shown += count;
        index += count;
    }
    passages
}

/// Returns where `words` stand.
fn places(text: &str, words: &str) -> Vec<usize> {
    let mut places = Vec::new();
    let mut from = 0;
    while places.len() < MAX_COUNTED
        && let Some(place) = find_ignoring_case(&text[from..], words)
    {
        places.push(from + place);
        from += place + words.len();
    }
    places
}

fn passage_start(text: &str, place: usize) -> usize {
    let near = text.floor_char_boundary(place.saturating_sub(AROUND));
    let far = text.floor_char_boundary(near.saturating_sub(TO_LINE_END));
    match text[far..near].rfind('\n') {
        Some(line_end) => far + line_end + 1,
        None if far == 0 => 0,
        None => near,
    }
}

fn passage_end(text: &str, place: usize) -> usize {
    let near = text.ceil_char_boundary((place + AROUND).min(text.len()));
    let far = text.ceil_char_boundary((near + TO_LINE_END).min(text.len()));
    match text[near..far].find('\n') {
        Some(line_end) => near + line_end,
        None if far == text.len() => far,
        None => near,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_short_text_is_one_part() {
        let whole = Excerpt {
            text: "abc",
            start: 0,
            next: None,
        };
        assert_eq!(from_offset("abc", 0, 3), Ok(whole));
        let nothing = Excerpt {
            text: "",
            start: 0,
            next: None,
        };
        assert_eq!(from_offset("", 0, 3), Ok(nothing));
    }

    #[test]
    fn a_part_ends_with_a_line_where_one_ends_near() {
        let part = |text, limit| from_offset(text, 0, limit).unwrap().text;
        assert_eq!(part("12345678\n0abc", 10), "12345678\n");
        assert_eq!(part("123\n567890abc", 10), "123\n567890");
        assert_eq!(part("1234567ü0", 8), "1234567");
    }

    #[test]
    fn an_offset_behind_the_end_is_told() {
        let error = WebError::OffsetBehindEnd {
            length: 3,
            offset: 3,
        };
        assert_eq!(from_offset("abc", 3, 10), Err(error));
        assert!(from_offset("", 1, 10).is_err());
    }

    #[test]
    fn passages_are_found_whatever_the_case_and_those_that_overlap_are_one() {
        let filler = "lorem ipsum\n".repeat(100);
        let text = format!("{filler}The Tokio runtime\nand tokio again\n{filler}TOKIO\n");
        let passages = around(&text, "tokio", 10_000);
        assert_eq!((passages.places, passages.shown), (3, 3));
        assert_eq!(passages.text.matches("(at offset ").count(), 2);
        for part in ["The Tokio runtime\nand tokio again\n", "TOKIO"] {
            assert!(passages.text.contains(part), "{}", passages.text);
        }
        assert!(passages.text.len() < 3_000, "{}", passages.text.len());
    }

    #[test]
    fn passages_that_do_not_fit_are_only_counted() {
        let text = format!("word{}", "x".repeat(2_000)).repeat(10);
        let passages = around(&text, "word", 1_000);
        assert_eq!(passages.places, 10);
        assert!(passages.shown < 10 && passages.shown > 0, "{passages:?}");
        assert!(passages.text.len() <= 1_000);
    }

    #[test]
    fn words_that_are_not_there_give_nothing() {
        let nothing = Passages {
            text: String::new(),
            places: 0,
            shown: 0,
        };
        assert_eq!(around("abc", "abcd", 100), nothing);
    }

    proptest! {
        #[test]
        fn reading_on_shows_all_of_a_text_once(text in "[a-zü🦀\n]{0,200}", limit in 1_usize..40) {
            let mut read = String::new();
            let mut offset = Some(0);
            while let Some(start) = offset {
                let part = from_offset(&text, start, limit).unwrap();
                prop_assert!(part.text.len() <= limit.max(4));
                read.push_str(part.text);
                offset = part.next;
            }
            prop_assert_eq!(read, text);
        }

        #[test]
        fn passages_keep_to_the_limit(text in "[abü\n]{0,3000}", limit in 50_usize..500) {
            let passages = around(&text, "ab", limit);
            prop_assert!(passages.text.len() <= limit);
            prop_assert_eq!(passages.shown > 0, passages.places > 0);
        }
    }
}
