//! The scripts of `sed` and `awk` that change nothing.
//!
//! Both languages can write files and run programs. Only a part of each is known here: what people
//! and models write day by day to show some lines or columns.

use super::super::word::{Open, Word};

/// Tells whether `sed` with these arguments only prints.
pub(super) fn is_sed_harmless(arguments: &[Word]) -> bool {
    let mut scripts = Vec::new();
    let mut operands = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.known() {
            Some(
                "-n" | "-E" | "-r" | "-s" | "-u" | "-z" | "--quiet" | "--silent"
                | "--regexp-extended",
            ) => {}
            Some("-nE" | "-nr" | "-En" | "-rn") => {}
            Some("-e" | "-ne") => match words.next() {
                Some(script) => scripts.push(script),
                None => return false,
            },
            Some(option) if option.starts_with('-') => return false,
            None if word.may_be_option() => return false,
            _ => operands.push(word),
        }
    }
    if scripts.is_empty() {
        match operands.first() {
            Some(script) => scripts.push(script),
            None => return false,
        }
    }
    scripts
        .iter()
        .all(|script| script.known().is_some_and(is_sed_script_harmless))
}

/// Tells whether a script consists of `p`, `d`, `q`, `=` and `s` only, each with or without an address.
fn is_sed_script_harmless(script: &str) -> bool {
    let mut rest = script.trim_start();
    loop {
        let Some(behind) = sed_address(rest).and_then(sed_command) else {
            return false;
        };
        rest = behind.trim_start_matches(' ');
        match rest.strip_prefix([';', '\n']) {
            Some(next) => rest = next.trim_start(),
            None => return rest.is_empty(),
        }
        if rest.is_empty() {
            return true;
        }
    }
}

/// Takes away an address: numbers, `$` and `/…/`, one or two of them, and `!`.
fn sed_address(script: &str) -> Option<&str> {
    let mut rest = script;
    for part in 0..2 {
        let behind = match rest.as_bytes().first() {
            Some(b'0'..=b'9') => rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '~'),
            Some(b'$') => &rest[1..],
            Some(b'+') if part == 1 => rest[1..].trim_start_matches(|c: char| c.is_ascii_digit()),
            Some(b'/') => sed_delimited(&rest[1..], b'/')?,
            _ if part == 0 => return Some(rest),
            _ => return None,
        };
        match behind.strip_prefix(',') {
            Some(second) if part == 0 => rest = second,
            _ => return Some(behind.strip_prefix('!').unwrap_or(behind)),
        }
    }
    None
}

/// Takes away a command.
fn sed_command(script: &str) -> Option<&str> {
    match script.as_bytes().first()? {
        b'p' | b'd' | b'=' => Some(&script[1..]),
        b'q' => Some(script[1..].trim_start_matches(|c: char| c.is_ascii_digit())),
        b's' => {
            let delimiter = *script.as_bytes().get(1)?;
            if !b"/|#,@:!".contains(&delimiter) {
                return None;
            }
            let replacement = sed_delimited(&script[2..], delimiter)?;
            let flags = sed_delimited(replacement, delimiter)?;
            // The flags `e` and `w` run and write.
            Some(flags.trim_start_matches(|c: char| c.is_ascii_digit() || "gpiI".contains(c)))
        }
        _ => None,
    }
}

/// Takes away what stands before the next delimiter, and the delimiter.
fn sed_delimited(text: &str, delimiter: u8) -> Option<&str> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            // In brackets a delimiter may stand for itself, which parsers do not agree about.
            b'[' | b'\n' => {
                let closing = text.get(at..)?.find(']')?;
                if *byte == b'\n' || text.get(at..at + closing)?.as_bytes().contains(&delimiter) {
                    return None;
                }
                at += closing + 1;
            }
            byte if *byte == delimiter => return text.get(at + 1..),
            _ => at += 1,
        }
    }
    None
}

/// Tells whether `awk` with these arguments only prints.
pub(super) fn is_awk_harmless(arguments: &[Word]) -> bool {
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.known() {
            Some("-F" | "-v") => {
                if words.next().is_none_or(|value| value.open > Open::Tail) {
                    return false;
                }
            }
            Some(option) if option.starts_with("-F") || option.starts_with("-v") => {}
            Some(option) if option.starts_with('-') => return false,
            // Further arguments are files, or variables that are set.
            Some(program) => {
                return is_awk_program_harmless(program)
                    && words.all(|word| !word.may_be_option() || word.is("-"));
            }
            None => return false,
        }
    }
    false
}

/// Tells whether a program can neither write nor run, nor choose its files by itself. Signs are refused
/// wherever they stand.
fn is_awk_program_harmless(program: &str) -> bool {
    ![
        "|", ">", "@", "ARGV", "close", "fflush", "getline", "system",
    ]
    .iter()
    .any(|token| program.contains(token))
}
