//! `loom redact`: takes secrets out of what passes by, and out of files.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use loom_cli_redact::{
    BinaryFiles, Filtered, Leak, Progress, RedactError, Report, Rewritten, Source, filter, rewrite,
};
use loom_redact::{Detector, Finding, Origin, Rules};

use super::secrets::{self, Surroundings};
use crate::arguments::{RedactArguments, RedactReport};
use crate::error::CliError;
use crate::redaction::known_secrets;
use crate::render::sanitize;

/// What standard input is called in reports.
const STDIN: &str = "stdin";

pub(crate) async fn run(
    surroundings: &Surroundings,
    arguments: RedactArguments,
) -> Result<ExitCode, CliError> {
    if arguments.report_path.is_some() && arguments.report == RedactReport::None {
        let error = CliError::usage("--report-path needs a format");
        return Err(error.hint("add --report json or --report sarif"));
    }
    let rules = secrets::rules(surroundings, &arguments.rules, None)?.rules;
    let detector = Detector::new(&rules, known_secrets(&surroundings.environment));
    let progress = Arc::new(Progress::default());
    let files = match arguments.files.is_empty() {
        true => vec![PathBuf::from("-")],
        false => arguments.files.clone(),
    };
    let work = Work {
        detector,
        folder: surroundings.folder.clone(),
        binary: match (arguments.write, arguments.binary) {
            (false, _) => None,
            (true, false) => Some(BinaryFiles::PassOver),
            (true, true) => Some(BinaryFiles::Take),
        },
        progress: Arc::clone(&progress),
    };
    let all = tokio::task::spawn_blocking(move || work.all(&files));
    let done = secrets::interruptible(&progress, async {
        let done = all
            .await
            .map_err(|error| RedactError::Stream(error.into()))?;
        Ok(done)
    })
    .await?;
    let failed = done.failures.len();
    for failure in &done.failures {
        failure.print();
    }
    report(&surroundings.folder, &arguments, &done.report, &rules)?;
    if !arguments.quiet {
        let summary = done.summary(arguments.write);
        let _ = io::stderr().lock().write_all(summary.as_bytes());
    }
    Ok(ExitCode::from(match (failed, done.total) {
        (1.., _) => 2,
        (_, 1..) if arguments.check => 1,
        _ => 0,
    }))
}

/// What is to be done, on a thread that may wait.
struct Work {
    detector: Detector,
    folder: PathBuf,
    /// Set when files are written in their place.
    binary: Option<BinaryFiles>,
    progress: Arc<Progress>,
}

/// What was done.
#[derive(Default)]
struct Done {
    report: Report,
    total: u64,
    by_rule: BTreeMap<String, u64>,
    written: Vec<PathBuf>,
    notes: Vec<String>,
    failures: Vec<CliError>,
    stopped: bool,
}

impl Work {
    fn all(&self, files: &[PathBuf]) -> Done {
        let mut done = Done::default();
        for file in files {
            let outcome = match self.binary {
                Some(_) if file == Path::new("-") => Err(CliError::usage(
                    "standard input cannot be written in its place",
                )
                .hint("leave out --write")),
                Some(binary) => self.write(file, binary, &mut done),
                None => self.print(file, &mut done),
            };
            match outcome {
                Ok(()) if done.stopped => break,
                Ok(()) => {}
                Err(error) => done.failures.push(error),
            }
        }
        done
    }

    fn print(&self, file: &Path, done: &mut Done) -> Result<(), CliError> {
        let path = file.to_string_lossy();
        let mut source: Box<dyn Source> = if file == Path::new("-") {
            Box::new(io::stdin())
        } else {
            let opened =
                std::fs::File::open(self.folder.join(file)).and_then(|opened| {
                    match opened.metadata()?.is_dir() {
                        true => Err(io::ErrorKind::IsADirectory.into()),
                        false => Ok(opened),
                    }
                });
            Box::new(opened.map_err(|error| {
                CliError::failed(format!("cannot read {}: {error}", shown(file)))
            })?)
        };
        let origin = Origin {
            path: (file != Path::new("-")).then_some(&*path),
            ..Origin::default()
        };
        let (detector, progress) = (&self.detector, &self.progress);
        let mut output = io::stdout().lock();
        let filtered = filter(detector, &origin, &mut *source, &mut output, progress)?;
        let Filtered {
            findings, total, ..
        } = filtered;
        done.stopped = filtered.reader_is_gone;
        let name = match file == Path::new("-") {
            true => Path::new(STDIN),
            false => file,
        };
        done.found(name, findings, total);
        if filtered.had_errors {
            let note = format!(
                "{} is not valid UTF-16; what is no character was replaced",
                shown(name)
            );
            done.notes.push(note);
        }
        Ok(())
    }

