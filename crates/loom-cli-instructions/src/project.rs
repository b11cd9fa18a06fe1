//! Where a project begins, and which folders hold for a workspace.

use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::Gitignore;

/// What marks the root of a repository.
const MARKS: [&str; 3] = [".git", ".jj", ".hg"];

/// Returns the root of the project that a workspace belongs to: the nearest repository, or the
/// workspace itself. A repository of the whole home folder, for its settings, is no project.
pub(crate) fn root(workspace: &Path, home: Option<&Path>) -> PathBuf {
    let is_home = |folder: &Path| home.is_some_and(|home| home.starts_with(folder));
    workspace
        .ancestors()
        .take_while(|folder| !is_home(folder))
        .find(|folder| {
            MARKS
                .iter()
                .any(|mark| folder.join(mark).symlink_metadata().is_ok())
        })
        .unwrap_or(workspace)
        .to_owned()
}

/// Returns the folders whose instructions hold for a workspace, the outermost first.
pub(crate) fn folders(workspace: &Path, root: &Path, home: Option<&Path>) -> Vec<PathBuf> {
    let is_below_home =
        |folder: &Path| home.is_some_and(|home| folder != home && folder.starts_with(home));
    let mut folders: Vec<PathBuf> = workspace
        .ancestors()
        .take_while(|folder| folder.starts_with(root) || is_below_home(folder))
        .map(Path::to_owned)
        .collect();
    folders.reverse();
    folders
}

/// Returns the folders below the workspace down to `folder`, the outermost first.
pub(crate) fn below(workspace: &Path, folder: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = folder
        .ancestors()
        .take_while(|folder| *folder != workspace && folder.starts_with(workspace))
        .map(Path::to_owned)
        .collect();
    folders.reverse();
    folders
}

/// Tells whether git ignores a folder, by the `.gitignore` files from `root` down to it.
pub(crate) fn is_ignored(root: &Path, folder: &Path) -> bool {
    let mut rules: Vec<Gitignore> = Vec::new();
    let mut above = root.to_owned();
    for folder in below(root, folder) {
        // A file that cannot be read has no rules.
        rules.push(Gitignore::new(above.join(".gitignore")).0);
        let verdict = rules
            .iter()
            .rev()
            .map(|rules| rules.matched(&folder, true))
            .find(|verdict| !verdict.is_none());
        if matches!(verdict, Some(Match::Ignore(_))) {
            return true;
        }
        above = folder;
    }
    false
}
