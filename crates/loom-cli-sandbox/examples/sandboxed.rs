//! Runs a command in the sandbox, with the current folder as the workspace: a small program that is
//! its own launcher.
//!
//! `cargo run -p loom-cli-sandbox --example sandboxed -- sh -c 'touch ~/.profile'`

use std::process::ExitCode;

use loom_cli_sandbox::{NetworkAccess, Rung, Sandbox, SandboxSetup};
use loom_common_config::Environment;

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let arguments = || std::env::args_os().skip(1);
    if let Some(code) = loom_cli_sandbox::launch(arguments(), Environment::from_process) {
        return Ok(code);
    }
    let environment = Environment::from_process();
    let command: Vec<_> = arguments().collect();
    let (program, rest) = command.split_first().ok_or("name a command")?;
    let mut rungs = Rung::ALL.to_vec();
    if let Some(wanted) = environment.get("RUNG") {
        rungs.retain(|rung| wanted == rung.name());
    }
    let setup = SandboxSetup {
        launcher: "/proc/self/exe".into(),
        workspace: ".".into(),
        writable: Vec::new(),
        visible: Vec::new(),
        home: environment.get("HOME").ok_or("HOME is not set")?.into(),
        network: NetworkAccess::Off,
        temporary: "/tmp".into(),
        rungs,
        environment,
    };
    let runtime = tokio::runtime::Runtime::new()?;
    let sandbox = runtime.block_on(Sandbox::probe(setup))?;
    let wrapped = sandbox.command(program, rest)?;
    let status = std::process::Command::new(wrapped.program)
        .args(wrapped.arguments)
        .envs(wrapped.environment)
        .status()?;
    Ok(ExitCode::from(
        u8::try_from(status.code().unwrap_or(1)).unwrap_or(1),
    ))
}
