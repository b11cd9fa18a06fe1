//! The other side of a connection: how long it may be silent, and how errors name it.

use std::error::Error;
use std::time::Duration;

use loom_common_core::{LlmError, LlmErrorKind};
use loom_common_secret::{REDACTED, SecretString};
use reqwest::header::CONTENT_TYPE;
use reqwest::{RequestBuilder, Response};
use tokio::time::timeout;

use crate::BaseUrl;
use crate::events::EventStream;

/// The most bytes that an unstreamed answer may have.
const BODY_LIMIT: usize = 64 * 1024 * 1024;

/// The other side of a connection.
#[derive(Clone, Debug)]
pub struct Peer {
    /// What people call it, such as `Anthropic`.
    pub name: String,
    /// Where it is.
    pub base: BaseUrl,
    /// The kind of error when it cannot be reached.
    pub unreachable: LlmErrorKind,
    /// What a person can do when it cannot be reached.
    pub unreachable_hint: String,
    /// What must not be shown should the peer send it back.
    pub secret: Option<SecretString>,
}

impl Peer {
    /// Sends a request and waits for the head of the answer, whatever its status.
    ///
    /// # Errors
    ///
    /// The peer's own kind when it cannot be reached or hangs up, [`LlmErrorKind::Timeout`] when
    /// nothing came for `patience`.
    pub async fn send(
        &self,
        request: RequestBuilder,
        patience: Duration,
    ) -> Result<Response, LlmError> {
        match timeout(patience, request.send()).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(self.no_answer(&error)),
            Err(_) => Err(self.silent(patience)),
        }
    }

    /// Reads the whole body of an answer.
    ///
    /// # Errors
    ///
    /// [`LlmErrorKind::StreamInterrupted`] when it is cut, [`LlmErrorKind::Timeout`] when it takes
    /// longer than `patience`, [`LlmErrorKind::MalformedResponse`] when it is larger than 64 MiB.
    pub async fn body(
        &self,
        mut response: Response,
        patience: Duration,
    ) -> Result<Vec<u8>, LlmError> {
        let mut body = Vec::new();
        let read = async {
            while let Some(piece) = response
                .chunk()
                .await
                .map_err(|error| self.interrupted(&cause(&error)))?
            {
                if body.len() + piece.len() > BODY_LIMIT {
                    return Err(self.malformed("it is longer than 64 MiB"));
                }
                body.extend_from_slice(&piece);
            }
            Ok(())
        };
        timeout(patience, read)
            .await
            .map_err(|_| self.silent(patience))??;
        Ok(body)
    }

    /// Starts reading the body of an answer as server-sent events, each at most `patience` after
    /// the last sign of life.
    pub fn events(&self, response: Response, patience: Duration) -> EventStream {
        EventStream::new(self.clone(), response.bytes_stream(), patience)
    }

    /// Tells whether an answer is a document where events were asked for: a web page of something
    /// in between, or an error under a good status.
    pub fn is_document(response: &Response) -> bool {
        let content_type = response.headers().get(CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok());
        content_type.is_some_and(|content_type| {
            let media_type = content_type.split(';').next().unwrap_or_default().trim();
            media_type.eq_ignore_ascii_case("text/html")
                || media_type.to_ascii_lowercase().ends_with("json")
        })
    }

    /// Makes the error for an answer that does not follow the protocol.
    pub fn malformed(&self, what: &str) -> LlmError {
        LlmError::new(
            LlmErrorKind::MalformedResponse,
            format!(
                "{} sent an answer that cannot be read: {}",
                self.name,
                self.redact(what)
            ),
        )
    }

    /// Makes the error for an answer that was cut.
    pub fn interrupted(&self, why: &str) -> LlmError {
        LlmError::new(
            LlmErrorKind::StreamInterrupted,
            format!("the answer from {} was cut: {why}", self.name),
        )
    }

    /// Makes the error for a peer that said nothing for `patience`.
    pub fn silent(&self, patience: Duration) -> LlmError {
        LlmError::new(
            LlmErrorKind::Timeout,
            format!("nothing came from {} for {patience:?}", self.name),
        )
    }

    /// Returns `text` with the secret blotted out.
    pub fn redact(&self, text: &str) -> String {
        match &self.secret {
            Some(secret) if !secret.expose().is_empty() => text.replace(secret.expose(), REDACTED),
            _ => text.to_owned(),
        }
    }

    fn no_answer(&self, error: &reqwest::Error) -> LlmError {
        let Self { name, base, .. } = self;
        let cause = cause(error);
        let message = if error.is_connect() {
            format!("cannot reach {name} at {base}: {cause}")
        } else {
            format!("the connection to {name} at {base} broke before an answer came: {cause}")
        };
        LlmError::new(self.unreachable, message).with_hint(self.unreachable_hint.clone())
    }
}

/// Returns what lies at the bottom of an error. The layers above repeat the address, which may
/// hold a password.
pub(crate) fn cause(error: &reqwest::Error) -> String {
    let mut bottom: Option<&(dyn Error + 'static)> = error.source();
    while let Some(deeper) = bottom.and_then(Error::source) {
        bottom = Some(deeper);
    }
    match bottom {
        Some(bottom) => bottom.to_string(),
        None => "the request could not be sent".to_owned(),
    }
}
