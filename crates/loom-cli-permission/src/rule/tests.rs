//! Rules as text.

use super::*;

#[test]
fn rules_come_back_as_they_were_written() {
    for rule in [
        "bash",
        "bash(cargo test *)",
        "bash(git status)",
        "edit_file(src/**)",
        "read_file(**/.env)",
        "web_fetch(docs.rs)",
        "web_fetch(*.example.com)",
        "web_fetch(localhost:8080)",
        "mcp__github__*",
        "read(~/notes/*.md)",
        "edit(/tmp/**)",
        "bash(npm run test:*)",
        "bash(git commit -m 'a b')",
        "bash(FOO=* cargo test *)",
        "bash(*)",
        "bash(echo '*')",
        "bash(echo \"it's\")",
        "bash(echo '')",
    ] {
        assert_eq!(rule.parse::<Rule>().unwrap().to_string(), rule);
    }
}

#[test]
fn spaces_and_needless_quotes_are_left_out() {
    for (written, canonical) in [
        ("  bash( git   push  * ) ", "bash(git push *)"),
        ("bash('git' \"push\")", "bash(git push)"),
        ("web_fetch(DOCS.rs)", "web_fetch(docs.rs)"),
        ("edit(./src/**)", "edit(src/**)"),
    ] {
        assert_eq!(written.parse::<Rule>().unwrap().to_string(), canonical);
    }
}

#[test]
fn faults_are_named_with_their_place() {
    let messages: Vec<_> = [
        "",
        "(x)",
        "bash(git push",
        "bash()",
        "ba sh",
        "mcp__*(x)",
        "bash(git 'push)",
        "bash(a && b)",
        "bash(echo $HOME)",
        "edit(../x)",
        "edit(a[)",
        "edit(~ada/x)",
        "web_fetch(https://docs.rs/)",
        "bash(a\nb)",
        "web_fetch(a b)",
        "tool\u{e9}",
        "bash(a\\)",
    ]
    .into_iter()
    .map(|rule| rule.parse::<Rule>().unwrap_err().to_string())
    .collect();
    insta::assert_snapshot!(messages.join("\n"));
}
