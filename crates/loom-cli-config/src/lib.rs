//! Settings of the command line program.
//!
//! ```no_run
//! use loom_cli_config::load;
//! use loom_common_config::{Arguments, Environment};
//!
//! # fn main() -> Result<(), loom_common_config::Error> {
//! # let (server_url, token, explicit_file) = (None::<String>, None::<String>, None);
//! let environment = Environment::from_process();
//! let arguments = Arguments::new().with("--server-url", server_url).with("--token", token);
//! let resolved = load(&environment, explicit_file, &arguments)?;
//! let config = &resolved.value;
//! # Ok(())
//! # }
//! ```
//!
//! The file is `$XDG_CONFIG_HOME/loom/config.toml`; [`KEYS`] says what else sets each key. How the
//! layers are put together, and what `loom config show` gets from
//! [`Resolved::rows`](loom_common_config::Resolved::rows), stands in [`loom_common_config`].

mod settings;

use std::path::Path;

use loom_common_config::{
    Arguments, ConfigFile, Directories, Environment, Error, Key, Resolved, Sources, resolve,
};

pub use settings::{
    AgentSettings, AutoCommitMoment, AutoCommitSettings, CliConfig, CommitStyle, LogSettings,
    ModelSettings, RedactSettings, SandboxSettings, ServerSettings, SpoolSettings, ToolSettings,
    WebSettings,
};

/// Name of the configuration file in Loom's configuration folder.
pub const FILE_NAME: &str = "config.toml";

/// What sets each key, besides the file.
pub const KEYS: &[Key] = &[
    Key::new("server.url")
        .variables(&["LOOM_SERVER_URL"])
        .flag("--server-url"),
    Key::new("server.token")
        .variables(&["LOOM_TOKEN"])
        .or_file()
        .flag("--token"),
    Key::new("server.auto_start").variables(&["LOOM_SERVER_AUTO_START"]),
    Key::new("server.program")
        .variables(&["LOOM_SERVER_PROGRAM"])
        .default_note("`loom-server` beside `loom`, else on `PATH`"),
    Key::new("model.provider")
        .variables(&["LOOM_PROVIDER"])
        .flag("--provider"),
    Key::new("model.name")
        .variables(&["LOOM_MODEL"])
        .flag("--model"),
    Key::new("model.max_tokens").variables(&["LOOM_MAX_TOKENS"]),
    Key::new("model.effort")
        .variables(&["LOOM_EFFORT"])
        .flag("--effort"),
    Key::new("agent.permission_mode")
        .variables(&["LOOM_PERMISSION_MODE"])
        .flag("--permission-mode"),
    Key::new("agent.max_retries").variables(&["LOOM_MAX_RETRIES"]),
    Key::new("agent.max_model_calls")
        .variables(&["LOOM_MAX_TURNS"])
        .flag("--max-turns"),
    Key::new("agent.max_cost")
        .variables(&["LOOM_MAX_COST"])
        .flag("--max-cost"),
    Key::new("agent.compact_at_percent").variables(&["LOOM_COMPACT_AT_PERCENT"]),
    Key::new("agent.subagent_model").variables(&["LOOM_SUBAGENT_MODEL"]),
    Key::new("agent.max_subagents").variables(&["LOOM_MAX_SUBAGENTS"]),
    Key::new("agent.undo").variables(&["LOOM_UNDO"]),
    Key::new("tools.bash_timeout_ms").variables(&["LOOM_BASH_TIMEOUT_MS"]),
    Key::new("tools.max_output_bytes").variables(&["LOOM_TOOL_MAX_OUTPUT_BYTES"]),
    Key::new("tools.keep_environment").variables(&["LOOM_KEEP_ENVIRONMENT"]),
    Key::new("tools.diagnostics").variables(&["LOOM_DIAGNOSTICS"]),
    Key::new("sandbox.enabled").variables(&["LOOM_SANDBOX"]),
    Key::new("sandbox.write").variables(&["LOOM_SANDBOX_WRITE"]),
    Key::new("sandbox.allow_hosts").variables(&["LOOM_SANDBOX_ALLOW_HOSTS"]),
    Key::new("web.allow_private").variables(&["LOOM_WEB_ALLOW_PRIVATE"]),
    Key::new("auto_commit.enabled").variables(&["LOOM_AUTO_COMMIT"]),
    Key::new("auto_commit.when").variables(&["LOOM_AUTO_COMMIT_WHEN"]),
    Key::new("auto_commit.model").variables(&["LOOM_AUTO_COMMIT_MODEL"]),
    Key::new("auto_commit.style").variables(&["LOOM_AUTO_COMMIT_STYLE"]),
    Key::new("auto_commit.branch").variables(&["LOOM_AUTO_COMMIT_BRANCH"]),
    Key::new("auto_commit.max_file_bytes").variables(&["LOOM_AUTO_COMMIT_MAX_FILE_BYTES"]),
    Key::new("spool.stitches").variables(&["LOOM_SPOOL_STITCHES"]),
    Key::new("redact.threads").variables(&["LOOM_REDACT_THREADS"]),
    Key::new("redact.results").variables(&["LOOM_REDACT_RESULTS"]),
    Key::new("log.filter").variables(&["LOOM_LOG"]),
];

/// Loads the settings from file, environment and arguments.
///
/// `explicit_file`, when somebody asked for one, takes the place of the usual file and must exist.
///
/// # Errors
///
/// The first setting that is wrong, with where it was set.
pub fn load(
    environment: &Environment,
    explicit_file: Option<&Path>,
    arguments: &Arguments,
) -> Result<Resolved<CliConfig>, Error> {
    let file = match explicit_file {
        Some(path) => Some(ConfigFile::required(path)),
        // Without a home there is no usual file, which is no reason not to run.
        None => Directories::new(environment)
            .config()
            .ok()
            .map(|folder| ConfigFile::optional(folder.join(FILE_NAME))),
    };
    resolve(
        KEYS,
        &Sources {
            files: file.as_slice(),
            environment,
            arguments,
        },
    )
}
