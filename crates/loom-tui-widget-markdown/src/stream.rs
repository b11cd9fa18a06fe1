//! The document as it comes in: text that waits, and what has settled of it.

use std::ops::Range;

use crate::address::Hyperlinks;
use crate::block::{Block, Code, CodeLine, Placed};
use crate::fence::Fence;
use crate::parse::{Continuation, Definitions, ends_blank, is_blank, parse};
use crate::settle::{Top, TopKind, tops};

/// The most that waits for its end, in bytes. A longer block is cut, at the end of a line if it has
/// any, and goes on as if it began anew (a table with its head): so each byte is parsed a bounded number of times, whatever
/// comes.
pub(crate) const LONGEST_OPEN: usize = 16 * 1024;

/// Longer heads of tables are not repeated where the table is cut, in bytes.
const LONGEST_HEAD: usize = 2048;

/// A part of the document that never changes.
pub(crate) type Segment = Vec<Placed>;

/// A document that grows.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    hyperlinks: Hyperlinks,
    /// What has not settled.
    open: String,
    /// Whether the last character was a carriage return, of which the line feed may follow.
    after_return: bool,
    continuation: Continuation,
    fence: Option<Fence>,
    definitions: Definitions,
    settled: Vec<Segment>,
    /// How many bytes were parsed so far, again and again.
    parsed: u64,
}

impl Stream {
    pub(crate) fn new(hyperlinks: Hyperlinks) -> Self {
        Self {
            hyperlinks,
            open: String::new(),
            after_return: false,
            continuation: Continuation::default(),
            fence: None,
            definitions: Definitions::default(),
            settled: Vec::new(),
            parsed: 0,
        }
    }

    pub(crate) fn settled(&self) -> &[Segment] {
        &self.settled
    }

    pub(crate) fn settled_mut(&mut self) -> &mut [Segment] {
        &mut self.settled
    }

    pub(crate) const fn parsed(&self) -> u64 {
        self.parsed
    }

    /// Adds text. All kinds of line ends become line feeds; a carriage return at the end of a piece
    /// waits for what follows.
    pub(crate) fn append(&mut self, text: &str) {
        let mut rest = text;
        while !rest.is_empty() {
            if std::mem::take(&mut self.after_return) {
                rest = rest.strip_prefix('\n').unwrap_or(rest);
                self.push("\n");
                continue;
            }
            let (plain, end) = match rest.find('\r') {
                Some(end) => (&rest[..end], end + 1),
                None => (rest, rest.len()),
            };
            self.after_return = plain.len() < end;
            self.push(plain);
            rest = &rest[end..];
        }
    }

    /// Says that nothing follows: everything settles.
    pub(crate) fn finish(&mut self) {
        if std::mem::take(&mut self.after_return) {
            self.push("\n");
        }
        self.settle(self.open.len());
        let rest = std::mem::take(&mut self.open);
        self.settle_part(&rest, Continuation::default());
        self.fence = None;
    }

    /// Parses what has not settled, as far as it can be shown. Returns the number of bytes that it
    /// took, too.
    pub(crate) fn parse_open(&self) -> (Vec<Placed>, usize) {
        let shown = &self.open[..self.shown_end()];
        if let Some(fence) = &self.fence {
            let is_hidden = shown.is_empty() || fence.may_be_closed_by(shown);
            let lines = (!is_hidden).then(|| vec![CodeLine::new(&fence.content(shown))]);
            let blocks = lines.map_or_else(Vec::new, |lines| vec![code(fence, lines)]);
            return (blocks, shown.len());
        }
        let parsed = parse(shown, self.continuation, &self.definitions, self.hyperlinks);
        (parsed.blocks, shown.len())
    }

    /// Returns the end of what is fit to be shown: an unfinished line that consists only of marks
    /// may become anything, and would flicker.
    fn shown_end(&self) -> usize {
        let line = self.open.rfind('\n').map_or(0, |end| end + 1);
        let is_mark = |byte: u8| b" \t#-=*+>|`~_:.)0123456789[]<!\\".contains(&byte);
        if self.fence.is_none() && self.open[line..].bytes().all(is_mark) {
            line
        } else {
            self.open.len()
        }
    }

    fn push(&mut self, mut text: &str) {
        while !text.is_empty() {
            let room = LONGEST_OPEN - self.open.len();
            let taken = text.floor_char_boundary(room);
            let (now, later) = text.split_at(taken);
            self.open.push_str(now);
            text = later;
            if now.contains('\n') {
                let whole = self.open.rfind('\n').map_or(0, |end| end + 1);
                self.settle(whole);
            }
            let next = text.chars().next().map_or(0, char::len_utf8);
            if self.open.len() + next > LONGEST_OPEN {
                self.cut();
            }
        }
    }

    /// Settles what is certain of the first `whole` bytes, which are whole lines.
    fn settle(&mut self, mut whole: usize) {
        while whole > 0 {
            let taken = if self.fence.is_some() {
                self.settle_code(whole)
            } else {
                self.settle_blocks(whole)
            };
            // Where code begins or ends, something else may follow; else all was looked at.
            match taken {
                Taken::All => return,
                Taken::UpToCode(taken) => whole -= taken,
            }
        }
    }

