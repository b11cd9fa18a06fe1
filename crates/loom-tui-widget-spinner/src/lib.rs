//! A sign that something is at work, what it is, and for how long.
//!
//! [`Spinner`] has [`Work`] as its props, or none when nothing is at work; then it takes no row and
//! wakes nobody. What it shows follows from the time alone: which frame it is, and how many seconds
//! have passed. It wakes when that changes and not before, ten times a second; with reduced motion it
//! shows a mark that stands still and wakes once a second for the clock. The tree asks only what can be
//! seen when to wake it, so a hidden spinner costs nothing.
//!
//! It has no failure: a start in the future counts as now.

use std::time::Duration;

use loom_tui_component::Configure;
use loom_tui_core::{
    Component, ComponentId, Display, Event, EventContext, Line, Moment, Motion, Reaction,
    RenderContext, SafeText, Update, blank,
};
use loom_tui_theme::Role;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// How long a frame is shown.
const FRAME: Duration = Duration::from_millis(100);
const SECOND: Duration = Duration::from_secs(1);
/// From when on the seconds are told: before, they are noise.
const TOLD_FROM: Duration = Duration::from_secs(2);

const FRAMES: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const ASCII_FRAMES: [&str; 4] = ["|", "/", "-", "\\"];

/// Something at work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// What it does, such as `Thinking`.
    pub label: SafeText,
    /// What the person can do, such as `esc to interrupt`; empty for nothing.
    pub hint: SafeText,
    /// When it began.
    pub since: Moment,
}

/// Shows that something is at work.
#[derive(Clone, Debug)]
pub struct Spinner {
    id: ComponentId,
    work: Option<Work>,
}

/// The picture may have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turned;

impl Spinner {
    /// Makes a spinner that stands still.
    pub const fn new(id: ComponentId) -> Self {
        Self { id, work: None }
    }
}

impl Configure for Spinner {
    type Props = Option<Work>;

    fn configure(&mut self, props: &Option<Work>, _: &mut Update<()>) {
        self.work.clone_from(props);
    }
}

impl Component for Spinner {
    type Action = Turned;
    type Output = ();

    fn id(&self) -> ComponentId {
        self.id.clone()
    }

    fn handle_event(&self, event: &Event, _: &EventContext) -> Reaction<Turned> {
        match event {
            Event::Tick if self.work.is_some() => Reaction::Observe(Turned),
            _ => Reaction::Pass,
        }
    }

    fn update(&mut self, Turned: Turned, update: &mut Update<()>) {
        update.redraw();
    }

    fn height(&self, _: u16, _: &RenderContext<'_>) -> u16 {
        u16::from(self.work.is_some())
    }

    fn render(&self, area: Rect, buffer: &mut Buffer, context: &RenderContext<'_>) {
        blank(area, buffer, Style::new());
        let Some(work) = &self.work else {
            return;
        };
        let display = context.display;
        let elapsed = context.now.since(work.since);
        let mut line = Line::styled(frame(elapsed, display), display.style(Role::Accent))
            .with(" ", Style::new())
            .with(work.label.as_str(), display.style(Role::Text));
        let mut asides = Vec::new();
        if elapsed >= TOLD_FROM {
            asides.push(told(elapsed));
        }
        if !work.hint.is_empty() {
            asides.push(work.hint.to_string());
        }
        if !asides.is_empty() {
            let separator = display.pick(" · ", ", ");
            let asides = format!(" ({})", asides.join(separator));
            line.push(asides, display.style(Role::Muted));
        }
        line.draw(area, buffer, display);
    }

    fn wake_at(&self, now: Moment, display: &Display) -> Option<Moment> {
        let since = self.work.as_ref()?.since;
        let step = match display.motion {
            Motion::Full => FRAME,
            Motion::Reduced => SECOND,
        };
        let steps = now.since(since).as_millis() / step.as_millis() + 1;
        let after = step.saturating_mul(u32::try_from(steps).unwrap_or(u32::MAX));
        Some(since + after)
    }
}

fn frame(elapsed: Duration, display: &Display) -> &'static str {
    if display.motion == Motion::Reduced {
        return display.pick("●", "*");
    }
    let frame = usize::try_from(elapsed.as_millis() / FRAME.as_millis()).unwrap_or(0);
    display.pick(
        FRAMES[frame % FRAMES.len()],
        ASCII_FRAMES[frame % ASCII_FRAMES.len()],
    )
}

/// Tells a time as people do: `7s`, `1m 05s`, `2h 03m`.
fn told(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m {:02}s", seconds % 60),
        _ => format!("{hours}h {minutes:02}m"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_people_do() {
        let seconds = [0, 59, 60, 125, 3_599, 3_600, 90_061];
        assert_eq!(
            seconds.map(|seconds| told(Duration::from_secs(seconds))),
            [
                "0s", "59s", "1m 00s", "2m 05s", "59m 59s", "1h 00m", "25h 01m"
            ]
        );
    }
}
