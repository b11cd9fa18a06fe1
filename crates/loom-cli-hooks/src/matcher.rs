//! Which tools, or which kinds of an event, a hook is for.

use regex::Regex;

/// What a hook is for.
#[derive(Clone, Debug)]
pub(crate) enum Matcher {
    /// Everything.
    Any,
    /// These, letter by letter.
    Names(Vec<String>),
    /// What the expression finds a match in.
    Pattern(Regex),
}

impl Matcher {
    /// Reads a matcher of the configuration.
    ///
    /// # Errors
    ///
    /// When it is a regular expression that cannot be understood.
    pub(crate) fn parse(text: &str) -> Result<Self, regex::Error> {
        if text.is_empty() || text == "*" {
            return Ok(Self::Any);
        }
        let is_plain = text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ' ' | ',' | '|'));
        if !is_plain {
            return Regex::new(text).map(Self::Pattern);
        }
        let names = text.split([',', '|']).map(|name| name.trim().to_owned());
        Ok(Self::Names(names.filter(|name| !name.is_empty()).collect()))
    }

    /// Tells whether one of the names is meant.
    pub(crate) fn matches(&self, names: &[&str]) -> bool {
        match self {
            Self::Any => true,
            Self::Names(wanted) => wanted.iter().any(|wanted| names.contains(&wanted.as_str())),
            Self::Pattern(pattern) => names.iter().any(|name| pattern.is_match(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched<'a>(matcher: &str, names: &[&'a str]) -> Vec<&'a str> {
        let matcher = Matcher::parse(matcher).unwrap();
        names
            .iter()
            .copied()
            .filter(|name| matcher.matches(&[name]))
            .collect()
    }

    const NAMES: [&str; 5] = ["Edit", "MultiEdit", "Write", "mcp__memory__read", "Bash"];

    #[test]
    fn nothing_and_a_star_match_everything() {
        assert_eq!(matched("", &NAMES), NAMES);
        assert_eq!(matched("*", &NAMES), NAMES);
    }

    #[test]
    fn plain_names_match_as_a_whole() {
        assert_eq!(matched("Edit", &NAMES), ["Edit"]);
        assert_eq!(matched("Edit|Write", &NAMES), ["Edit", "Write"]);
        assert_eq!(matched("Edit, Bash", &NAMES), ["Edit", "Bash"]);
        assert_eq!(matched("mcp__memory", &NAMES), [""; 0]);
        assert_eq!(matched("edit", &NAMES), [""; 0]);
    }

    #[test]
    fn other_matchers_are_expressions_that_may_match_a_part() {
        assert_eq!(matched("mcp__.*", &NAMES), ["mcp__memory__read"]);
        assert_eq!(matched(".dit", &NAMES), ["Edit", "MultiEdit"]);
        assert_eq!(matched("^Edit$", &NAMES), ["Edit"]);
    }

    #[test]
    fn an_expression_that_cannot_be_read_is_an_error() {
        Matcher::parse("Edit(").unwrap_err();
        Matcher::parse("(?!Bash).*").unwrap_err();
    }
}
