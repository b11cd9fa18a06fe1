//! The processes that a command started, and how to end them all.
//!
//! A command leads a session, and most of what it starts stays in there. A process that leaves the
//! session (`setsid`, daemons) is still found: it descends from one that was found, or it carries
//! the mark, an environment variable that only processes of this command inherit. The marks of a
//! session's commands begin with the mark of the session, so that in the end what any of them left
//! behind is found. They are asked
//! to end (SIGTERM), given a moment, and killed (SIGKILL); the list is made anew until it is
//! empty, as the dying may still start others. A process is held by a file descriptor (pidfd), so
//! that a number which meanwhile belongs to another process is never signalled.

use std::collections::HashSet;
use std::fs;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// The environment variable that holds the mark.
const MARK_VARIABLE: &str = "LOOM_COMMAND";

/// How often the list is made anew after the first SIGKILL.
const ROUNDS: usize = 20;

/// How long a round waits for killed processes to be gone.
const ROUND: Duration = Duration::from_millis(100);

/// Makes the mark of a command: a variable for its environment, whose value no other command of
/// this machine has.
pub fn new_mark() -> (&'static str, String) {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let id = std::process::id();
    let started = Stat::of(id).map_or(0, |stat| stat.started);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    (MARK_VARIABLE, format!("{id}-{started}-{number}"))
}

/// Makes the mark of a command whose mark begins with that of its session.
pub(super) fn mark_within(
    (name, session): &(&'static str, String),
    number: u64,
) -> (&'static str, String) {
    (name, format!("{session}-{number}"))
}

/// The processes that a command started.
#[derive(Clone, Debug)]
pub struct ProcessTree {
    /// The process id of the shell: also the id of its session and group. `None` when it may belong
    /// to another process by now.
    leader: Option<u32>,
    /// The entry of the environment that marks them.
    mark: Vec<u8>,
}

impl ProcessTree {
    /// Takes the tree of the shell `leader`, which must not have been waited for yet.
    pub fn new(leader: u32, (name, value): &(&str, String)) -> Self {
        Self {
            leader: Some(leader),
            mark: format!("{name}={value}").into_bytes(),
        }
    }

    /// Takes all processes that carry a mark, or one that begins with it.
    pub(super) fn marked((name, value): &(&str, String)) -> Self {
        Self {
            leader: None,
            mark: format!("{name}={value}").into_bytes(),
        }
    }

    /// Takes the processes that the shell has left behind, once it was waited for: its process id
    /// may belong to another process from then on.
    pub(super) fn without_leader(self) -> Self {
        Self {
            leader: None,
            mark: self.mark,
        }
    }

    /// Ends all processes: asks, waits up to `grace`, and kills. Blocks meanwhile.
    pub fn kill(&self, grace: Duration) {
        let mut known = self.processes();
        for process in &known {
            process.signal(Signal::TERM);
            // A stopped process does not get to see the other signal before.
            process.signal(Signal::CONT);
        }
        wait_for(&mut known, grace);
        for _ in 0..ROUNDS {
            let ids: HashSet<u32> = known.iter().map(|process| process.id).collect();
            let new = self.processes();
            known.extend(new.into_iter().filter(|process| !ids.contains(&process.id)));
            if known.is_empty() {
                return;
            }
            for process in &known {
                process.signal(Signal::KILL);
            }
            wait_for(&mut known, ROUND);
        }
    }

    /// Returns the processes that are alive.
    fn processes(&self) -> Vec<Process> {
        let mut others: Vec<Stat> = live_processes();
        let mut found: HashSet<u32> = self.leader.into_iter().collect();
        let mut processes = Vec::new();
        loop {
            let (new, rest): (Vec<Stat>, Vec<Stat>) = others.into_iter().partition(|stat| {
                Some(stat.session) == self.leader
                    || Some(stat.group) == self.leader
                    || found.contains(&stat.parent)
                    || (processes.is_empty() && self.is_marked(stat.id))
            });
            if new.is_empty() {
                return processes;
            }
            found.extend(new.iter().map(|stat| stat.id));
            processes.extend(new.iter().filter_map(Process::hold));
            others = rest;
        }
    }

    fn is_marked(&self, id: u32) -> bool {
        fs::read(format!("/proc/{id}/environ")).is_ok_and(|environment| {
            environment
                .split(|&byte| byte == 0)
                .filter_map(|entry| entry.strip_prefix(self.mark.as_slice()))
                .any(|rest| rest.is_empty() || rest.starts_with(b"-"))
        })
    }
}

/// A process that is held.
#[derive(Debug)]
struct Process {
    id: u32,
    handle: OwnedFd,
}

impl Process {
    /// Holds a process, if it still is the one that was looked at.
    fn hold(stat: &Stat) -> Option<Self> {
        let pid = Pid::from_raw(i32::try_from(stat.id).ok()?)?;
        let handle = pidfd_open(pid, PidfdFlags::empty()).ok()?;
        let is_same = Stat::of(stat.id).is_some_and(|now| now.started == stat.started);
        is_same.then_some(Self {
            id: stat.id,
            handle,
        })
    }

    fn signal(&self, signal: Signal) {
        // It fails for a process that is gone, which is what is wanted, and for one that became
        // another user's, which nothing can be done about.
        let _ = pidfd_send_signal(&self.handle, signal);
    }
}

/// Waits until all processes are gone, `limit` at most, and forgets those that are.
fn wait_for(processes: &mut Vec<Process>, limit: Duration) {
    let deadline = Instant::now() + limit;
    while !processes.is_empty() {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec {
            tv_sec: left.as_secs() as i64,
            tv_nsec: i64::from(left.subsec_nanos()),
        };
        let mut handles: Vec<PollFd<'_>> = processes
            .iter()
            .map(|process| PollFd::new(&process.handle, PollFlags::IN))
            .collect();
        if !matches!(poll(&mut handles, Some(&left)), Ok(count) if count > 0) {
            return;
        }
        let mut is_gone = handles
            .iter()
            .map(|handle| !handle.revents().is_empty())
            .collect::<Vec<_>>()
            .into_iter();
        processes.retain(|_| !is_gone.next().unwrap_or(false));
    }
}

/// What `/proc/ID/stat` says of a process (proc_pid_stat(5)).
#[derive(Debug)]
struct Stat {
    id: u32,
    parent: u32,
    group: u32,
    session: u32,
    /// When it started, in clock ticks since the machine did. With the id it names a process.
    started: u64,
    is_dead: bool,
}

impl Stat {
    fn of(id: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The second field is the name in parentheses, and may hold any character.
        let (_, fields) = stat.rsplit_once(") ")?;
        let fields: Vec<&str> = fields.split(' ').collect();
        let number = |index: usize| fields.get(index)?.parse().ok();
        Some(Self {
            id,
            parent: number(1)?,
            group: number(2)?,
            session: number(3)?,
            started: fields.get(19)?.parse().ok()?,
            is_dead: matches!(*fields.first()?, "Z" | "X"),
        })
    }
}

/// Returns the processes of the machine that are alive, but for this one.
fn live_processes() -> Vec<Stat> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|&id| id != std::process::id())
        .filter_map(Stat::of)
        .filter(|stat| !stat.is_dead)
        .collect()
}
