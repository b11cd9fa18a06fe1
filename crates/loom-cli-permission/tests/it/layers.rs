//! Rules from several files, and files that are wrong.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use loom_cli_permission::{Effect, PermissionError, Rule, Verdict};
use loom_common_core::PermissionMode;
use loom_common_core::inquiry::RuleScope;

use crate::machine::{Machine, Sandbox};

impl Machine {
    fn organization(&self, text: &str) {
        self.write(self.files.organization.as_deref().unwrap(), text);
    }

    fn project(&self, text: &str) {
        self.write(self.files.project.as_deref().unwrap(), text);
    }
}

#[test]
fn the_strictest_of_all_layers_wins() {
    let machine = Machine::with_rules(
        "allow = ['bash(a *)', 'bash(b *)', 'bash(c *)'] \n deny = ['bash(d)']",
    );
    machine.organization(
        "deny = ['bash(a *)'] \n ask = ['bash(b *)'] \n allow = ['bash(d)', 'bash(e)']",
    );
    machine.project("deny = ['bash(c x)'] \n ask = ['bash(e)']");
    let permissions = machine.permissions();
    let remembered: Vec<Rule> = vec!["bash(a b)".parse().unwrap(), "bash(e)".parse().unwrap()];
    permissions
        .remember(&remembered, RuleScope::Session, Effect::Allow)
        .unwrap();
    for (line, verdict) in [
        ("a b", Verdict::Deny),
        ("b x", Verdict::Ask),
        ("c x", Verdict::Deny),
        ("c y", Verdict::Allow),
        ("d", Verdict::Deny),
        ("e", Verdict::Ask),
    ] {
        assert_eq!(machine.asks_about(&permissions, line), verdict, "{line}");
    }
}

#[test]
fn what_a_command_allows_itself_ends_with_it_and_never_goes_past_other_rules() {
    let machine =
        Machine::with_rules("deny = ['bash(git push *)'] \n ask = ['bash(git commit *)']");
    let permissions = machine.permissions();
    let lines = ["git fetch", "git push", "git commit"];
    let verdicts = || lines.map(|line| machine.asks_about(&permissions, line));
    let before = [Verdict::Ask, Verdict::Deny, Verdict::Ask];
    assert_eq!(verdicts(), before);
    let wished = ["bash(git *)".parse().unwrap()];
    permissions.allow_for_command("/home/ada/commands/sync.md".as_ref(), &wished);
    assert_eq!(verdicts(), [Verdict::Allow, Verdict::Deny, Verdict::Ask]);
    permissions.allow_for_command("/home/ada/commands/other.md".as_ref(), &[]);
    assert_eq!(verdicts(), before);
    permissions.allow_for_command("/home/ada/commands/sync.md".as_ref(), &wished);
    permissions.end_command();
    assert_eq!(verdicts(), before);
}

#[test]
fn a_project_allows_nothing_until_its_content_is_trusted() {
    let machine = Machine::new();
    machine.project("allow = ['bash(make *)'] \n deny = ['bash(rm *)']");
    let permissions = machine.permissions();
    assert_eq!(machine.asks_about(&permissions, "make"), Verdict::Ask);
    assert_eq!(machine.asks_about(&permissions, "rm x"), Verdict::Deny);
    let untrusted = permissions.untrusted().unwrap();
    assert_eq!(untrusted.rules, ["bash(make *)".parse().unwrap()]);
    permissions.trust(&untrusted).unwrap();
    assert_eq!(machine.asks_about(&permissions, "make"), Verdict::Allow);
    assert_eq!(permissions.untrusted(), None);
    // In later sessions, too.
    assert_eq!(
        machine.asks_about(&machine.permissions(), "make"),
        Verdict::Allow
    );
    // Not for another content.
    machine.project("allow = ['bash(make *)', 'bash(curl *)'] \n deny = ['bash(rm *)']");
    permissions.reload().unwrap();
    for permissions in [&permissions, &machine.permissions()] {
        assert_eq!(machine.asks_about(permissions, "make"), Verdict::Ask);
        assert!(permissions.untrusted().is_some());
    }
}

#[test]
fn what_was_seen_is_trusted_and_not_what_came_after() {
    let machine = Machine::new();
    machine.project("allow = ['bash(make *)']");
    let permissions = machine.permissions();
    let seen = permissions.untrusted().unwrap();
    machine.project("allow = ['bash(curl *)']");
    permissions.reload().unwrap();
    permissions.trust(&seen).unwrap();
    assert_eq!(machine.asks_about(&permissions, "curl x"), Verdict::Ask);
}

#[test]
fn a_repository_cannot_bring_trust_along() {
    let machine = Machine::new();
    machine.project("allow = ['bash(make *)'] \n trusted = 'sha256:00'");
    assert!(matches!(machine.load(), Err(PermissionError::Key { .. })));
}

#[test]
fn the_organization_can_switch_full_mode_off() {
    let machine = Machine::new();
    machine.organization("full_mode = false");
    let permissions = machine.permissions();
    let origin = permissions.mode_switched_off(PermissionMode::Full).unwrap();
    assert_eq!(origin.line, Some(1));
    assert_eq!(permissions.mode_switched_off(PermissionMode::Auto), None);
    let decision = machine.judge_line(&permissions, PermissionMode::Full, Sandbox::Missing, "make");
    assert_eq!(decision.verdict, Verdict::Ask);
    machine.organization("full_mode = true");
    assert_eq!(
        machine
            .permissions()
            .mode_switched_off(PermissionMode::Full),
        None
    );
}

#[test]
fn wrong_files_fail_the_session_and_say_where() {
    let machine = Machine::new();
    let file = machine.files.user.clone().unwrap();
    let message = |text: &[u8]| {
        machine.write(&file, "");
        fs::write(&file, text).unwrap();
        let error = machine.load().unwrap_err();
        format!("{error}\n  hint: {}", error.hint().unwrap_or_default())
            .replace(&*machine.home.to_string_lossy(), "~")
    };
    let messages = [
        message(b"deny = ['bash(rm *)'\n"),
        message(b"allow = []\ndeny = ['bash(rm *']\n"),
        message(b"allows = []\n"),
        message(b"deny = 'bash'\n"),
        message(b"deny = ['\xff']\n"),
        message(&vec![b'#'; 2_000_000]),
    ];
    insta::assert_snapshot!(messages.join("\n"));
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert!(matches!(machine.load(), Err(PermissionError::Read { .. })));
}

#[test]
fn reloading_a_wrong_file_keeps_the_rules() {
    let machine = Machine::with_rules("deny = ['bash(rm *)']");
    let permissions = machine.permissions();
    machine.write(machine.files.user.as_deref().unwrap(), "deny = [");
    permissions.reload().unwrap_err();
    assert_eq!(machine.asks_about(&permissions, "rm x"), Verdict::Deny);
    machine.write(machine.files.user.as_deref().unwrap(), "");
    permissions.reload().unwrap();
    assert_eq!(machine.asks_about(&permissions, "rm x"), Verdict::Ask);
}

#[test]
fn an_unreadable_file_fails_the_session() {
    let machine = Machine::with_rules("deny = ['bash(rm *)']");
    let file = machine.files.user.clone().unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    // Root reads everything.
    if fs::read(&file).is_err() {
        assert!(matches!(machine.load(), Err(PermissionError::Read { .. })));
    }
}