    fn write(&self, file: &Path, binary: BinaryFiles, done: &mut Done) -> Result<(), CliError> {
        let path = file.to_string_lossy();
        let origin = Origin {
            path: Some(&path),
            ..Origin::default()
        };
        let place = self.folder.join(file);
        match rewrite(&self.detector, &place, &origin, binary, &self.progress)? {
            Rewritten::Clean => {}
            Rewritten::Binary => {
                done.report.binaries += 1;
                done.notes
                    .push(format!("{} is binary and was left alone", shown(file)));
            }
            Rewritten::Damaged => {
                return Err(CliError::failed(format!(
                    "{} holds secrets, and was left alone as it is not valid UTF-16",
                    shown(file)
                ))
                .hint("print it redacted, without --write, and look at what is wrong with it"));
            }
            Rewritten::Changed {
                findings,
                total,
                other_names,
            } => {
                done.found(file, findings, total);
                done.written.push(file.to_owned());
                if other_names > 0 {
                    let note = format!(
                        "{} has other names (hard links), which still lead to the secrets",
                        shown(file)
                    );
                    done.notes.push(note);
                }
            }
        }
        Ok(())
    }
}

impl Done {
    fn found(&mut self, path: &Path, findings: Vec<Finding>, total: u64) {
        self.total += total;
        for finding in findings {
            *self.by_rule.entry(finding.rule.clone()).or_default() += 1;
            self.report.leaks.push(Leak {
                path: path.to_owned(),
                commit: None,
                finding,
                excerpt: None,
            });
        }
        self.report.files += 1;
        self.report.unlisted = self.total - self.report.leaks.len() as u64;
    }

    /// Says how much was found, and what is to be known besides; nothing where nothing was.
    fn summary(&self, writes: bool) -> String {
        let mut text = String::new();
        for note in &self.notes {
            text.push_str(&format!("warning: {note}\n"));
        }
        if self.total > 0 {
            let rules: Vec<_> = self
                .by_rule
                .iter()
                .map(|(rule, count)| format!("{rule} {count}"))
                .collect();
            let files = match self.written.len() {
                0 => String::new(),
                count => format!(" in {}", secrets::count(count as u64, "file")),
            };
            let secrets = secrets::count(self.total, "secret");
            text.push_str(&format!(
                "{secrets} redacted{files}: {}\n",
                rules.join(", ")
            ));
        } else if writes && self.failures.is_empty() {
            text.push_str("nothing to redact\n");
        }
        text
    }
}

/// Writes the report to standard error or into its file.
fn report(
    folder: &Path,
    arguments: &RedactArguments,
    report: &Report,
    rules: &Rules,
) -> Result<(), CliError> {
    let value = match arguments.report {
        RedactReport::None => return Ok(()),
        RedactReport::Json => loom_cli_redact::json(report),
        RedactReport::Sarif => loom_cli_redact::sarif(report, rules, env!("CARGO_PKG_VERSION")),
    };
    let text = format!("{value:#}\n");
    match &arguments.report_path {
        Some(path) => std::fs::write(folder.join(path), text).map_err(|error| {
            CliError::usage(format!(
                "cannot write the report {}: {error}",
                path.display()
            ))
        }),
        None => Ok(io::stderr().lock().write_all(text.as_bytes())?),
    }
}

fn shown(path: &Path) -> String {
    sanitize(&path.display().to_string()).into_owned()
}
