//! Drives an interface by keys and a clock of its own.

use std::time::Duration;

use loom_tui_core::{
    Component, Display, Event, EventContext, Interface, KeySequence, Moment, MouseEvent, Reaction,
    RenderContext, Update,
};
use loom_tui_theme::{Builtin, ColorDepth, Palette};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect, Size};

use crate::snapshot::{snapshot, snapshot_with_cursor, text};

/// The most wakes within one advance of the clock: far more than 60 a second for a minute.
const MOST_WAKES: usize = 10_000;

/// An interface with a terminal, a person and a clock.
#[derive(Debug)]
pub struct Harness<I: Interface> {
    interface: I,
    now: Moment,
    buffer: Buffer,
    cursor: Option<Position>,
    outputs: Vec<I::Output>,
    frames: usize,
}

impl<I: Interface> Harness<I> {
    /// Starts an interface on a terminal of a size.
    pub fn new(interface: I, width: u16, height: u16) -> Self {
        let mut harness = Self {
            interface,
            now: Moment::START,
            buffer: Buffer::empty(Rect::new(0, 0, width, height)),
            cursor: None,
            outputs: Vec::new(),
            frames: 0,
        };
        harness.resize(width, height);
        harness
    }

    /// Hands in an event, and draws if the interface wants that.
    pub fn send(&mut self, event: &Event) {
        let outputs = self.interface.dispatch(event, self.now);
        self.outputs.extend(outputs);
        self.draw();
    }

    /// Types keys, such as `<C-r>hello<CR>`.
    ///
    /// # Panics
    ///
    /// When that is not how keys are written.
    pub fn keys(&mut self, keys: &str) {
        let sequence: KeySequence = keys
            .parse()
            .unwrap_or_else(|error| panic!("in the keys {keys:?}: {error}"));
        for key in sequence.keys() {
            self.send(&Event::Key(*key));
        }
    }

    /// Pastes text.
    pub fn paste(&mut self, text: &str) {
        self.send(&Event::Paste(text.to_owned()));
    }

    /// Uses the mouse.
    pub fn mouse(&mut self, event: MouseEvent) {
        self.send(&Event::Mouse(event));
    }

    /// Changes the terminal's size.
    pub fn resize(&mut self, width: u16, height: u16) {
        self.buffer = Buffer::empty(Rect::new(0, 0, width, height));
        self.send(&Event::Resize(Size::new(width, height)));
        self.draw_now();
    }

    /// Lets time pass. The interface is woken whenever it wants to be.
    ///
    /// # Panics
    ///
    /// When it wants to be woken without end.
    pub fn advance(&mut self, duration: Duration) {
        let end = self.now + duration;
        for _ in 0..MOST_WAKES {
            match self.interface.wake_at(self.now) {
                Some(at) if at <= end => {
                    self.now = self.now.max(at);
                    self.send(&Event::Tick);
                }
                _ => {
                    self.now = end;
                    return;
                }
            }
        }
        panic!(
            "the interface wants to be woken without end, lastly at {:?}",
            self.now
        );
    }

    /// Whether nothing happens until somebody does something.
    pub fn is_idle(&self) -> bool {
        !self.interface.wants_redraw() && self.interface.wake_at(self.now).is_none()
    }

    /// Returns what the interface wants done since this was last asked.
    pub fn take_outputs(&mut self) -> Vec<I::Output> {
        std::mem::take(&mut self.outputs)
    }

    /// Returns how often was drawn since this was last asked.
    pub const fn take_frames(&mut self) -> usize {
        let frames = self.frames;
        self.frames = 0;
        frames
    }

    /// Returns what is on the screen.
    pub const fn screen(&self) -> &Buffer {
        &self.buffer
    }

    /// Returns the text on the screen, without spaces at the ends.
    pub fn text(&self) -> String {
        text(&self.buffer)
    }

    /// Returns text and styles of the screen.
    pub fn snapshot(&self) -> String {
        snapshot(&self.buffer)
    }

