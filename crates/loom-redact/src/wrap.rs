//! Lines that were broken because a terminal or an encoder was not wide enough.
//!
//! A token that is cut at column 80 stands in two lines. Which line breaks are such cuts is not written anywhere, so
//! they are told by their looks, strictly, because each costs a second search: the line has a width that terminals
//! and encoders have, or exactly that of a line beside it; the characters on both sides of the break may stand in a
//! token, no space and no indentation; and those of the token that stand around the break without a gap are many.
//! The lines between which there are only such breaks are a *paragraph*, which is searched a second time with the
//! breaks left out. What is found across a break counts.

use std::ops::Range;

/// The widths of a line that may have been broken, in characters.
const WIDTHS: Range<usize> = 40..257;
/// Widths of terminals, of base64 (RFC 2045 and 7468), and of mail.
const USUAL: [usize; 13] = [60, 64, 70, 72, 76, 78, 79, 80, 100, 120, 132, 160, 200];
/// How many characters of a token must stand around a break.
const LEAST_TOKEN: usize = 16;
/// The most bytes of a line that can be part of a paragraph.
const LONGEST_LINE: usize = 1024;
/// How much text after a line break is needed to judge it.
pub(crate) const LOOKAHEAD: usize = LONGEST_LINE + 2;

/// What is told of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// The next line of a paragraph, without its break.
    Line(Range<usize>),
    /// The paragraph ends.
    End,
}

/// Finds paragraphs in a text that comes in pieces. Places are offsets into the whole text.
#[derive(Debug, Default)]
pub(crate) struct Wraps {
    /// Start of the line that is read.
    line: usize,
    /// Everything before is searched for line breaks.
    read: usize,
    /// Start of the line before.
    previous: Option<usize>,
    inside: bool,
}

impl Wraps {
    /// Everything that starts before this place in the text has been told of, unless it is in an open paragraph.
    pub(crate) fn certain(&self) -> usize {
        if self.read - self.line > LONGEST_LINE {
            self.read
        } else {
            self.line
        }
    }

    /// Reads on in a text of which the part from `base` on is given.
    pub(crate) fn advance(
        &mut self,
        text: &[u8],
        base: usize,
        at_end: bool,
        mut tell: impl FnMut(Event),
    ) {
        let end = base + text.len();
        let limit = if at_end {
            end
        } else {
            end.saturating_sub(LOOKAHEAD)
        };
        if self.read < limit {
            let start = self.read;
            for found in memchr::memchr_iter(b'\n', &text[start - base..limit - base]) {
                self.line_break(text, base, start + found, &mut tell);
                self.previous = Some(self.line);
                self.line = start + found + 1;
            }
            self.read = limit;
        }
        if self.inside && self.read - self.line > LONGEST_LINE {
            tell(Event::Line(self.line..self.line + LONGEST_LINE));
            tell(Event::End);
            self.inside = false;
        }
        if at_end && self.inside {
            tell(Event::Line(self.line..end));
            tell(Event::End);
            self.inside = false;
        }
    }

    fn line_break(&mut self, text: &[u8], base: usize, at: usize, tell: &mut impl FnMut(Event)) {
        let before = (at > self.line).then(|| text[at - 1 - base]);
        let stop = if before == Some(b'\r') { at - 1 } else { at };
        let joined = text.get(at + 1 - base).is_some_and(|byte| is_token(*byte))
            && (1..=LONGEST_LINE).contains(&(stop - self.line))
            && is_token(text[stop - 1 - base])
            && self.is_wrap(text, base, at, stop);
        if joined {
            self.inside = true;
            tell(Event::Line(self.line..stop));
        } else {
            self.end(self.line..stop.min(self.line + LONGEST_LINE), tell);
        }
    }

    fn end(&mut self, line: Range<usize>, tell: &mut impl FnMut(Event)) {
        if self.inside {
            self.inside = false;
            tell(Event::Line(line));
            tell(Event::End);
        }
    }

    fn is_wrap(&self, text: &[u8], base: usize, at: usize, stop: usize) -> bool {
        let line = &text[self.line - base..stop - base];
        let after = &text[at + 1 - base..];
        let after = &after[..after.len().min(LONGEST_LINE)];
        let tail = line
            .iter()
            .rev()
            .take_while(|byte| is_token(**byte))
            .count();
        let head = after.iter().take_while(|byte| is_token(**byte)).count();
        if tail + head < LEAST_TOKEN {
            return false;
        }
        let width = width(line);
        let width_of = |line: &[u8]| self::width(line.strip_suffix(b"\r").unwrap_or(line));
        let next = || memchr::memchr(b'\n', after).map(|end| width_of(&after[..end]));
        let previous = || {
            let start = self
                .previous
                .filter(|start| self.line - start <= LONGEST_LINE)?;
            Some(width_of(&text[start - base..self.line - 1 - base]))
        };
        WIDTHS.contains(&width)
            && (USUAL.contains(&width) || previous() == Some(width) || next() == Some(width))
    }
}

/// Width in characters.
fn width(line: &[u8]) -> usize {
    line.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}

/// Whether a byte may stand in a token or in base64.
const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'+' | b'/' | b'=' | b'_' | b'-' | b'.' | b'~' | b'%')
}
