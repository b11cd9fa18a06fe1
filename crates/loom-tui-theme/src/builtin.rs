//! The themes that come with Loom.
//!
//! Dark and light share their looks and differ in swatches. Their colours are picked so that the pairs
//! that occur keep their contrast on the backgrounds of the colour schemes that people use, not only
//! on black and white; `contrast.rs` has the numbers.

use ratatui::style::Modifier;

use crate::theme::Source;
use crate::{Background, ColorDepth, Look, Paint, Rgb, Role, Swatch, Theme};

/// A theme that comes with Loom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Builtin {
    /// For dark backgrounds.
    Dark,
    /// For light backgrounds.
    Light,
    /// White on black, all of it at a contrast of seven or more. Paints its own background.
    HighContrast,
    /// Only the terminal's sixteen colours, as the person has set them.
    Ansi16,
}

impl Builtin {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Dark, Self::Light, Self::HighContrast, Self::Ansi16];

    /// Returns the name that settings use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::HighContrast => "high-contrast",
            Self::Ansi16 => "ansi-16",
        }
    }

    /// Finds the theme with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.name() == name)
    }

    /// Picks the theme for a terminal when the person has picked none. One that has sixteen colours
    /// gets those, for only their owner knows how they look; so does one of which nothing is known.
    pub fn fitting(background: Option<Background>, depth: ColorDepth) -> Self {
        match (depth, background) {
            (ColorDepth::Monochrome | ColorDepth::Ansi16, _) | (_, None) => Self::Ansi16,
            (_, Some(Background::Dark)) => Self::Dark,
            (_, Some(Background::Light)) => Self::Light,
        }
    }

    /// Makes the theme.
    pub fn theme(self) -> Theme {
        let swatch: fn(Swatch) -> Paint = match self {
            Self::Dark => dark,
            Self::Light => light,
            Self::HighContrast => high_contrast,
            Self::Ansi16 => ansi,
        };
        let look: fn(Role) -> Look = match self {
            Self::Dark | Self::Light => common_look,
            Self::HighContrast => high_contrast_look,
            Self::Ansi16 => ansi_look,
        };
        Theme {
            name: self.name().to_owned(),
            swatches: std::array::from_fn(|index| swatch(Swatch::ALL[index])),
            looks: std::array::from_fn(|index| look(Role::ALL[index])),
        }
    }
}

const fn rgb(hex: u32) -> Paint {
    Paint::Rgb(Rgb::new(hex))
}

fn dark(swatch: Swatch) -> Paint {
    match swatch {
        Swatch::Background => rgb(0x16_181d),
        Swatch::Raised => rgb(0x26_2a33),
        Swatch::CodeGround => rgb(0x1e_2128),
        Swatch::SelectionGround => rgb(0x2b_3f63),
        Swatch::AddedGround => rgb(0x10_3631),
        Swatch::RemovedGround => rgb(0x4a_1f16),
        Swatch::Foreground => rgb(0xe4_e7ec),
        Swatch::Subdued => rgb(0xad_b5c2),
        Swatch::Faint => rgb(0x8b_94a3),
        Swatch::Ink => rgb(0x14_161a),
        Swatch::Blue => rgb(0x8a_bbff),
        Swatch::Cyan => rgb(0x6f_d6d9),
        Swatch::Green => rgb(0x8c_d98f),
        Swatch::Magenta => rgb(0xd9_adf5),
        Swatch::Orange => rgb(0xf5_b27a),
        Swatch::Red => rgb(0xff_a09a),
        Swatch::Yellow => rgb(0xec_cb6e),
    }
}

fn light(swatch: Swatch) -> Paint {
    match swatch {
        Swatch::Background => rgb(0xff_ffff),
        Swatch::Raised => rgb(0xec_eff3),
        Swatch::CodeGround => rgb(0xf4_f5f8),
        Swatch::SelectionGround => rgb(0xcd_e1fb),
        Swatch::AddedGround => rgb(0xd2_f2ea),
        Swatch::RemovedGround => rgb(0xff_e3d3),
        Swatch::Foreground => rgb(0x1d_2127),
        Swatch::Subdued => rgb(0x50_5864),
        Swatch::Faint => rgb(0x6d_7683),
        Swatch::Ink => rgb(0xff_ffff),
        Swatch::Blue => rgb(0x0b_51b5),
        Swatch::Cyan => rgb(0x08_606b),
        Swatch::Green => rgb(0x17_6428),
        Swatch::Magenta => rgb(0x80_2ba6),
        Swatch::Orange => rgb(0x8e_4300),
        Swatch::Red => rgb(0xa8_1f1f),
        Swatch::Yellow => rgb(0x70_5200),
    }
}

fn high_contrast(swatch: Swatch) -> Paint {
    match swatch {
        Swatch::Background | Swatch::Raised | Swatch::CodeGround | Swatch::Ink => rgb(0),
        Swatch::SelectionGround => rgb(0x00_3a8c),
        Swatch::AddedGround => rgb(0x00_3030),
        Swatch::RemovedGround => rgb(0x52_1200),
        Swatch::Foreground => rgb(0xff_ffff),
        Swatch::Subdued => rgb(0xe0_e0e0),
        Swatch::Faint => rgb(0xc8_c8c8),
        Swatch::Blue => rgb(0xa6_d2ff),
        Swatch::Cyan => rgb(0x70_ffff),
        Swatch::Green => rgb(0x7c_ff7c),
        Swatch::Magenta => rgb(0xff_b8ff),
        Swatch::Orange => rgb(0xff_c890),
        Swatch::Red => rgb(0xff_b8b0),
        Swatch::Yellow => rgb(0xff_f060),
    }
}

