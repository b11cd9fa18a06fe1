//! Writes rules into the person's files.
//!
//! The folder of the file is locked, the file is read as it is now, changed with its comments kept, and
//! replaced as a whole: two sessions that remember at the same moment both find their rule there
//! afterwards, and whoever reads sees one of the states.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use loom_common_file::Access;
use toml_edit::{Array, DocumentMut, Item, RawString, Value};

use crate::decision::{Effect, Layer};
use crate::error::PermissionError;
use crate::rule::Rule;
use crate::rule_file::{self, RuleFile, TRUSTED};

/// What stands before each rule of a list that is written here.
const INDENTATION: &str = "\n    ";

/// Adds rules to a file, and returns what then stands in it.
pub(crate) fn add_rules(
    path: &Path,
    layer: Layer,
    rules: &[Rule],
    effect: Effect,
) -> Result<RuleFile, PermissionError> {
    let key = match effect {
        Effect::Allow => "allow",
        Effect::Ask => "ask",
        Effect::Deny => "deny",
    };
    change(path, layer, |document, before| {
        let mut list = match document.get(key).and_then(Item::as_array) {
            Some(list) => list.clone(),
            None => Array::new(),
        };
        let is_there = |rule: &&Rule| {
            before
                .entries
                .iter()
                .any(|entry| entry.effect == effect && entry.rule == **rule)
        };
        let mut added = false;
        for rule in rules.iter().filter(|rule| !is_there(rule)) {
            push(&mut list, &rule.to_string());
            added = true;
        }
        if added {
            set(document, key, Value::Array(list));
        }
    })
}

/// Writes which content of the project's file is trusted.
pub(crate) fn set_trusted(path: &Path, hash: &str) -> Result<RuleFile, PermissionError> {
    change(path, Layer::Personal, |document, _| {
        set(document, TRUSTED, hash.into());
    })
}

/// Adds a rule to the end of a list, on a line of its own if the others have one.
fn push(list: &mut Array, rule: &str) {
    let last = list.len().checked_sub(1);
    let before = match last.and_then(|last| list.get(last)) {
        None => INDENTATION,
        Some(last) => last
            .decor()
            .prefix()
            .and_then(RawString::as_str)
            .unwrap_or_default(),
    };
    let Some((_, indentation)) = before.rsplit_once('\n') else {
        list.push(rule);
        return;
    };
    let indentation = format!("\n{indentation}");
    // A comment behind the last rule stands, without a comma, with the rule, and else with the list.
    let mut behind = list.trailing().as_str().unwrap_or_default().to_owned();
    if let Some(last) = last.and_then(|last| list.get_mut(last)) {
        let suffix = last.decor().suffix().and_then(RawString::as_str);
        behind.insert_str(0, suffix.unwrap_or_default());
        last.decor_mut().set_suffix("");
    }
    let mut value = Value::from(rule);
    value
        .decor_mut()
        .set_prefix(format!("{}{indentation}", behind.trim_end()));
    list.push_formatted(value);
    list.set_trailing("\n");
    list.set_trailing_comma(true);
}

/// Sets a key. A new one stands behind the comments at the end of the file.
fn set(document: &mut DocumentMut, key: &str, value: Value) {
    if let Some(item) = document.get_mut(key) {
        // Inserting would take the comments before the key away.
        *item = Item::Value(value);
        return;
    }
    document.insert(key, Item::Value(value));
    let mut comments = document.trailing().as_str().unwrap_or_default().to_owned();
    if !comments.is_empty() && !comments.ends_with('\n') {
        comments.push('\n');
    }
    if let Some(mut key) = document.as_table_mut().key_mut(key) {
        key.leaf_decor_mut().set_prefix(comments);
        document.set_trailing("");
    }
}

/// Changes a file under a lock.
fn change(
    path: &Path,
    layer: Layer,
    edit: impl FnOnce(&mut DocumentMut, &RuleFile),
) -> Result<RuleFile, PermissionError> {
    let failed = |source| PermissionError::Write {
        path: path.to_owned(),
        source,
    };
    let target = target_of(path).map_err(failed)?;
    let folder = target.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder).map_err(failed)?;
    let lock = File::open(folder).map_err(failed)?;
    lock.lock().map_err(failed)?;
    let text = rule_file::read_text(&target)
        .map_err(|source| PermissionError::Read {
            path: path.to_owned(),
            source,
        })?
        .unwrap_or_default();
    let before = rule_file::parse(path, layer, &text)?;
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
        failed(io::Error::new(
            io::ErrorKind::InvalidData,
            error.to_string(),
        ))
    })?;
    edit(&mut document, &before);
    let changed = document.to_string();
    if changed == text {
        return Ok(before);
    }
    let after = rule_file::parse(path, layer, &changed)?;
    loom_common_file::replace(&target, changed, Access::KeptOrPrivate).map_err(failed)?;
    Ok(after)
}

/// Follows a link, for people keep their settings elsewhere and link to them.
fn target_of(path: &Path) -> io::Result<PathBuf> {
    match path.canonicalize() {
        Ok(target) => Ok(target),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(crate::places::resolved(path)),
        Err(error) => Err(error),
    }
}
