//! A theme: swatches, and the looks of all roles.

use ratatui::style::Modifier;

use crate::{Paint, Role, Swatch};

/// A colour of a look: one that the theme names, or a certain one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Swatch(Swatch),
    Paint(Paint),
}

/// How a role looks. What is not said is left as it is: a role without a background lies on
/// whatever it is drawn over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    pub(crate) foreground: Option<Source>,
    pub(crate) background: Option<Source>,
    /// Bold, italic and the like.
    pub(crate) modifiers: Modifier,
}

impl Look {
    pub(crate) const PLAIN: Self = Self {
        foreground: None,
        background: None,
        modifiers: Modifier::empty(),
    };

    pub(crate) const fn of(foreground: Swatch) -> Self {
        Self {
            foreground: Some(Source::Swatch(foreground)),
            ..Self::PLAIN
        }
    }

    pub(crate) const fn on(self, background: Swatch) -> Self {
        Self {
            background: Some(Source::Swatch(background)),
            ..self
        }
    }

    pub(crate) const fn with(self, modifiers: Modifier) -> Self {
        Self { modifiers, ..self }
    }
}

/// The colours of an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    pub(crate) name: String,
    pub(crate) swatches: [Paint; Swatch::ALL.len()],
    pub(crate) looks: [Look; Role::ALL.len()],
}

impl Theme {
    /// Returns the theme's name, for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns a colour of the theme.
    pub fn swatch(&self, swatch: Swatch) -> Paint {
        self.swatches[swatch as usize]
    }

    /// Returns how a role looks.
    pub fn look(&self, role: Role) -> Look {
        self.looks[role as usize]
    }

    /// Returns the paint of a role's text, if the role has one.
    pub fn foreground(&self, role: Role) -> Option<Paint> {
        self.look(role).foreground.map(|source| self.paint(source))
    }

    /// Returns the paint behind a role's text, if the role has one.
    pub fn background(&self, role: Role) -> Option<Paint> {
        self.look(role).background.map(|source| self.paint(source))
    }

    fn paint(&self, source: Source) -> Paint {
        match source {
            Source::Swatch(swatch) => self.swatch(swatch),
            Source::Paint(paint) => paint,
        }
    }
}
