//! The view of the files: all of it read-only, with some folders writable and others covered.
//!
//! [`View`] says what is to be where; [`View::mount`] does it with mounts of one's own, and
//! `bubblewrap` makes arguments of it. The order matters, as a later mount covers earlier ones:
//!
//! 1. everything is read-only, and devices are closed but for a few;
//! 2. the writable folders are mounted onto themselves, and stay writable;
//! 3. in those, what holds protected places is pinned by mounting it onto itself (what is mounted on
//!    cannot be renamed), and the protected places become read-only;
//! 4. hidden places are covered by an empty file or folder that nobody may open, and so are the
//!    sockets of services outside;
//! 5. `/run`, `/dev/shm`, `/dev/pts` and `/proc` are replaced by new ones.

use std::ffi::CString;
use std::fs;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, StatVfsMountFlags};
use rustix::io::Errno;
use rustix::mount::{
    MountFlags, MountPropagationFlags, mount, mount_bind, mount_bind_recursive, mount_change,
    mount_remount,
};
use serde::{Deserialize, Serialize};

use super::hidden;
use super::namespaces::refused;
use super::rules::DEVICES;
use crate::error::LaunchError;
use crate::mountinfo::Mount;
use crate::policy::Policy;
use crate::protected::Protected;

/// What of `/run` stays: programs of NixOS, and disks of the person.
pub(super) const KEPT_OF_RUN: [&str; 6] = [
    "booted-system",
    "current-system",
    "media",
    "opengl-driver",
    "opengl-driver-32",
    "wrappers",
];

/// How many sockets of services outside are covered one by one; all of `/run` is replaced. The list
/// travels in a variable of the environment, which has a bound of its own.
const MAX_SOCKETS: usize = 512;

/// What is to be where, beside the writable folders of the policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct View {
    pub(super) protected: Protected,
    /// What is covered: existing, without symbolic links, none inside another.
    pub(super) hidden: Vec<PathBuf>,
    /// The sockets that are covered.
    pub(super) sockets: Vec<PathBuf>,
    /// Whether `/run` is replaced.
    pub(super) replaces_run: bool,
}

impl View {
    /// Tells whether something that is to be hidden has gone since the view was found, or had when
    /// there was a `complaint` about it.
    pub(super) fn is_outdated(&self, complaint: &str) -> bool {
        let mut places = self.hidden.iter().chain(&self.sockets);
        places.any(|place| {
            place.symlink_metadata().is_err()
                || place
                    .to_str()
                    .is_some_and(|place| complaint.contains(place))
        })
    }

    /// Looks at the disk, from outside of the namespaces: the sockets of services are listed by the
    /// network that they belong to.
    pub(super) fn find(policy: &Policy) -> Self {
        let mounts = super::all_mounts();
        let hidden = hidden::resolve(&policy.hidden, &policy.home, &policy.writable, &mounts);
        let run = Path::new("/run");
        let kept = KEPT_OF_RUN.map(|name| run.join(name));
        let replaces_run = run.is_dir()
            && policy.writable.iter().all(|folder| {
                !folder.starts_with(run) || kept.iter().any(|kept| folder.starts_with(kept))
            });
        let listed = fs::read("/proc/net/unix").unwrap_or_default();
        let mut sockets = sockets(&String::from_utf8_lossy(&listed));
        sockets.retain(|socket| {
            let is_covered = hidden.iter().any(|place| socket.starts_with(place))
                || replaces_run && socket.starts_with(run);
            let is_ours = policy
                .writable
                .iter()
                .any(|folder| socket.starts_with(folder));
            !is_covered && !is_ours && is_socket(socket)
        });
        sockets.truncate(MAX_SOCKETS);
        Self {
            protected: Protected::find(&policy.writable),
            hidden,
            sockets,
            replaces_run,
        }
    }

