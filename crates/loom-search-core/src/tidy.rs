//! Results as they may be shown and opened.

use url::Url;

use crate::wire::SearchResult;

/// The longest address that is kept, in bytes. Longer ones are left out: cut they would lead
/// elsewhere.
const MAX_URL_BYTES: usize = 2_000;
/// The most characters of a title.
const MAX_TITLE: usize = 200;
/// The most characters of a snippet.
const MAX_SNIPPET: usize = 500;
/// The most characters of a date.
const MAX_DATE: usize = 40;

/// Returns the first `wanted` results that can be opened, with their texts on one line and cut.
pub(crate) fn tidy(found: Vec<SearchResult>, wanted: u8) -> Vec<SearchResult> {
    let mut results: Vec<SearchResult> = Vec::new();
    for result in found {
        if results.len() >= usize::from(wanted) {
            break;
        }
        let is_new = !results.iter().any(|other| other.url == result.url);
        if is_new && can_be_opened(&result.url) {
            let title = one_line(&result.title, MAX_TITLE);
            results.push(SearchResult {
                title: if title.is_empty() {
                    result.url.clone()
                } else {
                    title
                },
                snippet: one_line(&result.snippet, MAX_SNIPPET),
                date: result
                    .date
                    .map(|date| one_line(&date, MAX_DATE))
                    .filter(|date| !date.is_empty()),
                url: result.url,
            });
        }
    }
    results
}

fn can_be_opened(address: &str) -> bool {
    let is_printable = address
        .bytes()
        .all(|byte| byte.is_ascii_graphic() || byte >= 0x80);
    address.len() <= MAX_URL_BYTES
        && is_printable
        && Url::parse(address).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

/// Returns the text with all white space and control characters as single blanks, and with at most
/// `longest` characters.
fn one_line(text: &str, longest: usize) -> String {
    let words = text
        .split(|character: char| character.is_whitespace() || character.is_control())
        .filter(|word| !word.is_empty());
    let mut line = String::new();
    let mut length = 0;
    for word in words {
        let room = longest.saturating_sub(length + usize::from(length > 0));
        if room == 0 {
            line.push('…');
            return line;
        }
        if length > 0 {
            line.push(' ');
            length += 1;
        }
        let characters = word.chars().count();
        if characters > room {
            line.extend(word.chars().take(room));
            line.push('…');
            return line;
        }
        line.push_str(word);
        length += characters;
    }
    line
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn result(title: &str, url: &str) -> SearchResult {
        SearchResult {
            title: title.to_owned(),
            url: url.to_owned(),
            snippet: String::new(),
            date: None,
        }
    }

    #[test]
    fn only_addresses_that_can_be_opened_are_kept_each_once() {
        let long = format!("https://example.com/{}", "x".repeat(MAX_URL_BYTES));
        let found = [
            "https://example.com/a",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "",
            "no address",
            "https://example.com/a b",
            "https://example.com/a\u{1b}[2J",
            &long,
            "https://example.com/a",
            "http://example.org/ü",
        ]
        .map(|url| result("t", url));
        assert_eq!(
            tidy(found.to_vec(), 10),
            [
                result("t", "https://example.com/a"),
                result("t", "http://example.org/ü")
            ]
        );
    }

    #[test]
    fn texts_are_on_one_line_and_cut() {
        let found = SearchResult {
            title: "  a\n\u{1b}b\t c ".to_owned(),
            url: "https://example.com/".to_owned(),
            snippet: "word ".repeat(200),
            date: Some(" \n".to_owned()),
        };
        let [tidied] = &tidy(vec![found], 10)[..] else {
            panic!("one result");
        };
        assert_eq!(tidied.title, "a b c");
        assert_eq!(tidied.snippet.chars().count(), MAX_SNIPPET);
        assert!(tidied.snippet.ends_with("word…"), "{}", tidied.snippet);
        assert_eq!(tidied.date, None);
    }

    #[test]
    fn a_page_without_a_title_is_named_by_its_address() {
        let url = "https://example.com/";
        assert_eq!(tidy(vec![result(" ", url)], 1), [result(url, url)]);
    }

    proptest! {
        #[test]
        fn a_line_is_never_longer_than_allowed_and_has_no_control_characters(
            text in any::<String>(),
            longest in 1_usize..50,
        ) {
            let line = one_line(&text, longest);
            prop_assert!(line.chars().count() <= longest + 1);
            prop_assert!(!line.chars().any(char::is_control));
        }
    }
}
