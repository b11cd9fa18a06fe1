//! Keys as people and tests write them: `<C-r>hello<CR>`.
//!
//! A character stands for its key. In angle brackets stand keys with names and keys with modifiers
//! (`C-` control, `A-` alt, `S-` shift, `D-` super), and `<lt>` is the bracket itself. Names and
//! modifiers may be written in either case.

use std::fmt;
use std::str::FromStr;

use super::{KeyCode, KeyPress, Modifiers};

/// Keys with names; the first of several names for a key is the one that is written.
const NAMES: [(&str, KeyCode); 27] = [
    ("CR", KeyCode::Enter),
    ("Enter", KeyCode::Enter),
    ("Return", KeyCode::Enter),
    ("Tab", KeyCode::Tab),
    ("BS", KeyCode::Backspace),
    ("Backspace", KeyCode::Backspace),
    ("Del", KeyCode::Delete),
    ("Delete", KeyCode::Delete),
    ("Esc", KeyCode::Esc),
    ("Escape", KeyCode::Esc),
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("PageUp", KeyCode::PageUp),
    ("PgUp", KeyCode::PageUp),
    ("PageDown", KeyCode::PageDown),
    ("PgDn", KeyCode::PageDown),
    ("Ins", KeyCode::Insert),
    ("Insert", KeyCode::Insert),
    ("Menu", KeyCode::Menu),
    ("Space", KeyCode::Char(' ')),
    ("lt", KeyCode::Char('<')),
    ("gt", KeyCode::Char('>')),
    ("Bar", KeyCode::Char('|')),
];

const PREFIXES: [(&str, Modifiers); 5] = [
    ("C-", Modifiers::CONTROL),
    ("A-", Modifiers::ALT),
    ("M-", Modifiers::ALT),
    ("S-", Modifiers::SHIFT),
    ("D-", Modifiers::SUPER),
];

/// Keys, one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct KeySequence(Vec<KeyPress>);

impl KeySequence {
    /// Returns the keys.
    pub fn keys(&self) -> &[KeyPress] {
        &self.0
    }
}

impl FromIterator<KeyPress> for KeySequence {
    fn from_iter<I: IntoIterator<Item = KeyPress>>(keys: I) -> Self {
        Self(keys.into_iter().collect())
    }
}

/// Keys that cannot be understood. Trying again does not help: they have to be written otherwise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotationError {
    /// A bracket is open at the end.
    #[error("`{text}` has no closing `>`; write `<lt>` for the character itself")]
    Unclosed {
        /// The text from the bracket on.
        text: String,
    },
    /// There is no key by this name.
    #[error("there is no key `<{name}>`{}", suggestion(nearest.as_deref()))]
    UnknownKey {
        /// The name, with its modifiers.
        name: String,
        /// The name that was probably meant.
        nearest: Option<String>,
    },
    /// A single key was wanted.
    #[error("`{text}` is not one key but {count}")]
    NotOneKey {
        /// The text.
        text: String,
        /// How many keys it has.
        count: usize,
    },
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `<{name}>`?"))
}

impl FromStr for KeySequence {
    type Err = NotationError;

    fn from_str(text: &str) -> Result<Self, NotationError> {
        let mut keys = Vec::new();
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            if character != '<' {
                let code = match character {
                    '\n' => KeyCode::Enter,
                    _ => KeyCode::Char(character),
                };
                keys.push(KeyPress::plain(code));
                rest = &rest[character.len_utf8()..];
                continue;
            }
            let inner = &rest[1..];
            let end = inner.find('>').ok_or_else(|| NotationError::Unclosed {
                text: rest.to_owned(),
            })?;
            keys.push(named(&inner[..end])?);
            rest = &inner[end + 1..];
        }
        Ok(Self(keys))
    }
}

impl FromStr for KeyPress {
    type Err = NotationError;

    fn from_str(text: &str) -> Result<Self, NotationError> {
        let sequence: KeySequence = text.parse()?;
        match sequence.keys() {
            [key] => Ok(*key),
            keys => Err(NotationError::NotOneKey {
                text: text.to_owned(),
                count: keys.len(),
            }),
        }
    }
}

/// Reads what stands in brackets.
fn named(name: &str) -> Result<KeyPress, NotationError> {
    let mut modifiers = Modifiers::NONE;
    let mut rest = name;
    // `-` itself is a key, so a prefix must have something after it.
    while let Some((prefix, modifier)) = PREFIXES
        .iter()
        .find(|(prefix, _)| starts_with(rest, prefix) && rest.len() > prefix.len())
    {
        modifiers = modifiers | *modifier;
        rest = &rest[prefix.len()..];
    }
    let mut characters = rest.chars();
    let code = match (characters.next(), characters.next()) {
        (Some(character), None) if !modifiers.is_empty() => Some(KeyCode::Char(character)),
        _ => function_key(rest).or_else(|| {
            NAMES
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(rest))
                .map(|(_, code)| *code)
        }),
    };
    match code {
        Some(code) => Ok(KeyPress::new(code, modifiers)),
        None => Err(NotationError::UnknownKey {
            name: name.to_owned(),
            nearest: nearest(rest)
                .map(|known| format!("{}{known}", &name[..name.len() - rest.len()])),
        }),
    }
}

fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn function_key(name: &str) -> Option<KeyCode> {
    let digits = name.strip_prefix(['F', 'f'])?;
    let number: u8 = digits.parse().ok()?;
    (!digits.starts_with(['0', '+']) && number <= 35).then_some(KeyCode::F(number))
}

fn nearest(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    NAMES
        .iter()
        .map(|(known, _)| {
            (
                strsim::jaro_winkler(&name, &known.to_ascii_lowercase()),
                *known,
            )
        })
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, known)| known)
}

impl fmt::Display for KeyPress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.code {
            KeyCode::F(number) => Some(format!("F{number}")),
            // Needs no name of its own unless it would close the bracket.
            KeyCode::Char('>' | '|') if self.modifiers.is_empty() => None,
            code => NAMES
                .iter()
                .find(|(_, known)| *known == code)
                .map(|(name, _)| (*name).to_owned()),
        };
        if let (KeyCode::Char(character), None, true) =
            (self.code, &name, self.modifiers.is_empty())
        {
            return write!(formatter, "{character}");
        }
        formatter.write_str("<")?;
        for (prefix, modifier) in [PREFIXES[0], PREFIXES[1], PREFIXES[3], PREFIXES[4]] {
            if self.modifiers.contains(modifier) {
                formatter.write_str(prefix)?;
            }
        }
        match (name, self.code) {
            (Some(name), _) => formatter.write_str(&name)?,
            (None, KeyCode::Char(character)) => write!(formatter, "{character}")?,
            (None, _) => {}
        }
        formatter.write_str(">")
    }
}

impl fmt::Display for KeySequence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|key| key.fmt(formatter))
    }
}
