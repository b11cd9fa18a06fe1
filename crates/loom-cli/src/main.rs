//! The `loom` command: a coding agent for the terminal.
//!
//! `main` parses the command line, builds what the command needs and turns the outcome into an
//! exit code. What a command does stands in `commands`; how events are drawn in `render`; how the
//! server is found or started in `connection` and `local_server`.

mod arguments;
mod commands;
mod connection;
mod error;
mod git;
mod interrupt;
mod local_server;
mod redaction;
mod render;
mod setting;
mod tracing_output;

use std::process::ExitCode;

use clap::Parser;
use loom_cli_spool::SpoolArguments;
use loom_common_config::Environment;
use loom_common_version::build_info;
use tokio::runtime::Runtime;

use crate::arguments::{Arguments, Command};
use crate::commands::secrets::Surroundings;
use crate::error::CliError;
use crate::setting::Setting;

fn main() -> ExitCode {
    // First of all: as the sandbox's launcher this program must be quick and have one thread.
    if let Some(code) =
        loom_cli_sandbox::launch(std::env::args_os().skip(1), Environment::from_process)
    {
        return code;
    }
    let arguments = Arguments::parse();
    if arguments.version {
        return finish(commands::version::print_version(
            commands::version::Form::Text,
        ));
    }
    match &arguments.command {
        // What needs no configuration works with a broken one, and at once.
        Some(Command::Version { json }) => finish(commands::version::print_version((*json).into())),
        Some(Command::Completions { shell }) => finish(commands::completions::print_script(*shell)),
        Some(Command::Schema) => finish(commands::schema::print_schema()),
        Some(Command::Reference) => finish(commands::reference::print_reference()),
        Some(Command::Redact(_) | Command::Secrets(_)) => end(look_for_secrets(arguments)),
        Some(Command::Spool(command)) => finish(spool(command, &arguments)),
        _ => end(run(arguments)),
    }
}

/// Runs a command that needs no configuration, and time.
fn look_for_secrets(arguments: Arguments) -> Result<ExitCode, CliError> {
    let surroundings = Surroundings {
        environment: Environment::from_process(),
        folder: setting::workspace(&arguments)?,
    };
    redaction::keep(&surroundings.environment, None);
    let runtime = runtime()?;
    let outcome = runtime.block_on(async {
        match arguments.command {
            Some(Command::Secrets(command)) => commands::secrets::run(&surroundings, command).await,
            Some(Command::Redact(arguments)) => {
                commands::redact::run(&surroundings, arguments).await
            }
            _ => Ok(ExitCode::SUCCESS),
        }
    });
    runtime.shutdown_background();
    outcome
}

/// Runs a command of version control, which needs no configuration of Loom's, and no runtime.
fn spool(command: &SpoolArguments, arguments: &Arguments) -> Result<(), CliError> {
    let environment = Environment::from_process();
    let folder = setting::workspace(arguments)?;
    commands::spool::run(command, folder, &environment)
}

/// Makes a runtime with two threads: one runs the session while the other draws. The heavy work of
/// tools has threads of its own.
fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
}

/// Runs a command that needs the configuration.
fn run(arguments: Arguments) -> Result<ExitCode, CliError> {
    let setting = Setting::of_process(&arguments)?;
    let token = setting.config.value.server.token.as_ref();
    redaction::keep(&setting.environment, token);
    tracing_output::install(&setting)?;
    tracing::debug!(build = %build_info(), "loom starts");
    let runtime = runtime()?;
    let outcome = runtime.block_on(async {
        let outcome = match arguments.command {
            // It ends as the command that it runs.
            Some(Command::Sandbox(command)) => {
                return commands::sandbox::run(&setting, command).await;
            }
            Some(Command::Threads(command)) => commands::threads::run(&setting, command).await,
            Some(Command::Server(command)) => commands::server::run(&setting, command).await,
            Some(Command::Config(command)) => commands::config::run(&setting, command),
            Some(Command::Mcp(command)) => commands::mcp::run(&setting, command).await,
            Some(Command::Rewind(arguments)) => commands::rewind::run(&setting, arguments).await,
            Some(Command::Trust { yes }) => commands::trust::run(&setting, yes),
            Some(Command::Acp) => commands::acp::run(setting).await,
            Some(Command::Doctor) => commands::doctor::run(&setting).await,
            _ => commands::session::run(&setting, arguments.session).await,
        };
        outcome.map(|()| ExitCode::SUCCESS)
    });
    // A thread may be blocked on reading from a terminal or a pipe; it holds nothing to lose.
    runtime.shutdown_background();
    outcome
}

fn end(outcome: Result<ExitCode, CliError>) -> ExitCode {
    outcome.unwrap_or_else(|error| finish(Err(error)))
}

fn finish(outcome: Result<(), CliError>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error.print();
            ExitCode::from(error.exit_code())
        }
    }
}
