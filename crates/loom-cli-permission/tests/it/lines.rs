//! Shell lines that try to be taken for others.

use loom_cli_permission::Verdict::{self, Allow, Ask, Deny};
use loom_common_core::PermissionMode;

use crate::machine::{Machine, Sandbox};

/// Compares the verdicts on lines, and shows all that differ.
fn check(verdict: impl Fn(&str) -> Verdict, expected: &[(&str, Verdict)]) {
    let wrong: Vec<_> = expected
        .iter()
        .filter(|(line, expected)| verdict(line) != *expected)
        .map(|(line, expected)| format!("{line:?}: expected {expected:?}, got {:?}", verdict(line)))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn all(lines: &[&'static str], verdict: Verdict) -> Vec<(&'static str, Verdict)> {
    lines.iter().map(|line| (*line, verdict)).collect()
}

#[test]
fn lines_that_only_look_need_no_question() {
    let machine = Machine::new();
    let permissions = machine.permissions();
    let lines = [
        "ls -la",
        "git status && git diff | head -50",
        "rg -n 'fn main' src | sort -u | wc -l",
        "find . -name '*.rs' -not -path './target/*'",
        "find . -name '*.rs' -exec wc -l {} +",
        "cat <<'EOF'\nrm -rf / $(x) `y`\nEOF",
        "cat <<EOF\nplain\nEOF\nls",
        "git log --oneline -5 2>/dev/null || true",
        "for f in a b; do echo \"$f\"; done",
        "if [ -f Cargo.toml ]; then echo yes; else echo no; fi",
        "while read -r line; do echo \"$line\"; done < notes.txt",
        "case $x in a|b) ls;; *) pwd;; esac",
        "(cd src && ls) && pwd",
        "cd src && ls",
        "x=1; echo $x ${x:-2}",
        "[[ -n $x && -d src ]] && ls",
        "bash -c 'ls -l && git status'",
        "timeout 5 nice -n 3 cat a",
        "LC_ALL=C sort a",
        "sed -n '1,20p' a.rs; awk '{print $2}' b",
        "# a comment; rm -rf /",
        "ls # rm -rf /",
        "echo 'rm -rf /' \"; rm -rf /\" \\; rm",
        "ls \\\n  -l",
        "",
        "PAGER=cat git log",
        "cat src/*.rs",
        "env",
        "git diff > /dev/null 2>&1",
        "{ ls; pwd; } 2>&1",
        "! grep -q x a",
        "trap 'echo bye' EXIT; ls",
        "cd /usr/include && ls",
    ];
    check(
        |line| machine.asks_about(&permissions, line),
        &all(&lines, Allow),
    );
}

#[test]
fn rules_allow_no_more_than_they_say() {
    let machine = Machine::with_rules(
        "allow = ['bash(git log *)', 'bash(git fetch)', 'bash(cargo test *)', 'bash(npm run test:*)',
            'bash(./build.sh *)', 'bash(sudo systemctl status *)', 'bash(FOO=* make *)', 'bash(timeout *)',
            'bash(find *)', 'bash(xargs -n1 cargo fmt *)']",
    );
    let permissions = machine.permissions();
    let allowed = [
        "git log -p --output=x",
        "git fetch",
        "cargo test",
        "cargo test -p a -- --nocapture",
        "cargo test $x",
        "RUST_LOG=debug cargo test",
        "timeout 60 cargo test",
        "env RUST_BACKTRACE=1 nice cargo test",
        "/usr/bin/cargo test",
        "cargo test && git log",
        "bash -c 'cargo test'",
        "bash -lc \"cargo test -p x\"",
        "eval 'cargo test'",
        "cd src && cargo test",
        "time cargo test",
        "npm run test:unit",
        "./build.sh --fast",
        "sudo systemctl status x",
        "FOO=1 make all",
        "find . -delete",
        "ls | xargs -n1 cargo test",
        "ls | xargs -n1 cargo fmt --",
        "c\\argo t''est",
        "cargo test | tail -5",
        "for p in a b; do cargo test -p $p; done",
        "if cargo test; then git log; fi",
        "cargo test <<'E'\nx\nE\n",
        "echo \"$(cargo test)\"",
        "cargo test <(git log)",
        "cargo test &",
    ];
    let not_allowed = [
        "git fetch --all",
        "git -C x log",
        "git -c core.pager=x log",
        "git $x",
        "cargo tests",
        "cargo +nightly test",
        "./cargo test",
        "/tmp/cargo test",
        "cargo $x",
        "cargo \"$x\"",
        "$x test",
        "cargo test; rm x",
        "cargo test && rm x",
        "cargo test & rm x",
        "cargo test | sh",
        "cargo test\nrm x",
        "cargo test || (rm x)",
        "cargo test $(rm x)",
        "cargo test `rm x`",
        "cargo test \"$(rm x)\"",
        "cargo test <(rm x)",
        "cargo test > out.txt",
        "cargo test 2>> out.txt",
        "cargo test &> out.txt",
        "cargo test > $x",
        "cargo test <<E\n$(rm x)\nE\n",
        "cargo test <<E\n`rm x`\nE\n",
        "cargo test <<E | rm x\nE\n",
        "RUSTC_WRAPPER=./x cargo test",
        "PATH=.:$PATH cargo test",
        "PATH=. ; cargo test",
        "export PATH=.; cargo test",
        "export FOO=1; cargo test",
        "LD_PRELOAD=./x.so cargo test",
        "env LD_PRELOAD=./x.so cargo test",
        "env -S 'rm x' cargo test",
        "env -i PATH=. cargo test",
        "timeout 60 rm x",
        "timeout --unknown 60 cargo test",
        "timeout $x cargo test",
        "sudo cargo test",
        "sudo rm x",
        "bash -c 'cargo test; rm x'",
        "bash -c \"cargo test; $x\"",
        "bash -c \"$x\"",
        "bash -ic 'cargo test'",
        "zsh -c 'cargo test'",
        "sh -c '[[ a && cargo test ]]'",
        "eval \"cargo test $x\"",
        "eval cargo test '; rm x'",
        "cd /tmp && cargo test",
        "cd .. && cargo test",
        "cd $x && cargo test",
        "cd - && cargo test",
        "cd src && ./build.sh",
        "FOO=1 BAR=2 make all",
        "make all",
        "find . -exec rm {} \\;",
        "find . -exec sh -c 'cargo test {}' \\;",
        "ls | xargs rm",
        "ls | xargs -I{} sh -c 'cargo test {}'",
        "ls | xargs -0I{} sh -c 'cargo test {}'",
        "ls | xargs",
        "function cargo { rm x; }; cargo test",
        "cargo() { rm x; }; cargo test",
        "alias cargo=rm; cargo test",
        "trap 'rm x' EXIT; cargo test",
        "{cargo,test}",
        "c{a,x}rgo test",
        "/usr/bin/c*go test",
        "cargo test \\\n; rm x",
        "cargo test #\nrm x",
        "echo \"a\"#b; rm x",
        "echo \\ #b; rm x",
        "echo $'a\\\\' ; rm x #'",
        "[ a && rm x ]",
        "[ a -o b ] ; rm x",
        "[[ a ]] && rm x",
        "FOO=1 [[ a && rm x ]]",
        "cargo test\r",
        "ca\u{440}go test",
        "\u{217d}argo test",
        "cargo\u{a0}test",
        "cargo te\\st; rm x",
        "if true; then rm x; fi",
        "! rm x",
        "! if cargo test; then rm x; fi",
        "time rm x",
        "time PATH=. cargo test",
        "coproc cargo test",
        "exec rm x",
        "command rm x",
        "builtin eval 'rm x'",
        "cargo test 'unclosed",
        "cargo test )",
        "cargo test $((a[$(rm x)]))",
        "echo ${x@P}; cargo test",
        "echo ${!x}; cargo test",
        "(( a )); cargo test",
        "source x; cargo test",
        ". ./x && cargo test",
        "cargo test | bash",
        "bash <<< 'cargo test'",
        "cargo test <<E; rm x\nE\n",
        "x=$(rm x) cargo test",
        "x=(a $(rm x)); cargo test",
        "cargo test < /dev/tcp/example.com/80",
        "rustc --version",
        "test -v 'a[$(rm x)]'; cargo test",
        "\\unset 'a[$(rm x)]'; cargo test",
        "[ $x = 1 ]",
        "[ \"$x\" \"$y\" ]",
        "jobs -x rm y",
        "awk 'BEGIN{ARGV[1]=\"a\"} {print}'",
        "tee x < a",
    ];
    let expected = [all(&allowed, Allow), all(&not_allowed, Ask)].concat();
    check(|line| machine.asks_about(&permissions, line), &expected);
}

#[test]
fn what_is_denied_is_found_wherever_it_stands() {
    let machine = Machine::with_rules("deny = ['bash(rm *)', 'bash(git push --force *)']");
    let permissions = machine.permissions();
    // Full mode: nothing else stands in the way.
    let verdict = |line: &str| {
        machine
            .judge_line(&permissions, PermissionMode::Full, Sandbox::Works, line)
            .verdict
    };
    let denied = [
        "rm -rf /",
        "git log; rm -rf /",
        "ls && rm x",
        "ls || rm x",
        "ls | rm x",
        "ls & rm x",
        "ls\nrm x",
        "(rm x)",
        "{ rm x; }",
        "FOO=1 rm x",
        "\\rm x",
        "'rm' x",
        "r\"m\" x",
        "$'\\x72m' x",
        "/bin/rm x",
        "./rm x",
        "ls $(rm x)",
        "ls \"`rm x`\"",
        "cat <(rm x)",
        "echo hi > >(rm x)",
        "if true; then rm x; fi",
        "if rm x; then true; fi",
        "while rm x; do true; done",
        "for f in *; do rm $f; done",
        "case a in a) rm x;; esac",
        "f() { rm x; }; f",
        "! rm x",
        "time rm x",
        "env rm x",
        "env -u A B=1 rm x",
        "timeout 5 nice -n 2 rm x",
        "nohup rm x &",
        "command rm x",
        "exec rm x",
        "xargs rm < list",
        "ls | xargs -0 -n 1 rm -f",
        "ls | xargs -I{} rm {}",
        "find . -exec rm {} +",
        "find . -name a -execdir rm {} \\;",
        "bash -c 'rm x'",
        "bash -c \"bash -c 'rm x'\"",
        "sh -ec 'ls; rm x'",
        "eval rm x",
        "eval 'ls;' rm x",
        "trap 'rm x' EXIT",
        "sudo rm x",
        "sudo -u root rm x",
        "doas rm x",
        "busybox rm x",
        "cat <<E\n$(rm x)\nE\n",
        "x=$(rm x)",
        "export x=$(rm x)",
        "a=($(rm x))",
        "echo ${x:-$(rm x)}",
        "[ -n \"$(rm x)\" ]",
        "[[ -n $(rm x) ]]",
        "rm x )",
        "git push --force",
        "git push --force origin main",
        "for ((i=0; i<3; i++)); do rm x; done",
        "rm \"$x\"",
        "rm",
    ];
    let perhaps = [
        "r\\\nm x",
        "$x",
        "$(echo rm) x",
        "r$x y",
        "{rm,-rf,/}",
        "/bin/r* x",
        "eval \"$x\"",
        "bash -c \"$x\"",
        "echo 'rm x' | bash",
        "bash <<E\nrm x\nE\n",
        "git -C x push --force",
        "git -c a=b push origin --force",
        "git $x --force",
        "git push $x",
        "ssh host rm x",
        "watch rm x",
        "strace -f rm x",
        "parallel rm ::: a b",
        "sudo --unknown rm x",
        "timeout --unknown 5 rm x",
        "zsh -c 'rm x'",
        "ls 'unclosed",
        "(( x ))",
        "coproc rm x",
    ];
    let free = [
        "ls",
        "git push origin main",
        "git push --force-with-lease",
        "echo rm x",
        "git rm x",
        "cargo rm x",
        "grep rm x",
        "rmdir x",
        "git log -S push --force",
        "ls # rm x",
        "cat <<'E'\nrm x\n$(rm x)\nE\n",
        "python3 x.py \"$x\"",
        "make CFLAGS=$x",
    ];
    let expected = [all(&denied, Deny), all(&perhaps, Ask), all(&free, Allow)].concat();
    check(verdict, &expected);
}

#[test]
fn what_only_looks_is_asked_for_where_it_reaches_secrets() {
    let machine = Machine::new();
    let permissions = machine.permissions();
    machine.write(&machine.workspace.join("notes"), "");
    std::os::unix::fs::symlink(machine.home.join(".ssh"), machine.workspace.join("link")).unwrap();
    let asked = [
        "cat ~/.ssh/id_ed25519",
        "cat $HOME/.ssh/id_ed25519",
        "cat \"${HOME}/.ssh/id_ed25519\"",
        "cat ../.ssh/id_ed25519",
        "cat link/id_ed25519",
        "cat ~/.ssh/*",
        "cat ~/.s*/id_ed25519",
        "cat < ~/.ssh/id_ed25519",
        "cd ~/.ssh && cat id_ed25519",
        "cd ~ && cat .ssh/id_ed25519",
        "grep -r key ~",
        "rg key ..",
        "git diff --no-index /dev/null ../.ssh/id_ed25519",
        "cat .env",
        "head -3 sub/.env.production",
        "cat .e*",
        "cat $x",
        "cat $(echo x)",
        "x=~/.ssh/id; cat $x",
        "cat ~ada/x",
        "grep --file=../.ssh/id_ed25519 x y",
        "grep -f../.ssh/id_ed25519 x y",
        "find .. -exec cat {} +",
        "ls .. | xargs cat",
    ];
    let free = [
        "cat notes",
        "ls -la ~/.ssh",
        "cat ~/notes",
        "grep -r key .",
        "cat .env.example",
        "cat /etc/hosts",
        "cd .. && ls",
    ];
    let expected = [all(&asked, Ask), all(&free, Allow)].concat();
    check(|line| machine.asks_about(&permissions, line), &expected);
}

#[test]
fn git_is_not_trusted_in_other_folders() {
    let machine = Machine::new();
    let permissions = machine.permissions();
    let here = format!("cd {} && git status", machine.workspace.display());
    assert_eq!(machine.asks_about(&permissions, &here), Allow);
    for line in [
        "cd sub && git status",
        "cd /tmp; git log",
        "pushd x; git diff",
        "cd $x && git log",
    ] {
        assert_eq!(machine.asks_about(&permissions, line), Ask, "{line}");
    }
}

#[test]
fn endless_and_deep_lines_are_never_allowed_by_rules() {
    let machine = Machine::with_rules("allow = ['bash']");
    let permissions = machine.permissions();
    let long = format!("echo {}", "a".repeat(20_000));
    let deep = format!("{}ls{}", "$(echo ".repeat(200), ")".repeat(200));
    let parentheses = "(".repeat(10_000);
    let nested = (0..60).fold("ls".to_owned(), |inner, _| {
        format!("bash -c {}", quoted(&inner))
    });
    let many = "make; ".repeat(600);
    let pipes = "a|".repeat(8_000);
    let redirections = "<".repeat(16_000);
    for line in [
        &long,
        &deep,
        &parentheses,
        &nested,
        &many,
        &pipes,
        &redirections,
    ] {
        assert_eq!(
            machine.asks_about(&permissions, line),
            Ask,
            "{}",
            &line[..40]
        );
    }
    let chain = vec!["make"; 300].join(" && ");
    assert_eq!(machine.asks_about(&permissions, &chain), Allow);
}

fn quoted(text: &str) -> String {
    // Quoting doubles the length each time unless only one kind of quote is escaped.
    if text.len() > 2000 {
        return format!("'{}'", text.replace('\'', ""));
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}
