//! `loom -p`: one prompt without a terminal.

use std::io::{self, IsTerminal, Write};

use loom_cli_session::{Person, Session, SessionHandle};
use loom_common_core::Usage;
use loom_common_core::stream::{StreamError, ThreadEvent};
use tokio::sync::mpsc;

use super::assembly::{Beginning, Started};
use super::prompt_input;
use super::stream_input::{self, Program, StreamInput};
use crate::arguments::{InputFormat, OutputFormat, SessionArguments};
use crate::error::CliError;
use crate::interrupt::Interrupts;
use crate::render::{JsonLines, PlainView, sanitize};
use crate::setting::Setting;

const NOBODY_TO_ASK: &str = "nobody can be asked here: loom runs without a terminal (the user can \
                             allow commands with --permission-mode full)";

pub(super) async fn run(
    setting: &Setting,
    arguments: &SessionArguments,
    prompt: &str,
) -> Result<(), CliError> {
    let input = match arguments.input_format {
        InputFormat::Text => Input::Prompt(prompt_input::read(prompt)?),
        InputFormat::StreamJson => Input::Stream(prompt.to_owned()),
    };
    // From here on Ctrl-C stops the turn in good order instead of the process at any point.
    let mut interrupts = Interrupts::listen()?;
    let mut output = Output::new(arguments);
    let started = match start(setting, arguments, &input, &mut interrupts).await {
        Ok(started) => started,
        Err(error) => {
            output.fail(&error)?;
            return Err(error);
        }
    };
    let shows_failures = output.shows_failures();
    let end = drive(started, input, output, &mut interrupts).await?;
    let error = match end.failure {
        None => return Ok(()),
        Some(_) if end.interrupted => CliError::interrupted("interrupted"),
        Some(failure) => CliError::from(failure),
    };
    Err(match shows_failures {
        true => error.shown(),
        false => error,
    })
}

/// What the session is asked.
enum Input {
    /// One prompt.
    Prompt(String),
    /// What a program says, after a first prompt that may be empty.
    Stream(String),
}

async fn start(
    setting: &Setting,
    arguments: &SessionArguments,
    input: &Input,
    interrupts: &mut Interrupts,
) -> Result<Started, CliError> {
    let person = match input {
        Input::Prompt(_) => Person::Absent {
            reason: NOBODY_TO_ASK.to_owned(),
        },
        // The program answers, or closes its input.
        Input::Stream(_) => Person::Present,
    };
    let beginning = Beginning {
        thread: arguments.into(),
        person,
        servers: Vec::new(),
    };
    let started = tokio::select! {
        started = super::assembly::start(setting, beginning) => started?,
        _ = interrupts.next() => return Err(CliError::interrupted("interrupted")),
    };
    for warning in &started.warnings {
        CliError::warn(warning);
    }
    // A single prompt has no second turn in which a tool could turn up.
    tokio::select! {
        () = started.servers_settled() => {}
        _ = interrupts.next() => return Err(CliError::interrupted("interrupted")),
    }
    Ok(started)
}

/// How a run ended.
struct End {
    failure: Option<StreamError>,
    interrupted: bool,
}

/// Drives a session to its end, which comes when nothing is left to do. Writing may block for as
/// long as nobody reads, so it has a thread of its own, and signals are heeded meanwhile.
async fn drive(
    started: Started,
    input: Input,
    output: Output,
    interrupts: &mut Interrupts,
) -> Result<End, CliError> {
    let Started {
        session,
        models,
        own_commands,
        provider,
        ..
    } = started;
    let program = Program {
        models,
        own_commands,
    };
    let Session { handle, events } = session;
    let (Input::Prompt(prompt) | Input::Stream(prompt)) = &input;
    if !prompt.trim().is_empty() {
        let mut heard = tokio::select! {
            heard = program.hear(prompt, &provider) => heard,
            _ = interrupts.next() => return Err(CliError::interrupted("interrupted")),
        };
        // Whatever the format of the output.
        for problem in heard.iter_mut().flat_map(|heard| heard.problems.drain(..)) {
            CliError::warn(&problem);
        }
        stream_input::say(&handle, heard).await?;
    }
    let mut stream = match input {
        Input::Prompt(_) => {
            handle.finish().await?;
            None
        }
        Input::Stream(_) => Some(StreamInput::read(handle.clone(), program, provider)),
    };
    let (unread, mut nobody_reads) = mpsc::channel(1);
    let drawing = tokio::task::spawn_blocking(move || draw(events, output, &unread));
    tokio::pin!(drawing);
    let mut interrupted = false;
    loop {
        tokio::select! {
            drawn = &mut drawing => {
                let failure = drawn.map_err(|_| broken_off())??;
                return Ok(End { failure, interrupted });
            }
            Some(()) = nobody_reads.recv() => end(&handle).await,
            goes_on = next(&mut stream) => {
                // A session that has ended takes nothing more; its last event is on its way.
                if !matches!(goes_on, Ok(true)) {
                    stream = None;
                }
            }
            _ = interrupts.next() => {
                if interrupted {
                    return Err(CliError::interrupted("interrupted again; not everything is saved"));
                }
                interrupted = true;
                end(&handle).await;
            }
        }
    }
}

