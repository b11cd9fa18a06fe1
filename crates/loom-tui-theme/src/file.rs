//! Themes that people write.
//!
//! ```toml
//! inherits = "dark"
//!
//! [swatches]
//! blue = "#7aa2f7"
//!
//! [roles]
//! heading = { foreground = "blue", bold = true }
//! muted = "ansi-bright-black"
//! ```
//!
//! A role that is named replaces the inherited one as a whole. A colour is a swatch, `#rrggbb`,
//! `terminal`, or one of the sixteen (`ansi-red`).

use std::ops::Range;

use ratatui::style::Modifier;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::color::ANSI_NAMES;
use crate::theme::Source;
use crate::{Builtin, Look, Paint, Rgb, Role, Swatch, Theme, ThemeError};

/// Names of the modifiers, as themes write them.
const MODIFIERS: [(&str, Modifier); 6] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underlined", Modifier::UNDERLINED),
    ("reversed", Modifier::REVERSED),
    ("crossed-out", Modifier::CROSSED_OUT),
];

impl Theme {
    /// Finds a theme by its name: one of the person's, whose text `find` returns, or a built-in one.
    ///
    /// # Errors
    ///
    /// [`ThemeError`] when there is no such theme, or it or one that it inherits from is wrong.
    pub fn named(name: &str, find: &dyn Fn(&str) -> Option<String>) -> Result<Self, ThemeError> {
        resolve(name, find, &mut Vec::new())
    }

    /// Reads a theme from its text. What it inherits from is looked up as in [`Theme::named`].
    ///
    /// # Errors
    ///
    /// [`ThemeError`] when the text or a theme that it inherits from is wrong.
    pub fn from_toml(
        name: &str,
        text: &str,
        find: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ThemeError> {
        read(name, text, find, &mut vec![name.to_owned()])
    }
}

fn resolve(
    name: &str,
    find: &dyn Fn(&str) -> Option<String>,
    path: &mut Vec<String>,
) -> Result<Theme, ThemeError> {
    // A theme of the person's own may have the name of a built-in one and inherit from that.
    let is_circle = path.iter().any(|earlier| earlier == name);
    match (Builtin::from_name(name), find(name)) {
        (Some(builtin), _) if is_circle => Ok(builtin.theme()),
        (_, Some(_)) if is_circle => Err(ThemeError::Circle {
            name: name.to_owned(),
        }),
        (_, Some(text)) => {
            path.push(name.to_owned());
            read(name, &text, find, path)
        }
        (Some(builtin), None) => Ok(builtin.theme()),
        (None, None) => Err(ThemeError::NoSuchTheme {
            name: name.to_owned(),
            nearest: nearest(name, Builtin::ALL.into_iter().map(Builtin::name)),
        }),
    }
}

fn read(
    name: &str,
    text: &str,
    find: &dyn Fn(&str) -> Option<String>,
    path: &mut Vec<String>,
) -> Result<Theme, ThemeError> {
    let source = SourceText { theme: name, text };
    let document = DeTable::parse(text).map_err(|error| source.syntax(&error))?;
    let mut base = None;
    let mut swatches = None;
    let mut roles = None;
    for (key, value) in document.get_ref() {
        match key.get_ref().as_ref() {
            "inherits" => {
                let inherited = value
                    .get_ref()
                    .as_str()
                    .ok_or_else(|| source.wrong_type(value, "inherits", "the name of a theme"))?;
                base = Some(resolve(inherited, find, path)?);
            }
            "swatches" => swatches = Some(source.table(value, "swatches")?),
            "roles" => roles = Some(source.table(value, "roles")?),
            _ => {
                let known = ["inherits", "swatches", "roles"];
                return Err(source.unknown(&key.span(), "key", key.get_ref(), known));
            }
        }
    }
    let mut theme = base.unwrap_or_else(|| Builtin::Dark.theme());
    name.clone_into(&mut theme.name);
    for (key, value) in swatches.into_iter().flatten() {
        let names = Swatch::ALL.iter().map(|swatch| swatch.name());
        let swatch = Swatch::from_name(key.get_ref())
            .ok_or_else(|| source.unknown(&key.span(), "swatch", key.get_ref(), names))?;
        theme.swatches[swatch as usize] = source.paint(value, key.get_ref())?;
    }
    for (key, value) in roles.into_iter().flatten() {
        let names = Role::ALL.iter().map(|role| role.name());
        let role = Role::from_name(key.get_ref())
            .ok_or_else(|| source.unknown(&key.span(), "role", key.get_ref(), names))?;
        theme.looks[role as usize] = source.look(value, key.get_ref())?;
    }
    Ok(theme)
}

/// The text of a theme, to say where something is wrong with it.
struct SourceText<'a> {
    theme: &'a str,
    text: &'a str,
}

