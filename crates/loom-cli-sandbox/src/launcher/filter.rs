//! The filter of system calls (seccomp).
//!
//! It closes what rules on files cannot: families of sockets, other namespaces and mounts, kernel
//! interfaces with a history of escapes. Calls that only newer kernels know are answered as if this
//! kernel did not have them, so a call that nobody thought of here is no way out. What is compared
//! are numbers in registers, never memory, which another thread could change after the check.
//!
//! It is three filters, as each has one answer: [`gate`] (unknown and foreign calls), one that says
//! "no such call" to programs that then do without, and one that says "not permitted".

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, sock_filter,
};

use crate::error::LaunchError;

/// What the filter has to close because nothing else does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Closed {
    /// Which sockets can be made.
    pub(super) sockets: Sockets,
    /// Whether processes outside can be reached: signals to "all", memory shared by key.
    pub(super) outside_is_reachable: bool,
    /// Whether cutting a file off needs no right to write it (Landlock before version 3).
    pub(super) truncating_is_free: bool,
}

/// Which sockets can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sockets {
    /// Those of a network of its own: unix sockets, the internet's, questions about interfaces.
    OwnNetwork,
    /// None but what Landlock judges by path.
    Local {
        /// Unix sockets, which then are Landlock's to judge.
        unix: bool,
    },
    /// TCP as a client, whose ports Landlock judges.
    TcpClient {
        /// Unix sockets, which then are Landlock's to judge.
        unix: bool,
    },
}

/// The last system call that was looked at (`file_setattr`, Linux 6.17). From 424 on, numbers are
/// the same on all architectures.
const LAST_KNOWN_CALL: u32 = 469;

/// Bit in the number of a call of the x32 interface, whose calls have numbers of their own.
const X32_BIT: u32 = 0x4000_0000;

// Numbers above 423 are the same everywhere, and newer than some of libc's tables.
const OPEN_TREE: c_long = 428;
const MOVE_MOUNT: c_long = 429;
const FSOPEN: c_long = 430;
const FSCONFIG: c_long = 431;
const FSMOUNT: c_long = 432;
const FSPICK: c_long = 433;
const CLONE3: c_long = 435;
const OPENAT2: c_long = 437;
const MOUNT_SETATTR: c_long = 442;
const QUOTACTL_FD: c_long = 443;
const OPEN_TREE_ATTR: c_long = 467;

/// Calls that are not permitted, whatever their arguments.
const REFUSED: &[c_long] = &[
    // Mounts and roots.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    OPEN_TREE,
    MOVE_MOUNT,
    FSOPEN,
    FSCONFIG,
    FSMOUNT,
    FSPICK,
    MOUNT_SETATTR,
    OPEN_TREE_ATTR,
    // Namespaces of others; new ones are judged by their flags.
    libc::SYS_setns,
    // Files by number, past all rules on paths.
    libc::SYS_open_by_handle_at,
    // Keys of the person's session.
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    // The kernel's insides.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_fanotify_init,
    libc::SYS_lookup_dcookie,
    libc::SYS_syslog,
    // The machine.
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    QUOTACTL_FD,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_vhangup,
    libc::SYS_nfsservctl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_kexec_file_load,
];

/// Calls that programs do without when the kernel has none.
const MISSING: &[c_long] = &[
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    // Its flags are in memory; the C libraries then use `clone`.
    CLONE3,
];

/// Memory, queues and semaphores that are shared by key with every process of the person.
const SHARED_BY_KEY: &[c_long] = &[
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_msgget,
    libc::SYS_semget,
    libc::SYS_mq_open,
];

/// `CLONE_NEWTIME`, which `unshare` alone knows.
const NEW_TIME: i32 = 0x80;

/// `CLONE_NEW…` in the flags of `clone` and `unshare`.
const NAMESPACE_FLAGS: [i32; 7] = [
    libc::CLONE_NEWNS,
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
];

/// Confines the calling thread, and what it starts, for good. Takes the right to gain privileges
/// from it as well (`no_new_privs`).
pub(super) fn install(closed: Closed) -> Result<(), LaunchError> {
    for program in [
        gate(),
        answering(libc::ENOSYS, missing(closed)?)?,
        answering(libc::EPERM, refused(closed)?)?,
    ] {
        seccompiler::apply_filter(&program).map_err(|error| not_filtered(&error))?;
    }
    Ok(())
}

