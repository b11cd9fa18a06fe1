//! Words of a shell line, unquoted by the rules of bash.
//!
//! [`unquote`] walks over the text of one word. The places where the grammar has found expansions are
//! handed in; everything else must be plain or quoted text. A character that would end the word, open
//! an expansion or a quotation that the grammar has not seen means that the grammar is wrong about
//! this word.
//!
//! See the Bash Reference Manual, sections 3.1.2 (Quoting) and 3.5 (Shell Expansions).

use std::ops::Range;

/// A word, as far as its text is known before the shell runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    /// What is known: all of it, or what it begins with.
    pub(crate) text: String,
    /// What is not known.
    pub(crate) open: Open,
    /// Whether it begins with a `~` that the shell replaces by the person's folder. So does `$HOME`,
    /// which `text` shows as `~`.
    pub(crate) tilde: bool,
}

/// What is not known of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Open {
    /// Nothing: it is one word, and its text is known.
    Closed,
    /// How it goes on.
    Tail,
    /// It becomes any number of words, each of which begins with the text (`*.rs`, `{a,b}`).
    Names,
    /// It becomes any number of words, of which the first, if any, begins with the text (`$x`).
    Words,
}

impl Word {
    /// Makes a word of which all is known.
    pub(crate) fn closed(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            open: Open::Closed,
            tilde: false,
        }
    }

    /// Makes words of which nothing is known, not even how many there are.
    pub(crate) fn unknown() -> Self {
        Self {
            text: String::new(),
            open: Open::Words,
            tilde: false,
        }
    }

    /// Returns the text if all of it is known.
    pub(crate) fn known(&self) -> Option<&str> {
        (self.open == Open::Closed).then_some(self.text.as_str())
    }

    /// Tells whether it is exactly `text`.
    pub(crate) fn is(&self, text: &str) -> bool {
        self.known() == Some(text)
    }

    /// Returns the name of the program if it is looked up by name, or stands in one of the system's
    /// folders. A file of that name elsewhere is another program.
    pub(crate) fn system_program(&self) -> Option<&str> {
        const FOLDERS: [&str; 5] = ["/bin", "/usr/bin", "/usr/local/bin", "/sbin", "/usr/sbin"];
        let known = self.known().filter(|_| !self.tilde)?;
        match known.rsplit_once('/') {
            None => Some(known),
            Some((folder, name)) => FOLDERS.contains(&folder).then_some(name),
        }
    }

    /// Tells whether it can turn out to be an option, or to hold one.
    pub(crate) fn may_be_option(&self) -> bool {
        match self.open {
            Open::Words => true,
            Open::Closed => self.text.starts_with('-'),
            Open::Tail | Open::Names => self.text.is_empty() || self.text.starts_with('-'),
        }
    }
}

/// An expansion that the grammar has found in a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expansion {
    /// Where it stands in the line.
    pub(crate) range: Range<usize>,
    /// What it becomes.
    pub(crate) becomes: Becomes,
}

/// What an expansion becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Becomes {
    /// Text that is split into words where it is not quoted.
    Text,
    /// Any number of words, quoted or not (`$@`).
    Many,
    /// A piece of a word that is never split (a number, the name of a pipe).
    Piece,
    /// The person's folder.
    Home,
}

/// The grammar has taken something for a word that bash does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mismatch;

/// Unquotes the word that stands at `range` of `line`. The `expansions` are sorted by place.
pub(crate) fn unquote(
    line: &str,
    range: Range<usize>,
    expansions: &[Expansion],
) -> Result<Word, Mismatch> {
    let mut scanner = Scanner {
        bytes: line.as_bytes().get(..range.end).ok_or(Mismatch)?,
        at: range.start,
        expansions: expansions.iter().peekable(),
        text: Vec::new(),
        open: Open::Closed,
        tilde: false,
    };
    scanner.unquoted(range.start)?;
    if scanner.expansions.peek().is_some() {
        return Err(Mismatch);
    }
    Ok(Word {
        text: String::from_utf8(scanner.text).map_err(|_| Mismatch)?,
        open: scanner.open,
        tilde: scanner.tilde,
    })
}

struct Scanner<'a, I: Iterator<Item = &'a Expansion>> {
    bytes: &'a [u8],
    at: usize,
    expansions: std::iter::Peekable<I>,
    text: Vec<u8>,
    open: Open,
    tilde: bool,
}

