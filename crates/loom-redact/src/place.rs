//! Lines and columns, counted while a text goes by.

/// A place in a text that only moves forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Offset in bytes.
    pub(crate) offset: usize,
    /// Line, from 1.
    pub(crate) line: u64,
    /// Column, from 1, in Unicode characters; a byte that belongs to none counts as one.
    pub(crate) column: u64,
}

impl Place {
    pub(crate) const START: Self = Self {
        offset: 0,
        line: 1,
        column: 1,
    };

    /// Moves on to `offset`, if that lies ahead, through a text of which the part from `base` on is given.
    pub(crate) fn advance(&mut self, text: &[u8], base: usize, offset: usize) {
        if offset <= self.offset {
            return;
        }
        let passed = &text[self.offset - base..offset - base];
        self.offset = offset;
        let last_line = match memchr::memrchr(b'\n', passed) {
            None => passed,
            Some(last) => {
                self.line += to_u64(memchr::memchr_iter(b'\n', passed).count());
                self.column = 1;
                &passed[last + 1..]
            }
        };
        self.column += to_u64(
            last_line
                .iter()
                .filter(|byte| **byte & 0xC0 != 0x80)
                .count(),
        );
    }
}

pub(crate) fn to_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
