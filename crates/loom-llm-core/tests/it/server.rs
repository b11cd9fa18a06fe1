//! A server that answers with bytes, and the client's side of it.

use loom_common_core::{LlmError, LlmErrorKind};
use loom_llm_core::{BaseUrl, Failure, Hints, Peer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The secret of the peer under test.
pub(crate) const SECRET: &str = "sk-very-secret";

/// One connection of the server under test.
pub(crate) struct Connection(TcpStream);

impl Connection {
    /// Writes bytes, and has them leave at once.
    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// Cuts the connection as a machine that dies does: no end of the body, a reset.
    pub(crate) fn reset(self) {
        self.0.set_zero_linger().unwrap();
    }

    /// Waits until the client has hung up.
    pub(crate) async fn hung_up(mut self) {
        let mut rest = Vec::new();
        let _ = self.0.read_to_end(&mut rest).await;
    }
}

/// Starts a server that takes one request and does what `act` says.
pub(crate) async fn serve<F>(
    act: impl FnOnce(Connection) -> F + Send + 'static,
) -> (Peer, JoinHandle<()>)
where
    F: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await.unwrap());
        }
        act(Connection(stream)).await;
    });
    (peer(&address), server)
}

/// Makes a peer at an address.
pub(crate) fn peer(address: &str) -> Peer {
    Peer {
        name: "the peer",
        base: BaseUrl::new(address.parse().unwrap()).unwrap(),
        unreachable: LlmErrorKind::ProviderUnreachable,
        hints: Hints {
            unreachable: "is it there?",
            silence: "is it alive?",
            key: "is it the right key?",
            address: "is it the right address?",
        },
        secret: Some(SECRET.to_owned().into()),
    }
}

/// Says of every refusal how it came.
pub(crate) fn refusal(failure: &Failure) -> LlmError {
    failure.error(LlmErrorKind::InvalidRequest, failure.summary())
}
