//! The server inside the test's process: real sockets, a real database, and a token to ask with.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use loom_common_secret::SecretString;
use loom_server::{Server, StartError, StartOptions};
use loom_server_auth::{AccessToken, Clock, Entropy};
use loom_server_config::ServerConfig;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use tempfile::TempDir;

use crate::FakeModel;
use crate::model::DEFAULT_API_KEY;
use crate::search::{FakeSearchEngine, SEARCH_API_KEY};

/// The schema of the server's database, for the store tests of feature crates: these stand below
/// the program that has it.
pub use loom_server::MIGRATIONS;

/// A running server on a free port of loopback. It ends with the test's runtime.
pub struct TestServer {
    server: Server,
    token: AccessToken,
    _folder: TempDir,
}

impl TestServer {
    /// Starts a server after `configure` has changed its settings: a free port, a data folder of
    /// its own, SQLite, no provider.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn start(configure: impl FnOnce(&mut ServerConfig)) -> Self {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let mut config = ServerConfig {
            data_dir: folder.path().join("data"),
            ..ServerConfig::default()
        };
        config.http.port = 0;
        configure(&mut config);
        let server = start(config).await.expect("the server starts");
        let (token, _) = server
            .tokens()
            .create_personal("test")
            .await
            .expect("a token can be made");
        Self {
            server,
            token,
            _folder: folder,
        }
    }

    /// Starts a server whose providers, `anthropic` and `openai`, both are the model.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn with_model(model: &FakeModel) -> Self {
        Self::start(|config| use_model(config, model)).await
    }

    /// The server's address: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// An access token that the server takes.
    #[must_use]
    pub fn token(&self) -> SecretString {
        SecretString::new(self.token.expose().to_owned())
    }

    /// The server itself.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Shuts the server down as a signal would, and waits for its end.
    pub async fn shutdown(self) {
        self.server.shutdown().await;
    }
}

impl fmt::Debug for TestServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("TestServer")
            .field(&self.url())
            .finish()
    }
}

/// Makes both providers of the settings the model.
///
/// # Panics
///
/// Never: the model's addresses are URLs.
pub fn use_model(config: &mut ServerConfig, model: &FakeModel) {
    let llm = &mut config.llm;
    llm.anthropic.base_url = model.url().parse().expect("the model's address is a URL");
    llm.anthropic.api_key = Some(SecretString::new(DEFAULT_API_KEY.to_owned()));
    llm.openai.base_url = model
        .openai_base_url()
        .parse()
        .expect("the model's address is a URL");
    llm.openai.api_key = Some(SecretString::new(DEFAULT_API_KEY.to_owned()));
}

/// Makes the engine the one that the server searches the web with, as serper.dev.
///
/// # Panics
///
/// Never: the engine's address is a URL.
pub fn use_search(config: &mut ServerConfig, engine: &FakeSearchEngine) {
    let serper = &mut config.search.serper;
    serper.base_url = engine.url().parse().expect("the engine's address is a URL");
    serper.api_key = Some(SecretString::new(SEARCH_API_KEY.to_owned()));
}

/// Starts a server with exactly these settings, real time and real randomness.
///
/// # Errors
///
/// When it does not start.
pub async fn start(config: ServerConfig) -> Result<Server, StartError> {
    Server::start(StartOptions {
        config,
        state_file: None,
        clock: clock(),
        entropy: entropy(),
    })
    .await
}

/// The real time.
#[expect(
    clippy::disallowed_methods,
    reason = "the edge of a test is where the clock is handed in"
)]
#[must_use]
pub fn clock() -> Clock {
    Arc::new(Timestamp::now)
}

/// The system's randomness.
#[must_use]
pub fn entropy() -> Entropy {
    Box::new(UnwrapErr(SysRng))
}
