//! A component for tests, and trees of it.

use std::cell::Cell;
use std::rc::Rc;

use loom_tui_component::{Arrangement, Configure, Extent, Group, Handle, NodeId, Slot, Tree};
use loom_tui_core::{
    Component, ComponentId, Display, Event, EventContext, Focus, Line, Modifiers, Moment,
    MouseButton, MouseEvent, MouseKind, Reaction, RenderContext, Update, blank,
};
use loom_tui_testing::{Harness, harness::dark};
use loom_tui_theme::Role;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// A component that shows its text, writes keys into it and counts how often it was drawn.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) text: String,
    pub(crate) focus: Focus,
    /// Passes these keys on.
    pub(crate) passes: &'static str,
    /// Takes these keys before those inside of it.
    pub(crate) captures: &'static str,
    pub(crate) wakes: Option<Moment>,
    pub(crate) drawn: Rc<Cell<usize>>,
}

impl Field {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            text: String::new(),
            focus: Focus::Accepts,
            passes: "",
            captures: "",
            wakes: None,
            drawn: Rc::default(),
        }
    }

    pub(crate) fn label(name: &'static str) -> Self {
        Self {
            focus: Focus::Refuses,
            ..Self::new(name)
        }
    }
}

impl Component for Field {
    type Action = String;
    type Output = String;

    fn id(&self) -> ComponentId {
        ComponentId::new(self.name)
    }

    fn init(&mut self, update: &mut Update<String>) {
        update.emit("init".to_owned());
    }

    fn focus(&self) -> Focus {
        self.focus
    }

    fn capture_event(&self, event: &Event, _: &EventContext) -> Reaction<String> {
        match event {
            Event::Key(key) if self.captures.contains(&key.to_string()) => {
                Reaction::Act(key.to_string())
            }
            _ => Reaction::Pass,
        }
    }

    fn handle_event(&self, event: &Event, context: &EventContext) -> Reaction<String> {
        match event {
            Event::Key(key) if self.passes.contains(&key.to_string()) => Reaction::Pass,
            Event::Key(key) if context.focused && key.text().is_some() => {
                Reaction::Act(key.to_string())
            }
            Event::Mouse(mouse) => Reaction::Act(format!("{:?}", mouse.kind)),
            Event::Tick => Reaction::Act("tick".to_owned()),
            Event::FocusLost => Reaction::Observe("away".to_owned()),
            _ => Reaction::Pass,
        }
    }

    fn update(&mut self, action: String, update: &mut Update<String>) {
        if action == "tick" {
            self.wakes = None;
        }
        self.text.push_str(&action);
        update.emit(action);
        update.redraw();
    }

    fn height(&self, width: u16, _: &RenderContext<'_>) -> u16 {
        let cells = u16::try_from(self.text.len()).unwrap_or(u16::MAX);
        cells.div_ceil(width.max(1)).max(1)
    }

    fn render(&self, area: Rect, buffer: &mut Buffer, context: &RenderContext<'_>) {
        self.drawn.set(self.drawn.get() + 1);
        let style = context.display.style(Role::Overlay);
        blank(area, buffer, style);
        let mark = if context.focused { ">" } else { " " };
        Line::styled(format!("{mark}{}:{}", self.name, self.text), style).draw(
            area,
            buffer,
            context.display,
        );
    }

    fn wake_at(&self, _: Moment, _: &Display) -> Option<Moment> {
        self.wakes
    }
}

impl Configure for Field {
    type Props = String;

    fn configure(&mut self, props: &String, _: &mut Update<String>) {
        self.text.clone_from(props);
    }
}

pub(crate) type Fields = Tree<(&'static str, String)>;

pub(crate) fn mount(tree: &mut Fields, parent: NodeId, slot: Slot, field: Field) -> Handle<Field> {
    let name = field.name;
    tree.mount(Some(parent), slot, field, move |output| (name, output))
}

pub(crate) fn cells(cells: u16) -> Slot {
    Slot::new(Extent::Cells(cells))
}

pub(crate) fn tree(arrangement: Arrangement) -> (Fields, NodeId) {
    let mut tree = Tree::new(dark());
    let group = Group::new(ComponentId::new("root"));
    let root = tree.mount_group(
        None,
        Slot::new(Extent::Share(1)).arranged(arrangement),
        group,
    );
    (tree, root.id())
}

/// Two fields below each other, on a screen.
pub(crate) fn two() -> (Harness<Fields>, Handle<Field>, Handle<Field>) {
    let (mut tree, root) = tree(Arrangement::Rows);
    let one = mount(&mut tree, root, cells(1), Field::new("one"));
    let two = mount(&mut tree, root, cells(1), Field::new("two"));
    let mut harness = Harness::new(tree, 16, 3);
    harness.take_outputs();
    (harness, one, two)
}

pub(crate) fn text_of(harness: &Harness<Fields>, handle: Handle<Field>) -> &str {
    harness
        .interface()
        .get(handle)
        .map_or("(gone)", |field| field.text.as_str())
}

pub(crate) fn click(x: u16, y: u16) -> MouseEvent {
    mouse(MouseKind::Down(MouseButton::Left), x, y)
}

pub(crate) fn mouse(kind: MouseKind, x: u16, y: u16) -> MouseEvent {
    MouseEvent {
        kind,
        position: Position::new(x, y),
        modifiers: Modifiers::NONE,
    }
}
