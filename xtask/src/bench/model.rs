//! A model server in this process, which notes when it got a request and when it began to answer.
//!
//! It speaks just as much of HTTP and of the Anthropic Messages stream as one answer takes. That it runs in
//! the measuring process is the point: all moments are read from one clock.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Arc, Mutex};
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
        Self::with_work(Work::none())
    }

    /// Starts to listen, and has tools called first, as `work` says.
    pub(super) fn with_work(work: Arc<Work>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("cannot listen on loopback")?;
        let address = listener.local_addr()?;
        let (sender, answers) = mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let sender = sender.clone();
                let work = Arc::clone(&work);
                std::thread::spawn(move || serve(stream, &sender, &work));
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

/// Commands that a model has run before its last answer.
pub(super) struct Work {
    /// Makes the command line of the call with this number.
    command: fn(usize) -> String,
    calls: usize,
    done: AtomicUsize,
    /// Told when all calls have ended, ahead of the last answer.
    ended: SyncSender<()>,
    /// The last answer waits for this.
    go_on: Mutex<Receiver<()>>,
}

impl Work {
    fn none() -> Arc<Self> {
        Self::of(0, |_| String::new()).0
    }

    /// Makes work of `calls` commands. The first channel tells that all have ended; the last answer
    /// comes when something is sent to the second, or that is dropped.
    pub(super) fn of(
        calls: usize,
        command: fn(usize) -> String,
    ) -> (Arc<Self>, Receiver<()>, Sender<()>) {
        let (ended, when_ended) = mpsc::sync_channel(1);
        let (let_go, go_on) = mpsc::channel();
        let work = Self {
            command,
            calls,
            done: AtomicUsize::new(0),
            ended,
            go_on: Mutex::new(go_on),
        };
        (Arc::new(work), when_ended, let_go)
    }

    /// Returns the next command; none when all have ended.
    fn next(&self) -> Option<(usize, String)> {
        let number = self.done.fetch_add(1, Ordering::Relaxed);
        if number < self.calls {
            return Some((number, (self.command)(number)));
        }
        if self.calls > 0 {
            let _ = self.ended.try_send(());
            if let Ok(go_on) = self.go_on.lock() {
                // Either is a go.
                let _ = go_on.recv();
            }
        }
        None
    }
}

/// Answers requests on one connection until it closes.
fn serve(stream: TcpStream, answers: &Sender<Answer>, work: &Work) -> std::io::Result<()> {
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
        let (opening, rest) = match work.next() {
            Some((number, command)) => call_events(number, &command),
            None => events(),
        };
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

fn event(data: Value) -> String {
    format!(
        "event: {}\ndata: {data}\n\n",
        data["type"].as_str().unwrap_or("")
    )
}

/// Returns the events of an answer that runs a command.
fn call_events(number: usize, command: &str) -> (String, Vec<String>) {
    let opening = event(json!({"type": "message_start", "message": {
        "id": "msg_bench", "type": "message", "role": "assistant", "model": "bench", "content": [],
        "stop_reason": null, "stop_sequence": null, "usage": {"input_tokens": 1, "output_tokens": 1},
    }})) + &event(json!({
        "type": "content_block_start", "index": 0, "content_block": {
            "type": "tool_use", "id": format!("toolu_{number}"), "name": "bash", "input": {},
        },
    }));
    let arguments = json!({"command": command}).to_string();
    let rest = vec![
        event(json!({
            "type": "content_block_delta", "index": 0,
            "delta": {"type": "input_json_delta", "partial_json": arguments},
        })),
        event(json!({"type": "content_block_stop", "index": 0})),
        event(json!({
            "type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": null},
            "usage": {"output_tokens": 3},
        })),
        event(json!({"type": "message_stop"})),
    ];
    (opening, rest)
}

/// Returns the events before the first delta, and those from there on.
fn events() -> (String, Vec<String>) {
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
