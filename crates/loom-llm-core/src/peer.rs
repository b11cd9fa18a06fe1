//! The other side of a connection: how long it may be silent, and how errors name it.

use std::error::Error;
use std::time::Duration;

use loom_common_core::{LlmError, LlmErrorKind};
use loom_common_secret::{REDACTED, SecretString};
use reqwest::header::CONTENT_TYPE;
use reqwest::{RequestBuilder, Response};
use tokio::time::timeout;

use crate::BaseUrl;
use crate::answer::BadEvent;
use crate::events::EventStream;
use crate::failure::{Failure, one_line, request_id};

/// The most bytes that an unstreamed answer of a model may have.
const BODY_LIMIT: usize = 64 * 1024 * 1024;

/// The other side of a connection.
#[derive(Clone, Debug)]
pub struct Peer {
    /// What people call it, such as `Anthropic`.
    pub name: &'static str,
    /// Where it is.
    pub base: BaseUrl,
    /// The kind of error when it cannot be reached.
    pub unreachable: LlmErrorKind,
    /// What a person can do when something goes wrong with it.
    pub hints: Hints,
    /// What must not be shown should the peer send it back.
    pub secret: Option<SecretString>,
}

/// What a person can do when something goes wrong with a peer, as far as it differs from peer to
/// peer.
#[derive(Clone, Copy, Debug)]
pub struct Hints {
    /// When it cannot be reached.
    pub unreachable: &'static str,
    /// When it says nothing for too long.
    pub silence: &'static str,
    /// When it refuses the secret.
    pub key: &'static str,
    /// When something else answers at its address.
    pub address: &'static str,
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

    /// Sends a request and waits for the head of an answer that is a success. `refusal` says what
    /// any other answer means.
    ///
    /// # Errors
    ///
    /// As [`Peer::send`], and what `refusal` makes.
    pub async fn ask(
        &self,
        request: RequestBuilder,
        patience: Duration,
        refusal: impl FnOnce(&Failure) -> LlmError,
    ) -> Result<Response, LlmError> {
        let response = self.send(request, patience).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(refusal(&Failure::read(self, response).await))
    }

    /// Reads the whole body of a model's answer, of at most 64 MiB.
    ///
    /// # Errors
    ///
    /// As [`Peer::body_within`].
    pub async fn body(&self, response: Response, patience: Duration) -> Result<Vec<u8>, LlmError> {
        self.body_within(response, patience, BODY_LIMIT).await
    }

