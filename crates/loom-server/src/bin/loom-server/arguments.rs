//! The command line: what can be asked for, and how.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueHint};
use loom_common_config::Arguments as Settings;

/// The Loom server: owns the keys of the model providers, and answers `loom` on their behalf.
///
/// Without a command it serves.
#[derive(Debug, Parser)]
#[command(
    name = "loom-server",
    version,
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong use.\n\
                  `loom-server config reference` lists all settings."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) serve: ServeArguments,
    /// Read this configuration file instead of the usual one.
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    /// Keep all data in this folder.
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    data_dir: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

impl Arguments {
    /// Reads the command line. Wrong use is told, and ends the program with exit code 2.
    pub(crate) fn from_command_line() -> Self {
        let arguments = Self::parse();
        if arguments.command.is_some() && arguments.serve.is_given() {
            let message =
                "--host, --port and --state-file stand after `serve`, or without a command";
            Self::command()
                .error(ErrorKind::ArgumentConflict, message)
                .exit();
        }
        // Settings are text: read as such, this path would name another folder.
        if let Some(path) = arguments
            .data_dir
            .as_ref()
            .filter(|path| path.to_str().is_none())
        {
            let message = format!(
                "--data-dir must be UTF-8 text, and {path:?} is not; rename the folder or choose \
                 another one"
            );
            Self::command()
                .error(ErrorKind::InvalidUtf8, message)
                .exit();
        }
        arguments
    }

    /// Returns the arguments that set configuration values.
    pub(crate) fn settings(&self) -> Settings {
        let serve = match &self.command {
            Some(Command::Serve(serve)) => serve,
            _ => &self.serve,
        };
        Settings::new()
            .with(
                "--data-dir",
                self.data_dir.as_ref().map(|path| path.display()),
            )
            .with("--host", serve.host.as_ref())
            .with("--port", serve.port)
    }
}

/// Options of serving.
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Listen on this address or host name.
    #[arg(long)]
    host: Option<String>,
    /// Listen on this port; 0 picks a free one.
    #[arg(long)]
    port: Option<u16>,
    /// Make a new local access token, and write it with the server's address to this file, which
    /// only this user can read. It is removed at the end.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) state_file: Option<PathBuf>,
}

impl ServeArguments {
    fn is_given(&self) -> bool {
        self.host.is_some() || self.port.is_some() || self.state_file.is_some()
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve, until SIGTERM or SIGINT.
    Serve(ServeArguments),
    /// Manage access tokens.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Show settings.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the OpenAPI document.
    Openapi,
    /// Print version, commit and platform.
    Version,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make an access token, and print it. It cannot be shown again.
    Create {
        /// What the token is for, such as the name of the machine that will use it.
        name: String,
    },
    /// List the access tokens; the tokens themselves are not stored.
    List,
    /// Revoke an access token. It stops working at once.
    Revoke {
        /// Id of the token, as `list` shows it.
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Show all settings as they are in effect; secrets are not shown.
    Show {
        /// Show where each value came from, too.
        #[arg(long)]
        origin: bool,
    },
    /// Print a table of all settings, in Markdown.
    Reference,
    /// Print the JSON schema of the configuration file.
    Schema,
}
