//! A configuration that is put together, with the origin of each value.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::{Key, Origin};

/// A configuration, and where each of its values came from.
#[derive(Debug, Clone)]
pub struct Resolved<T> {
    /// The configuration itself.
    pub value: T,
    pub(crate) keys: &'static [Key],
    pub(crate) origins: BTreeMap<&'static str, Origin>,
}

/// One key with its value, as shown to people.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Dotted path of the key.
    pub key: &'static str,
    /// The value; null when unset, `[REDACTED]` when it is a secret and set.
    pub value: Value,
    /// Where the value came from.
    pub origin: Origin,
}

impl<T> Resolved<T> {
    /// Tells where the value of the key at `path` came from.
    pub fn origin(&self, path: &str) -> &Origin {
        self.origins.get(path).unwrap_or(&Origin::Default)
    }
}

impl<T: Serialize> Resolved<T> {
    /// Lists all keys in the order of their declaration; secrets are redacted.
    pub fn rows(&self) -> Vec<Row> {
        // Serializing is what redacts a secret, so no value can get around it. It cannot fail: all
        // values were read from JSON.
        let tree = serde_json::to_value(&self.value).unwrap_or_default();
        let row = |key: &Key| Row {
            key: key.path,
            value: at(&tree, key.path).clone(),
            origin: self.origin(key.path).clone(),
        };
        self.keys.iter().map(row).collect()
    }
}

/// Finds the value at a dotted path.
pub(crate) fn at<'a>(tree: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(tree, |value, name| &value[name])
}
