//! How a rendered answer goes out as bytes: its pace, its cuts, and its faults.
//!
//! A protocol renders an answer to [`Event`]s. [`plan`] turns these and the reply's [`Delivery`]
//! into [`Step`]s (write these bytes, wait at this gate, hang, cut), and [`body`] performs the
//! steps as a response body. Everything that can be wrong is thereby decided in one pure function,
//! before the first byte goes out.
//!
//! A body whose client hung up is dropped by the HTTP server in the middle of its steps;
//! [`Progress`] notices by its own drop whether the last step had been reached.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::gate::Gate;

/// The choices of a reply that concern its bytes rather than its meaning.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Delivery {
    pub(super) delta_chars: usize,
    pub(super) write_sizes: Vec<usize>,
    pub(super) line_ending: LineEnding,
    pub(super) comments: bool,
    pub(super) pings: bool,
    pub(super) no_space_after_colon: bool,
    pub(super) anthropic_usage: AnthropicUsage,
    pub(super) openai_usage: OpenAiUsage,
    /// A wait before each event, in milliseconds.
    pub(super) pace_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fault: Option<Fault>,
    #[serde(skip)]
    pub(super) gates: Vec<(usize, Gate)>,
}

impl Default for Delivery {
    fn default() -> Self {
        Self {
            delta_chars: 12,
            write_sizes: Vec::new(),
            line_ending: LineEnding::default(),
            comments: false,
            pings: false,
            no_space_after_colon: false,
            anthropic_usage: AnthropicUsage::default(),
            openai_usage: OpenAiUsage::default(),
            pace_ms: 0,
            fault: None,
            gates: Vec::new(),
        }
    }
}

/// The line ends of an event stream (WHATWG HTML, 9.2.5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineEnding {
    /// `\n`
    #[default]
    Lf,
    /// `\r\n`
    CrLf,
    /// `\r`
    Cr,
}

impl LineEnding {
    fn as_str(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
            Self::Cr => "\r",
        }
    }
}

/// Where a Messages server puts the usage of a stream. A client merges what is not null; it never
/// adds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnthropicUsage {
    /// Input in `message_start`, output in `message_delta`, whose input fields are null.
    #[default]
    InputAtStart,
    /// A first `message_delta` with half of the output, a second with all of it: the counts are
    /// cumulative.
    OutputTwice,
    /// Zeros in `message_start`, everything in `message_delta`, as compatible gateways do.
    AllAtEnd,
}

/// Where a Chat Completions server puts the usage of a stream whose request asks for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpenAiUsage {
    /// As OpenAI: `usage: null` in every chunk, then one more chunk with `choices: []`.
    #[default]
    EmptyChoices,
    /// The last chunk has `choices: null`.
    NullChoices,
    /// The last chunk has no `choices`.
    NoChoices,
    /// In the chunk with the finish reason, asked for or not.
    WithFinish,
    /// None at all, as servers do that do not know `stream_options`.
    Absent,
}

/// What goes wrong with an answer. Where an event count matters, it counts protocol events from the
/// start of the stream; pings and comments do not count. A whole (not streamed) answer breaks in
/// the middle of its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Fault {
    NoResponse,
    CutAfterEvents(usize),
    HangAfter(usize),
    MalformedJsonAt(usize),
    ErrorEventAfter(usize),
    EndAfterEvents(usize),
    EndWithoutStop,
}

/// One server-sent event as a protocol renders it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    /// The `event:` field.
    pub(super) name: Option<&'static str>,
    /// The `data:` field, one line.
    pub(super) data: String,
    pub(super) kind: EventKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EventKind {
    /// Part of the answer.
    Content,
    /// Says nothing, and does not count.
    Ping,
    /// The protocol's end mark.
    Stop,
}

/// What a body does next.
#[derive(Debug)]
pub(super) enum Step {
    Write(Bytes),
    Pause(Duration),
    Pass(Gate),
    Hang,
    /// Breaks off after what was written, the head of the response at least.
    Cut,
    /// Breaks off before the head.
    Refuse,
}