impl<'a, I: Iterator<Item = &'a Expansion>> Scanner<'a, I> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn push(&mut self, byte: u8) {
        if self.open == Open::Closed {
            self.text.push(byte);
        }
        self.at += 1;
    }

    fn open(&mut self, open: Open) {
        self.open = self.open.max(open);
    }

    fn unquoted(&mut self, start: usize) -> Result<(), Mismatch> {
        while let Some(byte) = self.peek() {
            if self.expansion(Quotes::None, start)? {
                continue;
            }
            match byte {
                b'\'' => self.single_quoted()?,
                b'"' => self.double_quoted(start)?,
                b'\\' => {
                    self.at += 1;
                    match self.peek().ok_or(Mismatch)? {
                        b'\n' => self.at += 1,
                        next => self.push(next),
                    }
                }
                b'$' => match self.bytes.get(self.at + 1) {
                    Some(b'\'') => {
                        self.at += 2;
                        self.ansi_quoted()?;
                    }
                    Some(b'"') => {
                        // A translated string: the catalogue of messages is not known.
                        self.open(Open::Tail);
                        self.at += 1;
                        self.double_quoted(start)?;
                    }
                    next => self.lone_dollar(next.copied())?,
                },
                b'`' | b' ' | b'\t' | b'\n' | b'\r' | b';' | b'&' | b'|' | b'<' | b'>' | b'('
                | b')' => return Err(Mismatch),
                b'#' if self.at == start => return Err(Mismatch),
                b'*' | b'?' | b'[' => {
                    self.open(Open::Names);
                    self.push(byte);
                }
                b'{' if self.begins_braces() => {
                    self.open(Open::Names);
                    self.push(byte);
                }
                b'~' if self.at == start => {
                    self.tilde = true;
                    self.push(byte);
                }
                _ => self.push(byte),
            }
        }
        Ok(())
    }

    /// Skips an expansion that begins here, if one does.
    fn expansion(&mut self, quotes: Quotes, start: usize) -> Result<bool, Mismatch> {
        let Some(expansion) = self
            .expansions
            .next_if(|expansion| expansion.range.start == self.at)
        else {
            return Ok(false);
        };
        if expansion.range.end > self.bytes.len() {
            return Err(Mismatch);
        }
        let first = self.at == start || (quotes == Quotes::Double && self.at == start + 1);
        match (expansion.becomes, quotes) {
            (Becomes::Home, _) if first && self.text.is_empty() && self.open == Open::Closed => {
                self.tilde = true;
                self.text.push(b'~');
            }
            (Becomes::Many, _) | (Becomes::Text | Becomes::Home, Quotes::None) => {
                self.open(Open::Words);
            }
            (Becomes::Piece, _) | (Becomes::Text | Becomes::Home, Quotes::Double) => {
                self.open(Open::Tail);
            }
        }
        self.at = expansion.range.end;
        Ok(true)
    }

    /// Passes a `$` that bash leaves alone; what it would expand must have been found before.
    fn lone_dollar(&mut self, next: Option<u8>) -> Result<(), Mismatch> {
        // What stands behind a line end that is taken away comes to stand here.
        let continues = next == Some(b'\\') && self.bytes.get(self.at + 2) == Some(&b'\n');
        match next {
            _ if continues => Err(Mismatch),
            Some(next) if next.is_ascii_alphanumeric() || b"_({[@*#?$!-".contains(&next) => {
                Err(Mismatch)
            }
            _ => {
                self.push(b'$');
                Ok(())
            }
        }
    }

    /// Tells whether the `{` here can be expanded: it cannot without a `,` or `..` after it.
    fn begins_braces(&self) -> bool {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        rest.contains(&b',') || rest.windows(2).any(|pair| pair == b"..")
    }

    fn single_quoted(&mut self) -> Result<(), Mismatch> {
        self.at += 1;
        loop {
            match self.peek().ok_or(Mismatch)? {
                b'\'' => {
                    self.at += 1;
                    return Ok(());
                }
                byte => self.push(byte),
            }
        }
    }

    fn double_quoted(&mut self, start: usize) -> Result<(), Mismatch> {
        self.at += 1;
        loop {
            if self.peek().is_some() && self.expansion(Quotes::Double, start)? {
                continue;
            }
            match self.peek().ok_or(Mismatch)? {
                b'"' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' => match self.bytes.get(self.at + 1).ok_or(Mismatch)? {
                    b'\n' => self.at += 2,
                    next @ (b'$' | b'`' | b'"' | b'\\') => {
                        self.at += 1;
                        self.push(*next);
                    }
                    _ => self.push(b'\\'),
                },
                b'`' => return Err(Mismatch),
                b'$' => self.lone_dollar(match self.bytes.get(self.at + 1) {
                    // Inside double quotes, `$"` ends them.
                    Some(b'"') => None,
                    next => next.copied(),
                })?,
                byte => self.push(byte),
            }
        }
    }

    /// Passes `$'…'` from behind its opening quote (section 3.1.2.4).
    fn ansi_quoted(&mut self) -> Result<(), Mismatch> {
        loop {
            match self.peek().ok_or(Mismatch)? {
                b'\'' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' => {
                    self.at += 1;
                    self.ansi_escape()?;
                }
                byte => self.push(byte),
            }
        }
    }

    fn ansi_escape(&mut self) -> Result<(), Mismatch> {
        let escape = self.peek().ok_or(Mismatch)?;
        let simple = match escape {
            b'a' => 7,
            b'b' => 8,
            b'e' | b'E' => 27,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            b'\\' | b'\'' | b'"' | b'?' => escape,
            b'x' => return self.ansi_number(1, 16, 2),
            b'u' => return self.ansi_number(1, 16, 4),
            b'U' => return self.ansi_number(1, 16, 8),
            b'0'..=b'7' => return self.ansi_number(0, 8, 3),
            // Control characters, and what bash leaves as it is: nobody needs them.
            _ => return Err(Mismatch),
        };
        self.push(simple);
        Ok(())
    }

    /// Reads a character given by its number, in `radix` and with up to `longest` digits.
    fn ansi_number(&mut self, skip: usize, radix: u32, longest: usize) -> Result<(), Mismatch> {
        self.at += skip;
        let mut value = 0_u32;
        let mut digits = 0;
        while digits < longest
            && let Some(digit) = self
                .peek()
                .and_then(|byte| char::from(byte).to_digit(radix))
        {
            value = value.checked_mul(radix).ok_or(Mismatch)? + digit;
            self.at += 1;
            digits += 1;
        }
        // A NUL ends the string there; beyond ASCII the encoding depends on the locale.
        match u8::try_from(value) {
            Ok(byte) if digits > 0 && byte != 0 && byte.is_ascii() => {
                if self.open == Open::Closed {
                    self.text.push(byte);
                }
                Ok(())
            }
            _ => Err(Mismatch),
        }
    }
}