fn not_filtered(error: &dyn std::fmt::Display) -> LaunchError {
    LaunchError::Call(format!("cannot filter system calls: {error}"))
}

/// Says "no such call" to what is newer than this list and to the x32 interface, whose numbers are
/// above it too. Calls of other architectures end the process in the filters that follow.
fn gate() -> BpfProgram {
    // Opcodes of classic BPF, as in <linux/bpf_common.h>.
    const LOAD_WORD: u16 = 0x20;
    const JUMP_IF_GREATER: u16 = 0x25;
    const RETURN: u16 = 0x06;
    const ALLOW: u32 = 0x7fff_0000;
    const ERRNO: u32 = 0x0005_0000;
    const { assert!(X32_BIT > LAST_KNOWN_CALL) };
    let instruction = |code, jt, k| sock_filter { code, jt, jf: 0, k };
    vec![
        // The number is the first field of what the filter sees (struct seccomp_data).
        instruction(LOAD_WORD, 0, 0),
        instruction(JUMP_IF_GREATER, 1, LAST_KNOWN_CALL),
        instruction(RETURN, 0, ALLOW),
        instruction(RETURN, 0, ERRNO | libc::ENOSYS.unsigned_abs()),
    ]
}

/// The rules of a filter: for each call any of several, or always when there is none.
type Rules = BTreeMap<c_long, Vec<SeccompRule>>;

fn answering(errno: i32, rules: Rules) -> Result<BpfProgram, LaunchError> {
    let architecture =
        TargetArch::try_from(std::env::consts::ARCH).map_err(|error| not_filtered(&error))?;
    SeccompFilter::new(
        rules,
        SeccompAction::Allow,
        SeccompAction::Errno(errno.unsigned_abs()),
        architecture,
    )
    .and_then(BpfProgram::try_from)
    .map_err(|error| not_filtered(&error))
}

fn missing(closed: Closed) -> Result<Rules, LaunchError> {
    let mut rules: Rules = MISSING.iter().map(|call| (*call, Vec::new())).collect();
    if closed.truncating_is_free {
        rules.insert(OPENAT2, Vec::new());
    }
    Ok(rules)
}

fn refused(closed: Closed) -> Result<Rules, LaunchError> {
    let mut rules: Rules = REFUSED.iter().map(|call| (*call, Vec::new())).collect();
    for flag in NAMESPACE_FLAGS {
        add(&mut rules, libc::SYS_clone, [(0, bits(flag))])?;
        add(&mut rules, libc::SYS_unshare, [(0, bits(flag))])?;
    }
    add(&mut rules, libc::SYS_unshare, [(0, bits(NEW_TIME))])?;
    // Typing on behalf of the person, and what a console can be told. The kernel looks at the lower
    // half of the number only, and so does the filter.
    for request in [0x5412, 0x541c] {
        add(&mut rules, libc::SYS_ioctl, [(1, Is(request))])?;
    }
    sockets(&mut rules, closed.sockets)?;
    if closed.outside_is_reachable {
        // To every process of the person.
        add(&mut rules, libc::SYS_kill, [(0, Is(u32::MAX.into()))])?;
        // Limits of another process: who it belongs to is all that the kernel asks.
        add(
            &mut rules,
            libc::SYS_prlimit64,
            [(0, is_not(0)), (2, IsNotNull)],
        )?;
        rules.extend(SHARED_BY_KEY.iter().map(|call| (*call, Vec::new())));
    }
    if closed.truncating_is_free {
        rules.insert(libc::SYS_truncate, Vec::new());
        let read_and_cut = |at| {
            let mask = (libc::O_ACCMODE | libc::O_TRUNC).unsigned_abs().into();
            (at, IsMasked(mask, libc::O_TRUNC.unsigned_abs().into()))
        };
        add(&mut rules, libc::SYS_openat, [read_and_cut(2)])?;
        #[cfg(target_arch = "x86_64")]
        add(&mut rules, libc::SYS_open, [read_and_cut(1)])?;
    }
    Ok(rules)
}

