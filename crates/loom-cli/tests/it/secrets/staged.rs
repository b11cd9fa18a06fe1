//! What the next commit would bring in.

use loom_testing::{CommandLine, Repository};

use super::{at, scan, scan_places, token};

#[test]
fn new_lines_of_the_index_count_and_nothing_else() {
    let user = CommandLine::new();
    let repository = Repository::new()
        .file("old", format!("{}\nsecond\n", token('a')))
        .commit("Start");
    repository.write("old", format!("{}\nsecond\n{}\n", token('a'), token('b')));
    repository.write("new", format!("\n{}\n", token('c')));
    repository.git(&["add", "--all"]);
    // The working tree is clean again, and holds another that is not staged.
    repository.write("new", "clean");
    repository.write("old", "clean");
    repository.write("later", token('d'));
    let found = scan_places(&user, &repository, &["--staged"]);
    assert_eq!(found, at(&[("new", 2), ("old", 3)]));
    repository.git(&["reset", "--quiet"]);
    assert_eq!(scan_places(&user, &repository, &["--staged"]), []);
}

#[test]
fn before_the_first_commit_everything_staged_is_new() {
    let user = CommandLine::new();
    let repository = Repository::new().file("a", token('a'));
    assert_eq!(scan_places(&user, &repository, &["--staged"]), []);
    repository.git(&["add", "a"]);
    assert_eq!(
        scan_places(&user, &repository, &["--staged"]),
        at(&[("a", 1)])
    );
}

#[test]
fn in_a_merge_what_the_other_branch_has_is_not_new() {
    let user = CommandLine::new();
    let repository = Repository::new().file("a", "1\n").commit("Start");
    repository.git(&["checkout", "--quiet", "-b", "other"]);
    let repository = repository.file("theirs", token('a')).commit("Theirs");
    repository.git(&["checkout", "--quiet", "main"]);
    let repository = repository.file("a", "2\n").commit("Ours");
    repository.git(&["merge", "--quiet", "--no-commit", "other"]);
    repository.write("a", format!("2\n{}\n", token('b')));
    repository.git(&["add", "a"]);
    assert_eq!(
        scan_places(&user, &repository, &["--staged"]),
        at(&[("a", 2)])
    );
}

#[test]
fn outside_of_a_repository_it_says_so() {
    let user = CommandLine::new();
    for arguments in [&["--staged"][..], &["--history"]] {
        let output = scan(&user, user.work(), arguments);
        output.assert_code(2);
        assert!(
            output.stderr.contains("is in no git repository\nhint: "),
            "{output}"
        );
    }
}