    /// Returns text and styles of the screen, and where the cursor is.
    pub fn snapshot_with_cursor(&self) -> String {
        snapshot_with_cursor(&self.buffer, self.cursor)
    }

    /// Returns where the cursor is, if it is shown.
    pub const fn cursor(&self) -> Option<Position> {
        self.cursor
    }

    /// Returns what time it is.
    pub const fn now(&self) -> Moment {
        self.now
    }

    /// Returns the interface.
    pub const fn interface(&self) -> &I {
        &self.interface
    }

    /// Returns the interface, to change it as its owner does; what changed is drawn.
    pub fn change<R>(&mut self, change: impl FnOnce(&mut I) -> R) -> R {
        let result = change(&mut self.interface);
        self.draw_now();
        result
    }

    fn draw(&mut self) {
        if self.interface.wants_redraw() {
            self.draw_now();
        }
    }

    fn draw_now(&mut self) {
        self.buffer.reset();
        self.cursor = self.interface.draw(&mut self.buffer, self.now);
        self.frames += 1;
    }
}

/// An interface of one component, which has all of the screen and the focus.
#[derive(Debug)]
pub struct Single<C> {
    component: C,
    display: Display,
    area: Rect,
    dirty: bool,
    /// Whether the component was told to begin.
    begun: bool,
}

impl<C: Component> Single<C> {
    /// Makes an interface of a component, in the colours of the dark theme.
    pub fn new(component: C) -> Self {
        Self::with_display(component, dark())
    }

    /// Makes an interface of a component for a certain display.
    pub fn with_display(component: C, display: Display) -> Self {
        Self {
            component,
            display,
            area: Rect::ZERO,
            dirty: true,
            begun: false,
        }
    }

    /// Returns the component.
    pub const fn component(&self) -> &C {
        &self.component
    }

    /// Returns the component, to change it as its owner does.
    pub const fn component_mut(&mut self) -> &mut C {
        &mut self.component
    }

    fn act(
        &mut self,
        reaction: Reaction<C::Action>,
        context: EventContext,
        outputs: &mut Vec<C::Output>,
    ) {
        if let Reaction::Act(action) | Reaction::Observe(action) = reaction {
            let mut update = Update::new(context);
            self.component.update(action, &mut update);
            self.dirty |= update.wants_redraw();
            outputs.extend(update.into_outputs());
        }
    }

    const fn context(&self, now: Moment) -> EventContext {
        EventContext {
            now,
            area: self.area,
            focused: true,
        }
    }
}

impl<C: Component> Interface for Single<C> {
    type Output = C::Output;

    fn dispatch(&mut self, event: &Event, now: Moment) -> Vec<C::Output> {
        if let Event::Resize(size) = event {
            self.area = Rect::new(0, 0, size.width, size.height);
            self.dirty = true;
        }
        let context = self.context(now);
        let mut outputs = Vec::new();
        if !std::mem::replace(&mut self.begun, true) {
            let mut update = Update::new(context);
            self.component.init(&mut update);
            outputs.extend(update.into_outputs());
        }
        let captured = self.component.capture_event(event, &context);
        let goes_on = matches!(captured, Reaction::Pass | Reaction::Observe(_));
        self.act(captured, context, &mut outputs);
        if goes_on {
            let handled = self.component.handle_event(event, &context);
            self.act(handled, context, &mut outputs);
        }
        outputs
    }

    fn wants_redraw(&self) -> bool {
        self.dirty
    }

    fn draw(&mut self, buffer: &mut Buffer, now: Moment) -> Option<Position> {
        self.dirty = false;
        self.area = buffer.area;
        let context = RenderContext {
            now,
            display: &self.display,
            focused: true,
        };
        self.component.render(buffer.area, buffer, &context);
        self.component.cursor(buffer.area, &context)
    }

    fn wake_at(&self, now: Moment) -> Option<Moment> {
        self.component.wake_at(now, &self.display)
    }
}

/// The dark theme in all colours.
pub fn dark() -> Display {
    Display::new(Palette::new(&Builtin::Dark.theme(), ColorDepth::TrueColor))
}
