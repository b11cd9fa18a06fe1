//! What happened to an event on its way.

use loom_tui_core::ComponentId;

/// A part of an event's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// From the outside in.
    Capture,
    /// At the component that it is for.
    Target,
    /// From the inside out.
    Bubble,
    /// Told to all.
    Broadcast,
}

/// A component saw an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Which component.
    pub component: ComponentId,
    /// On which part of the way.
    pub phase: Phase,
    /// Whether the way ended there.
    pub consumed: bool,
}
