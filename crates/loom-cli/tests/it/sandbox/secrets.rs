//! Reading what is hidden.

use std::fs;
use std::os::unix::fs::symlink;

use loom_testing::CommandLine;

use super::cage::{Attempts, Cage, is_root, outside, person};

/// Files with secrets, below the home.
const SECRETS: [&str; 26] = [
    ".ssh/id_ed25519",
    ".gnupg/private-keys-v1.d/key",
    ".aws/credentials",
    ".azure/msal_token_cache.json",
    ".config/gcloud/credentials.db",
    ".config/gh/hosts.yml",
    ".config/loom/token",
    ".config/google-chrome/Default/Cookies",
    ".config/containers/auth.json",
    ".local/share/keyrings/login.keyring",
    ".local/share/loom/threads.db",
    ".local/state/loom/server.json",
    ".kube/config",
    ".docker/config.json",
    ".netrc",
    ".git-credentials",
    ".npmrc",
    ".pypirc",
    ".cargo/credentials",
    ".cargo/credentials.toml",
    ".mozilla/firefox/x/logins.json",
    ".password-store/bank.gpg",
    ".claude/.credentials.json",
    ".codex/auth.json",
    ".bash_history",
    "run/bus-cookie",
];

fn person_with_secrets() -> CommandLine {
    let user = person();
    for name in SECRETS {
        let path = user.home().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "SECRET").unwrap();
    }
    user
}

#[test]
fn no_kind_of_secret_can_be_read() {
    let names = SECRETS.map(|name| format!("grep -q SECRET ~/{name}"));
    let attempts: Vec<(&str, &str)> = SECRETS
        .into_iter()
        .zip(names.iter().map(String::as_str))
        .collect();
    let attempts = Attempts(&attempts);
    attempts.assert_they_work_outside(&person_with_secrets(), "");
    for cage in Cage::all() {
        attempts.assert_refused(cage, &person_with_secrets(), "");
    }
}

#[test]
fn no_detour_leads_to_a_secret() {
    const ATTEMPTS: Attempts<'_> = Attempts(&[
        ("a link", "ln -sf ~/.ssh way; grep -q SECRET way/id_ed25519"),
        (
            "a link to the file",
            "ln -sf ~/.netrc file; grep -q SECRET file",
        ),
        ("a hard link", "ln ~/.netrc hard && grep -q SECRET hard"),
        (
            "renaming it",
            "mv ~/.netrc moved && grep -q SECRET moved && mv moved ~/.netrc",
        ),
        (
            "renaming the folder",
            "mv ~/.ssh moved && grep -q SECRET moved/id_ed25519 && mv moved ~/.ssh",
        ),
        (
            "a copy",
            "cp -r ~/.ssh copy && grep -q SECRET copy/id_ed25519",
        ),
        (
            "dots",
            "grep -q SECRET ~/project/../.ssh/../.ssh/id_ed25519",
        ),
        (
            "the root of the process",
            r#"grep -q SECRET "/proc/self/root$HOME/.ssh/id_ed25519""#,
        ),
        (
            "the root of another process",
            r#"grep -q SECRET "/proc/$LOOM_TEST_OTHER/root$HOME/.ssh/id_ed25519""#,
        ),
        (
            "the folder of another process",
            r#"grep -q SECRET "/proc/$LOOM_TEST_OTHER/cwd/../.ssh/id_ed25519""#,
        ),
        (
            "the variables of another process",
            r#"grep -q LOOM_TEST_SECRET "/proc/$LOOM_TEST_OTHER/environ""#,
        ),
        ("a search", "grep -rq SECRET ~/.ssh ~/.aws"),
        ("an archive", "tar cf - -C ~ .ssh | grep -aq SECRET"),
        ("the names", "ls ~/.ssh | grep -q id_ed25519"),
        (
            "a file that a secret links to",
            "grep -q SECRET ~/dotfiles/token",
        ),
        (
            "the place that a secret links to",
            "grep -q SECRET ~/vault/kube/config",
        ),
        (
            "opening by number",
            r#"perl -e 'open(F, "<", "$ENV{HOME}/.netrc") or exit 1; exit(<F> =~ /SECRET/ ? 0 : 1)'"#,
        ),
    ]);
    let person = || {
        let user = person_with_secrets();
        let home = user.home();
        fs::create_dir_all(home.join("dotfiles")).unwrap();
        fs::write(home.join("dotfiles/token"), "SECRET").unwrap();
        symlink(home.join("dotfiles/token"), home.join(".aws/token")).unwrap();
        fs::create_dir_all(home.join("vault")).unwrap();
        fs::rename(home.join(".kube"), home.join("vault/kube")).unwrap();
        symlink(home.join("vault/kube"), home.join(".kube")).unwrap();
        user
    };
    let control = person();
    let other = control
        .program("sleep", ["1000"])
        .env("LOOM_TEST_SECRET", "1")
        .spawn();
    let definitions = format!("LOOM_TEST_OTHER={}", other.id());
    ATTEMPTS.assert_they_work_outside(&control, &definitions);
    for cage in Cage::all() {
        ATTEMPTS.assert_refused(cage, &person(), &definitions);
    }
    other.signal(rustix::process::Signal::KILL);
    let _ = other.wait();
}

