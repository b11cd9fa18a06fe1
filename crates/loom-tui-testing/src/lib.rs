//! Test support for the terminal interface: a terminal in memory, keys, time, snapshots and pictures.
//!
//! | module | what it gives a test |
//! | --- | --- |
//! | [`harness`] | [`Harness`]: drives an interface or one component by keys and a clock of its own, until it rests |
//! | [`terminal`] | [`MockTerminal`]: takes the bytes that a program writes; what it shows, what scrolled away, what it did not understand |
//! | [`snapshot`] | [`snapshot`](snapshot::snapshot): text **and** styles of a screen, for `insta` |
//! | [`picture`] | [`Picture`]: a screen as PNG, the comparison of two, and the picture of what differs |
//! | [`hostile`] | events and areas for property tests, and [`assert_total`](hostile::assert_total) |
//!
//! A screen is a ratatui [`Buffer`](ratatui::buffer::Buffer) everywhere: what a component drew and what
//! the terminal in memory shows are looked at in the same ways.
//!
//! # Flow
//!
//! ```text
//! "<C-r>hello<CR>" ──> Harness ──> Interface ──> Buffer ──> snapshot, Picture ──> committed files
//!      clock ───────────┘                          ^
//! bytes of a program ──> MockTerminal (vt100) ─────┘
//! ```
//!
//! # Failure
//!
//! Whatever goes wrong is told by a panic that shows it: test support has no errors to handle. Nothing
//! sleeps and nothing reads a clock; an interface that does not come to rest within a bound of wakes is
//! told so.
//!
//! # Pictures
//!
//! Letters come from DejaVu Sans Mono, what it lacks from Unifont; lines, blocks and shades are drawn
//! by geometry, so that they meet. The same cells give the same bytes. Pictures are compared cell by
//! cell as eyes compare them (distance in Oklab): a cell differs when enough of its pixels clearly do,
//! so a rounding of a float does not matter and a single changed letter does.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "test support fails a test by panicking"
)]

pub mod harness;
pub mod hostile;
pub mod picture;
pub mod snapshot;
pub mod terminal;

pub use harness::{Harness, Single};
pub use picture::Picture;
pub use terminal::MockTerminal;
