//! The declared keys, joined with what the structs say about them.
//!
//! The JSON schema of the structs is walked down to its leaves; each leaf must have exactly one
//! [`Key`], and each key a leaf.

use std::collections::{BTreeMap, BTreeSet};

use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;
use strsim::normalized_damerau_levenshtein;

use crate::kind::Kind;
use crate::{Error, Key};

/// A key and what is known about its values.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) key: Key,
    pub(crate) kind: Kind,
    pub(crate) secret: bool,
    pub(crate) doc: String,
}

/// All keys of a configuration, in the order of their declaration.
#[derive(Debug)]
pub(crate) struct Catalog {
    pub(crate) settings: Vec<Setting>,
    tables: BTreeSet<String>,
}

impl Catalog {
    /// Joins keys with the structs below `T`.
    pub(crate) fn of<T: JsonSchema>(keys: &[Key]) -> Result<Self, Error> {
        let root = SchemaGenerator::default()
            .into_root_schema_for::<T>()
            .to_value();
        let mut leaves = Leaves {
            root: &root,
            found: BTreeMap::new(),
            tables: BTreeSet::new(),
        };
        leaves.walk(&root, "");
        let Leaves {
            mut found, tables, ..
        } = leaves;

        let mut settings = Vec::with_capacity(keys.len());
        for key in keys {
            let path = key.path;
            let leaf = found.remove(path).ok_or_else(|| {
                Error::Declaration(format!("`{path}` is no field, or is declared twice"))
            })?;
            let kind = leaf.kind.ok_or_else(|| {
                Error::Declaration(format!(
                    "`{path}` is of a type that a variable cannot carry"
                ))
            })?;
            settings.push(Setting {
                key: *key,
                kind,
                secret: leaf.secret,
                doc: leaf.doc,
            });
        }
        match found.keys().next() {
            Some(path) => Err(Error::Declaration(format!("`{path}` has no key"))),
            None => Ok(Self { settings, tables }),
        }
    }

    pub(crate) fn setting(&self, path: &str) -> Option<&Setting> {
        self.settings
            .iter()
            .find(|setting| setting.key.path == path)
    }

    pub(crate) fn is_table(&self, path: &str) -> bool {
        self.tables.contains(path)
    }

    /// Finds the key or table that somebody who wrote `path` probably meant.
    pub(crate) fn similar_to(&self, path: &str) -> Option<&str> {
        let (table, name) = split(path);
        let keys = self.settings.iter().map(|setting| setting.key.path);
        let known = || keys.clone().chain(self.tables.iter().map(String::as_str));
        // Table and name count apart: a long table in common makes no two names alike.
        let likeness = |known: &str| {
            let (known_table, known_name) = split(known);
            normalized_damerau_levenshtein(table, known_table)
                * normalized_damerau_levenshtein(name, known_name)
        };
        let (likeness, closest) = known()
            .map(|known| (likeness(known), known))
            .max_by(|a, b| a.0.total_cmp(&b.0))?;
        if likeness >= 0.6 {
            return Some(closest);
        }
        // The right name in the wrong table, when there is only one such name.
        let mut named = known().filter(|known| split(known).1 == name);
        named.next().filter(|_| named.next().is_none())
    }
}

/// Splits a path into the table and the name in it.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('.').unwrap_or(("", path))
}

/// What the schema says about a leaf.
struct Leaf {
    kind: Option<Kind>,
    secret: bool,
    doc: String,
}

/// Walks a schema and gathers its leaves and tables.
struct Leaves<'a> {
    root: &'a Value,
    found: BTreeMap<String, Leaf>,
    tables: BTreeSet<String>,
}

impl<'a> Leaves<'a> {
    fn walk(&mut self, schema: &'a Value, path: &str) {
        let properties = follow(self.root, schema)
            .get("properties")
            .and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            let path = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}.{name}")
            };
            let target = follow(self.root, property);
            if target.get("properties").is_some() {
                self.walk(property, &path);
                self.tables.insert(path);
            } else {
                let root = self.root;
                let leaf = Leaf {
                    kind: Kind::of(property, &|schema| follow(root, schema)),
                    secret: target["writeOnly"] == true,
                    doc: described(property)
                        .or_else(|| described(target))
                        .unwrap_or_default(),
                };
                self.found.insert(path, leaf);
            }
        }
    }
}

fn described(schema: &Value) -> Option<String> {
    schema
        .get("description")
        .and_then(Value::as_str)
        .map(str::to_owned)
}

/// Follows a `$ref` into the definitions of the root schema.
fn follow<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| root.pointer(reference.strip_prefix('#')?))
        .unwrap_or(schema)
}

/// Gives the JSON schema of the configuration file; keys that do not exist are refused.
///
/// The same structs always give the same text.
pub fn file_schema<T: JsonSchema>() -> Value {
    let mut schema = SchemaGenerator::default().into_root_schema_for::<T>();
    let mut closed = RecursiveTransform(|schema: &mut Schema| {
        if schema.get("properties").is_some() {
            schema.insert("additionalProperties".to_owned(), false.into());
        }
    });
    closed.transform(&mut schema);
    schema.to_value()
}