    /// Makes the view the one of this process, whose mounts are its own already.
    ///
    /// What cannot be made read-only is left to Landlock if `has_landlock`.
    pub(super) fn mount(&self, policy: &Policy, has_landlock: bool) -> Result<(), LaunchError> {
        let here = rustix::process::getcwd(Vec::new()).ok();
        // What is mounted here stays here.
        let down = MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC;
        mount_change("/", down).map_err(refused("part with the mounts of others"))?;
        let mounts = super::all_mounts();
        let writable = &policy.writable;
        for folder in writable {
            open_without_links(folder)
                .and_then(|_| mount_bind_recursive(folder, folder))
                .map_err(refused(format!("keep {} writable", folder.display())))?;
        }
        for device in DEVICES.map(Path::new) {
            if device.exists() {
                mount_bind(device, device)
                    .map_err(refused(format!("keep {}", device.display())))?;
            }
        }
        for mount in &mounts {
            if writable
                .iter()
                .any(|folder| mount.point.starts_with(folder))
            {
                continue;
            }
            match make_read_only(&mount.point, flags(mount) | MountFlags::NODEV) {
                Ok(()) => {}
                // It lies under another mount, or where this user cannot go.
                Err(Errno::INVAL | Errno::NOENT | Errno::ACCESS) => {}
                Err(_) if has_landlock => {}
                Err(error) => {
                    let step = format!("make {} read-only", mount.point.display());
                    return Err(refused(step)(error));
                }
            }
        }
        for folder in &self.protected.pinned {
            mount_bind(folder, folder).map_err(refused(format!("pin {}", folder.display())))?;
        }
        for place in &self.protected.read_only {
            put_over(place, place).map_err(refused(format!("protect {}", place.display())))?;
        }
        for place in self.hidden.iter().chain(&self.sockets) {
            match put_over(&cover(policy, place), place) {
                // It has gone meanwhile, as sockets do.
                Ok(()) | Err(Errno::NOENT) => {}
                Err(error) => {
                    return Err(refused(format!("hide {}", place.display()))(error));
                }
            }
        }
        self.replace_folders()?;
        // The folder to work in is another mount now.
        if here.is_none_or(|here| rustix::process::chdir(here.as_c_str()).is_err()) {
            rustix::process::chdir(&writable[0]).map_err(refused("enter the workspace"))?;
        }
        Ok(())
    }

    fn replace_folders(&self) -> Result<(), LaunchError> {
        if self.replaces_run {
            replace_run().map_err(refused("replace /run"))?;
        }
        let private = MountFlags::NOSUID | MountFlags::NODEV;
        if Path::new("/dev/shm").is_dir() {
            let mode = options("mode=1777");
            mount("tmpfs", "/dev/shm", "tmpfs", private, mode.as_deref())
                .map_err(refused("replace /dev/shm"))?;
        }
        if Path::new("/dev/pts").is_dir() {
            let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
            let mode = options("newinstance,ptmxmode=0666,mode=620");
            mount("devpts", "/dev/pts", "devpts", flags, mode.as_deref())
                .map_err(refused("replace /dev/pts"))?;
            let ptmx = Path::new("/dev/ptmx");
            if ptmx.symlink_metadata().is_ok_and(|data| !data.is_symlink()) {
                mount_bind("/dev/pts/ptmx", ptmx).map_err(refused("replace /dev/ptmx"))?;
            }
        }
        let flags = private | MountFlags::NOEXEC;
        mount("proc", "/proc", "proc", flags, None).map_err(refused("mount /proc"))?;
        super::privileges::limit_process_ids();
        make_read_only(Path::new("/proc"), flags).map_err(refused("make /proc read-only"))
    }
}

/// Returns what covers a place: an empty folder or file.
pub(super) fn cover(policy: &Policy, place: &Path) -> PathBuf {
    let name = if place.is_dir() { "folder" } else { "file" };
    policy.covers.join(name)
}

/// Puts a read-only copy of a file or folder over a place.
fn put_over(source: &Path, place: &Path) -> Result<(), Errno> {
    mount_bind_recursive(source, place)?;
    let flags = of_statvfs(rustix::fs::statvfs(place)?.f_flag);
    make_read_only(place, flags)
}

/// Replaces `/run`, which holds the sockets of services, by one with only what is kept.
fn replace_run() -> Result<(), Errno> {
    let kept: Vec<_> = KEPT_OF_RUN
        .iter()
        .map(|name| Path::new("/run").join(name))
        .filter_map(|path| {
            // The links of NixOS lead to where the programs are.
            if let Ok(target) = fs::read_link(&path) {
                return Some((path, Kept::Link(target)));
            }
            let folder = open_without_links(&path).ok()?;
            Some((path, Kept::Folder(folder)))
        })
        .collect();
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    mount(
        "tmpfs",
        "/run",
        "tmpfs",
        flags,
        options("mode=755").as_deref(),
    )?;
    for (path, kept) in kept {
        match kept {
            Kept::Link(target) => rustix::fs::symlink(&target, &path)?,
            Kept::Folder(folder) => {
                rustix::fs::mkdir(&path, Mode::from_raw_mode(0o755))?;
                mount_bind_recursive(format!("/proc/self/fd/{}", folder.as_raw_fd()), &path)?;
            }
        }
    }
    make_read_only(Path::new("/run"), flags)
}

