//! The colours, which are Jujutsu's, so that who knows one reads the other.

use anstyle::{AnsiColor, Style};

pub(crate) const PLAIN: Style = Style::new();
pub(crate) const BOLD: Style = Style::new().bold();
/// What has been left out, and the part of an id that nobody has to type.
pub(crate) const FAINT: Style = AnsiColor::BrightBlack.on_default();
pub(crate) const STITCH_ID: Style = AnsiColor::Magenta.on_default().bold();
pub(crate) const KNOT_ID: Style = AnsiColor::Blue.on_default().bold();
pub(crate) const OPERATION_ID: Style = AnsiColor::Blue.on_default();
pub(crate) const PERSON: Style = AnsiColor::Yellow.on_default();
pub(crate) const TIME: Style = AnsiColor::Cyan.on_default();
pub(crate) const PIN: Style = AnsiColor::Magenta.on_default();
pub(crate) const SHUTTLE: Style = AnsiColor::Green.on_default();
pub(crate) const CURRENT: Style = AnsiColor::Green.on_default().bold();
pub(crate) const IMMUTABLE: Style = AnsiColor::BrightCyan.on_default().bold();
pub(crate) const TANGLE: Style = AnsiColor::Red.on_default();
pub(crate) const EMPTY: Style = AnsiColor::Green.on_default();
pub(crate) const MISSING: Style = AnsiColor::Yellow.on_default();
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
pub(crate) const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// Heads of files in a comparison.
pub(crate) const FILE: Style = AnsiColor::Yellow.on_default();
pub(crate) const HUNK: Style = AnsiColor::Cyan.on_default();
pub(crate) const REMOVED: Style = AnsiColor::Red.on_default();
pub(crate) const ADDED: Style = AnsiColor::Green.on_default();
pub(crate) const REMOVED_WORD: Style = AnsiColor::Red.on_default().underline();
pub(crate) const ADDED_WORD: Style = AnsiColor::Green.on_default().underline();
pub(crate) const MODIFIED: Style = AnsiColor::Cyan.on_default();
pub(crate) const RENAMED: Style = AnsiColor::Cyan.on_default();
