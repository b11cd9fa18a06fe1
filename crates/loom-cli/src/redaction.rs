//! What is taken out of log, errors and stored conversations: the secrets that this process was given, and
//! whatever looks like one.

use std::sync::{LazyLock, OnceLock};

use loom_cli_session::Redaction;
use loom_cli_tools::is_secret_variable;
use loom_common_config::Environment;
use loom_common_secret::SecretString;
use loom_redact::{KnownSecrets, Redactor};

use crate::setting::Setting;

static KNOWN: OnceLock<KnownSecrets> = OnceLock::new();

/// Tells what this process was given to keep, ahead of the first use of [`redactor`].
pub(crate) fn keep(environment: &Environment, token: Option<&SecretString>) {
    let mut known = known_secrets(environment);
    if let Some(token) = token {
        let _ = known.add("loom-token", token);
    }
    // Whoever tells it again tells the same.
    let _ = KNOWN.set(known);
}

/// Returns what takes secrets out.
pub(crate) fn redactor() -> &'static Redactor {
    static REDACTOR: LazyLock<Redactor> =
        LazyLock::new(|| Redactor::new(KNOWN.get().cloned().unwrap_or_default()));
    &REDACTOR
}

/// Returns what secrets are taken out of in a session. The model is shown what the generic rules find: they
/// go by what stands beside a value, and hit passwords of tests and examples over which it would stumble.
pub(crate) fn of_session(setting: &Setting) -> Redaction {
    let config = &setting.config.value.redact;
    Redaction {
        stored: config.threads.then(|| redactor().clone()),
        shown: config.results.then(|| redactor().without_generic_rules()),
    }
}

/// Returns the secrets of the environment, each under the name of its variable.
pub(crate) fn known_secrets(environment: &Environment) -> KnownSecrets {
    let mut known = KnownSecrets::new();
    for (name, value) in secret_variables(environment) {
        // One that is too short to be looked for is left to the rules.
        let _ = known.add(&name, &value);
    }
    known
}

/// Returns the values of variables that hold secrets, each under the name that stands in its place.
pub(crate) fn secret_variables(
    environment: &Environment,
) -> impl Iterator<Item = (String, SecretString)> {
    environment.variables().filter_map(|(name, value)| {
        let value = value.into_string().ok()?;
        let is_secret = is_secret_variable(&name) && is_telling(&value);
        let name = name.to_string_lossy().to_lowercase().replace('_', "-");
        is_secret.then(|| (name, SecretString::new(value)))
    })
}

/// Tells whether a value stands for itself wherever it is found. A path says where a secret lies, and a
/// word such as `postgres` is the password of a database of tests and much else.
fn is_telling(value: &str) -> bool {
    let is_word = value.len() < 16 && value.bytes().all(|byte| byte.is_ascii_alphabetic());
    !value.starts_with('/') && !is_word
}
