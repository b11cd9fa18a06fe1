//! Measures judging a shell line: `judge RULES ITERATIONS LINE` prints the median time in microseconds.
//!
//! Parse and decision as for a call of the model, against so many rules of the person, in one process.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a program for measuring by hand"
)]

use std::env::args;
use std::hint::black_box;
use std::time::Instant;

use loom_cli_permission::{Call, Effect, PermissionFiles, Permissions, Places, Rule, Surroundings};
use loom_common_core::inquiry::RuleScope;
use loom_common_core::{Confinement, PermissionMode, Resource, ToolAccess};

/// Rules of all kinds; none hits the lines that are measured but the last.
const KINDS: [(&str, Effect); 4] = [
    ("bash(tool-# *)", Effect::Allow),
    ("bash(forbidden-# *)", Effect::Deny),
    ("edit(folder-#/**)", Effect::Deny),
    ("bash(cargo test *)", Effect::Allow),
];

fn main() {
    let [rules, iterations, line] = args()
        .skip(1)
        .collect::<Vec<_>>()
        .try_into()
        .expect("usage: judge RULES ITERATIONS LINE");
    let rules: usize = rules.parse().expect("RULES is a number");
    let iterations: usize = iterations.parse().expect("ITERATIONS is a number");
    let permissions = Permissions::load(PermissionFiles::default(), Places::default())
        .expect("there are no files");
    for number in 0..rules {
        let (text, effect) = KINDS[number % KINDS.len()];
        let text = text.replace('#', &number.to_string());
        let rule: Rule = text.parse().expect("a rule");
        permissions
            .remember(&[rule], RuleScope::Session, effect)
            .expect("rules of the session need no file");
    }
    let resources = [Resource::Command {
        line,
        confinement: Confinement::Sandboxed,
    }];
    let call = Call {
        tool: "bash",
        access: ToolAccess::Execute,
        resources: &resources,
        workspace: "/tmp".as_ref(),
    };
    let surroundings = Surroundings {
        sandbox_works: true,
    };
    let mut times = Vec::new();
    for _ in 0..iterations.max(1) {
        let start = Instant::now();
        black_box(permissions.judge(PermissionMode::Ask, black_box(&call), &surroundings));
        times.push(start.elapsed());
    }
    times.sort_unstable();
    println!("{:.1}", times[times.len() / 2].as_secs_f64() * 1e6);
}
