//! What is taken out of log, errors and stored conversations: the secrets that this process was given, and
//! whatever looks like one.

use std::sync::{LazyLock, OnceLock};

use loom_cli_session::{FindSecrets, Redaction};
use loom_cli_tools::is_secret_variable;
use loom_common_secret::SecretString;
use loom_redact::{Detector, KnownSecrets, Rules};

use crate::setting::Setting;

static KNOWN: OnceLock<KnownSecrets> = OnceLock::new();

/// Tells what this process was given to keep, ahead of the first use of [`detector`].
pub(crate) fn keep(setting: &Setting) {
    // Another setting of the same process knows the same.
    let _ = KNOWN.set(known_secrets(setting));
}

/// Returns what finds secrets. It is made when it is first needed.
pub(crate) fn detector() -> &'static Detector {
    static DETECTOR: LazyLock<Detector> = LazyLock::new(|| {
        let known = KNOWN.get().cloned().unwrap_or_default();
        Detector::new(Rules::builtin(), known)
    });
    &DETECTOR
}

/// Returns the same without the rules that go by what stands beside a value: they hit passwords of tests
/// and examples too, and the model would stumble over each.
fn certain_detector() -> &'static Detector {
    static DETECTOR: LazyLock<Detector> = LazyLock::new(|| detector().without_generic_rules());
    &DETECTOR
}

/// Returns what secrets are taken out of in a session.
pub(crate) fn of_session(setting: &Setting) -> Redaction {
    let config = &setting.config.value.redact;
    Redaction {
        stored: config.threads.then_some(detector as FindSecrets),
        shown: config.results.then_some(certain_detector as FindSecrets),
    }
}

/// Returns the secrets of settings and environment. One that is too short to be looked for is left to the
/// rules.
fn known_secrets(setting: &Setting) -> KnownSecrets {
    let mut known = KnownSecrets::new();
    if let Some(token) = &setting.config.value.server.token {
        let _ = known.add("loom-token", token);
    }
    for (name, value) in setting.environment.variables() {
        let Ok(value) = value.into_string() else {
            continue;
        };
        // A path says where a secret lies.
        if is_secret_variable(&name) && !value.starts_with('/') {
            let name = name.to_string_lossy().to_lowercase().replace('_', "-");
            let _ = known.add(&name, &SecretString::new(value));
        }
    }
    known
}
