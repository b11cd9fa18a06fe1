//! Dialogs: what the agent asks, confirmations, and pickers with fuzzy search.
//!
//! # Types
//!
//! - [`ChoiceDialog`]: text, and answers to choose from; an answer may want words of the person's own.
//!   [`inquiry`] makes one of an [`Inquiry`](loom_common_core::inquiry::Inquiry), whose answers are the
//!   [`Answer`](loom_common_core::inquiry::Answer)s that the session takes; [`confirmation`] makes one
//!   of a question of yes or no.
//! - [`Picker`]: entries to find one among by typing.
//! - [`TextField`]: a line to type into.
//!
//! # Flow
//!
//! A dialog takes every key while it has the focus, so that nothing typed into it reaches what lies
//! below. The owner mounts it as a layer, traps the focus in it, and unmounts it when it tells its
//! answer. Answers are chosen by number, by letter, or with arrows and return; `<Esc>` takes the answer
//! that changes nothing.
//!
//! A dialog comes up while the person types something else. Keys of its first moment
//! ([`UNNOTICED`]) are taken for that and dropped: a `y` that was meant for a prompt must not allow a
//! command.
//!
//! # Failure
//!
//! All text is made safe before it is kept. Where there is little room the answers stay and the text
//! scrolls. A form is more than a choice: for one [`inquiry`] returns nothing, and its owner shows it
//! otherwise.

mod choice;
mod frame;
mod inquiry;
mod picker;
mod text_field;

pub use choice::{Choice, ChoiceDialog, Taken, UNNOTICED};
pub use inquiry::{Confirmation, confirmation, inquiry};
pub use picker::{Entry, Picked, Picker};
pub use text_field::TextField;
