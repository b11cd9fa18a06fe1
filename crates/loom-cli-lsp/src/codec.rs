//! Frames of the base protocol: a header with the length, an empty line, JSON (LSP 3.17, base
//! protocol).

use serde_json::Value;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};

use crate::error::ConnectionError;

/// The largest header, in bytes.
const MAX_HEADER: u64 = 4096;

/// The largest frame, in bytes.
pub(crate) const MAX_FRAME: usize = 16 * 1024 * 1024;

/// Makes the frame of a message.
pub(crate) fn encode(message: &Value) -> Vec<u8> {
    let body = message.to_string();
    let mut frame = format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    frame.extend_from_slice(body.as_bytes());
    frame
}

/// Reads the next message; none at the end of the stream.
///
/// # Errors
///
/// When the stream breaks, or what comes is no frame or too large.
pub(crate) async fn read(
    reader: &mut (impl AsyncBufRead + Unpin),
) -> Result<Option<Value>, ConnectionError> {
    let Some(length) = header(reader).await? else {
        return Ok(None);
    };
    let mut body = Vec::new();
    let read = reader.take(length as u64).read_to_end(&mut body).await?;
    if read < length {
        return Err(ConnectionError::Garbage(
            "a frame that is cut off".to_owned(),
        ));
    }
    serde_json::from_slice(&body)
        .map(Some)
        .map_err(|error| ConnectionError::Garbage(format!("a frame that is not JSON: {error}")))
}

/// Reads a header and returns the length of the body; none at the end of the stream.
async fn header(
    reader: &mut (impl AsyncBufRead + Unpin),
) -> Result<Option<usize>, ConnectionError> {
    let mut length = None;
    let mut room = MAX_HEADER;
    loop {
        let mut line = Vec::new();
        let read = (&mut *reader)
            .take(room)
            .read_until(b'\n', &mut line)
            .await?;
        if read == 0 && length.is_none() && room == MAX_HEADER {
            return Ok(None);
        }
        room -= read as u64;
        if line.last() != Some(&b'\n') {
            let shown = String::from_utf8_lossy(&line).chars().take(80).collect();
            return Err(ConnectionError::Garbage(shown));
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let Some((name, value)) = line.split_once(':') else {
            return Err(ConnectionError::Garbage(line.chars().take(80).collect()));
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse::<usize>().ok();
        }
    }
    match length {
        Some(length) if length <= MAX_FRAME => Ok(Some(length)),
        Some(length) => Err(ConnectionError::Garbage(format!(
            "a frame of {length} bytes"
        ))),
        None => Err(ConnectionError::Garbage(
            "a header without a length".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;
    use tokio::io::BufReader;

    use super::*;

    fn read_all(bytes: &[u8]) -> Result<Vec<Value>, ConnectionError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            // A small buffer, so that frames come in pieces.
            let mut reader = BufReader::with_capacity(7, bytes);
            let mut messages = Vec::new();
            while let Some(message) = read(&mut reader).await? {
                messages.push(message);
            }
            Ok(messages)
        })
    }

    fn refusal(bytes: &[u8]) -> String {
        read_all(bytes).unwrap_err().to_string()
    }

    #[test]
    fn other_fields_of_the_header_are_ignored() {
        let frame = b"content-type: application/json\r\nCONTENT-LENGTH: 2 \r\n\r\n{}";
        assert_eq!(read_all(frame).unwrap(), [json!({})]);
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        let said = |what: &str| format!("it sent something else than the protocol: {what}");
        assert_eq!(refusal(b"Hello\n"), said("Hello"));
        assert_eq!(
            refusal(b"a: b\r\n\r\n{}"),
            said("a header without a length")
        );
        assert_eq!(
            refusal(b"Content-Length: 9\r\n\r\n{}"),
            said("a frame that is cut off")
        );
        assert_eq!(refusal(b"Content-Length: 2"), said("Content-Length: 2"));
        assert_eq!(
            refusal(b"Content-Length: -1\r\n\r\n"),
            said("a header without a length")
        );
        assert_eq!(
            refusal(b"Content-Length: 99999999999\r\n\r\n"),
            said("a frame of 99999999999 bytes")
        );
        assert_eq!(refusal(&vec![b'x'; 100_000]), said(&"x".repeat(80)));
    }

    proptest! {
        #[test]
        fn messages_arrive_as_they_were_sent(texts in prop::collection::vec(".{0,20}", 0..5)) {
            let messages: Vec<Value> = texts.iter().map(|text| json!({"text": text})).collect();
            let bytes: Vec<u8> = messages.iter().flat_map(encode).collect();
            prop_assert_eq!(read_all(&bytes).unwrap(), messages);
        }

        #[test]
        fn any_bytes_can_be_read(bytes in "(Content-Length|: |[0-9{}\r\n]){0,20}") {
            let _ = read_all(bytes.as_bytes());
        }
    }
}
