//! Paths that are not what they seem.

use std::os::unix::fs::symlink;

use loom_cli_permission::Verdict::{self, Allow, Ask, Deny};
use loom_common_core::PermissionMode::{Auto, Full};
use loom_common_core::{Resource, ToolAccess};

use crate::machine::{Machine, Sandbox};

fn verdict(machine: &Machine, resource: Resource) -> Verdict {
    let (tool, access) = match resource {
        Resource::Write(_) => ("edit_file", ToolAccess::Write),
        _ => ("read_file", ToolAccess::Read),
    };
    machine
        .judge(
            &machine.permissions(),
            Auto,
            Sandbox::Works,
            tool,
            access,
            &[resource],
        )
        .verdict
}

#[test]
fn links_count_as_what_they_lead_to_and_as_what_they_are() {
    let machine = Machine::with_rules(
        "allow = ['edit(~/notes/**)'] \n deny = ['edit(locked/**)', 'edit(door/**)']",
    );
    let inside = |path: &str| machine.workspace.join(path);
    std::fs::create_dir_all(inside("locked")).unwrap();
    std::fs::create_dir_all(inside("open")).unwrap();
    std::fs::create_dir_all(machine.home.join("notes")).unwrap();
    symlink(machine.home.join("other"), inside("out")).unwrap();
    symlink("locked", inside("alias")).unwrap();
    symlink("open", inside("door")).unwrap();
    symlink(machine.home.join("other/new"), inside("dangling")).unwrap();
    symlink(machine.home.join("other"), machine.home.join("notes/out")).unwrap();
    symlink(machine.home.join(".ssh"), inside("keys")).unwrap();
    let write = |path: &str| verdict(&machine, Resource::Write(inside(path)));
    assert_eq!(write("open/a"), Allow);
    assert_eq!(write("out/a"), Ask, "a link out of the workspace");
    assert_eq!(
        write("dangling"),
        Ask,
        "a link to a file that is not there yet"
    );
    assert_eq!(write("alias/a"), Deny, "a link to what is denied");
    assert_eq!(write("door/a"), Deny, "a link with a name that is denied");
    assert_eq!(write("open/../locked/a"), Deny);
    assert_eq!(write("../project/open/a"), Allow);
    assert_eq!(
        verdict(&machine, Resource::Write(machine.home.join("notes/a"))),
        Allow
    );
    assert_eq!(
        verdict(&machine, Resource::Write(machine.home.join("notes/out/a"))),
        Ask
    );
    assert_eq!(verdict(&machine, Resource::Read(inside("keys/id"))), Ask);
    assert_eq!(verdict(&machine, Resource::Read(inside("out/a"))), Allow);
}

#[test]
fn patterns_begin_where_they_say() {
    let machine = Machine::with_rules(
        "deny = ['read(**/*.pem)', 'read(top.txt)', 'read(/opt/**)', 'read(~/private/**)', 'read(a?c/[xy].{md,txt})']",
    );
    let inside = |path: &str| Resource::Read(machine.workspace.join(path));
    for (resource, expected) in [
        (inside("a/b.pem"), Deny),
        (inside("b.pem"), Deny),
        (Resource::Read("/srv/b.pem".into()), Deny),
        (inside("top.txt"), Deny),
        (inside("sub/top.txt"), Allow),
        (Resource::Read("/opt".into()), Deny),
        (Resource::Read("/opt/a/b".into()), Deny),
        (Resource::Read("/opter".into()), Allow),
        (Resource::Read(machine.home.join("private/x")), Deny),
        (inside("abc/x.md"), Deny),
        (inside("abc/z.md"), Allow),
        (inside("a/c/x.md"), Allow),
    ] {
        assert_eq!(
            verdict(&machine, resource.clone()),
            expected,
            "{resource:?}"
        );
    }
}

