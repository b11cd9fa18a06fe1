//! The front: one detector for a set of rules and known values, shared by all who scan and redact.

use std::borrow::Cow;
use std::sync::Arc;

use crate::finding::{Finding, Origin};
use crate::fingerprint;
use crate::known::{KnownMatcher, KnownSecrets};
use crate::matching::HitSource;
use crate::rules::{RuleSet, Rules};
use crate::stream::{Search, Stream};

/// The longest text that is glanced at before it is searched, in bytes.
const GLANCE: usize = 16 << 10;

/// Finds secrets and takes them out; clones share everything that was compiled.
#[derive(Debug, Clone)]
pub struct Detector(pub(crate) Arc<Parts>);

#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) rules: Arc<RuleSet>,
    pub(crate) known: Option<Arc<KnownMatcher>>,
    /// Whether rules that know no service stay out.
    pub(crate) specific_only: bool,
}

impl Parts {
    /// The id or name, the description and the tags of what found a secret.
    pub(crate) fn names(&self, source: HitSource) -> (String, String, Vec<String>) {
        match (source, &self.known) {
            (HitSource::Rule(index), _) => {
                let rule = &self.rules.rules[index];
                (rule.id.clone(), rule.description.clone(), rule.tags.clone())
            }
            (HitSource::Known(pattern), Some(known)) => {
                let description = "A value that is known to be secret.".to_owned();
                (known.names[pattern].clone(), description, Vec::new())
            }
            (HitSource::Known(_), None) => Default::default(),
        }
    }
}

impl Detector {
    /// Builds a detector from rules, such as [`Rules::builtin`], and the values that are known to be secret.
    pub fn new(rules: &Rules, known: KnownSecrets) -> Self {
        Self(Arc::new(Parts {
            rules: Arc::clone(&rules.0),
            known: known.matcher().map(Arc::new),
            specific_only: false,
        }))
    }

    /// Returns a detector of the same values and of the rules that know a service. The generic ones, whose
    /// ids begin with `generic`, go by what stands beside a value, and so find passwords of tests and
    /// examples too.
    #[must_use]
    pub fn without_generic_rules(&self) -> Self {
        Self(Arc::new(Parts {
            rules: Arc::clone(&self.0.rules),
            known: self.0.known.clone(),
            specific_only: true,
        }))
    }

    /// Finds the secrets in a text of unknown origin: rules for certain paths stay out.
    pub fn scan(&self, text: &[u8]) -> Vec<Finding> {
        self.scan_with(text, &Origin::default())
    }

    /// Finds the secrets in a text from a path or a commit, which rules and allow lists may ask for.
    pub fn scan_with(&self, text: &[u8], origin: &Origin<'_>) -> Vec<Finding> {
        if self.is_certainly_clean(text) {
            return self.path_findings(origin);
        }
        let mut search = self.search(origin);
        search.push(text);
        search.finish()
    }

    /// Takes the secrets out of a text; borrows it when there is none.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.redact_bytes(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            // What is replaced are whole characters, so that nothing is lost here.
            Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        }
    }

    /// Takes the secrets out of bytes that need be no text; borrows them when there is none.
    pub fn redact_bytes<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        if self.is_certainly_clean(bytes) {
            return Cow::Borrowed(bytes);
        }
        match self.stream().whole(bytes) {
            None => Cow::Borrowed(bytes),
            Some(redacted) => Cow::Owned(redacted),
        }
    }

    /// Starts to redact a text that comes in pieces.
    pub fn stream(&self) -> Stream {
        self.stream_with(&Origin::default())
    }

    /// Starts to redact a text from a path or a commit that comes in pieces.
    pub fn stream_with(&self, origin: &Origin<'_>) -> Stream {
        Stream::new(self, origin)
    }

    /// Starts to look for secrets in a text that comes in pieces, in bounded memory.
    pub fn search(&self, origin: &Origin<'_>) -> Search {
        Search::new(self, origin)
    }

    /// Whether a short text, such as most lines of a log, shows at a glance that there is nothing to find in it.
    fn is_certainly_clean(&self, text: &[u8]) -> bool {
        let index = &self.0.rules.index;
        let might_be_broken = || memchr::memchr2(b'\x1B', b'\n', text).is_some();
        if text.len() > GLANCE || !index.everywhere.is_empty() || might_be_broken() {
            return false;
        }
        let mut found = Vec::new();
        index.grams.find(text, 0..text.len(), &mut found);
        found.is_empty()
            && self
                .0
                .known
                .as_ref()
                .is_none_or(|known| !known.automaton.is_match(text))
    }

    /// What the rules that are about paths only find; the range is empty.
    pub(crate) fn path_findings(&self, origin: &Origin<'_>) -> Vec<Finding> {
        let set = &self.0.rules;
        let Some(path) = origin.path else {
            return Vec::new();
        };
        if set
            .allowlists
            .iter()
            .any(|list| list.target_rules.is_empty() && list.allows_origin(*origin))
        {
            return Vec::new();
        }
        set.rules
            .iter()
            .filter(|rule| rule.regex.is_none() && rule.is_for(*origin))
            .filter(|rule| {
                !rule
                    .allowlists
                    .iter()
                    .any(|list| list.allows_origin(*origin))
            })
            .map(|rule| Finding {
                rule: rule.id.clone(),
                description: rule.description.clone(),
                range: 0..0,
                line: 1,
                column: 1,
                end_line: 1,
                end_column: 1,
                entropy: 0.0,
                fingerprint: fingerprint::of(&rule.id, path.as_bytes()),
                tags: rule.tags.clone(),
                allowed_inline: false,
            })
            .collect()
    }
}
