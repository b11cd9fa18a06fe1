//! What can only be told by knowing how the terminal encodes keys.

use std::time::Duration;

use super::{KeyCode, KeyPress, Modifiers};
use crate::Moment;

/// How the terminal encodes keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum KeyProtocol {
    /// As ever: control characters, and an escape character before a key for alt.
    #[default]
    Legacy,
    /// The kitty keyboard protocol with escape codes told apart: every key is itself.
    Kitty,
}

/// How long the rest of a key may take after its escape character. A slow link tears them apart; a
/// person takes longer between two keys.
const ESCAPE_WAIT: Duration = Duration::from_millis(30);

/// Turns the keys that are read into those that were meant.
///
/// With the legacy encoding an escape is held back for a moment, for it may belong to the next key.
#[derive(Clone, Debug, Default)]
pub struct KeyNormalizer {
    protocol: KeyProtocol,
    escape_at: Option<Moment>,
}

impl KeyNormalizer {
    /// Begins with nothing held back.
    pub const fn new(protocol: KeyProtocol) -> Self {
        Self {
            protocol,
            escape_at: None,
        }
    }

    /// Takes in a key that was read, and returns those that were meant, in order.
    pub fn push(&mut self, key: KeyPress, now: Moment) -> impl Iterator<Item = KeyPress> + use<> {
        let [first, second] = match self.protocol {
            KeyProtocol::Kitty => [Some(key), None],
            KeyProtocol::Legacy => self.push_legacy(unambiguous(key), now),
        };
        first.into_iter().chain(second)
    }

    fn push_legacy(&mut self, key: KeyPress, now: Moment) -> [Option<KeyPress>; 2] {
        let held = self.escape_at.take();
        let is_escape = key == KeyPress::plain(KeyCode::Esc);
        match held {
            // Nothing is joined to an escape that came long ago, should nobody have flushed it.
            Some(at) if now.since(at) > ESCAPE_WAIT => {
                let [key, _] = self.push_legacy(key, now);
                [Some(KeyPress::plain(KeyCode::Esc)), key]
            }
            Some(_) => [Some(key.with(Modifiers::ALT)), None],
            None if is_escape => {
                self.escape_at = Some(now);
                [None, None]
            }
            None => [Some(key), None],
        }
    }

    /// Returns when [`flush`](Self::flush) should be called, if anything is held back.
    pub fn deadline(&self) -> Option<Moment> {
        self.escape_at.map(|at| at + ESCAPE_WAIT)
    }

    /// Returns the escape that was held back, if nothing came after it in time.
    pub fn flush(&mut self, now: Moment) -> Option<KeyPress> {
        self.deadline().filter(|deadline| *deadline <= now)?;
        self.escape_at = None;
        Some(KeyPress::plain(KeyCode::Esc))
    }
}

/// Reads a key as what it most likely was, where the legacy encoding has one code for several:
/// `<C-h>` for backspace, `<C-i>` for the tabulator, digits for the control characters that have no
/// letter (`<C-7>` for `<C-_>`).
fn unambiguous(key: KeyPress) -> KeyPress {
    if !key.modifiers().contains(Modifiers::CONTROL) {
        return key;
    }
    let rest = key.modifiers().without(Modifiers::CONTROL);
    let control = |code| KeyPress::new(KeyCode::Char(code), rest | Modifiers::CONTROL);
    match key.code() {
        KeyCode::Char('h') => KeyPress::new(KeyCode::Backspace, rest),
        KeyCode::Char('i') => KeyPress::new(KeyCode::Tab, rest),
        KeyCode::Char('m') => KeyPress::new(KeyCode::Enter, rest),
        KeyCode::Char('[' | '3') => KeyPress::new(KeyCode::Esc, rest),
        KeyCode::Char('@' | '`' | '2') => control(' '),
        KeyCode::Char('4') => control('\\'),
        KeyCode::Char('5') => control(']'),
        KeyCode::Char('6' | '~') => control('^'),
        KeyCode::Char('7' | '/') => control('_'),
        _ => key,
    }
}