#[test]
fn sensitive_places_are_allowed_only_by_rules_that_name_them() {
    let machine = Machine::with_rules(
        "allow = ['edit(**)', 'read(**)', 'read(~/**)', 'edit(.vscode/**)', 'read(.env.test)']",
    );
    let inside = |path: &str| machine.workspace.join(path);
    assert_eq!(
        verdict(&machine, Resource::Write(inside(".git/config"))),
        Ask
    );
    assert_eq!(
        verdict(&machine, Resource::Write(inside(".loom/permissions.toml"))),
        Ask
    );
    assert_eq!(
        verdict(&machine, Resource::Write(inside(".vscode/tasks.json"))),
        Allow
    );
    assert_eq!(verdict(&machine, Resource::Read(inside(".env"))), Ask);
    assert_eq!(
        verdict(&machine, Resource::Read(inside(".env.test"))),
        Allow
    );
    assert_eq!(
        verdict(&machine, Resource::Read(machine.home.join(".ssh/id"))),
        Ask
    );
    for file in [
        &machine.files.user,
        &machine.files.personal,
        &machine.files.organization,
    ] {
        assert_eq!(
            verdict(&machine, Resource::Write(file.clone().unwrap())),
            Ask
        );
    }
}

#[test]
fn below_a_folder_that_is_searched_what_is_denied_or_asked_for_is_withheld() {
    let machine = Machine::with_rules(
        "deny = ['read_file(private/**)', 'read_file(**/*.pem)'] \n ask = ['read_file(drafts/**)']",
    );
    let inside = |path: &str| machine.workspace.join(path);
    let readable = machine.readable(Auto, &machine.workspace);
    for path in ["src/main.rs", ".env.example", "src/private/x", "."] {
        assert!(readable.admits(&inside(path)), "{path}");
    }
    for path in [
        "private",
        "private/x",
        "deep/key.pem",
        "drafts",
        "drafts/x",
        ".env",
        "sub/.env.local",
    ] {
        assert!(!readable.admits(&inside(path)), "{path}");
    }
    let home = machine.readable(Auto, &machine.home);
    assert!(!home.admits(&machine.home.join(".ssh")));
    assert!(home.admits(&machine.home.join("notes.txt")));
}

#[test]
fn what_was_asked_for_the_folder_is_not_withheld_below_it_but_other_things_are() {
    let machine =
        Machine::with_rules("deny = ['read_file(**/*.pem)'] \n ask = ['read_file(drafts/**)']");
    let inside = |path: &str| machine.workspace.join(path);
    let drafts = machine.readable(Auto, &inside("drafts"));
    assert!(drafts.admits(&inside("drafts/x")));
    assert!(!drafts.admits(&inside("drafts/key.pem")));
    let keys = machine.home.join(".ssh");
    let ssh = machine.readable(Auto, &keys);
    assert!(ssh.admits(&keys.join("config")));
    assert!(!ssh.admits(&keys.join("key.pem")));
    assert!(!ssh.admits(&inside(".env")), "not below the folder");
}

#[test]
fn a_rule_that_names_a_file_with_secrets_opens_it_to_searches() {
    let machine = Machine::with_rules("allow = ['read(.env)', 'read(**)']");
    let readable = machine.readable(Auto, &machine.workspace);
    assert!(readable.admits(&machine.workspace.join(".env")));
    assert!(!readable.admits(&machine.workspace.join(".env.local")));
    let full = machine.readable(Full, &machine.workspace);
    assert!(full.admits(&machine.workspace.join(".env.local")));
}

#[test]
fn a_rule_that_denies_one_tool_that_edits_holds_for_the_others() {
    for tool in ["edit_file", "write_file", "apply_patch", "edit_notebook"] {
        let machine = Machine::with_rules(&format!("deny = ['{tool}(locked/**)']"));
        let locked = machine.workspace.join("locked/a.ipynb");
        assert_eq!(verdict(&machine, Resource::Write(locked)), Deny, "{tool}");
    }
}
