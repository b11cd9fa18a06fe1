//! Which servers there are: the person's own, and those of the project.
//!
//! Both files have the form `{"mcpServers": {"NAME": {…}}}` that other agents and editors read:
//! `mcp.json` in Loom's configuration folder, and `.mcp.json` in the project, which is the nearest
//! one from the workspace up to the root of its repository. A server of the person's hides the
//! project's server of the same name: permissions are remembered by name, and a cloned repository
//! must not slip another program under a name that the person trusts. One broken definition, or one
//! broken file, does not keep the other servers from starting.

mod definition;
mod edit;
mod expand;
mod pins;

use std::io;
use std::path::{Path, PathBuf};

use loom_cli_hooks::Pin;
use loom_common_config::Environment;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::McpError;
pub use definition::{
    Fingerprint, OAuthDefinition, ServerDefinition, ToolFilter, TransportDefinition,
};
pub(crate) use edit::replace;
pub(crate) use expand::expand;

/// Name of the person's file in Loom's configuration folder.
const USER_FILE: &str = "mcp.json";

/// Name of the project's file.
const PROJECT_FILE: &str = ".mcp.json";

/// The key under which both files hold their servers.
const SERVERS: &str = "mcpServers";

/// The largest file that is read, in bytes.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Whose a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// The person's own, in all folders.
    User,
    /// The project's: it comes with the repository, and starts only when the person trusts it.
    Project,
}

/// The files that define servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFiles {
    /// The person's.
    pub user: PathBuf,
    /// The project's, whether there is one or not.
    pub project: PathBuf,
}

impl ConfigFiles {
    /// Finds the files: the person's below `config_folder`, the project's from `workspace` up to
    /// the root of its repository. Outside of a repository only the workspace itself counts.
    pub fn find(config_folder: &Path, workspace: &Path) -> Self {
        let root = workspace
            .ancestors()
            .find(|folder| folder.join(".git").exists())
            .unwrap_or(workspace);
        let project = workspace
            .ancestors()
            .take_while(|folder| folder.starts_with(root))
            .map(|folder| folder.join(PROJECT_FILE))
            .find(|file| file.exists())
            .unwrap_or_else(|| workspace.join(PROJECT_FILE));
        Self {
            user: config_folder.join(USER_FILE),
            project,
        }
    }

    /// Returns the file of a scope.
    pub fn of(&self, scope: Scope) -> &Path {
        match scope {
            Scope::User => &self.user,
            Scope::Project => &self.project,
        }
    }
}

/// A server as it is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerEntry {
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub scope: Scope,
    /// The file that defines it.
    pub file: PathBuf,
    /// What the file says, or what is wrong with that.
    pub definition: Result<ServerDefinition, String>,
    /// What the definition is known by.
    pub fingerprint: Fingerprint,
    /// The files of the project that it names, as they are now, or why that cannot be told; none
    /// for a server of the person's own.
    pub pins: Result<Vec<Pin>, String>,
}

impl ServerEntry {
    /// Makes an entry of a server that no file defines: the person handed it over, by the program in
    /// front of Loom. What it says is meant as it is, without variables to be replaced.
    pub fn handed_over(name: String, transport: TransportDefinition) -> Self {
        Self {
            fingerprint: Fingerprint::of(&Value::from(transport.to_string())),
            definition: Ok(ServerDefinition::of(transport.literal())),
            name,
            scope: Scope::User,
            file: PathBuf::new(),
            pins: Ok(Vec::new()),
        }
    }

    /// Tells whether it is switched off.
    pub fn is_disabled(&self) -> bool {
        self.definition
            .as_ref()
            .is_ok_and(|definition| definition.disabled)
    }

    /// Says line by line all that the server would do when it is started, for who has to decide
    /// about it. `cover` takes secrets out of what is written there in clear. The lines may hold
    /// anything that the file holds but for line ends.
    pub fn summary(&self, cover: impl Fn(&str) -> String) -> Vec<String> {
        let mut lines = match &self.definition {
            Ok(definition) => definition.summary(cover),
            Err(problem) => vec![format!("cannot be used: {problem}")],
        };
        let files = self
            .pins
            .iter()
            .flatten()
            .filter(|pin| pin.content().is_some());
        let files: Vec<String> = files.map(|pin| pin.path().display().to_string()).collect();
        if !files.is_empty() {
            lines.push(format!(
                "trusted as long as nothing changes {}",
                files.join(", ")
            ));
        }
        for line in &mut lines {
            *line = line.replace('\n', "\\n");
        }
        lines
    }
}

