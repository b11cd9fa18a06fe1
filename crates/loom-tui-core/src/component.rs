//! The traits of a piece of the interface and of a whole one.

use std::borrow::Cow;
use std::fmt;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::{Display, Event, Moment};

/// The name of a component, such as `input`: for key maps, logs and tests.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ComponentId(Cow<'static, str>);

impl ComponentId {
    /// Makes an id of a name that the program was written with.
    pub const fn new(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for ComponentId {
    fn from(name: String) -> Self {
        Self(Cow::Owned(name))
    }
}

impl fmt::Display for ComponentId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Whether a component can have the focus: keys and pasted text go to the one that has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Focus {
    /// It cannot.
    #[default]
    Refuses,
    /// It can.
    Accepts,
}

/// What a component answers to an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction<A> {
    /// The event is not for it; others may have it.
    Pass,
    /// It acts, and others may have the event, too.
    Observe(A),
    /// The event was for it, and nothing follows.
    Consume,
    /// The event was for it, and it acts.
    Act(A),
}

/// What is known when an event is handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventContext {
    /// What time it is.
    pub now: Moment,
    /// Where the component was drawn last; empty if it was not.
    pub area: Rect,
    /// Whether it has the focus.
    pub focused: bool,
}

/// What is known when a component is measured and drawn.
#[derive(Clone, Copy, Debug)]
pub struct RenderContext<'a> {
    /// What time it is.
    pub now: Moment,
    /// What terminal and person can and want to see.
    pub display: &'a Display,
    /// Whether the component has the focus.
    pub focused: bool,
}

/// What a component can ask for while its state changes.
#[derive(Debug)]
pub struct Update<O> {
    context: EventContext,
    outputs: Vec<O>,
    redraw: bool,
}

impl<O> Update<O> {
    /// Begins a change of state.
    pub const fn new(context: EventContext) -> Self {
        Self {
            context,
            outputs: Vec::new(),
            redraw: false,
        }
    }

    /// Returns what time it is.
    pub const fn now(&self) -> Moment {
        self.context.now
    }

    /// Returns where the component was drawn last; empty if it was not.
    pub const fn area(&self) -> Rect {
        self.context.area
    }

    /// Whether the component has the focus.
    pub const fn focused(&self) -> bool {
        self.context.focused
    }

    /// Tells the owner something.
    pub fn emit(&mut self, output: O) {
        self.outputs.push(output);
    }

    /// Asks to be drawn anew.
    pub const fn redraw(&mut self) {
        self.redraw = true;
    }

    /// Whether the component asked to be drawn anew.
    pub const fn wants_redraw(&self) -> bool {
        self.redraw
    }

    /// Returns what the component told its owner, in order.
    pub fn into_outputs(self) -> Vec<O> {
        self.outputs
    }
}

/// A piece of the interface.
///
/// Its state is its own, and only [`init`](Component::init) and [`update`](Component::update)
/// change it. What others should know it tells its owner as [`Output`](Component::Output)s.
pub trait Component {
    /// What changes the component's state.
    type Action;
    /// What it tells its owner.
    type Output;

    /// Returns its name.
    fn id(&self) -> ComponentId;

    /// Is called once, before anything else.
    fn init(&mut self, update: &mut Update<Self::Output>) {
        let _ = update;
    }

    /// Whether it can have the focus.
    fn focus(&self) -> Focus {
        Focus::Refuses
    }

    /// Sees an event before those inside of it do. A dialog keeps `<Tab>` to itself here.
    fn capture_event(&self, event: &Event, context: &EventContext) -> Reaction<Self::Action> {
        let _ = (event, context);
        Reaction::Pass
    }

    /// Decides what an event means: one for itself, or one that those inside of it let pass.
    fn handle_event(&self, event: &Event, context: &EventContext) -> Reaction<Self::Action>;

    /// Changes the state.
    fn update(&mut self, action: Self::Action, update: &mut Update<Self::Output>);

    /// Returns how many rows it would take at a width; at most as many as a buffer can have.
    fn height(&self, width: u16, context: &RenderContext<'_>) -> u16;

    /// Draws itself. It must not draw outside of the area, which may be empty.
    fn render(&self, area: Rect, buffer: &mut Buffer, context: &RenderContext<'_>);

    /// Returns where the terminal's cursor should stand when the component has the focus: input
    /// methods show there what is being composed.
    fn cursor(&self, area: Rect, context: &RenderContext<'_>) -> Option<Position> {
        let _ = (area, context);
        None
    }

    /// Returns the next instant after `now` at which it wants an [`Event::Tick`], if there is one. It
    /// is asked only while it is shown.
    fn wake_at(&self, now: Moment, display: &Display) -> Option<Moment> {
        let _ = (now, display);
        None
    }
}

/// A whole interface, as an event loop or a test drives it: hand in what happened, wait until
/// [`wake_at`](Interface::wake_at) or for something to happen, draw when it wants that.
pub trait Interface {
    /// What it wants done outside of it.
    type Output;

    /// Takes in what happened, and returns what is to be done.
    fn dispatch(&mut self, event: &Event, now: Moment) -> Vec<Self::Output>;

    /// Whether anything has changed on the screen since it was last drawn.
    fn wants_redraw(&self) -> bool;

    /// Draws all of it into the buffer, and returns where the cursor should stand, if anywhere.
    fn draw(&mut self, buffer: &mut Buffer, now: Moment) -> Option<Position>;

    /// Returns the next instant after `now` at which it wants an [`Event::Tick`]. `None` means that
    /// it stands still until something happens.
    fn wake_at(&self, now: Moment) -> Option<Moment>;
}
