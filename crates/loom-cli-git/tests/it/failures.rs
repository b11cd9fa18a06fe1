//! A git that is missing, hangs, prints without end, or is kept from its work.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use loom_cli_git::{Git, GitError, HistoryQuery, Repository, Untracked};
use loom_testing::Repository as Scratch;
use tokio::io::AsyncReadExt as _;

async fn repository(scratch: &Scratch) -> Repository {
    let git = Git::new(scratch.environment());
    git.discover(&scratch.path()).await.unwrap().unwrap()
}

/// Makes a program `git` of this script, and returns a git that finds it and nothing else.
fn git_that(folder: &Path, script: &str) -> Git {
    let program = folder.join("git");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.display());
    Git::new([("PATH", path)])
}

#[tokio::test]
async fn a_missing_git_is_told_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let git = Git::new([("PATH", folder.path())]);
    let error = git.discover(folder.path()).await.unwrap_err();
    assert!(matches!(error, GitError::Missing), "{error:?}");
    let elsewhere = git.discover(&folder.path().join("gone")).await;
    assert!(matches!(elsewhere, Err(GitError::Run(_))), "{elsewhere:?}");
}

#[tokio::test(start_paused = true)]
async fn a_git_that_hangs_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let git = git_that(folder.path(), "exec sleep 1000");
    let error = git.discover(folder.path()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`git rev-parse` was not done after 60 s, and was ended"
    );
}

#[tokio::test]
async fn a_git_that_is_given_up_is_ended_with_what_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
    // Both hold the pipe open for as long as they live.
    let script = format!("exec 3> {}; echo up >&3; sleep 1000 & wait", pipe.display());
    let git = git_that(folder.path(), &script);
    let mut pipe = tokio::net::unix::pipe::OpenOptions::new()
        .open_receiver(&pipe)
        .unwrap();
    let mut said = [0; 3];
    tokio::select! {
        told = git.discover(folder.path()) => panic!("it has not ended: {told:?}"),
        read = pipe.read_exact(&mut said) => assert_eq!(read.unwrap(), 3),
    }
    // The future is dropped; the end of the pipe comes when the last of them is gone.
    let mut rest = Vec::new();
    pipe.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"");
}

#[tokio::test]
async fn output_without_end_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let git = git_that(folder.path(), "exec yes");
    let error = git.discover(folder.path()).await.unwrap_err();
    assert!(matches!(error, GitError::TooMuchOutput { .. }), "{error:?}");
}

#[tokio::test]
async fn messages_without_end_do_not_fill_the_memory() {
    let folder = tempfile::tempdir().unwrap();
    let script = "head -c 10000000 /dev/zero | tr '\\0' x >&2; exit 1";
    let error = git_that(folder.path(), script)
        .discover(folder.path())
        .await
        .unwrap_err();
    assert!(error.to_string().len() < 100_000);
}

#[tokio::test]
async fn git_cannot_ask() {
    let folder = tempfile::tempdir().unwrap();
    let script = "[ \"$1\" = --no-pager ] || exit 9\n\
                  read -r line && echo \"read $line\" >&2\n\
                  (: < /dev/tty) 2> /dev/null && echo 'has a terminal' >&2\n\
                  $GIT_ASKPASS && echo 'asked for a password' >&2\n\
                  $SSH_ASKPASS && echo 'asked for a passphrase' >&2\n\
                  echo asked nothing >&2\n\
                  exit 1";
    let error = git_that(folder.path(), script)
        .discover(folder.path())
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "`git rev-parse` failed: asked nothing");
}

#[tokio::test]
async fn reading_needs_no_lock() {
    let scratch = Scratch::new().file("a", "1").commit("Start");
    scratch.write("a", "2");
    scratch.write(".git/index.lock", "");
    let repository = repository(&scratch).await;
    let status = repository.status(Untracked::Files).await.unwrap();
    assert_eq!(status.changes.len(), 1);
}

/// A git that nobody listens to waits when the pipe of its messages is full.
#[tokio::test]
async fn many_messages_do_not_stop_a_git_that_is_read_while_it_runs() {
    let scratch = Scratch::new().file("a", "text\n").commit("Start");
    let folder = tempfile::tempdir().unwrap();
    let script = "case \"$*\" in *rev-parse*) exec /usr/bin/git \"$@\";; esac\n\
                  head -c 1000000 /dev/zero | tr '\\0' x >&2\n\
                  exec /usr/bin/git \"$@\"";
    let git = git_that(folder.path(), script);
    let repository = git.discover(&scratch.path()).await.unwrap().unwrap();
    let mut additions = repository.additions(&HistoryQuery::default()).unwrap();
    let mut count = 0;
    while additions.next().await.unwrap().is_some() {
        count += 1;
    }
    assert_eq!(count, 1);
}
