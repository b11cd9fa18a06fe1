//! The tokens of logins, in files that only the person can read.
//!
//! A file for each server, named by a hash of the server's address, so that a server keeps its
//! login when it is given another name. Several sessions share the files: a refresh is made under a
//! lock, because many servers take a refresh token only once.

use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use loom_common_file::Access;
use rmcp::transport::auth::{
    AuthError, CredentialRefreshGuard, CredentialStore, StoredCredentials,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use url::Url;

use crate::config::replace;
use crate::error::McpError;

/// Name of the folder in the state folder.
const FOLDER: &str = "mcp-logins";

/// The tokens of logins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Credentials {
    folder: PathBuf,
}

impl Credentials {
    /// Takes the tokens in Loom's state folder. Nothing is read or made yet.
    pub(crate) fn new(state_folder: &Path) -> Self {
        Self {
            folder: state_folder.join(FOLDER),
        }
    }

    /// Returns the tokens for the server at `url`.
    pub(crate) fn of(&self, url: &Url) -> ServerCredentials {
        let digest = Sha256::digest(url.as_str());
        let hash: String = digest
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        ServerCredentials {
            path: self.folder.join(format!("{hash}.json")),
            client_secret: None,
        }
    }
}

/// The tokens for one server.
#[derive(Clone)]
pub(crate) struct ServerCredentials {
    path: PathBuf,
    /// The secret that the client was given when it registered, to be stored with the tokens.
    client_secret: Option<String>,
}

/// What is in a file.
#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(flatten)]
    credentials: StoredCredentials,
    /// Some servers give a client that registers itself a secret, and want it at each refresh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
}

impl ServerCredentials {
    /// Removes them. Returns whether there were any.
    ///
    /// # Errors
    ///
    /// When the file cannot be removed.
    pub(crate) fn remove(&self) -> Result<bool, McpError> {
        match std::fs::remove_file(&self.path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(McpError::Write {
                path: self.path.clone(),
                source,
            }),
        }
    }

    /// Returns the tokens that are stored from now on with the secret that the client was given.
    #[must_use]
    pub(crate) fn with_client_secret(mut self, client_secret: Option<String>) -> Self {
        self.client_secret = client_secret;
        self
    }

    /// Returns the id and the secret of the client that the tokens were given to.
    pub(crate) fn client(&self) -> Result<Option<(String, Option<String>)>, AuthError> {
        let stored = self.read()?;
        Ok(stored.map(|stored| (stored.credentials.client_id, stored.client_secret)))
    }

    fn read(&self) -> Result<Option<Stored>, AuthError> {
        match std::fs::read(&self.path) {
            // A damaged file is as good as none: the person logs in again.
            Ok(content) => Ok(serde_json::from_slice(&content).ok()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed(&error)),
        }
    }

    fn write(&self, credentials: StoredCredentials) -> Result<(), AuthError> {
        self.make_folder().map_err(|error| self.failed(&error))?;
        let known = self
            .read()?
            .filter(|stored| stored.credentials.client_id == credentials.client_id);
        let stored = Stored {
            client_secret: match &self.client_secret {
                Some(secret) => Some(secret.clone()),
                None => known.and_then(|stored| stored.client_secret),
            },
            credentials,
        };
        let content = serde_json::to_vec(&stored).map_err(|error| self.failed(&error))?;
        replace(&self.path, &content, Access::Private).map_err(|error| self.failed(&error))
    }

    fn make_folder(&self) -> std::io::Result<()> {
        match self.path.parent() {
            Some(folder) => DirBuilder::new().recursive(true).mode(0o700).create(folder),
            None => Ok(()),
        }
    }

    fn lock(&self) -> std::io::Result<File> {
        self.make_folder()?;
        let file = File::create(self.path.with_extension("lock"))?;
        file.lock()?;
        Ok(file)
    }

    fn failed(&self, error: &dyn std::fmt::Display) -> AuthError {
        AuthError::CredentialStoreError(format!("{}: {error}", self.path.display()))
    }
}

#[async_trait::async_trait]
impl CredentialStore for ServerCredentials {
    async fn load(&self) -> Result<Option<StoredCredentials>, AuthError> {
        Ok(self.read()?.map(|stored| stored.credentials))
    }

    async fn save(&self, credentials: StoredCredentials) -> Result<(), AuthError> {
        self.write(credentials)
    }

    async fn clear(&self) -> Result<(), AuthError> {
        self.remove()
            .map(|_| ())
            .map_err(|error| self.failed(&error))
    }

    async fn acquire_refresh_guard(&self) -> Result<Option<CredentialRefreshGuard>, AuthError> {
        let store = self.clone();
        // Another session may hold it for as long as its refresh takes.
        let lock = tokio::task::spawn_blocking(move || store.lock())
            .await
            .map_err(|error| self.failed(&error))?
            .map_err(|error| self.failed(&error))?;
        Ok(Some(CredentialRefreshGuard::new(lock)))
    }
}
