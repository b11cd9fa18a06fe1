//! The launcher: `loom` itself, called with a hidden first argument, confines itself and becomes
//! the command.
//!
//! What confines a process in the kernel is inherited and cannot be undone, so the program that is
//! to be confined does it itself, before it becomes the command: no code runs between `fork` and
//! `exec`, where little is safe. There are three ways to be called:
//!
//! - `run COMMAND...` takes the policy from the environment and confines. With Landlock alone it then
//!   becomes the command; with namespaces it starts `init` in them and waits ([`outer`]).
//!   `run-with-files` hands on open files too.
//! - `init FILES COMMAND...` is the first process inside of the namespaces: it sets up mounts and
//!   the network, confines itself and starts the command ([`init`]).
//! - `check ATTEMPTS` is the command of the probe: it tries what must fail ([`check`]).
//!
//! A step that fails ends the launcher with [`FAILED`] and a message; nothing runs half confined.

mod bridge;
mod bubblewrap;
mod check;
mod filter;
mod grants;
mod hidden;
mod init;
mod loopback;
mod mounts;
mod namespaces;
mod outer;
mod privileges;
mod rules;

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitCode};

use loom_common_config::Environment;

pub(crate) use check::{Attempts, Findings};
use filter::{Closed, Sockets};
pub(crate) use mounts::View;
use rules::{Allowed, Mounts};

use crate::error::LaunchError;
use crate::mountinfo;
use crate::policy::{NetworkRoute, Policy, VARIABLE};
use crate::rung::Rung;

/// The first argument that makes `loom` the launcher.
pub(crate) const ARGUMENT: &str = "__sandbox";

/// The mode of the launcher in which the command inherits open files.
pub(crate) const WITH_FILES: &str = "run-with-files";

/// Exit code when the command could not be confined, and so did not run.
pub(crate) const FAILED: u8 = 125;

/// Begins the message of a launcher that gives up.
pub(crate) const COMPLAINT: &str = "loom sandbox: ";

/// The variable that tells a command how it is confined.
pub(crate) const TELLING_VARIABLE: &str = "LOOM_SANDBOXED";

/// Variables that lead out of the sandbox to services of the person's session.
const VARIABLES_LEADING_OUT: &[&str] = &[
    VARIABLE,
    "DBUS_SESSION_BUS_ADDRESS",
    "DBUS_SYSTEM_BUS_ADDRESS",
    "DISPLAY",
    "DOCKER_HOST",
    "GNOME_KEYRING_CONTROL",
    "GPG_AGENT_INFO",
    "NOTIFY_SOCKET",
    "SSH_AGENT_PID",
    "SSH_AUTH_SOCK",
    "TMUX",
    "WAYLAND_DISPLAY",
    "WSL_INTEROP",
    "XAUTHORITY",
];

/// Variables that name a cache without which a program fails, and the folder for temporary files in
/// which to put it.
const CACHES: [(&str, &str); 1] = [("GOCACHE", "go-build")];

/// Does the launcher's work when `arguments`, without the program's name, call for it.
///
/// The program's `main` calls this before anything else. Returns the exit code to end with, or
/// `None` when this is an ordinary call. A command that is confined without namespaces takes the
/// place of this process, and nothing is returned.
pub fn launch(
    mut arguments: impl Iterator<Item = OsString>,
    environment: impl FnOnce() -> Environment,
) -> Option<ExitCode> {
    if arguments.next()? != ARGUMENT {
        return None;
    }
    Some(dispatch(arguments, &environment()).unwrap_or_else(|error| {
        // There is nowhere left to say that standard error is gone.
        let _ = writeln!(std::io::stderr(), "{COMPLAINT}{error}");
        ExitCode::from(FAILED)
    }))
}

fn dispatch(
    mut arguments: impl Iterator<Item = OsString>,
    environment: &Environment,
) -> Result<ExitCode, LaunchError> {
    let wrong = || LaunchError::Call("called in an unknown way".to_owned());
    let mode = arguments.next().ok_or_else(wrong)?;
    if mode == "check" {
        let attempts = arguments.next().ok_or_else(wrong)?;
        return check::run(&attempts, environment);
    }
    if mode == "run" {
        privileges::close_inherited_files();
    }
    let policy = policy(environment)?;
    match mode.to_str() {
        Some("run" | WITH_FILES) => run(
            &policy,
            &Task::new(arguments, environment).ok_or_else(wrong)?,
        ),
        Some("init") => {
            let files = arguments.next().ok_or_else(wrong)?;
            let task = Task::new(arguments, environment).ok_or_else(wrong)?;
            init::run(&policy, files.to_str().unwrap_or_default(), &task)
        }
        _ => Err(wrong()),
    }
}

