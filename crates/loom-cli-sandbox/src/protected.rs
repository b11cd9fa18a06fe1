//! What lies inside writable folders, but decides what runs outside of the sandbox later.
//!
//! A hook or a setting that a command plants in the repository would run with all of the person's
//! rights at the person's next `git commit`. Such places are kept read-only, and the folders that
//! hold them are pinned, so that they cannot be moved away and replaced.

use std::fs;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

/// How many submodules and worktrees are looked after.
const MAX_NESTED: usize = 256;

/// Bytes of a file that names another folder, at most.
const MAX_POINTER: u64 = 16 * 1024;

/// What to keep read-only, and what to keep in its place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Protected {
    /// Existing folders that can be written, but not be renamed or removed. Outer ones come first.
    pub(crate) pinned: Vec<PathBuf>,
    /// Existing files and folders that cannot be changed.
    pub(crate) read_only: Vec<PathBuf>,
}

impl Protected {
    /// Looks for what there is in the writable folders.
    pub(crate) fn find(writable: &[PathBuf]) -> Self {
        let mut found = Self::default();
        for folder in writable {
            found.add_folder(folder);
        }
        found
    }

    fn add_folder(&mut self, folder: &Path) {
        if is_git_folder(folder) {
            self.add_git(folder);
        }
        let git = folder.join(".git");
        if is_folder(&git) {
            self.pinned.push(git.clone());
            self.add_git(&git);
        } else {
            // A file that says where the repository is.
            self.add(git);
        }
        self.add(folder.join(".loom"));
        let jj = folder.join(".jj");
        if is_folder(&jj) {
            let store = jj.join("repo/store");
            self.pinned.push(jj.clone());
            self.pinned.extend(
                [jj.join("repo"), store.clone(), store.join("git")]
                    .into_iter()
                    .filter(|path| is_folder(path)),
            );
            self.add(jj.join("repo/config.toml"));
            self.add(jj.join("workspace-config.toml"));
            self.add(store.join("git_target"));
            self.add_git(&store.join("git"));
        }
    }

    /// Adds what decides about programs in a folder of git's.
    fn add_git(&mut self, git: &Path) {
        for name in ["config", "config.worktree", "hooks", "commondir"] {
            self.add(git.join(name));
        }
        for (group, names) in [
            ("modules", ["config", "hooks"]),
            ("worktrees", ["config.worktree", "commondir"]),
        ] {
            let Ok(entries) = fs::read_dir(git.join(group)) else {
                continue;
            };
            self.pinned.push(git.join(group));
            for nested in entries.take(MAX_NESTED).flatten() {
                if is_folder(&nested.path()) {
                    self.pinned.push(nested.path());
                    for name in names {
                        self.add(nested.path().join(name));
                    }
                }
            }
        }
    }

    /// Adds a place if it is there. A symbolic link cannot be kept from being replaced.
    fn add(&mut self, path: PathBuf) {
        if path.symlink_metadata().is_ok_and(|data| !data.is_symlink()) {
            self.read_only.push(path);
        }
    }
}

/// Makes the folder for hooks where a repository has none, so that there is one to protect.
pub(crate) fn make_missing_hooks(writable: &[PathBuf]) {
    for git in writable.iter().map(|folder| folder.join(".git")) {
        if is_folder(&git) && is_git_folder(&git) {
            // It may be there, or the disk be full or read-only; then nobody makes one.
            let _ = fs::create_dir(git.join("hooks"));
        }
    }
}

/// Returns where the repository of a linked worktree or a submodule keeps its data, if that is
/// outside of `workspace` and the repository says itself that `workspace` belongs to it.
///
/// The file `.git` of the workspace alone proves nothing: a command could have written it to get at
/// another folder.
pub(crate) fn linked_repository(workspace: &Path) -> Option<PathBuf> {
    let pointer = workspace.join(".git");
    let folder = read_pointer(&pointer)?;
    let folder = workspace
        .join(folder.strip_prefix("gitdir:")?.trim())
        .canonicalize()
        .ok()?;
    let is_answered = match read_pointer(&folder.join("gitdir")) {
        // A worktree: the folder names the file back.
        Some(back) => folder.join(back).canonicalize().ok()? == pointer,
        // A submodule: its settings name the folder.
        None => worktree_setting(&folder)? == workspace,
    };
    if !is_answered {
        return None;
    }
    let common = match read_pointer(&folder.join("commondir")) {
        Some(common) => folder.join(common).canonicalize().ok()?,
        None => folder,
    };
    (is_git_folder(&common) && !common.starts_with(workspace)).then_some(common)
}

