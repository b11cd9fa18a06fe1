//! The declaration of how a setting can be set.

/// One setting: where it stands in the configuration file, and what else can set it.
///
/// What it means, of which type it is and whether it is secret is said by the struct field at the same
/// path, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    pub(crate) path: &'static str,
    pub(crate) variables: &'static [&'static str],
    pub(crate) or_file: bool,
    pub(crate) flag: Option<&'static str>,
    pub(crate) default_note: Option<&'static str>,
}

impl Key {
    /// Declares the setting at this dotted path, such as `server.url`.
    pub const fn new(path: &'static str) -> Self {
        Self {
            path,
            variables: &[],
            or_file: false,
            flag: None,
            default_note: None,
        }
    }

    /// Lets these environment variables set it; the first that is set wins.
    #[must_use]
    pub const fn variables(self, variables: &'static [&'static str]) -> Self {
        Self { variables, ..self }
    }

    /// Lets each of its variables, with `_FILE` appended, name a file that holds the value.
    #[must_use]
    pub const fn or_file(self) -> Self {
        Self {
            or_file: true,
            ..self
        }
    }

    /// Lets this command line flag set it.
    #[must_use]
    pub const fn flag(self, flag: &'static str) -> Self {
        Self {
            flag: Some(flag),
            ..self
        }
    }

    /// Describes in the reference a default that depends on something, in Markdown.
    #[must_use]
    pub const fn default_note(self, note: &'static str) -> Self {
        Self {
            default_note: Some(note),
            ..self
        }
    }
}
