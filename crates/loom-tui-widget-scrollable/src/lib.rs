//! Rows that scroll, with a bar at their side and a search.
//!
//! [`Scrollable`] shows a window on a [`Searchable`] content of any number of rows, and draws only those
//! that are seen. It is either at the end, and stays there while the content grows, or at a row, which
//! stays where it is whatever is added below; then its last row tells how much there is below. Scrolling
//! down to the end brings it back to following.
//!
//! What was found is looked up again when the person goes on, since the content may have changed; the
//! rows that are seen are searched as they are drawn. Keys: arrows, `<PageUp>` and `<PageDown>`, `<C-u>`
//! and `<C-d>` for half a page, `<Home>` and `<End>`, and the wheel. A row that is gone counts as the
//! last one, and a query that is nowhere leaves everything where it is and says so
//! ([`Found::Nothing`]).

mod bar;
mod find;

use std::borrow::Cow;

use loom_tui_core::{
    Component, ComponentId, Content, Event, EventContext, Focus, KeyCode, KeyPress, Line,
    Modifiers, MouseKind, Reaction, RenderContext, Update, blank,
};
use loom_tui_theme::Role;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

pub use find::Found;

/// Rows that the wheel moves by.
const WHEEL: isize = 3;

/// A content whose rows can be searched.
pub trait Searchable: Content {
    /// Returns the text of a row as it is drawn; empty for a row that is not there.
    fn row_text(&self, width: u16, row: usize) -> Cow<'_, str>;
}

/// Where the window is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Anchor {
    /// At the end, also when that moves.
    End,
    /// With this row at its top.
    Row(usize),
}

/// A window on rows.
#[derive(Debug)]
pub struct Scrollable<C> {
    id: ComponentId,
    content: C,
    anchor: Anchor,
    query: String,
    /// The row of the match that the person is at.
    at: Option<usize>,
}

/// A change of the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scroll {
    /// By rows; up when negative.
    Rows(isize),
    /// By pages; up when negative.
    Pages(isize),
    /// By halves of a page; up when negative.
    HalfPages(isize),
    /// To the beginning.
    ToStart,
    /// To the end, and along with it.
    ToEnd,
    /// To the next row, from the window's top on, that has this text in either case. Empty ends the
    /// search.
    Find(String),
    /// To the next match.
    NextMatch,
    /// To the match before.
    PreviousMatch,
}

impl<C: Searchable> Scrollable<C> {
    /// Makes a window at the end of a content.
    pub const fn at_end(id: ComponentId, content: C) -> Self {
        Self::anchored(id, content, Anchor::End)
    }

    /// Makes a window at the beginning of a content.
    pub const fn at_start(id: ComponentId, content: C) -> Self {
        Self::anchored(id, content, Anchor::Row(0))
    }

    const fn anchored(id: ComponentId, content: C, anchor: Anchor) -> Self {
        Self {
            id,
            content,
            anchor,
            query: String::new(),
            at: None,
        }
    }

    /// Returns the content.
    pub const fn content(&self) -> &C {
        &self.content
    }

    /// Returns the content, to change it. Whoever does asks for a redraw.
    pub const fn content_mut(&mut self) -> &mut C {
        &mut self.content
    }

    /// Whether the window is at the end and stays there.
    pub fn is_following(&self) -> bool {
        self.anchor == Anchor::End
    }

    /// Returns the first row that is seen in an area.
    pub fn first_row(&self, area: Rect) -> usize {
        let last = self.last_first_row(area);
        match self.anchor {
            Anchor::End => last,
            Anchor::Row(row) => row.min(last),
        }
    }

    fn last_first_row(&self, area: Rect) -> usize {
        let rows = self.content.rows(bar::beside(area).width);
        rows.saturating_sub(usize::from(area.height))
    }

    fn scroll_to(&mut self, row: usize, area: Rect) {
        self.anchor = if row >= self.last_first_row(area) {
            Anchor::End
        } else {
            Anchor::Row(row)
        };
    }

    fn scroll_by(&mut self, rows: isize, area: Rect) {
        let row = self.first_row(area).saturating_add_signed(rows);
        self.scroll_to(row, area);
    }

    /// Brings a row that was found into the window, with some of what stands before it.
    fn show_match(&mut self, found: Found, area: Rect) {
        if let Found::Row { row, .. } = found {
            self.at = Some(row);
            let first = self.first_row(area);
            if !(first..first + usize::from(area.height)).contains(&row) {
                let before = usize::from(area.height) / 3;
                self.scroll_to(row.saturating_sub(before), area);
            }
        }
    }
}