/// Lays out a stream: the events in their order, the gates between them, and the fault where it
/// strikes.
pub(super) fn plan(events: Vec<Event>, error_event: &Event, delivery: &Delivery) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut counted = 0;
    for mut event in events {
        if event.kind != EventKind::Ping {
            pass_gates(&mut steps, delivery, |place| place == counted);
            if let Some(end) = last_step(&event, counted, error_event, delivery) {
                steps.extend(end);
                return resize_writes(steps, &delivery.write_sizes);
            }
            if delivery.fault == Some(Fault::MalformedJsonAt(counted)) {
                event.data = broken(&event.data);
            }
            counted += 1;
        }
        if delivery.pace_ms > 0 {
            steps.push(Step::Pause(Duration::from_millis(delivery.pace_ms)));
        }
        steps.push(Step::Write(frame(&event, delivery)));
    }
    pass_gates(&mut steps, delivery, |place| place >= counted);
    resize_writes(steps, &delivery.write_sizes)
}

/// What a fault puts in the place of this event and all later ones.
fn last_step(
    event: &Event,
    counted: usize,
    error_event: &Event,
    delivery: &Delivery,
) -> Option<Vec<Step>> {
    match delivery.fault? {
        Fault::NoResponse => Some(vec![Step::Refuse]),
        Fault::CutAfterEvents(limit) if counted >= limit => Some(vec![Step::Cut]),
        Fault::HangAfter(limit) if counted >= limit => Some(vec![Step::Hang]),
        Fault::ErrorEventAfter(limit) if counted >= limit => {
            Some(vec![Step::Write(frame(error_event, delivery))])
        }
        Fault::EndAfterEvents(limit) if counted >= limit => Some(Vec::new()),
        Fault::EndWithoutStop if event.kind == EventKind::Stop => Some(Vec::new()),
        _ => None,
    }
}

/// Lays out an answer that is not streamed: every gate comes before its body, every fault strikes
/// in the middle of it.
pub(super) fn plan_whole(body: String, delivery: &Delivery) -> Vec<Step> {
    let mut steps: Vec<_> = delivery
        .gates
        .iter()
        .map(|(_, gate)| Step::Pass(gate.clone()))
        .collect();
    match delivery.fault {
        Some(Fault::NoResponse) => return vec![Step::Refuse],
        Some(Fault::CutAfterEvents(_)) => {
            steps.extend([Step::Write(first_half(&body)), Step::Cut]);
        }
        Some(Fault::HangAfter(_)) => {
            steps.extend([Step::Write(first_half(&body)), Step::Hang]);
        }
        Some(Fault::MalformedJsonAt(_)) => steps.push(Step::Write(broken(&body).into())),
        Some(Fault::EndAfterEvents(_) | Fault::EndWithoutStop) => {
            steps.push(Step::Write(first_half(&body)));
        }
        Some(Fault::ErrorEventAfter(_)) | None => steps.push(Step::Write(body.into())),
    }
    resize_writes(steps, &delivery.write_sizes)
}

fn pass_gates(steps: &mut Vec<Step>, delivery: &Delivery, is_here: impl Fn(usize) -> bool) {
    let here = delivery.gates.iter().filter(|(place, _)| is_here(*place));
    steps.extend(here.map(|(_, gate)| Step::Pass(gate.clone())));
}

fn first_half(body: &str) -> Bytes {
    Bytes::copy_from_slice(&body.as_bytes()[..body.len() / 2])
}

/// The JSON without its last character, a bracket in all that is sent here.
fn broken(json: &str) -> String {
    json.strip_suffix(['}', ']']).unwrap_or("{").to_owned()
}

fn frame(event: &Event, delivery: &Delivery) -> Bytes {
    let end = delivery.line_ending.as_str();
    let colon = if delivery.no_space_after_colon {
        ":"
    } else {
        ": "
    };
    let mut text = String::new();
    if delivery.comments {
        text.push_str(&format!(": keep-alive{end}{end}"));
    }
    if let Some(name) = event.name {
        text.push_str(&format!("event{colon}{name}{end}"));
    }
    text.push_str(&format!("data{colon}{}{end}{end}", event.data));
    text.into()
}

