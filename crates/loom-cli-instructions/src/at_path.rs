//! Finds paths that are written as `@path` in a text.
//!
//! A path begins after white space, an opening bracket or at the start, and ends at white space. It
//! may stand in quotation marks (`@"a b"`). What stands in code, between backticks or fences, is no
//! path, and punctuation that ends a sentence does not belong to one.

/// Returns the paths of a text, in order, each as it is written.
pub(crate) fn paths(text: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let mut fence: Option<&str> = None;
    for line in text.lines() {
        let start = line.trim_start();
        let marker = ["```", "~~~"]
            .into_iter()
            .find(|mark| start.starts_with(mark));
        match (fence, marker) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            (Some(_), _) => {}
            (None, None) => in_line(line, &mut paths),
        }
    }
    paths
}

fn in_line(line: &str, paths: &mut Vec<String>) {
    let mut rest = line;
    let mut before = None;
    while let Some(current) = rest.chars().next() {
        let after = &rest[current.len_utf8()..];
        let consumed = match current {
            '`' => code_length(rest),
            '@' if is_boundary(before) => match path_length(after) {
                Some((path, length)) => {
                    paths.push(path);
                    1 + length
                }
                None => 1,
            },
            _ => current.len_utf8(),
        };
        before = rest[..consumed].chars().next_back();
        rest = &rest[consumed..];
    }
}

fn is_boundary(before: Option<char>) -> bool {
    before
        .is_none_or(|c| c.is_whitespace() || matches!(c, '(' | '[' | '{' | '<' | '"' | '\'' | ','))
}

/// Returns how long the code is that a text begins with, marks included: one mark when it does not
/// end.
fn code_length(text: &str) -> usize {
    let marks = text.len() - text.trim_start_matches('`').len();
    let (mark, rest) = text.split_at(marks);
    rest.find(mark).map_or(marks, |end| marks + end + marks)
}

/// Returns the path that a text begins with, and how much of the text it takes.
fn path_length(text: &str) -> Option<(String, usize)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let end = quoted.find('"').filter(|&end| end > 0)?;
        return Some((quoted[..end].to_owned(), end + 2));
    }
    let end = text.find(|c: char| c.is_whitespace() || matches!(c, '`' | '"' | '\'' | '<' | '>'));
    let written = &text[..end.unwrap_or(text.len())];
    let path = without_punctuation(written);
    (!path.is_empty()).then(|| (path.to_owned(), written.len()))
}

/// Takes away what ends a sentence or a bracket rather than a path.
fn without_punctuation(written: &str) -> &str {
    let mut path = written;
    loop {
        let shorter = path.trim_end_matches(['.', ',', ';', ':', '!', '?']);
        let shorter = match (
            shorter.strip_suffix([')', ']', '}']),
            shorter.chars().next_back(),
        ) {
            // A bracket that was opened within the path belongs to it.
            (Some(inner), Some(close)) if !is_opened(inner, close) => inner,
            _ => shorter,
        };
        if shorter.len() == path.len() {
            // `@.` and `@..` are folders.
            return if path.is_empty() && written.starts_with('.') {
                written
            } else {
                path
            };
        }
        path = shorter;
    }
}

fn is_opened(inner: &str, close: char) -> bool {
    let open = match close {
        ')' => '(',
        ']' => '[',
        _ => '{',
    };
    let count = |wanted: char| inner.chars().filter(|&c| c == wanted).count();
    count(open) > count(close)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::paths;

    #[test]
    fn paths_are_found_where_words_begin() {
        assert_eq!(
            paths("see @a.rs, @src/b.rs and (@../c/d.md). Or @~/e?\n@/f/g\n- @\"h i.txt\"!"),
            ["a.rs", "src/b.rs", "../c/d.md", "~/e", "/f/g", "h i.txt"]
        );
    }

    #[test]
    fn addresses_and_code_are_no_paths() {
        assert_eq!(
            paths("me@example.org, `@a`, ``b ` @c``, @d\n```\n@e\n```\n~~~rs\n@f\n```\n~~~\n@g"),
            ["d", "g"]
        );
        assert_eq!(paths("@ @, @`x` a@b"), [""; 0]);
    }

    #[test]
    fn brackets_of_a_path_stay_and_those_around_it_go() {
        assert_eq!(
            paths("(@app/[id]/page.tsx) [@a(1)]"),
            ["app/[id]/page.tsx", "a(1)"]
        );
    }

    #[test]
    fn a_backtick_alone_is_no_code() {
        assert_eq!(paths("it ` costs @a"), ["a"]);
    }

    proptest! {
        #[test]
        fn any_text_can_be_looked_through(text in "[@a ./`\"()~\n]{0,40}") {
            for path in paths(&text) {
                prop_assert!(!path.is_empty() && text.contains(&path));
            }
        }

        #[test]
        fn a_plain_path_is_found_among_words(path in "[a-z]{1,5}(/[a-z.]{1,4}[a-z]){0,3}") {
            prop_assert_eq!(paths(&format!("look at @{path} now")), [path]);
        }
    }
}
