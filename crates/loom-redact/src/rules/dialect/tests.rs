//! Each quirk of Go's dialect, as Go reads it.

use regex_automata::meta::Regex;

use super::parse;

fn matches(expression: &str, text: &str) -> bool {
    Regex::builder()
        .build_from_hir(&parse(expression).unwrap())
        .unwrap()
        .is_match(text.as_bytes())
}

#[test]
fn a_bare_brace_is_a_literal() {
    for (expression, text) in [
        (r"^\$(?:\d+|{\d+})$", "${12}"),
        (r"^\${(?:[A-Z_]+)}$", "${HOME}"),
        (r"^\{\{[ \t]*[\w ().|]+[ \t]*}}$", "{{ .Name }}"),
        (r"^a{,5}$", "a{,5}"),
        (r"^{$", "{"),
    ] {
        assert!(matches(expression, text), "{expression} {text}");
    }
    assert!(matches("^a{2,3}$", "aaa"));
    assert!(!matches("^a{2,3}$", "aaaa"));
}

#[test]
fn space_has_no_vertical_tab() {
    for expression in [r"^\s$", r"^[\s]$", r"^[^\S]$"] {
        assert!(matches(expression, "\x0C"), "{expression}");
        assert!(!matches(expression, "\x0B"), "{expression}");
    }
    assert!(matches(r"^[\S]$", "\x0B"));
    assert!(matches(r"^\S$", "\x0B"));
}

#[test]
fn classes_neither_nest_nor_know_set_operations() {
    assert!(matches(r"^[[]$", "["));
    assert!(matches(r"^[]a]$", "]"));
    assert!(matches(r"^[a-z&&b]+$", "a&b"));
    assert!(matches(r"^[+--]+$", "+,-"));
    assert!(matches(r"^[~~a]+$", "~a"));
    assert!(matches(r"^[[:alpha:][]+$", "a["));
    assert!(matches(r"^[\w.-/]+$", "a./"));
    assert!(matches(r"^[\w-]+$", "a-b"));
    assert!(matches(r"^[a\-z]+$", "a-z"));
    assert!(!matches(r"^[a\-z]+$", "b"));
}

#[test]
fn escapes_of_punctuation_octal_and_quotes() {
    assert!(matches(r"^\<\_\>\%$", "<_>%"));
    assert!(matches(r"^\101\x42\x{43}$", "ABC"));
    assert!(matches(r"^\Qa.b[\E.$", "a.b[x"));
    assert!(matches(r"^[\x60'\x22]+$", "`'\""));
    assert!(matches(r"^a\z", "a"));
    assert!(matches(r"^(?P<name>a)(?i)B$", "ab"));
}

#[test]
fn letters_beyond_ascii_count_where_they_are_named() {
    assert!(matches(r"^[äö]+$", "äö"));
    assert!(matches(r"^[^ä]$", "ö"));
    assert!(matches(r"^\pL+$", "ä"));
    assert!(matches(r"^[\p{Greek}x]+$", "αx"));
    assert!(!matches(r"^\w$", "ä"));
    assert!(!matches(r"^(?i)k$", "\u{212A}"));
}

#[test]
fn what_is_wrong_is_said() {
    for expression in ["(", "[a", r"\1", "a**(", r"(?=a)", "[z-a]", r"\p{Nope}"] {
        assert!(parse(expression).is_err(), "{expression}");
    }
}
