//! Entries to find one among by typing.

use loom_tui_core::{
    Component, ComponentId, Event, EventContext, Focus, KeyCode, KeyPress, Line, Modifiers,
    Reaction, RenderContext, SafeText, Update,
};
use loom_tui_theme::Role;
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;

use crate::{TextField, frame};

/// The most entries that a picker is high, unless there is more room than that.
const MOST_SHOWN: usize = 12;

/// Something that can be picked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name, in which is searched.
    pub name: SafeText,
    /// What else is to be known of it.
    pub detail: SafeText,
}

/// What came of picking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picked {
    /// The entry at this place in the list that the picker was given.
    Entry(usize),
    /// None.
    Nothing,
}

/// An entry that the search left, and the clusters of its name that it matched.
#[derive(Clone, Debug)]
struct Left {
    entry: usize,
    matched: Vec<u32>,
}

/// A list of entries with a search.
#[derive(Clone, Debug)]
pub struct Picker {
    id: ComponentId,
    title: SafeText,
    entries: Vec<Entry>,
    field: TextField,
    left: Vec<Left>,
    selected: usize,
}

/// A change of the picker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PickerAction {
    /// To another entry, up when negative.
    Move(isize),
    /// The selected entry is picked.
    Enter,
    /// None is.
    Escape,
    /// A key for the search.
    Edit(KeyPress),
    /// Text for the search.
    Insert(String),
}

impl Picker {
    /// Makes a picker of entries, in the order in which they are to be shown as long as nothing is
    /// searched.
    pub fn new(id: ComponentId, title: &str, entries: Vec<Entry>) -> Self {
        let mut picker = Self {
            id,
            title: SafeText::new(title),
            entries,
            field: TextField::default(),
            left: Vec::new(),
            selected: 0,
        };
        picker.search();
        picker
    }

    /// Finds what the search leaves, the best first; among equals the order stays.
    fn search(&mut self) {
        self.selected = 0;
        let pattern = Pattern::parse(self.field.text(), CaseMatching::Smart, Normalization::Smart);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut characters = Vec::new();
        let mut scored: Vec<(u32, Left)> = Vec::new();
        for (entry, Entry { name, .. }) in self.entries.iter().enumerate() {
            let mut matched = Vec::new();
            let haystack = Utf32Str::new(name.as_str(), &mut characters);
            if let Some(score) = pattern.indices(haystack, &mut matcher, &mut matched) {
                matched.sort_unstable();
                matched.dedup();
                scored.push((score, Left { entry, matched }));
            }
        }
        scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        self.left = scored.into_iter().map(|(_, left)| left).collect();
    }

    fn line(&self, left: &Left, style: Style, context: &RenderContext<'_>) -> Line {
        let mut line = Line::new();
        let Some(Entry { name, detail }) = self.entries.get(left.entry) else {
            return line;
        };
        let matched = style.patch(context.display.style(Role::FuzzyMatch));
        for (index, cluster) in (0_u32..).zip(name.as_str().graphemes(true)) {
            let is_matched = left.matched.binary_search(&index).is_ok();
            line.push(cluster, if is_matched { matched } else { style });
        }
        if !detail.is_empty() {
            let muted = style.patch(context.display.style(Role::Muted));
            line.push("  ", style);
            line.push(detail.as_str(), muted);
        }
        line
    }
}

impl Component for Picker {
    type Action = PickerAction;
    type Output = Picked;

    fn id(&self) -> ComponentId {
        self.id.clone()
    }

    fn focus(&self) -> Focus {
        Focus::Accepts
    }

    fn handle_event(&self, event: &Event, context: &EventContext) -> Reaction<PickerAction> {
        let page = isize::try_from(context.area.height / 2).unwrap_or(1).max(1);
        let key = match event {
            Event::Key(key) => *key,
            Event::Paste(text) => return Reaction::Act(PickerAction::Insert(text.clone())),
            _ => return Reaction::Pass,
        };
        let control = key.modifiers() == Modifiers::CONTROL;
        Reaction::Act(match key.code() {
            KeyCode::Enter => PickerAction::Enter,
            KeyCode::Esc => PickerAction::Escape,
            KeyCode::Up => PickerAction::Move(-1),
            KeyCode::Down => PickerAction::Move(1),
            KeyCode::Char('p') if control => PickerAction::Move(-1),
            KeyCode::Char('n') if control => PickerAction::Move(1),
            KeyCode::PageUp => PickerAction::Move(-page),
            KeyCode::PageDown => PickerAction::Move(page),
            _ => PickerAction::Edit(key),
        })
    }

    fn update(&mut self, action: PickerAction, update: &mut Update<Picked>) {
        match action {
            PickerAction::Move(rows) => {
                let last = self.left.len().saturating_sub(1);
                self.selected = self.selected.saturating_add_signed(rows).min(last);
            }
            PickerAction::Enter => {
                if let Some(left) = self.left.get(self.selected) {
                    update.emit(Picked::Entry(left.entry));
                }
            }
            PickerAction::Escape => update.emit(Picked::Nothing),
            PickerAction::Edit(key) => {
                let before = self.field.text().to_owned();
                self.field.key(key);
                if self.field.text() != before {
                    self.search();
                }
            }
            PickerAction::Insert(text) => {
                self.field.insert(&text);
                self.search();
            }
        }
        update.redraw();
    }

    fn height(&self, _: u16, _: &RenderContext<'_>) -> u16 {
        let entries = self.entries.len().clamp(1, MOST_SHOWN);
        u16::try_from(entries).unwrap_or(u16::MAX) + frame::ROWS + 1
    }

    fn render(&self, area: Rect, buffer: &mut Buffer, context: &RenderContext<'_>) {
        let display = context.display;
        let hint = format!("{} of {}", self.left.len(), self.entries.len());
        let inner = frame::draw(self.title.as_str(), &hint, area, buffer, display);
        if inner.is_empty() {
            return;
        }
        let overlay = display.style(Role::Overlay);
        let role = |role| overlay.patch(display.style(role));
        let search = Rect { height: 1, ..inner };
        Line::styled(display.pick("❯ ", "> "), role(Role::Accent)).draw(search, buffer, display);
        self.field
            .draw(beside_mark(search), buffer, overlay, display);
        let list = Rect {
            y: inner.y + 1,
            height: inner.height - 1,
            ..inner
        };
        if self.left.is_empty() {
            let line = Line::styled("nothing matches", role(Role::Muted));
            return line.draw(list, buffer, display);
        }
        // The selected entry is always seen.
        let first = (self.selected + 1).saturating_sub(usize::from(list.height));
        for ((index, left), place) in self.left.iter().enumerate().skip(first).zip(list.rows()) {
            let is_selected = index == self.selected;
            let (style, mark) = match is_selected {
                true => (display.style(Role::Selection), display.pick("› ", "> ")),
                false => (overlay, "  "),
            };
            buffer.set_style(place, style);
            let mut line = Line::styled(mark, style);
            line.append(&self.line(left, style, context));
            line.draw(place, buffer, display);
        }
    }

    fn cursor(&self, area: Rect, _: &RenderContext<'_>) -> Option<Position> {
        let search = Rect {
            x: area.x.saturating_add(frame::SIDES / 2),
            y: area.y.saturating_add(1),
            width: area.width.saturating_sub(frame::SIDES),
            height: area.height.saturating_sub(frame::ROWS).min(1),
        };
        self.field.cursor(beside_mark(search))
    }
}

fn beside_mark(area: Rect) -> Rect {
    Rect {
        x: area.x.saturating_add(2),
        width: area.width.saturating_sub(2),
        ..area
    }
}
