//! Hooks of a commit: what they see, what they may do, and what becomes of those that fail or hang.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use loom_cli_git::{CommitOptions, GitError};
use loom_testing::Repository as Scratch;

use crate::committing::{seen, step, try_commit};
use crate::obstacles::{fails, scratch, try_change};

pub(crate) fn hook(scratch: &Scratch, name: &str, script: &str) {
    let path = scratch.path().join(".git/hooks").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn all_hooks_of_a_commit_run_and_see_what_is_committed() {
    let scratch = scratch();
    scratch.write("other", "persons\n");
    let log = scratch.path().join(".git/log");
    let write = |what: &str| format!("{what} >> '{}'", log.display());
    hook(
        &scratch,
        "pre-commit",
        &write("git diff --cached --name-only"),
    );
    hook(
        &scratch,
        "prepare-commit-msg",
        &format!("{}; echo 'Ticket: 7' >> \"$1\"", write("echo prepare $2")),
    );
    hook(&scratch, "commit-msg", &write("head -n 1 \"$1\""));
    hook(
        &scratch,
        "post-commit",
        &write("git log -1 --format='done %s'"),
    );
    hook(&scratch, "post-rewrite", &write("echo rewritten"));
    let committed = try_change(&scratch, CommitOptions::default())
        .await
        .unwrap();
    assert_eq!(
        fs::read_to_string(&log).unwrap(),
        "a\nprepare message\nChange it\ndone Change it\n"
    );
    assert_eq!(committed.message, "Change it\n\nTrailer: x\nTicket: 7\n");
    assert_eq!(
        scratch.git(&["log", "-1", "--format=%B"]),
        committed.message.trim_end()
    );
    assert_eq!(scratch.git(&["status", "--porcelain"]), " M other");
}

#[tokio::test]
async fn hooks_in_another_folder_count_and_those_that_are_no_programs_do_not() {
    let scratch = scratch();
    hook(&scratch, "pre-commit", "exit 1");
    scratch.git(&["config", "core.hooksPath", "hooks-of-ours"]);
    let folder = scratch.path().join("hooks-of-ours");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("commit-msg"), "#!/bin/sh\nexit 1\n").unwrap();
    try_change(&scratch, CommitOptions::default())
        .await
        .unwrap();
    fs::set_permissions(folder.join("commit-msg"), fs::Permissions::from_mode(0o755)).unwrap();
    let changes = vec![step("other", Some("1\n"), Some("2\n"))];
    let error = try_commit(&scratch, changes, CommitOptions::default())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the hook commit-msg refuses the commit: exit code 1"
    );
}

#[tokio::test]
async fn a_hook_that_fails_or_asks_is_told_with_what_it_said() {
    let scratch = scratch();
    hook(
        &scratch,
        "pre-commit",
        "echo 'no tests'; echo 'run them' >&2; exit 3",
    );
    let error = fails(&scratch, CommitOptions::default()).await;
    assert_eq!(
        error.to_string(),
        "the hook pre-commit refuses the commit: no tests\nrun them"
    );
    hook(&scratch, "pre-commit", "read answer < /dev/tty || exit 1");
    let error = fails(&scratch, CommitOptions::default()).await;
    assert!(error.to_string().contains("/dev/tty"), "{error}");
    hook(&scratch, "pre-commit", "read answer || exit 9");
    let error = fails(&scratch, CommitOptions::default()).await;
    assert!(error.to_string().ends_with("exit code 9"), "{error}");
    fs::remove_file(scratch.path().join(".git/hooks/pre-commit")).unwrap();
    hook(&scratch, "commit-msg", ": > \"$1\"");
    let error = fails(&scratch, CommitOptions::default()).await;
    assert!(
        error.to_string().ends_with("it has left no message"),
        "{error}"
    );
}

