//! What a command inherits, and what it must not.
//!
//! Secrets are not inherited: what a command prints goes to the model, and what it sends out goes
//! anywhere. A variable is a secret when its name says so. Names are all there is to go by; a
//! password in an address (`DATABASE_URL`) is left alone, as projects do not work without. The
//! person can name the secrets that commands need.

use std::ffi::{OsStr, OsString};

use loom_common_core::Confinement;

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

/// Where programs are found that hold keys or tickets and use them for whoever asks. They are no
/// secrets, but as good as: free commands inherit them, commands in the sandbox do not.
const KEY_HOLDERS: [&str; 6] = [
    "DBUS_SESSION_BUS_ADDRESS",
    "GNOME_KEYRING_CONTROL",
    "GPG_AGENT_INFO",
    "KRB5CCNAME",
    "SSH_AGENT_PID",
    "SSH_AUTH_SOCK",
];

/// Words that mark a secret wherever they stand in a name, also inside a longer word.
const SECRET_PARTS: [&str; 9] = [
    "ACCESSKEY",
    "APIKEY",
    "CONNECTION_STRING",
    "CREDENTIAL",
    "PASSPHRASE",
    "PASSWD",
    "PASSWORD",
    "PRIVATEKEY",
    "SECRET",
];

/// Words that mark a secret when they stand for themselves, or in plural.
const SECRET_WORDS: [&str; 10] = [
    "BEARER", "COOKIE", "JWT", "KEY", "OTP", "PASS", "PAT", "PWD", "TOKEN", "WEBHOOK",
];

/// Words that say of a key that everybody may have it.
const PUBLIC_WORDS: [&str; 3] = ["PUBLIC", "PUBLISHABLE", "PUB"];

/// Names that look like a secret's, and are none.
const HARMLESS: [&str; 2] = ["OLDPWD", "PWD"];

/// The variables that commands inherit, without secrets.
#[derive(Clone, Debug, Default)]
pub struct CommandEnvironment {
    /// Those of every command.
    shared: Vec<(OsString, OsString)>,
    /// Those of commands that run free.
    free: Vec<(OsString, OsString)>,
}

impl CommandEnvironment {
    /// Takes what is no secret of `variables`, and the secrets that `named` names: whole names, as
    /// they are written. Loom's own secrets are never inherited.
    pub fn new(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
        named: &[String],
    ) -> Self {
        let is_named = |name: &OsStr| named.iter().any(|named| name == named.as_str());
        let is_inherited = |name: &OsStr| {
            !is_overridden(name)
                && !is_loom_secret(name)
                && (is_named(name) || !is_secret_variable(name))
        };
        let (free, shared) = variables
            .into_iter()
            .filter(|(name, _)| is_inherited(name))
            .partition(|(name, _)| {
                !is_named(name) && KEY_HOLDERS.iter().any(|holder| name == *holder)
            });
        Self { shared, free }
    }

    /// Returns the variables of a command, with what keeps programs from asking.
    pub fn variables(&self, confinement: Confinement) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        let free = match confinement {
            Confinement::Sandboxed => &[],
            Confinement::Free => self.free.as_slice(),
        };
        let inherited = self
            .shared
            .iter()
            .chain(free)
            .map(|(name, value)| (name.as_os_str(), value.as_os_str()));
        let ours = NON_INTERACTIVE
            .iter()
            .map(|(name, value)| (OsStr::new(name), OsStr::new(value)));
        inherited.chain(ours)
    }
}

fn is_overridden(name: &OsStr) -> bool {
    NON_INTERACTIVE.iter().any(|(ours, _)| name == *ours)
}

/// Tells whether a variable holds a secret that Loom itself is given.
fn is_loom_secret(name: &OsStr) -> bool {
    name.to_str()
        .is_some_and(|name| name.to_ascii_uppercase().starts_with("LOOM_"))
        && is_secret_variable(name)
}

