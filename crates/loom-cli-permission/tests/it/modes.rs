//! What each mode lets run where no rule says anything, and what rules add to it.

use std::path::Path;

use loom_cli_permission::Verdict;
use loom_common_core::PermissionMode::{Ask, Auto, Full, Plan};
use loom_common_core::{Confinement, PermissionMode, Resource, ToolAccess};

use crate::machine::{Machine, Sandbox};

const MODES: [PermissionMode; 4] = [Plan, Ask, Auto, Full];

fn command(line: &str, confinement: Confinement) -> Resource {
    Resource::Command {
        line: line.to_owned(),
        confinement,
    }
}

/// Writes the verdicts in all modes: `D` deny, `?` ask, `s` allow in the sandbox, `f` allow free.
fn row(
    machine: &Machine,
    sandbox: Sandbox,
    tool: &str,
    access: ToolAccess,
    resources: &[Resource],
) -> String {
    let permissions = machine.permissions();
    MODES
        .map(|mode| {
            let decision = machine.judge(&permissions, mode, sandbox, tool, access, resources);
            match (decision.verdict, decision.confinement) {
                (Verdict::Deny, _) => 'D',
                (Verdict::Ask, _) => '?',
                (Verdict::Allow, Confinement::Sandboxed) => 's',
                (Verdict::Allow, Confinement::Free) => 'f',
            }
        })
        .iter()
        .collect()
}

#[test]
fn modes_decide_by_what_is_touched() {
    use Confinement::{Free, Sandboxed};
    use Sandbox::{Missing, Works};
    use ToolAccess::{Execute, Network, Read, Write};
    let machine = Machine::new();
    let inside = machine.workspace.join("src/a.rs");
    let outside = machine.home.join("other/a.rs");
    let read = |path: &Path| [Resource::Read(path.to_owned())];
    let write = |path: &Path| [Resource::Write(path.to_owned())];
    let url = [Resource::Url("https://docs.rs/serde".to_owned())];
    let secret = machine.home.join(".ssh/id");
    let hook = machine.workspace.join(".git/hooks/pre-commit");
    let row = |sandbox, tool: &str, access, resources: &[Resource]| {
        row(&machine, sandbox, tool, access, resources)
    };
    let table = [
        (
            "read inside",
            row(Works, "read_file", Read, &read(&inside)),
            "ffff",
        ),
        (
            "read outside",
            row(Works, "read_file", Read, &read(&outside)),
            "ffff",
        ),
        (
            "read credentials",
            row(Works, "read_file", Read, &read(&secret)),
            "???f",
        ),
        (
            "edit inside",
            row(Works, "edit_file", Write, &write(&inside)),
            "D?ff",
        ),
        (
            "edit outside",
            row(Works, "edit_file", Write, &write(&outside)),
            "D??f",
        ),
        (
            "edit a hook",
            row(Works, "edit_file", Write, &write(&hook)),
            "D??f",
        ),
        (
            "edit nothing that is named",
            row(Works, "edit_file", Write, &[]),
            "D??f",
        ),
        (
            "command",
            row(Works, "bash", Execute, &[command("make", Sandboxed)]),
            "D?sf",
        ),
        (
            "command, no sandbox",
            row(Missing, "bash", Execute, &[command("make", Sandboxed)]),
            "D??f",
        ),
        (
            "command outside",
            row(Works, "bash", Execute, &[command("make", Free)]),
            "D??f",
        ),
        (
            "command that looks",
            row(Works, "bash", Execute, &[command("ls", Sandboxed)]),
            "sssf",
        ),
        (
            "looks, no sandbox",
            row(Missing, "bash", Execute, &[command("ls", Sandboxed)]),
            "ffff",
        ),
        (
            "looks outside",
            row(Works, "bash", Execute, &[command("ls", Free)]),
            "sssf",
        ),
        (
            "looks at what is not known",
            row(Works, "bash", Execute, &[command("cat $x", Sandboxed)]),
            "sssf",
        ),
        (
            "the same, no sandbox",
            row(Missing, "bash", Execute, &[command("cat $x", Sandboxed)]),
            "D??f",
        ),
        (
            "looks at secrets",
            row(Works, "bash", Execute, &[command("cat .env", Sandboxed)]),
            "???f",
        ),
        (
            "unclear",
            row(Works, "bash", Execute, &[command("$x", Sandboxed)]),
            "D?sf",
        ),
        (
            "unclear, no sandbox",
            row(Missing, "bash", Execute, &[command("$x", Sandboxed)]),
            "D??f",
        ),
        (
            "writes a file",
            row(Works, "bash", Execute, &[command("ls > x", Sandboxed)]),
            "D?sf",
        ),
        (
            "writes outside",
            row(Works, "bash", Execute, &[command("ls > /opt/x", Sandboxed)]),
            "D?sf",
        ),
        (
            "writes a hook",
            row(
                Works,
                "bash",
                Execute,
                &[command("ls > .git/hooks/x", Sandboxed)],
            ),
            "D??f",
        ),
        (
            "touches a hook",
            row(
                Works,
                "bash",
                Execute,
                &[command("cp a .git/hooks/x", Sandboxed)],
            ),
            "D??f",
        ),
        (
            "names a folder",
            row(
                Works,
                "bash",
                Execute,
                &[command("tar --exclude .git -cf a .", Sandboxed)],
            ),
            "D?sf",
        ),
        (
            "writes, no sandbox",
            row(Missing, "bash", Execute, &[command("ls > x", Sandboxed)]),
            "D?ff",
        ),
        ("network", row(Works, "web_fetch", Network, &url), "D??f"),
        ("search", row(Works, "web_search", Network, &[]), "D??f"),
        (
            "tool of a server",
            row(Works, "mcp__x__do", Execute, &[]),
            "D??f",
        ),
        (
            "reading tool of a server",
            row(Works, "mcp__x__get", Read, &[]),
            "ffff",
        ),
        (
            "read and edit",
            row(
                Works,
                "apply_patch",
                Write,
                &[read(&inside), write(&outside)].concat(),
            ),
            "D??f",
        ),
    ];
    for (what, found, expected) in table {
        assert_eq!(found, expected, "{what}: plan, ask, auto, full");
    }
}