/// Takes the next line of the stream; waits for ever when there is none.
async fn next(stream: &mut Option<StreamInput>) -> Result<bool, CliError> {
    match stream {
        Some(stream) => stream.next().await,
        None => std::future::pending().await,
    }
}

async fn end(handle: &SessionHandle) {
    // A session that has ended by itself is as good.
    let _ = handle.shutdown().await;
}

/// Draws events to the last one, and returns how the last turn failed, if it did. Says when nobody
/// reads any more.
fn draw(
    mut events: mpsc::Receiver<ThreadEvent>,
    mut output: Output,
    unread: &mpsc::Sender<()>,
) -> Result<Option<StreamError>, CliError> {
    let mut failure = None;
    let mut unwritten = None;
    while let Some(event) = events.blocking_recv() {
        if unwritten.is_none()
            && let Err(error) = output.draw(&event)
        {
            // What was done so far is kept all the same.
            unwritten = Some(error);
            let _ = unread.try_send(());
        }
        match event {
            ThreadEvent::TurnCompleted { .. } => failure = None,
            ThreadEvent::TurnFailed { error } => failure = Some(error),
            ThreadEvent::Result { .. } => {
                return match unwritten {
                    None => Ok(failure),
                    Some(error) => Err(CliError::failed(format!(
                        "cannot write the output: {error}"
                    ))),
                };
            }
            _ => {}
        }
    }
    Err(broken_off())
}

fn broken_off() -> CliError {
    CliError::failed("the session broke off; this is a defect")
}

/// Where the events go.
enum Output {
    /// Everything, as it happens, for a person who sees both outputs as one.
    Terminal(PlainView<anstream::Stdout>),
    /// The answer to standard output, the work in progress to standard error.
    Answer(Option<PlainView<anstream::Stderr>>),
    /// The last event.
    Json,
    /// All events.
    StreamJson(JsonLines<io::Stdout>),
}

impl Output {
    fn new(arguments: &SessionArguments) -> Self {
        match arguments.output_format {
            OutputFormat::Text if arguments.quiet => Self::Answer(None),
            OutputFormat::Text if shown_together() => {
                Self::Terminal(PlainView::new(anstream::stdout()))
            }
            OutputFormat::Text => Self::Answer(Some(PlainView::new(anstream::stderr()))),
            OutputFormat::Json => Self::Json,
            OutputFormat::StreamJson => Self::StreamJson(JsonLines::new(io::stdout())),
        }
    }

    /// Tells whether the person has been told about a failed turn by the events themselves.
    fn shows_failures(&self) -> bool {
        matches!(self, Self::Terminal(_) | Self::Answer(Some(_)))
    }

    fn draw(&mut self, event: &ThreadEvent) -> io::Result<()> {
        match self {
            Self::Terminal(view) => view.draw(event),
            Self::StreamJson(lines) => lines.draw(event),
            Self::Json => match event {
                ThreadEvent::Result { .. } => JsonLines::new(io::stdout()).draw(event),
                _ => Ok(()),
            },
            Self::Answer(view) => {
                if let Some(view) = view {
                    view.draw(event)?;
                }
                match event {
                    ThreadEvent::Result { text, .. } => print_answer(text),
                    _ => Ok(()),
                }
            }
        }
    }

    /// Tells a program that reads events of a failure that came before the session.
    fn fail(&mut self, error: &CliError) -> io::Result<()> {
        if matches!(self, Self::Terminal(_) | Self::Answer(_)) {
            return Ok(());
        }
        self.draw(&ThreadEvent::TurnFailed {
            error: StreamError::from(error),
        })?;
        self.draw(&ThreadEvent::Result {
            thread_id: String::new(),
            text: String::new(),
            is_error: true,
            stop_reason: None,
            turns: 0,
            usage: Usage::default(),
            cost_micros: None,
        })
    }
}

/// Writes the answer as it is for a program or a file, and harmless for a terminal.
fn print_answer(text: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    let text = text.trim_end();
    if !text.is_empty() {
        match output.is_terminal() {
            true => writeln!(output, "{}", sanitize(text))?,
            false => writeln!(output, "{text}")?,
        }
    }
    output.flush()
}

/// Tells whether what goes to standard output and what goes to standard error is read in one
/// place. The answer then stands at the end of the work, and need not be said twice.
fn shown_together() -> bool {
    if io::stdout().is_terminal() {
        return true;
    }
    let place = |stat: rustix::fs::Stat| (stat.st_dev, stat.st_ino);
    match (
        rustix::fs::fstat(io::stdout()),
        rustix::fs::fstat(io::stderr()),
    ) {
        (Ok(output), Ok(error)) => place(output) == place(error),
        _ => false,
    }
}
