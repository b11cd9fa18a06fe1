//! How the build script finds the commit, against real repositories.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::commit::Commit;

const CRATE: &str = "crates/loom-common-version";

/// A repository with this crate's folder in it, and one commit.
struct Repository {
    root: TempDir,
}

impl Repository {
    fn new() -> Self {
        let root = TempDir::new().unwrap();
        let repository = Self { root };
        fs::create_dir_all(repository.crate_dir()).unwrap();
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository.commit();
        repository
    }

    fn crate_dir(&self) -> PathBuf {
        self.root.path().join(CRATE)
    }

    fn commit(&self) {
        self.git(&["commit", "--quiet", "--allow-empty", "--message=change"]);
    }

    fn git(&self, arguments: &[&str]) -> String {
        git(self.root.path(), arguments)
    }

    fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])[..12].to_owned()
    }
}

fn git(dir: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=Test", "-c", "user.email=test@example.com"])
        .args(["-c", "commit.gpgsign=false"])
        .args(arguments)
        .current_dir(dir)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The watched files, relative to the repository's own folder, which must all exist.
fn watched(commit: &Commit, git_dir: &Path) -> Vec<String> {
    let git_dir = git_dir.canonicalize().unwrap();
    commit
        .watched
        .iter()
        .map(|path| {
            let path = path.canonicalize().unwrap();
            path.strip_prefix(&git_dir).unwrap().display().to_string()
        })
        .collect()
}

#[test]
fn a_given_commit_wins_and_is_shortened() {
    let repository = Repository::new();
    let full = "0123456789abcdef0123456789abcdef01234567";
    for profile in ["debug", "release"] {
        let commit = Commit::of_build(Some(full), profile, &repository.crate_dir());
        assert_eq!(
            commit,
            Commit {
                id: "0123456789ab".to_owned(),
                watched: vec![]
            }
        );
    }
}

#[test]
fn an_unusable_given_commit_is_passed_over() {
    let repository = Repository::new();
    for given in ["", "  ", "a\nb", "a b", "a/b", "ä"] {
        let commit = Commit::of_build(Some(given), "release", &repository.crate_dir());
        assert_eq!(commit.id, repository.head(), "{given:?}");
    }
}

#[test]
fn a_debug_build_is_not_tied_to_a_commit() {
    let repository = Repository::new();
    let commit = Commit::of_build(None, "debug", &repository.crate_dir());
    assert_eq!(
        commit,
        Commit {
            id: "dev".to_owned(),
            watched: vec![]
        }
    );
}

#[test]
fn a_release_build_has_the_checked_out_commit_and_watches_its_branch() {
    let repository = Repository::new();
    let commit = Commit::of_build(None, "release", &repository.crate_dir());
    assert_eq!(commit.id, repository.head());
    assert_eq!(
        watched(&commit, &repository.root.path().join(".git")),
        ["HEAD", "refs/heads/main"]
    );
}

#[test]
fn a_detached_head_holds_the_commit_itself() {
    let repository = Repository::new();
    repository.git(&["checkout", "--quiet", "--detach"]);
    let commit = Commit::of_build(None, "release", &repository.crate_dir());
    assert_eq!(commit.id, repository.head());
    assert_eq!(
        watched(&commit, &repository.root.path().join(".git")),
        ["HEAD"]
    );
}

#[test]
fn a_packed_branch_is_watched_through_the_log_of_head() {
    let repository = Repository::new();
    repository.git(&["pack-refs", "--all"]);
    let commit = Commit::of_build(None, "release", &repository.crate_dir());
    assert_eq!(commit.id, repository.head());
    assert_eq!(
        watched(&commit, &repository.root.path().join(".git")),
        ["HEAD", "packed-refs", "logs/HEAD"]
    );
}

#[test]
fn a_linked_worktree_watches_its_own_head_and_the_shared_branch() {
    let repository = Repository::new();
    fs::write(repository.crate_dir().join("file"), "").unwrap();
    repository.git(&["add", "."]);
    repository.commit();
    let tree = TempDir::new().unwrap();
    let path = tree.path().join("linked");
    repository.git(&[
        "worktree",
        "add",
        "--quiet",
        "-b",
        "side",
        path.to_str().unwrap(),
    ]);
    git(
        &path,
        &["commit", "--quiet", "--allow-empty", "--message=side"],
    );

    let commit = Commit::of_build(None, "release", &path.join(CRATE));
    assert_eq!(commit.id, git(&path, &["rev-parse", "HEAD"])[..12]);
    assert_ne!(commit.id, repository.head());
    assert_eq!(
        watched(&commit, &repository.root.path().join(".git")),
        ["worktrees/linked/HEAD", "refs/heads/side"]
    );
}

#[test]
fn another_projects_repository_says_nothing_about_this_build() {
    let repository = Repository::new();
    let unpacked = repository.root.path().join("vendor/loom").join(CRATE);
    fs::create_dir_all(&unpacked).unwrap();
    let commit = Commit::of_build(None, "release", &unpacked);
    assert_eq!(
        commit,
        Commit {
            id: "unknown".to_owned(),
            watched: vec![]
        }
    );
}

#[test]
fn without_a_repository_or_a_commit_it_is_unknown() {
    let unknown = Commit {
        id: "unknown".to_owned(),
        watched: vec![],
    };
    let folder = TempDir::new().unwrap();
    assert_eq!(Commit::of_build(None, "release", folder.path()), unknown);
    assert_eq!(
        Commit::of_build(None, "release", &folder.path().join("missing")),
        unknown
    );

    let fresh = folder.path().join(CRATE);
    fs::create_dir_all(&fresh).unwrap();
    git(folder.path(), &["init", "--quiet"]);
    assert_eq!(Commit::of_build(None, "release", &fresh), unknown);
}
