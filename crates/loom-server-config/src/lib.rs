//! Settings of the server.
//!
//! ```no_run
//! use loom_common_config::{Arguments, Environment};
//! use loom_server_config::load;
//!
//! # fn main() -> Result<(), loom_common_config::Error> {
//! # let (port, explicit_file) = (None::<u16>, None);
//! let environment = Environment::from_process();
//! let arguments = Arguments::new().with("--port", port);
//! let resolved = load(&environment, explicit_file, &arguments)?;
//! let config = &resolved.value;
//! if !config.llm.anthropic.is_configured() && !config.llm.openai.is_configured() {
//!     // The server runs, and says that no provider is configured.
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The file is the one that `--config` or `LOOM_SERVER_CONFIG` names, which must exist, else
//! `$XDG_CONFIG_HOME/loom/server.toml`, which may not; [`KEYS`] says what else sets each key. How the
//! layers are put together stands in [`loom_common_config`].

mod settings;

use std::path::Path;

use loom_common_config::{
    Arguments, ConfigFile, Directories, Environment, Error, Key, Origin, Resolved, Sources, resolve,
};

pub use settings::{
    AnthropicSettings, DatabaseSettings, GoogleCseSettings, HttpSettings, LlmSettings, LogFormat,
    LogSettings, ModelEntry, ModelEntryError, OpenAiSettings, SearchProviderName, SearchSettings,
    SerperSettings, ServerConfig,
};

/// Name of the configuration file in Loom's configuration folder.
pub const FILE_NAME: &str = "server.toml";

/// Variable that names another configuration file.
pub const FILE_VARIABLE: &str = "LOOM_SERVER_CONFIG";

/// What sets each key, besides the file.
pub const KEYS: &[Key] = &[
    Key::new("data_dir")
        .variables(&["LOOM_DATA_DIR"])
        .flag("--data-dir")
        .default_note("`$XDG_DATA_HOME/loom`, else `~/.local/share/loom`"),
    Key::new("http.host")
        .variables(&["LOOM_SERVER_HOST"])
        .flag("--host"),
    Key::new("http.port")
        .variables(&["LOOM_SERVER_PORT"])
        .flag("--port"),
    Key::new("http.shutdown_timeout_ms").variables(&["LOOM_SERVER_SHUTDOWN_TIMEOUT_MS"]),
    Key::new("http.max_body_bytes").variables(&["LOOM_SERVER_MAX_BODY_BYTES"]),
    Key::new("database.url")
        .variables(&["DATABASE_URL"])
        .or_file()
        .default_note("SQLite in the data folder"),
    Key::new("log.filter").variables(&["LOOM_LOG"]),
    Key::new("log.format").variables(&["LOOM_LOG_FORMAT"]),
    Key::new("llm.connect_timeout_ms").variables(&["LOOM_SERVER_LLM_CONNECT_TIMEOUT_MS"]),
    Key::new("llm.idle_timeout_ms").variables(&["LOOM_SERVER_LLM_IDLE_TIMEOUT_MS"]),
    Key::new("llm.models").variables(&["LOOM_SERVER_LLM_MODELS"]),
    Key::new("llm.anthropic.api_key")
        .variables(&["LOOM_SERVER_ANTHROPIC_API_KEY", "ANTHROPIC_API_KEY"])
        .or_file(),
    Key::new("llm.anthropic.base_url").variables(&["LOOM_SERVER_ANTHROPIC_BASE_URL"]),
    Key::new("llm.anthropic.default_model").variables(&["LOOM_SERVER_ANTHROPIC_DEFAULT_MODEL"]),
    Key::new("llm.anthropic.max_tokens").variables(&["LOOM_SERVER_ANTHROPIC_MAX_TOKENS"]),
    Key::new("llm.openai.api_key")
        .variables(&["LOOM_SERVER_OPENAI_API_KEY", "OPENAI_API_KEY"])
        .or_file(),
    Key::new("llm.openai.base_url").variables(&["LOOM_SERVER_OPENAI_BASE_URL"]),
    Key::new("llm.openai.default_model")
        .variables(&["LOOM_SERVER_OPENAI_DEFAULT_MODEL"])
        .default_note("`gpt-5.5` at OpenAI's own address, else none"),
    Key::new("llm.openai.organization")
        .variables(&["LOOM_SERVER_OPENAI_ORGANIZATION", "OPENAI_ORG_ID"]),
    Key::new("search.provider")
        .variables(&["LOOM_SERVER_SEARCH_PROVIDER"])
        .default_note("the one that has a key, `serper` first"),
    Key::new("search.timeout_ms").variables(&["LOOM_SERVER_SEARCH_TIMEOUT_MS"]),
    Key::new("search.serper.api_key")
        .variables(&["LOOM_SERVER_SERPER_API_KEY", "SERPER_API_KEY"])
        .or_file(),
    Key::new("search.serper.base_url").variables(&["LOOM_SERVER_SERPER_BASE_URL"]),
    Key::new("search.google_cse.api_key")
        .variables(&["LOOM_SERVER_GOOGLE_CSE_API_KEY"])
        .or_file(),
    Key::new("search.google_cse.engine_id").variables(&["LOOM_SERVER_GOOGLE_CSE_ENGINE_ID"]),
    Key::new("search.google_cse.base_url").variables(&["LOOM_SERVER_GOOGLE_CSE_BASE_URL"]),
];

/// Loads the settings from file, environment and arguments.
///
/// `explicit_file` is the file that the command line names, if it does.
///
/// # Errors
///
/// The first setting that is wrong, with where it was set. [`Error::NoHome`] when nothing says where
/// the data folder is.
pub fn load(
    environment: &Environment,
    explicit_file: Option<&Path>,
    arguments: &Arguments,
) -> Result<Resolved<ServerConfig>, Error> {
    let directories = Directories::new(environment);
    let named = explicit_file.or(environment.get(FILE_VARIABLE).map(Path::new));
    let file = match named {
        Some(path) => Some(ConfigFile::required(path)),
        // A service without a home runs, as long as it is told where its data goes.
        None => directories
            .config()
            .ok()
            .map(|dir| ConfigFile::optional(dir.join(FILE_NAME))),
    };
    let sources = Sources {
        files: file.as_slice(),
        environment,
        arguments,
    };
    let mut resolved = resolve::<ServerConfig>(KEYS, &sources)?;
    settle_data_dir(&mut resolved, &directories)?;
    Ok(resolved)
}

/// Fills in the default of the data folder, and refuses one that depends on where the server starts.
///
/// Only an argument may be relative: whoever types it is in the folder that it starts from.
fn settle_data_dir(
    resolved: &mut Resolved<ServerConfig>,
    directories: &Directories<'_>,
) -> Result<(), Error> {
    const KEY: &str = "data_dir";
    let origin = resolved.origin(KEY).clone();
    let path = &mut resolved.value.data_dir;
    let message = match origin {
        Origin::Default => {
            *path = directories.data()?;
            // What cannot be shown, or be part of a database's address, is refused here.
            if path.to_str().is_some() {
                return Ok(());
            }
            "the path is not valid UTF-8"
        }
        Origin::Argument { .. } if !path.as_os_str().is_empty() => return Ok(()),
        Origin::Argument { .. } => "the path is empty",
        Origin::File { .. } | Origin::Environment { .. } if path.is_absolute() => return Ok(()),
        Origin::File { .. } | Origin::Environment { .. } => "the path must be absolute",
    };
    Err(Error::InvalidValue {
        key: KEY.to_owned(),
        origin,
        message: message.to_owned(),
    })
}
