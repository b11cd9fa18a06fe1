//! What `$…` becomes, and which of its forms run code.
//!
//! Most expansions only put text into the line. Some evaluate what they find: arithmetic evaluates the
//! values of variables again and again, and an array subscript in such a value may hold `$(…)`;
//! `${!x}` takes a value for a name, with a subscript perhaps; `${x@P}` expands a value like a prompt.
//! Whoever sets the value runs a command, so these are left unclear.

use std::ops::Range;

use super::variables;
use super::word::Becomes;

pub(super) const ARITHMETIC: &str =
    "arithmetic evaluates the values of variables, and they can hold commands";
const INDIRECT: &str = "this expansion evaluates the value of a variable";
const UNUSUAL: &str = "the form of this expansion is not known";

/// Tells what `$name` becomes, given with its `$`.
pub(super) fn of_name(text: &str) -> Result<Becomes, &'static str> {
    match text.strip_prefix('$').unwrap_or_default() {
        "HOME" => Ok(Becomes::Home),
        "@" | "*" => Ok(Becomes::Many),
        "?" | "#" | "$" | "!" => Ok(Becomes::Piece),
        "-" | "_" => Ok(Becomes::Text),
        name if is_name(name) || name.bytes().all(|byte| byte.is_ascii_digit()) => {
            Ok(Becomes::Text)
        }
        _ => Err(UNUSUAL),
    }
}

/// Tells what `${…}` at `range` of `line` becomes. The expansions in it are `nested`.
pub(super) fn of_braces(
    line: &str,
    range: Range<usize>,
    nested: &[Range<usize>],
) -> Result<Becomes, &'static str> {
    let text = line.get(range.clone()).ok_or(UNUSUAL)?;
    let inner = text
        .strip_prefix("${")
        .and_then(|text| text.strip_suffix('}'))
        .ok_or(UNUSUAL)?;
    if inner.starts_with('!') {
        return Err(INDIRECT);
    }
    let is_length = inner.len() > 1 && inner.starts_with('#');
    let parameter = if is_length { &inner[1..] } else { inner };
    let name_length = parameter_length(parameter);
    let (name, mut rest) = parameter.split_at(name_length);
    if name.is_empty() {
        return Err(UNUSUAL);
    }
    let mut becomes = match name {
        "@" | "*" => Becomes::Many,
        "HOME" if rest.is_empty() => Becomes::Home,
        _ => Becomes::Text,
    };
    if let Some(subscript) = rest.strip_prefix('[') {
        let (index, behind) = subscript.split_once(']').ok_or(UNUSUAL)?;
        match index {
            "@" | "*" => becomes = Becomes::Many,
            digits if is_number(digits) => {}
            _ => return Err(ARITHMETIC),
        }
        rest = behind;
    }
    if is_length {
        return if rest.is_empty() {
            Ok(Becomes::Piece)
        } else {
            Err(UNUSUAL)
        };
    }
    if rest.is_empty() {
        return Ok(becomes);
    }
    if rest.starts_with('@') {
        return Err(INDIRECT);
    }
    let operand = operand_of(rest).ok_or(UNUSUAL)?;
    if is_substring(rest) {
        let plain = operand
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b" :-".contains(&byte));
        return if plain { Ok(becomes) } else { Err(ARITHMETIC) };
    }
    if rest.trim_start_matches(':').starts_with('=') && variables::is_influential(name) {
        return Err("this expansion sets a variable that changes what commands do");
    }
    let operand_start = range.end - 1 - operand.len();
    if is_plain(line.as_bytes(), operand_start..range.end - 1, nested) {
        Ok(becomes)
    } else {
        Err(UNUSUAL)
    }
}

/// Tells what `$((…))` becomes, given what stands between the parentheses.
pub(super) fn of_arithmetic(inner: &str) -> Result<Becomes, &'static str> {
    let mut rest = inner;
    while let Some(character) = rest.chars().next() {
        rest = match character {
            '0'..='9'
            | ' '
            | '+'
            | '-'
            | '*'
            | '/'
            | '%'
            | '('
            | ')'
            | '<'
            | '>'
            | '='
            | '!'
            | '&'
            | '|'
            | '^'
            | '~'
            | '?'
            | ':'
            | ',' => &rest[1..],
            // Numbers always, whoever sets them.
            '$' if rest.starts_with("$?") || rest.starts_with("$#") => &rest[2..],
            _ => return Err(ARITHMETIC),
        };
    }
    Ok(Becomes::Piece)
}

