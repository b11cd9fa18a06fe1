//! Which rules count, what is wrong with them, and what they are about.

use loom_testing::{CommandLine, Repository};

use super::{at, scan, scan_places, token};

const OWN: &str = "[[rules]]\nid = \"own\"\ndescription = \"Our own keys\"\nregex = '''own-[0-9]{8}'''\nkeywords = [\"own-\"]\n";

#[test]
fn the_repository_brings_its_own_rules() {
    let user = CommandLine::new();
    let repository = Repository::new()
        .file("a", format!("own-73920185 {}", token('a')))
        .file(".gitleaks.toml", OWN);
    let rules = |repository: &Repository| {
        let output = scan(&user, repository.path(), &["--format", "json", "a"]);
        let findings = output.json()["findings"].as_array().unwrap().clone();
        findings
            .iter()
            .map(|finding| finding["rule"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(rules(&repository), ["own"]);
    let output = scan(&user, repository.path(), &["a"]);
    assert!(
        output.stderr.contains("; rules of ") && output.stderr.contains(".gitleaks.toml\n"),
        "{output}"
    );
    // Loom's own file comes first, and may extend the other.
    repository.write(".loom/secrets.toml", "[extend]\nuseDefault = true\n");
    assert_eq!(rules(&repository), ["github-pat"]);
    repository.write(
        ".loom/secrets.toml",
        "[extend]\nuseDefault = true\npath = \".gitleaks.toml\"\n",
    );
    assert_eq!(rules(&repository), ["own", "github-pat"]);
    assert_eq!(
        scan_places(&user, &repository, &["--rule", "github-pat", "a"]),
        at(&[("a", 1)])
    );
}

#[test]
fn what_is_wrong_with_a_rule_file_is_told_with_file_rule_and_line() {
    let user = CommandLine::new();
    let repository = Repository::new().file("a", "x");
    let told = |text: &str| {
        repository.write("bad.toml", text);
        let output = scan(&user, repository.path(), &["--rules", "bad.toml"]);
        output.assert_code(2);
        output
            .stderr
            .replace(&format!("{}/", repository.path().display()), "")
    };
    let regex = told("[[rules]]\nid = \"one\"\nregex = '''(unclosed'''\n");
    assert!(
        regex.starts_with("error: bad.toml:3: rule `one`: bad regular expression in `regex`"),
        "{regex}"
    );
    assert!(regex.contains("\nhint: "), "{regex}");
    let huge = told("[[rules]]\nid = \"one\"\nregex = '''((a{1000}){1000}){1000}'''\n");
    assert!(
        huge.starts_with("error: bad.toml:3: rule `one`: "),
        "{huge}"
    );
    assert!(huge.contains("too large"), "{huge}");
    let toml = told("[[rules]\n");
    assert!(
        toml.starts_with("error: bad.toml:1: not valid TOML"),
        "{toml}"
    );
    let extend = told("[extend]\npath = \"/dev/zero\"\n");
    assert!(
        extend.starts_with("error: bad.toml:2: cannot extend `/dev/zero`"),
        "{extend}"
    );

    repository.write("odd.toml", format!("{OWN}colour = 3\n"));
    let output = scan(&user, repository.path(), &["--rules", "odd.toml"]);
    output.assert_success();
    assert!(
        output.stderr.contains("warning: ") && output.stderr.contains("rule `own`"),
        "{output}"
    );
    let missing = scan(&user, repository.path(), &["--rules", "gone.toml"]);
    missing.assert_code(2);
}

#[test]
fn rules_are_listed_and_explained() {
    let user = CommandLine::new();
    let repository = Repository::new().file(".loom/secrets.toml", OWN);
    let run = |arguments: &[&str]| {
        let arguments = ["secrets"].iter().chain(arguments);
        user.loom(arguments).current_dir(repository.path()).run()
    };
    assert_eq!(
        run(&["rules"]).assert_success().stdout,
        "own  Our own keys\n"
    );
    let json = run(&["rules", "--json"]).json();
    assert_eq!(json[0]["keywords"], serde_json::json!(["own-"]));
    insta::assert_snapshot!(
        "explained",
        run(&["explain", "own"]).assert_success().stdout
    );
    let unknown = run(&["explain", "oen"]);
    unknown.assert_code(2);
    assert_eq!(
        unknown.stderr,
        "error: there is no rule `oen`\nhint: did you mean `own`?\n"
    );
    let builtin = user.loom(["secrets", "rules"]).run();
    assert!(
        builtin.assert_success().stdout.lines().count() > 150,
        "{builtin}"
    );
    let unknown = scan(&user, repository.path(), &["--rule", "nonsense"]);
    unknown.assert_code(2);
    assert!(
        unknown
            .stderr
            .ends_with("hint: `loom secrets rules` lists them\n"),
        "{unknown}"
    );
}