/// All servers that are configured.
#[derive(Debug)]
pub struct McpConfig {
    /// The files that were read.
    pub files: ConfigFiles,
    /// The servers, the person's first, each file's in its order; no name twice.
    pub servers: Vec<ServerEntry>,
    /// Files that cannot be used.
    pub problems: Vec<McpError>,
}

impl McpConfig {
    /// Reads the files, and what the project's servers name of the project. A missing file defines
    /// no servers. `workspace` is the folder that servers run in, `environment` what variables in
    /// definitions are replaced from.
    pub fn load(files: ConfigFiles, workspace: &Path, environment: &Environment) -> Self {
        let mut servers: Vec<ServerEntry> = Vec::new();
        let mut problems = Vec::new();
        for scope in [Scope::User, Scope::Project] {
            let file = files.of(scope);
            match entries(file) {
                Ok(entries) => {
                    for (name, value) in entries {
                        if servers.iter().all(|known| known.name != name) {
                            let definition = ServerDefinition::read(&value);
                            let pins = match (&definition, scope) {
                                (Ok(definition), Scope::Project) => {
                                    pins::pins(&definition.transport, file, workspace, environment)
                                        .map_err(|error| error.to_string())
                                }
                                _ => Ok(Vec::new()),
                            };
                            servers.push(ServerEntry {
                                definition,
                                pins,
                                fingerprint: Fingerprint::of(&value),
                                file: file.to_owned(),
                                name,
                                scope,
                            });
                        }
                    }
                }
                Err(error) => problems.push(error),
            }
        }
        Self {
            files,
            servers,
            problems,
        }
    }

    /// Adds a server, unless there is one of its name; tells whether it was added.
    pub fn add(&mut self, server: ServerEntry) -> bool {
        let is_new = self.servers.iter().all(|known| known.name != server.name);
        if is_new {
            self.servers.push(server);
        }
        is_new
    }

    /// Finds a server.
    ///
    /// # Errors
    ///
    /// [`McpError::UnknownServer`] when there is none of this name.
    pub fn server(&self, name: &str) -> Result<&ServerEntry, McpError> {
        self.servers
            .iter()
            .find(|server| server.name == name)
            .ok_or_else(|| McpError::UnknownServer {
                name: name.to_owned(),
                known: self
                    .servers
                    .iter()
                    .map(|known| known.name.clone())
                    .collect(),
            })
    }
}

/// Reads the servers of a file, in its order.
fn entries(path: &Path) -> Result<Map<String, Value>, McpError> {
    let mut document = document(path)?;
    match document.remove(SERVERS) {
        None => Ok(Map::new()),
        Some(Value::Object(servers)) => Ok(servers),
        Some(_) => Err(malformed(
            path,
            format!("holds something else than an object under {SERVERS}"),
        )),
    }
}

/// Reads a file whole; a missing or empty one is an empty object.
fn document(path: &Path) -> Result<Map<String, Value>, McpError> {
    let read = |source: io::Error| McpError::Read {
        path: path.to_owned(),
        source,
    };
    let text = match std::fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Map::new()),
        Err(error) => return Err(read(error)),
        Ok(metadata) if metadata.len() > MAX_FILE_BYTES => {
            return Err(malformed(path, "is larger than 1 MiB".to_owned()));
        }
        Ok(_) => std::fs::read_to_string(path).map_err(read)?,
    };
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_str(text.trim_start_matches('\u{feff}')) {
        Ok(Value::Object(document)) => Ok(document),
        Ok(_) => Err(malformed(
            path,
            "holds something else than a JSON object".to_owned(),
        )),
        Err(error) => Err(malformed(path, format!("is not JSON: {error}"))),
    }
}

fn malformed(path: &Path, problem: String) -> McpError {
    McpError::Malformed {
        path: path.to_owned(),
        problem,
    }
}

#[cfg(test)]
mod tests;
