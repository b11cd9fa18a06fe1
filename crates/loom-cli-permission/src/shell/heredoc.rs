//! Where a here-document begins and ends, found by the rules of bash and not by the grammar's.
//!
//! Bash Reference Manual, section 3.6.6 (Here Documents): the body begins behind the next line end and
//! ends before the line that is the delimiter, all of it; with `<<-`, tabs before it do not count. Where
//! any part of the delimiter is quoted, nothing is expanded in the body.

use std::ops::Range;

/// A here-document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HereDocument {
    /// The body, with the line end of its last line.
    pub(super) body: Range<usize>,
    /// Where the delimiter behind it ends.
    pub(super) end: usize,
    /// Whether `$` and backticks in the body are expanded.
    pub(super) expands: bool,
}

/// Finds the here-document whose delimiter is written at `start` of `line`.
///
/// Returns `None` for what is unusual enough that shells may differ about it: delimiters of other than
/// letters, digits, `_`, `-` and `.`, further here-documents or quoted line ends on the same line, and
/// a missing end.
pub(super) fn find(line: &str, start: Range<usize>, strips_tabs: bool) -> Option<HereDocument> {
    let written = line.get(start.clone())?;
    let delimiter = ['\'', '"']
        .iter()
        .find_map(|quote| written.strip_prefix(*quote)?.strip_suffix(*quote))
        .or_else(|| written.strip_prefix('\\'))
        .unwrap_or(written);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    if delimiter.is_empty() || !delimiter.bytes().all(is_plain) {
        return None;
    }
    let rest = line.get(start.end..)?;
    // Otherwise the delimiter goes on.
    if !rest.starts_with([' ', '\t', '\n', ';', '&', '|', '<', '>', '(', ')']) {
        return None;
    }
    let first_line = &rest[..rest.find('\n')?];
    if first_line.contains("<<") || first_line.ends_with('\\') {
        return None;
    }
    let body_start = start.end + first_line.len() + 1;
    let mut at = body_start;
    for text in line.get(body_start..)?.split_inclusive('\n') {
        let text_end = at + text.len();
        let content = text.strip_suffix('\n').unwrap_or(text);
        let unindented = if strips_tabs {
            content.trim_start_matches('\t')
        } else {
            content
        };
        if unindented == delimiter {
            return Some(HereDocument {
                body: body_start..at,
                end: at + content.len(),
                expands: written == delimiter,
            });
        }
        at = text_end;
    }
    None
}

/// Tells whether everything that bash expands in the body is among the `expansions`.
pub(super) fn is_verified(line: &str, body: Range<usize>, expansions: &[Range<usize>]) -> bool {
    let bytes = line.as_bytes();
    let mut at = body.start;
    while at < body.end {
        if let Some(skipped) = expansions.iter().find(|expansion| expansion.start == at) {
            at = skipped.end;
            continue;
        }
        match bytes.get(at) {
            Some(b'\\') => at += 2,
            Some(b'`') => return false,
            Some(b'$') => match bytes.get(at + 1) {
                Some(next) if next.is_ascii_alphanumeric() || b"_({[@*#?$!-".contains(next) => {
                    return false;
                }
                // What stands behind a line end that is taken away comes to stand here.
                Some(b'\\') if bytes.get(at + 2) == Some(&b'\n') => return false,
                _ => at += 1,
            },
            _ => at += 1,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn body_ends_at_the_line_that_is_the_delimiter() {
        let line = "cat <<'EOF' | x\na EOF\n EOF\nEOF\nrm";
        let document = find(line, 6..11, false).unwrap();
        assert_eq!(&line[document.body.clone()], "a EOF\n EOF\n");
        assert_eq!(&line[document.end..], "\nrm");
        assert!(!document.expands);
    }

    #[test]
    fn tabs_before_the_delimiter_count_unless_they_are_stripped() {
        let line = "cat <<-E\n\ta\n\tE\nE";
        assert_eq!(find(line, 7..8, true).unwrap().body, 9..12);
        assert_eq!(find(line, 7..8, false).unwrap().body, 9..15);
    }

    #[test]
    fn unusual_documents_are_refused() {
        for (line, start) in [
            ("cat <<A <<B\nA\nB\n", 6..7),
            ("cat <<A \\\n\nA\n", 6..7),
            ("cat <<A\nx\n", 6..7),
            ("cat <<$x\n$x\n", 6..8),
            ("cat <<A'B'\nAB\n", 6..10),
            ("cat <<'A'B\nA\nAB\n", 6..9),
        ] {
            assert_eq!(find(line, start, false), None, "{line}");
        }
    }

    #[test]
    fn unseen_expansions_in_a_body_are_found() {
        let line = "a `id` $(id) \\$x $ x";
        let seen = vec![7..12_usize; 1];
        assert!(!is_verified(line, 0..line.len(), &seen));
        assert!(is_verified(line, 6..line.len(), &seen));
        assert!(!is_verified(line, 6..line.len(), &[]));
        let continued = "$\\\n(id)";
        assert!(!is_verified(continued, 0..continued.len(), &[]));
    }
}
