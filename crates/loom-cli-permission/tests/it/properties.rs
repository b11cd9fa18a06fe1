//! What holds for all lines.

use loom_cli_permission::{Permissions, Rule, Verdict};
use loom_common_core::PermissionMode;
use proptest::prelude::*;

use crate::machine::{Machine, Sandbox};

/// Commands with all verdicts, clear and not.
const COMMANDS: &[&str] = &[
    "ls -l",
    "cat a.rs",
    "make",
    "make all",
    "rm x",
    "git push",
    "$x",
    "cat .env",
    "FOO=1 make",
    "cmake .",
    "echo $(rm x)",
    "make > out",
    "timeout 5 make",
    "bash -c 'make; ls'",
    "cat $x",
    "[ -f x ]",
];

fn machine() -> (Machine, Permissions) {
    let machine = Machine::with_rules(
        "allow = ['bash(make *)'] \n ask = ['bash(git push *)'] \n deny = ['bash(rm *)']",
    );
    let permissions = machine.permissions();
    (machine, permissions)
}

fn mode() -> impl Strategy<Value = PermissionMode> {
    prop::sample::select(vec![
        PermissionMode::Plan,
        PermissionMode::Ask,
        PermissionMode::Auto,
        PermissionMode::Full,
    ])
}

proptest! {
    #[test]
    fn the_verdict_of_two_commands_is_the_stricter_one(
        left in prop::sample::select(COMMANDS),
        right in prop::sample::select(COMMANDS),
        joint in prop::sample::select(vec![" && ", " || ", "; ", " | ", " & ", "\n"]),
        mode in mode(),
    ) {
        let (machine, permissions) = machine();
        let verdict = |line: &str| {
            machine.judge_line(&permissions, mode, Sandbox::Missing, line).verdict
        };
        let both = verdict(&format!("{left}{joint}{right}"));
        let stricter = verdict(left).max(verdict(right));
        // An unclear part takes the rules that allow from the other.
        if left == "$x" || right == "$x" {
            prop_assert!(both >= stricter);
        } else {
            prop_assert_eq!(both, stricter);
        }
    }

    #[test]
    fn nesting_hides_nothing(
        command in prop::sample::select(COMMANDS),
        around in prop::sample::select(vec![
            "(%)", "{ %; }", "if %; then ls; fi", "if ls; then %; fi", "ls $(%)", "ls \"$(%)\"", "ls <(%)",
            "for f in a; do %; done", "while %; do ls; done", "case a in a) %;; esac", "! %", "f() { %; }",
            "ls <<E\n$(%)\nE\n", "time %", "x=$(%)", "[ -n \"$(%)\" ]",
        ]),
        mode in mode(),
    ) {
        let (machine, permissions) = machine();
        let verdict = |line: &str| {
            machine.judge_line(&permissions, mode, Sandbox::Missing, line).verdict
        };
        let nested = around.replace('%', command);
        prop_assert!(verdict(&nested) >= verdict(command), "{}", nested);
    }

    #[test]
    fn a_stricter_mode_is_never_milder_about_commands(line in "[ -~\n]{0,40}") {
        let (machine, permissions) = machine();
        let verdict = |mode, sandbox| machine.judge_line(&permissions, mode, sandbox, &line).verdict;
        let [plan, ask, auto, full] = [
            PermissionMode::Plan,
            PermissionMode::Ask,
            PermissionMode::Auto,
            PermissionMode::Full,
        ]
        .map(|mode| verdict(mode, Sandbox::Missing));
        prop_assert!(plan >= ask && ask >= auto && auto >= full);
        prop_assert!(auto >= verdict(PermissionMode::Auto, Sandbox::Works));
    }

    #[test]
    fn any_text_is_judged(line in "\\PC{0,80}") {
        let (machine, permissions) = machine();
        machine.judge_line(&permissions, PermissionMode::Auto, Sandbox::Works, &line);
    }

    #[test]
    fn any_text_is_a_rule_or_an_error_and_rules_come_back(text in "(bash|edit|web_fetch|x)\\([ -~]{0,20}\\)|\\PC{0,30}") {
        if let Ok(rule) = text.parse::<Rule>() {
            prop_assert_eq!(rule.to_string().parse::<Rule>(), Ok(rule));
        }
    }

    #[test]
    fn what_is_suggested_answers_the_question(
        command in prop::sample::select(vec![
            "cmake .", "cargo test -p a", "npm run build", "git commit -m 'a b' --no-verify", "cmake . && cargo build",
            "FOO=1 cmake .", "timeout 5 cmake $x", "./run.sh a", "/usr/bin/cmake .", "python3 -m pytest -x",
            "cmake . > out.txt", "sudo cmake .", "ls | xargs cmake", "echo a 'b c' > 'd e'", "rm 'it'\\''s' '*'",
            "export FOO=1; cmake .", "cat .env", "bash -c 'cmake a'", "env FOO=1 cmake b", "cat $x",
        ]),
    ) {
        let machine = Machine::new();
        let decision = machine.judge_line(
            &machine.permissions(), PermissionMode::Ask, Sandbox::Missing, command,
        );
        prop_assert_eq!(decision.verdict, Verdict::Ask);
        prop_assert!(!decision.suggestions.is_empty());
        for suggestion in decision.suggestions {
            let permissions = machine.permissions();
            permissions
                .remember(
                    &suggestion.rules,
                    loom_common_core::inquiry::RuleScope::Session,
                    loom_cli_permission::Effect::Allow,
                )
                .unwrap();
            let again = machine.asks_about(&permissions, command);
            prop_assert_eq!(again, Verdict::Allow, "{:?}", suggestion);
        }
    }
}
