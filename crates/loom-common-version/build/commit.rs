//! The commit that a build is made from, and the files that tell when it changes.
//!
//! Cargo builds this crate, and everything above it, anew when a watched file changes. So as few
//! files as possible are watched: those that change exactly when the checked-out commit does. Git is
//! asked where they lie, because in a linked worktree `.git` is a file and the branch lies elsewhere.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Stands for a commit that nobody could tell.
pub(crate) const UNKNOWN: &str = "unknown";

/// Stands for the commit in a debug build, which is not tied to one.
pub(crate) const DEVELOPMENT: &str = "dev";

/// Length of a shortened commit id; long enough to stay unambiguous in a large repository.
const SHORT: usize = 12;

/// Where this crate lies in its repository, as `git rev-parse --show-prefix` puts it.
const PREFIX: &str = "crates/loom-common-version/";

/// A commit id, and the files to watch for the next one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Commit {
    pub(crate) id: String,
    pub(crate) watched: Vec<PathBuf>,
}

impl Commit {
    /// Tells the commit of a build.
    ///
    /// `given` (`LOOM_GIT_SHA`) wins, for builds from an archive or in a container without git.
    /// A debug build is [`DEVELOPMENT`] and watches nothing: otherwise each commit would build and
    /// link every program and test anew. All others ask git.
    pub(crate) fn of_build(given: Option<&str>, profile: &str, crate_dir: &Path) -> Self {
        if let Some(id) = given.and_then(clean) {
            return Self {
                id,
                watched: Vec::new(),
            };
        }
        if profile == "debug" {
            return Self {
                id: DEVELOPMENT.to_owned(),
                watched: Vec::new(),
            };
        }
        Self::of_repository(crate_dir).unwrap_or_else(|| Self {
            id: UNKNOWN.to_owned(),
            watched: Vec::new(),
        })
    }

    /// Asks git for the commit that is checked out around `crate_dir`.
    ///
    /// `None` without git, outside a repository, before the first commit, and when the repository
    /// is another project's, which only happens to hold an unpacked archive of this one.
    fn of_repository(crate_dir: &Path) -> Option<Self> {
        if git(crate_dir, &["rev-parse", "--show-prefix"])? != PREFIX {
            return None;
        }
        let id = clean(&git(crate_dir, &["rev-parse", "--short=12", "HEAD"])?)?;
        Some(Self {
            id,
            watched: watched_files(crate_dir),
        })
    }
}

/// Lists the files that change when another commit is checked out, in the repository's own layout.
///
/// Only files that exist: cargo runs a build script each time when a watched file is missing.
fn watched_files(crate_dir: &Path) -> Vec<PathBuf> {
    let locate = |name: &str| {
        let path = git(crate_dir, &["rev-parse", "--git-path", name])?;
        Some(crate_dir.join(path)).filter(|path| path.is_file())
    };
    let mut files: Vec<PathBuf> = locate("HEAD").into_iter().collect();
    // Nothing to follow when HEAD is detached: it then holds the commit itself.
    if let Some(branch) = git(crate_dir, &["symbolic-ref", "--quiet", "HEAD"]) {
        match locate(&branch) {
            Some(file) => files.push(file),
            // The branch lies in a file shared with others (packed, or a reference table). Its own
            // file may appear with the next commit, which the log of HEAD shows.
            None => files.extend(
                ["packed-refs", "reftable/tables.list", "logs/HEAD"]
                    .into_iter()
                    .filter_map(locate),
            ),
        }
    }
    files
}

/// Runs git in `dir` and gives its trimmed output; `None` when git is missing or refuses.
fn git(dir: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(dir)
        // Set inside git hooks; they would point away from `dir`.
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .output()
        .ok()?;
    if !output.status.success() {
        return None;
    }
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

/// Shortens a full commit id, and refuses what could not stand in a User-Agent header.
fn clean(id: &str) -> Option<String> {
    let id = id.trim();
    let plain = id
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if id.is_empty() || !plain {
        return None;
    }
    let full = id.len() >= 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    Some(if full {
        id[..SHORT].to_owned()
    } else {
        id.to_owned()
    })
}
