//! Retry with exponential backoff and jitter.
//!
//! The delay before attempt `n + 1` doubles (by default) with each failure up to a cap. Jitter then
//! takes away up to half of it: clients that failed together do not come back together, and none
//! comes back at once ("equal jitter"). A server that says how long to wait is waited for at least so
//! long, up to a ceiling, since an answer that nobody waits for is worse than one more refusal.

use std::time::Duration;

use rand::{Rng, RngExt};
use reqwest::StatusCode;

/// Says whether, and how soon, an operation that failed may be tried again.
pub trait RetryableError {
    /// Tells whether the same operation may succeed when tried again.
    fn is_retryable(&self) -> bool;

    /// Tells how long the server asked to wait, if it did.
    fn retry_after(&self) -> Option<Duration> {
        None
    }
}

/// How often to try, and how long to wait between two attempts.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryConfig {
    /// Attempts in all, the first included; 0 counts as 1.
    pub max_attempts: u32,
    /// Delay after the first failure, before jitter.
    pub base_delay: Duration,
    /// Upper bound of the delay, however many failures there were.
    pub max_delay: Duration,
    /// By how much the delay grows with each failure; below 1 counts as 1.
    pub factor: f64,
    /// Upper bound of what a server may ask for; a longer wish is cut to this.
    pub max_retry_after: Duration,
}

impl Default for RetryConfig {
    /// Five attempts, after about 0.5, 1, 2 and 4 seconds; a server may ask for a minute.
    fn default() -> Self {
        Self {
            max_attempts: 5,
            base_delay: Duration::from_millis(500),
            max_delay: Duration::from_secs(30),
            factor: 2.0,
            max_retry_after: Duration::from_secs(60),
        }
    }
}

impl RetryConfig {
    /// Picks the delay after the `attempt`-th attempt failed, counted from 1.
    ///
    /// The backoff is `base_delay * factor^(attempt - 1)`, at most `max_delay`; the delay lies
    /// between its half and its whole. When the server asks for longer (`retry_after`, at most
    /// `max_retry_after` of it), the delay is what it asks for and up to `base_delay` more.
    pub fn delay(
        &self,
        attempt: u32,
        retry_after: Option<Duration>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Duration {
        let exponent = attempt.saturating_sub(1).min(i32::MAX as u32) as i32;
        let grown = self.base_delay.as_secs_f64() * self.factor.max(1.0).powi(exponent);
        let backoff = saturating_seconds(grown).min(self.max_delay);
        let delay = between(backoff / 2, backoff, rng);

        match retry_after.map(|asked| asked.min(self.max_retry_after)) {
            Some(asked) if asked > delay => {
                between(asked, asked.saturating_add(self.base_delay), rng)
            }
            _ => delay,
        }
    }
}

/// Picks a duration between two, both included.
fn between(low: Duration, high: Duration, rng: &mut (impl Rng + ?Sized)) -> Duration {
    let share: f64 = rng.random_range(0.0..=1.0);
    low.saturating_add(saturating_seconds((high - low).as_secs_f64() * share))
        .min(high)
}

/// Converts seconds; what is too long, infinite or undefined becomes the longest duration.
fn saturating_seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

/// Runs `operation` until it succeeds, fails for good, or has used up the attempts.
///
/// The error of the last attempt is returned. Dropping the future stops the waiting.
///
/// # Errors
///
/// Whatever `operation` returned last.
pub async fn retry<T, E, F, Fut>(
    config: &RetryConfig,
    rng: &mut (impl Rng + ?Sized),
    mut operation: F,
) -> Result<T, E>
where
    E: RetryableError,
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    let mut attempt = 1;
    loop {
        let error = match operation().await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        if attempt >= config.max_attempts || !error.is_retryable() {
            return Err(error);
        }
        let delay = config.delay(attempt, error.retry_after(), rng);
        tracing::debug!(attempt, ?delay, "attempt failed; trying again");
        tokio::time::sleep(delay).await;
        attempt += 1;
    }
}

/// Tells whether a request that got this status may succeed when sent again.
///
/// True for 408, 425, 429 and all server errors but 501 and 505, which say that the server will never
/// do it. 529 is Anthropic's "overloaded". A header may overrule it: see
/// [`parse_should_retry`](crate::parse_should_retry).
pub fn is_retryable_status(status: StatusCode) -> bool {
    match status.as_u16() {
        408 | 425 | 429 => true,
        501 | 505 => false,
        code => code >= 500,
    }
}

impl RetryableError for reqwest::Error {
    /// True when the connection failed or was cut, timed out, or the status says so.
    fn is_retryable(&self) -> bool {
        match self.status() {
            Some(status) => is_retryable_status(status),
            None => self.is_connect() || self.is_timeout() || self.is_request() || self.is_body(),
        }
    }
}

#[cfg(test)]
mod tests;
