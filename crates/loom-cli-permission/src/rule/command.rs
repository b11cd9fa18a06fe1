//! Patterns of commands, matched word by word.
//!
//! A pattern is written like a command: words divided by spaces, quoted as in the shell. An unquoted `*`
//! stands for any characters of one word; alone at the end it stands for any further words, or none.
//! So `git push *` is `git push` with any arguments, `git push` is that and no more, and
//! `npm run test:*` is any script with that beginning. Words like `NAME=value` at the beginning stand for
//! variables that are set for the command.

use std::fmt;

use crate::rule::wildcard::Wildcard;
use crate::rule::{Match, RuleErrorKind};
use crate::shell::{Assignment, Open, Segment, Word};

/// A pattern of commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CommandPattern {
    /// Variables, each with a pattern of its value.
    variables: Vec<(String, Wildcard)>,
    words: Vec<Wildcard>,
    /// Whether any words may follow.
    open: bool,
}

impl CommandPattern {
    /// Makes the pattern of just these words, or of all commands that begin with them.
    pub(crate) fn new(words: &[&str], open: bool) -> Self {
        Self {
            variables: Vec::new(),
            words: words.iter().map(|word| Wildcard::exact(word)).collect(),
            open,
        }
    }

    /// Adds variables that may have any value.
    pub(crate) fn with_variables<'a>(mut self, names: impl Iterator<Item = &'a str>) -> Self {
        self.variables
            .extend(names.map(|name| (name.to_owned(), Wildcard::parse("*"))));
        self
    }

    /// Reads a pattern. The error comes with its place, in bytes.
    pub(super) fn parse(text: &str) -> Result<Self, (usize, RuleErrorKind)> {
        let mut words = words(text)?;
        let mut variables = Vec::new();
        while let Some((name, value)) = words.first().and_then(assignment) {
            variables.push((name, value));
            words.remove(0);
        }
        let open = words.last().is_some_and(Wildcard::is_any);
        if open {
            words.pop();
        }
        Ok(Self {
            variables,
            words,
            open,
        })
    }

    /// Tells whether a rule with this pattern allows the command.
    ///
    /// The command behind wrappers must match. A pattern that begins with the wrapper matches if it goes
    /// on to name the command: `timeout *` allows nothing, `timeout * cargo *` does.
    pub(crate) fn allows(&self, segment: &Segment) -> bool {
        let set = &segment.assignments;
        let variables_match = set
            .iter()
            .all(|assignment| assignment.is_harmless() || self.sets(assignment))
            && self
                .variables
                .iter()
                .all(|(name, _)| set.iter().any(|assignment| assignment.name == *name));
        variables_match
            && segment
                .starts
                .iter()
                .filter(|start| **start <= segment.allowed_from)
                .any(|start| {
                    let names_command = start + self.words.len() > segment.allowed_from;
                    let words = segment.words.get(*start..).unwrap_or_default();
                    (names_command || *start == segment.allowed_from)
                        && self.matches(words, Names::System) == Match::Yes
                })
    }

    fn sets(&self, assignment: &Assignment) -> bool {
        self.variables.iter().any(|(name, value)| {
            *name == assignment.name
                && (value.is_any()
                    || assignment
                        .value
                        .known()
                        .is_some_and(|text| value.matches(text)))
        })
    }

    /// Tells whether a rule with this pattern forbids the command, or asks for it.
    pub(crate) fn forbids(&self, segment: &Segment) -> Match {
        let outcome = segment
            .starts
            .iter()
            .map(|start| {
                let words = segment.words.get(*start..).unwrap_or_default();
                self.matches(words, Names::Any)
                    .max(self.matches_behind_options(words))
            })
            .max()
            .unwrap_or(Match::No);
        let variables_set = self.variables.iter().all(|(name, _)| {
            segment
                .assignments
                .iter()
                .any(|assignment| assignment.name == *name)
        });
        if variables_set { outcome } else { Match::No }
    }

    /// Tells whether the pattern may match a command that stands somewhere in the words.
    pub(crate) fn forbids_within(&self, words: &[Word]) -> bool {
        !self.words.is_empty()
            && (1..words.len()).any(|start| {
                let words = words.get(start..).unwrap_or_default();
                words.first().is_some_and(|name| name.open == Open::Closed)
                    && self.matches(words, Names::Any) != Match::No
            })
    }

    fn matches(&self, words: &[Word], names: Names) -> Match {
        let mut outcome = Match::Yes;
        for (index, pattern) in self.words.iter().enumerate() {
            let Some(word) = words.get(index) else {
                return Match::No;
            };
            let found = if index == 0 {
                match_name(pattern, word, names)
            } else {
                match_word(pattern, word)
            };
            if found == Match::No {
                // What may vanish or multiply moves all words behind it.
                return if word.open > Open::Tail {
                    Match::Maybe
                } else {
                    Match::No
                };
            }
            outcome = outcome.min(found);
            if word.open > Open::Tail {
                return outcome.min(Match::Maybe);
            }
        }
        match words.get(self.words.len()..) {
            Some([]) => outcome,
            Some(_) if self.open => outcome,
            Some(rest) if rest.iter().all(|word| word.open > Open::Tail) => {
                outcome.min(Match::Maybe)
            }
            _ => Match::No,
        }
    }

    /// Looks for the words of the pattern in order, with options between them: `git -C x push` is a
    /// `git push` for whoever forbids that.
    fn matches_behind_options(&self, words: &[Word]) -> Match {
        let (Some((name, rest)), Some(word)) = (self.words.split_first(), words.first()) else {
            return Match::No;
        };
        let starts_with_option = words
            .get(1)
            .is_some_and(|word| word.text.starts_with(['-', '+']));
        if rest.is_empty() || !starts_with_option || match_name(name, word, Names::Any) == Match::No
        {
            return Match::No;
        }
        let mut arguments = words.get(1..).unwrap_or_default().iter();
        let in_order = rest
            .iter()
            .all(|pattern| arguments.any(|argument| match_word(pattern, argument) != Match::No));
        if in_order { Match::Maybe } else { Match::No }
    }
}

