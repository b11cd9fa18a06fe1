//! Processes that a test has started, directly or not, and how to end them without ever hitting
//! another one.
//!
//! A process id may be given to another process as soon as its own has ended. A [`ProcessHandle`]
//! holds a pidfd, which stays bound to the one process it was opened for: what is checked after
//! opening (its program, its environment) still holds when the signal is sent. It also becomes
//! readable when the process ends, so that waiting needs no polling.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, getpgid, pidfd_open, pidfd_send_signal};

/// One process, whatever becomes of its id.
#[derive(Debug)]
pub(crate) struct ProcessHandle {
    pid: Pid,
    descriptor: OwnedFd,
}

impl ProcessHandle {
    /// The process of this id, if there is one.
    pub(crate) fn open(pid: u32) -> Option<Self> {
        let pid = Pid::from_raw(i32::try_from(pid).ok()?)?;
        let descriptor = pidfd_open(pid, PidfdFlags::empty()).ok()?;
        Some(Self { pid, descriptor })
    }

    /// Every process that was started with this `HOME`: all that a hermetic command line has left
    /// running.
    pub(crate) fn with_home(home: &Path) -> Vec<Self> {
        let mut entry = b"HOME=".to_vec();
        entry.extend_from_slice(home.as_os_str().as_bytes());
        let folders = std::fs::read_dir("/proc").expect("/proc can be read");
        let names = folders.filter_map(|folder| folder.ok()?.file_name().into_string().ok());
        names
            .filter_map(|name| Self::open(name.parse().ok()?))
            .filter(|process| {
                process
                    .variables()
                    .split(|byte| *byte == 0)
                    .any(|variable| variable == entry)
            })
            .collect()
    }

    /// Whether it belongs to the process group that this process leads or led.
    pub(crate) fn is_in_group_of(&self, leader: Pid) -> bool {
        getpgid(Some(self.pid)) == Ok(leader)
    }

    /// The program that it runs; none when it has ended.
    pub(crate) fn program(&self) -> Option<PathBuf> {
        let program = std::fs::read_link(self.file("exe")).ok()?;
        // The kernel marks a program that was built anew since.
        let path = program.as_os_str().as_bytes();
        let path = path.strip_suffix(b" (deleted)").unwrap_or(path);
        Some(OsString::from_vec(path.to_vec()).into())
    }

    /// Its id and arguments, for people.
    pub(crate) fn describe(&self) -> String {
        let arguments = std::fs::read(self.file("cmdline")).unwrap_or_default();
        let arguments = String::from_utf8_lossy(&arguments).replace('\0', " ");
        format!("{} {}", self.pid.as_raw_nonzero(), arguments.trim_end())
    }

    /// Sends a signal; a process that has ended gets none.
    pub(crate) fn signal(&self, signal: Signal) {
        match pidfd_send_signal(&self.descriptor, signal) {
            Ok(()) | Err(Errno::SRCH) => {}
            Err(error) => panic!("cannot signal process {}: {error}", self.describe()),
        }
    }

    /// Waits for its end, and tells whether it came in time.
    pub(crate) fn ends_within(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        loop {
            let remaining = deadline.saturating_duration_since(Instant::now());
            let timeout = Timespec::try_from(remaining).expect("a limit is no age of the world");
            let mut descriptors = [PollFd::new(&self.descriptor, PollFlags::IN)];
            match poll(&mut descriptors, Some(&timeout)) {
                Ok(ready) => return ready > 0,
                Err(Errno::INTR) => {}
                Err(error) => panic!("cannot wait for process {}: {error}", self.describe()),
            }
        }
    }

    /// Ends it, kindly first; it has ended when this returns.
    pub(crate) fn stop(&self, patience: Duration) {
        self.signal(Signal::TERM);
        if !self.ends_within(patience) {
            self.kill();
        }
    }

    /// Ends it at once.
    pub(crate) fn kill(&self) {
        self.signal(Signal::KILL);
        self.ends_within(Duration::from_secs(10));
    }

    /// Its environment as it was at its start, each variable ended by a zero byte. Empty for other
    /// users' processes, and for one that has ended.
    fn variables(&self) -> Vec<u8> {
        // While a process becomes another program it has none for a moment; a thread of the kernel
        // has no program either.
        for _ in 0..1000 {
            let variables = std::fs::read(self.file("environ")).unwrap_or_default();
            if !variables.is_empty() || self.program().is_none() {
                return variables;
            }
            std::thread::yield_now();
        }
        Vec::new()
    }

    fn file(&self, name: &str) -> PathBuf {
        format!("/proc/{}/{name}", self.pid.as_raw_nonzero()).into()
    }
}
