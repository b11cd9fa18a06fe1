//! Namespaces of one's own: processes, files, network and shared memory apart from the others.

use std::fs;
use std::io;

use nix::sched::{CloneFlags, unshare};
use rustix::io::Errno;
use rustix::process::{getegid, geteuid};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, configure_capability_in_ambient_set,
    set_capabilities,
};

use crate::error::LaunchError;

/// What `init` needs to set the namespaces up.
const NEEDED: [CapabilitySet; 3] = [
    CapabilitySet::SYS_ADMIN,
    CapabilitySet::NET_ADMIN,
    CapabilitySet::SETPCAP,
];

/// Tells whether this process administers the machine, and needs no user namespace.
pub(super) fn is_administrator() -> bool {
    capabilities(None).is_ok_and(|held| held.effective.contains(CapabilitySet::SYS_ADMIN))
}

/// Moves this process into namespaces of its own, but for processes: there the first one that it
/// starts is the first of all.
///
/// Without the rights of an administrator these come from a namespace of users, in which the person
/// keeps their own name and nobody else's.
pub(super) fn enter() -> Result<(), LaunchError> {
    let mut flags = CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWNET
        | CloneFlags::CLONE_NEWIPC;
    let is_administrator = is_administrator();
    let (user, group) = (geteuid().as_raw(), getegid().as_raw());
    if !is_administrator {
        flags |= CloneFlags::CLONE_NEWUSER;
    }
    unshare(flags).map_err(refused("make namespaces"))?;
    if !is_administrator {
        // The order is the kernel's, see user_namespaces(7).
        fs::write("/proc/self/setgroups", "deny").map_err(refused("name the user"))?;
        fs::write("/proc/self/uid_map", format!("{user} {user} 1"))
            .map_err(refused("name the user"))?;
        fs::write("/proc/self/gid_map", format!("{group} {group} 1"))
            .map_err(refused("name the user"))?;
    }
    keep_capabilities().map_err(refused("keep capabilities"))
}

/// Lets the program that is started next have the capabilities too, which others than the
/// administrator lose with a new program.
fn keep_capabilities() -> Result<(), Errno> {
    let held = capabilities(None)?;
    let needed = NEEDED
        .iter()
        .fold(CapabilitySet::empty(), |all, next| all | *next);
    set_capabilities(
        None,
        CapabilitySets {
            inheritable: held.inheritable | needed,
            ..held
        },
    )?;
    NEEDED
        .iter()
        .try_for_each(|one| configure_capability_in_ambient_set(*one, true))
}

/// Returns a function that makes an error of a refused step, with the setting of the machine that
/// is to blame, if one is.
pub(super) fn refused<E: Into<io::Error>>(
    step: impl Into<String>,
) -> impl FnOnce(E) -> LaunchError {
    let step = step.into();
    move |source| match culprit() {
        Some(culprit) => LaunchError::Call(culprit),
        None => LaunchError::step(step)(source),
    }
}

/// Looks for a setting that denies namespaces to programs without special rights.
fn culprit() -> Option<String> {
    let setting = |path: &str| {
        fs::read_to_string(path)
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    if geteuid().is_root() {
        return None;
    }
    if setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1" {
        return Some(
            "AppArmor denies user namespaces to unprivileged programs \
             (kernel.apparmor_restrict_unprivileged_userns = 1)"
                .to_owned(),
        );
    }
    if setting("/proc/sys/kernel/unprivileged_userns_clone") == "0" {
        return Some(
            "user namespaces are turned off (kernel.unprivileged_userns_clone = 0)".to_owned(),
        );
    }
    if setting("/proc/sys/user/max_user_namespaces") == "0" {
        return Some("user namespaces are turned off (user.max_user_namespaces = 0)".to_owned());
    }
    None
}
