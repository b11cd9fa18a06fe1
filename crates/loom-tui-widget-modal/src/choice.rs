//! Text, and answers to choose from.

use std::time::Duration;

use loom_tui_core::{
    Component, ComponentId, Event, EventContext, Focus, KeyCode, KeyPress, Line, Modifiers, Moment,
    Reaction, RenderContext, Row, SafeText, Update, Wrap,
};
use loom_tui_theme::Role;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use crate::{TextField, frame};

/// For how long after it came up a dialog drops keys: they were meant for something else.
pub const UNNOTICED: Duration = Duration::from_millis(300);

/// Columns before an answer: a mark, its number, a point and a space.
const LEAD: u16 = 5;

/// What comes of choosing.
#[derive(Clone, Debug)]
pub enum Taken<A> {
    /// This answer.
    Answer(A),
    /// The person writes something, of which the answer is made.
    Written(fn(String) -> A),
}

/// Something that can be chosen.
#[derive(Clone, Debug)]
pub struct Choice<A> {
    /// What it says.
    pub label: SafeText,
    /// A letter that chooses it.
    pub letter: Option<char>,
    /// What comes of it.
    pub taken: Taken<A>,
}

/// A dialog with answers to choose from.
#[derive(Clone, Debug)]
pub struct ChoiceDialog<A> {
    pub(crate) id: ComponentId,
    pub(crate) title: SafeText,
    /// Paragraphs, each in a role.
    pub(crate) body: Vec<(SafeText, Role)>,
    pub(crate) choices: Vec<Choice<A>>,
    /// The answer that changes nothing.
    pub(crate) escape: A,
    pub(crate) selected: usize,
    /// What is being written, for the selected answer.
    pub(crate) field: Option<TextField>,
    /// Rows of the text that are scrolled out at the top.
    pub(crate) scrolled: usize,
    pub(crate) since: Moment,
}

/// A change of the dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChoiceAction {
    /// To another answer, up when negative.
    Move(isize),
    /// The answer at this place is taken.
    Take(usize),
    /// The selected answer is taken, or what was written.
    Enter,
    /// Out of what is being written, or out of the dialog.
    Escape,
    /// The text scrolls by so many rows.
    Scroll(isize),
    /// A key for what is being written.
    Edit(KeyPress),
    /// Text for what is being written.
    Insert(String),
}

/// Where the parts of a dialog are.
struct Parts {
    body: Rect,
    choices: Rect,
    field: Rect,
}

impl<A: Clone> ChoiceDialog<A> {
    fn take(&mut self, index: usize, update: &mut Update<A>) {
        let Some(choice) = self.choices.get(index) else {
            return;
        };
        self.selected = index;
        match &choice.taken {
            Taken::Answer(answer) => update.emit(answer.clone()),
            Taken::Written(_) => self.field = Some(TextField::default()),
        }
    }

    fn enter(&mut self, update: &mut Update<A>) {
        let written = self.field.take();
        match (
            written,
            self.choices.get(self.selected).map(|choice| &choice.taken),
        ) {
            (Some(field), Some(Taken::Written(answer))) => {
                update.emit(answer(field.text().trim().to_owned()));
            }
            _ => self.take(self.selected, update),
        }
    }

