//! Rule files: what is read, what is refused, and what the refusal says.

use loom_redact::{Detector, KnownSecrets, Origin, RuleError, Rules};

/// What upstream's files have: old and new names of allow lists, bare braces, rules of paths only, flags in the middle.
const UPSTREAM: &str = r#"
title = "gitleaks config"
minVersion = "v8.25.0"

[allowlist]
description = "global allow list"
paths = ['''gitleaks\.toml''', '''(?i)\.(?:bmp|gif)$''']
regexes = ['''(?i)^true|false|null$''', '''^\$(?:\d+|{\d+})$''', '''^\${(?:[A-Z_]+|[a-z_]+)}$''']
stopwords = ["014df517-39d1-4453-b7b3-9930c563627c"]

[[allowlists]]
targetRules = ["prefixed"]
commits = ["C0FFEE"]
stopwords = ["sample"]

[[rules]]
id = "prefixed"
description = "A token"
regex = '''\b(p8e-(?i)[a-z0-9]{8})(?:[\x60'"\s;]|\\[nr]|$)'''
entropy = 2
keywords = ["p8e-"]
[rules.allowlist]
regexTarget = "line"
regexes = ['''ignore\s+me''']

[[rules]]
id = "file"
description = "A key store"
path = '''(?i)(?:^|\/)[^\/]+\.p(?:12|fx)$'''

[[rules]]
id = "nuget"
regex = '''(?i)<add key=\"(?:(?:ClearText)?Password)\"\s*value=\"(.{8,})\"\s*/>'''
path = '''(?i)nuget\.config$'''
keywords = ["<add key="]
[[rules.allowlists]]
condition = "AND"
regexes = ['''33f!!lloppa''']
paths = ['''old/''']

[[rules]]
id = "grouped"
regex = '''k8s:([a-z]+):([a-z0-9]+)'''
secretGroup = 2
keywords = ["K8S"]
tags = ["a", "b"]
"#;

fn detector(text: &str) -> Detector {
    Detector::new(
        &Rules::parse(text, "rules.toml").unwrap(),
        KnownSecrets::new(),
    )
}

/// The ids and texts of what is found.
fn found<'a>(
    detector: &Detector,
    text: &'a str,
    path: Option<&str>,
    commit: Option<&str>,
) -> Vec<(String, &'a str)> {
    let findings = detector.scan_with(text.as_bytes(), &Origin { path, commit });
    findings
        .into_iter()
        .map(|finding| {
            let range = usize::try_from(finding.range.start).unwrap()
                ..usize::try_from(finding.range.end).unwrap();
            (finding.rule, &text[range])
        })
        .collect()
}

fn error(text: &str) -> String {
    Rules::parse(text, "rules.toml").unwrap_err().to_string()
}

#[test]
fn the_builtin_rules_are_read() {
    let rules = Rules::read_builtin().unwrap();
    assert_eq!(rules.warnings(), &[] as &[String]);
    assert_eq!(Rules::builtin().len(), rules.len());
    assert!(rules.len() > 150);
}

#[test]
fn an_upstream_file_is_read_and_means_what_it_means_there() {
    let rules = Rules::parse(UPSTREAM, "gitleaks.toml").unwrap();
    assert_eq!(rules.warnings(), &[] as &[String]);
    let detector = detector(UPSTREAM);
    let token = "x p8e-q1w2E3r4;";
    assert_eq!(
        found(&detector, token, None, None),
        [("prefixed".to_owned(), "p8e-q1w2E3r4")]
    );
    assert_eq!(found(&detector, "ignore me p8e-q1w2E3r4", None, None), []);
    assert_eq!(found(&detector, "p8e-aaaaaaaa", None, None), []);
    assert_eq!(found(&detector, token, None, Some("c0ffee")), []);
    assert_eq!(found(&detector, token, Some("x/logo.GIF"), None), []);
    assert_eq!(
        found(&detector, "", Some("keys/my.PFX"), None),
        [("file".to_owned(), "")]
    );
    let package = "<add key=\"Password\" value=\"33f!!lloppa\" />";
    assert_eq!(found(&detector, package, None, None), []);
    assert_eq!(
        found(&detector, package, Some("a/nuget.config"), None),
        [("nuget".to_owned(), "33f!!lloppa")]
    );
    assert_eq!(
        found(&detector, package, Some("old/nuget.config"), None),
        []
    );
    assert_eq!(
        found(&detector, "k8s:name:s3cret", None, None),
        [("grouped".to_owned(), "s3cret")]
    );
}

