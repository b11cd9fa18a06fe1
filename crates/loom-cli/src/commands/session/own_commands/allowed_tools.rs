//! What a command's file writes under `allowed-tools`, as rules.
//!
//! Such rules are written as for Claude Code: `Bash(git add:*)` stands for Loom's
//! `bash(git add *)`, `Edit` for all tools that edit. Loom's own form counts as it is.

use loom_cli_hooks::tools_known_as;
use loom_cli_permission::Rule;

/// Turns what a file writes under `allowed-tools` into rules.
pub(super) fn rules_of(written: &str) -> Result<Vec<Rule>, String> {
    let rule = |text: String| text.parse::<Rule>().map_err(|error| error.to_string());
    let (name, pattern) = match written.split_once('(') {
        Some((name, rest)) => (name, Some(rest.strip_suffix(')').unwrap_or(rest))),
        None => (written, None),
    };
    let tools = tools_known_as(name);
    if tools.is_empty() || tools.contains(&name) {
        // Loom's own name, or that of a server's tool: written as Loom's rules are.
        return Ok(vec![rule(written.to_owned())?]);
    }
    let Some(pattern) = pattern else {
        return tools
            .into_iter()
            .map(|tool| rule(tool.to_owned()))
            .collect();
    };
    let pattern = match pattern.strip_suffix(":*") {
        Some(beginning) => format!("{beginning} *"),
        None => pattern
            .strip_prefix("domain:")
            .unwrap_or(pattern)
            .to_owned(),
    };
    let tools = tools.into_iter();
    tools
        .map(|tool| rule(format!("{tool}({pattern})")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::rules_of;

    #[test]
    fn tools_that_a_command_allows_itself_become_rules() {
        let rules = |written: &str| -> Result<Vec<String>, String> {
            Ok(rules_of(written)?.iter().map(ToString::to_string).collect())
        };
        let cases = [
            ("Bash(git status:*)", &["bash(git status *)"][..]),
            ("Bash(cargo test)", &["bash(cargo test)"]),
            ("Bash", &["bash"]),
            ("bash(npm run test:*)", &["bash(npm run test:*)"]),
            ("Read(src/**)", &["read_file(src/**)", "view_image(src/**)"]),
            ("Write", &["write_file", "apply_patch"]),
            ("WebFetch(domain:docs.rs)", &["web_fetch(docs.rs)"]),
            ("mcp__github__list_issues", &["mcp__github__list_issues"]),
        ];
        for (written, expected) in cases {
            let expected = expected.iter().map(ToString::to_string).collect();
            assert_eq!(rules(written), Ok(expected), "{written}");
        }
        for wrong in ["Bash(git log; rm *)", "Bash()", "(x)"] {
            assert!(rules(wrong).is_err(), "{wrong}");
        }
    }
}