fn sockets(rules: &mut Rules, sockets: Sockets) -> Result<(), LaunchError> {
    const INTERNET: [i32; 2] = [libc::AF_INET, libc::AF_INET6];
    let families: Vec<i32> = match sockets {
        Sockets::OwnNetwork => vec![
            libc::AF_UNIX,
            libc::AF_INET,
            libc::AF_INET6,
            libc::AF_NETLINK,
        ],
        // A family that does not exist stands for none: a rule without conditions is no rule.
        Sockets::Local { unix: false } => vec![-1],
        Sockets::Local { unix: true } => vec![libc::AF_UNIX],
        Sockets::TcpClient { unix: false } => INTERNET.to_vec(),
        Sockets::TcpClient { unix: true } => [&INTERNET[..], &[libc::AF_UNIX]].concat(),
    };
    let others: Vec<_> = families.iter().map(|family| (0, is_not(*family))).collect();
    add(rules, libc::SYS_socket, others)?;
    match sockets {
        Sockets::OwnNetwork => {
            let family = (0, is(libc::AF_NETLINK));
            let others = (2, is_not(libc::NETLINK_ROUTE));
            add(rules, libc::SYS_socket, [family, others])?;
        }
        Sockets::Local { .. } => {}
        Sockets::TcpClient { .. } => tcp_client(rules, INTERNET)?,
    }
    Ok(())
}

/// Of the internet's sockets leaves TCP alone, and of that only what passes Landlock's check of the
/// port: `connect`, but neither data in the first packet, nor listening, nor other protocols that
/// look like TCP.
fn tcp_client(rules: &mut Rules, families: [i32; 2]) -> Result<(), LaunchError> {
    /// `MSG_FASTOPEN`: connects without `connect`.
    const FAST_OPEN: i32 = 0x2000_0000;
    for family in families {
        // Type 1 is a stream. The flags of a new socket are in the bits above.
        for kind in 2..=0xf {
            let kind = (1, IsMasked(0xf, kind));
            add(rules, libc::SYS_socket, [(0, is(family)), kind])?;
        }
        let [unspecified, tcp] = [0, libc::IPPROTO_TCP].map(|protocol| (2, is_not(protocol)));
        add(rules, libc::SYS_socket, [(0, is(family)), unspecified, tcp])?;
    }
    add(rules, libc::SYS_sendto, [(3, bits(FAST_OPEN))])?;
    add(rules, libc::SYS_sendmsg, [(2, bits(FAST_OPEN))])?;
    add(rules, libc::SYS_sendmmsg, [(3, bits(FAST_OPEN))])?;
    rules.insert(libc::SYS_listen, Vec::new());
    Ok(())
}

/// What an argument of a call is compared with, as the kernel takes it: the lower 32 bits.
enum Comparison {
    Is(u64),
    IsNot(u64),
    IsMasked(u64, u64),
    /// Of a pointer, which is compared as a whole.
    IsNotNull,
}
use Comparison::{Is, IsMasked, IsNot, IsNotNull};

fn is(value: i32) -> Comparison {
    Is(u64::from(value.cast_unsigned()))
}

fn is_not(value: i32) -> Comparison {
    IsNot(u64::from(value.cast_unsigned()))
}

fn bits(mask: i32) -> Comparison {
    let mask = u64::from(mask.cast_unsigned());
    IsMasked(mask, mask)
}

/// Adds a rule: the call is answered when each of these arguments compares like this.
fn add(
    rules: &mut Rules,
    call: c_long,
    arguments: impl IntoIterator<Item = (u8, Comparison)>,
) -> Result<(), LaunchError> {
    let conditions = arguments
        .into_iter()
        .map(|(index, comparison)| {
            let (length, operator, value) = match comparison {
                Is(value) => (SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value),
                IsNot(value) => (SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, value),
                IsMasked(mask, value) => {
                    (SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(mask), value)
                }
                IsNotNull => (SeccompCmpArgLen::Qword, SeccompCmpOp::Ne, 0),
            };
            SeccompCondition::new(index, length, operator, value)
        })
        .collect::<Result<Vec<_>, _>>();
    let rule = conditions
        .and_then(SeccompRule::new)
        .map_err(|error| not_filtered(&error))?;
    rules.entry(call).or_default().push(rule);
    Ok(())
}
