//! Each command in its harmless forms, and in those that write or run.

use super::super::read;
use super::*;

fn is_known(line: &str) -> bool {
    let script = read(line);
    assert_eq!(script.unclear, [], "{line}");
    script
        .segments
        .iter()
        .all(|segment| segment.is_carrier || reads(segment.command()).is_some())
}

#[test]
fn commands_that_look_are_known() {
    for line in [
        "ls -la src",
        "cat Cargo.toml",
        "rg -n --hidden foo src",
        "rg foo -- *",
        "grep -rn foo .",
        "find . -name '*.rs' -type f",
        "find . -name x -exec grep -l foo {} +",
        "git status --short",
        "git --no-pager log --oneline -5",
        "git diff HEAD~1 --stat",
        "git show HEAD:src/lib.rs",
        "git branch -a",
        "git stash list",
        "git remote -v",
        "git config --get user.name",
        "sed -n '10,20p' src/lib.rs",
        "sed -n '/^fn /p;$=' a",
        "sed 's/a/b/g' a",
        "sed -e 1d -e 's|a|b|' f",
        "awk '{print $1}' f",
        "awk -F: '/x/ {print $1, $2}' /etc/passwd",
        "sort -u -k2 a",
        "uniq -c",
        "date +%s",
        "date -u",
        "head -5 a",
        "wc -l src/*.rs",
        "jq .name package.json",
        "[ -f x ]",
        "[[ -n $x && $y == a* ]]",
        "command -v rg",
        "rg --version",
        "echo $x",
        "printf '%s' $x",
        "set -euo pipefail",
        "ls | xargs cat",
        "timeout 5 cat a",
        "/usr/bin/cat a",
        "test -d x",
        "while read -r line; do echo \"$line\"; done",
        "true",
        "export RUST_LOG=1",
        "fd -e rs",
        "git log -S foo --format='%h %s'",
        "for f in a b; do cat \"$f\"; done",
        "stat -c %s a",
    ] {
        assert!(is_known(line), "{line}");
    }
}

#[test]
fn commands_that_write_or_run_are_not() {
    for line in [
        "rm x",
        "find . -delete",
        "find . -fprint x",
        "find . -exec rm {} ';'",
        "find $x",
        "find * -name a",
        "rg --pre=sh foo",
        "rg --pre sh foo",
        "rg foo $x",
        "rg foo *",
        "sort -o a b",
        "sort -uo a b",
        "sort --outp=a b",
        "sort $x",
        "git push",
        "git -c core.pager=x log",
        "git -C x status",
        "git diff --output=x",
        "git diff --outp=x",
        "git diff --ext-diff",
        "git log --ext",
        "git $x",
        "git diff $x",
        "git branch new",
        "git branch -D x",
        "git tag v1",
        "git stash",
        "git remote add a b",
        "git config user.name x",
        "git grep -Oless foo",
        "git reflog expire",
        "git worktree add x",
        "sed -i s/a/b/ f",
        "sed -n -i p f",
        "sed --in-place s/a/b/ f",
        "sed 's/a/b/w x' f",
        "sed 's/a/b/e' f",
        "sed '1w x' f",
        "sed 'e id' f",
        "sed -f x f",
        "sed -n $x f",
        "sed 's/[/]/x/e' f",
        "awk '{system(\"rm\")}' f",
        "awk '{print > \"x\"}' f",
        "awk -f x f",
        "awk \"$x\" f",
        "awk '{print | \"sh\"}' f",
        "uniq a b",
        "uniq $x",
        "date -s x",
        "date 01010000",
        "tee a",
        "cat a | tee b",
        "fd -x rm",
        "fd --exec rm",
        "env FOO=1 rm x",
        "hostname x",
        "xargs rm",
        "ls | xargs rg x",
        "./cat a",
        "/tmp/cat a",
        "read PATH",
        "set -- a",
        "make --version -f x",
        "file -C -m x",
        "tree -o x",
        "sudo cat a",
        "curl x",
        "cargo test",
    ] {
        assert!(!is_known(line), "{line}");
    }
}

#[test]
fn content_that_is_handed_out_is_told_apart() {
    let reads_of = |line: &str| reads(read(line).segments[0].command());
    assert_eq!(reads_of("ls a"), Some(Reads::Nothing));
    assert_eq!(reads_of("cat a"), Some(Reads::Files));
    assert_eq!(reads_of("rg a"), Some(Reads::Trees));
    assert_eq!(reads_of("rm a"), None);
}
