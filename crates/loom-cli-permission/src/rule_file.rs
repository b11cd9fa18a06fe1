//! Files of rules: TOML, read as a whole or not at all.
//!
//! ```toml
//! allow = ["bash(cargo test *)", "edit(src/**)"]
//! ask = ["bash(git push *)"]
//! deny = ["read(**/.env)"]
//! ```
//!
//! The organization's file may also say `full_mode = false`. The person's file for a folder keeps which
//! content of the project's file is trusted.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use toml_edit::{Document, Item, TomlError};

use crate::decision::{Effect, Layer, Origin};
use crate::error::PermissionError;
use crate::rule::Rule;

/// The longest file that is read, in bytes.
const MAX_LENGTH: u64 = 1024 * 1024;

/// The organization's word on full mode.
const FULL_MODE: &str = "full_mode";

/// The content of the project's file that the person trusts.
pub(crate) const TRUSTED: &str = "trusted";

/// A rule with what it says and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) rule: Rule,
    pub(crate) effect: Effect,
    pub(crate) origin: Origin,
}

/// A file of rules that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RuleFile {
    pub(crate) path: PathBuf,
    /// The hash of its bytes.
    pub(crate) hash: String,
    pub(crate) entries: Vec<Entry>,
    /// Where full mode is switched off, if it is.
    pub(crate) no_full_mode: Option<Origin>,
    /// The hash of the project's file that is trusted.
    pub(crate) trusted: Option<String>,
}

/// Reads the file of a layer; `None` when there is none.
pub(crate) fn read(path: &Path, layer: Layer) -> Result<Option<RuleFile>, PermissionError> {
    let unreadable = |source| PermissionError::Read {
        path: path.to_owned(),
        source,
    };
    match read_text(path).map_err(unreadable)? {
        None => Ok(None),
        Some(text) => parse(path, layer, &text).map(Some),
    }
}

/// Reads a text; `None` when there is no such file.
pub(crate) fn read_text(path: &Path) -> io::Result<Option<String>> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    // Reading a pipe would wait for its other end.
    if !metadata.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is not a file"));
    }
    let mut text = String::new();
    File::open(path)?
        .take(MAX_LENGTH + 1)
        .read_to_string(&mut text)?;
    if text.len() as u64 > MAX_LENGTH {
        return Err(io::Error::new(
            ErrorKind::FileTooLarge,
            "it is longer than 1 MiB",
        ));
    }
    Ok(Some(text))
}

/// Reads the text of a file.
pub(crate) fn parse(path: &Path, layer: Layer, text: &str) -> Result<RuleFile, PermissionError> {
    let document = Document::parse(text).map_err(|error: TomlError| PermissionError::Syntax {
        path: path.to_owned(),
        line: line_of(text, error.span()),
        message: error.message().trim().replace('\n', ", "),
    })?;
    let mut file = RuleFile {
        path: path.to_owned(),
        hash: hash_of(text),
        entries: Vec::new(),
        no_full_mode: None,
        trusted: None,
    };
    for (key, item) in document.iter() {
        let key_span = document.as_table().key(key).and_then(toml_edit::Key::span);
        let fault = |span: Option<Range<usize>>, problem| PermissionError::Key {
            path: path.to_owned(),
            line: line_of(text, span),
            key: key.to_owned(),
            problem,
        };
        let effect = match (key, layer) {
            ("allow", _) => Effect::Allow,
            ("ask", _) => Effect::Ask,
            ("deny", _) => Effect::Deny,
            (FULL_MODE, Layer::Organization) => {
                let allowed = item
                    .as_bool()
                    .ok_or_else(|| fault(item.span(), "must be `true` or `false`"))?;
                if !allowed {
                    file.no_full_mode = Some(origin(path, layer, line_of(text, key_span)));
                }
                continue;
            }
            (TRUSTED, Layer::Personal) => {
                let hash = item
                    .as_str()
                    .ok_or_else(|| fault(item.span(), "must be a text"))?;
                file.trusted = Some(hash.to_owned());
                continue;
            }
            _ => {
                return Err(fault(
                    key_span,
                    "is not known here; there are `allow`, `ask` and `deny`",
                ));
            }
        };
        let rules = Item::as_array(item)
            .ok_or_else(|| fault(item.span(), "must be a list of rules in quotes"))?;
        for value in rules {
            let line = line_of(text, value.span());
            let rule = value
                .as_str()
                .ok_or_else(|| fault(value.span(), "must be a list of rules in quotes"))?;
            let rule = rule.parse().map_err(|source| PermissionError::Rule {
                path: path.to_owned(),
                line,
                source,
            })?;
            file.entries.push(Entry {
                rule,
                effect,
                origin: origin(path, layer, line),
            });
        }
    }
    Ok(file)
}

fn origin(path: &Path, layer: Layer, line: usize) -> Origin {
    Origin {
        layer,
        file: Some(path.to_owned()),
        line: Some(line),
    }
}

/// Returns the line, from 1, that a place in the text is on; the last one without a place.
fn line_of(text: &str, span: Option<Range<usize>>) -> usize {
    let end = span.map_or(text.len(), |span| span.start.min(text.len()));
    text.as_bytes()[..end]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}

/// Returns the name under which a content is trusted.
fn hash_of(text: &str) -> String {
    let mut name = "sha256:".to_owned();
    for byte in Sha256::digest(text) {
        name.push_str(&format!("{byte:02x}"));
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(layer: Layer, text: &str) -> Result<RuleFile, String> {
        parse(Path::new("p.toml"), layer, text).map_err(|error| error.to_string())
    }

    #[test]
    fn rules_know_their_lines() {
        let file = parsed(
            Layer::User,
            "# mine\nallow = [\n  \"bash(ls)\", # look\n  'web_search',\n]\ndeny = [\"edit(/etc/**)\"]\n",
        )
        .unwrap();
        let found: Vec<_> = file
            .entries
            .iter()
            .map(|entry| (entry.rule.to_string(), entry.effect, entry.origin.line))
            .collect();
        assert_eq!(
            found,
            [
                ("bash(ls)".to_owned(), Effect::Allow, Some(3)),
                ("web_search".to_owned(), Effect::Allow, Some(4)),
                ("edit(/etc/**)".to_owned(), Effect::Deny, Some(6)),
            ]
        );
    }

    #[test]
    fn faults_are_named_with_file_line_and_rule() {
        let faults = [
            parsed(Layer::User, "allow = [\n\"bash(git push\"]"),
            parsed(Layer::User, "denny = []"),
            parsed(Layer::User, "deny = \"bash\""),
            parsed(Layer::User, "deny = [1]"),
            parsed(Layer::User, "\ndeny = ["),
            parsed(Layer::User, "full_mode = false"),
            parsed(Layer::Organization, "full_mode = 1"),
            parsed(Layer::Project, "trusted = 'x'"),
            parsed(Layer::User, "[deny]\na = 1"),
        ];
        let messages: Vec<_> = faults.into_iter().map(|fault| fault.unwrap_err()).collect();
        insta::assert_snapshot!(messages.join("\n"));
    }
}
