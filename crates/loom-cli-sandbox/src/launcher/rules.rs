//! The rules of Landlock: which files, ports and processes the command reaches.
//!
//! Landlock denies what it handles and nothing allows. Reading is allowed everywhere but at hidden
//! places, `/dev` and what else is closed; writing in the writable folders; a few devices both. On
//! older kernels less is handled, which the caller makes up for: the version in force is returned.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, LandlockStatus, NetPort,
    PathBeneath, Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError,
    RulesetStatus, Scope,
};
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};

use super::grants;
use crate::error::LaunchError;

/// The newest version whose rights are known here.
const KNOWN: ABI = ABI::V10;

/// Devices that every program may use.
pub(super) const DEVICES: [&str; 6] = [
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
    "/dev/tty",
];

/// Terminals of one's own.
const TERMINALS: [&str; 2] = ["/dev/ptmx", "/dev/pts"];

/// What the rules allow.
#[derive(Debug)]
pub(super) struct Allowed<'a> {
    /// Folders that can be written.
    pub(super) writable: &'a [PathBuf],
    /// Places that cannot be read, sorted, none inside another.
    pub(super) hidden: &'a [PathBuf],
    /// Whether mounts keep hidden places, sockets, terminals and shared memory of others apart.
    pub(super) mounts: Mounts,
    /// The one port to which TCP connections can be made; `None` when TCP is closed otherwise or
    /// is free in a network of its own.
    pub(super) port: Option<u16>,
}

/// Whether the command has mounts of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mounts {
    /// It has. Hidden places are covered, so every folder can be listed, and terminals can be made.
    /// The rules hide once more: a cover goes when the file below it is replaced from outside.
    Own,
    /// It sees those of everyone.
    Shared,
}

/// Confines the calling thread, and what it starts, for good. Returns the version in force, or
/// `None` when this kernel has no Landlock.
pub(super) fn restrict(allowed: &Allowed<'_>) -> Result<Option<u32>, LaunchError> {
    let status = ruleset(allowed)
        .and_then(RulesetCreated::restrict_self)
        .map_err(|error| LaunchError::Landlock(format!("cannot confine with Landlock: {error}")))?;
    match (status.ruleset, status.landlock) {
        (RulesetStatus::NotEnforced, _) => Ok(None),
        (_, LandlockStatus::Available { effective_abi, .. }) => Ok(Some(effective_abi as u32)),
        (_, LandlockStatus::NotEnabled | LandlockStatus::NotImplemented) => Ok(None),
    }
}

/// Tells whether this kernel has Landlock.
pub(super) fn is_available() -> bool {
    Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::Execute)
        .and_then(Ruleset::create)
        .is_ok()
}

fn ruleset(allowed: &Allowed<'_>) -> Result<RulesetCreated, RulesetError> {
    let mut ruleset = Ruleset::default()
        .handle_access(AccessFs::from_all(KNOWN))?
        .scope(Scope::from_all(KNOWN))?;
    if allowed.port.is_some() {
        ruleset = ruleset.handle_access(AccessNet::BindTcp | AccessNet::ConnectTcp)?;
    }
    let mut ruleset = ruleset.create()?;
    if let Some(port) = allowed.port {
        ruleset = ruleset.add_rule(NetPort::new(port, AccessNet::ConnectTcp))?;
    }
    let read = AccessFs::from_read(KNOWN);
    let write = AccessFs::from_all(KNOWN) & !(AccessFs::MakeChar | AccessFs::MakeBlock);
    let device = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::Truncate | AccessFs::IoctlDev;

    let dev = Path::new("/dev");
    let mut closed = allowed.hidden.to_vec();
    closed.push(dev.to_owned());
    for path in grants::all_but(Path::new("/"), &closed) {
        ruleset = add(ruleset, open(&path), read)?;
    }
    ruleset = add(ruleset, open(dev), AccessFs::ReadDir.into())?;
    // What is hidden inside a writable folder is covered by mounts, or left out.
    let left_out = match allowed.mounts {
        Mounts::Own => &[],
        Mounts::Shared => allowed.hidden,
    };
    for folder in allowed.writable {
        for path in grants::all_but(folder, left_out) {
            ruleset = add(ruleset, open(&path), write)?;
        }
    }
    for path in DEVICES {
        ruleset = add(ruleset, open(Path::new(path)), device)?;
    }
    // Semaphores and shared memory by name; with mounts of its own it is a folder of its own.
    ruleset = add(ruleset, open(Path::new("/dev/shm")), write)?;
    if allowed.mounts == Mounts::Own {
        ruleset = add(ruleset, open(Path::new("/")), AccessFs::ReadDir.into())?;
        for path in TERMINALS {
            ruleset = add(ruleset, open(Path::new(path)), device | AccessFs::ReadDir)?;
        }
    }
    // The terminal that it already has may be opened again, as `/dev/stderr` for one.
    for stream in [
        rustix::stdio::stdin(),
        rustix::stdio::stdout(),
        rustix::stdio::stderr(),
    ] {
        if rustix::termios::isatty(stream) {
            ruleset = add(ruleset, Ok(stream), device)?;
        }
    }
    Ok(ruleset)
}

/// Allows something. What cannot be opened is not there, or is not for this user anyway.
fn add(
    ruleset: RulesetCreated,
    file: io::Result<impl AsFd>,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    match file {
        Ok(file) => ruleset.add_rule(PathBeneath::new(file, access)),
        Err(_) => Ok(ruleset),
    }
}

/// Opens a path for a rule. A symbolic link anywhere in it is an error: what is allowed must be
/// what was decided about, not what a link has come to lead to.
fn open(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let links = ResolveFlags::NO_SYMLINKS;
    Ok(rustix::fs::openat2(CWD, path, flags, Mode::empty(), links)?)
}