    /// Reads the whole body of an answer, of at most `longest` bytes.
    ///
    /// # Errors
    ///
    /// [`LlmErrorKind::StreamInterrupted`] when it is cut, [`LlmErrorKind::Timeout`] when it takes
    /// longer than `patience`, [`LlmErrorKind::MalformedResponse`] when it is longer.
    pub async fn body_within(
        &self,
        mut response: Response,
        patience: Duration,
        longest: usize,
    ) -> Result<Vec<u8>, LlmError> {
        let mut body = Vec::new();
        let read = async {
            while let Some(piece) = response
                .chunk()
                .await
                .map_err(|error| self.interrupted(&cause(&error)))?
            {
                if body.len() + piece.len() > longest {
                    let mebibytes = longest / (1024 * 1024);
                    return Err(self.malformed(&format!("it is longer than {mebibytes} MiB")));
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
    /// the last sign of life. `refusal` says what it means when the answer is a document instead: a
    /// web page of something in between, or an error under a good status.
    ///
    /// # Errors
    ///
    /// What `refusal` makes.
    pub async fn events(
        &self,
        response: Response,
        patience: Duration,
        refusal: impl FnOnce(&Failure) -> LlmError,
    ) -> Result<EventStream, LlmError> {
        if is_document(&response) {
            return Err(refusal(&Failure::read(self, response).await));
        }
        let request_id = request_id(response.headers());
        let bytes = response.bytes_stream();
        Ok(EventStream::new(self.clone(), request_id, bytes, patience))
    }

    /// Makes the error for an answer that does not follow the protocol.
    pub fn malformed(&self, what: &str) -> LlmError {
        let what = self.quote(what);
        let message = format!("{} sent an answer that cannot be read: {what}", self.name);
        self.advise(LlmError::new(LlmErrorKind::MalformedResponse, message))
    }

    /// Makes the error for an event that a decoder cannot take.
    pub fn unreadable(&self, event: BadEvent) -> LlmError {
        match event {
            BadEvent::Malformed(what) => self.malformed(&what),
            BadEvent::Reported(error) => error,
        }
    }

    /// Makes the error for an answer that was cut.
    pub fn interrupted(&self, why: &str) -> LlmError {
        let message = format!("the answer from {} was cut: {why}", self.name);
        self.advise(LlmError::new(LlmErrorKind::StreamInterrupted, message))
    }

    /// Makes the error that the peer reports in the middle of its answer.
    pub fn broke_off(&self, kind: LlmErrorKind, explanation: &str) -> LlmError {
        let explanation = self.quote(explanation);
        let message = format!("{} broke off its answer: {explanation}", self.name);
        self.advise(LlmError::new(kind, message))
    }

    /// Makes the error for a peer that said nothing for `patience`.
    pub fn silent(&self, patience: Duration) -> LlmError {
        self.advise(LlmError::new(
            LlmErrorKind::Timeout,
            format!("nothing came from {} for {patience:?}", self.name),
        ))
    }

    /// Returns what the peer sent in a form that can be shown: on one line, not too long, and with
    /// the secret blotted out.
    pub fn quote(&self, text: &str) -> String {
        one_line(&self.redact(text))
    }

    /// Returns `text` with the secret blotted out.
    pub(crate) fn redact(&self, text: &str) -> String {
        match &self.secret {
            Some(secret) if !secret.expose().is_empty() => text.replace(secret.expose(), REDACTED),
            _ => text.to_owned(),
        }
    }

    /// Adds what a person can do about an error of its kind.
    pub(crate) fn advise(&self, error: LlmError) -> LlmError {
        let hint = match error.kind {
            LlmErrorKind::ServerUnreachable | LlmErrorKind::ProviderUnreachable => {
                self.hints.unreachable
            }
            LlmErrorKind::Timeout => self.hints.silence,
            LlmErrorKind::Unauthorized | LlmErrorKind::KeyRefused => self.hints.key,
            LlmErrorKind::PermissionDenied => {
                "the key may not use this model or feature; ask whoever manages the key"
            }
            LlmErrorKind::ModelNotFound => "choose another model with --model",
            LlmErrorKind::ContextTooLong => {
                "start a new thread, or choose a model that takes longer conversations"
            }
            LlmErrorKind::RateLimited => {
                "wait a while: the provider limits requests and tokens per minute"
            }
            LlmErrorKind::SpendLimit => {
                "raise the limit or add credit in the provider's console, or use another key"
            }
            LlmErrorKind::Overloaded | LlmErrorKind::ProviderFailed => {
                "try again later; the provider's status page may say more"
            }
            LlmErrorKind::StreamInterrupted | LlmErrorKind::MalformedResponse => {
                "try again; if it happens every time, look at the network and at what stands \
                 between, such as a proxy"
            }
            LlmErrorKind::ProviderNotConfigured
            | LlmErrorKind::InvalidRequest
            | LlmErrorKind::Internal => return error,
        };
        error.with_hint(hint)
    }

    fn no_answer(&self, error: &reqwest::Error) -> LlmError {
        let Self { name, base, .. } = self;
        let cause = cause(error);
        let message = if error.is_connect() {
            format!("cannot reach {name} at {base}: {cause}")
        } else {
            format!("the connection to {name} at {base} broke before an answer came: {cause}")
        };
        self.advise(LlmError::new(self.unreachable, message))
    }
}

fn is_document(response: &Response) -> bool {
    let content_type = response.headers().get(CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    content_type.is_some_and(|content_type| {
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        media_type.eq_ignore_ascii_case("text/html")
            || media_type.to_ascii_lowercase().ends_with("json")
    })
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
