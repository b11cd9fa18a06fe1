//! What gets in the way of a commit: signatures, locks, operations under way, others at work.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use loom_cli_git::{CommitOptions, Committed, GitError, Operation, Preparation};
use loom_testing::Repository as Scratch;

use crate::committing::{commit, repository, seen, step, try_commit};
use crate::hooks::hook;

pub(crate) fn scratch() -> Scratch {
    Scratch::new()
        .file("a", "1\n")
        .file("other", "1\n")
        .commit("Start")
}

/// Commits a change of `a`, which lies in the working tree.
pub(crate) async fn try_change(
    scratch: &Scratch,
    options: CommitOptions,
) -> Result<Committed, GitError> {
    scratch.write("a", "2\n");
    let changes = vec![step("a", Some("1\n"), Some("2\n"))];
    Ok(try_commit(scratch, changes, options).await?.unwrap())
}

/// Commits a change of `a`, and makes sure that its failure has left everything as it was.
pub(crate) async fn fails(scratch: &Scratch, options: CommitOptions) -> GitError {
    scratch.write("a", "2\n");
    let state = || (scratch.git(&["rev-parse", "HEAD"]), seen(scratch));
    let before = state();
    let error = try_change(scratch, options).await.unwrap_err();
    assert_eq!(state(), before);
    assert!(!scratch.path().join(".git/index.lock").exists());
    error
}

#[tokio::test]
async fn nobody_who_is_in_the_middle_of_something_is_disturbed() {
    let scratch = Scratch::new().file("a", "1\n").commit("Start");
    scratch.git(&["checkout", "--quiet", "-b", "topic"]);
    let scratch = scratch.file("a", "topic\n").commit("Topic");
    scratch.git(&["checkout", "--quiet", "main"]);
    let scratch = scratch.file("a", "main\n").commit("Main");
    let change = || vec![step("b", None, Some("x\n"))];
    let conflict = |arguments: &str| {
        let script = format!("git {arguments} || true");
        scratch.git(&["-c", &format!("alias.try=!{script}"), "try"]);
    };
    let stopped = |error: GitError| match error {
        GitError::InTheMiddle { operation } => operation,
        other => panic!("{other:?}"),
    };
    for (arguments, operation, end) in [
        ("merge topic", Operation::Merge, ["merge", "--abort"]),
        ("rebase topic", Operation::Rebase, ["rebase", "--abort"]),
        (
            "cherry-pick topic",
            Operation::CherryPick,
            ["cherry-pick", "--abort"],
        ),
        ("bisect start", Operation::Bisect, ["bisect", "reset"]),
    ] {
        conflict(arguments);
        let error = try_commit(&scratch, change(), CommitOptions::default())
            .await
            .unwrap_err();
        assert_eq!(stopped(error), operation);
        scratch.git(&end);
    }
    // A stash that does not fit leaves conflicts without an operation.
    scratch.write("a", "stashed\n");
    scratch.git(&["stash", "--quiet"]);
    let scratch = scratch.file("a", "later\n").commit("Later");
    let script = "alias.try=!git stash pop || true";
    scratch.git(&["-c", script, "try"]);
    let error = try_commit(&scratch, change(), CommitOptions::default())
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "a has conflicts that are not resolved");
}

#[tokio::test]
async fn a_bare_repository_has_nothing_to_commit_from() {
    let scratch = scratch();
    let bare = scratch.path().parent().unwrap().join("bare");
    scratch.git(&["clone", "--quiet", "--bare", ".", bare.to_str().unwrap()]);
    let git = loom_cli_git::Git::new(scratch.environment());
    let repository = git.discover(&bare).await.unwrap().unwrap();
    let error = repository
        .prepare(Vec::new(), CommitOptions::default())
        .await
        .unwrap_err();
    assert!(matches!(error, GitError::NoWorkTree), "{error:?}");
}

