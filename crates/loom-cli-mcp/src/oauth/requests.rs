//! The requests that a login makes, through Loom's own HTTP client.

use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use rmcp::transport::auth::{
    OAuthHttpClient, OAuthHttpClientError, OAuthHttpClientFuture, OAuthHttpRedirectPolicy,
    OAuthHttpRequest,
};

/// The longest answer that is read, in bytes.
const MAX_ANSWER: usize = 1024 * 1024;

/// How long a request may take when it does not say.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Redirects that are followed for one request, all within its origin.
const MAX_REDIRECTS: usize = 5;

/// Makes the requests of logins.
pub(super) struct Requests {
    following: reqwest::Client,
    staying: reqwest::Client,
}

impl Requests {
    /// Makes the clients.
    ///
    /// # Errors
    ///
    /// What went wrong, as a sentence.
    pub(super) fn shared() -> Result<Arc<dyn OAuthHttpClient>, String> {
        let policy = Policy::custom(|attempt| {
            let stays = attempt
                .previous()
                .first()
                .is_some_and(|first| first.origin() == attempt.url().origin());
            match stays && attempt.previous().len() <= MAX_REDIRECTS {
                true => attempt.follow(),
                false => attempt.stop(),
            }
        });
        let following = loom_common_http::builder()
            .redirect(policy)
            .build()
            .map_err(|error| format!("There can be no HTTP client: {error}."))?;
        Ok(Arc::new(Self {
            following,
            staying: loom_common_http::new_client(),
        }))
    }

    async fn send(
        &self,
        request: OAuthHttpRequest,
    ) -> Result<http::Response<Vec<u8>>, OAuthHttpClientError> {
        let client = match request.redirect_policy {
            OAuthHttpRedirectPolicy::Stop => &self.staying,
            _ => &self.following,
        };
        let mut wanted = reqwest::Request::try_from(request.request)?;
        *wanted.timeout_mut() = Some(request.timeout.unwrap_or(TIMEOUT));
        let mut answer = client.execute(wanted).await?;
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await? {
            if body.len() + piece.len() > MAX_ANSWER {
                return Err(format!("the answer is longer than {MAX_ANSWER} bytes").into());
            }
            body.extend_from_slice(&piece);
        }
        let mut response = http::Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            headers.extend(answer.headers().clone());
        }
        Ok(response.body(body)?)
    }
}

impl OAuthHttpClient for Requests {
    fn execute(&self, request: OAuthHttpRequest) -> OAuthHttpClientFuture<'_> {
        Box::pin(self.send(request))
    }
}
