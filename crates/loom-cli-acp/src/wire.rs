//! The lines on the wire: one JSON-RPC message each, bounded on both sides.
//!
//! The library between queues without bounds, so the bounds are set here. A line that is too long,
//! or is no text, is answered with an error and passed over, and the connection goes on. Updates
//! of sessions go out only while there is room for them: a [`Flow`] lends a place to each, and the
//! writer gives it back when the line is written, so an editor that does not read stops its own
//! sessions and fills nobody's memory.

use std::io;
use std::sync::Arc;

use agent_client_protocol::{Error, ErrorCode, RawJsonRpcMessage, TransportFrame};
use futures::StreamExt as _;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::sync::Semaphore;

/// Longest line that is taken, in bytes: a prompt with pictures.
pub(crate) const MAX_LINE: usize = 64 << 20;

/// How many updates may be under way.
const UPDATES: usize = 64;

/// The method of updates.
const UPDATE: &str = "session/update";

/// Lends places on the way out.
#[derive(Clone, Debug)]
pub(crate) struct Flow(Arc<Semaphore>);

impl Flow {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(UPDATES)))
    }

    /// Waits for a place; false when nobody reads any more.
    pub(crate) async fn place(&self) -> bool {
        let place = self.0.acquire().await;
        place.map(tokio::sync::SemaphorePermit::forget).is_ok()
    }

    fn give_back(&self) {
        self.0.add_permits(1);
    }

    /// Says that nobody reads any more.
    pub(crate) fn close(&self) {
        self.0.close();
    }
}

/// Reads lines to the end of the input, or until nobody takes them.
pub(crate) async fn read(
    input: impl AsyncRead + Unpin,
    frames: UnboundedSender<TransportFrame>,
) -> io::Result<()> {
    let mut input = BufReader::with_capacity(64 * 1024, input);
    let mut line = Vec::new();
    loop {
        line.clear();
        let frame = match next_line(&mut input, &mut line).await? {
            Line::End => return Ok(()),
            Line::TooLong => malformed(&format!("the line is longer than {MAX_LINE} bytes")),
            Line::Whole => match std::str::from_utf8(&line) {
                Ok(text) if text.trim().is_empty() => continue,
                Ok(text) => bounded(TransportFrame::parse_json(text)),
                Err(_) => malformed("the line is not UTF-8"),
            },
        };
        if frames.unbounded_send(frame).is_err() {
            return Ok(());
        }
    }
}

enum Line {
    Whole,
    TooLong,
    End,
}

/// Reads up to the end of a line. Of one that is too long the rest is passed over.
async fn next_line(
    input: &mut (impl tokio::io::AsyncBufRead + Unpin),
    line: &mut Vec<u8>,
) -> io::Result<Line> {
    let mut is_too_long = false;
    loop {
        let read = input.fill_buf().await?;
        if read.is_empty() {
            return Ok(match (is_too_long, line.is_empty()) {
                (true, _) => Line::TooLong,
                (false, true) => Line::End,
                (false, false) => Line::Whole,
            });
        }
        let end = read.iter().position(|byte| *byte == b'\n');
        let piece = &read[..end.unwrap_or(read.len())];
        if line.len() + piece.len() > MAX_LINE {
            is_too_long = true;
            *line = Vec::new();
        } else if !is_too_long {
            line.extend_from_slice(piece);
        }
        let used = end.map_or(read.len(), |end| end + 1);
        input.consume(used);
        if end.is_some() {
            return Ok(match is_too_long {
                true => Line::TooLong,
                false => Line::Whole,
            });
        }
    }
}

fn malformed(reason: &str) -> TransportFrame {
    TransportFrame::Malformed {
        raw: String::new(),
        error: Error::parse_error().data(json!({ "reason": reason })),
    }
}

/// Answers what cannot be parsed without sending it back.
fn bounded(frame: TransportFrame) -> TransportFrame {
    match frame {
        TransportFrame::Malformed { raw, error } if error.code == ErrorCode::PARSE_ERROR => {
            TransportFrame::Malformed {
                raw,
                error: Error::parse_error().data(json!({ "reason": "the line is not JSON" })),
            }
        }
        frame => frame,
    }
}

/// Writes lines until there are no more.
pub(crate) async fn write(
    mut frames: UnboundedReceiver<TransportFrame>,
    mut output: impl AsyncWrite + Unpin,
    flow: &Flow,
) -> io::Result<()> {
    while let Some(frame) = frames.next().await {
        let is_update = matches!(
            &frame,
            TransportFrame::Single(RawJsonRpcMessage::Notification(notification))
                if &*notification.method == UPDATE
        );
        match frame.to_json() {
            Ok(mut line) => {
                line.push('\n');
                output.write_all(line.as_bytes()).await?;
                output.flush().await?;
            }
            Err(error) => tracing::warn!(%error, "a message could not be written"),
        }
        if is_update {
            flow.give_back();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use futures::channel::mpsc::unbounded;
    use proptest::prelude::*;

    use super::*;

    async fn lines_of(input: &[u8], piece: usize) -> Vec<Vec<u8>> {
        let mut input = BufReader::with_capacity(piece, input);
        let mut lines = Vec::new();
        let mut line = Vec::new();
        while let Line::Whole = next_line(&mut input, &mut line).await.unwrap() {
            lines.push(std::mem::take(&mut line));
        }
        lines
    }

    proptest! {
        #[test]
        fn lines_are_whole_however_they_come(
            lines in prop::collection::vec("[a-z]{0,9}", 0..9),
            piece in 1_usize..7,
        ) {
            let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let read = runtime.block_on(lines_of(input.as_bytes(), piece));
            let expected: Vec<Vec<u8>> = lines.into_iter().map(String::into_bytes).collect();
            prop_assert_eq!(read, expected);
        }
    }

    #[tokio::test]
    async fn a_last_line_without_an_end_counts() {
        assert_eq!(
            lines_of(b"one\ntwo", 2).await,
            [b"one".to_vec(), b"two".to_vec()]
        );
    }

    #[tokio::test]
    async fn what_is_no_message_becomes_an_error_that_does_not_repeat_it() {
        let (frames, mut read_frames) = unbounded();
        read(&b"not json\n\xff\n\n{}\n"[..], frames).await.unwrap();
        let mut reasons = Vec::new();
        while let Some(frame) = read_frames.next().await {
            let TransportFrame::Malformed { error, .. } = frame else {
                panic!("{frame:?}");
            };
            let reason = error
                .data
                .and_then(|data| data["reason"].as_str().map(str::to_owned));
            reasons.push(reason);
        }
        let reason = |text: &str| Some(text.to_owned());
        assert_eq!(
            reasons,
            [
                reason("the line is not JSON"),
                reason("the line is not UTF-8"),
                None
            ]
        );
    }

    #[tokio::test]
    async fn a_place_is_lent_until_the_line_is_written() {
        let flow = Flow::new();
        for _ in 0..UPDATES {
            assert!(flow.place().await);
        }
        let waiting = tokio::spawn({
            let flow = flow.clone();
            async move { flow.place().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        let (frames, written) = unbounded();
        let params = json!({"sessionId": "T", "update": {}});
        let update = RawJsonRpcMessage::notification(UPDATE.to_owned(), params).unwrap();
        frames
            .unbounded_send(TransportFrame::Single(update))
            .unwrap();
        drop(frames);
        let mut output = Vec::new();
        write(written, &mut output, &flow).await.unwrap();
        assert!(output.ends_with(b"\n"));
        assert!(waiting.await.unwrap());
        flow.close();
        assert!(!flow.place().await);
    }
}