    /// Returns the paragraphs of the text, broken into rows.
    fn body_rows(&self, width: u16, styled: impl Fn(Role) -> Style) -> Vec<(Line, Row)> {
        let wrapped = |line: Line| {
            let rows = line.wrap(Wrap::words(width));
            rows.into_iter().map(move |row| (line.clone(), row))
        };
        self.body
            .iter()
            .flat_map(|(text, role)| {
                Line::each(text, styled(*role))
                    .flat_map(wrapped)
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    /// Returns the answers, broken into rows; which of them is selected; and its number.
    fn choice_rows(
        &self,
        width: u16,
        styled: impl Fn(usize) -> Style,
    ) -> Vec<(usize, Line, Vec<Row>)> {
        self.choices
            .iter()
            .enumerate()
            .map(|(index, choice)| {
                let mut line = Line::styled(choice.label.as_str(), styled(index));
                if let Some(letter) = choice.letter {
                    line.push(format!(" ({letter})"), styled(index));
                }
                let rows = line.wrap(Wrap::words(width).indented(LEAD, LEAD));
                (index, line, rows)
            })
            .collect()
    }

    fn parts(&self, inner: Rect) -> Parts {
        let count = |rows: usize| u16::try_from(rows).unwrap_or(u16::MAX);
        let plain = |_| Style::new();
        let choices = self.choice_rows(inner.width, plain);
        let choices = count(choices.iter().map(|(_, _, rows)| rows.len()).sum());
        let choices = choices.min(inner.height);
        let field = u16::from(self.field.is_some()).min(inner.height - choices);
        // A free row between text and answers, as long as there is room.
        let rest = inner.height - choices - field;
        let body = rest.saturating_sub(1);
        let at = |y, height| Rect {
            y: inner.y + y,
            height,
            ..inner
        };
        Parts {
            body: at(0, body),
            choices: at(rest, choices),
            field: at(rest + choices, field),
        }
    }

    fn most_scrolled(&self, inner: Rect) -> usize {
        let rows = self.body_rows(inner.width, |_| Style::new()).len();
        rows.saturating_sub(usize::from(self.parts(inner).body.height))
    }
}

/// Returns the area inside of the frame.
fn inside(area: Rect) -> Rect {
    Rect {
        x: area.x.saturating_add(frame::SIDES / 2),
        y: area.y.saturating_add(1),
        width: area.width.saturating_sub(frame::SIDES),
        height: area.height.saturating_sub(frame::ROWS),
    }
}

impl<A: Clone> Component for ChoiceDialog<A> {
    type Action = ChoiceAction;
    type Output = A;

    fn id(&self) -> ComponentId {
        self.id.clone()
    }

    fn init(&mut self, update: &mut Update<A>) {
        self.since = update.now();
    }

    fn focus(&self) -> Focus {
        Focus::Accepts
    }

    fn handle_event(&self, event: &Event, context: &EventContext) -> Reaction<ChoiceAction> {
        let page = isize::try_from(context.area.height / 2).unwrap_or(1).max(1);
        let key = match event {
            Event::Key(key) => *key,
            Event::Paste(text) if self.field.is_some() => {
                return Reaction::Act(ChoiceAction::Insert(text.clone()));
            }
            Event::Paste(_) => return Reaction::Consume,
            _ => return Reaction::Pass,
        };
        if context.now.since(self.since) < UNNOTICED {
            return Reaction::Consume;
        }
        let action = match key.code() {
            KeyCode::Enter if key.modifiers().is_empty() => ChoiceAction::Enter,
            KeyCode::Esc => ChoiceAction::Escape,
            KeyCode::PageUp => ChoiceAction::Scroll(-page),
            KeyCode::PageDown => ChoiceAction::Scroll(page),
            _ if self.field.is_some() => ChoiceAction::Edit(key),
            KeyCode::Up => ChoiceAction::Move(-1),
            KeyCode::Down => ChoiceAction::Move(1),
            KeyCode::Char('p') if key.modifiers() == Modifiers::CONTROL => ChoiceAction::Move(-1),
            KeyCode::Char('n') if key.modifiers() == Modifiers::CONTROL => ChoiceAction::Move(1),
            KeyCode::Char(character) if key.modifiers().is_empty() => {
                let by_number = character
                    .to_digit(10)
                    .and_then(|digit| usize::try_from(digit).ok()?.checked_sub(1))
                    .filter(|index| *index < self.choices.len());
                let by_letter = || {
                    let is_letter = |choice: &Choice<A>| choice.letter == Some(character);
                    self.choices.iter().position(is_letter)
                };
                match by_number.or_else(by_letter) {
                    Some(index) => ChoiceAction::Take(index),
                    None => return Reaction::Consume,
                }
            }
            _ => return Reaction::Consume,
        };
        Reaction::Act(action)
    }

    fn update(&mut self, action: ChoiceAction, update: &mut Update<A>) {
        match action {
            ChoiceAction::Move(rows) => {
                let count = isize::try_from(self.choices.len().max(1)).unwrap_or(isize::MAX);
                let at = isize::try_from(self.selected).unwrap_or(0);
                let at = at.saturating_add(rows).rem_euclid(count);
                self.selected = usize::try_from(at).unwrap_or(0);
            }
            ChoiceAction::Take(index) => self.take(index, update),
            ChoiceAction::Enter => self.enter(update),
            ChoiceAction::Escape => {
                if self.field.take().is_none() {
                    update.emit(self.escape.clone());
                }
            }
            ChoiceAction::Scroll(rows) => {
                let most = self.most_scrolled(inside(update.area()));
                self.scrolled = self
                    .scrolled
                    .min(most)
                    .saturating_add_signed(rows)
                    .min(most);
            }
            ChoiceAction::Edit(key) => {
                if let Some(field) = &mut self.field {
                    field.key(key);
                }
            }
            ChoiceAction::Insert(text) => {
                if let Some(field) = &mut self.field {
                    field.insert(&text);
                }
            }
        }
        update.redraw();
    }

    fn height(&self, width: u16, _: &RenderContext<'_>) -> u16 {
        let width = width.saturating_sub(frame::SIDES);
        let plain = Style::new();
        let body = self.body_rows(width, |_| plain).len();
        let choices: usize = self
            .choice_rows(width, |_| plain)
            .iter()
            .map(|(_, _, rows)| rows.len())
            .sum();
        let field = usize::from(self.field.is_some());
        let rows = usize::from(frame::ROWS) + body + 1 + choices + field;
        u16::try_from(rows).unwrap_or(u16::MAX)
    }

    fn render(&self, area: Rect, buffer: &mut Buffer, context: &RenderContext<'_>) {
        let display = context.display;
        let hint = match self.field {
            Some(_) => "enter to send, esc to go back",
            None => "1-9 or enter to choose, esc for no",
        };
        let inner = frame::draw(self.title.as_str(), hint, area, buffer, display);
        if inner.is_empty() {
            return;
        }
        let overlay = display.style(Role::Overlay);
        let role = |role| overlay.patch(display.style(role));
        let parts = self.parts(inner);
        let rows = self.body_rows(inner.width, role);
        let scrolled = self
            .scrolled
            .min(rows.len().saturating_sub(usize::from(parts.body.height)));
        for ((line, row), place) in rows[scrolled..].iter().zip(parts.body.rows()) {
            line.draw_row(row, place, buffer, display);
        }
        let below = rows.len() - scrolled.min(rows.len());
        let below = below.saturating_sub(usize::from(parts.body.height));
        let free = Rect {
            y: parts.body.bottom(),
            height: 1,
            ..inner
        };
        if below > 0 && parts.choices.y > free.y {
            let text = format!("{} {below} more rows, page down", display.pick("↓", "v"));
            Line::styled(text, role(Role::Hint)).draw(free, buffer, display);
        }
        let style = |index| match index == self.selected {
            true => display.style(Role::Selection),
            false => overlay,
        };
        let mut y = parts.choices.y;
        for (index, line, rows) in self.choice_rows(inner.width, style) {
            for (number, row) in rows.iter().enumerate() {
                if y >= parts.choices.bottom() {
                    break;
                }
                let place = Rect {
                    y,
                    height: 1,
                    ..inner
                };
                buffer.set_style(place, style(index));
                if number == 0 {
                    let mark = match index == self.selected {
                        true => display.pick("›", ">"),
                        false => " ",
                    };
                    let lead = format!("{mark} {}.", index + 1);
                    Line::styled(lead, style(index)).draw(place, buffer, display);
                }
                line.draw_row(row, place, buffer, display);
                y += 1;
            }
        }
        if let Some(field) = &self.field {
            let mark = display.pick("❯ ", "> ");
            Line::styled(mark, role(Role::Accent)).draw(parts.field, buffer, display);
            field.draw(beside_mark(parts.field), buffer, overlay, display);
        }
    }

    fn cursor(&self, area: Rect, _: &RenderContext<'_>) -> Option<Position> {
        let inner = inside(area);
        if inner.is_empty() {
            return None;
        }
        let field = self.field.as_ref()?;
        field.cursor(beside_mark(self.parts(inner).field))
    }
}

fn beside_mark(area: Rect) -> Rect {
    Rect {
        x: area.x.saturating_add(2),
        width: area.width.saturating_sub(2),
        ..area
    }
}
