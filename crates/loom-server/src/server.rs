//! A running server.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use loom_redact::Redactor;
use loom_server_api::{ApiState, RequestIds};
use loom_server_auth::{AccessTokens, Clock, Entropy};
use loom_server_config::ServerConfig;
use loom_server_db::Db;
use loom_server_llm_service::LlmService;
use rand::Rng as _;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::state_file::WrittenStateFile;
use crate::{
    StartError, StateFile, connections, known_secrets, listener, metrics, open_database, search,
};

/// How long answers that were cut may take to say so to their clients.
const CUT_LIMIT: Duration = Duration::from_secs(2);

/// What a server is started from.
pub struct StartOptions {
    /// The settings.
    pub config: ServerConfig,
    /// Where to write a [`StateFile`] with a new local token; `None` for a server that people
    /// start and make tokens for themselves.
    pub state_file: Option<PathBuf>,
    /// Tells the time.
    pub clock: Clock,
    /// Where random bits come from.
    pub entropy: Entropy,
}

impl fmt::Debug for StartOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("StartOptions")
            .field("config", &self.config)
            .field("state_file", &self.state_file)
            .finish_non_exhaustive()
    }
}

/// A running server. Dropping it stops accepting but waits for nothing; use
/// [`Server::shutdown`].
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    db: Db,
    tokens: AccessTokens,
    state_file: Option<WrittenStateFile>,
    serving: JoinHandle<()>,
    shutdown_limit: Duration,
    /// Cancelled to stop accepting.
    stop: CancellationToken,
    /// Cancelled to end running answers.
    cut: CancellationToken,
    _upkeep: AbortOnDropHandle<()>,
}

impl Server {
    /// Starts a server. When this returns it answers.
    ///
    /// # Errors
    ///
    /// See [`StartError`]; nothing runs then.
    pub async fn start(options: StartOptions) -> Result<Self, StartError> {
        let StartOptions {
            config,
            state_file,
            clock,
            mut entropy,
        } = options;
        let bound = listener::bind(&config.http).await?;
        let llm = LlmService::new(&config)?;
        let search = search::web_search(&config.search, &mut entropy)?;
        let db = open_database(&config).await?;
        let request_ids = RequestIds::new(entropy.next_u64());
        let tokens = AccessTokens::new(db.clone(), clock, entropy);
        let metrics = metrics::recorder();
        let (stop, cut) = (CancellationToken::new(), CancellationToken::new());
        let router = loom_server_api::router(ApiState {
            db: db.clone(),
            tokens: tokens.clone(),
            llm: Arc::new(llm),
            search: search.map(Arc::new),
            metrics: metrics.clone(),
            request_ids,
            redaction: Redactor::new(known_secrets(&config)),
            body_limit: config.http.max_body_bytes,
            cut: cut.clone(),
        });
        let state_file = match state_file {
            Some(path) => {
                let (token, _) = tokens
                    .replace_local("local")
                    .await
                    .map_err(StartError::Token)?;
                let content = StateFile {
                    pid: std::process::id(),
                    url: url(bound.address),
                    token: token.expose().to_owned(),
                    version: loom_common_version::VERSION.to_owned(),
                    commit: loom_common_version::COMMIT.to_owned(),
                };
                Some(WrittenStateFile::write(&path, content)?)
            }
            None => None,
        };
        Ok(Self {
            address: bound.address,
            db,
            tokens,
            state_file,
            serving: tokio::spawn(connections::serve(bound.listener, router, stop.clone())),
            shutdown_limit: Duration::from_millis(config.http.shutdown_timeout_ms),
            stop,
            cut,
            _upkeep: AbortOnDropHandle::new(tokio::spawn(metrics::keep_up(metrics))),
        })
    }

    /// Returns the address that the server listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the URL of the server.
    pub fn url(&self) -> String {
        url(self.address)
    }

    /// Returns the access tokens of the server.
    pub fn tokens(&self) -> &AccessTokens {
        &self.tokens
    }

    /// Returns the database of the server.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// Stops accepting, waits until running answers have finished, ends those that do not within
    /// `http.shutdown_timeout_ms`, and closes the database.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        if tokio::time::timeout(self.shutdown_limit, &mut self.serving)
            .await
            .is_err()
        {
            tracing::warn!("ending the answers that did not finish in time");
            self.cut.cancel();
            if tokio::time::timeout(CUT_LIMIT, &mut self.serving)
                .await
                .is_err()
            {
                self.serving.abort();
            }
        }
        // Only now: a `loom` that starts meanwhile shall not take the server for ended, and start
        // another one on the same database.
        drop(self.state_file.take());
        self.tokens.settle().await;
        self.db.close().await;
    }
}

/// Returns the URL by which a program on this machine reaches a listener at `address`.
fn url(mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("http://{address}")
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
        self.cut.cancel();
    }
}
