//! What commits have brought in.

use std::fs;

use loom_testing::{CommandLine, Repository};

use super::{at, scan, scan_places, token};

#[test]
fn a_secret_that_was_taken_out_is_found_at_the_commit_that_brought_it_in() {
    let user = CommandLine::new();
    let repository = Repository::new()
        .file("fine", "nothing\n")
        .commit("Start")
        .file("config/app.env", format!("A=1\nKEY={}\n", token('a')))
        .commit("Leak")
        .file("config/app.env", "A=1\n")
        .file("copy", format!("A=1\nKEY={}\n", token('a')))
        .commit("Take it out");
    assert_eq!(scan_places(&user, &repository, &["config"]), []);
    let output = scan(&user, repository.path(), &["--history"]);
    output.assert_code(1);
    // The copy is the same content, and told once.
    insta::assert_snapshot!("history", output.stdout);
    assert!(
        output.stderr.contains("looked through 3 contents, "),
        "{output}"
    );

    let json = scan(&user, repository.path(), &["--history", "--format", "json"]).json();
    let finding = &json["findings"][0];
    assert_eq!(finding["commit"], repository.git(&["rev-parse", "HEAD^"]));
    assert_eq!(finding["author"], "Ada Example <ada@example.org>");
    assert_eq!(finding["date"], "2026-01-01T00:01:00Z");
}

#[test]
fn a_range_and_a_date_limit_it() {
    let user = CommandLine::new();
    let repository = Repository::new()
        .file("one", token('a'))
        .commit("One")
        .file("two", token('b'))
        .commit("Two");
    repository.git(&["checkout", "--quiet", "-b", "other"]);
    let repository = repository.file("three", token('c')).commit("Three");
    repository.git(&["checkout", "--quiet", "main"]);
    let found = |arguments: &[&str]| scan_places(&user, &repository, arguments);
    assert_eq!(
        found(&["--history"]),
        at(&[("one", 1), ("two", 1), ("three", 1)])
    );
    assert_eq!(found(&["--history", "main"]), at(&[("one", 1), ("two", 1)]));
    assert_eq!(found(&["--history", "main..other"]), at(&[("three", 1)]));
    assert_eq!(found(&["--history", "--since", "2030-01-01"]), []);
    let unknown = scan(&user, repository.path(), &["--history", "nonsense"]);
    unknown.assert_code(2);
    assert!(
        unknown.stderr.contains("nonsense") && unknown.stderr.contains("\nhint: "),
        "{unknown}"
    );
}

#[test]
fn a_shallow_clone_is_told_of() {
    let user = CommandLine::new();
    let repository = Repository::new()
        .file("one", token('a'))
        .commit("One")
        .file("one", "clean")
        .commit("Two");
    let source = format!("file://{}", repository.path().display());
    repository.git(&["clone", "--quiet", "--depth=1", &source, "clone"]);
    let output = scan(&user, repository.path().join("clone"), &["--history"]);
    output.assert_success();
    assert!(
        output.stderr.starts_with("warning: this clone is shallow"),
        "{output}"
    );
}

#[test]
fn a_content_that_is_missing_is_noted_and_does_not_stop_it() {
    let user = CommandLine::new();
    let repository = Repository::new()
        .file("lost", "lost")
        .file("there", token('a'))
        .commit("One");
    let hash = repository.git(&["rev-parse", "HEAD:lost"]);
    let object = format!(".git/objects/{}/{}", &hash[..2], &hash[2..]);
    fs::remove_file(repository.path().join(object)).unwrap();
    let output = scan(&user, repository.path(), &["--history"]);
    output.assert_code(1);
    let notice = format!("left out: lost is missing in git's store: {hash}\n");
    assert!(output.stderr.starts_with(&notice), "{output}");
}

#[test]
fn a_submodule_is_the_history_of_another_repository() {
    let user = CommandLine::new();
    let library = Repository::new().file("key", token('a')).commit("Library");
    let repository = Repository::new().file("a", "1").commit("Start");
    let source = library.path().display().to_string();
    repository.git(&["submodule", "--quiet", "add", &source, "library"]);
    let repository = repository.commit("Use it");
    assert_eq!(scan_places(&user, &repository, &["--history"]), []);
    // As files they are all there.
    assert_eq!(
        scan_places(&user, &repository, &[]),
        at(&[("library/key", 1)])
    );
}

#[test]
fn a_secret_where_the_rules_allow_it_is_found_where_they_do_not() {
    let user = CommandLine::new();
    let rules = "[extend]\nuseDefault = true\n[[allowlists]]\npaths = ['''^tests/''']\n";
    let repository = Repository::new()
        .file(".loom/secrets.toml", rules)
        .file("tests/key", token('a'))
        .commit("One")
        .file("src/key", token('a'))
        .commit("Two");
    assert_eq!(
        scan_places(&user, &repository, &["--history"]),
        at(&[("src/key", 1)])
    );
}
