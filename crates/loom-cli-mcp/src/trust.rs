//! Which servers of projects the person trusts.
//!
//! A server of a project is a program that came with a repository, so it does not start before the
//! person has seen its definition and said yes. What is remembered is the definition's fingerprint,
//! by file and name: when a later commit changes the definition, the person is asked anew.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::config::{FileMode, Fingerprint, Scope, ServerEntry, replace};
use crate::error::McpError;

/// Name of the file in the state folder.
const FILE: &str = "mcp-trust.json";

/// What is trusted: by the file that defines it, then by name.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
struct Trusted(BTreeMap<PathBuf, BTreeMap<String, Fingerprint>>);

/// Remembers which servers of projects the person trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustStore {
    path: PathBuf,
}

impl TrustStore {
    /// Takes the store in Loom's state folder. Nothing is read or made yet.
    pub fn new(state_folder: &Path) -> Self {
        Self {
            path: state_folder.join(FILE),
        }
    }

    /// Returns those of `servers` that do not start for want of the person's trust.
    pub fn untrusted<'a>(&self, servers: &'a [ServerEntry]) -> Vec<&'a ServerEntry> {
        // What cannot be read is as good as nothing: then the person is asked again.
        let trusted = self.read().unwrap_or_default();
        servers
            .iter()
            .filter(|server| server.scope == Scope::Project && !server.is_disabled())
            .filter(|server| !trusted.holds(server))
            .collect()
    }

    /// Remembers that the person trusts `servers` as they are defined now.
    ///
    /// # Errors
    ///
    /// When the store cannot be read or written.
    pub fn trust(&self, servers: &[&ServerEntry]) -> Result<(), McpError> {
        self.change(|trusted| {
            for server in servers {
                trusted
                    .0
                    .entry(server.file.clone())
                    .or_default()
                    .insert(server.name.clone(), server.fingerprint.clone());
            }
        })
    }

    /// Forgets that the person trusts `server`.
    ///
    /// # Errors
    ///
    /// When the store cannot be read or written.
    pub fn distrust(&self, server: &ServerEntry) -> Result<(), McpError> {
        self.change(|trusted| {
            if let Some(names) = trusted.0.get_mut(&server.file) {
                names.remove(&server.name);
            }
            trusted.0.retain(|_, names| !names.is_empty());
        })
    }

    fn read(&self) -> Result<Trusted, McpError> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Trusted::default());
            }
            Err(source) => {
                return Err(McpError::Read {
                    path: self.path.clone(),
                    source,
                });
            }
        };
        serde_json::from_str(&text).map_err(|error| McpError::Malformed {
            path: self.path.clone(),
            problem: format!("is damaged: {error}; delete it to begin anew"),
        })
    }

    /// Changes what is stored, while other sessions wait.
    fn change(&self, change: impl FnOnce(&mut Trusted)) -> Result<(), McpError> {
        let _lock = self.lock().map_err(|source| McpError::Write {
            path: self.path.clone(),
            source,
        })?;
        let mut trusted = self.read()?;
        change(&mut trusted);
        let text = serde_json::to_string_pretty(&trusted).map_err(|error| McpError::Malformed {
            path: self.path.clone(),
            problem: format!("cannot be written: {error}"),
        })?;
        replace(&self.path, text.as_bytes(), FileMode::Private)
    }

    fn lock(&self) -> std::io::Result<File> {
        let path = self.path.with_extension("lock");
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = File::create(path)?;
        file.lock()?;
        Ok(file)
    }
}

impl Trusted {
    fn holds(&self, server: &ServerEntry) -> bool {
        self.0
            .get(&server.file)
            .and_then(|names| names.get(&server.name))
            .is_some_and(|fingerprint| *fingerprint == server.fingerprint)
    }
}
