//! `loom sandbox`: runs a command in the sandbox in which the agent runs its own.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ExitCode, ExitStatus};

use loom_cli_sandbox::{HostPattern, NetworkAccess, Rung, Sandbox, SandboxError, SandboxSetup};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

use super::{print, print_json};
use crate::arguments::SandboxArguments;
use crate::error::CliError;
use crate::setting::Setting;

pub(crate) async fn run(
    setting: &Setting,
    arguments: SandboxArguments,
) -> Result<ExitCode, CliError> {
    let mut setup = setup(setting)?;
    for folder in &arguments.writable {
        setup.writable.push(folder.canonicalize().map_err(|error| {
            CliError::usage(format!("cannot write in {}: {error}", folder.display()))
                .hint("name existing folders with --write")
        })?);
    }
    for place in &arguments.visible {
        setup.visible.push(std::path::absolute(place)?);
    }
    let configured = &setting.config.value.sandbox.allow_hosts;
    setup.network = network(configured.iter().chain(&arguments.hosts))?;
    if let Some(rung) = arguments.rung {
        setup.rungs = vec![rung.into()];
    }
    let sandbox = Sandbox::probe(setup).await?;
    match arguments.command.split_first() {
        Some((program, rest)) if !arguments.status => {
            let wrapped = sandbox.command(program, rest)?.with_open_files();
            let mut command = Command::new(&wrapped.program);
            command
                .args(&wrapped.arguments)
                .envs(wrapped.environment)
                .current_dir(&setting.workspace);
            let status = follow(command).await?;
            Ok(exit_code(status))
        }
        _ => status(&sandbox, arguments.json).map(|()| ExitCode::SUCCESS),
    }
}

/// Returns what the sandbox of a session in this folder is made of.
pub(crate) fn setup(setting: &Setting) -> Result<SandboxSetup, CliError> {
    let home = setting.environment.get("HOME").ok_or_else(|| {
        CliError::failed("HOME is not set, so nobody knows what to hide")
            .hint("set HOME to your home folder")
    })?;
    let config = &setting.config.value.sandbox;
    let temporary = setting.environment.get("TMPDIR").unwrap_or("/tmp".as_ref());
    Ok(SandboxSetup {
        launcher: "/proc/self/exe".into(),
        workspace: setting.workspace.clone(),
        writable: config
            .write
            .iter()
            .map(|folder| match folder.strip_prefix("~") {
                Ok(below) => Path::new(home).join(below),
                Err(_) => folder.clone(),
            })
            .collect(),
        visible: Vec::new(),
        home: home.into(),
        environment: setting.environment.clone(),
        network: network(&config.allow_hosts)?,
        temporary: temporary.into(),
        rungs: Rung::ALL.to_vec(),
    })
}

/// Returns the way to the network when these hosts are allowed.
fn network<'a>(hosts: impl IntoIterator<Item = &'a String>) -> Result<NetworkAccess, SandboxError> {
    let hosts = hosts.into_iter().map(|host| host.parse());
    let hosts = hosts.collect::<Result<Vec<HostPattern>, _>>()?;
    Ok(match hosts.is_empty() {
        true => NetworkAccess::Off,
        false => NetworkAccess::AllowList(hosts),
    })
}

/// Runs a command with the streams of this program, passes signals on, and waits.
///
/// What a terminal sends goes to all of its programs, so the command gets it too, and decides.
async fn follow(mut command: Command) -> Result<ExitStatus, CliError> {
    let mut interrupts = signal(SignalKind::interrupt())?;
    let mut quits = signal(SignalKind::quit())?;
    let mut ends = signal(SignalKind::terminate())?;
    let mut hangups = signal(SignalKind::hangup())?;
    let mut child = command.kill_on_drop(true).spawn()?;
    let id = child.id().and_then(|id| i32::try_from(id).ok());
    let process = id.and_then(Pid::from_raw);
    loop {
        let signal = tokio::select! {
            status = child.wait() => return Ok(status?),
            _ = interrupts.recv() => continue,
            _ = quits.recv() => continue,
            _ = ends.recv() => Signal::TERM,
            _ = hangups.recv() => Signal::HUP,
        };
        if let Some(process) = process {
            // It may have ended meanwhile.
            let _ = kill_process(process, signal);
        }
    }
}

/// Returns the exit code that shells have for an ending.
fn exit_code(status: ExitStatus) -> ExitCode {
    let code = match (status.code(), status.signal()) {
        (Some(code), _) => code,
        (None, signal) => signal.unwrap_or(0).saturating_add(128),
    };
    ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))
}

/// Says which rung is active, why it is not a stronger one, and what it does not protect from.
fn status(sandbox: &Sandbox, json: bool) -> Result<(), CliError> {
    let status = sandbox.status();
    if json {
        return print_json(&json!({
            "status": status,
            "limits": status.rung.limits(),
        }));
    }
    let mut text = format!("rung      {}\n", status.rung);
    let landlock = match status.landlock {
        Some(version) => format!("version {version}"),
        None => "not in force".to_owned(),
    };
    text.push_str(&format!("landlock  {landlock}\n"));
    for refusal in &status.stronger {
        text.push_str(&format!("no {}: {}\n", refusal.rung, refusal.reason));
    }
    for limit in status.rung.limits() {
        text.push_str(&format!("- {limit}\n"));
    }
    print(&text)
}

impl From<SandboxError> for CliError {
    fn from(error: SandboxError) -> Self {
        let hint = match &error {
            SandboxError::NoRung { .. } => {
                Some("`loom sandbox --status` says what is missing; docs/sandbox.md has more")
            }
            SandboxError::Folder { .. } => Some("name existing folders"),
            SandboxError::NotUnicode { .. } => Some("rename it, or work elsewhere with -C"),
            SandboxError::Temporary(_) => Some("set TMPDIR to a folder with room"),
            SandboxError::Proxy(_) | SandboxError::HostPattern { .. } => None,
        };
        let error = match &error {
            SandboxError::HostPattern { .. } => Self::usage(error.to_string()),
            _ => Self::failed(error.to_string()),
        };
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}
