//! Colours of the terminal interface: what they mean, what they are, and what a terminal can show of
//! them.
//!
//! # Types
//!
//! - [`Role`]: what a piece of the screen means (`muted`, `added`, `mode-full`). Widgets name roles
//!   and never colours.
//! - [`Swatch`]: a colour of a theme by its job (`green`, `raised`). Roles are painted with swatches,
//!   so a theme of one's own may be a dozen lines: the swatches, and nothing else.
//! - [`Theme`]: the swatches and the looks of all roles. Built in are [`Builtin::Dark`],
//!   [`Builtin::Light`], [`Builtin::HighContrast`] and [`Builtin::Ansi16`]; [`Theme::from_toml`] reads
//!   those of people, which inherit from another.
//! - [`Palette`]: a theme as a terminal of some [`ColorDepth`] can show it, as ratatui styles. Made
//!   once when the theme or the depth changes; looking a style up is indexing an array.
//!
//! # Flow
//!
//! ```text
//! environment ──> ColorDepth::detect ─────────────┐
//! OSC 11 answer, COLORFGBG ──> Background ──> Theme ──> Palette::new ──> palette.style(role)
//! the person's TOML ──> Theme::from_toml ───┘
//! ```
//!
//! Switching at run time is making another [`Palette`]; its [`Palette::generation`] differs, so what
//! was cached with the old one is recognised.
//!
//! # Why so
//!
//! The dark and the light theme leave the terminal's own background alone, since people have chosen
//! it: their colours keep their contrast (WCAG 2.1: 4.5 for text, 3 for borders and hints) on all
//! backgrounds that are common, and tests hold every pair to it. Colours become fewer by likeness as
//! eyes have it (Oklab), and what has a hue keeps one: an error in sixteen colours is red, not grey.
//! Where colours carry meaning a sign carries it, too ([`Role::sign`]), for those who cannot tell the
//! colours apart and for terminals without any.
//!
//! # Failure
//!
//! A theme that does not parse is a [`ThemeError`] with line, column and a hint; the caller goes on
//! with the theme it has. Nothing here reads the environment, a file or the terminal.

mod background;
mod builtin;
mod color;
mod contrast;
mod depth;
mod error;
mod file;
mod palette;
mod role;
mod theme;

pub use background::{
    BACKGROUND_QUESTION, Background, background_answer, background_from_colorfgbg,
};
pub use builtin::Builtin;
pub use color::{Oklab, Paint, Rgb};
pub use contrast::{Contrast, LowContrast};
pub use depth::{ColorDepth, Output};
pub use error::ThemeError;
pub use palette::{Palette, shown};
pub use role::{Role, Swatch};
pub use theme::{Look, Theme};