/// The quotation marks around a place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    None,
    Double,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unquoted(text: &str) -> Result<Word, Mismatch> {
        unquote(text, 0..text.len(), &[])
    }

    #[test]
    fn quotes_and_backslashes_are_taken_away() {
        for (written, text) in [
            ("rm", "rm"),
            (r"\rm", "rm"),
            ("r''m", "rm"),
            (r#"r"m""#, "rm"),
            ("'a b'", "a b"),
            (r"a\ b", "a b"),
            ("r\\\nm", "rm"),
            (r#""a\"b\\c\d\$""#, r#"a"b\c\d$"#),
            (r"$'a\tb\x41\101\''", "a\tbAA'"),
            ("'*'", "*"),
            (r"\*", "*"),
            ("a$", "a$"),
            ("\"a$\"", "a$"),
            ("{}", "{}"),
            ("HEAD@{1}", "HEAD@{1}"),
            ("a#b", "a#b"),
            ("''", ""),
        ] {
            assert_eq!(unquoted(written), Ok(Word::closed(text)), "{written}");
        }
    }

    #[test]
    fn what_bash_does_not_take_for_one_word_is_a_mismatch() {
        for written in [
            "a;b",
            "a b",
            "a\nb",
            "a&",
            "a|b",
            "a>b",
            "$(x)",
            "`x`",
            "$x",
            "${x}",
            "\"$x\"",
            "'a",
            "\"a",
            "a\\",
            "$'a\\\\' ; rm '",
            "#a",
            "$'\\c'",
            "$'\\x00'",
            "\"`x`\"",
            "a(b)",
            "\"$\\\n(x)\"",
            "$\\\nx",
        ] {
            assert_eq!(unquoted(written), Err(Mismatch), "{written}");
        }
    }

    #[test]
    fn patterns_and_braces_become_names() {
        for (written, text) in [
            ("src/*.rs", "src/"),
            ("{rm,-rf}", ""),
            ("a{1..3}", "a"),
            ("x?", "x"),
        ] {
            let word = unquoted(written).unwrap();
            assert_eq!(
                (word.text.as_str(), word.open),
                (text, Open::Names),
                "{written}"
            );
        }
    }

    #[test]
    fn expansions_leave_the_beginning_known() {
        let expansion = |range| Expansion {
            range,
            becomes: Becomes::Text,
        };
        let plain = unquote("a$x.rs", 0..6, &[expansion(1..3)]).unwrap();
        assert_eq!((plain.text.as_str(), plain.open), ("a", Open::Words));
        let quoted = unquote("\"a$x\"", 0..5, &[expansion(2..4)]).unwrap();
        assert_eq!((quoted.text.as_str(), quoted.open), ("a", Open::Tail));
    }
}
