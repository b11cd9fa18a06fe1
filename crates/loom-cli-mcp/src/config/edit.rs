//! Adding servers to a file and removing them. All else in the file stays.

use std::path::Path;

use loom_common_file::Access;
use serde_json::{Map, Value, json};

use super::{
    ConfigFiles, SERVERS, Scope, ServerDefinition, TransportDefinition, document, malformed,
};
use crate::error::McpError;

impl ConfigFiles {
    /// Adds a server to the file of `scope`.
    ///
    /// # Errors
    ///
    /// [`McpError::Exists`] when the file has one of this name, [`McpError::Definition`] when the
    /// name or the definition cannot be used, and what goes wrong with the file.
    pub fn add(
        &self,
        scope: Scope,
        name: &str,
        transport: &TransportDefinition,
    ) -> Result<(), McpError> {
        let unusable = |problem: String| McpError::Definition {
            name: name.to_owned(),
            problem,
        };
        let is_usable =
            |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
        if name.is_empty() || !name.chars().all(is_usable) {
            return Err(unusable(
                "a name has letters, digits, `-`, `_` and `.` only".to_owned(),
            ));
        }
        let definition = written(transport);
        ServerDefinition::read(&definition).map_err(unusable)?;
        let path = self.of(scope);
        edit(path, |servers| {
            if servers.contains_key(name) {
                return Err(McpError::Exists {
                    name: name.to_owned(),
                    path: path.to_owned(),
                });
            }
            servers.insert(name.to_owned(), definition);
            Ok(())
        })
    }

    /// Removes a server from the file of `scope`.
    ///
    /// # Errors
    ///
    /// [`McpError::UnknownServer`] when the file has none of this name, and what goes wrong with
    /// the file.
    pub fn remove(&self, scope: Scope, name: &str) -> Result<(), McpError> {
        edit(self.of(scope), |servers| {
            // The other servers keep their order.
            match servers.shift_remove(name) {
                Some(_) => Ok(()),
                None => Err(McpError::UnknownServer {
                    name: name.to_owned(),
                    known: servers.keys().cloned().collect(),
                }),
            }
        })
    }
}

/// Writes a transport as a definition.
fn written(transport: &TransportDefinition) -> Value {
    let mut definition = match transport {
        TransportDefinition::Stdio {
            command,
            args,
            env,
            cwd,
        } => json!({"command": command, "args": args, "env": env, "cwd": cwd}),
        TransportDefinition::Http {
            url,
            headers,
            oauth,
        } => json!({"type": "http", "url": url, "headers": headers, "oauth": oauth}),
    };
    if let Value::Object(definition) = &mut definition {
        definition.retain(|_, value| match value {
            Value::Null => false,
            Value::Object(object) => !object.is_empty(),
            Value::Array(array) => !array.is_empty(),
            _ => true,
        });
    }
    definition
}

/// Changes the servers of a file. The file is replaced whole, or not at all.
fn edit(
    path: &Path,
    change: impl FnOnce(&mut Map<String, Value>) -> Result<(), McpError>,
) -> Result<(), McpError> {
    let mut document = document(path)?;
    let servers = document
        .entry(SERVERS)
        .or_insert_with(|| Value::Object(Map::new()));
    let Value::Object(servers) = servers else {
        return Err(malformed(
            path,
            format!("holds something else than an object under {SERVERS}"),
        ));
    };
    change(servers)?;
    let mut text = format!("{:#}", Value::Object(document));
    text.push('\n');
    replace(path, text.as_bytes(), Access::Kept)
}

/// Replaces a file whole, or not at all, and makes the folder for it.
pub(crate) fn replace(path: &Path, content: &[u8], access: Access) -> Result<(), McpError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)
        .and_then(|()| loom_common_file::replace(path, content, access))
        .map_err(|source| McpError::Write {
            path: path.to_owned(),
            source,
        })
}
