//! What the terminal can show, and what the person wants to see.

use loom_tui_theme::{Palette, Role};
use ratatui::style::Style;
use ratatui::symbols::border;

/// Which characters the terminal can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Glyphs {
    /// All of Unicode.
    #[default]
    Unicode,
    /// Only ASCII. Everything else is drawn as `?`.
    Ascii,
}

/// How much may move.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Motion {
    /// What tells something by moving may move.
    #[default]
    Full,
    /// Nothing moves.
    Reduced,
}

/// Who puts text into visual order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BidiOrder {
    /// Loom does (Unicode Standard Annex 9). Right for terminals that show cells as they come:
    /// Alacritty, foot, Ghostty, kitty, tmux, WezTerm, xterm, and for VTE once the program has sent
    /// `CSI 8 l` (explicit mode of ECMA-48's BDSM).
    #[default]
    Visual,
    /// The terminal does, and would undo ours: Konsole, mlterm, Apple's Terminal.
    Logical,
}

/// What terminal and person can and want to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Display {
    /// The colours.
    pub palette: Palette,
    /// The characters.
    pub glyphs: Glyphs,
    /// How much may move.
    pub motion: Motion,
    /// Who puts text into visual order.
    pub bidi: BidiOrder,
}

impl Display {
    /// Makes a display with these colours, and everything else as most terminals have it.
    pub fn new(palette: Palette) -> Self {
        Self {
            palette,
            glyphs: Glyphs::default(),
            motion: Motion::default(),
            bidi: BidiOrder::default(),
        }
    }

    /// Returns the style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.palette.style(role)
    }

    /// Returns the sign that goes with a role whose colour carries meaning, or nothing.
    pub fn sign(&self, role: Role) -> &'static str {
        match (self.glyphs, role.sign()) {
            (Glyphs::Ascii, Some("✓")) => "v",
            (Glyphs::Ascii, Some("✗")) => "x",
            (_, sign) => sign.unwrap_or(""),
        }
    }

    /// Returns the characters of lines around things.
    pub fn border(&self) -> border::Set<'static> {
        match self.glyphs {
            Glyphs::Unicode => border::ROUNDED,
            Glyphs::Ascii => border::Set {
                top_left: "+",
                top_right: "+",
                bottom_left: "+",
                bottom_right: "+",
                vertical_left: "|",
                vertical_right: "|",
                horizontal_top: "-",
                horizontal_bottom: "-",
            },
        }
    }

    /// Picks one of two texts by the characters that there are.
    pub fn pick(&self, unicode: &'static str, ascii: &'static str) -> &'static str {
        match self.glyphs {
            Glyphs::Unicode => unicode,
            Glyphs::Ascii => ascii,
        }
    }
}
