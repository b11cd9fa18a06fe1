//! A model server in this process, which notes when it got a request and when it began to answer.
//!
//! It speaks just as much of HTTP and of the Anthropic Messages stream as one answer takes. That it runs in
//! the measuring process is the point: all moments are read from one clock.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Value, json};

/// The text of the first delta of every answer.
pub(super) const FIRST_TEXT: &str = "first";

/// The moments of one answer.
#[derive(Clone, Copy)]
pub(super) struct Answer {
    /// The last byte of the request was read.
    pub(super) requested: Instant,
    /// The first delta is about to be written.
    pub(super) first_delta: Instant,
}

/// A running model server.
pub(super) struct Model {
    address: SocketAddr,
    answers: Receiver<Answer>,
}

impl Model {
    /// Starts to listen. The threads end with the process.
    pub(super) fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("cannot listen on loopback")?;
        let address = listener.local_addr()?;
        let (sender, answers) = mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let sender = sender.clone();
                std::thread::spawn(move || serve(stream, &sender));
            }
        });
        Ok(Self { address, answers })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the moments of the one answer since this was called last.
    pub(super) fn answer(&self) -> anyhow::Result<Answer> {
        let answer = self
            .answers
            .recv_timeout(Duration::from_secs(30))
            .context("the model was not asked within 30 seconds")?;
        match self.answers.try_recv() {
            Ok(_) => bail!("the model was asked more than once"),
            Err(_) => Ok(answer),
        }
    }
}

/// Answers requests on one connection until it closes.
fn serve(stream: TcpStream, answers: &Sender<Answer>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    while let Some(path) = read_request(&mut reader)? {
        let requested = Instant::now();
        if path != "/v1/messages" {
            writer.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")?;
            continue;
        }
        writer.write_all(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
        )?;
        let (opening, rest) = events();
        write_chunk(&mut writer, &opening)?;
        let first_delta = Instant::now();
        for event in rest {
            write_chunk(&mut writer, &event)?;
        }
        writer.write_all(b"0\r\n\r\n")?;
        let _ = answers.send(Answer {
            requested,
            first_delta,
        });
    }
    Ok(())
}

/// Reads a request to its end and returns its path, or `None` when the client has closed.
fn read_request(reader: &mut impl BufRead) -> std::io::Result<Option<String>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    std::io::copy(&mut reader.take(length), &mut std::io::sink())?;
    Ok(Some(path))
}

fn write_chunk(writer: &mut impl Write, event: &str) -> std::io::Result<()> {
    writer.write_all(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes())
}

/// Returns the events before the first delta, and those from there on.
fn events() -> (String, Vec<String>) {
    let event = |data: Value| {
        format!(
            "event: {}\ndata: {data}\n\n",
            data["type"].as_str().unwrap_or("")
        )
    };
    let delta = |text: &str| {
        event(json!({
            "type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text},
        }))
    };
    let opening = event(json!({"type": "message_start", "message": {
        "id": "msg_bench", "type": "message", "role": "assistant", "model": "bench", "content": [],
        "stop_reason": null, "stop_sequence": null, "usage": {"input_tokens": 1, "output_tokens": 1},
    }})) + &event(json!({
        "type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""},
    }));
    let rest = vec![
        delta(FIRST_TEXT),
        delta(" and last"),
        event(json!({"type": "content_block_stop", "index": 0})),
        event(json!({
            "type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": null},
            "usage": {"output_tokens": 3},
        })),
        event(json!({"type": "message_stop"})),
    ];
    (opening, rest)
}