#[test]
fn a_secret_that_is_mounted_a_second_time_is_hidden_there_too() {
    if !is_root() {
        eprintln!("NOT TESTED: only the administrator can mount");
        return;
    }
    for cage in Cage::all() {
        let user = person_with_secrets();
        let alias = outside(&user).join("empty");
        // In mounts of its own, which go away with it.
        let script = format!(
            "mount --bind ~/.ssh '{0}' && grep -q SECRET '{0}/id_ed25519' && \
             exec '{1}' sandbox --rung {2} -- grep -r SECRET '{0}'",
            alias.display(),
            env!("CARGO_BIN_EXE_loom"),
            cage.rung()
        );
        let output = user
            .program("unshare", ["--mount", "bash", "-c", &script])
            .run();
        // Not 0, which is found; nor 125, which is no sandbox. The administrator sees an empty folder.
        assert!(matches!(output.code, Some(1 | 2)), "{cage:?}: {output}");
        assert_eq!(output.stdout, "", "{cage:?}");
    }
}

#[test]
fn a_workspace_that_is_the_home_keeps_its_secrets() {
    for cage in Cage::all() {
        let user = person_with_secrets();
        let script = "grep -rs SECRET .ssh .netrc .config; echo x > ~/outside/file && echo written";
        let output = cage
            .loom(&user, &["--", "bash", "-c", script])
            .current_dir(user.home())
            .run();
        assert_eq!(output.stdout, "written\n", "{cage:?}: {output}");
        for (name, script) in [
            ("overwritten", "echo x > .netrc"),
            ("removed", "rm -rf .ssh"),
            ("added", "touch .ssh/authorized_keys"),
        ] {
            let output = cage
                .loom(&user, &["--", "bash", "-c", script])
                .current_dir(user.home())
                .run();
            assert_ne!(output.code, Some(0), "{cage:?} {name}: {output}");
        }
        for name in [".netrc", ".ssh/id_ed25519"] {
            let text = fs::read_to_string(user.home().join(name)).unwrap();
            assert_eq!(text, "SECRET", "{cage:?}");
        }
    }
}

#[test]
fn what_the_person_names_can_be_read_and_the_rest_stays_hidden() {
    for cage in Cage::all() {
        let user = person_with_secrets();
        let netrc = user.home().join(".netrc");
        let script = "cat ~/.netrc; cat ~/.npmrc 2>/dev/null";
        let output = cage
            .loom(
                &user,
                &[
                    "--read",
                    netrc.to_str().unwrap(),
                    "--",
                    "bash",
                    "-c",
                    script,
                ],
            )
            .run();
        assert_eq!(output.stdout, "SECRET", "{cage:?}: {output}");
    }
}

#[test]
fn a_secret_that_is_replaced_while_a_command_runs_stays_hidden() {
    for cage in Cage::all() {
        let user = person_with_secrets();
        let script = "echo ready; until [ -e go ]; do sleep 0.02; done; grep SECRET ~/.netrc";
        let mut running = cage.loom(&user, &["--", "bash", "-c", script]).spawn();
        running.wait_for_line(|line| line == "ready");
        // As programs write their credentials: a new file takes the place of the old.
        let new = user.home().join("netrc.new");
        fs::write(&new, "SECRET").unwrap();
        fs::rename(&new, user.home().join(".netrc")).unwrap();
        fs::write(user.work().join("go"), "").unwrap();
        let output = running.wait();
        assert_eq!(output.stdout, "ready\n", "{cage:?}: {output}");
    }
}

#[test]
fn variables_that_lead_out_are_not_inherited() {
    for cage in Cage::all() {
        let user = person();
        let script =
            "env | grep -E '^(SSH_AUTH_SOCK|DBUS_SESSION_BUS_ADDRESS|LOOM_SANDBOX_POLICY|TMUX)='";
        let output = cage
            .loom(&user, &["--", "bash", "-c", script])
            .env("SSH_AUTH_SOCK", "/tmp/agent")
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/bus")
            .env("TMUX", "/tmp/tmux-0/default,1,0")
            .run();
        output.assert_code(1);
        assert_eq!(output.stdout, "", "{cage:?}");
    }
}
