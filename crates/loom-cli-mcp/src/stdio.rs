//! The transport over a process's standard input and output: a JSON-RPC message on each line.
//!
//! Servers print what does not belong there (banners, debug output, progress bars) and send lines of
//! any length. A line that is not JSON is counted and kept for the explanation; a server that prints
//! nothing else is given up. A line that is too long, or JSON of another shape, answers the call
//! that it names with an error, as far as its id can be found, so that the call need not wait for
//! its time-out.

mod lines;

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use rmcp::RoleClient;
use rmcp::model::{ErrorData, RequestId, ServerJsonRpcMessage};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::Mutex;

use crate::log::ServerLog;
use crate::process::ServerProcess;
use lines::{Line, Lines};

/// The longest message that is read, in bytes.
pub(crate) const MAX_MESSAGE: usize = 8 * 1024 * 1024;

/// After how many lines in a row that are no messages the server is given up.
const MAX_GARBAGE_LINES: u32 = 1000;

/// The transport over a process's standard input and output.
pub(crate) struct StdioTransport<R, W> {
    lines: Lines<R>,
    writer: Arc<Mutex<Option<W>>>,
    /// Messages of a batch that were not delivered yet.
    pending: VecDeque<ServerJsonRpcMessage>,
    log: Arc<ServerLog>,
    garbage_in_a_row: u32,
    process: Option<ServerProcess>,
}

impl<R: AsyncRead + Unpin, W: AsyncWrite> StdioTransport<R, W> {
    /// Talks to `process` over `reader` and `writer`.
    pub(crate) fn new(
        reader: R,
        writer: W,
        log: Arc<ServerLog>,
        process: Option<ServerProcess>,
    ) -> Self {
        Self {
            lines: Lines::new(reader, MAX_MESSAGE),
            writer: Arc::new(Mutex::new(Some(writer))),
            pending: VecDeque::new(),
            log,
            garbage_in_a_row: 0,
            process,
        }
    }

    /// Reads the messages of a line.
    fn read(&mut self, line: &[u8]) {
        if line.trim_ascii_start().starts_with(b"[") {
            // A batch, as the protocol of March 2025 had them.
            if let Ok(batch) = serde_json::from_slice::<Vec<&RawValue>>(line) {
                for message in batch {
                    self.read_message(message.get().as_bytes());
                }
                return;
            }
        }
        self.read_message(line);
    }

    fn read_message(&mut self, line: &[u8]) {
        match serde_json::from_slice::<ServerJsonRpcMessage>(line) {
            Ok(message) => {
                self.garbage_in_a_row = 0;
                self.pending.push_back(message);
            }
            Err(error) => match serde_json::from_slice::<Value>(line) {
                Ok(Value::Object(message)) => {
                    let id = message
                        .get("id")
                        .and_then(|id| serde_json::from_value::<RequestId>(id.clone()).ok());
                    let is_answer = !message.contains_key("method");
                    if let Some(id) = id.filter(|_| is_answer) {
                        self.answer(id, format!("the answer breaks the protocol: {error}"));
                    }
                }
                _ => self.garbage(line),
            },
        }
    }

    /// Answers a call in the server's place.
    fn answer(&mut self, id: RequestId, problem: String) {
        let error = ErrorData::internal_error(problem, None);
        self.pending
            .push_back(ServerJsonRpcMessage::error(error, Some(id)));
    }

    fn garbage(&mut self, line: &[u8]) {
        if !line.trim_ascii().is_empty() {
            self.garbage_in_a_row += 1;
            self.log.garbage(line);
        }
    }
}

impl<R, W> Transport<RoleClient> for StdioTransport<R, W>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    type Error = io::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = Result<(), io::Error>> + Send + 'static {
        let writer = Arc::clone(&self.writer);
        async move {
            let mut line = serde_json::to_vec(&message)?;
            line.push(b'\n');
            let mut writer = writer.lock().await;
            let writer = writer.as_mut().ok_or(io::ErrorKind::NotConnected)?;
            writer.write_all(&line).await?;
            writer.flush().await
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        loop {
            if let Some(message) = self.pending.pop_front() {
                return Some(message);
            }
            if self.garbage_in_a_row > MAX_GARBAGE_LINES {
                return None;
            }
            // Cancelled here, it goes on with the same line the next time.
            match self.lines.next().await {
                Ok(Line::Whole(line)) => self.read(&line),
                Ok(Line::TooLong { id }) => {
                    self.log.dropped();
                    if let Some(id) = id {
                        let problem = format!("the answer is longer than {MAX_MESSAGE} bytes");
                        self.answer(id, problem);
                    }
                }
                Ok(Line::End) => return None,
                Err(error) => {
                    self.log.line(&format!("(reading failed: {error})"));
                    return None;
                }
            }
        }
    }

    async fn close(&mut self) -> Result<(), io::Error> {
        // A send may be stuck on a server that does not read; it ends with the process.
        if let Ok(mut writer) = self.writer.try_lock() {
            writer.take();
        }
        if let Some(mut process) = self.process.take() {
            process.close().await;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
