//! Colours of code.
//!
//! Grammars cost tens of milliseconds to load and to warm up, and some microseconds for each line
//! after that: too much for a frame. So code is drawn plain at first, and [`CodeWork`] is done
//! wherever the caller likes, such as on a thread of its own, with [`Syntaxes`] that are loaded there
//! when the first code comes. What comes back changes colours, never rows.
//!
//! Grammars say what a piece of code is as a stack of scopes, such as `source.rust
//! string.quoted.double`; the innermost that has a [`Role`] decides. The themes that come with the
//! grammars are not used.

use std::str::FromStr;

use loom_tui_theme::Role;
use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

use crate::block::Token;

/// Longer lines stay plain, in bytes: they are data, and the expressions of grammars may take long.
const LONGEST_LINE: usize = 1024;
/// How much of a block of code gets colours, in bytes.
const LONGEST_BLOCK: usize = 256 * 1024;

/// What scopes mean; of those that fit, the longest counts. None means that the scope says nothing
/// and the one around it does.
const MEANINGS: &[(&str, Option<Role>)] = &[
    ("comment", Some(Role::CodeComment)),
    ("punctuation.definition.comment", None),
    ("punctuation.definition.string", None),
    ("punctuation.definition.annotation", None),
    ("punctuation.definition.tag", Some(Role::CodePunctuation)),
    ("punctuation", Some(Role::CodePunctuation)),
    ("string", Some(Role::CodeString)),
    ("constant.character.escape", Some(Role::CodeNumber)),
    ("constant", Some(Role::CodeNumber)),
    ("keyword.operator.word", Some(Role::CodeKeyword)),
    ("keyword.operator.logical.python", Some(Role::CodeKeyword)),
    ("keyword.operator", Some(Role::CodePunctuation)),
    ("keyword", Some(Role::CodeKeyword)),
    ("storage", Some(Role::CodeKeyword)),
    ("variable.language", Some(Role::CodeKeyword)),
    ("variable.function", Some(Role::CodeFunction)),
    ("variable.annotation", Some(Role::CodeAttribute)),
    ("support.function", Some(Role::CodeFunction)),
    ("support.macro", Some(Role::CodeAttribute)),
    ("support.constant", Some(Role::CodeNumber)),
    ("support.type", Some(Role::CodeType)),
    ("support.class", Some(Role::CodeType)),
    ("entity.name.function", Some(Role::CodeFunction)),
    ("entity.name.macro", Some(Role::CodeAttribute)),
    ("entity.name.tag", Some(Role::CodeKeyword)),
    ("entity.other.attribute-name", Some(Role::CodeAttribute)),
    ("entity.other.inherited-class", Some(Role::CodeType)),
    ("entity.name", Some(Role::CodeType)),
    ("meta.annotation", Some(Role::CodeAttribute)),
    ("meta.preprocessor", Some(Role::CodeAttribute)),
    ("markup.inserted", Some(Role::Added)),
    ("markup.deleted", Some(Role::Removed)),
    ("markup.heading", Some(Role::CodeKeyword)),
    ("markup.raw", Some(Role::CodeString)),
];

/// Names that people write on fences, and those of the grammar that is likest.
const ALIASES: &[(&str, &str)] = &[
    ("c#", "cs"),
    ("console", "sh"),
    ("csharp", "cs"),
    ("golang", "go"),
    ("ini", "properties"),
    ("json5", "json"),
    ("jsonc", "json"),
    ("jsx", "js"),
    ("mjs", "js"),
    ("patch", "diff"),
    ("py3", "py"),
    ("python3", "py"),
    ("shell", "sh"),
    ("shell-session", "sh"),
    ("svelte", "html"),
    ("toml", "properties"),
    ("ts", "js"),
    ("tsx", "js"),
    ("typescript", "js"),
    ("vue", "html"),
];

/// The grammars of languages.
#[derive(Debug)]
pub struct Syntaxes {
    set: SyntaxSet,
    meanings: Vec<(Scope, Option<Role>)>,
}

impl Syntaxes {
    /// Unpacks the grammars that come with Loom. Takes tens of milliseconds.
    pub fn load() -> Self {
        let meanings = MEANINGS
            .iter()
            .filter_map(|(name, role)| Some((Scope::from_str(name).ok()?, *role)))
            .collect();
        Self {
            set: SyntaxSet::load_defaults_newlines(),
            meanings,
        }
    }

