//! Errors as a person sees them: what kind, what happened, what to do.

use std::fmt;

use crate::redaction;

/// What kind of an error it is; decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    /// What was asked for did not work out. Exit code 1.
    Failed,
    /// What was asked for makes no sense. Exit code 2.
    Usage,
    /// The person interrupted. Exit code 130.
    Interrupted,
}

/// An error of the command line program.
#[derive(Debug)]
pub(crate) struct CliError {
    kind: ErrorKind,
    message: String,
    hint: Option<String>,
    /// Whether the person has been told already.
    shown: bool,
}

impl CliError {
    /// Makes an error of something that did not work out.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Failed,
            message: message.into(),
            hint: None,
            shown: false,
        }
    }

    /// Makes an error of wrong use.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Usage,
            ..Self::failed(message)
        }
    }

    /// Makes an error of an interruption.
    pub(crate) fn interrupted(message: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Interrupted,
            ..Self::failed(message)
        }
    }

    /// Adds what the person can do about it.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Prints a warning to standard error.
    pub(crate) fn warn(message: &str) {
        use std::io::Write;
        let message = redaction::redactor().redact(message);
        // There is nowhere left to say that standard error is gone.
        let _ = writeln!(anstream::stderr().lock(), "warning: {message}");
    }

    /// Marks the error as one that the person has been told about.
    #[must_use]
    pub(crate) fn shown(mut self) -> Self {
        self.shown = true;
        self
    }

    /// Prints the error, unless the person knows, to standard error.
    pub(crate) fn print(&self) {
        use std::io::Write;
        if self.shown {
            return;
        }
        let text = self.to_string();
        let text = redaction::redactor().redact(&text);
        // There is nowhere left to say that standard error is gone.
        let _ = writeln!(anstream::stderr().lock(), "{text}");
    }

    /// Returns what kind of an error it is.
    pub(crate) fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Returns what happened.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Returns what the person can do about it.
    pub(crate) fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Returns the exit code of the program.
    pub(crate) fn exit_code(&self) -> u8 {
        match self.kind {
            ErrorKind::Failed => 1,
            ErrorKind::Usage => 2,
            ErrorKind::Interrupted => 130,
        }
    }
}

impl fmt::Display for CliError {
    /// Writes `error: …` and, on a line of its own, `hint: …`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "error: {}", self.message)?;
        if let Some(hint) = &self.hint {
            write!(formatter, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl From<loom_common_core::LlmError> for CliError {
    fn from(error: loom_common_core::LlmError) -> Self {
        Self {
            hint: error.hint,
            ..Self::failed(error.message)
        }
    }
}

impl From<loom_common_thread::ThreadStoreError> for CliError {
    fn from(error: loom_common_thread::ThreadStoreError) -> Self {
        Self {
            hint: Some(error.hint()),
            ..Self::failed(error.to_string())
        }
    }
}

impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> Self {
        Self::failed(error.to_string())
    }
}

impl From<loom_common_config::Error> for CliError {
    fn from(error: loom_common_config::Error) -> Self {
        Self {
            hint: error.hint(),
            ..Self::usage(error.to_string())
        }
    }
}

impl From<loom_cli_mcp::McpError> for CliError {
    fn from(error: loom_cli_mcp::McpError) -> Self {
        Self {
            hint: error.hint(),
            ..Self::failed(error.to_string())
        }
    }
}

impl From<loom_cli_permission::PermissionError> for CliError {
    fn from(error: loom_cli_permission::PermissionError) -> Self {
        Self {
            hint: error.hint().map(str::to_owned),
            ..Self::failed(error.to_string())
        }
    }
}

impl From<loom_cli_rewind::RewindError> for CliError {
    fn from(error: loom_cli_rewind::RewindError) -> Self {
        Self::failed(error.to_string())
    }
}

impl From<loom_cli_hooks::HookError> for CliError {
    fn from(error: loom_cli_hooks::HookError) -> Self {
        Self::failed(error.to_string())
    }
}

impl From<loom_cli_session::SessionError> for CliError {
    fn from(error: loom_cli_session::SessionError) -> Self {
        Self::failed(error.to_string())
    }
}

impl From<&CliError> for loom_common_core::stream::StreamError {
    fn from(error: &CliError) -> Self {
        let code = match error.kind {
            ErrorKind::Failed => "session_not_started",
            ErrorKind::Usage => "wrong_use",
            ErrorKind::Interrupted => "cancelled",
        };
        Self {
            code: code.to_owned(),
            message: error.message.clone(),
            hint: error.hint.clone(),
        }
    }
}

impl From<loom_common_core::stream::StreamError> for CliError {
    fn from(error: loom_common_core::stream::StreamError) -> Self {
        Self {
            hint: error.hint,
            ..Self::failed(error.message)
        }
    }
}

impl From<loom_server_llm_proxy::ConfigError> for CliError {
    fn from(error: loom_server_llm_proxy::ConfigError) -> Self {
        Self::usage(error.to_string())
    }
}
