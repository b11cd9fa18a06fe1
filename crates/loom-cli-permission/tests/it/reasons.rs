//! What the person and the model are told.

use loom_cli_permission::{Decision, Reason};
use loom_common_core::PermissionMode::{self, Ask, Auto, Full, Plan};
use loom_common_core::{Confinement, Resource, ToolAccess};

use crate::machine::{Machine, Sandbox};

fn shown(machine: &Machine, decision: &Decision) -> String {
    let suggestions: Vec<_> = decision
        .suggestions
        .iter()
        .map(|suggestion| {
            let rules: Vec<_> = suggestion.rules.iter().map(ToString::to_string).collect();
            format!("\n  remember {}: {}", suggestion.label, rules.join(" + "))
        })
        .collect();
    format!(
        "{decision}\n  to the model: {}{}\n",
        decision.for_model(),
        suggestions.concat()
    )
    .replace(&*machine.home.to_string_lossy(), "/home/ada")
}

#[test]
fn decisions_are_explained() {
    let machine = Machine::with_rules(
        "allow = ['bash(make *)']\nask = [\n  'bash(git push *)',\n]\ndeny = ['bash(rm *)', 'edit(locked/**)']",
    );
    let permissions = machine.permissions();
    let line = |mode: PermissionMode, sandbox, line: &str| {
        let decision = machine.judge_line(&permissions, mode, sandbox, line);
        format!("{mode} $ {line}\n{}", shown(&machine, &decision))
    };
    let call = |mode: PermissionMode, tool: &str, access, resources: &[Resource]| {
        let decision = machine.judge(&permissions, mode, Sandbox::Works, tool, access, resources);
        format!("{mode} {tool}\n{}", shown(&machine, &decision))
    };
    let write = |path: &str| [Resource::Write(machine.workspace.join(path))];
    let outside = Resource::Command {
        line: "docker ps".to_owned(),
        confinement: Confinement::Free,
    };
    let explained = [
        line(Ask, Sandbox::Works, "make all"),
        line(Ask, Sandbox::Works, "git log"),
        line(
            Ask,
            Sandbox::Works,
            "cargo test -p core && npm run build > out.txt",
        ),
        line(Auto, Sandbox::Works, "cargo test"),
        line(Auto, Sandbox::Missing, "cargo test"),
        line(Plan, Sandbox::Works, "cargo test"),
        line(Plan, Sandbox::Works, "eval \"$x\""),
        line(Full, Sandbox::Works, "cargo test"),
        line(Full, Sandbox::Works, "cargo test && git push origin"),
        line(Full, Sandbox::Works, "ls; sudo rm -rf /"),
        line(Full, Sandbox::Works, "$cmd x"),
        line(Ask, Sandbox::Works, "cat .env"),
        line(Ask, Sandbox::Works, "ls 'a"),
        line(Auto, Sandbox::Works, "cp x .git/hooks/post-commit"),
        line(Ask, Sandbox::Works, "ls > $out"),
        call(Auto, "bash", ToolAccess::Execute, &[outside]),
        call(Ask, "edit_file", ToolAccess::Write, &write("src/deep/a.rs")),
        call(Ask, "edit_file", ToolAccess::Write, &write("a.rs")),
        call(
            Auto,
            "edit_file",
            ToolAccess::Write,
            &write("../other/a.rs"),
        ),
        call(Auto, "edit_file", ToolAccess::Write, &write(".git/config")),
        call(Plan, "edit_file", ToolAccess::Write, &write("a.rs")),
        call(Auto, "edit_file", ToolAccess::Write, &write("locked/a")),
        call(
            Auto,
            "read_file",
            ToolAccess::Read,
            &[Resource::Read(machine.home.join(".ssh/id"))],
        ),
        call(
            Auto,
            "web_fetch",
            ToolAccess::Network,
            &[Resource::Url("https://docs.rs/serde/".to_owned())],
        ),
        call(Auto, "web_search", ToolAccess::Network, &[]),
        call(Auto, "mcp__github__create_issue", ToolAccess::Execute, &[]),
    ];
    insta::assert_snapshot!(explained.join("\n"));
}

#[test]
fn reasons_travel_as_json() {
    let machine = Machine::with_rules("deny = ['bash(rm *)']");
    let permissions = machine.permissions();
    let reasons: Vec<String> = [
        (Full, "rm x"),
        (Full, "$x"),
        (Ask, "make"),
        (Ask, "ls"),
        (Ask, "cat .env"),
    ]
    .into_iter()
    .map(|(mode, line)| {
        let reason = machine
            .judge_line(&permissions, mode, Sandbox::Works, line)
            .reason;
        let json = serde_json::to_string(&reason).unwrap();
        assert_eq!(serde_json::from_str::<Reason>(&json).unwrap(), reason);
        json.replace(&*machine.home.to_string_lossy(), "/home/ada")
    })
    .collect();
    insta::assert_snapshot!(reasons.join("\n"));
}