/// Which programs a name in a pattern stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    /// A name without a folder stands for the system's program.
    System,
    /// It stands for programs of that name in any folder.
    Any,
}

fn match_name(pattern: &Wildcard, word: &Word, names: Names) -> Match {
    let has_folder = pattern.pieces().iter().any(|piece| piece.contains('/'));
    if word.open == Open::Closed && !has_folder {
        let base = match names {
            Names::System => word.system_program(),
            Names::Any => word.text.rsplit('/').next(),
        };
        return match base {
            Some(base) if pattern.matches(base) => Match::Yes,
            _ => Match::No,
        };
    }
    if word.open == Open::Closed
        && word
            .text
            .strip_prefix("./")
            .unwrap_or(&word.text)
            .contains('/')
        && pattern.matches(word.text.strip_prefix("./").unwrap_or(&word.text))
    {
        return Match::Yes;
    }
    match_word(pattern, word)
}

fn match_word(pattern: &Wildcard, word: &Word) -> Match {
    match word.open {
        Open::Closed if pattern.matches(&word.text) => Match::Yes,
        Open::Closed => Match::No,
        Open::Tail if pattern.is_any() => Match::Yes,
        _ if pattern.can_continue(&word.text) => Match::Maybe,
        _ => Match::No,
    }
}

/// Splits a pattern into words.
fn words(text: &str) -> Result<Vec<Wildcard>, (usize, RuleErrorKind)> {
    let mut words = Vec::new();
    let mut word: Option<Wildcard> = None;
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            ' ' => words.extend(word.take()),
            '\'' | '"' => {
                let word = word.get_or_insert_with(|| Wildcard::exact(""));
                loop {
                    match characters.next() {
                        None => return Err((at, RuleErrorKind::OpenQuote)),
                        Some((_, closing)) if closing == character => break,
                        Some((_, '\\')) if character == '"' => match characters.next() {
                            Some((_, escaped @ ('"' | '\\' | '$' | '`'))) => word.push(escaped),
                            Some((_, other)) => {
                                word.push('\\');
                                word.push(other);
                            }
                            None => return Err((at, RuleErrorKind::OpenQuote)),
                        },
                        Some((_, quoted)) => word.push(quoted),
                    }
                }
            }
            '\\' => match characters.next() {
                Some((_, escaped)) => {
                    word.get_or_insert_with(|| Wildcard::exact(""))
                        .push(escaped);
                }
                None => return Err((at, RuleErrorKind::OpenQuote)),
            },
            '*' => word.get_or_insert_with(|| Wildcard::exact("")).push_gap(),
            ';' | '&' | '|' | '<' | '>' | '(' | ')' | '`' | '$' => {
                return Err((at, RuleErrorKind::ShellSyntax(character)));
            }
            '#' if word.is_none() => return Err((at, RuleErrorKind::ShellSyntax('#'))),
            other => word.get_or_insert_with(|| Wildcard::exact("")).push(other),
        }
    }
    words.extend(word);
    Ok(words)
}

/// Takes a word for `NAME=value`.
fn assignment(word: &Wildcard) -> Option<(String, Wildcard)> {
    let (name, value) = word.pieces().first()?.split_once('=')?;
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let is_name = starts_well && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then(|| {
        let mut pattern = Wildcard::exact(value);
        for piece in word.pieces().iter().skip(1) {
            pattern.push_gap();
            piece.chars().for_each(|character| pattern.push(character));
        }
        (name.to_owned(), pattern)
    })
}

impl fmt::Display for CommandPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (name, value) in &self.variables {
            write!(formatter, "{separator}{name}=")?;
            write_word(formatter, value)?;
            separator = " ";
        }
        for (index, word) in self.words.iter().enumerate() {
            formatter.write_str(separator)?;
            // A lone `*` at the end, or a word that looks like a variable, would be read otherwise.
            let is_first = index == 0;
            if is_first && assignment(word).is_some() {
                formatter.write_str("''")?;
            }
            write_word(formatter, word)?;
            separator = " ";
        }
        if self.open {
            write!(formatter, "{separator}*")?;
        }
        Ok(())
    }
}

fn write_word(formatter: &mut fmt::Formatter<'_>, word: &Wildcard) -> fmt::Result {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./:=+,@%^~{}[]!?".contains(c);
    if word.pieces().iter().all(String::is_empty) && word.is_exact() {
        return formatter.write_str("''");
    }
    for (index, piece) in word.pieces().iter().enumerate() {
        if index > 0 {
            formatter.write_str("*")?;
        }
        if piece.chars().all(is_plain) {
            formatter.write_str(piece)?;
        } else if !piece.contains('\'') {
            write!(formatter, "'{piece}'")?;
        } else {
            formatter.write_str("\"")?;
            for character in piece.chars() {
                if matches!(character, '"' | '\\' | '$' | '`') {
                    formatter.write_str("\\")?;
                }
                write!(formatter, "{character}")?;
            }
            formatter.write_str("\"")?;
        }
    }
    Ok(())
}
