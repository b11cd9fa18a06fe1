//! The command line: what can be asked for, and how.

mod mcp;
mod secrets;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use loom_cli_sandbox::Rung;
use loom_cli_spool::SpoolArguments;
use loom_common_config::Arguments as Settings;
use loom_common_core::{Effort, PermissionMode};

pub(crate) use mcp::{McpAddArguments, McpCommand};
pub(crate) use secrets::{
    RedactArguments, RedactReport, RulesArgument, ScanArguments, ScanFormat, SecretsCommand,
};

/// A coding agent that works in the current folder.
///
/// Without a command, `loom` starts a session: it reads prompts from the terminal, or with
/// --print does one prompt and ends.
#[derive(Debug, Parser)]
#[command(
    name = "loom",
    disable_version_flag = true,
    args_conflicts_with_subcommands = false,
    after_help = "Exit codes: 0 done, 1 the turn failed, 2 wrong use, 130 interrupted."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) session: SessionArguments,
    #[command(flatten)]
    pub(crate) global: GlobalArguments,
    /// Print the version and end.
    #[arg(short = 'V', long)]
    pub(crate) version: bool,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

impl Arguments {
    /// Returns the arguments that set configuration values.
    pub(crate) fn settings(&self) -> Settings {
        let mode = self.session.permission_mode.map(PermissionMode::from);
        Settings::new()
            .with("--server-url", self.global.server_url.as_ref())
            .with("--token", self.global.token.as_ref())
            .with("--model", self.session.model.as_ref())
            .with("--provider", self.session.provider.as_ref())
            .with("--effort", self.session.effort.map(Effort::from))
            .with("--permission-mode", mode)
            .with("--max-turns", self.session.max_turns)
            .with("--max-cost", self.session.max_cost)
    }
}

/// Options that every command takes.
#[derive(Debug, Args)]
pub(crate) struct GlobalArguments {
    /// Use this server instead of starting one on this machine.
    #[arg(long, global = true, value_name = "URL", help_heading = "Server")]
    server_url: Option<String>,
    /// Access token for the server. Other users may see it in the list of processes: prefer
    /// LOOM_TOKEN or LOOM_TOKEN_FILE.
    #[arg(long, global = true, value_name = "TOKEN", help_heading = "Server")]
    token: Option<String>,
    /// Work in this folder instead of the current one.
    #[arg(
        short = 'C',
        long = "directory",
        global = true,
        value_name = "DIR",
        value_hint = ValueHint::DirPath
    )]
    pub(crate) directory: Option<PathBuf>,
}

/// Options of a session.
#[derive(Debug, Args)]
pub(crate) struct SessionArguments {
    /// Do one prompt without a terminal, print the answer, and end. The prompt also comes from
    /// standard input; with both, standard input follows the prompt.
    #[arg(short = 'p', long, value_name = "PROMPT", num_args = 0..=1, default_missing_value = "")]
    pub(crate) print: Option<String>,
    /// What --print writes to standard output.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        requires = "print"
    )]
    pub(crate) output_format: OutputFormat,
    /// What --print reads from standard input.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        requires = "print"
    )]
    pub(crate) input_format: InputFormat,
    /// Write nothing about the work in progress to standard error.
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Model to use.
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// Provider of the model.
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// How much the model should think.
    #[arg(long, value_name = "EFFORT")]
    effort: Option<EffortArgument>,
    /// What the agent may do without asking.
    #[arg(long, value_name = "MODE")]
    permission_mode: Option<PermissionModeArgument>,
    /// Stop a turn after this many requests to the model.
    #[arg(long, value_name = "COUNT")]
    max_turns: Option<u32>,
    /// Stop when the run has cost this many US dollars, where prices are known.
    #[arg(long, value_name = "DOLLARS")]
    max_cost: Option<f64>,
    /// Go on with the newest thread of this folder.
    #[arg(short = 'c', long = "continue", conflicts_with = "resume")]
    pub(crate) continue_latest: bool,
    /// Go on with this thread.
    #[arg(short = 'r', long, value_name = "ID")]
    pub(crate) resume: Option<String>,
}

