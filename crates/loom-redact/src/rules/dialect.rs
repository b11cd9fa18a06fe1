//! Go's regular expressions, said in the words of Rust's `regex-syntax`.
//!
//! gitleaks' rules are written for Go's `regexp`. Most of the syntax is shared; where it is not, the text is
//! rewritten before it is parsed, so that it means what Go takes it to mean:
//!
//! - a `{` that begins no repetition is a literal;
//! - `\s` has no vertical tab, and `\Q…\E`, octal `\123` and escaped punctuation such as `\<` or `\_` exist;
//! - a `[` inside a class is a literal, as are `&&`, `--` and `~~`: classes do not nest and know no set operations.
//!
//! Matching is on bytes: `.` and negated classes match one byte, `\w`, `\d`, `\b` and `(?i)` know ASCII only. Go
//! agrees, except that its `(?i)` also folds `ſ` to `s` and `K` (Kelvin) to `k`, which no token of a service
//! contains and which is left out here, and that its repetitions count characters. A class that names characters
//! beyond ASCII is matched on UTF-8.

use std::fmt::Write as _;

use regex_syntax::ParserBuilder;
use regex_syntax::hir::Hir;

/// The longest expression taken, in bytes.
pub(crate) const LONGEST_EXPRESSION: usize = 64 << 10;

/// Go's `\s`, as the inside of a class.
const SPACE: &str = r"\t\n\x0C\r ";

/// Parses an expression of Go's dialect; the error says what is wrong with it.
pub(crate) fn parse(expression: &str) -> Result<Hir, String> {
    let translated = translate(expression);
    ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .nest_limit(200)
        .build()
        .parse(&translated)
        .map_err(|error| match error {
            regex_syntax::Error::Parse(error) => error.kind().to_string(),
            regex_syntax::Error::Translate(error) => error.kind().to_string(),
            other => other.to_string(),
        })
}

/// Rewrites an expression; what Rust does not understand either is left for the parser to refuse.
pub(crate) fn translate(expression: &str) -> String {
    let mut output = String::with_capacity(expression.len() + 16);
    let mut rest = expression;
    while let Some(first) = rest.chars().next() {
        rest = match first {
            '\\' => escape(rest, &mut output),
            '[' => class(rest, &mut output),
            '{' => match repetition(rest) {
                Some(length) => copy(rest, length, &mut output),
                None => {
                    output.push_str(r"\{");
                    &rest[1..]
                }
            },
            _ => copy(rest, first.len_utf8(), &mut output),
        };
    }
    output
}

fn copy<'a>(text: &'a str, length: usize, output: &mut String) -> &'a str {
    output.push_str(&text[..length]);
    &text[length..]
}

/// The length of `{2}`, `{2,}` or `{2,5}` at the start of the text.
fn repetition(text: &str) -> Option<usize> {
    let inside = text.get(1..text.find('}')?)?;
    let number =
        |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let valid = match inside.split_once(',') {
        None => number(inside),
        Some((least, most)) => number(least) && (most.is_empty() || number(most)),
    };
    valid.then_some(inside.len() + 2)
}

/// Rewrites an escape outside of a class.
fn escape<'a>(text: &'a str, output: &mut String) -> &'a str {
    let Some(second) = text[1..].chars().next() else {
        return copy(text, 1, output);
    };
    match second {
        's' => {
            let _ = write!(output, "[{SPACE}]");
            &text[2..]
        }
        'S' => {
            let _ = write!(output, "[^{SPACE}]");
            &text[2..]
        }
        'Q' => {
            let (quoted, rest) = text[2..].split_once(r"\E").unwrap_or((&text[2..], ""));
            output.push_str(&regex_syntax::escape(quoted));
            rest
        }
        'p' | 'P' => {
            let length = property(text);
            let _ = write!(output, "(?u:{})", &text[..length]);
            &text[length..]
        }
        _ => match literal(text) {
            Some((character, length)) => {
                push_literal(character, output);
                &text[length..]
            }
            None => copy(text, 1 + second.len_utf8(), output),
        },
    }
}

/// The length of `\pL` or `\p{Greek}`.
fn property(text: &str) -> usize {
    match text[2..].chars().next() {
        Some('{') => text.find('}').map_or(text.len(), |end| end + 1),
        Some(other) => 2 + other.len_utf8(),
        None => 2,
    }
}