/// Tells whether `text` can name a variable.
pub(super) fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns how long the parameter is that `text` begins with: a name, a number, or one sign.
fn parameter_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let count = |test: fn(&u8) -> bool| bytes.iter().take_while(|byte| test(byte)).count();
    match bytes.first() {
        Some(byte) if byte.is_ascii_digit() => count(u8::is_ascii_digit),
        Some(byte) if byte.is_ascii_alphabetic() || *byte == b'_' => {
            count(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        }
        Some(b'@' | b'*' | b'?' | b'#' | b'$' | b'!' | b'-' | b'_') => 1,
        _ => 0,
    }
}

/// Returns what stands behind the operator that `rest` begins with.
fn operand_of(rest: &str) -> Option<&str> {
    const OPERATORS: [&str; 17] = [
        ":-", ":=", ":+", ":?", "##", "%%", "//", "^^", ",,", "-", "=", "+", "?", "#", "%", "/",
        "^",
    ];
    OPERATORS
        .iter()
        .find_map(|operator| rest.strip_prefix(operator))
        .or_else(|| rest.strip_prefix(','))
        .or_else(|| rest.strip_prefix(':'))
}

/// Tells whether the operator is that of a substring, whose operands are arithmetic.
fn is_substring(rest: &str) -> bool {
    let mut bytes = rest.bytes();
    bytes.next() == Some(b':') && !matches!(bytes.next(), Some(b'-' | b'=' | b'+' | b'?'))
}

/// Tells whether there is nothing at `range` that opens a quotation or an expansion but the `nested`.
fn is_plain(line: &[u8], range: Range<usize>, nested: &[Range<usize>]) -> bool {
    let mut at = range.start;
    while at < range.end {
        if let Some(skipped) = nested.iter().find(|nested| nested.start == at) {
            at = skipped.end;
            continue;
        }
        match line.get(at) {
            Some(b'\\') => at += 2,
            Some(b'\'' | b'"' | b'`' | b'$' | b'{' | b'}' | b'\n' | b'<' | b'>') | None => {
                return false;
            }
            Some(_) => at += 1,
        }
    }
    at == range.end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn braces(text: &str) -> Result<Becomes, &'static str> {
        of_braces(text, 0..text.len(), &[])
    }

    #[test]
    fn plain_expansions_become_text() {
        for text in [
            "${x}",
            "${x:-a b}",
            "${x-}",
            "${x%.*}",
            "${x##*/}",
            "${x//a/b}",
            "${1:-}",
            "${x^^}",
            "${x,,}",
            "${x:1:2}",
            "${x: -1}",
            "${a[0]}",
            r"${x//\//_}",
            "${x:=1}",
        ] {
            assert_eq!(braces(text), Ok(Becomes::Text), "{text}");
        }
        assert_eq!(braces("${a[@]}"), Ok(Becomes::Many));
        assert_eq!(braces("${#a[@]}"), Ok(Becomes::Piece));
        assert_eq!(braces("${#x}"), Ok(Becomes::Piece));
        assert_eq!(braces("${HOME}"), Ok(Becomes::Home));
    }

    #[test]
    fn expansions_that_evaluate_are_refused() {
        for text in [
            "${!x}",
            "${x@P}",
            "${a[i]}",
            "${x:i}",
            "${x:$(id):1}",
            "${x:-$(id)}",
            "${x:-`id`}",
            "${PATH:=/tmp}",
            "${x:-'a'}",
            "${}",
            "${x:-{}",
            "${x!}",
        ] {
            assert!(braces(text).is_err(), "{text}");
        }
    }

    #[test]
    fn arithmetic_is_for_numbers_only() {
        assert_eq!(of_arithmetic("1 + (2 * $?) % $#"), Ok(Becomes::Piece));
        for text in ["x", "a[$(id)]", "$x", "`id`", "0x1f"] {
            assert_eq!(of_arithmetic(text), Err(ARITHMETIC), "{text}");
        }
    }
}
