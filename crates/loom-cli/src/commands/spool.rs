//! `loom spool`: hands the commands of version control what they need of the process.

use std::io::{self, BufWriter, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::tz::TimeZone;
use loom_cli_spool::{Console, SpoolArguments, SpoolCommandError, Terminal};
use loom_common_config::Environment;
use loom_common_spool::repository::{Repository, RepositoryError, Surroundings, ThreadTrailers};
use rand::RngExt as _;
use serde::Serialize;

use crate::error::CliError;
use crate::setting::Setting;

/// How many columns are taken for granted where there is no terminal.
const WIDTH: usize = 80;

/// How long other programs that work in the repository are waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs the command in a folder.
pub(crate) fn run(
    arguments: &SpoolArguments,
    folder: PathBuf,
    environment: &Environment,
) -> Result<(), CliError> {
    let is_terminal = [
        io::stdin().is_terminal(),
        io::stdout().is_terminal(),
        io::stderr().is_terminal(),
    ];
    let terminal = Terminal {
        interactive: is_terminal[0] && is_terminal[1],
        output: is_terminal[1],
        messages: is_terminal[2],
        width: width(environment),
    };
    // Colours are decided on by the command, which knows its arguments.
    let mut output = BufWriter::new(io::stdout().lock());
    let console = Console {
        surroundings: surroundings(folder, environment),
        environment,
        input: &mut io::stdin().lock(),
        output: &mut output,
        messages: &mut io::stderr().lock(),
        terminal,
    };
    let outcome = loom_cli_spool::run(arguments, console);
    let flushed = output.flush();
    match outcome {
        // A reader that has had enough is no error.
        Err(error) if error.is_broken_pipe() => Ok(()),
        Err(error) => Err(error.into()),
        Ok(()) => match flushed {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CliError::failed(
                format!("cannot write to standard output: {error}"),
            )),
            _ => Ok(()),
        },
    }
}

/// Says who and when it is, and where settings stand.
pub(crate) fn surroundings(folder: PathBuf, environment: &Environment) -> Surroundings {
    let path = |name: &str| environment.get(name).map(PathBuf::from);
    let home = path("HOME");
    let configuration = path("XDG_CONFIG_HOME")
        .filter(|path| path.is_absolute())
        .or_else(|| home.as_ref().map(|home| home.join(".config")));
    let text = |name: &str| environment.get(name)?.to_str().map(str::to_owned);
    let hostname = rustix::system::uname();
    Surroundings {
        folder,
        configuration,
        home,
        system_configuration: Some(PathBuf::from("/etc")),
        // What is not text is no setting of jj's.
        environment: environment
            .variables()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect(),
        hostname: hostname.nodename().to_string_lossy().into_owned(),
        username: text("USER")
            .or_else(|| text("LOGNAME"))
            .unwrap_or_else(|| rustix::process::getuid().as_raw().to_string()),
        now: Setting::clock()().to_zoned(TimeZone::system()),
        seed: Setting::rng().random(),
        command: std::env::args_os()
            .enumerate()
            .map(|(place, word)| match place {
                // Wherever the program lies, this is what it is called.
                0 => "loom".to_owned(),
                _ => word.to_string_lossy().into_owned(),
            })
            .collect(),
        patience: PATIENCE,
        settings: Vec::new(),
    }
}

/// Returns the number of columns of the terminal.
fn width(environment: &Environment) -> usize {
    let asked = environment.get("COLUMNS").and_then(|text| text.to_str());
    if let Some(asked) = asked.and_then(|text| text.parse().ok()) {
        return asked;
    }
    rustix::termios::tcgetwinsize(io::stdout())
        .ok()
        .map(|size| usize::from(size.ws_col))
        .filter(|columns| *columns > 0)
        .unwrap_or(WIDTH)
}

impl From<SpoolCommandError> for CliError {
    fn from(error: SpoolCommandError) -> Self {
        let hint = error.hint();
        let message = crate::render::sanitize(&error.to_string()).into_owned();
        let error = if error.is_usage() {
            Self::usage(message)
        } else {
            Self::failed(message)
        };
        match hint {
            Some(hint) => error.hint(crate::render::sanitize(&hint)),
            None => error,
        }
    }
}

/// A stitch of a thread.
#[derive(Debug, Serialize)]
pub(crate) struct ThreadStitch {
    /// Its name.
    stitch_id: String,
    /// The name of its version.
    knot_id: String,
    /// The point before the turn.
    turn: Option<u64>,
    /// What it is about, in a line.
    subject: String,
}

impl ThreadStitch {
    /// Shows it on a line.
    pub(crate) fn line(&self) -> String {
        let short = |id: &str| id.get(..8).unwrap_or(id).to_owned();
        let subject = crate::render::sanitize(&self.subject).into_owned();
        let (stitch, knot) = (short(&self.stitch_id), short(&self.knot_id));
        match self.turn {
            Some(turn) => format!("{stitch} {knot} turn {turn}: {subject}"),
            None => format!("{stitch} {knot} {subject}"),
        }
    }
}

/// Finds the stitches of a thread in the spool of its folder, oldest first; none where there is no
/// spool.
pub(crate) fn stitches_of(
    thread: &str,
    folder: &Path,
    environment: &Environment,
) -> Result<Vec<ThreadStitch>, RepositoryError> {
    let (Ok(root), Some(revset)) = (Repository::discover(folder), ThreadTrailers::revset(thread))
    else {
        return Ok(Vec::new());
    };
    let surroundings = surroundings(folder.to_owned(), environment);
    let repository = Repository::open(&root, surroundings)?;
    let mut knots = repository.resolve(&revset)?;
    knots.reverse();
    let mut found = Vec::new();
    for knot in knots {
        let stitch = repository.stitch(&knot)?;
        let trailers = ThreadTrailers::read(&stitch.description);
        if let Some(trailers) = trailers.filter(|trailers| trailers.thread == thread) {
            found.push(ThreadStitch {
                stitch_id: stitch.id.to_string(),
                knot_id: knot.to_string(),
                turn: trailers.turn,
                subject: stitch
                    .description
                    .lines()
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
            });
        }
    }
    Ok(found)
}
