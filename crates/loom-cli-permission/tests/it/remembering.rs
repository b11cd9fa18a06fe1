//! Rules that the person has remembered.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::thread;

use loom_cli_permission::{
    Effect, PermissionError, PermissionFiles, Permissions, Places, Rule, Verdict,
};
use loom_common_core::inquiry::RuleScope;

use crate::machine::Machine;

fn rules(texts: &[&str]) -> Vec<Rule> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn remembered_rules_count_at_once_and_for_all_who_share_them() {
    let machine = Machine::new();
    for (scope, line) in [
        (RuleScope::Session, "a"),
        (RuleScope::Project, "b"),
        (RuleScope::User, "c"),
    ] {
        let permissions = machine.permissions();
        let shared = permissions.clone();
        assert_eq!(machine.asks_about(&shared, line), Verdict::Ask);
        let rule = rules(&[&format!("bash({line} *)")]);
        permissions.remember(&rule, scope, Effect::Allow).unwrap();
        assert_eq!(
            machine.asks_about(&shared, line),
            Verdict::Allow,
            "{scope:?}"
        );
        let later = machine.asks_about(&machine.permissions(), line);
        let expected = match scope {
            RuleScope::Session => Verdict::Ask,
            RuleScope::Project | RuleScope::User => Verdict::Allow,
        };
        assert_eq!(later, expected, "{scope:?}");
    }
}

#[test]
fn rules_for_a_folder_count_in_no_other() {
    let machine = Machine::new();
    machine
        .permissions()
        .remember(&rules(&["bash(a)"]), RuleScope::Project, Effect::Allow)
        .unwrap();
    let other = PermissionFiles::standard(
        &machine.home.join(".config/loom"),
        &machine.home.join(".state"),
        &machine.home.join("elsewhere"),
    );
    let permissions = Permissions::load(other, Places::default()).unwrap();
    assert_eq!(machine.asks_about(&permissions, "a"), Verdict::Ask);
    assert!(
        !machine.workspace.join(".loom").exists(),
        "nothing is written into the project"
    );
}

#[test]
fn comments_and_layout_stay() {
    let written = |text: &str| {
        let machine = Machine::with_rules(text);
        machine
            .permissions()
            .remember(
                &rules(&["bash(x *)", "edit(src/**)"]),
                RuleScope::User,
                Effect::Allow,
            )
            .unwrap();
        fs::read_to_string(machine.files.user.as_deref().unwrap()).unwrap()
    };
    let files = [
        "",
        "allow = []\n",
        "allow = ['bash(a)'] # short\n",
        "# mine\nallow = [\n  # about a\n  'bash(a)', # why a\n]\n\n# never\ndeny = ['bash(rm *)']\n",
        "allow = [\n    'bash(a)' # no comma\n]\n",
        "deny = ['bash(rm *)']\n# the end\n",
        "# nothing yet",
    ];
    let shown: Vec<_> = files
        .iter()
        .map(|text| format!("--- before\n{text}--- after\n{}", written(text)))
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn a_rule_is_written_once() {
    let machine = Machine::new();
    let permissions = machine.permissions();
    let file = machine.files.user.clone().unwrap();
    let remember =
        |text: &str| permissions.remember(&rules(&[text]), RuleScope::User, Effect::Allow);
    remember("bash(a *)").unwrap();
    let before = fs::read(&file).unwrap();
    remember("bash( 'a'  *)").unwrap();
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn denials_are_remembered_too() {
    let machine = Machine::with_rules("allow = ['bash(a)']");
    let permissions = machine.permissions();
    permissions
        .remember(&rules(&["bash(a)"]), RuleScope::User, Effect::Deny)
        .unwrap();
    assert_eq!(machine.asks_about(&permissions, "a"), Verdict::Deny);
}

#[test]
fn a_file_that_is_wrong_is_left_alone() {
    let machine = Machine::new();
    let permissions = machine.permissions();
    let file = machine.files.user.clone().unwrap();
    machine.write(&file, "deny = [");
    let error = permissions.remember(&rules(&["bash(a)"]), RuleScope::User, Effect::Allow);
    assert!(
        matches!(error, Err(PermissionError::Syntax { line: 1, .. })),
        "{error:?}"
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), "deny = [");
    assert_eq!(machine.asks_about(&permissions, "a"), Verdict::Ask);
}

#[test]
fn what_cannot_be_written_does_not_count() {
    let machine = Machine::new();
    let permissions = machine.permissions();
    // A file stands where the folder would have to be.
    machine.write(&machine.home.join(".config/loom"), "");
    let error = permissions.remember(&rules(&["bash(a)"]), RuleScope::User, Effect::Allow);
    assert!(
        matches!(error, Err(PermissionError::Write { .. })),
        "{error:?}"
    );
    assert_eq!(machine.asks_about(&permissions, "a"), Verdict::Ask);
    let nowhere = Permissions::load(PermissionFiles::default(), Places::default()).unwrap();
    let error = nowhere.remember(&rules(&["bash(a)"]), RuleScope::Project, Effect::Allow);
    assert!(matches!(error, Err(PermissionError::NoFile)), "{error:?}");
}

#[test]
fn a_linked_file_stays_linked_and_keeps_its_mode() {
    let machine = Machine::new();
    let target = machine.home.join("dotfiles/permissions.toml");
    machine.write(&target, "# kept elsewhere\n");
    fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).unwrap();
    let file = machine.files.user.clone().unwrap();
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    symlink(&target, &file).unwrap();
    machine
        .permissions()
        .remember(&rules(&["bash(a)"]), RuleScope::User, Effect::Allow)
        .unwrap();
    assert!(file.is_symlink());
    assert!(fs::read_to_string(&target).unwrap().contains("bash(a)"));
    assert_eq!(
        fs::metadata(&target).unwrap().permissions().mode() & 0o777,
        0o640
    );
    let personal = machine.files.personal.clone().unwrap();
    machine
        .permissions()
        .remember(&rules(&["bash(a)"]), RuleScope::Project, Effect::Allow)
        .unwrap();
    assert_eq!(
        fs::metadata(&personal).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[test]
fn sessions_that_remember_at_once_lose_nothing() {
    const SESSIONS: usize = 8;
    const RULES: usize = 10;
    let machine = Machine::with_rules("# mine\n");
    thread::scope(|scope| {
        for session in 0..SESSIONS {
            // Each loads for itself, as another process would; a file lock holds for each opening.
            let permissions = machine.permissions();
            scope.spawn(move || {
                for number in 0..RULES {
                    let rule = rules(&[&format!("bash(a{session} {number})")]);
                    permissions
                        .remember(&rule, RuleScope::User, Effect::Allow)
                        .unwrap();
                }
            });
        }
    });
    let permissions = machine.permissions();
    for session in 0..SESSIONS {
        for number in 0..RULES {
            let line = format!("a{session} {number}");
            assert_eq!(
                machine.asks_about(&permissions, &line),
                Verdict::Allow,
                "{line}"
            );
        }
    }
    let text = fs::read_to_string(machine.files.user.as_deref().unwrap()).unwrap();
    assert!(text.starts_with("# mine\n"), "{text}");
    let folder = machine.files.user.as_deref().unwrap().parent().unwrap();
    assert_eq!(
        fs::read_dir(folder).unwrap().count(),
        1,
        "nothing is left behind"
    );
}
