//! Scratch repositories: hermetic, and the same every time.

use loom_testing::Repository;

fn two_commits() -> Repository {
    Repository::new()
        .file("src/lib.rs", "// one\n")
        .commit("One")
        .file("src/lib.rs", "// two\n")
        .file("notes/a.txt", "a")
        .commit("Two")
}

#[test]
fn the_same_calls_make_the_same_commits() {
    let log = "2026-01-01T00:01:00Z Ada Example <ada@example.org> Two\n\
               2026-01-01T00:00:00Z Ada Example <ada@example.org> One";
    for _ in 0..2 {
        let repository = two_commits();
        assert_eq!(repository.git(&["log", "--format=%cI %an <%ae> %s"]), log);
        let head = "e51ff3e3e3e7ec83888badc1c69cafcc64d46eca";
        assert_eq!(repository.git(&["rev-parse", "HEAD"]), head);
    }
}

#[test]
fn files_can_be_changed_and_read_after_a_commit() {
    let repository = two_commits();
    assert_eq!(repository.git(&["status", "--porcelain"]), "");
    assert_eq!(repository.read("notes/a.txt"), "a");
    repository.write("notes/b/c.txt", "c");
    repository.write("notes/a.txt", "b");
    let status = repository.git(&["status", "--porcelain", "--untracked-files=all"]);
    assert_eq!(status, " M notes/a.txt\n?? notes/b/c.txt");
}

#[test]
fn only_the_repositorys_own_configuration_counts() {
    let repository = Repository::new();
    let origins = repository.git(&["config", "--list", "--show-scope"]);
    assert!(
        origins.lines().all(|line| line.starts_with("local\t")),
        "{origins}"
    );
}

#[test]
#[should_panic(expected = "git no-such-command failed in ")]
fn a_git_command_that_fails_fails_the_test() {
    Repository::new().git(&["no-such-command"]);
}
