//! `loom secrets scan`: looks for secrets in files, in what is staged, and in the history.

use std::io::{self, IsTerminal as _, Write as _};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use loom_cli_git::{GitError, HistoryQuery, Repository};
use loom_cli_redact::{
    Baseline, BinaryFiles, Limits, RedactError, Report, Scanner, Tree, json, sarif,
};
use loom_redact::Rules;
use tokio::sync::oneshot;

use super::text::{Summary, count, findings, shown};
use super::{Surroundings, explain, interruptible, progress, rules};
use crate::arguments::{ScanArguments, ScanFormat};
use crate::commands::{print, print_json};
use crate::error::CliError;
use crate::redaction::{known_secrets, secret_variables};

pub(super) async fn run(
    surroundings: &Surroundings,
    arguments: ScanArguments,
) -> Result<ExitCode, CliError> {
    let place = find_place(surroundings, &arguments).await?;
    let repository = place.repository();
    let chosen = rules(surroundings, &arguments.rules, repository)?;
    for id in &arguments.only {
        let is_known = secret_variables(&surroundings.environment).any(|(name, _)| name == *id);
        if !is_known && !chosen.rules.iter().any(|rule| rule.id == id) {
            return Err(explain::unknown(&chosen.rules, id));
        }
    }
    let scanner = Arc::new(scanner(surroundings, &arguments, &chosen.rules)?);
    if let (Place::History(repository, _), false) = (&place, arguments.quiet)
        && repository.is_shallow().await.map_err(RedactError::from)?
    {
        CliError::warn(
            "this clone is shallow: older commits are not here; `git fetch --unshallow` gets them",
        );
    }
    let report = look_through(&scanner, place, !arguments.quiet).await?;
    if let (true, Some(file)) = (arguments.write_baseline, &arguments.baseline) {
        let file = surroundings.folder.join(file);
        Baseline::write(&file, &report.leaks)?;
        let leaks = count(report.leaks.len() as u64, "finding");
        print(&format!("{leaks} in the baseline {}\n", shown(&file)))?;
        return Ok(ExitCode::SUCCESS);
    }
    write(surroundings, &arguments, &report, &chosen.rules)?;
    if !arguments.quiet {
        let summary = Summary {
            report: &report,
            unit: match (arguments.staged, &arguments.history) {
                (true, _) => "staged file",
                (false, Some(_)) => "content",
                (false, None) => "file",
            },
            rules: chosen.file.as_deref(),
        };
        // There is nowhere left to say that standard error is gone.
        let _ = anstream::stderr()
            .lock()
            .write_all(summary.to_string().as_bytes());
    }
    Ok(ExitCode::from(u8::from(!report.leaks.is_empty())))
}

/// Where to look.
enum Place {
    Tree(Option<Repository>, Box<Tree>),
    Staged(Repository),
    History(Repository, HistoryQuery),
}

impl Place {
    fn repository(&self) -> Option<&Repository> {
        match self {
            Self::Tree(repository, _) => repository.as_ref(),
            Self::Staged(repository) | Self::History(repository, _) => Some(repository),
        }
    }
}

async fn find_place(
    surroundings: &Surroundings,
    arguments: &ScanArguments,
) -> Result<Place, CliError> {
    if arguments.staged {
        let mut repository = surroundings.some_repository().await?;
        // Git has the hook look at the index that the commit is made of.
        if let Some(index) = surroundings.environment.get("GIT_INDEX_FILE") {
            repository = repository.with_index(surroundings.folder.join(index));
        }
        return Ok(Place::Staged(repository));
    }
    if let Some(range) = &arguments.history {
        let repository = surroundings.some_repository().await?;
        let query = HistoryQuery {
            range: (!range.is_empty()).then(|| range.clone()),
            since: arguments.since.clone(),
        };
        return Ok(Place::History(repository, query));
    }
    let repository = match surroundings.repository().await {
        Ok(repository) => repository,
        Err(error) => {
            // Files can be read without git.
            CliError::warn(&format!(
                "{}; files that are tracked and ignored are left out",
                error.message()
            ));
            None
        }
    };
    let tree = tree(surroundings, arguments, repository.as_ref()).await?;
    Ok(Place::Tree(repository, Box::new(tree)))
}

