//! Where a document can be cut, so that what is before the cut never changes.
//!
//! CommonMark decides about blocks line by line (section 3, "phase 1" of its parsing strategy): a line
//! goes on with open blocks, closes them, or opens new ones, and a block that was closed is never
//! opened again. So when whole lines have been read, every block at the top but the last is as it will
//! be, and so is every item but the last of a list at the top: what may still come to an item that was
//! closed is only whether its list is loose, and that is not drawn.
//!
//! Definitions of references make no block, and a paragraph that only consists of definitions so far
//! may yet turn out to be text, or the other way round. They stand together without a blank line, so a
//! cut goes before the lines that stand together with the block that follows.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

use crate::parse::{NextItem, OPTIONS, is_blank};

/// A block at the top of a document, or an item of a list there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Top {
    /// From the beginning of its first line.
    pub(crate) start: usize,
    /// Where the part of the document begins that it can be cut off with.
    pub(crate) cut: usize,
    pub(crate) kind: TopKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TopKind {
    /// Code between fences.
    Fenced,
    /// An item of a list, of which it is not the first.
    NextItem(NextItem),
    /// A table.
    Table,
    /// Anything else.
    Other,
}

/// Finds the blocks at the top of whole lines. `list` is the item that they begin with, if they begin
/// within a list.
pub(crate) fn tops(text: &str, list: Option<NextItem>) -> Vec<Top> {
    let mut scan = Scan {
        text,
        tops: Vec::new(),
        end: 0,
    };
    let mut depth = 0_usize;
    let mut item: Option<(NextItem, bool)> = None;
    let mut continued = list;
    for (event, range) in Parser::new_ext(text, OPTIONS).into_offset_iter() {
        match event {
            Event::Start(tag) => {
                match tag {
                    Tag::List(start) if depth == 0 => {
                        let taken = continued.take();
                        let number = taken.map_or(start, |next| next.number);
                        item = Some((NextItem { number }, taken.is_some()));
                    }
                    Tag::Item if depth == 1 => {
                        if let Some((next, is_next)) = &mut item {
                            let kind = if *is_next {
                                TopKind::NextItem(*next)
                            } else {
                                TopKind::Other
                            };
                            next.number = next.number.map(|number| number.saturating_add(1));
                            *is_next = true;
                            scan.push(range, kind);
                        }
                    }
                    Tag::CodeBlock(CodeBlockKind::Fenced(_)) if depth == 0 => {
                        scan.push(range, TopKind::Fenced);
                    }
                    Tag::Table(_) if depth == 0 => scan.push(range, TopKind::Table),
                    _ if depth == 0 => scan.push(range, TopKind::Other),
                    _ => {}
                }
                depth += 1;
            }
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                if depth == 0 && matches!(tag, TagEnd::List(_)) {
                    item = None;
                }
            }
            _ if depth == 0 => scan.push(range, TopKind::Other),
            _ => {}
        }
        if depth == 0 {
            continued = None;
        }
    }
    scan.tops
}

struct Scan<'a> {
    text: &'a str,
    tops: Vec<Top>,
    /// Where the block before ends.
    end: usize,
}

impl Scan<'_> {
    fn push(&mut self, range: Range<usize>, kind: TopKind) {
        let start = self.line_start(range.start);
        let mut cut = start;
        while cut > self.end {
            let before = self.line_start(cut - 1);
            if before < self.end || is_blank(&self.text[before..cut]) {
                break;
            }
            cut = before;
        }
        self.end = range.end;
        self.tops.push(Top { start, cut, kind });
    }

    fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |end| end + 1)
    }
}