impl<C: Searchable> Component for Scrollable<C> {
    type Action = Scroll;
    type Output = Found;

    fn id(&self) -> ComponentId {
        self.id.clone()
    }

    fn focus(&self) -> Focus {
        Focus::Accepts
    }

    fn handle_event(&self, event: &Event, _: &EventContext) -> Reaction<Scroll> {
        let scroll = match event {
            Event::Key(key) => of_key(*key),
            Event::Mouse(mouse) => match mouse.kind {
                MouseKind::ScrollUp => Some(Scroll::Rows(-WHEEL)),
                MouseKind::ScrollDown => Some(Scroll::Rows(WHEEL)),
                _ => None,
            },
            _ => None,
        };
        scroll.map_or(Reaction::Pass, Reaction::Act)
    }

    fn update(&mut self, action: Scroll, update: &mut Update<Found>) {
        let area = update.area();
        let before = (self.first_row(area), self.anchor, self.at);
        let height = isize::try_from(area.height).unwrap_or(1);
        // A row of the page before stays, so that the eye finds its place.
        let page = (height - 1).max(1);
        match action {
            Scroll::Rows(rows) => self.scroll_by(rows, area),
            Scroll::Pages(pages) => self.scroll_by(pages.saturating_mul(page), area),
            Scroll::HalfPages(pages) => {
                self.scroll_by(pages.saturating_mul((height / 2).max(1)), area);
            }
            Scroll::ToStart => self.scroll_to(0, area),
            Scroll::ToEnd => self.anchor = Anchor::End,
            Scroll::Find(query) => {
                self.query = query;
                self.at = None;
                let found = self.find_from(self.first_row(area), area);
                self.show_match(found, area);
                update.emit(found);
                update.redraw();
            }
            Scroll::NextMatch => {
                let from = self.at.map_or(self.first_row(area), |at| at + 1);
                let found = self.find_from(from, area);
                self.show_match(found, area);
                update.emit(found);
            }
            Scroll::PreviousMatch => {
                let before = self.at.unwrap_or(self.first_row(area));
                let found = self.find_before(before, area);
                self.show_match(found, area);
                update.emit(found);
            }
        }
        if before != (self.first_row(area), self.anchor, self.at) {
            update.redraw();
        }
    }

    fn height(&self, width: u16, _: &RenderContext<'_>) -> u16 {
        let width = bar::beside(Rect::new(0, 0, width, 1)).width;
        u16::try_from(self.content.rows(width)).unwrap_or(u16::MAX)
    }

    fn render(&self, area: Rect, buffer: &mut Buffer, context: &RenderContext<'_>) {
        let display = context.display;
        blank(area, buffer, Style::new());
        let inner = bar::beside(area);
        if inner.is_empty() {
            return;
        }
        let rows = self.content.rows(inner.width);
        let first = self.first_row(area);
        let height = usize::from(area.height);
        self.content.draw(first, inner, buffer, context);
        self.mark_matches(first, inner, buffer, display);
        if rows <= height {
            return;
        }
        bar::draw(area, first, rows, buffer, display);
        let below = rows - first - height;
        if below > 0 && area.height > 2 {
            let sign = display.pick("↓", "v");
            let text = format!(" {sign} {below} more ");
            let line = Line::styled(text, display.style(Role::StatusBar));
            let cells = u16::try_from(line.width()).unwrap_or(u16::MAX);
            if cells < inner.width {
                let at_the_right = Rect::new(inner.right() - cells, inner.bottom() - 1, cells, 1);
                blank(at_the_right, buffer, Style::new());
                line.draw(at_the_right, buffer, display);
            }
        }
    }
}

fn of_key(key: KeyPress) -> Option<Scroll> {
    let modifiers = key.modifiers();
    Some(match key.code() {
        KeyCode::Char('u') if modifiers == Modifiers::CONTROL => Scroll::HalfPages(-1),
        KeyCode::Char('d') if modifiers == Modifiers::CONTROL => Scroll::HalfPages(1),
        _ if !modifiers.is_empty() => return None,
        KeyCode::Up => Scroll::Rows(-1),
        KeyCode::Down => Scroll::Rows(1),
        KeyCode::PageUp => Scroll::Pages(-1),
        KeyCode::PageDown => Scroll::Pages(1),
        KeyCode::Home => Scroll::ToStart,
        KeyCode::End => Scroll::ToEnd,
        _ => return None,
    })
}