/// What `--print` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// The answer.
    Text,
    /// One JSON object at the end.
    Json,
    /// Each event as a JSON object, one a line (see `loom schema`).
    StreamJson,
}

/// What the agent may do without asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PermissionModeArgument {
    /// Reads only.
    Plan,
    /// Reads; edits and commands ask, or are denied without a terminal.
    Ask,
    /// Reads, edits in the folder, runs commands in the sandbox; what needs more asks.
    Auto,
    /// Everything.
    Full,
}

impl From<PermissionModeArgument> for PermissionMode {
    fn from(mode: PermissionModeArgument) -> Self {
        match mode {
            PermissionModeArgument::Plan => Self::Plan,
            PermissionModeArgument::Ask => Self::Ask,
            PermissionModeArgument::Auto => Self::Auto,
            PermissionModeArgument::Full => Self::Full,
        }
    }
}

/// What `--print` reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum InputFormat {
    /// The prompt.
    Text,
    /// One JSON object a line: prompts, answers, and what else a person could do.
    StreamJson,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum EffortArgument {
    Low,
    Medium,
    High,
}

impl From<EffortArgument> for Effort {
    fn from(effort: EffortArgument) -> Self {
        match effort {
            EffortArgument::Low => Self::Low,
            EffortArgument::Medium => Self::Medium,
            EffortArgument::High => Self::High,
        }
    }
}

/// What else `loom` does.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Look at and delete stored conversations.
    #[command(subcommand)]
    Threads(ThreadsCommand),
    /// List the points of a thread, or take it back to one: files, conversation, or both.
    Rewind(RewindArguments),
    /// Show what this folder brought along that waits for your trust, and let it count.
    Trust {
        /// Do not ask.
        #[arg(short, long)]
        yes: bool,
    },
    /// Start, stop and look at the server on this machine.
    #[command(subcommand)]
    Server(ServerCommand),
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look at, add and trust servers of tools (Model Context Protocol).
    #[command(subcommand)]
    Mcp(McpCommand),
    /// Serve an editor: speak the Agent Client Protocol on standard input and output.
    ///
    /// The editor starts this by itself once it is told to; a person has no use for it. What the
    /// editor hands over (folder, thread, servers of tools) counts for each session; the options of a
    /// session, such as --model before the command, are where each begins.
    Acp,
    /// Say what is wrong and how to mend it.
    Doctor,
    /// Run a command in the sandbox in which the agent runs its own.
    ///
    /// The command can write in the current folder and in a folder for temporary files of its own
    /// (TMPDIR). It can read the rest but for credentials, keyrings, browser profiles and Loom's
    /// own files. It has no network but for hosts that are allowed, here or in the configuration.
    ///
    /// Its exit code is passed on; 125 means that it could not be confined and did not run.
    Sandbox(SandboxArguments),
    /// Take secrets out of what passes by, or out of files.
    ///
    /// Each secret becomes `[REDACTED:rule]`. Nothing else changes.
    Redact(RedactArguments),
    /// Look for secrets in a repository, and keep them out of commits.
    #[command(subcommand)]
    Secrets(SecretsCommand),
    /// Keep the history of a folder: what Jujutsu does, in the words of weaving.
    ///
    /// Git and jj work on the same repository, at the same time. Nothing that was ever recorded is
    /// lost: every operation can be taken back.
    Spool(Box<SpoolArguments>),
    /// Print the version.
    Version {
        /// Print a JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the JSON schema of the events of `--output-format stream-json`.
    Schema,
    /// Print the reference of this command line as Markdown.
    #[command(hide = true)]
    Reference,
}

