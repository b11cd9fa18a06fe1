//! Lines of bounded length.

use std::io;

use rmcp::model::RequestId;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};

/// Bytes of a line that is too long in which its id is looked for, at the start and at the end:
/// some servers write the id first, some last.
const ENDS: usize = 256;

/// A line.
#[derive(Debug, PartialEq)]
pub(super) enum Line {
    /// The whole line, without its end.
    Whole(Vec<u8>),
    /// It was too long, and was dropped. It may have been the answer to this request.
    TooLong { id: Option<RequestId> },
    /// There are no more.
    End,
}

/// Reads lines.
pub(super) struct Lines<R> {
    reader: BufReader<R>,
    limit: usize,
    line: Vec<u8>,
    /// The last bytes of a line that is too long; `None` while the line is not.
    tail: Option<Vec<u8>>,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    /// Reads lines of at most `limit` bytes.
    pub(super) fn new(reader: R, limit: usize) -> Self {
        Self {
            reader: BufReader::new(reader),
            limit,
            line: Vec::new(),
            tail: None,
        }
    }

    /// Returns the next line. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> io::Result<Line> {
        loop {
            let available = self.reader.fill_buf().await?;
            if available.is_empty() {
                return Ok(Line::End);
            }
            let end = available.iter().position(|&byte| byte == b'\n');
            let piece = &available[..end.unwrap_or(available.len())];
            match &mut self.tail {
                Some(tail) => {
                    tail.extend_from_slice(piece);
                    tail.drain(..tail.len().saturating_sub(ENDS));
                }
                None if self.line.len() + piece.len() > self.limit => {
                    let tail = &piece[piece.len().saturating_sub(ENDS)..];
                    self.tail = Some(tail.to_vec());
                    self.line.truncate(ENDS);
                    self.line.shrink_to_fit();
                }
                None => self.line.extend_from_slice(piece),
            }
            let consumed = end.map_or(piece.len(), |end| end + 1);
            self.reader.consume(consumed);
            if end.is_some() {
                let line = std::mem::take(&mut self.line);
                return Ok(match self.tail.take() {
                    None => Line::Whole(line),
                    Some(tail) => Line::TooLong {
                        id: id_in(&line, FindFrom::Start).or_else(|| id_in(&tail, FindFrom::End)),
                    },
                });
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum FindFrom {
    Start,
    End,
}

/// Finds `"id": 7` in a piece of a message.
fn id_in(piece: &[u8], from: FindFrom) -> Option<RequestId> {
    let text = String::from_utf8_lossy(piece);
    let after = match from {
        // What comes after the result may be part of the result.
        FindFrom::Start => {
            let text = text.split("\"result\"").next()?;
            text.split_once("\"id\"")?.1.to_owned()
        }
        FindFrom::End => text.rsplit_once("\"id\"")?.1.to_owned(),
    };
    let number = after.trim_start().strip_prefix(':')?.trim_start();
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok().map(RequestId::Number)
}