#[tokio::test]
async fn a_lock_is_waited_for_up_to_a_limit() {
    let scratch = scratch();
    let lock = scratch.path().join(".git/index.lock");
    fs::write(&lock, "").unwrap();
    let options = CommitOptions {
        lock_limit: Duration::from_millis(200),
        ..CommitOptions::default()
    };
    scratch.write("a", "2\n");
    let error = try_change(&scratch, options).await.unwrap_err();
    assert!(
        matches!(&error, GitError::Locked { lock: told } if *told == lock),
        "{error:?}"
    );
    assert_eq!(scratch.git(&["log", "--format=%s"]), "Start");

    // One that is given back in time is no obstacle.
    let changes = vec![step("a", Some("1\n"), Some("2\n"))];
    let repository = repository(&scratch).await;
    let prepared = repository
        .prepare(changes, CommitOptions::default())
        .await
        .unwrap();
    let Preparation::Ready(prepared) = prepared else {
        panic!("there is something to commit");
    };
    hook(
        &scratch,
        "commit-msg",
        &format!("(rm '{}') &", lock.display()),
    );
    assert!(prepared.commit("Change it").await.unwrap().is_some());
    assert_eq!(scratch.git(&["status", "--porcelain"]), "");
}

#[tokio::test]
async fn others_who_commit_and_stage_meanwhile_lose_nothing() {
    let scratch = scratch();
    scratch.write("a", "2\n");
    scratch.write("other", "2\n");
    scratch.write("third", "2\n");
    // The first time the branch moves under the commit, and something is staged.
    hook(
        &scratch,
        "commit-msg",
        "rm .git/hooks/commit-msg; unset GIT_INDEX_FILE; git commit -q -m Theirs -- other; git add third",
    );
    let changes = vec![step("a", Some("1\n"), Some("2\n"))];
    let committed = commit(&scratch, changes).await;
    assert_eq!(
        scratch.git(&["log", "--format=%s"]),
        "Change it\nTheirs\nStart"
    );
    assert_eq!(committed.files, [Path::new("a")]);
    assert_eq!(scratch.git(&["status", "--porcelain"]), "A  third");

    hook(
        &scratch,
        "commit-msg",
        "unset GIT_INDEX_FILE; echo 3 > other; git add other",
    );
    scratch.write("a", "3\n");
    commit(&scratch, vec![step("a", Some("2\n"), Some("3\n"))]).await;
    assert_eq!(
        scratch.git(&["status", "--porcelain"]),
        "M  other\nA  third"
    );
    assert_eq!(scratch.git(&["show", "--name-only", "--format="]), "a");
}

#[tokio::test]
async fn a_branch_that_moves_each_time_is_told() {
    let scratch = scratch();
    hook(
        &scratch,
        "commit-msg",
        "unset GIT_INDEX_FILE; git -c core.hooksPath=/dev/null commit -q --allow-empty -m Theirs",
    );
    let changes = vec![step("a", Some("1\n"), Some("2\n"))];
    let error = try_commit(&scratch, changes, CommitOptions::default())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "somebody else is committing to this repository"
    );
}

#[tokio::test]
async fn without_a_name_there_is_no_commit_but_a_hint() {
    let scratch = scratch();
    scratch.git(&["config", "user.useConfigOnly", "true"]);
    let kept = scratch.environment().into_iter().filter(|(name, _)| {
        let name = name.to_str().unwrap();
        !name.starts_with("GIT_AUTHOR") && !name.starts_with("GIT_COMMITTER")
    });
    let git = loom_cli_git::Git::new(kept);
    let repository = git.discover(&scratch.path()).await.unwrap().unwrap();
    let changes = vec![step("a", Some("1\n"), Some("2\n"))];
    let prepared = repository
        .prepare(changes, CommitOptions::default())
        .await
        .unwrap();
    let Preparation::Ready(prepared) = prepared else {
        panic!("there is something to commit");
    };
    let error = prepared.commit("Change it").await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("git does not know who you are"),
        "{error}"
    );
    assert_eq!(scratch.git(&["log", "--format=%s"]), "Start");
}

