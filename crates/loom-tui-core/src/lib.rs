//! What the terminal interface is made of: components, events, keys, and text that is safe to draw.
//!
//! # Types
//!
//! - [`Component`]: a piece of the interface. [`Interface`]: a whole one, as an event loop or a test
//!   drives it.
//! - [`Event`]: what happens to it: a [`KeyPress`], a paste, the mouse, a new size, the end of a wait,
//!   an event of the session. [`KeySequence`] is how people and tests write keys: `<C-r>hello<CR>`.
//! - [`SafeText`], [`Line`], [`Row`]: text of others, which cannot do anything to the terminal; a line
//!   of it with styles; the part of a line that fits a width.
//! - [`Content`]: rows that can be counted and drawn apart from any screen, for what scrolls and for
//!   what goes into the terminal's own scrollback. [`Memo`] keeps what was computed for a width.
//! - [`Display`]: what terminal and person can and want to see: colours, characters, motion.
//! - [`Moment`]: time since the interface started. Whoever drives it says what time it is.
//!
//! # Flow
//!
//! ```text
//!  Event ──> handle_event(&self) ──> Action ──> update(&mut self) ──> Output, to the owner
//!                                                       │
//!                       render(&self) <── redraw asked for
//! ```
//!
//! Only `update` changes state: `handle_event` and `render` cannot, by their types. Nothing ticks: a
//! component says at which instant it wants to be woken ([`Component::wake_at`]), from its state, so
//! what stands still, is hidden or is gone wakes nobody. A component measures itself for a width
//! before it is drawn and draws into any buffer, at any place.
//!
//! # Text
//!
//! Tools, models and repositories write what they like. Into a [`Line`] goes only [`SafeText`], and
//! only lines are drawn, so nothing else can reach the terminal: no control character, no escape
//! sequence, nothing that reorders or hides text. Widths are those that ratatui counts with, by
//! grapheme cluster: a family of emoji joined to one is two cells wide. Text is kept in the order in
//! which it is read; a row with right-to-left text is put into visual order as it is drawn
//! ([`BidiOrder`] says for which terminals not).
//!
//! # Failure
//!
//! Drawing and wrapping are total: any text, any width from nothing to `u16::MAX`, any area in or
//! outside of the buffer. What has no room is left out, and a cluster that is wider than its row is
//! drawn as `U+FFFD`. Errors arise only where people write keys ([`NotationError`]), with the name
//! that was probably meant.
//!
//! # Why so
//!
//! In the way of Elm, but with components that own their state and can be used alone: ratatui's own
//! widgets have no events, and an interface with one state and one action type ties every widget to
//! one program. Keys, sizes and time come in as values, so tests type keys and look at cells, and no
//! test waits.

mod component;
mod content;
mod display;
mod event;
mod key;
mod moment;
mod text;

pub use component::{
    Component, ComponentId, EventContext, Focus, Interface, Reaction, RenderContext, Update,
};
pub use content::{Content, Memo, offscreen};
pub use display::{BidiOrder, Display, Glyphs, Motion};
pub use event::{Event, MouseButton, MouseEvent, MouseKind};
pub use key::{
    KeyCode, KeyNormalizer, KeyPress, KeyProtocol, KeySequence, Modifiers, NotationError,
};
pub use moment::Moment;
pub use text::{BreakAt, Line, Row, SafeText, Wrap, blank, cluster_width, width};