fn ansi(swatch: Swatch) -> Paint {
    match swatch {
        Swatch::Background
        | Swatch::Raised
        | Swatch::CodeGround
        | Swatch::SelectionGround
        | Swatch::AddedGround
        | Swatch::RemovedGround
        | Swatch::Foreground
        // Bright black is the usual grey, and some schemes make it the background: legible always
        // is only what the terminal has for text, so what comes second is dimmed instead.
        | Swatch::Subdued
        | Swatch::Faint => Paint::Terminal,
        Swatch::Ink => Paint::Ansi(0),
        Swatch::Red => Paint::Ansi(1),
        Swatch::Green => Paint::Ansi(2),
        Swatch::Yellow | Swatch::Orange => Paint::Ansi(3),
        Swatch::Blue => Paint::Ansi(4),
        Swatch::Magenta => Paint::Ansi(5),
        Swatch::Cyan => Paint::Ansi(6),
    }
}

fn common_look(role: Role) -> Look {
    match role {
        // The terminal's own colours.
        Role::Surface | Role::Text => Look::PLAIN,
        Role::Strong => Look::PLAIN.with(Modifier::BOLD),
        Role::Emphasis => Look::PLAIN.with(Modifier::ITALIC),
        Role::Muted => Look::of(Swatch::Subdued),
        Role::Reasoning | Role::Quote => Look::of(Swatch::Subdued).with(Modifier::ITALIC),
        Role::Hint | Role::LineNumber | Role::Border | Role::ScrollTrack => Look::of(Swatch::Faint),
        Role::ScrollThumb => Look::of(Swatch::Subdued),
        Role::Accent | Role::BorderFocused | Role::Info => Look::of(Swatch::Blue),
        Role::Heading | Role::Person => Look::of(Swatch::Blue).with(Modifier::BOLD),
        Role::Link => Look::of(Swatch::Blue).with(Modifier::UNDERLINED),
        Role::Success | Role::ModeAuto => Look::of(Swatch::Green),
        Role::Warning => Look::of(Swatch::Yellow),
        Role::Error => Look::of(Swatch::Red),
        Role::Tool | Role::ModeAsk => Look::of(Swatch::Cyan),
        Role::ModePlan => Look::of(Swatch::Magenta),
        Role::ModeFull => Look::of(Swatch::Red).with(Modifier::BOLD),
        Role::Added => Look::of(Swatch::Green).on(Swatch::AddedGround),
        Role::Removed => Look::of(Swatch::Red).on(Swatch::RemovedGround),
        Role::AddedWord => Look::of(Swatch::Green)
            .on(Swatch::AddedGround)
            .with(Modifier::BOLD.union(Modifier::UNDERLINED)),
        Role::RemovedWord => Look::of(Swatch::Red)
            .on(Swatch::RemovedGround)
            .with(Modifier::BOLD.union(Modifier::UNDERLINED)),
        Role::Selection => Look::of(Swatch::Foreground).on(Swatch::SelectionGround),
        Role::Match => Look::of(Swatch::Ink).on(Swatch::Yellow),
        Role::FuzzyMatch => Look::of(Swatch::Orange).with(Modifier::BOLD),
        Role::StatusBar | Role::Overlay => Look::of(Swatch::Foreground).on(Swatch::Raised),
        Role::Code => Look::of(Swatch::Foreground),
        Role::InlineCode => Look::of(Swatch::Cyan),
        Role::CodeKeyword => Look::of(Swatch::Magenta),
        Role::CodeFunction => Look::of(Swatch::Blue),
        Role::CodeType => Look::of(Swatch::Yellow),
        Role::CodeString => Look::of(Swatch::Green),
        Role::CodeNumber => Look::of(Swatch::Orange),
        Role::CodeComment => Look::of(Swatch::Subdued).with(Modifier::ITALIC),
        Role::CodePunctuation => Look::of(Swatch::Subdued),
        Role::CodeAttribute => Look::of(Swatch::Cyan),
    }
}

fn high_contrast_look(role: Role) -> Look {
    match role {
        Role::Surface => Look::of(Swatch::Foreground).on(Swatch::Background),
        Role::Text => Look::of(Swatch::Foreground),
        // Nothing is raised on black; the bar is told by being turned around.
        Role::StatusBar => Look::of(Swatch::Ink).on(Swatch::Foreground),
        _ => common_look(role),
    }
}

fn ansi_look(role: Role) -> Look {
    match role {
        Role::Selection | Role::StatusBar => Look::PLAIN.with(Modifier::REVERSED),
        Role::Overlay | Role::Code => Look::PLAIN,
        Role::Muted
        | Role::Hint
        | Role::LineNumber
        | Role::Border
        | Role::ScrollTrack
        | Role::CodePunctuation => Look::PLAIN.with(Modifier::DIM),
        Role::ScrollThumb => Look::PLAIN,
        Role::Reasoning | Role::Quote | Role::CodeComment => {
            Look::PLAIN.with(Modifier::DIM.union(Modifier::ITALIC))
        }
        Role::Added | Role::AddedWord | Role::Removed | Role::RemovedWord => Look {
            background: None,
            ..common_look(role)
        },
        Role::Match => Look {
            foreground: Some(Source::Paint(Paint::Ansi(0))),
            background: Some(Source::Paint(Paint::Ansi(3))),
            modifiers: Modifier::empty(),
        },
        _ => common_look(role),
    }
}
