//! The settings of Jujutsu, read from where `jj` reads them.
//!
//! Layers lie on top of each other, the later the stronger: defaults, the machine's files, what the
//! program knows, the person's files, the repository's, the workspace's, variables, and what was
//! given for this one command. The repository's own file does not stand in the repository, where
//! whoever made the repository could set programs to be run, but beside the person's, under an id
//! that the repository names.

use std::path::{Path, PathBuf};

use jj_lib::config::{
    ConfigGetError, ConfigLayer, ConfigLoadError, ConfigNamePathBuf, ConfigResolutionContext,
    ConfigSource, ConfigValue, StackedConfig,
};
use jj_lib::secure_config::SecureConfig;
use jj_lib::settings::UserSettings;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

use super::error::{RepositoryError, chain};
use super::git_identity;
use super::surroundings::Surroundings;

/// The defaults that `jj` has beyond those of its library.
const DEFAULTS: &str = include_str!("defaults.toml");

/// The settings that hold in a workspace.
pub(super) struct Configuration {
    pub(super) settings: UserSettings,
    /// What should be told to the person about the files.
    pub(super) warnings: Vec<String>,
}

/// The folders that have settings of their own.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// The folder of the workspace, which has `.jj` in it.
    pub(super) workspace: &'a Path,
    /// The folder of the repository, `.jj/repo` of the first workspace.
    pub(super) repository: &'a Path,
}

impl Configuration {
    /// Reads the settings that hold in a workspace, or outside of any.
    pub(super) fn load(
        surroundings: &Surroundings,
        place: Option<Place<'_>>,
    ) -> Result<Self, RepositoryError> {
        let mut stack = StackedConfig::with_defaults();
        let mut warnings = Vec::new();
        let defaults =
            ConfigLayer::parse(ConfigSource::Default, DEFAULTS).map_err(|error| setting(&error))?;
        stack.add_layer(defaults);
        stack.add_layer(known(surroundings, place)?);
        stack.add_layer(variables(surroundings)?);
        stack.add_layer(given(surroundings)?);
        load_files(&mut stack, ConfigSource::System, system_paths(surroundings))?;
        load_files(&mut stack, ConfigSource::User, user_paths(surroundings))?;
        if let (Some(place), Some(root)) = (place, config_root(surroundings)) {
            let kinds = [
                (
                    SecureConfig::new_repo(place.repository.to_owned()),
                    "repos",
                    ConfigSource::Repo,
                ),
                (
                    SecureConfig::new_workspace(place.workspace.join(".jj")),
                    "workspaces",
                    ConfigSource::Workspace,
                ),
            ];
            for (config, folder, source) in kinds {
                let loaded = config
                    .maybe_load_config(&mut random(surroundings), &root.join(folder))
                    .map_err(|error| setting(&error))?;
                warnings.extend(loaded.warnings);
                load_files(&mut stack, source, loaded.config_file)?;
            }
        }
        let context = ConfigResolutionContext {
            home_dir: surroundings.home.as_deref(),
            repo_path: place.map(|place| place.repository),
            workspace_path: place.map(|place| place.workspace),
            command: None,
            hostname: &surroundings.hostname,
            environment: &surroundings.environment,
        };
        let mut resolved =
            jj_lib::config::resolve(&stack, &context).map_err(|error| setting(&error))?;
        without_watchman(&mut resolved, &mut warnings)?;
        let settings = UserSettings::from_config(resolved).map_err(|error| setting(&error))?;
        Ok(Self { settings, warnings })
    }
}

/// Returns the repository's own file of settings, made when there was none; `None` when it is not
/// known where the person's settings stand.
pub(super) fn repository_file(
    surroundings: &Surroundings,
    repository: &Path,
) -> Result<Option<PathBuf>, RepositoryError> {
    let Some(root) = config_root(surroundings) else {
        return Ok(None);
    };
    SecureConfig::new_repo(repository.to_owned())
        .load_config(&mut random(surroundings), &root.join("repos"))
        .map(|loaded| loaded.config_file)
        .map_err(|error| setting(&error))
}

/// Makes the error for a setting, or a file of settings, that cannot be used.
pub(super) fn setting(error: &(dyn std::error::Error + 'static)) -> RepositoryError {
    let path = match error.downcast_ref::<ConfigLoadError>() {
        Some(ConfigLoadError::Parse { source_path, .. }) => source_path.as_ref(),
        _ => match error.downcast_ref::<ConfigGetError>() {
            Some(ConfigGetError::Type { source_path, .. }) => source_path.as_ref(),
            _ => None,
        },
    };
    let message = chain(error);
    RepositoryError::Setting {
        message: match path {
            Some(path) => format!("{}: {message}", path.display()),
            None => message,
        },
    }
}

/// Makes the random numbers that ids of files of settings come from.
fn random(surroundings: &Surroundings) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(surroundings.seed)
}

fn config_root(surroundings: &Surroundings) -> Option<PathBuf> {
    Some(surroundings.configuration.as_ref()?.join("jj"))
}

