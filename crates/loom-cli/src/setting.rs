//! What a command finds around it: the folder, the configuration, the places of Loom's files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use loom_cli_config::CliConfig;
use loom_cli_rewind::{Rewind, RewindError, RewindSettings};
use loom_cli_session::Clock;
use loom_common_config::{Directories, Environment, Resolved};
use loom_common_spool::SnapshotSettings;
use loom_common_thread::ThreadStore;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::arguments::Arguments;
use crate::error::CliError;

/// What a command finds around it.
pub(crate) struct Setting {
    pub(crate) environment: Environment,
    pub(crate) config: Resolved<CliConfig>,
    /// The folder to work in: absolute, with symbolic links resolved.
    pub(crate) workspace: PathBuf,
}

impl Setting {
    /// Looks at the process: its folder, its environment, its configuration files.
    pub(crate) fn of_process(arguments: &Arguments) -> Result<Self, CliError> {
        let environment = Environment::from_process();
        let workspace = workspace(arguments)?;
        let config = loom_cli_config::load(&environment, None, &arguments.settings())?;
        Ok(Self {
            environment,
            config,
            workspace,
        })
    }

    /// Returns the same for another folder.
    pub(crate) fn in_folder(&self, folder: &Path) -> Result<Self, CliError> {
        Ok(Self {
            workspace: existing_folder(folder)?,
            environment: self.environment.clone(),
            config: self.config.clone(),
        })
    }

    /// Where Loom's own files are.
    pub(crate) fn directories(&self) -> Directories<'_> {
        Directories::new(&self.environment)
    }

    /// Opens the thread store.
    pub(crate) async fn open_threads(&self) -> Result<ThreadStore, CliError> {
        let path = self.directories().data()?.join("threads.db");
        Ok(ThreadStore::open(&path).await?)
    }

    /// Opens the points to which threads of this folder can be taken back.
    pub(crate) async fn open_rewind(&self) -> Result<Result<Rewind, RewindError>, CliError> {
        let home = self.environment.get("HOME").map(PathBuf::from);
        let settings = RewindSettings {
            root: self.directories().state()?.join("undo"),
            snapshots: SnapshotSettings {
                // Where git looks when nothing is configured (gitignore(5)).
                personal_ignores: home.map(|home| home.join(".config/git/ignore")),
                ..SnapshotSettings::default()
            },
        };
        Ok(Rewind::open(settings, &self.workspace, Self::clock()).await)
    }

    /// Returns the real clock.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where the clock is injected from"
    )]
    pub(crate) fn clock() -> Clock {
        Arc::new(Timestamp::now)
    }

    /// Returns randomness from the operating system.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where randomness is injected from"
    )]
    pub(crate) fn rng() -> StdRng {
        StdRng::from_rng(&mut rand::rng())
    }
}

/// Returns the folder to work in: absolute, with symbolic links resolved.
pub(crate) fn workspace(arguments: &Arguments) -> Result<PathBuf, CliError> {
    let asked = arguments.global.directory.as_deref();
    existing_folder(asked.unwrap_or(Path::new(".")))
}

/// Returns a folder as an absolute path with symbolic links resolved.
fn existing_folder(asked: &Path) -> Result<PathBuf, CliError> {
    let cannot = |error: std::io::Error| {
        CliError::usage(format!("cannot work in {}: {error}", asked.display()))
            .hint("name an existing folder with -C")
    };
    let path = asked.canonicalize().map_err(cannot)?;
    if !path.is_dir() {
        return Err(cannot(std::io::ErrorKind::NotADirectory.into()));
    }
    Ok(path)
}
