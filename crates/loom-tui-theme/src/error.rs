//! What can be wrong with a theme.

/// A theme that cannot be used. Trying again helps with none of these: the theme has to be changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ThemeError {
    /// The text is not TOML.
    #[error("{theme}:{line}:{column}: not valid TOML: {message}")]
    Syntax {
        /// Name of the theme.
        theme: String,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What the parser expected.
        message: String,
    },
    /// A name is none of those that can stand there.
    #[error("{theme}:{line}:{column}: there is no {kind} `{name}`")]
    Unknown {
        /// Name of the theme.
        theme: String,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What the name should be one of: a key, role, swatch or colour.
        kind: &'static str,
        /// The name.
        name: String,
        /// The name that was probably meant.
        nearest: Option<String>,
    },
    /// A value is of the wrong type.
    #[error("{theme}:{line}:{column}: `{key}` must be {expected}")]
    WrongType {
        /// Name of the theme.
        theme: String,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// The key.
        key: String,
        /// What it takes.
        expected: &'static str,
    },
    /// A theme inherits from one that does not exist, or there is none by the name that was asked for.
    #[error("there is no theme `{name}`")]
    NoSuchTheme {
        /// The name.
        name: String,
        /// The name that was probably meant.
        nearest: Option<String>,
    },
    /// A theme inherits from itself, by way of others or not.
    #[error("the theme `{name}` inherits from itself")]
    Circle {
        /// Name of the theme.
        name: String,
    },
}

impl ThemeError {
    /// Returns what the person can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown {
                nearest: Some(nearest),
                ..
            }
            | Self::NoSuchTheme {
                nearest: Some(nearest),
                ..
            } => Some(format!("did you mean `{nearest}`?")),
            Self::Unknown { kind: "color", .. } => Some(
                "a color is `#rrggbb`, `terminal`, `ansi-red` and the like, or a swatch such as `green`"
                    .to_owned(),
            ),
            Self::Circle { .. } => {
                Some("let one of the themes inherit from `dark` or `light`".to_owned())
            }
            _ => None,
        }
    }
}
