//! Serves a recorded conversation as a model would, until it is told to end.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use loom_testing::FakeModel;
use loom_testing::model::{DEFAULT_API_KEY, Recording};
use tokio::signal::unix::{SignalKind, signal};

/// Serves a recorded conversation over the Anthropic Messages and the OpenAI Chat Completions API.
///
/// Prints `listening on http://127.0.0.1:PORT`. Ends on SIGTERM or SIGINT: with 0, or with 1 and a
/// list when a request broke a rule of its protocol.
#[derive(Debug, Parser)]
#[command(name = "loom-replay-model")]
struct Arguments {
    /// The recording, a JSON file; every conversation gets its replies from the first on.
    file: PathBuf,
    /// The port on 127.0.0.1; 0 picks a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The key that requests must carry.
    #[arg(long, default_value = DEFAULT_API_KEY)]
    api_key: String,
    /// Milliseconds between two events of a stream, where the recording says nothing.
    #[arg(long, default_value_t = 0)]
    pace_ms: u64,
}

fn main() -> ExitCode {
    match serve(&Arguments::parse()) {
        Ok(violations) if violations.is_empty() => ExitCode::SUCCESS,
        Ok(violations) => {
            report(&format!(
                "requests broke the rules of the model's protocol:\n- {}",
                violations.join("\n- ")
            ));
            ExitCode::FAILURE
        }
        Err(error) => {
            report(&format!("error: {error}"));
            ExitCode::from(2)
        }
    }
}

/// Serves until a signal comes, and returns what was wrong with the requests.
fn serve(arguments: &Arguments) -> Result<Vec<String>, String> {
    let file = arguments.file.display();
    let json = std::fs::read_to_string(&arguments.file)
        .map_err(|error| format!("cannot read {file}: {error}"))?;
    let recording =
        Recording::from_json(&json).map_err(|error| format!("{file} is no recording: {error}"))?;
    let recording = recording.paced(Duration::from_millis(arguments.pace_ms));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start: {error}"))?;
    runtime.block_on(async {
        // From here on a signal ends the program in order, however early it comes.
        let no_signals = |error: io::Error| format!("cannot receive signals: {error}");
        let mut terminated = signal(SignalKind::terminate()).map_err(no_signals)?;
        let mut interrupted = signal(SignalKind::interrupt()).map_err(no_signals)?;
        let model = FakeModel::replay(recording, arguments.port)
            .map_err(|error| format!("cannot listen on 127.0.0.1:{}: {error}", arguments.port))?;
        model.expect_api_key(&arguments.api_key);
        writeln!(io::stdout(), "listening on {}", model.url())
            .map_err(|error| format!("cannot print: {error}"))?;
        tokio::select! {
            _ = terminated.recv() => {}
            _ = interrupted.recv() => {}
        }
        Ok(model.take_violations())
    })
}

/// Standard error may be closed; the exit code tells it too.
fn report(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
