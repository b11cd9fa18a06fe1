//! What happens to the interface.

use loom_common_core::stream::ThreadEvent;
use ratatui::layout::{Position, Size};

use crate::{KeyPress, Modifiers};

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A key was pressed, or repeats.
    Key(KeyPress),
    /// Text was pasted. It is as it came: not yet safe to draw.
    Paste(String),
    /// The mouse was used.
    Mouse(MouseEvent),
    /// The terminal has this size now.
    Resize(Size),
    /// The terminal's window got the focus.
    FocusGained,
    /// The terminal's window lost the focus.
    FocusLost,
    /// It is the instant at which the component wanted to be woken, or later.
    Tick,
    /// The session tells something.
    Thread(Box<ThreadEvent>),
}

/// A use of the mouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MouseEvent {
    /// What was done.
    pub kind: MouseKind,
    /// Where: column and row of the terminal, from 0.
    pub position: Position,
    /// The modifier keys that were held.
    pub modifiers: Modifiers,
}

/// What was done with the mouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MouseKind {
    /// A button went down.
    Down(MouseButton),
    /// A button went up.
    Up(MouseButton),
    /// It moved with a button down.
    Drag(MouseButton),
    /// It moved.
    Moved,
    /// The wheel turned away from the person.
    ScrollUp,
    /// The wheel turned to the person.
    ScrollDown,
    /// The wheel was pushed to the left.
    ScrollLeft,
    /// The wheel was pushed to the right.
    ScrollRight,
}

/// A button of the mouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MouseButton {
    /// The left one.
    Left,
    /// The middle one.
    Middle,
    /// The right one.
    Right,
}
