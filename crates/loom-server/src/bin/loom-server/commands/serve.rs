//! `loom-server serve`: runs the server until a signal ends it.

use std::sync::Arc;

use jiff::Timestamp;
use loom_server::{Server, StartOptions};
use loom_server_auth::{Clock, Entropy, TokenInfo, TokenKind};
use loom_server_config::ServerConfig;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::print;
use crate::arguments::ServeArguments;
use crate::failure::Failure;
use crate::{log, runtime};

pub(crate) fn run(config: &ServerConfig, arguments: &ServeArguments) -> Result<(), Failure> {
    log::start(config)?;
    let runtime = runtime()?;
    let outcome = runtime.block_on(serve(config, arguments));
    // What still runs was told to end, and had its time.
    runtime.shutdown_background();
    outcome
}

async fn serve(config: &ServerConfig, arguments: &ServeArguments) -> Result<(), Failure> {
    // Listened for from the beginning: a signal during the start must not leave a state file.
    let mut signals = Signals::listen()?;
    let server = Server::start(StartOptions {
        config: config.clone(),
        state_file: arguments.state_file.clone(),
        clock: clock(),
        entropy: entropy(),
    })
    .await?;
    print(&format!("listening on {}\n", server.url()))?;
    if arguments.state_file.is_none() {
        explain_tokens(&server).await;
    }
    tracing::info!(
        address = %server.address(),
        database = ?server.db().dialect(),
        version = loom_common_version::VERSION,
        commit = loom_common_version::COMMIT,
        "the server is ready"
    );

    signals.next().await;
    tracing::info!("shutting down; another signal ends the server at once");
    tokio::select! {
        () = server.shutdown() => tracing::info!("the server has ended"),
        () = signals.next() => tracing::warn!("the server was ended at once"),
    }
    Ok(())
}

/// Says how to make a token, when nobody has one.
async fn explain_tokens(server: &Server) {
    // A database that fails just now is told by the health, and does not end the server.
    let Ok(tokens) = server.tokens().list().await else {
        return;
    };
    let is_good =
        |token: &TokenInfo| token.kind == TokenKind::Personal && token.revoked_at.is_none();
    if !tokens.iter().any(is_good) {
        tracing::warn!(
            "there is no access token yet: `loom-server token create NAME` makes one, and LOOM_TOKEN \
             gives it to `loom`"
        );
    }
}

/// The signals that the server answers to.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn listen() -> Result<Self, Failure> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the next signal to end. A terminal that hangs up is none.
    async fn next(&mut self) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hang_up.recv() => tracing::debug!("the terminal has gone"),
            }
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the program is where the real clock is handed in"
)]
pub(crate) fn clock() -> Clock {
    Arc::new(Timestamp::now)
}

pub(crate) fn entropy() -> Entropy {
    Box::new(UnwrapErr(SysRng))
}
