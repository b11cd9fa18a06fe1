//! Composition of the terminal interface: a tree of components.
//!
//! # Types
//!
//! - [`Tree`]: owns the components, and is an [`Interface`](loom_tui_core::Interface) itself. `O` is what
//!   the whole tells its owner; each component is mounted with a function that turns its own outputs
//!   into that.
//! - [`Handle`]: a mounted component with its type; [`NodeId`]: one without.
//! - [`Configure`]: a component with typed props. Props that are equal to those before change nothing.
//! - [`Group`]: draws nothing and arranges its children.
//! - [`Slot`]: how much room a component gets; [`Arrangement`]: how a component arranges its children.
//! - [`LogEntry`]: what happened to an event on its way, for tests.
//!
//! # Events
//!
//! A key or a paste goes to the component with the focus: first everything around it sees it, from the
//! outside in ([`capture_event`](loom_tui_core::Component::capture_event)), then the component itself,
//! then everything around it again, from the inside out. Whoever consumes it ends the way. `<Tab>` and
//! `<S-Tab>` that nobody wants move the focus along the ring of components that accept it, in the
//! order of the tree. The mouse goes to the topmost component under it in the same way; a press moves
//! the focus, and what follows until the release goes to the component that was pressed. Everything
//! else is told to all.
//!
//! A trap ([`Tree::trap`]) keeps keys, mouse and focus inside a part of the tree, as a dialog does, until
//! it is released or unmounted; then the focus goes back to where it was.
//!
//! # Layout and painting
//!
//! Sizes are asked for from the outside in: rows and columns give fixed cells, then what fits, then
//! shares of the rest. The tree keeps the last frame and paints anew only what asked for it, with
//! whatever overlaps it: a keystroke repaints the input line, whatever else is on the screen.
//!
//! # Failure
//!
//! A handle of something unmounted finds nothing, and is never mistaken for another component. A
//! component that wants to be woken in the past is woken a millisecond later, so that it cannot stop
//! the clock. Nothing here depends on the size of the screen, which may be empty.

mod dispatch;
mod focus;
mod group;
mod layout;
mod log;
mod node;
mod paint;
mod tree;

pub use group::Group;
pub use layout::{Arrangement, Extent, Placement, Slot};
pub use log::{LogEntry, Phase};
pub use node::{Configure, Handle, NodeId};
pub use tree::{Shown, Tree};
