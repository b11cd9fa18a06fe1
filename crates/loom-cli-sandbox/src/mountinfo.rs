//! The mounts of this process, and under which other names a file can be reached through them.
//!
//! A folder that is mounted twice (bind mounts, several subvolumes of one disk) has two paths. What
//! is hidden under one must be hidden under the other: [`aliases`] finds them by the device and the
//! path inside its file system, which `/proc/self/mountinfo` tells for each mount
//! (proc_pid_mountinfo(5)).

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

/// One mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mount {
    /// Major and minor number of the device, as text.
    pub(crate) device: String,
    /// Which folder of the file system is mounted.
    pub(crate) root: PathBuf,
    /// Where.
    pub(crate) point: PathBuf,
    /// The options of this mount, such as `ro,nosuid`.
    pub(crate) options: String,
}

/// Reads the text of a `mountinfo` file. Lines that make no sense are left out.
pub(crate) fn parse(text: &str) -> Vec<Mount> {
    text.lines().filter_map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<Mount> {
    let mut fields = line.split(' ');
    let device = fields.nth(2)?.to_owned();
    let root = unescape(fields.next()?);
    let point = unescape(fields.next()?);
    let options = fields.next()?.to_owned();
    Some(Mount {
        device,
        root,
        point,
        options,
    })
}

/// Undoes the kernel's `\040` for blanks and the like.
fn unescape(field: &str) -> PathBuf {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let digits = tail.get(..3).and_then(|digits| str::from_utf8(digits).ok());
        let escaped = digits.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match (first, escaped) {
            (b'\\', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[3..];
            }
            _ => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    PathBuf::from(OsString::from_vec(bytes))
}

/// Returns the other paths under which `path` can be reached. `path` must be absolute and without
/// symbolic links.
pub(crate) fn aliases(mounts: &[Mount], path: &Path) -> Vec<PathBuf> {
    // Of mounts on the same point, the last covers the others.
    let Some(home) = mounts
        .iter()
        .filter(|mount| path.starts_with(&mount.point))
        .max_by_key(|mount| mount.point.components().count())
    else {
        return Vec::new();
    };
    let Ok(below) = path.strip_prefix(&home.point) else {
        return Vec::new();
    };
    let inside = home.root.join(below);
    mounts
        .iter()
        .filter(|mount| mount.device == home.device)
        .filter_map(|mount| match inside.strip_prefix(&mount.root) {
            Ok(below) => Some(mount.point.join(below)),
            // A part of it is mounted elsewhere.
            Err(_) => mount.root.starts_with(&inside).then(|| mount.point.clone()),
        })
        // `join` with nothing leaves a slash at the end; as components the paths are the same.
        .map(|alias| alias.components().collect::<PathBuf>())
        .filter(|alias| !alias.starts_with(path))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
22 21 8:2 /@home /home rw,nosuid shared:2 - btrfs /dev/sda2 rw
23 21 8:2 / /mnt/all\\040of\\040it rw - btrfs /dev/sda2 rw
24 21 8:2 /@home/ada/.ssh /srv/keys ro - btrfs /dev/sda2 rw
25 21 0:5 / /proc rw - proc proc rw
nonsense";

    #[test]
    fn mounts_are_read_with_blanks_in_their_paths() {
        let mounts = parse(TABLE);
        assert_eq!(mounts.len(), 5);
        assert_eq!(
            mounts[2],
            Mount {
                device: "8:2".to_owned(),
                root: PathBuf::from("/"),
                point: PathBuf::from("/mnt/all of it"),
                options: "rw".to_owned(),
            }
        );
    }

    #[test]
    fn a_folder_that_is_mounted_twice_is_found_under_its_other_names() {
        let mounts = parse(TABLE);
        assert_eq!(
            aliases(&mounts, Path::new("/home/ada/.ssh")),
            [
                Path::new("/mnt/all of it/@home/ada/.ssh"),
                Path::new("/srv/keys")
            ]
        );
        assert_eq!(
            aliases(&mounts, Path::new("/home/ada/.ssh/id")),
            [
                Path::new("/mnt/all of it/@home/ada/.ssh/id"),
                Path::new("/srv/keys/id")
            ]
        );
        assert_eq!(
            aliases(&mounts, Path::new("/home/ada")),
            [
                Path::new("/mnt/all of it/@home/ada"),
                Path::new("/srv/keys")
            ],
            "also where only a part of it is mounted"
        );
        assert_eq!(
            aliases(&mounts, Path::new("/home/ada/.aws")),
            [Path::new("/mnt/all of it/@home/ada/.aws")]
        );
        assert!(aliases(&mounts, Path::new("/etc/shadow")).is_empty());
    }
}
