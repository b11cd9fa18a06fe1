//! The program `loom-server`: command line, log and signals around [`loom_server::Server`].

mod arguments;
mod commands;
mod failure;
mod log;
mod table;

use std::process::ExitCode;

use loom_common_config::{Environment, Resolved};
use loom_server_config::ServerConfig;
use tokio::runtime::{Builder, Runtime};

use crate::arguments::{Arguments, Command};
use crate::failure::Failure;

/// Threads that serve requests, at most. They mostly pass bytes on, so a few serve many.
const MAX_WORKERS: usize = 8;

fn main() -> ExitCode {
    match run(&Arguments::from_command_line()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.command {
        None => commands::serve::run(&settings(arguments)?.value, &arguments.serve),
        Some(Command::Serve(serve)) => commands::serve::run(&settings(arguments)?.value, serve),
        Some(Command::Token(token)) => commands::token::run(&settings(arguments)?.value, token),
        Some(Command::Config(config)) => commands::config::run(config, || settings(arguments)),
        Some(Command::Openapi) => commands::openapi(),
        Some(Command::Version) => commands::version(),
    }
}

fn settings(arguments: &Arguments) -> Result<Resolved<ServerConfig>, Failure> {
    let environment = Environment::from_process();
    let file = arguments.config.as_deref();
    Ok(loom_server_config::load(
        &environment,
        file,
        &arguments.settings(),
    )?)
}

/// Makes the runtime of a command.
fn runtime() -> Result<Runtime, Failure> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Ok(Builder::new_multi_thread()
        .worker_threads(cores.min(MAX_WORKERS))
        .enable_all()
        .build()?)
}
