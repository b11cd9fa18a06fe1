//! Writing where it is not allowed.

use super::cage::{Attempts, Cage, outside, person, snapshot};

/// Writing to contents and names. `O` is the folder outside.
const WRITES: Attempts<'_> = Attempts(&[
    ("make a file", r#"echo x > "$O/new""#),
    ("make a folder", r#"mkdir "$O/folder""#),
    ("make a pipe", r#"mkfifo "$O/pipe""#),
    ("make a link", r#"ln -s /etc/passwd "$O/link""#),
    ("append", r#"echo x >> "$O/file""#),
    ("overwrite", r#"echo x > "$O/file""#),
    ("cut off", r#"truncate -s 1 "$O/file""#),
    (
        "cut off by name",
        r#"perl -e 'truncate($ARGV[0], 1) or exit 1' "$O/file""#,
    ),
    (
        "cut off while reading",
        r#"perl -MFcntl -e 'sysopen(F, $ARGV[0], O_RDONLY|O_TRUNC) or exit 1' "$O/file""#,
    ),
    (
        "rename",
        r#"mv "$O/file" "$O/file2" && mv "$O/file2" "$O/file""#,
    ),
    (
        "rename out",
        r#"touch a; perl -e 'rename("a", $ARGV[0]) or exit 1' "$O/a""#,
    ),
    (
        "rename in",
        r#"touch "$O/b" 2>/dev/null; perl -e 'rename($ARGV[0], "stolen") or exit 1' "$O/file" && mv stolen "$O/file""#,
    ),
    ("link in", r#"ln "$O/file" linked && echo x >> linked"#),
    ("link out", r#"touch c; ln c "$O/c""#),
    (
        "write through a link",
        r#"ln -sf "$O/file" way; echo x > way"#,
    ),
    (
        "write through a linked folder",
        r#"ln -sfn "$O" road; echo x > road/new2"#,
    ),
    ("climb out", r#"echo x > "../outside/new3""#),
    (
        "write through the process",
        r#"echo x > "/proc/self/root$O/new4""#,
    ),
    (
        "write through the folder of the process",
        r#"echo x > /proc/self/cwd/../outside/new5"#,
    ),
    (
        "write through a file descriptor",
        r#"exec 3< "$O"; echo x > /proc/self/fd/3/new6"#,
    ),
    (
        "write through another process",
        r#"echo x > "/proc/$LOOM_TEST_OTHER/root$O/new7""#,
    ),
    (
        "make a socket",
        r#"perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0) or exit 1; bind(S, pack_sockaddr_un($ARGV[0])) or exit 1' "$O/socket""#,
    ),
    ("remove a folder", r#"rmdir "$O/empty""#),
    ("remove a file", r#"rm "$O/file""#),
]);

/// Writing to what programs run later.
const PLANTS: Attempts<'_> = Attempts(&[
    ("shell", "echo x >> ~/.bashrc"),
    ("login", "echo x >> ~/.profile"),
    ("zsh", "echo x >> ~/.zshrc"),
    ("git", "git config --file ~/.gitconfig core.pager x"),
    ("autostart", "mkdir -p ~/.config/autostart"),
    ("systemd", "mkdir -p ~/.config/systemd/user"),
    ("path", "mkdir -p ~/.local/bin"),
    ("ssh", "mkdir -p ~/.ssh && echo x >> ~/.ssh/authorized_keys"),
    ("python", "mkdir -p ~/.local/lib/python3"),
    ("the folder for all temporary files", "touch ~/tmp/planted"),
]);

/// Writing to permissions and times, which rules on files alone do not cover.
const ATTRIBUTES: Attempts<'_> = Attempts(&[
    ("permissions", r#"chmod 777 "$O/file""#),
    ("permissions of a folder", r#"chmod 777 "$O""#),
    ("times", r#"touch -d @1 "$O/file""#),
    ("owner", r#"chown "$(id -u)" "$O/file""#),
]);

fn definitions(user: &loom_testing::CommandLine) -> String {
    format!("O='{}'", outside(user).display())
}

#[test]
fn nothing_outside_the_workspace_can_be_written() {
    let control = person();
    let other = control.program("sleep", ["1000"]).spawn();
    let at = |definitions: String| format!("export LOOM_TEST_OTHER={}; {definitions}", other.id());
    WRITES.assert_they_work_outside(&control, &at(definitions(&control)));
    for cage in Cage::all() {
        let user = person();
        let before = snapshot(&outside(&user));
        WRITES.assert_refused(cage, &user, &at(definitions(&user)));
        assert_eq!(snapshot(&outside(&user)), before, "{cage:?}");
    }
    other.signal(rustix::process::Signal::KILL);
    let _ = other.wait();
}

#[test]
fn nothing_can_be_planted_in_the_home() {
    PLANTS.assert_they_work_outside(&person(), "");
    for cage in Cage::all() {
        PLANTS.assert_refused(cage, &person(), "");
    }
}

#[test]
fn permissions_and_times_outside_stay_where_mounts_are_read_only() {
    let control = person();
    ATTRIBUTES.assert_they_work_outside(&control, &definitions(&control));
    for cage in Cage::apart() {
        let user = person();
        let before = snapshot(&outside(&user));
        ATTRIBUTES.assert_refused(cage, &user, &definitions(&user));
        assert_eq!(snapshot(&outside(&user)), before, "{cage:?}");
    }
}

#[test]
fn a_race_with_a_symbolic_link_does_not_lead_out() {
    // One process keeps exchanging a folder for a link, the other writes through it all the time.
    let script = r#"
        mkdir here; ln -s "$O" there
        perl -e 'for (1..4000) { rename("way", "old"); symlink("here", "way"); unlink("old");
                                 rename("way", "old"); symlink($ARGV[0], "way"); unlink("old"); }' "$O" &
        racer=$!
        while kill -0 $racer 2>/dev/null; do echo x > way/raced; done 2>/dev/null
        ls here
    "#;
    for cage in Cage::all() {
        let user = person();
        let before = snapshot(&outside(&user));
        let output = cage.run(&user, &format!("{}\n{script}", definitions(&user)));
        assert_eq!(snapshot(&outside(&user)), before, "{cage:?}: {output}");
        assert_eq!(
            output.stdout, "raced\n",
            "the race has two outcomes: {output}"
        );
    }
}

#[test]
fn hooks_and_settings_of_the_repository_cannot_be_changed() {
    const ATTEMPTS: Attempts<'_> = Attempts(&[
        ("add a hook", "echo x > .git/hooks/pre-commit"),
        ("change a setting", "git config core.fsmonitor ./evil"),
        ("append to the settings", "echo x >> .git/config"),
        (
            "replace the settings",
            "cp .git/config c && mv c .git/config",
        ),
        ("remove the hooks", "rm -r .git/hooks"),
        (
            "move the hooks away",
            "mv .git/hooks .git/h && mkdir .git/hooks",
        ),
        ("move the repository away", "mv .git g && cp -r g .git"),
        (
            "change the settings of Loom",
            "echo x > .loom/settings.toml",
        ),
        ("replace the settings of Loom", "mv .loom l && mkdir .loom"),
    ]);
    let person = || {
        let user = person();
        let work = user.work();
        user.program("git", ["init", "--quiet"])
            .run()
            .assert_success();
        std::fs::create_dir(work.join(".loom")).unwrap();
        std::fs::write(work.join(".loom/settings.toml"), "").unwrap();
        user
    };
    ATTEMPTS.0.iter().for_each(|attempt| {
        Attempts(&[*attempt]).assert_they_work_outside(&person(), "");
    });
    for cage in Cage::apart() {
        let user = person();
        let before = std::fs::read_to_string(user.work().join(".git/config")).unwrap();
        ATTEMPTS.assert_refused(cage, &user, "");
        let after = std::fs::read_to_string(user.work().join(".git/config")).unwrap();
        assert_eq!(after, before);
    }
}

#[test]
fn a_repository_without_a_folder_for_hooks_gets_no_hooks() {
    for cage in Cage::apart() {
        let user = person();
        user.program("git", ["init", "--quiet"])
            .run()
            .assert_success();
        std::fs::remove_dir_all(user.work().join(".git/hooks")).unwrap();
        let output = cage.run(&user, "mkdir -p .git/hooks; echo x > .git/hooks/pre-commit");
        assert_ne!(output.code, Some(0), "{output}");
        assert!(!user.work().join(".git/hooks/pre-commit").exists());
    }
}

#[test]
fn a_forged_link_to_a_repository_opens_no_other_folder() {
    for cage in Cage::all() {
        let user = person();
        let outside = outside(&user);
        for name in ["objects", "refs"] {
            std::fs::create_dir(outside.join(name)).unwrap();
        }
        std::fs::write(outside.join("HEAD"), "ref: refs/heads/main\n").unwrap();
        let pointer = format!("gitdir: {}\n", outside.display());
        std::fs::write(user.work().join(".git"), pointer).unwrap();
        let output = cage.run(&user, "echo x > ../outside/file");
        assert_ne!(output.code, Some(0), "{cage:?}: {output}");
    }
}