#[test]
fn rules_change_what_modes_decide() {
    use Confinement::{Free, Sandboxed};
    use Sandbox::{Missing, Works};
    use ToolAccess::{Execute, Network, Read, Write};
    let machine = Machine::with_rules(
        "allow = ['bash(make *)', 'edit(src/**)', 'web_fetch(docs.rs)', 'mcp__x__*', 'read(~/.ssh/config)']
         ask = ['bash(git push *)', 'edit(src/lib.rs)', 'web_fetch(evil.example)']
         deny = ['bash(rm *)', 'read_file(secret/**)', 'mcp__bad__*', 'edit_file(*.lock)']",
    );
    let workspace = machine.workspace.clone();
    let inside = |path: &str| workspace.join(path);
    let write = |path: &str| [Resource::Write(inside(path))];
    let read = |path: &str| [Resource::Read(inside(path))];
    let url = |address: &str| [Resource::Url(address.to_owned())];
    let row = |sandbox, tool: &str, access, resources: &[Resource]| {
        row(&machine, sandbox, tool, access, resources)
    };
    let line = |text: &str| [command(text, Sandboxed)];
    let table = [
        (
            "allowed command",
            row(Works, "bash", Execute, &line("make all")),
            "Dssf",
        ),
        (
            "without a sandbox",
            row(Missing, "bash", Execute, &line("make all")),
            "Dfff",
        ),
        (
            "outside of it",
            row(Works, "bash", Execute, &[command("make all", Free)]),
            "D??f",
        ),
        (
            "with another",
            row(Works, "bash", Execute, &line("make && cmake .")),
            "D?sf",
        ),
        (
            "asked for",
            row(Works, "bash", Execute, &line("make && git push")),
            "D???",
        ),
        (
            "denied",
            row(Works, "bash", Execute, &line("make && rm x")),
            "DDDD",
        ),
        (
            "redirected where edits are allowed",
            row(Works, "bash", Execute, &line("make > src/x")),
            "Dssf",
        ),
        (
            "redirected where they are denied",
            row(Works, "bash", Execute, &line("make > a.lock")),
            "DDDD",
        ),
        (
            "redirected where they are asked for",
            row(Works, "bash", Execute, &line("make > src/lib.rs")),
            "D???",
        ),
        (
            "perhaps written where they are asked for",
            row(Works, "bash", Execute, &line("make src/lib.rs")),
            "D???",
        ),
        (
            "read what is denied",
            row(Works, "bash", Execute, &line("cat secret/a")),
            "DDDD",
        ),
        (
            "redirected from there",
            row(Works, "bash", Execute, &line("wc < secret/a")),
            "DDDD",
        ),
        (
            "read with a tool",
            row(Works, "read_file", Read, &read("secret/a")),
            "DDDD",
        ),
        (
            "read with another tool",
            row(Works, "grep", Read, &read("secret")),
            "DDDD",
        ),
        (
            "allowed edit",
            row(Works, "write_file", Write, &write("src/a.rs")),
            "Dfff",
        ),
        (
            "asked for edit",
            row(Works, "write_file", Write, &write("src/lib.rs")),
            "D???",
        ),
        (
            "denied edit",
            row(Works, "write_file", Write, &write("Cargo.lock")),
            "DDDD",
        ),
        (
            "allowed page",
            row(Works, "web_fetch", Network, &url("https://docs.rs/x")),
            "ffff",
        ),
        (
            "another port",
            row(Works, "web_fetch", Network, &url("https://docs.rs:8443/x")),
            "D??f",
        ),
        (
            "a page that looks like it",
            row(
                Works,
                "web_fetch",
                Network,
                &url("https://docs.rs@a.example/"),
            ),
            "D??f",
        ),
        (
            "page asked for",
            row(Works, "web_fetch", Network, &url("https://EVIL.example./x")),
            "D???",
        ),
        (
            "page asked for, of another tool",
            row(Works, "mcp__x__get", Network, &url("http://evil.example")),
            "D???",
        ),
        (
            "no page at all",
            row(Works, "web_fetch", Network, &url("docs.rs")),
            "D???",
        ),
        (
            "allowed server",
            row(Works, "mcp__x__do", Execute, &[]),
            "Dfff",
        ),
        (
            "denied server",
            row(Works, "mcp__bad__get", Read, &[]),
            "DDDD",
        ),
    ];
    for (what, found, expected) in table {
        assert_eq!(found, expected, "{what}: plan, ask, auto, full");
    }
    let ssh_config = [Resource::Read(machine.home.join(".ssh/config"))];
    assert_eq!(row(Works, "read_file", Read, &ssh_config), "ffff");
}

