//! Blocks in rows of a width.
//!
//! Around the text of a block stand the gutters of the containers that it is in: the bar of a
//! quotation, the mark of an item in its first row and room for it in the others. A gutter that would
//! leave too little room for text is left out and its mark gets a row, so deep nesting on a narrow screen stays readable.
//!
//! How many rows there are depends on the width alone: characters for terminals that know only ASCII
//! are as wide as those that they stand in for.

mod table;
mod text;

use std::rc::Rc;

use loom_tui_core::{BreakAt, Display, Row, Wrap};
use loom_tui_theme::Role;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::block::{Block, Code, Item, List, Placed, Task};
pub(crate) use text::Text;

/// The least room that gutters leave for text, in cells.
const LEAST_ROOM: u16 = 6;
/// How far code is set in.
const CODE_INDENT: u16 = 2;

/// A row of the screen.
#[derive(Clone, Debug, Default)]
pub(crate) struct ScreenRow {
    pub(crate) pieces: Vec<Piece>,
}

/// Some cells of a row with a part of a text.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    pub(crate) x: u16,
    /// The room that there is; right-to-left text stands at its right.
    pub(crate) width: u16,
    pub(crate) text: Rc<Text>,
    pub(crate) row: Row,
}

impl ScreenRow {
    pub(crate) fn draw(&self, area: Rect, buffer: &mut Buffer, display: &Display) {
        for piece in &self.pieces {
            let cells = Rect {
                x: area.x.saturating_add(piece.x),
                width: piece.width,
                ..area
            };
            let cells = cells.intersection(area);
            piece.text.line.draw_row(&piece.row, cells, buffer, display);
        }
    }
}

/// Lays blocks out. `is_first` says whether nothing stands before them, and so no empty row is needed.
pub(crate) fn lay_out(
    blocks: &[Placed],
    is_first: bool,
    width: u16,
    display: &Display,
) -> Vec<ScreenRow> {
    let mut page = Page {
        width,
        display,
        gutters: Vec::new(),
        rows: Vec::new(),
    };
    if width > 0 {
        page.blocks(blocks, is_first, Role::Text);
    }
    page.rows
}

/// Room at the left of a container's blocks.
struct Gutter {
    width: u16,
    /// What stands there in the first row, until that is made.
    first: Option<Rc<Text>>,
    /// What stands there in the other rows.
    others: Option<Rc<Text>>,
}

struct Page<'a> {
    width: u16,
    display: &'a Display,
    gutters: Vec<Gutter>,
    rows: Vec<ScreenRow>,
}