enum Kept {
    Link(PathBuf),
    Folder(rustix::fd::OwnedFd),
}

/// Makes a mount read-only. `flags` are the ones that it has: they are replaced as a whole, and a
/// namespace of users cannot take any of them away.
fn make_read_only(point: &Path, flags: MountFlags) -> Result<(), Errno> {
    mount_remount(point, flags | MountFlags::BIND | MountFlags::RDONLY, "")
}

fn flags(mount: &Mount) -> MountFlags {
    mount
        .options
        .split(',')
        .map(|option| match option {
            "nosuid" => MountFlags::NOSUID,
            "nodev" => MountFlags::NODEV,
            "noexec" => MountFlags::NOEXEC,
            "noatime" => MountFlags::NOATIME,
            "nodiratime" => MountFlags::NODIRATIME,
            "relatime" => MountFlags::RELATIME,
            _ => MountFlags::empty(),
        })
        .fold(MountFlags::empty(), MountFlags::union)
}

fn of_statvfs(held: StatVfsMountFlags) -> MountFlags {
    [
        (StatVfsMountFlags::NOSUID, MountFlags::NOSUID),
        (StatVfsMountFlags::NODEV, MountFlags::NODEV),
        (StatVfsMountFlags::NOEXEC, MountFlags::NOEXEC),
        (StatVfsMountFlags::NOATIME, MountFlags::NOATIME),
        (StatVfsMountFlags::NODIRATIME, MountFlags::NODIRATIME),
        (StatVfsMountFlags::RELATIME, MountFlags::RELATIME),
    ]
    .into_iter()
    .filter(|(flag, _)| held.contains(*flag))
    .fold(MountFlags::empty(), |all, (_, flag)| all | flag)
}

/// Opens a path in which nothing is a symbolic link.
fn open_without_links(path: &Path) -> Result<rustix::fd::OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    rustix::fs::openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS)
}

/// Returns options of a file system as the kernel takes them.
fn options(text: &str) -> Option<CString> {
    CString::new(text).ok()
}

/// Returns the sockets with a path in the text of `/proc/net/unix`, whose last column it is.
fn sockets(text: &str) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = text
        .lines()
        .filter_map(|line| line.find('/').map(|start| PathBuf::from(&line[start..])))
        .collect();
    paths.sort();
    paths.dedup();
    paths
}

fn is_socket(path: &Path) -> bool {
    path.symlink_metadata()
        .is_ok_and(|data| data.file_type().is_socket())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_with_a_path_are_read() {
        let text = "Num RefCount Protocol Flags Type St Inode Path\n\
            ffff: 00000002 00000000 00010000 0001 01 1001 /run/dbus/system_bus_socket\n\
            ffff: 00000002 00000000 00010000 0001 01 1002 @/tmp/.X11-unix/X0\n\
            ffff: 00000002 00000000 00010000 0001 01 1003 /tmp/with blank\n\
            ffff: 00000003 00000000 00000000 0001 03 1004\n\
            ffff: 00000002 00000000 00010000 0001 01 1005 /run/dbus/system_bus_socket\n";
        // The second is abstract: the path that its name looks like is looked at, and no socket.
        assert_eq!(
            sockets(text),
            [
                "/run/dbus/system_bus_socket",
                "/tmp/.X11-unix/X0",
                "/tmp/with blank"
            ]
            .map(PathBuf::from)
        );
    }

    #[test]
    fn flags_of_a_mount_are_kept_when_it_becomes_read_only() {
        let mount =
            &crate::mountinfo::parse("1 0 8:1 / /mnt rw,nosuid,nodev,relatime - ext4 /dev/x rw")[0];
        assert_eq!(
            flags(mount),
            MountFlags::NOSUID | MountFlags::NODEV | MountFlags::RELATIME
        );
    }
}
