//! The field `if` of a hook: a tool, perhaps with a pattern of what it is called with.
//!
//! A command matches when the whole of it or one of its parts does. The parts are found by the
//! shell's separators alone, quotes or not: a hook may run once too often, and does not miss a
//! command that stands in a longer line.

use std::path::Path;

use crate::claude::ShownCall;

/// When a hook runs, beyond its matcher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Condition {
    tool: String,
    pattern: Option<String>,
}

impl Condition {
    /// Reads a condition such as `Bash(git *)` or `Edit`.
    pub(crate) fn parse(text: &str) -> Self {
        let text = text.trim();
        match text.strip_suffix(')').and_then(|text| text.split_once('(')) {
            Some((tool, pattern)) => Self {
                tool: tool.trim().to_owned(),
                pattern: Some(pattern.to_owned()),
            },
            None => Self {
                tool: text.to_owned(),
                pattern: None,
            },
        }
    }

    /// Tells whether a call is meant, made by a tool of these names.
    pub(crate) fn matches(&self, names: &[&str], call: &ShownCall, workspace: &Path) -> bool {
        if !names.contains(&self.tool.as_str()) {
            return false;
        }
        let Some(pattern) = &self.pattern else {
            return true;
        };
        let field = |name: &str| call.tool_input.get(name).and_then(|value| value.as_str());
        if let Some(command) = field("command") {
            return command_matches(pattern, command);
        }
        if let Some(url) = field("url") {
            return url_matches(pattern, url);
        }
        let path = field("file_path")
            .or(field("notebook_path"))
            .or(field("path"));
        // A call that has nothing to hold the pattern against runs the hook rather than not.
        path.is_none_or(|path| path_matches(pattern, Path::new(path), workspace))
    }
}

fn command_matches(pattern: &str, command: &str) -> bool {
    // `git:*` is an older way to write `git *`, which also means `git` alone.
    let (pattern, prefix) = match pattern.strip_suffix(":*").or(pattern.strip_suffix(" *")) {
        Some(prefix) => (format!("{prefix} *"), Some(prefix)),
        None => (pattern.to_owned(), None),
    };
    let is_meant = |part: &str| {
        let part = part.trim();
        prefix.is_some_and(|prefix| wildcard(prefix, part)) || wildcard(&pattern, part)
    };
    is_meant(command)
        || command
            .split([';', '|', '&', '\n', '(', ')', '`', '{', '}'])
            .any(|part| is_meant(without_assignments(part)))
}

/// Returns a command without the variables that are set before it.
fn without_assignments(part: &str) -> &str {
    let mut rest = part.trim();
    while let Some((word, after)) = rest.split_once(char::is_whitespace) {
        let is_assignment = word.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        });
        if !is_assignment {
            break;
        }
        rest = after.trim_start();
    }
    rest
}

fn url_matches(pattern: &str, url: &str) -> bool {
    let Some(domain) = pattern.strip_prefix("domain:") else {
        return wildcard(pattern, url);
    };
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = after_scheme
        .split(['/', '?', '#'])
        .next()
        .unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    wildcard(&domain.to_ascii_lowercase(), &host.to_ascii_lowercase())
}

/// A pattern with `//` is from the root of the file system, one with `/` from the workspace, and
/// one without any holds for the file's name in every folder.
fn path_matches(pattern: &str, path: &Path, workspace: &Path) -> bool {
    let text = path.to_string_lossy();
    if let Some(absolute) = pattern.strip_prefix("//") {
        return wildcard(&format!("/{absolute}"), &text);
    }
    let pattern = pattern.strip_prefix("./").unwrap_or(pattern);
    let Ok(relative) = path.strip_prefix(workspace) else {
        return wildcard(pattern, &text);
    };
    if !pattern.contains('/') {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        return wildcard(pattern, &name);
    }
    let relative = relative.to_string_lossy();
    let pattern = pattern.strip_prefix('/').unwrap_or(pattern);
    let anywhere = pattern.strip_prefix("**/");
    wildcard(pattern, &relative) || anywhere.is_some_and(|pattern| wildcard(pattern, &relative))
}

/// Tells whether a text is the pattern, in which `*` stands for any characters.
fn wildcard(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut read) = (0, 0);
    // Where the last star stands, and up to where it has taken the text.
    let mut star: Option<(usize, usize)> = None;
    while read < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(byte) if *byte == text[read] => {
                at += 1;
                read += 1;
            }
            _ => {
                let Some((place, taken)) = star else {
                    return false;
                };
                star = Some((place, taken + 1));
                at = place + 1;
                read = taken + 1;
            }
        }
    }
    pattern[at..].iter().all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn meant(condition: &str, tool: &str, input: serde_json::Value) -> bool {
        let call = ShownCall {
            tool_name: tool.to_owned(),
            tool_input: input.as_object().unwrap().clone(),
        };
        Condition::parse(condition).matches(&[tool], &call, Path::new("/project"))
    }

    #[test]
    fn commands_are_meant_alone_and_in_longer_lines() {
        let bash =
            |condition: &str, command: &str| meant(condition, "Bash", json!({"command": command}));
        for command in [
            "git push origin",
            "git push",
            "make && git push -f",
            "GIT_DIR=x A=1 git push",
            "echo $(git push)",
        ] {
            assert!(bash("Bash(git push *)", command), "{command}");
            assert!(bash("Bash(git push:*)", command), "{command}");
        }
        for command in ["git pull", "git pushy", "echo git push"] {
            assert!(!bash("Bash(git push *)", command), "{command}");
        }
        assert!(bash("Bash", "anything"));
        assert!(!bash("Edit", "anything"));
    }

    #[test]
    fn paths_are_meant_by_name_from_the_workspace_and_from_the_root() {
        let edit = |pattern: &str, path: &str| meant(pattern, "Edit", json!({"file_path": path}));
        assert!(edit("Edit(*.ts)", "/project/a/b.ts"));
        assert!(!edit("Edit(*.ts)", "/project/a/b.tsx"));
        assert!(edit("Edit(src/*)", "/project/src/a/b.rs"));
        assert!(edit("Edit(/src/**)", "/project/src/a/b.rs"));
        assert!(edit("Edit(**/*.rs)", "/project/b.rs"));
        assert!(!edit("Edit(src/*)", "/project/other/src/a"));
        assert!(edit("Edit(//etc/*)", "/etc/passwd"));
        assert!(!edit("Edit(//etc/*)", "/project/etc/passwd"));
    }

    #[test]
    fn addresses_are_meant_by_their_host() {
        let fetch = |url: &str| {
            meant(
                "WebFetch(domain:*.example.org)",
                "WebFetch",
                json!({"url": url}),
            )
        };
        assert!(fetch("https://user@Docs.example.org:8080/a"));
        assert!(!fetch("https://evil.test/docs.example.org"));
    }

    proptest! {
        #[test]
        fn a_pattern_of_pieces_finds_the_text_that_holds_them(
            pieces in prop::collection::vec("[ab]{0,3}", 1..5),
            fill in "[abc]{0,5}",
        ) {
            prop_assert!(wildcard(&pieces.join("*"), &pieces.join(&fill)));
        }

        #[test]
        fn without_a_star_only_the_same_text_is_meant(a in "[ab]{0,3}", b in "[ab]{0,3}") {
            prop_assert_eq!(wildcard(&a, &b), a == b);
        }
    }
}