impl Page<'_> {
    fn style(&self, role: Role) -> Style {
        self.display.style(role)
    }

    /// Returns where text begins.
    fn left(&self) -> u16 {
        self.gutters.iter().map(|gutter| gutter.width).sum()
    }

    /// Returns how wide text may be.
    fn room(&self) -> u16 {
        self.width.saturating_sub(self.left())
    }

    fn blocks(&mut self, blocks: &[Placed], is_first: bool, role: Role) {
        for (index, placed) in blocks.iter().enumerate() {
            if placed.gap && !(is_first && index == 0) {
                self.gap();
            }
            self.block(&placed.block, role);
        }
    }

    fn block(&mut self, block: &Block, role: Role) {
        match block {
            Block::Paragraph(text) => {
                for text in text::lines(text, self.style(role), self.display) {
                    self.wrapped(text, BreakAt::Words);
                }
            }
            Block::Heading { level, text } => self.heading(*level, text),
            Block::Code(code) => self.code(code),
            Block::Html(lines) => {
                for line in lines {
                    let text = Text::plain(line.as_str(), self.style(Role::Muted));
                    self.wrapped(text, BreakAt::Words);
                }
            }
            Block::Quote { alert, blocks } => {
                let bar = Text::plain(self.display.pick("│ ", "| "), self.style(Role::Border));
                let bar = Some(Rc::new(bar));
                self.within(2, bar.clone(), bar, |page| {
                    if let Some(alert) = alert {
                        let style = page.style(alert.role()).add_modifier(Modifier::BOLD);
                        page.wrapped(Text::plain(alert.label(), style), BreakAt::Words);
                    }
                    let role = if alert.is_some() { role } else { Role::Quote };
                    page.blocks(blocks, true, role);
                });
            }
            Block::List(list) => self.list(list, role),
            Block::Table(table) => self.table(table, role),
            Block::Rule => {
                let line = self.display.pick("─", "-").repeat(usize::from(self.room()));
                self.wrapped(
                    Text::plain(line.as_str(), self.style(Role::Border)),
                    BreakAt::Clusters,
                );
            }
            Block::Definition { label, address } => {
                let text = format!("[{label}]: {address}");
                let text = Text::linked(&text, self.style(Role::Muted), address);
                self.wrapped(text, BreakAt::Words);
            }
            Block::Footnote { label, blocks } => {
                let mark = Text::plain(format!("[^{label}]: "), self.style(Role::Muted));
                let width = mark.line.width().min(12) as u16;
                self.within(width, Some(Rc::new(mark)), None, |page| {
                    page.blocks(blocks, true, role);
                });
            }
        }
    }

    fn heading(&mut self, level: u8, text: &crate::block::Inline) {
        let style = self.style(Role::Heading);
        let style = if level == 1 {
            style.add_modifier(Modifier::UNDERLINED)
        } else {
            style
        };
        for (index, text) in text::lines(text, style, self.display)
            .into_iter()
            .enumerate()
        {
            // Two looks can be told apart; deeper levels show their marks.
            let text = if level > 2 && index == 0 {
                let marks = format!("{} ", "#".repeat(usize::from(level)));
                Text::plain(marks, self.style(Role::Hint)).followed_by(&text)
            } else {
                text
            };
            self.wrapped(text, BreakAt::Words);
        }
    }

    fn code(&mut self, code: &Code) {
        self.within(CODE_INDENT, None, None, |page| {
            for line in &code.lines {
                let text = Text::code(line, page.display);
                page.wrapped(text, BreakAt::Clusters);
            }
        });
    }

    fn list(&mut self, list: &List, role: Role) {
        for (index, item) in list.items.iter().enumerate() {
            if item.gap && index > 0 {
                self.gap();
            }
            let number = list.start.map(|start| start.saturating_add(index as u64));
            self.item(item, number, role);
        }
    }

    fn item(&mut self, item: &Item, number: Option<u64>, role: Role) {
        let mut mark = match number {
            Some(number) => format!("{number}. "),
            None if item.task.is_some() => String::new(),
            None => self.display.pick("• ", "* ").to_owned(),
        };
        match item.task {
            Some(Task::Open) => mark.push_str("[ ] "),
            Some(Task::Done) => mark.push_str("[x] "),
            None => {}
        }
        let style = match item.task {
            Some(Task::Done) => self.style(Role::Success),
            _ => self.style(Role::Accent),
        };
        let mark = Text::plain(mark, style);
        let width = u16::try_from(mark.line.width()).unwrap_or(u16::MAX);
        self.within(width, Some(Rc::new(mark)), None, |page| {
            page.blocks(&item.blocks, true, role);
        });
    }

    /// Draws inside of a gutter. There is at least one row if the gutter has a mark.
    fn within(
        &mut self,
        width: u16,
        first: Option<Rc<Text>>,
        others: Option<Rc<Text>>,
        draw: impl FnOnce(&mut Self),
    ) {
        let mut width = width;
        let mut first = first;
        if self.room() < width.saturating_add(LEAST_ROOM) {
            width = 0;
            // A bar says the same in all rows and may go; a mark gets a row of its own.
            if let (Some(mark), None) = (first.take(), &others) {
                self.wrapped_shared(&mark, BreakAt::Words);
            }
        }
        self.gutters.push(Gutter {
            width,
            first,
            others,
        });
        draw(self);
        let is_unmarked = self
            .gutters
            .last()
            .is_some_and(|gutter| gutter.first.is_some());
        if is_unmarked {
            self.push(Vec::new());
        }
        self.gutters.pop();
    }

    fn wrapped(&mut self, text: Text, at: BreakAt) {
        self.wrapped_shared(&Rc::new(text), at);
    }

    fn wrapped_shared(&mut self, text: &Rc<Text>, at: BreakAt) {
        let width = self.room();
        let wrap = Wrap {
            at,
            ..Wrap::words(width)
        };
        for row in text.line.wrap(wrap) {
            let text = Rc::clone(text);
            self.push(vec![Piece {
                x: 0,
                width,
                text,
                row,
            }]);
        }
    }

    /// Makes a row of pieces, which count their columns from where text begins.
    fn push(&mut self, content: Vec<Piece>) {
        let mut pieces = Vec::with_capacity(self.gutters.len() + content.len());
        let mut x = 0;
        for gutter in &mut self.gutters {
            let text = gutter.first.take().or_else(|| gutter.others.clone());
            if let (Some(text), true) = (text, gutter.width > 0) {
                pieces.push(Piece::whole(x, gutter.width, text));
            }
            x += gutter.width;
        }
        pieces.extend(content.into_iter().map(|piece| Piece {
            x: x.saturating_add(piece.x),
            ..piece
        }));
        self.rows.push(ScreenRow { pieces });
    }

    /// Makes a row between blocks: only quotations show in it.
    fn gap(&mut self) {
        let mut pieces = Vec::new();
        let mut x = 0;
        for gutter in &self.gutters {
            if let (Some(text), true) = (&gutter.others, gutter.width > 0) {
                pieces.push(Piece::whole(x, gutter.width, Rc::clone(text)));
            }
            x += gutter.width;
        }
        self.rows.push(ScreenRow { pieces });
    }
}

impl Piece {
    /// A text of one row.
    fn whole(x: u16, width: u16, text: Rc<Text>) -> Self {
        let row = Row {
            text: 0..text.line.text().len(),
            indent: 0,
            width: u16::try_from(text.line.width()).unwrap_or(u16::MAX),
        };
        Self {
            x,
            width,
            text,
            row,
        }
    }
}