/// What looks can run what a command in the sandbox has put there, as `git status` does with the programs
/// that the repository's settings name.
#[test]
fn a_line_that_looks_stays_in_the_sandbox_whatever_is_wanted() {
    let machine = Machine::new();
    let verdicts = |line: &str| {
        let resources = [command(line, Confinement::Free)];
        row(
            &machine,
            Sandbox::Works,
            "bash",
            ToolAccess::Execute,
            &resources,
        )
    };
    for line in [
        "git status",
        "git status 2>/dev/null | head",
        "cd src && ls",
    ] {
        assert_eq!(verdicts(line), "sssf", "{line}");
    }
    assert_eq!(verdicts("git status > status.txt"), "D??f");
    assert_eq!(verdicts("git status; make"), "D??f");
}

#[test]
fn a_rule_for_the_sandbox_lets_nothing_out_of_it() {
    let rows = |rules: &str| {
        let machine = Machine::with_rules(rules);
        [Sandbox::Works, Sandbox::Missing].map(|sandbox| {
            [Confinement::Sandboxed, Confinement::Free].map(|wanted| {
                let resources = [command("touch ../x", wanted)];
                row(&machine, sandbox, "bash", ToolAccess::Execute, &resources)
            })
        })
    };
    assert_eq!(
        rows("allow = ['bash(touch *)', 'bash']"),
        [["Dssf", "D??f"], ["Dfff", "Dfff"]]
    );
    assert_eq!(
        rows("allow = ['bash_outside(touch *)']"),
        [["Dssf", "Dfff"], ["Dfff", "Dfff"]]
    );
    assert_eq!(
        rows("allow = ['bash_outside']"),
        [["Dssf", "Dfff"], ["Dfff", "Dfff"]]
    );
    // Nor does one that forbids leaving forbid staying.
    assert_eq!(
        rows("allow = ['bash(touch *)'] \n deny = ['bash_outside']"),
        [["DssD", "DDDD"], ["DDDD", "DDDD"]]
    );
    assert_eq!(
        rows("allow = ['bash(touch *)'] \n deny = ['bash_outside(touch *)']")[0],
        ["DssD", "DDDD"]
    );
}

#[test]
fn a_question_about_leaving_suggests_rules_about_leaving() {
    let machine = Machine::new();
    let suggested = |wanted| {
        let resources = [command("cargo publish", wanted)];
        let decision = machine.judge(
            &machine.permissions(),
            Ask,
            Sandbox::Works,
            "bash",
            ToolAccess::Execute,
            &resources,
        );
        let rule = decision
            .suggestions
            .last()
            .map(|suggestion| (suggestion.rules[0].to_string(), suggestion.label.clone()));
        rule.unwrap()
    };
    assert_eq!(
        suggested(Confinement::Sandboxed),
        (
            "bash(cargo publish *)".to_owned(),
            "`cargo publish` with any arguments".to_owned()
        )
    );
    assert_eq!(
        suggested(Confinement::Free),
        (
            "bash_outside(cargo publish *)".to_owned(),
            "`cargo publish` with any arguments, outside of the sandbox".to_owned()
        )
    );
}
