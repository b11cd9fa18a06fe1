//! The hook before commits, run by git.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use loom_testing::command_line::Output;
use loom_testing::{CommandLine, Repository};

use super::token;

fn loom(user: &CommandLine, repository: &Repository, command: &str) -> Output {
    user.loom(["secrets", command])
        .current_dir(repository.path())
        .run()
}

fn commit(user: &CommandLine, repository: &Repository, arguments: &[&str]) -> Output {
    let arguments = ["commit", "--quiet", "--message", "x"]
        .iter()
        .chain(arguments);
    user.program("git", arguments)
        .current_dir(repository.path())
        .run()
}

#[test]
fn a_commit_with_a_secret_is_refused_however_it_is_made() {
    let user = CommandLine::new();
    let repository = Repository::new().file("a", "1\n").commit("Start");
    let hook = repository.path().join(".git/hooks/pre-commit");
    let installed = loom(&user, &repository, "install-hook");
    assert_eq!(
        installed.assert_success().stdout,
        format!("installed {}\n", hook.display())
    );

    repository.write("a", format!("1\n{}\n", token('a')));
    // With these git makes the commit of an index of its own.
    for arguments in [&["--all"][..], &["a"], &["--only", "a"]] {
        let refused = commit(&user, &repository, arguments);
        refused.assert_code(1);
        assert!(refused.stderr.contains("2:1  github-pat"), "{refused}");
        assert!(!refused.to_string().contains(&token('a')), "{refused}");
    }
    repository.git(&["add", "a"]);
    commit(&user, &repository, &[]).assert_code(1);
    repository.git(&["reset", "--quiet", "--hard"]);
    repository.write("a", "2\n");
    commit(&user, &repository, &["--all"]).assert_success();

    let renewed = loom(&user, &repository, "install-hook");
    assert_eq!(
        renewed.assert_success().stdout,
        format!("renewed {}\n", hook.display())
    );
    let removed = loom(&user, &repository, "uninstall-hook");
    assert_eq!(
        removed.assert_success().stdout,
        format!("removed {}\n", hook.display())
    );
    repository.write("a", token('a'));
    commit(&user, &repository, &["--all"]).assert_success();
    let gone = loom(&user, &repository, "uninstall-hook");
    gone.assert_code(2);
    assert!(gone.stderr.contains("is not a hook of Loom"), "{gone}");
}

#[test]
fn in_a_linked_working_tree_and_a_folder_of_hooks_it_works_too() {
    let user = CommandLine::new();
    let repository = Repository::new().file("a", "1\n").commit("Start");
    repository.git(&["config", "core.hooksPath", ".hooks"]);
    repository.git(&["worktree", "add", "--quiet", "../linked"]);
    let linked = repository.path().parent().unwrap().join("linked");
    let installed = user
        .loom(["secrets", "install-hook"])
        .current_dir(&linked)
        .run();
    installed.assert_success();
    assert!(linked.join(".hooks/pre-commit").exists(), "{installed}");
    fs::write(linked.join("a"), token('a')).unwrap();
    let commit = user.program("git", ["commit", "--quiet", "--all", "--message", "x"]);
    let refused = commit.current_dir(&linked).run();
    refused.assert_code(1);
    assert!(refused.stderr.contains("1:1  github-pat"), "{refused}");
}

#[test]
fn a_hook_that_was_there_runs_first_and_comes_back() {
    let user = CommandLine::new();
    let repository = Repository::new().file("a", "1\n").commit("Start");
    let hook = repository.path().join(".git/hooks/pre-commit");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    let theirs = "#!/bin/sh\necho theirs >&2\ntest ! -e refuse\n";
    fs::write(&hook, theirs).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    let installed = loom(&user, &repository, "install-hook");
    assert!(
        installed.assert_success().stdout.contains("runs first"),
        "{installed}"
    );

    repository.write("a", "2\n");
    let done = commit(&user, &repository, &["--all"]);
    assert!(
        done.assert_success().stderr.starts_with("theirs\n"),
        "{done}"
    );
    repository.write("refuse", "");
    repository.write("a", "3\n");
    let refused = commit(&user, &repository, &["--all"]);
    assert_eq!(refused.assert_code(1).stderr, "theirs\n");

    let removed = loom(&user, &repository, "uninstall-hook");
    assert!(
        removed
            .assert_success()
            .stdout
            .contains("is the hook again"),
        "{removed}"
    );
    assert_eq!(fs::read_to_string(&hook).unwrap(), theirs);
}

#[test]
fn a_broken_configuration_does_not_keep_it_from_its_work() {
    let user = CommandLine::new();
    fs::create_dir_all(user.config_home().join("loom")).unwrap();
    fs::write(
        user.config_home().join("loom/config.toml"),
        "no toml at all [",
    )
    .unwrap();
    let repository = Repository::new().file("a", "1\n").commit("Start");
    loom(&user, &repository, "install-hook").assert_success();
    repository.write("a", "2\n");
    commit(&user, &repository, &["--all"]).assert_success();
}
