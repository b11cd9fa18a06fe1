//! Expressions that are parsed and measured at once and compiled when first used.

use std::sync::OnceLock;

use regex_automata::meta::{Config, Regex};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::dialect;
use super::table::Located;
use crate::error::RuleError;

/// The most states an expression may need, roughly; one takes some 30 bytes.
const MOST_STATES: usize = 100_000;
/// What the lazy automaton of one expression may fill with states, in bytes, for each thread that uses it.
const CACHE: usize = 1 << 20;

/// A regular expression. Whether it is valid and how large it gets is known from the start; building the automaton
/// waits until some text needs it, which for most rules is never.
#[derive(Debug)]
pub(crate) struct Expression {
    hir: Hir,
    regex: OnceLock<Option<Regex>>,
}

impl Expression {
    /// Parses an expression that stands in the given field of the given rule.
    pub(crate) fn new(
        text: &Located<String>,
        field: &str,
        file: &str,
        rule: &str,
    ) -> Result<Self, RuleError> {
        let too_large = |what: String, size, limit| RuleError::TooLarge {
            file: file.to_owned(),
            line: text.line,
            rule: rule.to_owned(),
            what,
            size,
            limit,
        };
        if text.value.len() > dialect::LONGEST_EXPRESSION {
            let what = format!("the expression in `{field}` (in bytes)");
            return Err(too_large(
                what,
                text.value.len(),
                dialect::LONGEST_EXPRESSION,
            ));
        }
        let hir = dialect::parse(&text.value).map_err(|reason| RuleError::Regex {
            file: file.to_owned(),
            line: text.line,
            rule: rule.to_owned(),
            field: field.to_owned(),
            reason,
        })?;
        let states = states(&hir);
        if states > MOST_STATES {
            let what = format!("the automaton of the expression in `{field}` (in states)");
            return Err(too_large(what, states, MOST_STATES));
        }
        Ok(Self::of(hir))
    }

    pub(crate) const fn of(hir: Hir) -> Self {
        Self {
            hir,
            regex: OnceLock::new(),
        }
    }

    pub(crate) const fn hir(&self) -> &Hir {
        &self.hir
    }

    /// The automaton; none only if the library refuses what was measured to be small, and then nothing matches.
    pub(crate) fn regex(&self) -> Option<&Regex> {
        self.regex
            .get_or_init(|| {
                let config = Config::new()
                    .utf8_empty(false)
                    .nfa_size_limit(None)
                    .hybrid_cache_capacity(CACHE);
                Regex::builder()
                    .configure(config)
                    .build_from_hir(&self.hir)
                    .ok()
            })
            .as_ref()
    }
}

/// How many states an automaton for the expression has, at most and roughly.
fn states(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(Class::Bytes(class)) => class.ranges().len().max(1),
        HirKind::Class(Class::Unicode(class)) => class.ranges().len().saturating_mul(4).max(1),
        HirKind::Capture(capture) => states(&capture.sub).saturating_add(2),
        HirKind::Concat(parts) => parts.iter().map(states).fold(0, usize::saturating_add),
        HirKind::Alternation(parts) => parts
            .iter()
            .map(states)
            .fold(parts.len(), usize::saturating_add),
        HirKind::Repetition(repetition) => {
            let times = repetition
                .max
                .unwrap_or(repetition.min.saturating_add(1))
                .max(1);
            states(&repetition.sub)
                .saturating_add(1)
                .saturating_mul(usize::try_from(times).unwrap_or(usize::MAX))
        }
    }
}
