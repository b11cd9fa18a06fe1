//! Finds secrets in text, by rules and by value, and takes them out.

mod allow;
mod builtin;
mod detector;
mod entropy;
mod error;
mod finder;
mod finding;
mod fingerprint;
mod grams;
mod json;
mod known;
#[cfg(feature = "log")]
pub mod log;
mod marker;
mod matching;
pub mod naive;
mod place;
pub mod report;
mod requirement;
mod rules;
mod scanner;
mod stream;
mod view;
mod wrap;

pub use detector::Detector;
pub use error::{KnownSecretError, RuleError};
pub use finding::{Finding, Origin};
pub use known::{KNOWN_SECRET, KnownSecrets, SHORTEST_KNOWN_SECRET};
pub use rules::{RuleInfo, Rules};
pub use stream::{Search, Stream};

/// The longest match of a rule, in bytes: an expression sees no more than this much text from where it begins.
pub const LONGEST_MATCH: usize = 16 << 10;
/// How far from a match a keyword of its rule may stand, in bytes.
pub const KEYWORD_REACH: usize = 1 << 10;
/// How much of a line allow lists see before and after a match, in bytes.
pub const LINE_REACH: usize = 2 << 10;
