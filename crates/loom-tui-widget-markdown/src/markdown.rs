//! The widget: a document that grows, and its rows for the width that was asked for last.

use std::cell::{RefCell, RefMut};
use std::ops::Range;
use std::rc::Rc;

use loom_tui_core::{Content, Display, RenderContext, width};
use loom_tui_theme::{Builtin, ColorDepth, Palette};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::address::Hyperlinks;
use crate::block::{Token, for_each_code};
use crate::code::{CodeState, CodeWork, ColouredCode, Part};
use crate::layout::{Piece, ScreenRow, lay_out};
use crate::stream::{Segment, Stream};

/// How much code goes into one piece of work, in bytes.
const WORK: usize = 16 * 1024;

/// A Markdown document in the terminal. It is drawn as [`Content`].
#[derive(Debug)]
pub struct Markdown {
    stream: Stream,
    /// Counts changes of what has not settled.
    revision: u64,
    colouring: Colouring,
    view: RefCell<View>,
}

/// A link by `OSC 8`, for whoever writes cells to the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hyperlink {
    /// The row.
    pub row: usize,
    /// The cells of the row.
    pub columns: Range<u16>,
    /// Where it leads: an address in printable ASCII with the scheme `http`, `https`, `mailto` or
    /// `file`, short enough for terminals.
    pub address: Rc<str>,
}

/// How far the code has its colours.
#[derive(Clone, Debug, Default)]
struct Colouring {
    /// The segments before this have theirs.
    done: usize,
    state: Option<CodeState>,
    is_under_way: bool,
}

/// Rows for a width.
#[derive(Debug, Default)]
struct View {
    width: u16,
    /// For which display the rows have their styles. Their number does not depend on it.
    display: Option<Display>,
    /// The rows of each segment; none where its code has got colours since.
    settled: Vec<Option<Vec<ScreenRow>>>,
    /// Where the rows of each segment end.
    ends: Vec<usize>,
    /// The rows of what has not settled, and at which revision.
    open: Vec<ScreenRow>,
    revision: Option<u64>,
    /// How many bytes were parsed for drawing.
    parsed: u64,
}

impl Markdown {
    /// Makes an empty document.
    pub fn new(hyperlinks: Hyperlinks) -> Self {
        Self {
            stream: Stream::new(hyperlinks),
            revision: 0,
            colouring: Colouring::default(),
            view: RefCell::default(),
        }
    }

    /// Makes a document of a whole text.
    pub fn whole(text: &str, hyperlinks: Hyperlinks) -> Self {
        let mut document = Self::new(hyperlinks);
        document.append(text);
        document.finish();
        document
    }

    /// Adds text at the end, cut off anywhere.
    pub fn append(&mut self, text: &str) {
        if !text.is_empty() {
            self.stream.append(text);
            self.revision += 1;
        }
    }

    /// Says that the text is complete: all of it settles. Text that is added later begins a block.
    pub fn finish(&mut self) {
        self.stream.finish();
        self.revision += 1;
    }

    /// Returns how many rows there are at a width that no text to come will change. As text is added
    /// there are more of them, and those that were there stay as they are, but for colours of code.
    pub fn settled_rows(&self, width: u16) -> usize {
        self.view(width, None).settled_rows()
    }

    /// Returns the links in some rows. Rows with right-to-left text are left out: their cells are not
    /// in the order of the text.
    pub fn hyperlinks(&self, rows: Range<usize>, width: u16) -> Vec<Hyperlink> {
        let mut view = self.view(width, None);
        let mut found = Vec::new();
        self.each_row(&mut view, rows, |index, row| {
            for piece in &row.pieces {
                piece_links(index, piece, &mut found);
            }
        });
        found
    }

    /// Returns code that has settled and has no colours yet, to be [run](CodeWork::run) anywhere and
    /// handed to [`apply`](Self::apply). There is one piece of work at a time.
    pub fn code_work(&mut self) -> Option<CodeWork> {
        if self.colouring.is_under_way {
            return None;
        }
        let segments = self.stream.settled_mut();
        let mut first = self.colouring.done;
        let mut end = first;
        let mut parts = Vec::new();
        let mut bytes = 0;
        while end < segments.len() && bytes < WORK {
            for_each_code(&mut segments[end], &mut |code| {
                let lines: Vec<String> = code.lines.iter().map(|line| line.text.clone()).collect();
                bytes += lines.iter().map(String::len).sum::<usize>();
                parts.push(Part {
                    language: code.language.clone(),
                    continues: code.continues,
                    lines,
                });
            });
            end += 1;
            // What has no colours needs no work.
            if parts.iter().all(|part| part.language.is_none()) {
                self.colouring.state = None;
                first = end;
                bytes = 0;
                parts.clear();
            }
        }
        self.colouring.done = first;
        if parts.is_empty() {
            return None;
        }
        self.colouring.is_under_way = true;
        Some(CodeWork {
            first,
            end,
            state: self.colouring.state.take(),
            parts,
        })
    }

    /// Takes colours of code in. They change no row but its colours.
    pub fn apply(&mut self, coloured: ColouredCode) {
        if !self.colouring.is_under_way || coloured.first != self.colouring.done {
            return;
        }
        let mut parts = coloured.tokens.into_iter();
        let mut view = self.view.borrow_mut();
        let segments = &mut self.stream.settled_mut()[coloured.first..coloured.end];
        for (index, segment) in segments.iter_mut().enumerate() {
            if color(segment, &mut parts)
                && let Some(rows) = view.settled.get_mut(coloured.first + index)
            {
                *rows = None;
            }
        }
        self.colouring = Colouring {
            done: coloured.end,
            state: coloured.state,
            is_under_way: false,
        };
    }

