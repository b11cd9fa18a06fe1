//! Secrets that a terminal has cut: by colours and by the end of a line.

use crate::sample;

const TOKEN: &str = "ghp_0aB1cD2eF3gH";

fn redact(text: &str) -> String {
    sample::detector().redact(text).into_owned()
}

#[test]
fn colours_inside_of_a_token_do_not_hide_it() {
    assert_eq!(
        redact("a \x1b[32mghp_0aB1\x1b[1;31mcD2e\x1b[mF3gH\x1b[0m b"),
        "a \x1b[32m[REDACTED:token]\x1b[0m b"
    );
    // grep's way.
    assert_eq!(
        redact("x \x1b[01;31m\x1b[Kghp_\x1b[m\x1b[K0aB1cD2eF3gH y"),
        "x \x1b[01;31m\x1b[K[REDACTED:token] y"
    );
}

#[test]
fn what_only_looks_like_an_escape_stays_text() {
    for text in ["\x1b", "\x1b[", "\x1b[31", "\x1bghp", "a\x1b]0;title\x07b"] {
        assert_eq!(
            redact(&format!("{text} {TOKEN}")),
            format!("{text} [REDACTED:token]"),
            "{text:?}"
        );
    }
}

#[test]
fn a_token_broken_at_the_width_of_a_terminal_is_found() {
    for width in [72, 80, 100, 120] {
        let before = format!("{} ", "x".repeat(width - 9));
        let text = format!(
            "$ cat\n{before}{}\n{} tail\nend\n",
            &TOKEN[..8],
            &TOKEN[8..]
        );
        assert_eq!(
            redact(&text),
            format!("$ cat\n{before}[REDACTED:token] tail\nend\n"),
            "{width}"
        );
        let text = text.replace('\n', "\r\n");
        assert_eq!(
            redact(&text),
            format!("$ cat\r\n{before}[REDACTED:token] tail\r\nend\r\n"),
            "{width}"
        );
    }
}

#[test]
fn a_token_broken_beside_a_line_of_the_same_width_is_found() {
    let line = format!("{} ", "x".repeat(46));
    let text = format!(
        "{line}{}\n{}{}\nend\n",
        &TOKEN[..8],
        &TOKEN[8..],
        " ".repeat(47)
    );
    assert_eq!(
        redact(&text),
        format!("{line}[REDACTED:token]{}\nend\n", " ".repeat(47))
    );
}

#[test]
fn lines_that_are_no_wider_than_others_are_not_joined() {
    let text = format!("x{}\n{}\n", &TOKEN[..8], &TOKEN[8..]);
    assert_eq!(redact(&text), text);
    let indented = format!("{} {}\n    {}\n", "x".repeat(71), &TOKEN[..8], &TOKEN[8..]);
    assert_eq!(redact(&indented), indented);
}

#[test]
fn a_token_at_the_end_of_a_full_line_is_found_though_the_next_begins_with_a_letter() {
    let text = format!("{} {TOKEN}\nnext line\n", "x".repeat(80 - 1 - TOKEN.len()));
    assert_eq!(
        redact(&text),
        format!(
            "{} [REDACTED:token]\nnext line\n",
            "x".repeat(80 - 1 - TOKEN.len())
        )
    );
}