    fn find(&self, language: &str) -> Option<&SyntaxReference> {
        let alias = ALIASES.iter().find(|(name, _)| *name == language);
        let name = alias.map_or(language, |(_, grammar)| grammar);
        self.set.find_syntax_by_token(name)
    }

    /// Returns what the piece of code is that these scopes are around of.
    fn role(&self, scopes: &[Scope]) -> Role {
        for scope in scopes.iter().rev() {
            let found = self
                .meanings
                .iter()
                .filter(|(meaning, _)| meaning.is_prefix_of(*scope))
                .max_by_key(|(meaning, _)| meaning.len());
            if let Some((_, Some(role))) = found {
                return *role;
            }
        }
        Role::Code
    }
}

/// Where the grammar is in a block of code.
#[derive(Clone, Debug)]
pub(crate) struct CodeState {
    parse: ParseState,
    scopes: ScopeStack,
    /// How many bytes the grammar has read.
    read: usize,
}

/// Lines of one block.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) language: Option<String>,
    /// Whether the lines go on with the block of the part before.
    pub(crate) continues: bool,
    pub(crate) lines: Vec<String>,
}

/// Code that waits for its colours. It knows nothing of the document and may go to another thread.
#[derive(Clone, Debug)]
pub struct CodeWork {
    /// Which parts of the document the code is of.
    pub(crate) first: usize,
    pub(crate) end: usize,
    pub(crate) state: Option<CodeState>,
    pub(crate) parts: Vec<Part>,
}

/// Colours of code, for the document that asked for them.
#[derive(Clone, Debug)]
pub struct ColouredCode {
    pub(crate) first: usize,
    pub(crate) end: usize,
    pub(crate) state: Option<CodeState>,
    /// For each line of each part.
    pub(crate) tokens: Vec<Vec<Vec<Token>>>,
}

impl CodeWork {
    /// Finds out what the pieces of the code are. Takes microseconds for each line, and some
    /// milliseconds more for the first lines of a language.
    pub fn run(self, syntaxes: &Syntaxes) -> ColouredCode {
        let mut state = self.state;
        let mut tokens = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            if !part.continues {
                let syntax = part
                    .language
                    .as_deref()
                    .and_then(|name| syntaxes.find(name));
                state = syntax.map(|syntax| CodeState {
                    parse: ParseState::new(syntax),
                    scopes: ScopeStack::new(),
                    read: 0,
                });
            }
            let lines = part.lines.iter();
            tokens.push(
                lines
                    .map(|line| tokens_of(line, &mut state, syntaxes))
                    .collect(),
            );
        }
        ColouredCode {
            first: self.first,
            end: self.end,
            state,
            tokens,
        }
    }
}

/// Finds the pieces of a line. A line that is too long, or that the grammar fails at, is plain, and so
/// is the rest of its block: what it would have changed is not known.
fn tokens_of(line: &str, state: &mut Option<CodeState>, syntaxes: &Syntaxes) -> Vec<Token> {
    let Some(current) = state else {
        return Vec::new();
    };
    current.read += line.len();
    if line.len() > LONGEST_LINE || current.read > LONGEST_BLOCK {
        *state = None;
        return Vec::new();
    }
    let Ok(changes) = current
        .parse
        .parse_line(&format!("{line}\n"), &syntaxes.set)
    else {
        *state = None;
        return Vec::new();
    };
    let mut tokens: Vec<Token> = Vec::new();
    let mut start = 0;
    let ends = changes.into_iter().map(|(at, change)| (at, Some(change)));
    for (at, change) in ends.chain([(line.len(), None)]) {
        let end = at.min(line.len());
        if end > start {
            let role = syntaxes.role(current.scopes.as_slice());
            match tokens.last_mut() {
                Some(last) if last.role == role => last.end = end,
                _ => tokens.push(Token { end, role }),
            }
            start = end;
        }
        if let Some(change) = change
            && current.scopes.apply(&change).is_err()
        {
            *state = None;
            return Vec::new();
        }
    }
    tokens
}
