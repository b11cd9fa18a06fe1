//! How long a server asks to wait, and whether it wants to be asked again at all.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// Reads how long the server asks to wait, `now` being the time of the answer.
///
/// The first of these that can be read: `retry-after-ms` (milliseconds; OpenAI and Anthropic send
/// it), `retry-after` in seconds (whole by RFC 9110, section 10.2.3; fractions do occur), and
/// `retry-after` as an HTTP date in any of its three forms (section 5.6.7), where a date that has
/// passed means zero. Negative and unreadable values count as absent.
pub fn parse_retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    if let Some(delay) = text(headers, "retry-after-ms").and_then(|text| number(text, 0.001)) {
        return Some(delay);
    }
    let value = text(headers, RETRY_AFTER.as_str())?;
    number(value, 1.0).or_else(|| until(value, now))
}

/// Reads `x-should-retry`, with which OpenAI and Anthropic overrule what the status suggests.
pub fn parse_should_retry(headers: &HeaderMap) -> Option<bool> {
    match text(headers, "x-should-retry")? {
        value if value.eq_ignore_ascii_case("true") => Some(true),
        value if value.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    Some(headers.get(name)?.to_str().ok()?.trim())
}

/// Reads a decimal number of units, each `unit` seconds long.
fn number(text: &str, unit: f64) -> Option<Duration> {
    // Rust also reads "inf", "nan" and "1e9", which no server means as a number of seconds.
    if !text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        return None;
    }
    Duration::try_from_secs_f64(text.parse::<f64>().ok()? * unit).ok()
}

/// Reads an HTTP date and tells how far off it is.
fn until(text: &str, now: Timestamp) -> Option<Duration> {
    let date = Timestamp::try_from(httpdate::parse_http_date(text).ok()?).ok()?;
    Some(Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests;
