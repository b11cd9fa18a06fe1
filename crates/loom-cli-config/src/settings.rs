//! The tree of settings: types, defaults and meanings. The doc comments are the reference.

use std::path::PathBuf;

use loom_common_config::HttpUrl;
use loom_common_core::{Effort, PermissionMode};
use loom_common_secret::SecretString;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of `loom`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CliConfig {
    /// The server that `loom` talks to.
    pub server: ServerSettings,
    /// The model that answers.
    pub model: ModelSettings,
    /// How the agent works.
    pub agent: AgentSettings,
    /// How tools run.
    pub tools: ToolSettings,
    /// The sandbox in which commands run.
    pub sandbox: SandboxSettings,
    /// What the agent reaches on the web.
    pub web: WebSettings,
    /// Commits of what the agent changed.
    pub auto_commit: AutoCommitSettings,
    /// The spool of the folder, where it has one.
    pub spool: SpoolSettings,
    /// Where secrets are taken out.
    pub redact: RedactSettings,
    /// What is logged.
    pub log: LogSettings,
}

/// The server that `loom` talks to.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ServerSettings {
    /// Address of the server; when unset, `loom` uses one of its own on this machine.
    pub url: Option<HttpUrl>,
    /// Token that the server asks for; a server of `loom`'s own needs none here.
    pub token: Option<SecretString>,
    /// Whether `loom` starts a server of its own when no address is set.
    pub auto_start: bool,
    /// Program to start as that server.
    pub program: Option<PathBuf>,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            url: None,
            token: None,
            auto_start: true,
            program: None,
        }
    }
}

/// The model that answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ModelSettings {
    /// Provider of the model, such as `anthropic` or `openai`; when unset, the server chooses.
    pub provider: Option<String>,
    /// Name of the model, as its provider calls it; when unset, the server chooses.
    pub name: Option<String>,
    /// Upper bound of one answer, in tokens; when unset, the server chooses.
    #[schemars(range(min = 1))]
    pub max_tokens: Option<u32>,
    /// How much the model should think (`low`, `medium`, `high`); when unset, the provider chooses.
    pub effort: Option<Effort>,
}

/// How the agent works.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AgentSettings {
    /// What the agent may do: read only (`plan`), ask before edits and commands (`ask`), edit in
    /// the workspace and run commands in the sandbox (`auto`), or all (`full`).
    pub permission_mode: PermissionMode,
    /// How often a failed request to the model is sent again before the turn fails.
    pub max_retries: u32,
    /// How often a turn may ask the model; when unset, as often as it needs.
    #[schemars(range(min = 1))]
    pub max_model_calls: Option<u32>,
    /// What a run may cost in US dollars, where the prices of the model are known.
    #[schemars(range(min = 0.0))]
    pub max_cost: Option<f64>,
    /// How full the model's context may get, in percent, before the conversation is shortened to
    /// what matters; 0 for never by itself.
    #[schemars(range(max = 95))]
    pub compact_at_percent: u8,
    /// Model of subagents, of the session's provider; when unset, the session's model.
    pub subagent_model: Option<String>,
    /// How many subagents work side by side; 0 for no subagents.
    pub max_subagents: usize,
    /// Whether the folder is remembered before each change, so that it can be undone.
    pub undo: bool,
}

impl Default for AgentSettings {
    fn default() -> Self {
        Self {
            permission_mode: PermissionMode::default(),
            max_retries: 4,
            max_model_calls: None,
            max_cost: None,
            compact_at_percent: 85,
            subagent_model: None,
            max_subagents: 4,
            undo: true,
        }
    }
}

/// How tools run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ToolSettings {
    /// When a command goes on in the background, if the model names no time, in milliseconds.
    #[schemars(range(min = 1))]
    pub bash_timeout_ms: u64,
    /// Upper bound of what the model sees of a tool's output, in bytes; the middle is left out.
    #[schemars(range(min = 1))]
    pub max_output_bytes: usize,
    /// Names of variables of the environment that commands inherit although they look like secrets.
    pub keep_environment: Vec<String>,
    /// Whether language servers that are installed say what is wrong with a file after an edit.
    pub diagnostics: bool,
}

impl Default for ToolSettings {
    fn default() -> Self {
        Self {
            bash_timeout_ms: 120_000,
            max_output_bytes: 30_000,
            keep_environment: Vec::new(),
            diagnostics: true,
        }
    }
}

/// Commits of what the agent changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AutoCommitSettings {
    /// Whether what the agent changed is committed to the git repository, and only that.
    pub enabled: bool,
    /// When there is a commit: at the end of a turn (`turn`), or after each round of calls (`call`).
    pub when: AutoCommitMoment,
    /// Model that writes the messages, of the session's provider; when unset, that of subagents, or the
    /// session's.
    pub model: Option<String>,
    /// How messages are written: as those of the repository (`repository`), or as Conventional Commits
    /// (`conventional`).
    pub style: CommitStyle,
    /// Branch that gets the commits, such as `loom/{thread}`; when unset, the one that is checked out.
    pub branch: Option<String>,
    /// Largest file that is committed, as git stores it, in bytes.
    #[schemars(range(min = 1))]
    pub max_file_bytes: u64,
}

impl Default for AutoCommitSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            when: AutoCommitMoment::default(),
            model: None,
            style: CommitStyle::default(),
            branch: None,
            max_file_bytes: 10_000_000,
        }
    }
}

/// When what the agent changed is committed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AutoCommitMoment {
    /// At the end of each turn that came to its end.
    #[default]
    Turn,
    /// After each round of calls.
    Call,
}

/// How messages of commits are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CommitStyle {
    /// As the newest messages of the repository.
    #[default]
    Repository,
    /// As Conventional Commits 1.0.
    Conventional,
}

/// The spool of the folder that the agent works in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SpoolSettings {
    /// Whether each turn that changed something becomes a stitch; `auto_commit` then does nothing there.
    pub stitches: bool,
}

impl Default for SpoolSettings {
    fn default() -> Self {
        Self { stitches: true }
    }
}

/// Where secrets are taken out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RedactSettings {
    /// Whether secrets are taken out of conversations before they are stored.
    pub threads: bool,
    /// Whether the model sees placeholders for the secrets in what tools give back.
    pub results: bool,
}

impl Default for RedactSettings {
    fn default() -> Self {
        Self {
            threads: true,
            results: true,
        }
    }
}

/// The sandbox in which commands run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SandboxSettings {
    /// Whether commands run in a sandbox; without one, commands ask.
    pub enabled: bool,
    /// Folders besides the workspace in which commands may write.
    pub write: Vec<PathBuf>,
    /// Hosts that commands may reach, such as `crates.io` or `*.example.com`.
    pub allow_hosts: Vec<String>,
}

impl Default for SandboxSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            write: Vec::new(),
            allow_hosts: Vec::new(),
        }
    }
}

/// What the agent reaches on the web.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct WebSettings {
    /// Whether pages may be fetched from this machine and from private networks.
    pub allow_private: bool,
}

/// What is logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LogSettings {
    /// What is logged: a level, or levels by module, such as `warn,loom=debug`.
    pub filter: String,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            filter: "warn".to_owned(),
        }
    }
}