fn policy(environment: &Environment) -> Result<Policy, LaunchError> {
    let text = environment
        .get(VARIABLE)
        .and_then(OsStr::to_str)
        .ok_or_else(|| LaunchError::Call(format!("{VARIABLE} is not set")))?;
    let policy: Policy = serde_json::from_str(text)
        .map_err(|error| LaunchError::Call(format!("{VARIABLE} makes no sense: {error}")))?;
    let version = env!("CARGO_PKG_VERSION");
    if policy.version != version {
        return Err(LaunchError::Call(format!(
            "the session runs version {} of loom, but the program is version {version} now; start \
             the session anew",
            policy.version
        )));
    }
    Ok(policy)
}

/// The command.
struct Task {
    program: OsString,
    arguments: Vec<OsString>,
    /// Which of [`CACHES`] the environment has already.
    sets: Vec<&'static str>,
}

impl Task {
    fn new(
        mut arguments: impl Iterator<Item = OsString>,
        environment: &Environment,
    ) -> Option<Self> {
        Some(Self {
            program: arguments.next()?,
            arguments: arguments.collect(),
            sets: CACHES
                .iter()
                .map(|(name, _)| *name)
                .filter(|name| environment.get(name).is_some())
                .collect(),
        })
    }

    /// Returns the command with the environment that it is to have. `landlock` is the version in
    /// force.
    fn command(&self, policy: &Policy, landlock: Option<u32>) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        for name in VARIABLES_LEADING_OUT {
            command.env_remove(name);
        }
        let rung = policy.rung.name();
        let telling = match landlock {
            Some(version) => format!("{rung} landlock={version}"),
            None => rung.to_owned(),
        };
        command
            .env(TELLING_VARIABLE, telling)
            .env("TMPDIR", &policy.temporary);
        for (name, folder) in CACHES {
            if !self.sets.contains(&name) {
                command.env(name, policy.temporary.join(folder));
            }
        }
        command
    }
}

fn run(policy: &Policy, task: &Task) -> Result<ExitCode, LaunchError> {
    match policy.rung {
        Rung::Namespaces | Rung::Bubblewrap => outer::run(policy, task),
        Rung::Landlock => become_command(policy, task),
        Rung::None => Err(LaunchError::Call(
            "there is no sandbox to run in".to_owned(),
        )),
    }
}

/// Confines this process with Landlock alone, and makes it the command.
fn become_command(policy: &Policy, task: &Task) -> Result<ExitCode, LaunchError> {
    let mounts = all_mounts();
    let hidden = hidden::resolve(&policy.hidden, &policy.home, &policy.writable, &mounts);
    privileges::drop_capabilities()?;
    privileges::limit_resources(tasks_of_the_machine())?;
    let port = match policy.network {
        NetworkRoute::Off => None,
        NetworkRoute::Proxy { port, .. } => Some(port),
    };
    let version = rules::restrict(&Allowed {
        writable: &policy.writable,
        hidden: &hidden,
        mounts: Mounts::Shared,
        port,
    })?
    .ok_or_else(|| LaunchError::Landlock(no_landlock()))?;
    if port.is_some() && version < 4 {
        return Err(LaunchError::Landlock(format!(
            "hosts cannot be allowed one by one here: Landlock is of version {version} and judges \
             ports from version 4 on"
        )));
    }
    // From version 9 on Landlock judges unix sockets by path.
    let unix = version >= 9;
    filter::install(Closed {
        sockets: match port {
            None => Sockets::Local { unix },
            Some(_) => Sockets::TcpClient { unix },
        },
        outside_is_reachable: true,
        truncating_is_free: version < 3,
    })?;
    let error = task.command(policy, Some(version)).exec();
    Ok(ExitCode::from(not_started(&task.program, &error)))
}

/// Says that the command cannot be started, and returns the exit code that shells have for it.
fn not_started(program: &OsStr, error: &std::io::Error) -> u8 {
    // There is nowhere left to say that standard error is gone.
    let _ = writeln!(
        std::io::stderr(),
        "loom: cannot run {}: {error}",
        Path::new(program).display()
    );
    match error.kind() {
        std::io::ErrorKind::NotFound => 127,
        _ => 126,
    }
}

/// Returns why there is no Landlock, as far as the machine tells.
fn no_landlock() -> String {
    let names = std::fs::read_to_string("/sys/kernel/security/lsm").unwrap_or_default();
    let release = rustix::system::uname();
    let release = release.release().to_string_lossy();
    if names.is_empty() || names.contains("landlock") {
        format!("the kernel ({release}) has no Landlock; it came with Linux 5.13")
    } else {
        format!(
            "Landlock is not among the kernel's active security modules ({}); add it with the boot \
             parameter lsm=landlock,{}",
            names.trim(),
            names.trim()
        )
    }
}

fn all_mounts() -> Vec<mountinfo::Mount> {
    std::fs::read("/proc/self/mountinfo")
        .map(|text| mountinfo::parse(&String::from_utf8_lossy(&text)))
        .unwrap_or_default()
}

/// Returns how many processes and threads there are on the machine: in the fourth field of
/// `/proc/loadavg`, after a slash.
fn tasks_of_the_machine() -> u64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split([' ', '/'])
        .nth(4)
        .and_then(|count| count.parse().ok())
        .unwrap_or(0)
}
