//! `loom -p`: one prompt without a terminal.

use std::io::{self, IsTerminal, Write};

use loom_cli_session::{Approvals, Session};
use loom_common_core::Message;
use loom_common_core::stream::{StreamError, ThreadEvent};

use crate::arguments::{OutputFormat, SessionArguments};
use crate::error::CliError;
use crate::interrupt::Interrupts;
use crate::render::{JsonLines, PlainView, sanitize};
use crate::setting::Setting;

const NOBODY_TO_ASK: &str = "nobody can be asked here: loom runs without a terminal (the user can \
                             allow commands with --permission-mode full)";

pub(super) async fn run(
    setting: &Setting,
    arguments: &SessionArguments,
    prompt: String,
) -> Result<(), CliError> {
    // From here on Ctrl-C stops the turn in good order instead of the process at any point.
    let mut interrupts = Interrupts::listen()?;
    let approvals = Approvals::Unavailable {
        reason: NOBODY_TO_ASK.to_owned(),
    };
    let started = tokio::select! {
        started = super::start(setting, arguments, approvals) => started?,
        _ = interrupts.next() => return Err(CliError::interrupted("interrupted")),
    };
    if let Some(warning) = started.warning {
        tracing::warn!("{warning}");
    }
    started.session.handle.prompt(Message::user(prompt)).await?;
    let mut output = Output::new(arguments);
    let end = drive(started.session, &mut output, &mut interrupts).await?;
    output.finish(&end)?;
    let error = match end.failure {
        None => return Ok(()),
        Some(_) if end.interrupted => CliError::interrupted("interrupted"),
        Some(failure) => CliError::from(failure),
    };
    Err(match output.shows_failures() {
        true => error.shown(),
        false => error,
    })
}

/// How a run ended.
struct End {
    text: String,
    result: ThreadEvent,
    failure: Option<StreamError>,
    interrupted: bool,
}

/// Draws a session to its end, which the end of its first turn brings about.
async fn drive(
    mut session: Session,
    output: &mut Output,
    interrupts: &mut Interrupts,
) -> Result<End, CliError> {
    let mut failure = None;
    let mut interrupted = false;
    loop {
        let event = tokio::select! {
            event = session.events.recv() => event,
            _ = interrupts.next() => {
                if interrupted {
                    return Err(CliError::interrupted("interrupted again; not everything is saved"));
                }
                interrupted = true;
                // A session that has ended by itself is as good.
                let _ = session.handle.shutdown().await;
                continue;
            }
        };
        let event =
            event.ok_or_else(|| CliError::failed("the session broke off; this is a defect"))?;
        if let Err(error) = output.draw(&event) {
            // Nobody reads any more. What was done so far is kept all the same.
            let _ = session.handle.shutdown().await;
            while session.events.recv().await.is_some() {}
            return Err(CliError::failed(format!(
                "cannot write the output: {error}"
            )));
        }
        match event {
            ThreadEvent::TurnCompleted { .. } => {
                let _ = session.handle.shutdown().await;
            }
            ThreadEvent::TurnFailed { error } => {
                failure = Some(error);
                let _ = session.handle.shutdown().await;
            }
            ThreadEvent::Result { ref text, .. } => {
                return Ok(End {
                    text: text.clone(),
                    result: event,
                    failure,
                    interrupted,
                });
            }
            _ => {}
        }
    }
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
            Self::Answer(Some(view)) => view.draw(event),
            Self::Answer(None) | Self::Json => Ok(()),
            Self::StreamJson(lines) => lines.draw(event),
        }
    }

    fn finish(&mut self, end: &End) -> io::Result<()> {
        match self {
            Self::Terminal(_) | Self::StreamJson(_) => Ok(()),
            Self::Json => JsonLines::new(io::stdout()).draw(&end.result),
            Self::Answer(_) => {
                let mut output = io::stdout().lock();
                if !end.text.is_empty() {
                    writeln!(output, "{}", sanitize(end.text.trim_end()))?;
                }
                output.flush()
            }
        }
    }
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
