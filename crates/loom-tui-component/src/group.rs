//! A component that only arranges others.

use std::convert::Infallible;

use loom_tui_core::{Component, ComponentId, Event, EventContext, Reaction, RenderContext, Update};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Draws nothing and arranges its children.
#[derive(Clone, Debug)]
pub struct Group {
    id: ComponentId,
}

impl Group {
    /// Makes a group with a name.
    pub const fn new(id: ComponentId) -> Self {
        Self { id }
    }
}

impl Component for Group {
    type Action = Infallible;
    type Output = Infallible;

    fn id(&self) -> ComponentId {
        self.id.clone()
    }

    fn handle_event(&self, _: &Event, _: &EventContext) -> Reaction<Infallible> {
        Reaction::Pass
    }

    fn update(&mut self, action: Infallible, _: &mut Update<Infallible>) {
        match action {}
    }

    fn height(&self, _: u16, _: &RenderContext<'_>) -> u16 {
        0
    }

    fn render(&self, _: Rect, _: &mut Buffer, _: &RenderContext<'_>) {}
}
