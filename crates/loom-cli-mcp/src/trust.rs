//! Which servers of projects the person trusts.
//!
//! A server of a project is a program that came with a repository, and runs with all rights of the
//! person, so it does not start before the person has seen its definition and said yes. What is
//! remembered by file and name is the definition's fingerprint, and the content of the project's
//! files that the definition names: when a later commit, or the agent, changes one of them, the
//! person is asked anew.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};

use loom_common_file::Access;
use serde::{Deserialize, Serialize};

use crate::config::{Fingerprint, Scope, ServerEntry, replace};
use crate::error::McpError;

/// Name of the file in the state folder.
const FILE: &str = "mcp-trust.json";

/// What is trusted: by the file that defines it, then by name.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
struct Trusted(BTreeMap<PathBuf, BTreeMap<String, Record>>);

/// What was trusted of a server.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Record {
    /// The definition, and the files that it names: the hash of each, none for one that was not
    /// there.
    Pinned {
        definition: Fingerprint,
        files: BTreeMap<PathBuf, Option<String>>,
    },
    /// The definition alone, as it was stored before files were pinned. It counts no more.
    Unpinned(Fingerprint),
}

/// A server that does not start for want of the person's trust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UntrustedServer<'a> {
    /// The server.
    pub entry: &'a ServerEntry,
    /// Why it is not trusted.
    pub why: Distrust,
}

impl UntrustedServer<'_> {
    /// Returns the file to look at before the server is trusted.
    pub fn evidence(&self) -> &Path {
        match &self.why {
            Distrust::Changed(path) => path,
            _ => &self.entry.file,
        }
    }
}

/// Why a server is not trusted. It is written as a clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Distrust {
    /// The person has not said that it is.
    Unknown,
    /// Its definition is another, or names other files.
    Redefined,
    /// A file that its definition names is another.
    Changed(PathBuf),
    /// Why a file that its definition names cannot be read or is too large. It cannot be trusted
    /// before that is mended.
    Unpinned(String),
}

impl fmt::Display for Distrust {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => formatter.write_str("this folder could have brought it along"),
            Self::Redefined => formatter.write_str(
                "its definition, or what a variable in it stands for, has changed since you \
                 trusted it",
            ),
            Self::Changed(path) => write!(
                formatter,
                "{}, which its definition names, has changed since you trusted it",
                path.display()
            ),
            Self::Unpinned(problem) => write!(
                formatter,
                "its definition names a file that cannot be held to what it is now: {problem}"
            ),
        }
    }
}

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
    pub fn untrusted<'a>(&self, servers: &'a [ServerEntry]) -> Vec<UntrustedServer<'a>> {
        // What cannot be read is as good as nothing: then the person is asked again.
        let trusted = self.read().unwrap_or_default();
        servers
            .iter()
            .filter(|server| server.scope == Scope::Project && !server.is_disabled())
            .filter_map(|entry| {
                let why = trusted.distrust(entry)?;
                Some(UntrustedServer { entry, why })
            })
            .collect()
    }

    /// Remembers that the person trusts `servers` as they, and the files that they name, were when
    /// they were read.
    ///
    /// # Errors
    ///
    /// [`McpError::Definition`] for a server with a file that cannot be pinned; none is trusted
    /// then. When the store cannot be read or written.
    pub fn trust(&self, servers: &[&ServerEntry]) -> Result<(), McpError> {
        let mut records = Vec::new();
        for server in servers {
            let files = files(server).map_err(|problem| McpError::Definition {
                name: server.name.clone(),
                problem: Distrust::Unpinned(problem).to_string(),
            })?;
            let definition = server.fingerprint.clone();
            records.push((server, Record::Pinned { definition, files }));
        }
        self.change(|trusted| {
            for (server, record) in records {
                let names = trusted.0.entry(server.file.clone()).or_default();
                names.insert(server.name.clone(), record);
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
        replace(&self.path, text.as_bytes(), Access::Private)
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
    /// Returns why a server is not trusted; none when it is.
    fn distrust(&self, server: &ServerEntry) -> Option<Distrust> {
        let now = match files(server) {
            Ok(files) => files,
            Err(problem) => return Some(Distrust::Unpinned(problem)),
        };
        let names = self.0.get(&server.file);
        let Some(Record::Pinned { definition, files }) =
            names.and_then(|names| names.get(&server.name))
        else {
            return Some(Distrust::Unknown);
        };
        // Another value of a variable makes it name other files.
        if *definition != server.fingerprint || !now.keys().eq(files.keys()) {
            return Some(Distrust::Redefined);
        }
        let changed = now
            .into_iter()
            .find(|(path, hash)| files.get(path) != Some(hash));
        changed.map(|(path, _)| Distrust::Changed(path))
    }
}

/// Returns the hashes of the files that a server's definition names.
fn files(server: &ServerEntry) -> Result<BTreeMap<PathBuf, Option<String>>, String> {
    let pins = server.pins.as_ref().map_err(Clone::clone)?;
    let files = pins
        .iter()
        .map(|pin| (pin.path().to_owned(), pin.content()));
    Ok(files.collect())
}