    /// Forgets the rows, which are made again when they are asked for: for documents that nobody looks
    /// at.
    pub fn forget_rows(&self) {
        let mut view = self.view.borrow_mut();
        let (width, display) = (view.width, view.display.take());
        view.reset(width, display);
    }

    /// Returns how many bytes were parsed since the beginning, those that were parsed again counted
    /// again: the work, where a clock would measure the machine.
    pub fn parsed_bytes(&self) -> u64 {
        self.stream.parsed() + self.view.borrow().parsed
    }

    /// Brings the rows up to date, for a display if it is known; else for the one that was known last.
    fn view(&self, width: u16, display: Option<&Display>) -> RefMut<'_, View> {
        let mut guard = self.view.borrow_mut();
        let view = &mut *guard;
        if view.width != width || display.is_some_and(|display| !view.is_for(display)) {
            let display = display.cloned().or_else(|| view.display.take());
            view.reset(width, display);
        }
        let display = view.display.get_or_insert_with(plain);
        for segment in &self.stream.settled()[view.settled.len()..] {
            let before = view.ends.last().copied().unwrap_or(0);
            let rows = lay_out(segment, before == 0, width, display);
            view.ends.push(before + rows.len());
            view.settled.push(Some(rows));
        }
        if view.revision != Some(self.revision) {
            let (blocks, parsed) = self.stream.parse_open();
            let is_first = view.ends.last().is_none_or(|&rows| rows == 0);
            view.open = lay_out(&blocks, is_first, width, display);
            view.parsed += parsed as u64;
            view.revision = Some(self.revision);
        }
        guard
    }

    /// Calls for each of some rows, as far as there are any.
    fn each_row(
        &self,
        view: &mut View,
        rows: Range<usize>,
        mut visit: impl FnMut(usize, &ScreenRow),
    ) {
        let settled = view.settled_rows();
        let display = view.display.get_or_insert_with(plain);
        let mut next = rows.start;
        let first = view.ends.partition_point(|&end| end <= next);
        for index in first..view.settled.len() {
            let start = index.checked_sub(1).map_or(0, |before| view.ends[before]);
            let end = view.ends[index].min(rows.end);
            if start >= rows.end {
                break;
            }
            let segment = &self.stream.settled()[index];
            let laid_out = view.settled[index]
                .get_or_insert_with(|| lay_out(segment, start == 0, view.width, display));
            while next < end {
                if let Some(row) = laid_out.get(next - start) {
                    visit(next, row);
                }
                next += 1;
            }
        }
        while next < rows.end {
            let Some(row) = view.open.get(next - settled.min(next)) else {
                return;
            };
            visit(next, row);
            next += 1;
        }
    }
}

impl Content for Markdown {
    fn rows(&self, width: u16) -> usize {
        let view = self.view(width, None);
        view.settled_rows() + view.open.len()
    }

    fn draw(&self, first: usize, area: Rect, buffer: &mut Buffer, context: &RenderContext<'_>) {
        let mut view = self.view(area.width, Some(context.display));
        let rows = first..first.saturating_add(usize::from(area.height));
        self.each_row(&mut view, rows, |index, row| {
            let y = u16::try_from(index - first).unwrap_or(u16::MAX);
            let row_area = Rect {
                y: area.y.saturating_add(y),
                height: 1,
                ..area
            };
            row.draw(row_area, buffer, context.display);
        });
    }
}

impl View {
    fn settled_rows(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    /// Whether the styles are those of a display.
    fn is_for(&self, other: &Display) -> bool {
        self.display.as_ref().is_some_and(|display| {
            display.glyphs == other.glyphs
                && display.palette.generation() == other.palette.generation()
        })
    }

    /// Forgets everything but what was counted.
    fn reset(&mut self, width: u16, display: Option<Display>) {
        *self = Self {
            width,
            display,
            parsed: self.parsed,
            ..Self::default()
        };
    }
}

/// What rows are made for before anything was drawn.
fn plain() -> Display {
    Display::new(Palette::new(
        &Builtin::Ansi16.theme(),
        ColorDepth::Monochrome,
    ))
}

/// Gives the code of a segment its colours, and says whether there is any.
fn color(segment: &mut Segment, parts: &mut impl Iterator<Item = Vec<Vec<Token>>>) -> bool {
    let mut changed = false;
    for_each_code(segment, &mut |code| {
        let tokens = parts.next().unwrap_or_default();
        for (line, tokens) in code.lines.iter_mut().zip(tokens) {
            changed |= !tokens.is_empty();
            line.tokens = tokens;
        }
    });
    changed
}

fn piece_links(row: usize, piece: &Piece, found: &mut Vec<Hyperlink>) {
    let text = piece.text.line.text();
    if piece.text.links.is_empty() || text.chars().any(is_right_to_left) {
        return;
    }
    let shown = &piece.row.text;
    let left = usize::from(piece.x) + usize::from(piece.row.indent);
    let right = piece.x.saturating_add(piece.width);
    for (range, address) in &piece.text.links {
        let start = range.start.max(shown.start);
        let end = range.end.min(shown.end);
        if start >= end {
            continue;
        }
        let from = left + width(&text[shown.start..start]);
        let to = from + width(&text[start..end]);
        let cells = |column: usize| u16::try_from(column).unwrap_or(u16::MAX).min(right);
        found.push(Hyperlink {
            row,
            columns: cells(from)..cells(to),
            address: Rc::clone(address),
        });
    }
}

/// Whether a character is of a script that is written from the right: the blocks that Unicode keeps
/// for those.
const fn is_right_to_left(character: char) -> bool {
    matches!(character,
        '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}
