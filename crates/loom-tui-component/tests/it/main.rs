//! A tree of components, from outside.

mod events;
mod field;
mod layout;
mod painting;
