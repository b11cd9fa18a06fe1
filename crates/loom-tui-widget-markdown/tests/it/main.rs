//! Markdown on a screen.

mod colors;
mod elements;
mod hostile;
mod screen;
mod streaming;