/// The character that an escape stands for, and the length of the escape.
fn literal(text: &str) -> Option<(char, usize)> {
    let second = text[1..].chars().next()?;
    match second {
        '0'..='7' => {
            let digits = text[1..]
                .bytes()
                .take(3)
                .take_while(|byte| (b'0'..=b'7').contains(byte))
                .count();
            // `\1` alone would be a reference to a group, which neither knows.
            if second != '0' && digits < 2 {
                return None;
            }
            let value = u32::from_str_radix(&text[1..=digits], 8).ok()?;
            Some((char::from_u32(value)?, 1 + digits))
        }
        'x' => {
            let (digits, length) = match text[2..].strip_prefix('{') {
                Some(inside) => {
                    let end = inside.find('}')?;
                    (&inside[..end], 4 + end)
                }
                None => (text.get(2..4)?, 4),
            };
            Some((
                char::from_u32(u32::from_str_radix(digits, 16).ok()?)?,
                length,
            ))
        }
        'a' => Some(('\x07', 2)),
        'f' => Some(('\x0C', 2)),
        'n' => Some(('\n', 2)),
        'r' => Some(('\r', 2)),
        't' => Some(('\t', 2)),
        'v' => Some(('\x0B', 2)),
        other if other.is_ascii_punctuation() || !other.is_ascii() => {
            Some((other, 1 + other.len_utf8()))
        }
        _ => None,
    }
}

fn push_literal(character: char, output: &mut String) {
    if character.is_ascii_alphanumeric() {
        output.push(character);
    } else if character.is_ascii() {
        let _ = write!(output, r"\x{:02X}", u32::from(character));
    } else {
        output.push(character);
    }
}

/// Rewrites a class, from its `[` on, so that each of its characters stands for itself.
fn class<'a>(text: &'a str, output: &mut String) -> &'a str {
    let mut inside = String::new();
    let mut beyond_ascii = false;
    let mut rest = &text[1..];
    let negated = rest.starts_with('^');
    if negated {
        rest = &rest[1..];
    }
    let mut first = true;
    loop {
        let Some(character) = rest.chars().next() else {
            // Not closed: the parser says so.
            output.push_str(text);
            return "";
        };
        if character == ']' && !first {
            rest = &rest[1..];
            break;
        }
        first = false;
        if rest.starts_with("[:")
            && let Some(end) = rest.find(":]")
        {
            rest = copy(rest, end + 2, &mut inside);
            continue;
        }
        if let Some(second) = rest
            .strip_prefix('\\')
            .and_then(|after| after.chars().next())
        {
            let name = match second {
                's' => Some((SPACE.to_owned(), 2)),
                'S' => Some((format!("[^{SPACE}]"), 2)),
                'd' | 'D' | 'w' | 'W' => Some((rest[..2].to_owned(), 2)),
                'p' | 'P' => {
                    beyond_ascii = true;
                    Some((rest[..property(rest)].to_owned(), property(rest)))
                }
                _ => None,
            };
            if let Some((name, length)) = name {
                inside.push_str(&name);
                rest = &rest[length..];
                continue;
            }
        }
        let Some((low, after)) = class_character(rest) else {
            output.push_str(text);
            return "";
        };
        rest = after;
        push_class_character(low, &mut inside);
        beyond_ascii |= !low.is_ascii();
        if rest.starts_with('-')
            && !rest[1..].starts_with(']')
            && let Some((high, after)) = class_character(&rest[1..])
        {
            inside.push('-');
            push_class_character(high, &mut inside);
            beyond_ascii |= !high.is_ascii();
            rest = after;
        }
    }
    let negation = if negated { "^" } else { "" };
    let _ = match beyond_ascii {
        true => write!(output, "(?u:[{negation}{inside}])"),
        false => write!(output, "[{negation}{inside}]"),
    };
    rest
}

fn class_character(text: &str) -> Option<(char, &str)> {
    let first = text.chars().next()?;
    if first == '\\' {
        let (character, length) = literal(text)?;
        return Some((character, &text[length..]));
    }
    Some((first, &text[first.len_utf8()..]))
}

fn push_class_character(character: char, inside: &mut String) {
    push_literal(character, inside);
}

#[cfg(test)]
mod tests;
