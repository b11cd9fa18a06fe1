//! Signatures of commits.
//!
//! Git signs with the program of the person. One that wants a passphrase asks for it, and who waits for the
//! answer hangs. For keys of SSH there is no way to ask in the environment that git is given here. GnuPG (and its
//! part for X.509) has its own ways, through its agent, onto a screen; so it is told to fail instead. Passphrases
//! that the agent remembers, and keys without one, work.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;

use crate::error::GitError;
use crate::index::Workshop;
use crate::invocation::Invocation;
use crate::settings::Settings;

/// Stands between git and GnuPG.
const SCRIPT: &str =
    "#!/bin/sh\nexec \"$LOOM_GPG\" --batch --no-tty --pinentry-mode error \"$@\"\n";

/// Keeps GnuPG from asking.
pub(crate) fn without_questions<'a>(
    invocation: Invocation<'a>,
    settings: &Settings,
    workshop: &Workshop,
) -> io::Result<Invocation<'a>> {
    let program = match settings.get("gpg.format").unwrap_or("openpgp") {
        "openpgp" => settings
            .get("gpg.openpgp.program")
            .or(settings.get("gpg.program"))
            .unwrap_or("gpg"),
        "x509" => settings.get("gpg.x509.program").unwrap_or("gpgsm"),
        _ => return Ok(invocation),
    };
    let script = workshop.join("gpg");
    fs::write(&script, SCRIPT)?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700))?;
    let settings = ["gpg.program", "gpg.openpgp.program", "gpg.x509.program"];
    let invocation = invocation.variable("LOOM_GPG", program);
    Ok(settings.into_iter().fold(invocation, |invocation, name| {
        invocation.setting(name, &script)
    }))
}

/// Says what it means that no commit was made.
pub(crate) fn explain(error: GitError, is_signed: bool) -> GitError {
    match error {
        GitError::Failed { message, .. } if is_about_identity(&message) => GitError::NoIdentity,
        GitError::Failed { message, .. } if is_signed => GitError::NotSigned { message },
        GitError::TimedOut { limit, .. } if is_signed => GitError::NotSigned {
            message: format!("it was not done after {} s", limit.as_secs()),
        },
        other => other,
    }
}

fn is_about_identity(message: &str) -> bool {
    [
        "Please tell me who you are",
        "empty ident name",
        "no email was given",
        "auto-detect email",
    ]
    .iter()
    .any(|sign| message.contains(sign))
}