async fn tree(
    surroundings: &Surroundings,
    arguments: &ScanArguments,
    repository: Option<&Repository>,
) -> Result<Tree, CliError> {
    let folder = &surroundings.folder;
    let roots = arguments.paths.iter().map(|path| {
        folder.join(path).canonicalize().map_err(|error| {
            CliError::usage(format!("cannot look into {}: {error}", shown(path)))
                .hint("name files and folders that exist")
        })
    });
    let mut roots = roots.collect::<Result<Vec<PathBuf>, _>>()?;
    if roots.is_empty() {
        roots.push(folder.clone());
    }
    roots.sort_unstable();
    roots.dedup();
    let work_tree = repository.and_then(Repository::work_tree);
    let tracked = match (repository, work_tree) {
        (Some(repository), Some(_)) => match repository.tracked_but_ignored().await {
            Ok(tracked) => tracked,
            Err(error @ GitError::Failed { .. }) => {
                CliError::warn(&error.to_string());
                Vec::new()
            }
            Err(error) => return Err(RedactError::from(error).into()),
        },
        _ => Vec::new(),
    };
    Ok(Tree {
        base: work_tree.unwrap_or(folder).to_owned(),
        roots,
        tracked,
        ignored: arguments.no_ignore,
    })
}

fn scanner(
    surroundings: &Surroundings,
    arguments: &ScanArguments,
    rules: &Rules,
) -> Result<Scanner, CliError> {
    let baseline = match &arguments.baseline {
        Some(file) if !arguments.write_baseline => {
            let path = surroundings.folder.join(file);
            if !path.exists() {
                let message = format!("there is no baseline {}", shown(file));
                return Err(CliError::usage(message).hint("--write-baseline makes one"));
            }
            Baseline::read(&path)?
        }
        _ => Baseline::default(),
    };
    let limits = Limits {
        largest: u64::from(arguments.max_file_size) << 20,
        binary: match arguments.binary {
            true => BinaryFiles::Take,
            false => BinaryFiles::PassOver,
        },
        rules: arguments.only.clone(),
        threads: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
    };
    Ok(Scanner::new(
        rules,
        known_secrets(&surroundings.environment),
        limits,
        baseline,
    ))
}

/// Looks there, and shows how far it is.
async fn look_through(
    scanner: &Arc<Scanner>,
    place: Place,
    shows_progress: bool,
) -> Result<Report, CliError> {
    let shows_progress = shows_progress && io::stderr().is_terminal();
    let (total, known_total) = oneshot::channel();
    let working = Arc::clone(scanner);
    // On a thread of its own, so that signals are heard meanwhile.
    let work = tokio::spawn(async move {
        match place {
            Place::Tree(_, tree) => {
                let tree = Arc::new(*tree);
                if shows_progress {
                    let tree = Arc::clone(&tree);
                    tokio::task::spawn_blocking(move || total.send(tree.measure().1));
                }
                let scan = tokio::task::spawn_blocking(move || working.tree(&tree));
                scan.await
                    .map_err(|error| RedactError::Stream(error.into()))?
            }
            Place::Staged(repository) => working.staged(&repository).await,
            Place::History(repository, query) => working.history(&repository, &query).await,
        }
    });
    let work = async {
        let done = work.await;
        done.map_err(|error| RedactError::Stream(error.into()))?
    };
    let progress = scanner.progress();
    interruptible(&progress, async {
        if !shows_progress {
            return work.await;
        }
        tokio::select! {
            done = work => done,
            () = progress::draw(scanner.progress(), known_total) => Err(RedactError::Stopped),
        }
    })
    .await
}

/// Writes the report to where it was asked for.
fn write(
    surroundings: &Surroundings,
    arguments: &ScanArguments,
    report: &Report,
    rules: &Rules,
) -> Result<(), CliError> {
    let value = match arguments.format {
        ScanFormat::Text => None,
        ScanFormat::Json => Some(json(report)),
        ScanFormat::Sarif => Some(sarif(report, rules, env!("CARGO_PKG_VERSION"))),
    };
    let Some(file) = &arguments.output else {
        return match value {
            Some(value) => print_json(&value),
            None => print(&findings(&report.leaks)),
        };
    };
    let text = match value {
        Some(value) => format!("{value:#}\n"),
        None => anstream::adapter::strip_str(&findings(&report.leaks)).to_string(),
    };
    write_file(&surroundings.folder.join(file), &text)
}

fn write_file(path: &Path, text: &str) -> Result<(), CliError> {
    std::fs::write(path, text).map_err(|error| {
        CliError::usage(format!("cannot write the report {}: {error}", shown(path)))
    })
}