/// Returns the folder that `core.worktree` in the settings of a submodule names.
fn worktree_setting(git: &Path) -> Option<PathBuf> {
    let text = read_pointer(&git.join("config"))?;
    let line = text.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        (name.trim() == "worktree").then(|| value.trim().to_owned())
    })?;
    git.join(line).canonicalize().ok()
}

fn read_pointer(path: &Path) -> Option<String> {
    let data = path.symlink_metadata().ok()?;
    if !data.is_file() || data.len() > MAX_POINTER {
        return None;
    }
    Some(fs::read_to_string(path).ok()?.trim().to_owned())
}

/// Tells whether a folder holds the data of a repository of git.
fn is_git_folder(path: &Path) -> bool {
    path.join("HEAD").is_file() && is_folder(&path.join("objects")) && is_folder(&path.join("refs"))
}

/// Tells whether there is a folder, and not a symbolic link to one.
fn is_folder(path: &Path) -> bool {
    debug_assert!(!path.components().any(|part| part == Component::ParentDir));
    path.symlink_metadata().is_ok_and(|data| data.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(folder: &Path) {
        for name in ["objects", "refs", "hooks"] {
            fs::create_dir_all(folder.join(name)).unwrap();
        }
        fs::write(folder.join("HEAD"), "ref: refs/heads/main\n").unwrap();
        fs::write(folder.join("config"), "[core]\n").unwrap();
    }

    fn scratch() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap();
        (folder, path)
    }

    #[test]
    fn hooks_and_settings_are_read_only_and_what_holds_them_is_pinned() {
        let (_scratch, folder) = scratch();
        repository(&folder.join(".git"));
        repository(&folder.join(".git/modules/part"));
        fs::create_dir(folder.join(".loom")).unwrap();
        let found = Protected::find(std::slice::from_ref(&folder));
        let path = |name: &str| folder.join(name);
        assert_eq!(
            found,
            Protected {
                pinned: vec![
                    path(".git"),
                    path(".git/modules"),
                    path(".git/modules/part")
                ],
                read_only: [
                    ".git/config",
                    ".git/hooks",
                    ".git/modules/part/config",
                    ".git/modules/part/hooks",
                    ".loom",
                ]
                .map(path)
                .to_vec(),
            }
        );
    }

    #[test]
    fn a_repository_gets_a_folder_for_hooks_and_nothing_else_does() {
        let (_scratch, folder) = scratch();
        let (with, without) = (folder.join("with"), folder.join("without"));
        repository(&with.join(".git"));
        fs::remove_dir(with.join(".git/hooks")).unwrap();
        fs::create_dir_all(without.join(".git")).unwrap();
        make_missing_hooks(&[with.clone(), without.clone()]);
        assert!(with.join(".git/hooks").is_dir());
        assert!(!without.join(".git/hooks").exists());
    }

    #[test]
    fn the_repository_of_a_worktree_is_found_only_when_it_answers() {
        let (_scratch, folder) = scratch();
        let (main, work) = (folder.join("main/.git"), folder.join("work"));
        let link = main.join("worktrees/work");
        repository(&main);
        fs::create_dir_all(&link).unwrap();
        fs::create_dir(&work).unwrap();
        fs::write(work.join(".git"), format!("gitdir: {}\n", link.display())).unwrap();
        fs::write(link.join("commondir"), "../..\n").unwrap();
        assert_eq!(linked_repository(&work), None, "nothing points back");

        fs::write(link.join("gitdir"), format!("{}/.git\n", work.display())).unwrap();
        assert_eq!(linked_repository(&work), Some(main));

        fs::write(link.join("gitdir"), "/elsewhere/.git\n").unwrap();
        assert_eq!(linked_repository(&work), None, "it points elsewhere");
    }

    #[test]
    fn the_repository_of_a_submodule_is_found_only_when_it_answers() {
        let (_scratch, folder) = scratch();
        let (module, work) = (
            folder.join("top/.git/modules/part"),
            folder.join("top/part"),
        );
        repository(&module);
        fs::create_dir_all(&work).unwrap();
        fs::write(work.join(".git"), "gitdir: ../.git/modules/part\n").unwrap();
        assert_eq!(linked_repository(&work), None);

        fs::write(
            module.join("config"),
            "[core]\n\tworktree = ../../../part\n",
        )
        .unwrap();
        assert_eq!(linked_repository(&work), Some(module));
    }
}
