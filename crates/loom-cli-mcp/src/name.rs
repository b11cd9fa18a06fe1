//! The names under which the model knows tools: `mcp__SERVER__TOOL`.
//!
//! Providers take letters, digits, `_` and `-`, 64 at most; servers name their tools as they like.
//! Names must be unique, and the same in each session, as permissions are remembered by name. So a
//! server's part depends on the configured names alone and never holds `__`, nor `_` at its ends,
//! which makes the two parts tell from each other; a tool's part is the tool's name where that
//! can be, and otherwise ends in a hash of the name.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

/// The longest name that providers take.
const MAX_NAME: usize = 64;

/// The longest part of a server: it leaves most of the name to the tool.
const MAX_SERVER: usize = 24;

/// Characters of a hash.
const HASH: usize = 6;

/// Makes the parts of names that stand for servers, in the order of `servers`.
pub(crate) fn server_parts<'a>(servers: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut taken = HashSet::new();
    servers
        .into_iter()
        .map(|name| {
            let mut part = squeezed(name);
            if part.is_empty() || part.len() > MAX_SERVER || taken.contains(&part) {
                let kept: String = part.chars().take(MAX_SERVER - HASH - 1).collect();
                let kept = kept.trim_end_matches('_');
                let stem = if kept.is_empty() { "server" } else { kept };
                part = format!("{stem}_{}", hash(name));
            }
            taken.insert(part.clone());
            part
        })
        .collect()
}

/// Makes the name of the tool or prompt `remote` of a server.
pub(crate) fn full_name(
    server_part: &str,
    remote: &str,
    is_taken: impl Fn(&str) -> bool,
) -> String {
    let prefix = format!("mcp__{server_part}__");
    let plain = format!("{prefix}{}", allowed(remote));
    if !remote.is_empty() && plain.len() <= MAX_NAME && !is_taken(&plain) {
        return plain;
    }
    let room = MAX_NAME - prefix.len() - HASH - 1;
    let kept: String = allowed(remote).chars().take(room).collect();
    format!("{prefix}{kept}_{}", hash(remote))
}

/// Replaces each character that providers do not take.
fn allowed(name: &str) -> String {
    name.chars()
        .map(|character| match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '-' => character,
            _ => '_',
        })
        .collect()
}

/// The same, with one `_` for several and none at the ends.
fn squeezed(name: &str) -> String {
    allowed(name)
        .split('_')
        .filter(|piece| !piece.is_empty())
        .collect::<Vec<_>>()
        .join("_")
}

fn hash(name: &str) -> String {
    let digest = Sha256::digest(name);
    let hexadecimal: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    hexadecimal.chars().take(HASH).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_names_stay_as_they_are() {
        assert_eq!(server_parts(["github", "my-db"]), ["github", "my-db"]);
        assert_eq!(
            full_name("github", "create_issue", |_| false),
            "mcp__github__create_issue"
        );
    }

    #[test]
    fn other_characters_become_underscores() {
        assert_eq!(server_parts(["my server", "a__b_"]), ["my_server", "a_b"]);
        assert_eq!(
            full_name("db", "query.rows", |_| false),
            "mcp__db__query_rows"
        );
    }

    #[test]
    fn servers_that_would_share_a_part_are_told_apart() {
        assert_eq!(server_parts(["a b", "a_b"]), ["a_b", "a_b_648fa9"]);
    }

    #[test]
    fn tools_that_would_share_a_name_are_told_apart() {
        let taken = "mcp__db__a_b";
        assert_eq!(
            full_name("db", "a b", |name| name == taken),
            "mcp__db__a_b_c8687a"
        );
    }

    #[test]
    fn a_name_without_any_usable_character_still_has_a_part() {
        assert_eq!(server_parts(["サーバー"]).len(), 1);
        assert!(server_parts(["サーバー"])[0].starts_with("server_"));
    }

    proptest! {
        #[test]
        fn names_are_what_providers_take(server in "\\PC{0,80}", tool in "\\PC{0,120}") {
            let parts = server_parts([server.as_str()]);
            let name = full_name(&parts[0], &tool, |_| false);
            prop_assert!(name.len() <= MAX_NAME, "{}", name);
            prop_assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-'));
        }

        #[test]
        fn names_of_different_servers_differ(
            servers in proptest::collection::hash_set("[a-c_ .]{1,6}", 2..6),
            tool in "[a-c_]{1,5}",
            other in "[a-c_]{1,5}",
        ) {
            let servers: Vec<String> = servers.into_iter().collect();
            let parts = server_parts(servers.iter().map(String::as_str));
            for (index, part) in parts.iter().enumerate() {
                for another in &parts[index + 1..] {
                    let name = full_name(part, &tool, |_| false);
                    prop_assert_ne!(&name, &full_name(another, &other, |_| false));
                }
            }
        }
    }
}
