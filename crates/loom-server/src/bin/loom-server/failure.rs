//! How a command failed, and how that is told.

use std::io::{self, Write as _};
use std::process::ExitCode;

use loom_server::StartError;
use loom_server_auth::AuthError;
use tracing_subscriber::filter::ParseError;

/// Exit code for something that failed.
const FAILED: u8 = 1;
/// Exit code for something that was asked for wrongly.
const WRONG_USE: u8 = 2;

/// A failed command: what happened, and what to do about it.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    hint: Option<String>,
    code: u8,
}

impl Failure {
    /// The setting `log.filter` cannot be read.
    pub(crate) fn log_filter(filter: &str, error: &ParseError) -> Self {
        Self {
            message: format!("the log filter `{filter}` cannot be read: {error}"),
            hint: Some(
                "set LOOM_LOG to a level, or to levels by module, such as `info,sqlx=warn`"
                    .to_owned(),
            ),
            code: WRONG_USE,
        }
    }

    /// Prints the failure, and returns the exit code for it.
    pub(crate) fn report(&self) -> ExitCode {
        let mut text = format!("error: {}\n", self.message);
        if let Some(hint) = &self.hint {
            text.push_str(&format!("hint: {hint}\n"));
        }
        // Without a standard error there is nowhere to tell it, but the exit code still does.
        let _ = io::stderr().write_all(text.as_bytes());
        ExitCode::from(self.code)
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        Self {
            message: error.to_string(),
            hint: error.hint(),
            code: FAILED,
        }
    }
}

impl From<loom_common_config::Error> for Failure {
    fn from(error: loom_common_config::Error) -> Self {
        Self {
            message: error.to_string(),
            hint: error.hint(),
            code: WRONG_USE,
        }
    }
}

impl From<AuthError> for Failure {
    fn from(error: AuthError) -> Self {
        let (hint, code) = match &error {
            AuthError::NotFound(_) | AuthError::InvalidId(_) => (
                Some("`loom-server token list` shows the ids".to_owned()),
                WRONG_USE,
            ),
            AuthError::InvalidName => (None, WRONG_USE),
            AuthError::Database(error) => (error.hint().map(str::to_owned), FAILED),
            AuthError::Malformed | AuthError::Unknown | AuthError::Revoked => (None, FAILED),
        };
        Self {
            message: error.to_string(),
            hint,
            code,
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self {
            message: error.to_string(),
            hint: None,
            code: FAILED,
        }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        io::Error::from(error).into()
    }
}
