//! Texts as a person reads them: without the escape sequences that colour a terminal.
//!
//! `ghp_abc` may come as `ghp_ESC[1mabc`. The search reads the text without such sequences, and a list of the places
//! where one was left out leads back to the bytes of the input. Left out are only those that programs put into the
//! middle of a word, colours (`ESC [ … m`) and what `grep` adds to them (`ESC [ K`; ECMA-48, 8.3.117 and 8.3.41):
//! taking more for an escape sequence could swallow the first letter of a token.

use std::collections::VecDeque;

const ESCAPE: u8 = 0x1B;
/// Longer sequences are taken for text; real ones have some 20 bytes.
const LONGEST_SEQUENCE: usize = 64;

/// Leads places in a text that was made from another one back to that one.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// Places of the text from which on it comes from another place of its origin, ascending.
    jumps: VecDeque<(usize, usize)>,
}

impl Places {
    /// Says that from `place` on the text comes from `origin` on.
    pub(crate) fn jump(&mut self, place: usize, origin: usize) {
        match self.jumps.back_mut() {
            Some(last) if last.0 == place => last.1 = origin,
            _ => self.jumps.push_back((place, origin)),
        }
    }

    /// Where the byte at this place comes from.
    pub(crate) fn origin(&self, place: usize) -> usize {
        let next = self.jumps.partition_point(|(from, _)| *from <= place);
        match next.checked_sub(1).map(|last| self.jumps[last]) {
            Some((from, origin)) => origin + (place - from),
            None => place,
        }
    }

    /// The bytes of the origin that a range of the text comes from, with those left out inside.
    pub(crate) fn origins(&self, range: &std::ops::Range<usize>) -> std::ops::Range<usize> {
        let start = self.origin(range.start);
        if range.is_empty() {
            start..start
        } else {
            start..self.origin(range.end - 1) + 1
        }
    }

    /// The place whose byte comes from `origin`, or the first after it.
    pub(crate) fn place(&self, origin: usize) -> usize {
        let next = self.jumps.partition_point(|(_, other)| *other <= origin);
        let place = match next.checked_sub(1).map(|last| self.jumps[last]) {
            Some((from, other)) => from + (origin - other),
            None => origin,
        };
        self.jumps
            .get(next)
            .map_or(place, |(limit, _)| place.min(*limit))
    }

    /// Forgets what lies before a place.
    pub(crate) fn forget_before(&mut self, place: usize) {
        while self.jumps.get(1).is_some_and(|(next, _)| *next <= place) {
            self.jumps.pop_front();
        }
    }
}

/// Leaves escape sequences out of a text that comes in pieces.
#[derive(Default)]
pub(crate) struct Plain {
    pub(crate) places: Places,
    /// The start of a sequence whose end has not come yet.
    held: Vec<u8>,
    /// How much of the text has come in, without what is held, and how much has gone out.
    read: usize,
    written: usize,
}

enum Sequence {
    /// One of so many bytes.
    Whole(usize),
    Unfinished,
    None,
}

impl Plain {
    /// Takes the next piece and hands on what is left of it.
    pub(crate) fn push(&mut self, piece: &[u8], mut output: impl FnMut(&[u8])) {
        if self.held.is_empty() && memchr::memchr(ESCAPE, piece).is_none() {
            self.write(piece, &mut output);
            return;
        }
        let mut text = std::mem::take(&mut self.held);
        text.extend_from_slice(piece);
        let mut rest = text.as_slice();
        while let Some(at) = memchr::memchr(ESCAPE, rest) {
            self.write(&rest[..at], &mut output);
            rest = &rest[at..];
            match sequence(rest) {
                Sequence::Whole(length) => {
                    self.read += length;
                    self.places.jump(self.written, self.read);
                    rest = &rest[length..];
                }
                Sequence::Unfinished => {
                    self.held = rest.to_vec();
                    return;
                }
                Sequence::None => {
                    self.write(&rest[..1], &mut output);
                    rest = &rest[1..];
                }
            }
        }
        self.write(rest, &mut output);
    }

    /// Hands on what is held: the text ends.
    pub(crate) fn finish(&mut self, mut output: impl FnMut(&[u8])) {
        let held = std::mem::take(&mut self.held);
        self.write(&held, &mut output);
    }

    /// Where the next byte that goes out comes from, at the earliest.
    pub(crate) const fn read(&self) -> usize {
        self.read
    }

    fn write(&mut self, text: &[u8], output: &mut impl FnMut(&[u8])) {
        if !text.is_empty() {
            output(text);
            self.read += text.len();
            self.written += text.len();
        }
    }
}

/// What the `ESC` at the start of a text begins.
fn sequence(text: &[u8]) -> Sequence {
    match text.get(1) {
        None => return Sequence::Unfinished,
        Some(b'[') => {}
        Some(_) => return Sequence::None,
    }
    for (index, byte) in text.iter().enumerate().take(LONGEST_SEQUENCE).skip(2) {
        match byte {
            0x30..=0x3F => {}
            b'm' | b'K' => return Sequence::Whole(index + 1),
            _ => return Sequence::None,
        }
    }
    if text.len() < LONGEST_SEQUENCE {
        Sequence::Unfinished
    } else {
        Sequence::None
    }
}
