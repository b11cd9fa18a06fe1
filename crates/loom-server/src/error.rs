//! Why a server does not start.

use std::io;
use std::path::PathBuf;

use loom_server_auth::AuthError;
use loom_server_db::DbError;
use loom_server_llm_service::SettingsError;

use crate::search::SearchSettingsError;

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder cannot be made or used. Trying again does not help.
    #[error("cannot use the data folder {path}: {source}", path = path.display())]
    DataDir {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The address cannot be listened on. Trying again helps when another program leaves it.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Host and port.
        address: String,
        /// What the system says.
        source: io::Error,
    },
    /// The settings of a model provider cannot work. Trying again does not help.
    #[error(transparent)]
    Provider(#[from] SettingsError),
    /// There can be no web search as the settings want it. Trying again does not help.
    #[error(transparent)]
    Search(#[from] SearchSettingsError),
    /// The database cannot be used; see its error.
    #[error(transparent)]
    Database(#[from] DbError),
    /// The local access token cannot be made; see its error.
    #[error("cannot make an access token: {0}")]
    Token(AuthError),
    /// The state file cannot be written. Trying again does not help.
    #[error("cannot write the state file {path}: {source}", path = path.display())]
    StateFile {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl StartError {
    /// Returns what the operator can do about it, where there is something.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::DataDir { .. } => Some(
                "make the folder writable for this user, or choose another one with --data-dir or \
                 LOOM_DATA_DIR"
                    .to_owned(),
            ),
            Self::Listen { source, .. } => listen_hint(source.kind()).map(str::to_owned),
            Self::Database(error) | Self::Token(AuthError::Database(error)) => {
                error.hint().map(str::to_owned)
            }
            Self::Search(SearchSettingsError::Missing { .. }) => Some(
                "set it, or take away what is set below `search` to run without a web search; \
                 `loom-server config reference` tells how each is set"
                    .to_owned(),
            ),
            Self::Provider(_) | Self::Search(_) => Some(
                "`loom-server config show --origin` tells where each setting comes from".to_owned(),
            ),
            Self::Token(_) => None,
            Self::StateFile { .. } => {
                Some("choose another path with --state-file, or free some space".to_owned())
            }
        }
    }
}

fn listen_hint(kind: io::ErrorKind) -> Option<&'static str> {
    match kind {
        io::ErrorKind::AddrInUse => Some(
            "another program listens there, perhaps another loom-server; stop it, or choose \
             another port with --port or LOOM_SERVER_PORT (0 picks a free one)",
        ),
        io::ErrorKind::PermissionDenied => {
            Some("ports below 1024 need privileges; choose another one with --port")
        }
        io::ErrorKind::AddrNotAvailable => {
            Some("this machine does not have that address; choose another one with --host")
        }
        _ => Some("check --host: it must be an address of this machine, or a name of one"),
    }
}
