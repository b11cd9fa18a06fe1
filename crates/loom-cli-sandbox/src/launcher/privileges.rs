//! What the launcher gives up before the command starts: capabilities and resources.

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities,
};

use crate::error::LaunchError;

/// How many processes and threads a command may have at a time.
pub(super) const MAX_TASKS: u64 = 4096;

/// What the administrator keeps: rights over files and users, which the rules on files bound.
/// Without them it could not work in the folders of others, as it does in containers.
const KEPT: CapabilitySet = CapabilitySet::CHOWN
    .union(CapabilitySet::DAC_OVERRIDE)
    .union(CapabilitySet::FOWNER)
    .union(CapabilitySet::FSETID)
    .union(CapabilitySet::SETGID)
    .union(CapabilitySet::SETUID);

/// Gives up all capabilities but those over files, for good.
pub(super) fn drop_capabilities() -> Result<(), LaunchError> {
    let step = LaunchError::step::<Errno>;
    for bit in 0..u64::BITS {
        let capability = CapabilitySet::from_bits_retain(1 << bit);
        if KEPT.contains(capability) {
            continue;
        }
        match remove_capability_from_bounding_set(capability) {
            // Past the last that this kernel knows, or not allowed: then it is not held either.
            Ok(()) | Err(Errno::INVAL | Errno::PERM) => {}
            Err(error) => return Err(step("give up capabilities")(error)),
        }
    }
    // Kernels older than these sets have nothing in them.
    let _ = clear_ambient_capability_set();
    let held = capabilities(None).map_err(step("read the capabilities"))?;
    let kept = CapabilitySets {
        effective: held.effective & KEPT,
        permitted: held.permitted & KEPT,
        inheritable: CapabilitySet::empty(),
    };
    set_capabilities(None, kept).map_err(step("give up capabilities"))
}

/// Bounds the number of processes, and writes no memory of crashed programs to the disk.
///
/// `counted_before` is how many tasks of others the kernel counts towards the bound.
pub(super) fn limit_resources(counted_before: u64) -> Result<(), LaunchError> {
    let step = LaunchError::step::<Errno>;
    lower(Resource::Nproc, counted_before.saturating_add(MAX_TASKS))
        .map_err(step("bound the number of processes"))?;
    lower(Resource::Core, 0).map_err(step("turn off core dumps"))
}

/// Bounds the number of processes in the namespace of this process, for the administrator too, whom
/// the limit of resources does not bind. Needs a `/proc` of that namespace.
///
/// Before Linux 6.14 the number belongs to the whole machine, and is left alone.
pub(super) fn limit_process_ids() {
    let release = rustix::system::uname();
    if kernel_version(&release.release().to_string_lossy()) >= Some((6, 14)) {
        // Without it, the limit of resources and the end of the command bound it still.
        let _ = std::fs::write("/proc/sys/kernel/pid_max", MAX_TASKS.to_string());
    }
}

/// Returns the first two numbers of a release such as `6.14.0-27-generic`.
fn kernel_version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(['.', '-']).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// Closes all files but the standard streams, so that nothing that Loom or its parents have left open
/// is handed on.
pub(super) fn close_inherited_files() {
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else {
        return;
    };
    let numbers: Vec<i32> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|number| *number > 2)
        .collect();
    for number in numbers {
        // The listing's own is closed already.
        let _ = nix::unistd::close(number);
    }
}

/// Lowers a limit, which cannot be raised again.
fn lower(resource: Resource, bound: u64) -> Result<(), Errno> {
    let maximum = getrlimit(resource)
        .maximum
        .map_or(bound, |maximum| maximum.min(bound));
    let limit = Rlimit {
        current: Some(maximum),
        maximum: Some(maximum),
    };
    setrlimit(resource, limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_compared_by_their_numbers() {
        assert_eq!(kernel_version("6.14.0-27-generic"), Some((6, 14)));
        assert_eq!(kernel_version("5.4-custom"), Some((5, 4)));
        assert_eq!(kernel_version("x"), None);
        assert!(kernel_version("6.9.1") < Some((6, 14)));
    }
}
