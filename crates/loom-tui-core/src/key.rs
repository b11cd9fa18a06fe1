//! Keys, in one normal form, whatever the terminal sends for them.
//!
//! Terminals differ: `<S-a>` comes as `A`, as `a` with shift, or as `A` with shift; a control
//! character may be a key of its own. [`KeyPress::new`] brings these together, so a key map and a test
//! need to know one form. What can only be told by knowing the terminal is the [`KeyNormalizer`]'s.

mod normalizer;
mod notation;

use std::ops::BitOr;

pub use normalizer::{KeyNormalizer, KeyProtocol};
pub use notation::{KeySequence, NotationError};

/// A key without its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyCode {
    /// A key that writes a character.
    Char(char),
    /// Return.
    Enter,
    /// Tabulator.
    Tab,
    /// Deletes to the left.
    Backspace,
    /// Deletes to the right.
    Delete,
    /// Escape.
    Esc,
    /// Up.
    Up,
    /// Down.
    Down,
    /// Left.
    Left,
    /// Right.
    Right,
    /// To the beginning.
    Home,
    /// To the end.
    End,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// Insert.
    Insert,
    /// Menu.
    Menu,
    /// A function key, from 1.
    F(u8),
}

/// The modifier keys that are held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Modifiers(u8);

impl Modifiers {
    /// None.
    pub const NONE: Self = Self(0);
    /// Control.
    pub const CONTROL: Self = Self(1);
    /// Alt, or Option.
    pub const ALT: Self = Self(2);
    /// Shift.
    pub const SHIFT: Self = Self(4);
    /// Super, Windows or Command.
    pub const SUPER: Self = Self(8);

    /// Whether all of the others are among them.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl BitOr for Modifiers {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// A key with its modifiers, in normal form: shift is part of a character that has a case and stands
/// beside it only with control or super, where letters are small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyPress {
    code: KeyCode,
    modifiers: Modifiers,
}

impl KeyPress {
    /// Brings a key into its normal form.
    pub fn new(code: KeyCode, modifiers: Modifiers) -> Self {
        let KeyCode::Char(character) = code else {
            return Self { code, modifiers };
        };
        if character.is_control() {
            return of_control_character(character, modifiers);
        }
        let is_command =
            modifiers.contains(Modifiers::CONTROL) || modifiers.contains(Modifiers::SUPER);
        if is_command {
            let lower = single(character.to_lowercase()).unwrap_or(character);
            let is_letter = single(lower.to_uppercase()).is_some_and(|upper| upper != lower);
            let modifiers = if is_letter {
                modifiers
            } else {
                modifiers.without(Modifiers::SHIFT)
            };
            return Self {
                code: KeyCode::Char(lower),
                modifiers,
            };
        }
        let character = match single(character.to_uppercase()) {
            Some(upper) if modifiers.contains(Modifiers::SHIFT) => upper,
            _ => character,
        };
        Self {
            code: KeyCode::Char(character),
            modifiers: modifiers.without(Modifiers::SHIFT),
        }
    }

    /// Makes a key without modifiers.
    pub fn plain(code: KeyCode) -> Self {
        Self::new(code, Modifiers::NONE)
    }

    /// Returns the key.
    pub const fn code(self) -> KeyCode {
        self.code
    }

    /// Returns the modifiers.
    pub const fn modifiers(self) -> Modifiers {
        self.modifiers
    }

    /// Returns the character that it writes into a text, if it writes one.
    pub const fn text(self) -> Option<char> {
        match self.code {
            KeyCode::Char(character) if self.modifiers.is_empty() => Some(character),
            _ => None,
        }
    }

    fn with(self, modifiers: Modifiers) -> Self {
        Self::new(self.code, self.modifiers | modifiers)
    }
}

/// Returns the only character, if there is just one: `ß` has none that is its capital.
fn single(mut characters: impl Iterator<Item = char>) -> Option<char> {
    let first = characters.next()?;
    characters.next().is_none().then_some(first)
}

/// Returns the key that sends a control character (ECMA-48; the legacy encoding of xterm).
fn of_control_character(character: char, modifiers: Modifiers) -> KeyPress {
    let control = |code: char| (KeyCode::Char(code), modifiers | Modifiers::CONTROL);
    let (code, modifiers) = match character {
        '\0' => control(' '),
        '\t' => (KeyCode::Tab, modifiers),
        '\r' => (KeyCode::Enter, modifiers),
        '\x1b' => (KeyCode::Esc, modifiers),
        '\x7f' => (KeyCode::Backspace, modifiers),
        '\x01'..='\x1a' => control(char::from(character as u8 + b'`')),
        '\x1c' => control('\\'),
        '\x1d' => control(']'),
        '\x1e' => control('^'),
        '\x1f' => control('_'),
        _ => (KeyCode::Char(char::REPLACEMENT_CHARACTER), modifiers),
    };
    KeyPress::new(code, modifiers)
}
