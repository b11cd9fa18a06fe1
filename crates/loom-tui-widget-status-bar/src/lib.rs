//! The line of state at the edge of the screen.
//!
//! [`StatusBar`] shows its props, [`Status`], as segments: what the agent may do and how commands are
//! confined on the left, with the model; branch, context and cost on the right. Each segment can be
//! said in several ways, the shortest being nothing. When the line is too narrow, the segment that
//! matters least is said in a shorter way, until all fits: what the agent may do goes last, for that is
//! what the person must never be wrong about.
//!
//! Colours repeat what words say. Whatever text comes from outside is [`SafeText`], and nothing fails.

mod segment;

use loom_common_core::PermissionMode;
use loom_tui_component::Configure;
use loom_tui_core::{
    Component, ComponentId, Event, EventContext, Line, Reaction, RenderContext, SafeText, Update,
    blank,
};
use loom_tui_theme::Role;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use segment::{Segment, fit, segments};

/// How commands are confined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sandbox {
    /// They are.
    On,
    /// They are not.
    Off,
    /// They should be, and this machine cannot.
    Unavailable,
}

/// What the line shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Name of the model.
    pub model: SafeText,
    /// How much the model should think, if that was said.
    pub effort: Option<SafeText>,
    /// What the agent may do without asking.
    pub mode: PermissionMode,
    /// How commands are confined.
    pub sandbox: Sandbox,
    /// Tokens of the conversation.
    pub used_tokens: u64,
    /// Tokens that the model takes, where that is known.
    pub window_tokens: Option<u64>,
    /// What the session has cost in millionths of a US dollar, where prices are known.
    pub cost_micros: Option<u64>,
    /// The branch that is checked out, if the folder is a repository.
    pub branch: Option<SafeText>,
    /// How much that the person said waits for the next model call.
    pub queued: usize,
}

/// Shows the state of a session in one row.
#[derive(Clone, Debug)]
pub struct StatusBar {
    id: ComponentId,
    status: Option<Status>,
}

impl StatusBar {
    /// Makes a line that shows nothing yet.
    pub const fn new(id: ComponentId) -> Self {
        Self { id, status: None }
    }
}

impl Configure for StatusBar {
    type Props = Status;

    fn configure(&mut self, props: &Status, _: &mut Update<()>) {
        self.status = Some(props.clone());
    }
}

impl Component for StatusBar {
    type Action = ();
    type Output = ();

    fn id(&self) -> ComponentId {
        self.id.clone()
    }

    fn handle_event(&self, _: &Event, _: &EventContext) -> Reaction<()> {
        Reaction::Pass
    }

    fn update(&mut self, (): (), _: &mut Update<()>) {}

    fn height(&self, _: u16, _: &RenderContext<'_>) -> u16 {
        1
    }

    fn render(&self, area: Rect, buffer: &mut Buffer, context: &RenderContext<'_>) {
        let display = context.display;
        let style = display.style(Role::StatusBar);
        let area = Rect {
            height: area.height.min(1),
            ..area
        };
        blank(area, buffer, style);
        let Some(status) = &self.status else {
            return;
        };
        let inner = Rect {
            x: area.x.saturating_add(1),
            width: area.width.saturating_sub(2),
            ..area
        };
        let [left, right] = fit(segments(status, display), usize::from(inner.width));
        let separator = Line::styled(
            display.pick(" · ", " | "),
            style.patch(display.style(Role::Hint)),
        );
        let joined = |segments: &[Segment]| {
            let mut line = Line::new();
            for (index, segment) in segments.iter().enumerate() {
                if index > 0 {
                    line.append(&separator);
                }
                let (text, role) = segment.said();
                line.push(text, style.patch(display.style(role)));
            }
            line
        };
        let (left, right) = (joined(&left), joined(&right));
        left.draw(inner, buffer, display);
        let width = u16::try_from(right.width()).unwrap_or(u16::MAX);
        if width <= inner.width {
            let at_the_right = Rect {
                x: inner.right() - width,
                width,
                ..inner
            };
            right.draw(at_the_right, buffer, display);
        }
    }
}
