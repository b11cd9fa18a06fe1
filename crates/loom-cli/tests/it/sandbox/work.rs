//! What must work inside.

use super::cage::{Cage, outside, person};

/// Lines of bash that must succeed in every cage.
const WORKS: &[(&str, &str)] = &[
    (
        "files",
        "mkdir -p a/b && echo x > a/b/c && mv a/b/c a/c && cp a/c d && rm -r a && [ -s d ]",
    ),
    ("hard links", "echo x > e && ln e f && [ e -ef f ]"),
    ("symbolic links", "ln -s e g && [ \"$(cat g)\" = x ]"),
    ("links between folders", "mkdir h && ln e h/e && mv h/e h2"),
    (
        "programs",
        "printf '#!/bin/sh\\necho ran\\n' > p && chmod +x p && [ \"$(./p)\" = ran ]",
    ),
    (
        "named pipes",
        "mkfifo q && (echo x > q &) && [ \"$(cat q)\" = x ]",
    ),
    ("locks", "flock lock true"),
    (
        "temporary files",
        "f=$(mktemp) && echo x > \"$f\" && [ \"${f#$TMPDIR}\" != \"$f\" ]",
    ),
    (
        "large documents in the shell",
        "x=$(head -c 300000 /dev/zero | tr '\\0' x); cat <<<\"$x\" | wc -c | grep -qx 300001",
    ),
    ("pipes", "[ \"$(seq 10 | sort -r | head -1)\" = 9 ]"),
    ("process substitution", "diff <(echo a) <(echo a)"),
    (
        "standard streams by name",
        "echo a > /dev/stderr && echo b | cat /dev/stdin > /dev/null",
    ),
    (
        "devices",
        "head -c 8 /dev/urandom > /dev/null && head -c 8 /dev/zero | wc -c | grep -qx 8",
    ),
    ("a full device", "! echo x > /dev/full"),
    (
        "shared memory",
        "echo x > /dev/shm/loom-test-$$ && rm /dev/shm/loom-test-$$",
    ),
    (
        "own process",
        "[ -r /proc/self/status ] && cat /proc/meminfo > /dev/null && nproc",
    ),
    (
        "programs of the system",
        "git --version && perl -e 1 && ls /usr/bin > /dev/null",
    ),
    (
        "programs in memory",
        r#"perl -e '
        open(F, "<", "/bin/true") or die; binmode F; local $/; my $program = <F>;
        my $number = `uname -m` =~ /x86_64/ ? 319 : 279;
        my $fd = syscall($number, my $name = "x\0", 0); $fd >= 0 or die "memfd: $!";
        open(M, ">&=", $fd); binmode M; print M $program; M->flush if M->can("flush"); $| = 1;
        select((select(M), $| = 1)[0]); close F;
        system { "/proc/self/fd/$fd" } "true"; exit($? >> 8)'"#,
    ),
    (
        "a repository",
        "git init -q r && cd r && echo x > y && git add y && git commit -qm one && git status --porcelain && git log --oneline | grep -q one",
    ),
    (
        "branches",
        "cd r && git switch -qc topic && echo z > z && git add z && git commit -qm two && git switch -q - && git merge -q topic && git stash list",
    ),
];

#[test]
fn ordinary_work_works() {
    let script: String = WORKS
        .iter()
        .map(|(name, line)| {
            format!("( {line} ) >>work.log 2>&1 && echo 'ok {name}' || echo 'FAILED {name}'\n")
        })
        .collect();
    let expected: String = WORKS
        .iter()
        .map(|(name, _)| format!("ok {name}\n"))
        .collect();
    for cage in Cage::all() {
        let user = person();
        let output = cage.run(&user, &script);
        let log = std::fs::read_to_string(user.work().join("work.log")).unwrap_or_default();
        assert_eq!(output.stdout, expected, "{cage:?}: {output}\n{log}");
    }
}

#[test]
fn commits_in_the_repository_of_the_workspace_work() {
    let script = "echo x > y && git add y && git commit -qm two && git log --format=%s";
    for cage in Cage::all() {
        let user = person();
        user.program("git", ["init", "--quiet"])
            .run()
            .assert_success();
        let output = cage.run(&user, script);
        assert_eq!(output.stdout, "two\n", "{cage:?}: {output}");
    }
}

#[test]
fn commits_in_a_linked_worktree_work() {
    for cage in Cage::all() {
        let user = person();
        let main = user.home().join("main");
        let setup = "git init -q ../main && cd ../main && echo x > y && git add y && \
             git commit -qm one && git worktree add -q ../linked";
        user.program("bash", ["-c", setup]).run().assert_success();
        let script = "echo z > z && git add z && git commit -qm two && git log -1 --format=%s; \
             echo x > ../main/.git/hooks/pre-commit; echo x > ../main/y";
        let output = cage
            .loom(&user, &["--", "bash", "-c", script])
            .current_dir(user.home().join("linked"))
            .run();
        assert_eq!(output.stdout, "two\n", "{cage:?}: {output}");
        assert_eq!(std::fs::read_to_string(main.join("y")).unwrap(), "x\n");
        if cage != Cage::Landlock {
            assert!(!main.join(".git/hooks/pre-commit").exists(), "{cage:?}");
        }
    }
}

#[test]
fn terminals_can_be_made_where_others_cannot_be_seen() {
    for cage in Cage::apart() {
        let output = cage.run(
            &person(),
            "script -qec 'test -t 1 && echo terminal' /dev/null",
        );
        assert_eq!(output.stdout.trim(), "terminal", "{cage:?}: {output}");
        let output = cage.run(&person(), "ls /dev/pts");
        assert_eq!(output.stdout, "ptmx\n", "{cage:?}: {output}");
    }
}

#[test]
fn cargo_builds_and_tests() {
    let cargo = std::path::Path::new(env!("CARGO"));
    let script = format!(
        "PATH='{}':$PATH; export CARGO_HOME=$TMPDIR/cargo; \
         cargo init -q --vcs none --name sample --lib . && cargo test -q --offline",
        cargo.parent().unwrap().display()
    );
    for cage in Cage::all() {
        let user = person();
        let output = cage.run(&user, &script);
        output.assert_success();
        assert!(output.stdout.contains("1 passed"), "{cage:?}: {output}");
    }
}

#[test]
fn folders_that_are_named_can_be_written() {
    for cage in Cage::all() {
        let user = person();
        let outside = outside(&user);
        let arguments = ["--write", outside.to_str().unwrap(), "--"];
        let script = [
            "bash",
            "-c",
            "echo more > ~/outside/file && mv ~/outside/file new",
        ];
        let output = cage.loom(&user, &[&arguments[..], &script].concat()).run();
        output.assert_success();
        let text = std::fs::read_to_string(user.work().join("new")).unwrap();
        assert_eq!(text, "more\n", "{cage:?}");
    }
}

#[test]
fn what_a_command_leaves_in_the_background_goes_on() {
    for cage in Cage::all() {
        let user = person();
        let script = "(until [ -e go ]; do sleep 0.02; done; echo done > result) \
             >/dev/null 2>&1 </dev/null & echo started";
        let output = cage.run(&user, script);
        assert_eq!(output.stdout, "started\n", "{cage:?}: {output}");
        std::fs::write(user.work().join("go"), "").unwrap();
        let wait = "until grep -q done result; do sleep 0.02; done";
        user.program("bash", ["-c", wait]).run().assert_success();
    }
}
