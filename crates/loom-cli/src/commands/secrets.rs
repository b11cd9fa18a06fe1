//! `loom secrets`: looks for secrets in a repository, and keeps them out of commits.
//!
//! Neither this nor `loom redact` reads the configuration: a hook and a pipe work with a broken one.

mod explain;
mod hook;
mod progress;
mod scan;
mod text;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use loom_cli_git::{Git, Repository};
use loom_cli_redact::{Progress, RedactError, find_rule_file, load_rules};
use loom_common_config::Environment;
use loom_redact::Rules;

use crate::arguments::{RulesArgument, SecretsCommand};
use crate::error::CliError;
use crate::interrupt::Interrupts;

pub(crate) use text::count;

/// How long what was interrupted may take to put things in order.
const GRACE: Duration = Duration::from_secs(2);

/// Where a command runs.
pub(crate) struct Surroundings {
    pub(crate) environment: Environment,
    /// Absolute, with symbolic links resolved.
    pub(crate) folder: PathBuf,
}

/// Rules, and the file they come from unless they are built in.
pub(crate) struct ChosenRules {
    pub(crate) rules: Rules,
    pub(crate) file: Option<PathBuf>,
}

pub(crate) async fn run(
    surroundings: &Surroundings,
    command: SecretsCommand,
) -> Result<ExitCode, CliError> {
    let done = match command {
        SecretsCommand::Scan(arguments) => return scan::run(surroundings, *arguments).await,
        SecretsCommand::InstallHook => hook::install(surroundings).await,
        SecretsCommand::UninstallHook => hook::uninstall(surroundings).await,
        SecretsCommand::Rules { rules, json } => explain::list(surroundings, &rules, json).await,
        SecretsCommand::Explain { rule, rules } => {
            explain::explain(surroundings, &rules, &rule).await
        }
    };
    done.map(|()| ExitCode::SUCCESS)
}

impl Surroundings {
    /// Returns the repository of the folder; none where there is none.
    async fn repository(&self) -> Result<Option<Repository>, CliError> {
        let git = Git::new(self.environment.variables());
        let repository = git.discover(&self.folder).await;
        Ok(repository.map_err(RedactError::from)?)
    }

    /// Returns the repository of the folder.
    async fn some_repository(&self) -> Result<Repository, CliError> {
        self.repository().await?.ok_or_else(|| {
            CliError::usage(format!("{} is in no git repository", self.folder.display()))
                .hint("go to a repository, or name one with -C")
        })
    }
}

/// Returns the rules that were asked for, or else those of the repository, or else the built-in ones.
pub(crate) fn rules(
    surroundings: &Surroundings,
    asked: &RulesArgument,
    repository: Option<&Repository>,
) -> Result<ChosenRules, CliError> {
    let top = repository.and_then(Repository::work_tree);
    let file = match &asked.file {
        Some(file) => Some(surroundings.folder.join(file)),
        None => top.and_then(find_rule_file),
    };
    let Some(file) = file else {
        let rules = Rules::builtin().clone();
        return Ok(ChosenRules { rules, file });
    };
    let rules = load_rules(&file)?;
    for warning in rules.warnings().iter().take(20) {
        CliError::warn(&crate::render::sanitize(warning));
    }
    Ok(ChosenRules {
        rules,
        file: Some(file),
    })
}

/// Does work until it is done or the person interrupts it. Interrupted, it may put things in order.
pub(crate) async fn interruptible<T>(
    progress: &Progress,
    work: impl Future<Output = Result<T, RedactError>>,
) -> Result<T, CliError> {
    let mut interrupts = Interrupts::listen()?;
    let mut work = std::pin::pin!(work);
    tokio::select! {
        done = &mut work => return Ok(done?),
        _ = interrupts.next() => progress.stop(),
    }
    tokio::select! {
        _ = tokio::time::timeout(GRACE, work) => {}
        _ = interrupts.next() => {}
    }
    Err(CliError::interrupted("interrupted").shown())
}

impl From<RedactError> for CliError {
    fn from(error: RedactError) -> Self {
        let hint = error.hint();
        let message = crate::render::sanitize(&error.to_string()).into_owned();
        // Exit code 1 says that there are secrets.
        let error = match error {
            RedactError::Stopped => return Self::interrupted("interrupted").shown(),
            _ => Self::usage(message),
        };
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}
