//! Patterns of paths.
//!
//! A pattern is relative to the workspace (`src/**`), absolute (`/etc/**`) or below the person's folder
//! (`~/notes/*.md`). `*` and `?` do not take `/`, `**` does; `[…]` and `{…,…}` are as in globs. A
//! pattern that ends in `/**` is also the folder itself. One that begins with `**/` is, in rules that
//! allow, for paths in the workspace, and in rules that ask or deny for paths everywhere.

use std::fmt;
use std::path::Path;

use globset::{Glob, GlobBuilder, GlobMatcher};

use crate::places::Place;
use crate::rule::RuleErrorKind;

/// A pattern of paths.
#[derive(Clone, Debug)]
pub(crate) struct PathPattern {
    text: String,
    base: Base,
    matchers: Vec<GlobMatcher>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Base {
    Workspace,
    Home,
    Root,
}

impl PartialEq for PathPattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for PathPattern {}

impl PathPattern {
    /// Makes the pattern of one path, or of all that is below it.
    ///
    /// Returns `None` for a path that cannot be written as a rule.
    pub(crate) fn of(place: &Place<'_>, below: bool) -> Option<Self> {
        let (prefix, path) = place.shortest();
        let mut text = format!("{prefix}{}", globset::escape(path.to_str()?));
        if below {
            if !text.is_empty() && !text.ends_with('/') {
                text.push('/');
            }
            text.push_str("**");
        }
        if text.contains(char::is_control) || text.trim() != text {
            return None;
        }
        Self::parse(&text).ok()
    }

    pub(super) fn parse(text: &str) -> Result<Self, (usize, RuleErrorKind)> {
        let invalid = |message: &str| (0, RuleErrorKind::Path(message.to_owned()));
        let text = text.trim();
        let text = text.strip_prefix("./").unwrap_or(text);
        if text.split('/').any(|name| name == "..") {
            return Err(invalid(
                "a pattern of paths cannot go up with `..`; write the path from `/` or `~/`",
            ));
        }
        let (base, pattern) = match text.strip_prefix("~/") {
            Some(below) => (Base::Home, below),
            None if text == "~" => (Base::Home, ""),
            None if text.starts_with('~') => {
                return Err(invalid(
                    "the folders of other people are not known; write the path from `/`",
                ));
            }
            None if text.starts_with('/') => (Base::Root, text),
            None => (Base::Workspace, if text == "." { "" } else { text }),
        };
        let mut matchers = vec![matcher(pattern)?];
        if let Some(folder) = pattern.strip_suffix("/**") {
            matchers.push(matcher(folder)?);
        } else if pattern == "**" {
            matchers.push(matcher("")?);
        }
        Ok(Self {
            text: text.to_owned(),
            base,
            matchers,
        })
    }

    /// Tells whether the place is one of those that the pattern describes.
    pub(crate) fn matches(&self, place: &Place<'_>) -> bool {
        let path = match self.base {
            Base::Workspace => place.in_workspace(),
            Base::Home => place.in_home(),
            Base::Root => Some(place.path),
        };
        path.is_some_and(|path| self.matches_path(path))
    }

    /// The same for a rule that asks or denies.
    pub(crate) fn matches_anywhere(&self, place: &Place<'_>) -> bool {
        self.matches(place)
            || (self.base == Base::Workspace
                && self.text.starts_with("**/")
                && self.matches_path(place.path.strip_prefix("/").unwrap_or(place.path)))
    }

    fn matches_path(&self, path: &Path) -> bool {
        self.matchers.iter().any(|matcher| matcher.is_match(path))
    }

    /// Tells whether the pattern names a file or folder in so many letters.
    pub(crate) fn names(&self, name: &str) -> bool {
        self.text.split('/').any(|part| part == name)
    }
}

fn matcher(pattern: &str) -> Result<GlobMatcher, (usize, RuleErrorKind)> {
    let glob: Result<Glob, globset::Error> = GlobBuilder::new(pattern)
        .literal_separator(true)
        .backslash_escape(true)
        .build();
    match glob {
        Ok(glob) => Ok(glob.compile_matcher()),
        Err(error) => Err((0, RuleErrorKind::Path(error.kind().to_string()))),
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}
