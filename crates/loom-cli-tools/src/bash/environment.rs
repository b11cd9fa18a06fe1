//! What a command inherits, and what it must not.

use std::ffi::{OsStr, OsString};

/// Variables that keep programs from asking, paging and drawing.
const NON_INTERACTIVE: [(&str, &str); 9] = [
    ("DEBIAN_FRONTEND", "noninteractive"),
    ("GIT_EDITOR", "true"),
    ("GIT_PAGER", "cat"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("MANPAGER", "cat"),
    ("PAGER", "cat"),
    ("SSH_ASKPASS_REQUIRE", "never"),
    ("SYSTEMD_PAGER", "cat"),
    ("TERM", "dumb"),
];

/// Names under which the keys of model providers are known.
const PROVIDER_KEYS: [&str; 12] = [
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "DEEPSEEK_API_KEY",
    "GEMINI_API_KEY",
    "GOOGLE_API_KEY",
    "GROQ_API_KEY",
    "MISTRAL_API_KEY",
    "OPENAI_API_KEY",
    "OPENROUTER_API_KEY",
    "XAI_API_KEY",
    "ZAI_API_KEY",
    "ZHIPU_API_KEY",
];

/// Parts of a variable's name that mark Loom's own secrets.
const SECRET_PARTS: [&str; 5] = ["KEY", "PASSWORD", "SECRET", "TOKEN", "CREDENTIAL"];

/// Returns what commands inherit of `environment`, with what keeps them from asking.
pub(super) fn command_environment(
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Vec<(OsString, OsString)> {
    let overridden = |name: &OsStr| NON_INTERACTIVE.iter().any(|(ours, _)| name == *ours);
    environment
        .into_iter()
        .filter(|(name, _)| !is_secret(name) && !overridden(name))
        .chain(
            NON_INTERACTIVE
                .iter()
                .map(|(name, value)| (OsString::from(name), OsString::from(value))),
        )
        .collect()
}

/// Tells whether a variable is a secret of Loom's or a key that Loom talks to models with. The
/// person's other secrets are left alone: the project's own programs may need them.
fn is_secret(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else {
        return false;
    };
    let name = name.to_ascii_uppercase();
    PROVIDER_KEYS.contains(&name.as_str())
        || (name.starts_with("LOOM_") && SECRET_PARTS.iter().any(|part| name.contains(part)))
}
