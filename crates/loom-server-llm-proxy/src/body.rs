//! A request as it goes over the wire, written while it is sent.
//!
//! With each call of a long session the whole conversation goes to the server. Written out beforehand it
//! would stand in memory a second time, and as it grows with each call, no two of them would fit into the
//! same place. So a thread of the runtime writes it in pieces, as fast as the connection takes them.

use std::io::{self, BufWriter, Write};

use futures::stream;
use loom_common_core::LlmRequest;
use reqwest::Body;
use serde::Serialize;
use tokio::sync::mpsc;

/// The length of a piece, in bytes.
const PIECE: usize = 64 * 1024;

/// How many pieces wait for the connection.
const QUEUE: usize = 2;

/// Returns the request as JSON.
pub(crate) fn body(request: &LlmRequest) -> Body {
    let mut pieces = pieces(request.clone());
    Body::wrap_stream(stream::poll_fn(move |context| pieces.poll_recv(context)))
}

/// Begins to write the request. The writer waits while nobody takes the pieces, and ends when the
/// receiver is dropped.
fn pieces(request: impl Serialize + Send + 'static) -> mpsc::Receiver<io::Result<Vec<u8>>> {
    let (sender, pieces) = mpsc::channel(QUEUE);
    tokio::task::spawn_blocking(move || {
        let failures = sender.clone();
        if let Err(error) = write(&request, Pieces(sender)) {
            // Nobody is there to hear it when the request was given up.
            let _ = failures.blocking_send(Err(error));
        }
    });
    pieces
}

fn write(request: &impl Serialize, pieces: Pieces) -> io::Result<()> {
    let mut writer = BufWriter::with_capacity(PIECE, pieces);
    serde_json::to_writer(&mut writer, request)?;
    writer.flush()
}

/// Hands what is written to the connection.
struct Pieces(mpsc::Sender<io::Result<Vec<u8>>>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = bytes[..bytes.len().min(PIECE)].to_vec();
        let length = piece.len();
        self.0
            .blocking_send(Ok(piece))
            .map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