/// Tells whether a variable's name is that of a secret.
pub fn is_secret_variable(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else {
        return false;
    };
    let name = name.to_ascii_uppercase();
    if HARMLESS.contains(&name.as_str()) {
        return false;
    }
    let words: Vec<&str> = name
        .split(|character: char| !character.is_ascii_alphanumeric())
        .collect();
    let is_public = words.iter().any(|word| PUBLIC_WORDS.contains(word));
    // How many tokens a model may write.
    let is_count = words.windows(2).any(|pair| pair == ["MAX", "TOKENS"]);
    SECRET_PARTS.iter().any(|part| name.contains(part))
        || (!is_public && !is_count && words.iter().any(|word| is_secret_word(word)))
        || words.last() == Some(&"AUTH")
        || name == "DOCKER_AUTH_CONFIG"
}

fn is_secret_word(word: &str) -> bool {
    let singular = word.strip_suffix('S').unwrap_or(word);
    SECRET_WORDS.contains(&word)
        || SECRET_WORDS.contains(&singular)
        // As in `npm_config__authToken` and `GHTOKEN`.
        || singular.ends_with("TOKEN")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns which of these names a command inherits.
    fn inherited(names: &[&str], named: &[&str], confinement: Confinement) -> Vec<String> {
        let variables = names
            .iter()
            .map(|name| (OsString::from(name), OsString::from("value")));
        let named: Vec<String> = named.iter().map(|name| (*name).to_owned()).collect();
        CommandEnvironment::new(variables, &named)
            .variables(confinement)
            .filter(|(_, value)| *value == "value")
            .map(|(name, _)| name.to_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn secrets_are_known_by_their_names() {
        let secrets = [
            "ANTHROPIC_API_KEY",
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AZURE_STORAGE_CONNECTION_STRING",
            "CI_JOB_JWT",
            "DB_PASS",
            "DOCKER_AUTH_CONFIG",
            "GH_TOKEN",
            "GITHUB_PAT",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "MYSQL_PWD",
            "NPM_AUTH",
            "PGPASSWORD",
            "SIGNING_KEYS",
            "SLACK_WEBHOOK_URL",
            "SSH_KEY_PASSPHRASE",
            "STRIPE_SECRET",
            "npm_config__authToken",
            "openai_api_key",
            "session-cookie",
        ];
        let none: &[&str] = &[];
        assert_eq!(inherited(&secrets, &[], Confinement::Free), none);
    }

    #[test]
    fn what_only_sounds_like_a_secret_is_inherited() {
        let harmless = [
            "AUTH0_DOMAIN",
            "AWS_PROFILE",
            "BYPASS_CACHE",
            "DATABASE_URL",
            "GPG_TTY",
            "KEYMAP",
            "LOOM_LOG",
            "MAX_TOKENS",
            "NEXT_PUBLIC_MAPS_KEY",
            "OLDPWD",
            "PATH",
            "PWD",
            "SSH_ASKPASS",
            "TOKENIZERS_PARALLELISM",
            "XDG_SESSION_ID",
        ];
        assert_eq!(inherited(&harmless, &[], Confinement::Sandboxed), harmless);
    }

    #[test]
    fn a_secret_is_inherited_when_it_is_named_but_for_those_of_loom() {
        let names = ["GH_TOKEN", "NPM_TOKEN", "LOOM_TOKEN"];
        let named = ["GH_TOKEN", "LOOM_TOKEN"];
        assert_eq!(
            inherited(&names, &named, Confinement::Sandboxed),
            ["GH_TOKEN"]
        );
    }

    #[test]
    fn who_holds_keys_is_reached_from_outside_of_the_sandbox_only() {
        let names = ["SSH_AUTH_SOCK", "KRB5CCNAME", "HOME"];
        assert_eq!(inherited(&names, &[], Confinement::Sandboxed), ["HOME"]);
        assert_eq!(
            inherited(&names, &[], Confinement::Free),
            ["HOME", "SSH_AUTH_SOCK", "KRB5CCNAME"]
        );
        assert_eq!(
            inherited(&names, &["SSH_AUTH_SOCK"], Confinement::Sandboxed),
            ["SSH_AUTH_SOCK", "HOME"]
        );
    }
}