#[tokio::test]
async fn a_hook_that_hangs_is_ended_with_what_it_started() {
    let scratch = scratch();
    let pipe = scratch.path().join(".git/pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
    // Both hold the pipe open for as long as they live.
    hook(
        &scratch,
        "pre-commit",
        &format!("exec 3> '{}'; sleep 1000 & wait", pipe.display()),
    );
    let mut receiver = tokio::net::unix::pipe::OpenOptions::new()
        .open_receiver(&pipe)
        .unwrap();
    let options = CommitOptions {
        hook_limit: Duration::from_secs(1),
        ..CommitOptions::default()
    };
    let error = fails(&scratch, options).await;
    assert_eq!(
        error.to_string(),
        "the hook pre-commit refuses the commit: it was not done after 1 s, and was ended"
    );
    let mut rest = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut receiver, &mut rest)
        .await
        .unwrap();
    assert_eq!(rest, b"");
}

#[tokio::test]
async fn what_a_hook_leaves_running_is_not_waited_for() {
    let scratch = scratch();
    let pipe = scratch.path().join(".git/pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
    // It ends when the test reads the pipe; until then it holds the hook's output open.
    hook(
        &scratch,
        "post-commit",
        &format!("(echo over > '{}') &", pipe.display()),
    );
    try_change(&scratch, CommitOptions::default())
        .await
        .unwrap();
    assert_eq!(fs::read_to_string(&pipe).unwrap(), "over\n");
}

#[tokio::test]
async fn a_hook_may_format_what_is_committed_but_not_bring_in_what_is_not() {
    let scratch = scratch();
    hook(
        &scratch,
        "pre-commit",
        "echo formatted > a; echo made > made-by-hook; git add a made-by-hook",
    );
    let committed = try_change(&scratch, CommitOptions::default())
        .await
        .unwrap();
    assert_eq!(committed.files, [Path::new("a")]);
    assert_eq!(scratch.git(&["show", "HEAD:a"]), "formatted");
    let untracked = ["ls-files", "--others"];
    assert_eq!(scratch.git(&untracked), "made-by-hook");

    hook(&scratch, "pre-commit", "git add --all");
    scratch.write("other", "persons\n");
    scratch.write("a", "again\n");
    let changes = vec![step("a", Some("formatted\n"), Some("again\n"))];
    let committed = try_commit(&scratch, changes, CommitOptions::default())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(committed.files, [Path::new("a")]);
    assert_eq!(scratch.git(&["diff", "--name-only"]), "other");
    assert_eq!(scratch.git(&untracked), "made-by-hook");
    assert_eq!(scratch.git(&["diff", "--cached", "--name-only"]), "");

    scratch.write("a", "once more\npersons\n");
    let before = seen(&scratch);
    let changes = vec![step("a", Some("again\n"), Some("once more\n"))];
    let error = try_commit(&scratch, changes, CommitOptions::default())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the hook pre-commit refuses the commit: it would commit changes of yours as well: a"
    );
    assert_eq!(seen(&scratch), before);
}

#[tokio::test]
async fn a_hook_that_hides_files_puts_them_back_when_it_is_ended() {
    let scratch = scratch();
    scratch.write("other", "persons\n");
    hook(
        &scratch,
        "pre-commit",
        "mv other .git/hidden; trap 'mv .git/hidden other; exit 1' INT; while :; do sleep 0.05; done",
    );
    let options = CommitOptions {
        hook_limit: Duration::from_secs(1),
        ..CommitOptions::default()
    };
    let error = try_change(&scratch, options).await.unwrap_err();
    assert!(matches!(error, GitError::Hook { .. }), "{error:?}");
    let other = scratch.path().join("other");
    let back = async {
        while !other.exists() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), back)
        .await
        .unwrap();
    assert_eq!(fs::read_to_string(other).unwrap(), "persons\n");
}

#[tokio::test]
async fn what_a_hook_formats_goes_beside_what_is_staged() {
    let scratch = scratch();
    scratch.write("other", "staged\n");
    scratch.git(&["add", "other"]);
    hook(&scratch, "pre-commit", "echo formatted > a; git add a");
    try_change(&scratch, CommitOptions::default())
        .await
        .unwrap();
    assert_eq!(scratch.git(&["show", "HEAD:a"]), "formatted");
    assert_eq!(scratch.git(&["status", "--porcelain"]), "M  other");
}
