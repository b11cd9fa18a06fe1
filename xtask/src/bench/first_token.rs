//! The time that Loom, CLI and server together, adds to the first token of a streamed answer.
//!
//! Two spans are added, on the one clock of this process:
//!
//! - the way there: from the moment the client takes up the prompt until the model has the whole request,
//! - the way back: from the moment the model writes the first text until the client has it.
//!
//! What the model takes in between is not counted, and neither is the start of the client's process. For
//! Loom the spans begin at the line `turn.started` and end at the first `item.updated`, as they arrive from
//! `loom -p --output-format stream-json`; each run is a new process with new connections. The yardstick is a
//! client that sends the same request straight to the model, connecting included. What Loom adds is the
//! difference of the two, run by run in turn.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, bail};
use serde_json::json;

use super::installation::Installation;
use super::model::{Answer, FIRST_TEXT, Model};
use super::table::{Measurement, Sample, Yardstick, milliseconds};
use crate::workspace::Workspace;

const WARM_UP: usize = 5;
const RUNS: usize = 40;

/// Measures Loom and the direct client in turn.
pub(super) fn added_latency(workspace: &Workspace) -> anyhow::Result<Vec<Measurement>> {
    let model = Model::start()?;
    let installation = Installation::start(workspace, &model)?;
    let (mut through_loom, mut added) = (Vec::new(), Vec::new());
    for run in 0..WARM_UP + RUNS {
        let mut command = installation.loom();
        command.args(["-p", "Say something.", "--output-format", "stream-json"]);
        let loom = loom_run(command, &model)?.without_model();
        let direct = direct_run(&model)?.without_model();
        if run >= WARM_UP {
            through_loom.push(loom);
            added.push(loom - direct);
        }
    }
    let measurement = |what: &str, times| {
        anyhow::Ok(Measurement {
            what: what.to_owned(),
            unit: "ms",
            sample: Sample::new(times).context("no runs")?,
            yardsticks: vec![Yardstick::target(5.0)],
        })
    };
    Ok(vec![
        measurement("first token, time added by CLI and server", added)?,
        measurement("first token, whole way without the model", through_loom)?,
    ])
}

/// One prompt and the beginning of its answer, as client and model saw it.
struct Run {
    begun: Instant,
    answer: Answer,
    first_text: Instant,
}

impl Run {
    /// Returns both spans together, in milliseconds.
    fn without_model(&self) -> f64 {
        span(self.begun, self.answer.requested) + span(self.answer.first_delta, self.first_text)
    }
}

/// Returns the milliseconds from one moment to another, less than zero when they come the other way round.
///
/// That happens: a line is seen a little later than it was written. Both spans of a run have one end that
/// is such a line, one the beginning and one the end, so that in their sum the delay cancels out.
fn span(from: Instant, to: Instant) -> f64 {
    milliseconds(to.saturating_duration_since(from))
        - milliseconds(from.saturating_duration_since(to))
}

fn loom_run(mut command: Command, model: &Model) -> anyhow::Result<Run> {
    let mut loom = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start `loom`")?;
    let mut lines = BufReader::new(loom.stdout.take().context("`loom` has no output")?);
    let (mut begun, mut first_text) = (None, None);
    let mut line = String::new();
    while lines.read_line(&mut line)? > 0 {
        let now = Instant::now();
        if line.starts_with(r#"{"type":"turn.started""#) {
            begun = Some(now);
        } else if line.starts_with(r#"{"type":"item.updated""#) {
            first_text.get_or_insert(now);
        }
        line.clear();
    }
    let mut errors = String::new();
    loom.stderr
        .take()
        .context("`loom` has no errors")?
        .read_to_string(&mut errors)?;
    let status = loom.wait()?;
    match (begun, first_text) {
        (Some(begun), Some(first_text)) if status.success() => Ok(Run {
            begun,
            answer: model.answer()?,
            first_text,
        }),
        _ => bail!("`loom -p` did not answer ({status}): {errors}"),
    }
}

fn direct_run(model: &Model) -> anyhow::Result<Run> {
    let body = json!({
        "model": "bench", "max_tokens": 1000, "stream": true,
        "messages": [{"role": "user", "content": "Say something."}],
    })
    .to_string();
    let request = format!(
        "POST /v1/messages HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        model.address(),
        body.len()
    );
    let begun = Instant::now();
    let mut stream = TcpStream::connect(model.address())?;
    stream.set_nodelay(true)?;
    stream.write_all(request.as_bytes())?;
    let mut received = Vec::new();
    let mut bytes = [0; 4096];
    let first_text = loop {
        let count = stream.read(&mut bytes)?;
        let now = Instant::now();
        if count == 0 {
            bail!("the model hung up");
        }
        received.extend_from_slice(&bytes[..count]);
        if String::from_utf8_lossy(&received).contains(FIRST_TEXT) {
            break now;
        }
    };
    Ok(Run {
        begun,
        answer: model.answer()?,
        first_text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_a_run_come_in_their_order() {
        let model = Model::start().unwrap();
        for _ in 0..2 {
            let run = direct_run(&model).unwrap();
            assert!(run.begun <= run.answer.requested);
            assert!(run.answer.requested <= run.answer.first_delta);
            assert!(run.answer.first_delta <= run.first_text);
        }
    }
}
