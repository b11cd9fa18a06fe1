//! A mounted component, its type forgotten.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;

use loom_tui_core::{
    Component, ComponentId, Display, Event, EventContext, Focus, Moment, Reaction, RenderContext,
    Update,
};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::Slot;

/// A node of a tree. It is never used for another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) u64);

/// A node of a tree, with the type of its component.
pub struct Handle<C> {
    id: NodeId,
    component: PhantomData<fn() -> C>,
}

impl<C> Handle<C> {
    pub(crate) const fn new(id: NodeId) -> Self {
        Self {
            id,
            component: PhantomData,
        }
    }

    /// Returns the node.
    pub const fn id(self) -> NodeId {
        self.id
    }
}

impl<C> Clone for Handle<C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for Handle<C> {}

impl<C> fmt::Debug for Handle<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.fmt(formatter)
    }
}

/// A component that its owner configures from outside.
pub trait Configure: Component {
    /// What it is configured with.
    type Props: PartialEq + 'static;

    /// Takes other props; is called only when they differ from those before. It is drawn anew.
    fn configure(&mut self, props: &Self::Props, update: &mut Update<Self::Output>);
}

/// What a component did with an event.
pub(crate) struct Outcome<O> {
    pub(crate) outputs: Vec<O>,
    pub(crate) redraw: bool,
    pub(crate) consumed: bool,
}

/// A component whose type is forgotten, and whose outputs are those of the tree.
pub(crate) trait Erased<O> {
    fn id(&self) -> ComponentId;
    fn focus(&self) -> Focus;
    fn init(&mut self, context: EventContext) -> Outcome<O>;
    fn capture_event(&mut self, event: &Event, context: EventContext) -> Outcome<O>;
    fn handle_event(&mut self, event: &Event, context: EventContext) -> Outcome<O>;
    fn height(&self, width: u16, context: &RenderContext<'_>) -> u16;
    fn render(&self, area: Rect, buffer: &mut Buffer, context: &RenderContext<'_>);
    fn cursor(&self, area: Rect, context: &RenderContext<'_>) -> Option<Position>;
    fn wake_at(&self, now: Moment, display: &Display) -> Option<Moment>;
    fn as_any(&self) -> &dyn Any;
    fn as_any_mut(&mut self) -> &mut dyn Any;
}

/// A component with the function that turns its outputs into those of the tree.
pub(crate) struct Mounted<C: Component, O> {
    pub(crate) component: C,
    pub(crate) map: Box<dyn Fn(C::Output) -> O>,
    /// The props that it was configured with last.
    pub(crate) props: Option<Box<dyn Any>>,
}

impl<C: Component, O> Mounted<C, O> {
    pub(crate) fn update(
        &mut self,
        context: EventContext,
        change: impl FnOnce(&mut C, &mut Update<C::Output>),
    ) -> Outcome<O> {
        let mut update = Update::new(context);
        change(&mut self.component, &mut update);
        Outcome {
            redraw: update.wants_redraw(),
            outputs: update.into_outputs().into_iter().map(&self.map).collect(),
            consumed: false,
        }
    }

    fn react(&mut self, reaction: Reaction<C::Action>, context: EventContext) -> Outcome<O> {
        let consumed = matches!(reaction, Reaction::Consume | Reaction::Act(_));
        let outcome = self.update(context, |component, update| match reaction {
            Reaction::Act(action) | Reaction::Observe(action) => component.update(action, update),
            Reaction::Pass | Reaction::Consume => {}
        });
        Outcome {
            consumed,
            ..outcome
        }
    }
}

impl<C: Component + 'static, O: 'static> Erased<O> for Mounted<C, O> {
    fn id(&self) -> ComponentId {
        self.component.id()
    }

    fn focus(&self) -> Focus {
        self.component.focus()
    }

    fn init(&mut self, context: EventContext) -> Outcome<O> {
        self.update(context, |component, update| component.init(update))
    }

    fn capture_event(&mut self, event: &Event, context: EventContext) -> Outcome<O> {
        let reaction = self.component.capture_event(event, &context);
        self.react(reaction, context)
    }

    fn handle_event(&mut self, event: &Event, context: EventContext) -> Outcome<O> {
        let reaction = self.component.handle_event(event, &context);
        self.react(reaction, context)
    }

    fn height(&self, width: u16, context: &RenderContext<'_>) -> u16 {
        self.component.height(width, context)
    }

    fn render(&self, area: Rect, buffer: &mut Buffer, context: &RenderContext<'_>) {
        self.component.render(area, buffer, context);
    }

    fn cursor(&self, area: Rect, context: &RenderContext<'_>) -> Option<Position> {
        self.component.cursor(area, context)
    }

    fn wake_at(&self, now: Moment, display: &Display) -> Option<Moment> {
        self.component.wake_at(now, display)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

/// A node: a component, its place in the tree, and where it is on the screen.
pub(crate) struct Node<O> {
    pub(crate) component: Box<dyn Erased<O>>,
    pub(crate) parent: Option<NodeId>,
    pub(crate) children: Vec<NodeId>,
    pub(crate) slot: Slot,
    pub(crate) area: Rect,
    /// Whether it, or something around it, is hidden.
    pub(crate) hidden: bool,
    pub(crate) dirty: bool,
    /// Whether it is a [`Group`](crate::Group), which leaves its area as it is.
    pub(crate) is_group: bool,
    pub(crate) wake: Option<Moment>,
}
