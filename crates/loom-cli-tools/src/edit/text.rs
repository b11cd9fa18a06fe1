//! A view of a file's text with plain line ends, that leads back to the file's own bytes.
//!
//! Models are shown lines and write `\n`. A file with `\r\n` is viewed with `\n`, and the view
//! remembers which line ends were longer. Giving the file back, each kept line end is as it was,
//! even in a file that mixes both; a new line end is like those it replaces, or like most of the
//! file. A byte order mark is taken off and put back.

use std::borrow::Cow;
use std::ops::Range;

/// What some editors start a file with.
pub(super) const BYTE_ORDER_MARK: char = '\u{feff}';

/// The text of a file, as the model sees it.
#[derive(Debug)]
pub(crate) struct Text<'a> {
    has_mark: bool,
    view: Cow<'a, str>,
    /// Places in the view of each `\n` that is `\r\n` in the file, in order.
    long_ends: Vec<usize>,
}

impl<'a> Text<'a> {
    /// Makes the view of `content`.
    pub(crate) fn parse(content: &'a str) -> Self {
        let body = content.strip_prefix(BYTE_ORDER_MARK);
        let has_mark = body.is_some();
        let body = body.unwrap_or(content);
        let long_ends: Vec<usize> = body
            .match_indices("\r\n")
            .enumerate()
            .map(|(removed, (place, _))| place - removed)
            .collect();
        let view = if long_ends.is_empty() {
            Cow::Borrowed(body)
        } else {
            Cow::Owned(body.replace("\r\n", "\n"))
        };
        Self {
            has_mark,
            view,
            long_ends,
        }
    }

    /// Returns the text with plain line ends and without a byte order mark.
    pub(crate) fn view(&self) -> &str {
        &self.view
    }

    /// Tells whether some lines end in `\r\n`.
    pub(super) fn has_long_ends(&self) -> bool {
        !self.long_ends.is_empty()
    }

    /// Turns a text from the model into one of the view. In a file without `\r\n` it stays as it
    /// is, so that a `\r` can be written on purpose.
    pub(crate) fn adapt<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.long_ends.is_empty() || !text.contains("\r\n") {
            Cow::Borrowed(text)
        } else {
            Cow::Owned(text.replace("\r\n", "\n"))
        }
    }

    /// Returns the file's content with other text in some places of the view. The places are in
    /// order and do not overlap.
    pub(crate) fn replace<'t>(
        &self,
        replacements: impl Iterator<Item = (Range<usize>, &'t str)>,
    ) -> String {
        let mut content = String::with_capacity(self.view.len() + self.long_ends.len());
        if self.has_mark {
            content.push(BYTE_ORDER_MARK);
        }
        let mut kept_from = 0;
        for (place, new) in replacements {
            self.push_kept(&mut content, kept_from..place.start);
            kept_from = place.end;
            if self.is_long_ended(place) {
                content.push_str(&new.replace('\n', "\r\n"));
            } else {
                content.push_str(new);
            }
        }
        self.push_kept(&mut content, kept_from..self.view.len());
        content
    }

    /// Appends a part of the view as it is in the file.
    fn push_kept(&self, content: &mut String, part: Range<usize>) {
        let mut from = part.start;
        for &end in self.long_ends_in(&part) {
            content.push_str(&self.view[from..end]);
            content.push('\r');
            from = end;
        }
        content.push_str(&self.view[from..part.end]);
    }

    /// Tells whether new line ends at `place` are `\r\n`.
    fn is_long_ended(&self, place: Range<usize>) -> bool {
        let line_ends = |part: &str| part.matches('\n').count();
        let here = line_ends(&self.view[place.clone()]);
        if here > 0 {
            self.long_ends_in(&place).len() * 2 > here
        } else {
            self.long_ends.len() * 2 > line_ends(&self.view)
        }
    }

    fn long_ends_in(&self, part: &Range<usize>) -> &[usize] {
        let from = self.long_ends.partition_point(|&end| end < part.start);
        let to = self.long_ends.partition_point(|&end| end < part.end);
        &self.long_ends[from..to]
    }
}
