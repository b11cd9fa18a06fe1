//! The socket that the server listens on.

use std::net::SocketAddr;

use axum::serve::{ListenerExt as _, TapIo};
use loom_server_config::HttpSettings;
use tokio::net::{TcpListener, TcpStream};

use crate::StartError;

/// A bound listener, and the address that it really has.
pub(crate) struct Bound {
    pub(crate) listener: TapIo<TcpListener, fn(&mut TcpStream)>,
    pub(crate) address: SocketAddr,
}

/// Listens. Accepted connections send each piece at once (`TCP_NODELAY`): a streamed answer is
/// many small pieces.
pub(crate) async fn bind(settings: &HttpSettings) -> Result<Bound, StartError> {
    let error = |source| StartError::Listen {
        address: format!("{}:{}", settings.host, settings.port),
        source,
    };
    let listener = TcpListener::bind((settings.host.as_str(), settings.port))
        .await
        .map_err(error)?;
    let address = listener.local_addr().map_err(error)?;
    Ok(Bound {
        listener: listener.tap_io(send_at_once),
        address,
    })
}

fn send_at_once(stream: &mut TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
}
