//! Finds secrets in text, by rules and by value, and takes them out.
//!
//! [`Rules`] come in gitleaks' format, Loom's own ([`Rules::builtin`]) or any `gitleaks.toml`; [`KnownSecrets`] are values
//! to be found whatever the rules say. A [`Detector`] is made of both and shared. It scans (a [`Finding`] says rule, place,
//! entropy and fingerprint, never the secret), redacts (`[REDACTED:rule-id]`), keeps JSON whole, and does both for texts
//! that come in pieces ([`Search`], [`Stream`]). A [`Redactor`] is the way for short texts: it reads the rules when one
//! may apply. [`report`] writes JSON and SARIF. No I/O, no clock, no environment.
//!
//! # What is found
//!
//! [`naive`] is the specification. A rule's expression is tried at every start within [`KEYWORD_REACH`] of one of its
//! keywords (at every start if it has none) and sees at most [`LONGEST_MATCH`] from there; leftmost first, each behind the
//! secret of the last. Upstream asks for a keyword anywhere in the same fragment, so that what is found depends on how a
//! file was cut; here no decision depends on text that is far away. The secret is `secretGroup`, else the first group that
//! is not empty, else the match; entropy, allow lists (with at most [`LINE_REACH`] of a line) and required rules decide as
//! upstream. Hits that overlap become one finding, which covers them all and has the name of the best: a known value, a
//! rule that knows a service, a generic one; the longer; the earlier in the files. Colours inside of a token and line
//! breaks that a terminal made are read over.
//!
//! # How
//!
//! ```text
//! pieces ─> view without colours ─> keywords (3-byte grams) ─> tail at the keyword ─> match at the starts allowed ─┐
//!             └> paragraphs, without the breaks ─> the same ──────────────────────────────────────────────────────┤
//!                                                     filters, overlaps <─ back to places of the input <─────────┘
//! ```
//!
//! 1. [`Detector::scan`] and the streams are one machine: text waits in a bounded buffer until all that a decision can
//!    depend on is there. So chunks do not matter, and memory does not grow.
//! 2. One table look-up for each byte finds keywords; what follows in the expression is tried first, anchored, and most
//!    often fails within a few bytes. Which starts a keyword allows is proven from the expression; expressions are compiled
//!    when a keyword first occurs.
//! 3. A redacted text is read again around the marks, since what stood beside a secret may stand free now. Marks are walls
//!    that no match crosses: redacting twice is redacting once, and nothing is found in what was redacted.
//!
//! Each start is tried at most once for each rule, so that the work is linear in the text for any rule whose expression is
//! bounded; a keyword that repeats a million times costs no more.
//!
//! # Failure
//!
//! Rules are refused as a whole, by file, rule and line ([`RuleError`]); fields that are not known are warnings. Scanning
//! cannot fail: any bytes are taken, also those that are no UTF-8.
//!
//! # Others
//!
//! gitleaks and detect-secrets run whole expressions over fragments or lines, so that what is found depends on cuts, and a
//! secret across a cut is lost. Kingfisher compiles all rules into one automaton of a C++ library. Here the rules stay
//! those of gitleaks, the result does not depend on cuts, and everything but the keyword's neighbourhood is skipped.

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
pub mod marker;
mod matching;
pub mod naive;
mod place;
mod redactor;
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
pub use redactor::Redactor;
pub use rules::{RuleInfo, Rules};
pub use stream::{Search, Stream};

/// The longest match of a rule, in bytes: an expression sees no more than this much text from where it begins.
pub const LONGEST_MATCH: usize = 16 << 10;
/// How far from a match a keyword of its rule may stand, in bytes.
pub const KEYWORD_REACH: usize = 1 << 10;
/// How much of a line allow lists see before and after a match, in bytes.
pub const LINE_REACH: usize = 2 << 10;
