//! Paths that are not what they seem.

use std::os::unix::fs::symlink;

use loom_cli_permission::Verdict::{self, Allow, Ask, Deny};
use loom_common_core::PermissionMode::Auto;
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