#[test]
fn a_file_extends_loom_s_own_rules_and_others() {
    let text = "[extend]\nuseDefault = true\npath = \"base.toml\"\ndisabledRules = [\"gone\"]\n\
                [[rules]]\nid = \"base\"\nkeywords = [\"more\"]\ntags = [\"mine\"]\n";
    let base = "[[rules]]\nid = \"base\"\nregex = 'abc|more'\nkeywords = [\"abc\"]\n[[rules]]\nid = \"gone\"\nregex = 'x'\n";
    let rules = Rules::parse_with(text, "rules.toml", &mut |path| {
        assert_eq!(path, "base.toml");
        Ok(base.to_owned())
    })
    .unwrap();
    assert_eq!(rules.len(), Rules::builtin().len() + 1);
    let changed = rules.iter().find(|rule| rule.id == "base").unwrap();
    assert_eq!(
        (changed.keywords, changed.tags),
        (
            &[b"abc".to_vec(), b"more".to_vec()][..],
            &["mine".to_owned()][..]
        )
    );
    let mut endless = |_: &str| Ok("[extend]\npath = \"self.toml\"\n".to_owned());
    let error = Rules::parse_with(
        "[extend]\npath = \"self.toml\"\n",
        "rules.toml",
        &mut endless,
    )
    .unwrap_err();
    assert!(
        error.to_string().contains("extend each other more than"),
        "{error}"
    );
}

#[test]
fn unknown_fields_are_warned_about_by_line() {
    let rules = Rules::parse(
        "[[rules]]\nid = \"a\"\nregex = 'x'\nnew = 1\n\n[future]\n",
        "rules.toml",
    )
    .unwrap();
    assert_eq!(
        rules.warnings(),
        [
            "rules.toml:4: rule `a`: unknown field `new` is ignored",
            "rules.toml:6: the file: unknown field `future` is ignored"
        ]
    );
}

#[test]
fn what_is_wrong_is_named_with_rule_and_line() {
    let rule = |body: &str| format!("\n[[rules]]\nid = \"demo\"\n{body}\n");
    let errors = [
        error("[[rules]\n"),
        error(&rule("")),
        error("[[rules]]\nregex = 'a'\n"),
        error(&rule("regex = '''(abc'''")),
        error(&rule("regex = '''a'''\nentropy = \"high\"")),
        error(&rule("regex = '''a'''\nkeywords = [\"a\",\n 5]")),
        error(&rule("regex = '''(a)'''\nsecretGroup = 2")),
        error(&rule(
            "regex = '''a'''\n[[rules.allowlists]]\nregexTarget = \"file\"\nregexes = ['a']",
        )),
        error(&rule(
            "regex = '''a'''\n[[rules.allowlists]]\ncondition = \"XOR\"\nregexes = ['a']",
        )),
        error(&rule(
            "regex = '''a'''\n[[rules.allowlists]]\nregexes = [\n'a',\n'[']",
        )),
        error(&rule(
            "regex = '''a'''\n[[rules.allowlists]]\ndescription = 'empty'",
        )),
        error(&rule("regex = '''a'''\n[[rules.required]]\nid = \"none\"")),
        error(&rule("regex = '''(?:(?:[a-z]{1000}){1000}){10}'''")),
        error(&format!(
            "{}{}",
            rule("regex = '''a'''"),
            rule("regex = '''b'''")
        )),
        error("[[rules]]\nid = \"a b\"\nregex = 'a'\n"),
        error("[extend]\npath = \"other.toml\"\n"),
        error("[extend]\nurl = \"https://example.com/rules.toml\"\n"),
    ];
    insta::assert_snapshot!(errors.join("\n"));
}

#[test]
fn sizes_are_bounded() {
    let error = Rules::parse(&" ".repeat(5 << 20), "rules.toml").unwrap_err();
    assert!(matches!(error, RuleError::TooLarge { .. }), "{error}");
    let long = format!("[[rules]]\nid = \"a\"\nregex = '{}'\n", "a".repeat(70_000));
    let error = Rules::parse(&long, "rules.toml").unwrap_err();
    assert!(matches!(error, RuleError::TooLarge { .. }), "{error}");
    let deep = format!(
        "[[rules]]\nid = \"a\"\nregex = '{}a{}'\n",
        "(".repeat(5_000),
        ")".repeat(5_000)
    );
    let error = Rules::parse(&deep, "rules.toml").unwrap_err();
    assert!(matches!(error, RuleError::Regex { .. }), "{error}");
}
