//! What ends the protocol, and how what went wrong is told to an editor.

use agent_client_protocol::{Error, ErrorCode};
use loom_common_core::stream::StreamError;
use serde_json::json;

use crate::program::{Refusal, RefusalKind};

/// Why the protocol ended otherwise than by the editor's end.
#[derive(Debug, thiserror::Error)]
pub enum AcpError {
    /// The input could not be read. Trying again does not help: the editor starts a new process.
    #[error("cannot read what the editor says: {0}")]
    Input(std::io::Error),
    /// The connection broke by a defect of its own. Trying again may help.
    #[error("the connection to the editor broke: {0}")]
    Connection(String),
}

/// Makes an error of a request. The hint stands behind the message: editors show nothing else.
fn error(code: ErrorCode, name: &str, message: &str, hint: Option<&str>) -> Error {
    let text = match hint {
        Some(hint) => format!("{message}\nhint: {hint}"),
        None => message.to_owned(),
    };
    Error::new(code.value(), text).data(json!({ "code": name, "hint": hint }))
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let (code, name) = match refusal.kind {
            RefusalKind::Failed => (ErrorCode::INTERNAL_ERROR, "failed"),
            RefusalKind::Misuse => (ErrorCode::INVALID_PARAMS, "misuse"),
            RefusalKind::NoThread => (ErrorCode::RESOURCE_NOT_FOUND, "no_thread"),
        };
        error(code, name, &refusal.message, refusal.hint.as_deref())
    }
}

/// Makes an error of a turn that failed.
pub(crate) fn of_turn(failure: &StreamError) -> Error {
    let hint = failure.hint.as_deref();
    error(
        ErrorCode::INTERNAL_ERROR,
        &failure.code,
        &failure.message,
        hint,
    )
}

/// Makes an error of a request that makes no sense.
pub(crate) fn invalid(message: impl AsRef<str>) -> Error {
    error(
        ErrorCode::INVALID_PARAMS,
        "invalid_params",
        message.as_ref(),
        None,
    )
}

/// Makes an error of a request that comes at the wrong time.
pub(crate) fn untimely(message: &str, hint: &str) -> Error {
    error(ErrorCode::INVALID_REQUEST, "untimely", message, Some(hint))
}

/// Makes an error of a session that has ended by itself.
pub(crate) fn session_over() -> Error {
    error(
        ErrorCode::INTERNAL_ERROR,
        "session_over",
        "the session has ended",
        Some("load it again; all that was said is stored"),
    )
}
