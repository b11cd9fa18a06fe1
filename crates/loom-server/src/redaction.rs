//! What is taken out of the log and of errors: secrets of the configuration, and whatever looks like one.

use loom_common_secret::SecretString;
use loom_redact::KnownSecrets;
use loom_server_config::ServerConfig;
use url::Url;

/// Returns the secrets of the configuration. One that is too short to be looked for is left to the rules.
pub fn known_secrets(config: &ServerConfig) -> KnownSecrets {
    let mut known = KnownSecrets::new();
    for (name, secret) in config.secrets() {
        let _ = known.add(name, secret);
    }
    if let Some(password) = database_password(config) {
        let _ = known.add("database-password", &password);
    }
    known
}

/// Returns the password of the database: drivers tell of it apart from its address.
fn database_password(config: &ServerConfig) -> Option<SecretString> {
    let url = Url::parse(config.database.url.as_ref()?.expose()).ok()?;
    Some(SecretString::new(url.password()?.to_owned()))
}
