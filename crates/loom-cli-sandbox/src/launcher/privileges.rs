//! What the launcher gives up before the command starts: capabilities and resources.

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities,
};

use crate::error::LaunchError;

/// How many processes and threads a command may have at a time.
pub(super) const MAX_TASKS: u64 = 8192;

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
