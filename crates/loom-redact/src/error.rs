//! What can be wrong with rules and with known secrets.

/// Why rules could not be read.
///
/// Every variant names the file and the line; none of them goes away by trying again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// The text is no TOML.
    #[error("{file}:{line}: not valid TOML: {reason}")]
    Syntax {
        /// The name the rules were given.
        file: String,
        /// Line, from 1.
        line: usize,
        /// What the parser says.
        reason: String,
    },
    /// A field has a value of the wrong kind, or one that is needed is absent.
    #[error("{file}:{line}: {rule}: {reason}")]
    Field {
        /// The name the rules were given.
        file: String,
        /// Line, from 1.
        line: usize,
        /// The rule, as ``rule `id` ``, or the table outside of rules.
        rule: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// A regular expression does not compile.
    #[error("{file}:{line}: {rule}: bad regular expression in `{field}`: {reason}")]
    Regex {
        /// The name the rules were given.
        file: String,
        /// Line, from 1.
        line: usize,
        /// The rule, as ``rule `id` ``, or the table outside of rules.
        rule: String,
        /// The field that holds the expression.
        field: String,
        /// What the parser of regular expressions says.
        reason: String,
    },
    /// A file, a list or an expression is larger than what Loom takes.
    #[error("{file}:{line}: {rule}: {what} is too large: {size}, at most {limit}")]
    TooLarge {
        /// The name the rules were given.
        file: String,
        /// Line, from 1.
        line: usize,
        /// The rule, as ``rule `id` ``, or the table outside of rules.
        rule: String,
        /// What is too large.
        what: String,
        /// Its size.
        size: usize,
        /// The largest size allowed.
        limit: usize,
    },
    /// `[extend]` names rules that cannot be had.
    #[error("{file}:{line}: cannot extend `{target}`: {reason}")]
    Extend {
        /// The name the rules were given.
        file: String,
        /// Line, from 1.
        line: usize,
        /// The path or address that `[extend]` names.
        target: String,
        /// Why not.
        reason: String,
    },
}

/// Why a value cannot be looked for; trying again with the same value fails again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KnownSecretError {
    /// The value is so short that it would be found in ordinary text.
    #[error(
        "the value of `{name}` is too short to look for: it has {length} bytes, at least {least} are needed"
    )]
    TooShort {
        /// The name of the value.
        name: String,
        /// Its length in bytes.
        length: usize,
        /// The shortest length taken.
        least: usize,
    },
    /// The value is longer than what a scan keeps in memory.
    #[error(
        "the value of `{name}` is too long to look for: it has {length} bytes, at most {most} are taken"
    )]
    TooLong {
        /// The name of the value.
        name: String,
        /// Its length in bytes.
        length: usize,
        /// The longest length taken.
        most: usize,
    },
}
