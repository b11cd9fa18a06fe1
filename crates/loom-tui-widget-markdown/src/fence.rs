//! Code between fences at the top of a document, read line by line: what models write most of, and at
//! length, is never parsed twice.

use std::borrow::Cow;

use crate::parse::language;

/// Columns between tab stops (CommonMark 2.2).
const TAB: usize = 4;

/// An open block of code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fence {
    character: u8,
    length: usize,
    indent: usize,
    pub(crate) language: Option<String>,
    /// Whether lines of it were handed on.
    pub(crate) has_lines: bool,
}

impl Fence {
    /// Reads the line that opens the block, of which it is known that it does (CommonMark 4.5).
    pub(crate) fn open(line: &str) -> Self {
        let marked = line.trim_start_matches(' ');
        let character = marked.bytes().next().unwrap_or(b'`');
        let length = run(marked, character);
        Self {
            character,
            length,
            indent: line.len() - marked.len(),
            language: language(&marked[length..]),
            has_lines: false,
        }
    }

    /// Whether a line ends the block.
    pub(crate) fn is_closed_by(&self, line: &str) -> bool {
        let marked = line.trim_start_matches(' ');
        let length = run(marked, self.character);
        line.len() - marked.len() < 4
            && length >= self.length
            && marked[length..]
                .bytes()
                .all(|byte| matches!(byte, b' ' | b'\t'))
    }

    /// Whether a line that is not whole yet may end the block, and so is better not shown.
    pub(crate) fn may_be_closed_by(&self, line: &str) -> bool {
        let rest = line
            .trim_start_matches(' ')
            .trim_start_matches(char::from(self.character));
        rest.trim_matches([' ', '\t']).is_empty()
    }

    /// Returns a line without as many columns of white space as the fence is set in by. Of a tab that
    /// reaches further, spaces are left (CommonMark 2.2).
    pub(crate) fn content<'a>(&self, line: &'a str) -> Cow<'a, str> {
        let mut column = 0;
        for (at, byte) in line.bytes().enumerate() {
            if column == self.indent {
                return Cow::Borrowed(&line[at..]);
            }
            match byte {
                b' ' => column += 1,
                b'\t' => {
                    let end = column + TAB - column % TAB;
                    if end > self.indent {
                        let spaces = " ".repeat(end - self.indent);
                        return Cow::Owned(spaces + &line[at + 1..]);
                    }
                    column = end;
                }
                _ => return Cow::Borrowed(&line[at..]),
            }
        }
        Cow::Borrowed("")
    }
}

fn run(text: &str, byte: u8) -> usize {
    text.bytes().take_while(|&other| other == byte).count()
}
