//! What there is to hide: the places of the policy as they lie on this disk at this moment.
//!
//! A place may be missing (nothing to hide), be a symbolic link (what it leads to is hidden), hold
//! links to credentials kept elsewhere in the home folder (these are hidden too), or be mounted a
//! second time (so is the other path).

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};
use rustix::process::geteuid;

use crate::mountinfo::{self, Mount};

/// How many entries of a hidden folder are searched for links that lead out of it.
const LINKS_SEARCHED: usize = 256;

/// Returns the paths to hide: existing, without symbolic links, sorted, none inside another.
///
/// A place in which a folder of `writable` lies is left visible: the person chose to work there.
pub(super) fn resolve(
    places: &[PathBuf],
    home: &Path,
    writable: &[PathBuf],
    mounts: &[Mount],
) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for place in places {
        // What cannot even be looked up cannot be read by the command either: it has the same user.
        let Ok(path) = place.canonicalize() else {
            continue;
        };
        if is_closed_anyway(&path) {
            continue;
        }
        found.extend(linked_files(&path, home));
        found.push(path);
    }
    let aliases: Vec<PathBuf> = found
        .iter()
        .flat_map(|path| mountinfo::aliases(mounts, path))
        .collect();
    found.extend(aliases);
    found.retain(|path| {
        let holds_a_writable = writable.iter().any(|folder| folder.starts_with(path));
        !holds_a_writable && path.symlink_metadata().is_ok()
    });
    outermost(found)
}

/// Sorts paths and leaves out those inside another.
pub(super) fn outermost(mut paths: Vec<PathBuf>) -> Vec<PathBuf> {
    paths.sort();
    let mut kept: Vec<PathBuf> = Vec::with_capacity(paths.len());
    for path in paths {
        if !kept.iter().any(|outer| path.starts_with(outer)) {
            kept.push(path);
        }
    }
    kept
}

/// Tells whether the place belongs to another user, who lets nobody read it.
fn is_closed_anyway(path: &Path) -> bool {
    let is_anothers = path
        .metadata()
        .is_ok_and(|data| data.uid() != geteuid().as_raw());
    is_anothers && access(path, Access::READ_OK).is_err()
}

/// Returns the files in the home folder that links directly in `folder` lead to.
fn linked_files(folder: &Path, home: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .take(LINKS_SEARCHED)
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_symlink()))
        .filter_map(|entry| entry.path().canonicalize().ok())
        .filter(|target| target.starts_with(home) && target.is_file())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_followed_and_missing_places_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().canonicalize().unwrap();
        for name in ["real/ssh", "dot/aws", ".gnupg", "dotfiles"] {
            fs::create_dir_all(home.join(name)).unwrap();
        }
        fs::write(home.join("dotfiles/key"), "k").unwrap();
        symlink(home.join("real/ssh"), home.join(".ssh")).unwrap();
        symlink(home.join("dotfiles/key"), home.join(".gnupg/key")).unwrap();
        symlink("/usr", home.join(".gnupg/usr")).unwrap();
        let places = [".ssh", ".gnupg", ".gnupg/inner", ".aws"].map(|name| home.join(name));
        assert_eq!(
            resolve(&places, &home, &[], &[]),
            [".gnupg", "dotfiles/key", "real/ssh"].map(|name| home.join(name))
        );
    }

    #[test]
    fn a_place_that_holds_the_workspace_stays_visible() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().canonicalize().unwrap();
        fs::create_dir_all(home.join(".config/gh/project")).unwrap();
        fs::create_dir_all(home.join(".aws")).unwrap();
        let places = [".config/gh", ".aws"].map(|name| home.join(name));
        let writable = [home.join(".config/gh/project")];
        assert_eq!(resolve(&places, &home, &writable, &[]), [home.join(".aws")]);
    }
}