/// What `loom threads` does.
#[derive(Debug, Subcommand)]
pub(crate) enum ThreadsCommand {
    /// List threads, newest first.
    List {
        /// List the threads of all folders, not only of this one.
        #[arg(short, long)]
        all: bool,
        /// List at most this many.
        #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
        limit: u32,
        /// Print a JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Show a thread.
    Show {
        /// The thread: its id, or enough of its end to be unique.
        id: String,
        /// Print a JSON object with all messages.
        #[arg(long)]
        json: bool,
    },
    /// Delete threads for good.
    Delete {
        /// The threads.
        #[arg(required = true)]
        ids: Vec<String>,
    },
}

/// Which thread `loom rewind` takes back, and how.
///
/// Each turn and each call that could change files is a point. Going back changes only the files
/// that the thread itself has changed since, and is itself a point that can be gone back to.
#[derive(Debug, Args)]
pub(crate) struct RewindArguments {
    /// The thread: its id, or enough of its end to be unique. The newest of this folder by default.
    pub(crate) thread: Option<String>,
    /// List the points, as without --to.
    #[arg(long, conflicts_with = "to")]
    pub(crate) list: bool,
    /// Go back to this point.
    #[arg(long, value_name = "POINT")]
    pub(crate) to: Option<u64>,
    /// Only the files.
    #[arg(long, requires = "to", conflicts_with = "conversation")]
    pub(crate) files: bool,
    /// Only the conversation.
    #[arg(long, requires = "to")]
    pub(crate) conversation: bool,
    /// Put back also what somebody else has changed since.
    #[arg(long, requires = "to")]
    pub(crate) force: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What `loom server` does.
#[derive(Debug, Subcommand)]
pub(crate) enum ServerCommand {
    /// Start the server if it does not run.
    Start,
    /// Stop the server. Answers in progress may finish first.
    Stop,
    /// Say whether the server runs, and where.
    Status {
        /// Print a JSON object.
        #[arg(long)]
        json: bool,
    },
}

/// What `loom config` does.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Show the values in force.
    Show {
        /// Say where each value comes from.
        #[arg(long)]
        origin: bool,
    },
    /// Print the path of the configuration file.
    Path,
    /// Print the JSON schema of the configuration file.
    Schema,
    /// Print the reference of all settings as Markdown.
    #[command(hide = true)]
    Reference,
}

/// What `loom sandbox` runs, and in which sandbox.
#[derive(Debug, Args)]
#[command(
    after_help = "Rungs, from the strongest: namespaces (own files, processes and network), \
                  bubblewrap (the same by the program bwrap), landlock (rules on files and calls \
                  alone).\n\n\
                  Examples:\n  \
                  loom sandbox --status\n  \
                  loom sandbox cargo test\n  \
                  loom sandbox --allow-host '*.crates.io' --write ~/.cargo cargo fetch"
)]
pub(crate) struct SandboxArguments {
    /// Let the command write in this folder too. Can be given several times.
    #[arg(long = "write", value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) writable: Vec<PathBuf>,
    /// Let the command read this place although it is hidden otherwise. Can be given several
    /// times.
    #[arg(long = "read", value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) visible: Vec<PathBuf>,
    /// Let the command reach this host by HTTP and HTTPS: example.com, *.example.com, or with a
    /// port example.com:8443. Can be given several times.
    #[arg(long = "allow-host", value_name = "HOST")]
    pub(crate) hosts: Vec<String>,
    /// Use this rung and no other.
    #[arg(long, value_name = "RUNG")]
    pub(crate) rung: Option<RungArgument>,
    /// Say which rung is active, why it is not a stronger one, and what it does not protect from.
    #[arg(long)]
    pub(crate) status: bool,
    /// With --status, print a JSON object.
    #[arg(long, requires = "status")]
    pub(crate) json: bool,
    /// The command and its arguments.
    #[arg(
        required_unless_present = "status",
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "COMMAND",
        value_hint = ValueHint::CommandWithArguments
    )]
    pub(crate) command: Vec<OsString>,
}

/// How commands are confined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RungArgument {
    /// Own namespaces of files, processes and network.
    Namespaces,
    /// The same, made by the program bwrap.
    Bubblewrap,
    /// Rules on files and system calls alone.
    Landlock,
}

impl From<RungArgument> for Rung {
    fn from(rung: RungArgument) -> Self {
        match rung {
            RungArgument::Namespaces => Self::Namespaces,
            RungArgument::Bubblewrap => Self::Bubblewrap,
            RungArgument::Landlock => Self::Landlock,
        }
    }
}