/// Joins writes that stand next to each other and cuts them anew into these sizes, repeated as long
/// as bytes remain.
fn resize_writes(steps: Vec<Step>, sizes: &[usize]) -> Vec<Step> {
    let usable = sizes.iter().copied().filter(|size| *size > 0);
    let mut sizes = usable.collect::<Vec<_>>().into_iter().cycle().peekable();
    if sizes.peek().is_none() {
        return steps;
    }
    let mut resized = Vec::new();
    let mut pending = BytesMut::new();
    let mut flush = |pending: &mut BytesMut, resized: &mut Vec<Step>| {
        while !pending.is_empty() {
            let size = sizes.next().unwrap_or(1).min(pending.len());
            resized.push(Step::Write(pending.split_to(size).freeze()));
        }
    };
    for step in steps {
        if let Step::Write(bytes) = step {
            pending.extend_from_slice(&bytes);
        } else {
            flush(&mut pending, &mut resized);
            resized.push(step);
        }
    }
    flush(&mut pending, &mut resized);
    resized
}

/// What became of one answer: whether it went out whole, unset while it is under way.
pub(super) type Fate = Arc<OnceLock<bool>>;

/// Watches one body and settles its fate.
#[derive(Debug)]
pub(super) struct Progress {
    fate: Fate,
    /// Gets a permit when the client hangs up.
    hang_ups: Arc<Semaphore>,
}

impl Progress {
    pub(super) fn new(fate: Fate, hang_ups: Arc<Semaphore>) -> Self {
        Self { fate, hang_ups }
    }

    /// The last byte is about to go out. A client that has read the protocol's end mark may close
    /// at once, so this must be known before the byte leaves.
    fn complete(&self, whole: bool) {
        let _ = self.fate.set(whole);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.fate.set(false).is_ok() {
            self.hang_ups.add_permits(1);
        }
    }
}

/// A body that performs the steps. `whole` says that they bring the full answer.
pub(super) fn body(steps: Vec<Step>, whole: bool, progress: Progress) -> Body {
    Body::from_stream(async_stream::stream! {
        let last = steps.len().saturating_sub(1);
        for (place, step) in steps.into_iter().enumerate() {
            match step {
                Step::Write(bytes) => {
                    if place == last {
                        progress.complete(whole);
                    }
                    yield Ok(bytes);
                    // The connection writes what it has got only while the body is not ready.
                    tokio::task::yield_now().await;
                }
                Step::Pass(gate) => {
                    gate.pass().await;
                    if place == last {
                        progress.complete(whole);
                    }
                }
                Step::Pause(pause) => tokio::time::sleep(pause).await,
                Step::Hang => std::future::pending::<()>().await,
                Step::Cut | Step::Refuse => {
                    progress.complete(false);
                    if matches!(step, Step::Cut) {
                        tokio::task::yield_now().await;
                    }
                    yield Err(io::Error::other("the script breaks off here"));
                }
            }
        }
        progress.complete(whole);
    })
}

#[cfg(test)]
mod tests {
    use futures::StreamExt;

    use super::*;

    /// Reads so many pieces of a body of two, hangs up, and tells what the server knows of it.
    async fn after_reading(pieces: usize) -> (Option<bool>, usize) {
        let fate = Fate::default();
        let hang_ups = Arc::new(Semaphore::new(0));
        let progress = Progress::new(Arc::clone(&fate), Arc::clone(&hang_ups));
        let steps = vec![Step::Write("one".into()), Step::Write("two".into())];
        let stream = body(steps, true, progress).into_data_stream();
        let read = stream.take(pieces).collect::<Vec<_>>().await;
        assert_eq!(read.len(), pieces);
        (fate.get().copied(), hang_ups.available_permits())
    }

    #[tokio::test]
    async fn a_client_that_leaves_with_the_last_piece_has_not_hung_up() {
        assert_eq!(after_reading(2).await, (Some(true), 0));
    }

    #[tokio::test]
    async fn a_client_that_leaves_before_the_last_piece_has_hung_up() {
        assert_eq!(after_reading(1).await, (Some(false), 1));
        assert_eq!(after_reading(0).await, (Some(false), 1));
    }
}