    /// Settles lines of code, up to the end of the code.
    fn settle_code(&mut self, whole: usize) -> Taken {
        let Some(mut fence) = self.fence.take() else {
            return Taken::All;
        };
        let mut lines = Vec::new();
        let mut taken = 0;
        let mut is_closed = false;
        for line in self.open[..whole].split_inclusive('\n') {
            taken += line.len();
            let line = line.strip_suffix('\n').unwrap_or(line);
            if fence.is_closed_by(line) {
                is_closed = true;
                break;
            }
            lines.push(CodeLine::new(&fence.content(line)));
        }
        self.parsed += taken as u64;
        if !lines.is_empty() {
            self.settled.push(vec![code(&fence, lines)]);
            fence.has_lines = true;
        }
        self.open.drain(..taken);
        self.continuation = Continuation::default();
        if is_closed {
            return Taken::UpToCode(taken);
        }
        self.fence = Some(fence);
        Taken::All
    }

    /// Settles all blocks but the last; if that is code, its lines go on by themselves.
    fn settle_blocks(&mut self, whole: usize) -> Taken {
        self.parsed += whole as u64;
        let found = tops(&self.open[..whole], self.continuation.list);
        let Some(last) = found.last() else {
            return Taken::All;
        };
        let end = match last.kind {
            TopKind::Fenced => last.start,
            _ if found.len() == 1 => 0,
            _ => last.cut,
        };
        let open = std::mem::take(&mut self.open);
        self.settle_tops(&open[..end], &found);
        self.open = open;
        if last.kind == TopKind::Fenced {
            let line = self.open[end..].find('\n').map_or(whole, |at| end + at + 1);
            self.fence = Some(Fence::open(self.open[end..line].trim_end_matches('\n')));
            self.open.drain(..line);
            return Taken::UpToCode(line);
        }
        self.open.drain(..end);
        Taken::All
    }

    /// Settles blocks, each by itself: none sees the definitions of those that follow, so it does not
    /// matter how many came at once.
    fn settle_tops(&mut self, text: &str, found: &[Top]) {
        let mut start = 0;
        for (top, next) in found.iter().zip(&found[1..]) {
            let end = match next.kind {
                TopKind::Fenced => next.start,
                _ => next.cut,
            };
            let list = match next.kind {
                TopKind::NextItem(item) => Some(item),
                _ => None,
            };
            if top.kind == TopKind::Fenced {
                self.settle_part(&text[start..top.start], Continuation::default());
                start = self.settle_closed_code(text, top.start..end);
            }
            let part = &text[start..end];
            let after_blank = ends_blank(part);
            self.settle_part(part, Continuation { list, after_blank });
            start = end;
        }
        if start < text.len() {
            self.settle_part(&text[start..], Continuation::default());
        }
    }

    /// Settles a whole block of code, and returns where it ends.
    fn settle_closed_code(&mut self, text: &str, range: Range<usize>) -> usize {
        let mut lines = Vec::new();
        let mut end = range.start;
        let mut fence: Option<Fence> = None;
        for line in text[range].split_inclusive('\n') {
            end += line.len();
            let line = line.trim_end_matches('\n');
            match &fence {
                None => fence = Some(Fence::open(line)),
                Some(fence) if fence.is_closed_by(line) => break,
                Some(fence) => lines.push(CodeLine::new(&fence.content(line))),
            }
        }
        if let (Some(fence), false) = (fence, lines.is_empty()) {
            self.settled.push(vec![code(&fence, lines)]);
        }
        self.continuation = Continuation::default();
        end
    }

    fn settle_part(&mut self, part: &str, after: Continuation) {
        if !is_blank(part) {
            self.parsed += part.len() as u64;
            let parsed = parse(part, self.continuation, &self.definitions, self.hyperlinks);
            for (label, address) in &parsed.definitions {
                self.definitions.add(label, address);
            }
            if !parsed.blocks.is_empty() {
                self.settled.push(parsed.blocks);
            }
        }
        self.continuation = after;
    }

    /// Settles a block that became too long: to the end of its last line, or of its last word, or
    /// to where it is.
    fn cut(&mut self) {
        let end = match self.fence {
            Some(_) => self.open.len(),
            None => cut_in(&self.open),
        };
        let open = std::mem::take(&mut self.open);
        let (part, rest) = open.split_at(end);
        match &mut self.fence {
            Some(fence) => {
                let lines = vec![CodeLine::new(&fence.content(part))];
                self.settled.push(vec![code(fence, lines)]);
                fence.has_lines = true;
            }
            None => {
                self.open.push_str(table_head(part));
                self.settle_part(part, Continuation::default());
            }
        }
        self.open.push_str(rest);
    }
}

/// How much a step of settling took.
enum Taken {
    /// All that it can for now.
    All,
    /// So many bytes, up to where code begins or ends.
    UpToCode(usize),
}

/// Returns the head of the table that a text ends within: what follows is a table only with it.
fn table_head(text: &str) -> &str {
    let Some(top) = tops(text, None).pop() else {
        return "";
    };
    let table = &text[top.start..];
    let head = table.match_indices('\n').nth(1).map_or(0, |(at, _)| at + 1);
    let is_cut_between_rows = text.ends_with('\n') && head <= LONGEST_HEAD;
    if top.kind == TopKind::Table && is_cut_between_rows {
        &table[..head]
    } else {
        ""
    }
}

fn cut_in(text: &str) -> usize {
    let half = text.floor_char_boundary(text.len() / 2);
    let after = |at: usize| half + at + 1;
    let later = &text[half..];
    later
        .rfind('\n')
        .or_else(|| later.rfind(' '))
        .map_or(text.len(), after)
}

fn code(fence: &Fence, lines: Vec<CodeLine>) -> Placed {
    Placed {
        gap: !fence.has_lines,
        at: 0,
        block: Block::Code(Code {
            language: fence.language.clone(),
            continues: fence.has_lines,
            lines,
        }),
    }
}

#[cfg(test)]
mod tests;
