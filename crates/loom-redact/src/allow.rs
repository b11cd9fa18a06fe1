//! Allow lists: what looks like a secret and is none.

use std::sync::OnceLock;

use aho_corasick::AhoCorasick;
use regex_automata::meta::Regex;

use crate::error::RuleError;
use crate::finding::Origin;
use crate::rules::compile::Expression;
use crate::rules::document::{AllowText, Target};

/// An allow list with its expressions parsed; they are compiled when first asked.
#[derive(Debug)]
pub(crate) struct AllowList {
    pub(crate) target_rules: Vec<String>,
    all: bool,
    commits: Vec<String>,
    paths: Vec<Expression>,
    regexes: Vec<Expression>,
    regex_target: Target,
    stopwords: Vec<String>,
    words: OnceLock<Option<AhoCorasick>>,
}

/// What an allow list is asked about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate<'a> {
    pub(crate) secret: &'a [u8],
    pub(crate) matched: &'a [u8],
    pub(crate) line: &'a [u8],
    pub(crate) origin: Origin<'a>,
}

impl AllowList {
    pub(crate) fn new(text: &AllowText) -> Result<Self, RuleError> {
        let compile = |field: &str, expressions: &[crate::rules::table::Located<String>]| {
            expressions
                .iter()
                .map(|expression| Expression::new(expression, field, &text.file, &text.place))
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            target_rules: text.target_rules.clone(),
            all: text.all,
            commits: text
                .commits
                .iter()
                .map(|commit| commit.to_ascii_lowercase())
                .collect(),
            paths: compile("paths", &text.paths)?,
            regexes: compile("regexes", &text.regexes)?,
            regex_target: text.regex_target,
            stopwords: text
                .stopwords
                .iter()
                .filter(|word| !word.is_empty())
                .cloned()
                .collect(),
            words: OnceLock::new(),
        })
    }

    /// Whether the candidate is allowed.
    pub(crate) fn allows(&self, candidate: &Candidate<'_>) -> bool {
        let text = match self.regex_target {
            Target::Secret => candidate.secret,
            Target::Match => candidate.matched,
            Target::Line => candidate.line,
        };
        let checks: [(bool, &dyn Fn() -> bool); 4] = [
            (!self.commits.is_empty(), &|| {
                self.allows_commit(candidate.origin)
            }),
            (!self.paths.is_empty(), &|| {
                self.allows_path(candidate.origin)
            }),
            (!self.stopwords.is_empty(), &|| {
                self.has_stopword(candidate.secret)
            }),
            (!self.regexes.is_empty(), &|| {
                self.regexes.iter().any(|regex| is_match(regex, text))
            }),
        ];
        let mut given = checks.iter().filter(|(given, _)| *given);
        if self.all {
            given.all(|(_, check)| check())
        } else {
            given.any(|(_, check)| check())
        }
    }

    /// Whether everything of that origin is allowed, whatever stands in it.
    pub(crate) fn allows_origin(&self, origin: Origin<'_>) -> bool {
        let by_content = !self.regexes.is_empty() || !self.stopwords.is_empty();
        if !self.all {
            return self.allows_commit(origin) || self.allows_path(origin);
        }
        !by_content
            && (self.commits.is_empty() || self.allows_commit(origin))
            && (self.paths.is_empty() || self.allows_path(origin))
    }

    fn allows_commit(&self, origin: Origin<'_>) -> bool {
        origin.commit.is_some_and(|commit| {
            self.commits
                .iter()
                .any(|allowed| allowed.eq_ignore_ascii_case(commit))
        })
    }

    fn allows_path(&self, origin: Origin<'_>) -> bool {
        origin.path.is_some_and(|path| {
            self.paths
                .iter()
                .any(|regex| is_match(regex, path.as_bytes()))
        })
    }

    fn has_stopword(&self, secret: &[u8]) -> bool {
        let words = self.words.get_or_init(|| {
            AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .build(&self.stopwords)
                .ok()
        });
        words.as_ref().is_some_and(|words| words.is_match(secret))
    }
}

fn is_match(expression: &Expression, text: &[u8]) -> bool {
    expression
        .regex()
        .is_some_and(|regex: &Regex| regex.is_match(text))
}