fn layer(
    source: ConfigSource,
    values: impl IntoIterator<Item = (&'static str, ConfigValue)>,
) -> Result<ConfigLayer, RepositoryError> {
    let mut layer = ConfigLayer::empty(source);
    for (name, value) in values {
        layer
            .set_value(name, value)
            .map_err(|error| setting(&error))?;
    }
    Ok(layer)
}

/// What the program knows, which files of settings may override.
fn known(
    surroundings: &Surroundings,
    place: Option<Place<'_>>,
) -> Result<ConfigLayer, RepositoryError> {
    let now = surroundings
        .now
        .timestamp()
        .display_with_offset(surroundings.now.offset())
        .to_string();
    // TOML has no larger numbers.
    let seed = i64::try_from(surroundings.seed >> 1).unwrap_or_default();
    let values = [
        ("operation.hostname", surroundings.hostname.clone().into()),
        ("operation.username", surroundings.username.clone().into()),
        ("debug.commit-timestamp", now.clone().into()),
        ("debug.operation-timestamp", now.into()),
        ("debug.randomness-seed", seed.into()),
    ];
    let identity = git_identity::identity(surroundings, place).into_iter();
    let identity = identity.map(|(name, value)| (name, ConfigValue::from(value)));
    layer(ConfigSource::EnvBase, values.into_iter().chain(identity))
}

/// The variables that override files of settings.
fn variables(surroundings: &Surroundings) -> Result<ConfigLayer, RepositoryError> {
    let names = [
        ("JJ_USER", "user.name"),
        ("JJ_EMAIL", "user.email"),
        ("JJ_TIMESTAMP", "debug.commit-timestamp"),
        ("JJ_OP_TIMESTAMP", "debug.operation-timestamp"),
        ("JJ_OP_HOSTNAME", "operation.hostname"),
        ("JJ_OP_USERNAME", "operation.username"),
    ];
    let values = names.into_iter().filter_map(|(variable, name)| {
        let value = surroundings.environment.get(variable)?;
        Some((name, value.clone().into()))
    });
    let mut layer = layer(ConfigSource::EnvOverrides, values)?;
    let seed = surroundings.environment.get("JJ_RANDOMNESS_SEED");
    if let Some(Ok(seed)) = seed.map(|seed| seed.parse::<i64>()) {
        layer
            .set_value("debug.randomness-seed", seed)
            .map_err(|error| setting(&error))?;
    }
    Ok(layer)
}

/// What was given for this command alone.
fn given(surroundings: &Surroundings) -> Result<ConfigLayer, RepositoryError> {
    let mut layer = ConfigLayer::empty(ConfigSource::CommandArg);
    for (name, value) in &surroundings.settings {
        let path: ConfigNamePathBuf = name.parse().map_err(|error| setting(&error))?;
        // A bare word is a string.
        let value = value
            .parse::<ConfigValue>()
            .unwrap_or_else(|_| ConfigValue::from(value.as_str()));
        layer
            .set_value(path, value)
            .map_err(|error| setting(&error))?;
    }
    Ok(layer)
}

fn system_paths(surroundings: &Surroundings) -> Vec<PathBuf> {
    if surroundings.environment.contains_key("JJ_CONFIG") {
        return Vec::new();
    }
    let folder = surroundings.system_configuration.as_ref();
    folder.map_or_else(Vec::new, |folder| {
        vec![folder.join("jj/config.toml"), folder.join("jj/conf.d")]
    })
}

fn user_paths(surroundings: &Surroundings) -> Vec<PathBuf> {
    if let Some(paths) = surroundings.environment.get("JJ_CONFIG") {
        return std::env::split_paths(paths)
            .filter(|path| !path.as_os_str().is_empty())
            .collect();
    }
    let home = surroundings.home.as_ref();
    let folder = surroundings.configuration.as_ref();
    [
        home.map(|home| home.join(".jjconfig.toml")),
        folder.map(|folder| folder.join("jj/config.toml")),
        folder.map(|folder| folder.join("jj/conf.d")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Adds the files, and all those in the folders, that are there.
fn load_files(
    stack: &mut StackedConfig,
    source: ConfigSource,
    paths: impl IntoIterator<Item = PathBuf>,
) -> Result<(), RepositoryError> {
    for path in paths {
        let loaded = if path.is_dir() {
            stack.load_dir(source, path)
        } else if path.exists() {
            stack.load_file(source, path)
        } else {
            Ok(())
        };
        loaded.map_err(|error| setting(&error))?;
    }
    Ok(())
}

/// Lists the folder oneself where the person has set the file watcher that is not built in.
///
/// What is stored is the same without it, so the repository stays usable by who has it.
fn without_watchman(
    config: &mut StackedConfig,
    warnings: &mut Vec<String>,
) -> Result<(), RepositoryError> {
    let backend: Result<String, _> = config.get("fsmonitor.backend");
    if backend.is_ok_and(|backend| backend != "none") {
        warnings.push("`fsmonitor.backend` is not used: files are looked for instead".to_owned());
        config.add_layer(layer(
            ConfigSource::CommandArg,
            [("fsmonitor.backend", "none".into())],
        )?);
    }
    Ok(())
}