/// Makes a key for signatures, and sets the repository up to sign with it.
fn signing_with_ssh(scratch: &Scratch, passphrase: &str) {
    let key = scratch.path().join(".git/key");
    // Where ssh-keygen leaves what it signs.
    fs::create_dir_all(scratch.path().join("../home/tmp")).unwrap();
    let made = std::process::Command::new("ssh-keygen")
        .args([
            "-q",
            "-t",
            "ed25519",
            "-N",
            passphrase,
            "-C",
            "ada@example.org",
            "-f",
        ])
        .arg(&key)
        .status()
        .unwrap();
    assert!(made.success());
    let public = fs::read_to_string(key.with_extension("pub")).unwrap();
    let allowed = scratch.path().join(".git/allowed");
    fs::write(&allowed, format!("ada@example.org {public}")).unwrap();
    for (name, value) in [
        ("commit.gpgSign", "true"),
        ("gpg.format", "ssh"),
        ("user.signingKey", key.to_str().unwrap()),
        ("gpg.ssh.allowedSignersFile", allowed.to_str().unwrap()),
    ] {
        scratch.git(&["config", name, value]);
    }
}

#[tokio::test]
async fn commits_are_signed_where_the_person_signs_and_nobody_is_asked_for_a_passphrase() {
    let free = scratch();
    signing_with_ssh(&free, "");
    try_change(&free, CommitOptions::default()).await.unwrap();
    assert_eq!(free.git(&["log", "-1", "--format=%G?"]), "G");

    let locked = scratch();
    signing_with_ssh(&locked, "a passphrase");
    let error = fails(&locked, CommitOptions::default()).await;
    assert!(matches!(error, GitError::NotSigned { .. }), "{error:?}");
}

#[tokio::test]
async fn the_program_that_signs_is_told_not_to_ask_and_not_waited_for_without_end() {
    let scratch = scratch();
    let program = scratch.path().join(".git/gpg");
    let log = scratch.path().join(".git/log");
    let sign = |script: &str| {
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    };
    sign(&format!("echo \"$@\" > '{}'; exit 2", log.display()));
    scratch.git(&["config", "commit.gpgSign", "yes"]);
    scratch.git(&["config", "gpg.program", program.to_str().unwrap()]);
    let error = fails(&scratch, CommitOptions::default()).await;
    assert!(matches!(error, GitError::NotSigned { .. }), "{error:?}");
    let arguments = fs::read_to_string(&log).unwrap();
    assert!(
        arguments.starts_with("--batch --no-tty --pinentry-mode error "),
        "{arguments}"
    );

    sign("exec sleep 1000");
    let options = CommitOptions {
        signing_limit: Duration::from_secs(1),
        ..CommitOptions::default()
    };
    let error = fails(&scratch, options).await;
    assert!(
        error.to_string().contains("it was not done after 1 s"),
        "{error}"
    );
}

#[tokio::test]
async fn a_store_that_takes_nothing_leaves_everything_as_it_was() {
    let scratch = scratch();
    // Root may write everywhere, so there are files where the store's new folders would be.
    let folders = (0..=255).map(|number| format!(".git/objects/{number:02x}"));
    let folders = folders.map(|folder| scratch.path().join(folder));
    let blocks: Vec<_> = folders.filter(|folder| !folder.exists()).collect();
    for block in &blocks {
        fs::write(block, "").unwrap();
    }
    let error = fails(&scratch, CommitOptions::default()).await;
    assert!(matches!(error, GitError::Failed { .. }), "{error:?}");
    for block in &blocks {
        fs::remove_file(block).unwrap();
    }
    try_change(&scratch, CommitOptions::default())
        .await
        .unwrap();
}

#[tokio::test]
async fn what_killed_processes_have_left_is_removed() {
    let scratch = scratch();
    let [orphan, used, young] = ["orphan", "used", "young"]
        .map(|name| scratch.path().join(format!(".git/loom-commit-{name}")));
    for folder in [&orphan, &used, &young] {
        fs::create_dir(folder).unwrap();
    }
    for folder in [&orphan, &used] {
        let folder = fs::File::open(folder).unwrap();
        folder
            .set_modified(std::time::SystemTime::UNIX_EPOCH)
            .unwrap();
    }
    let lock = fs::File::open(&used).unwrap();
    lock.lock().unwrap();
    try_change(&scratch, CommitOptions::default())
        .await
        .unwrap();
    assert!(!orphan.exists() && used.exists() && young.exists());
}