impl SourceText<'_> {
    fn look(&self, value: &Spanned<DeValue<'_>>, key: &str) -> Result<Look, ThemeError> {
        if value.get_ref().is_str() {
            return Ok(Look {
                foreground: Some(self.source(value, key)?),
                ..Look::PLAIN
            });
        }
        let mut look = Look::PLAIN;
        let expected = "a color or a table such as { foreground = \"green\", bold = true }";
        let table = value
            .get_ref()
            .as_table()
            .ok_or_else(|| self.wrong_type(value, key, expected))?;
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "foreground" => look.foreground = Some(self.source(value, key.get_ref())?),
                "background" => look.background = Some(self.source(value, key.get_ref())?),
                other => {
                    let names = MODIFIERS.iter().map(|(name, _)| *name);
                    let known = names.chain(["foreground", "background"]);
                    let modifier = MODIFIERS
                        .iter()
                        .find(|(name, _)| *name == other)
                        .map(|(_, modifier)| *modifier)
                        .ok_or_else(|| self.unknown(&key.span(), "key", other, known))?;
                    let is_on = value
                        .get_ref()
                        .as_bool()
                        .ok_or_else(|| self.wrong_type(value, other, "true or false"))?;
                    look.modifiers.set(modifier, is_on);
                }
            }
        }
        Ok(look)
    }

    /// Reads a colour that may be a swatch.
    fn source(&self, value: &Spanned<DeValue<'_>>, key: &str) -> Result<Source, ThemeError> {
        match value.get_ref().as_str().and_then(Swatch::from_name) {
            Some(swatch) => Ok(Source::Swatch(swatch)),
            None => self.paint(value, key).map(Source::Paint),
        }
    }

    fn paint(&self, value: &Spanned<DeValue<'_>>, key: &str) -> Result<Paint, ThemeError> {
        let text = value
            .get_ref()
            .as_str()
            .ok_or_else(|| self.wrong_type(value, key, "a color such as \"#7aa2f7\""))?;
        if text == "terminal" {
            return Ok(Paint::Terminal);
        }
        let ansi = ANSI_NAMES.iter().position(|name| *name == text);
        if let Some(index) = ansi.and_then(|index| u8::try_from(index).ok()) {
            return Ok(Paint::Ansi(index));
        }
        Rgb::from_hex(text).map(Paint::Rgb).ok_or_else(|| {
            let names = Swatch::ALL.iter().map(|swatch| swatch.name());
            let known = names.chain(ANSI_NAMES).chain(["terminal"]);
            self.unknown(&value.span(), "color", text, known)
        })
    }

    fn table<'t, 'i>(
        &self,
        value: &'t Spanned<DeValue<'i>>,
        key: &str,
    ) -> Result<&'t DeTable<'i>, ThemeError> {
        value
            .get_ref()
            .as_table()
            .ok_or_else(|| self.wrong_type(value, key, "a table"))
    }

    fn syntax(&self, error: &toml::de::Error) -> ThemeError {
        let (line, column) = self.position(error.span().map_or(0, |span| span.start));
        ThemeError::Syntax {
            theme: self.theme.to_owned(),
            line,
            column,
            message: error.message().to_owned(),
        }
    }

    fn wrong_type(
        &self,
        value: &Spanned<DeValue<'_>>,
        key: &str,
        expected: &'static str,
    ) -> ThemeError {
        let (line, column) = self.position(value.span().start);
        ThemeError::WrongType {
            theme: self.theme.to_owned(),
            line,
            column,
            key: key.to_owned(),
            expected,
        }
    }

    fn unknown<'n>(
        &self,
        span: &Range<usize>,
        kind: &'static str,
        name: &str,
        known: impl IntoIterator<Item = &'n str>,
    ) -> ThemeError {
        let (line, column) = self.position(span.start);
        ThemeError::Unknown {
            theme: self.theme.to_owned(),
            line,
            column,
            kind,
            name: name.to_owned(),
            nearest: nearest(name, known),
        }
    }

    fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (
            before.matches('\n').count() + 1,
            before[line_start..].chars().count() + 1,
        )
    }
}

/// Returns the name that was probably meant, if one is near enough to be likely.
fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<String> {
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate.to_owned())
}
