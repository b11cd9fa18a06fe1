use super::*;

/// Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110.
const NOW: Timestamp = Timestamp::constant(784_111_777, 0);

fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
    fields
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .collect()
}

fn retry_after(value: &str) -> Option<Duration> {
    parse_retry_after(&headers(&[("retry-after", value)]), NOW)
}

#[test]
fn seconds_may_be_whole_or_fractional() {
    assert_eq!(retry_after("120"), Some(Duration::from_secs(120)));
    assert_eq!(retry_after(" 1.5 "), Some(Duration::from_millis(1500)));
    assert_eq!(retry_after("0"), Some(Duration::ZERO));
}

#[test]
fn all_three_forms_of_a_date_are_read() {
    for date in [
        "Sun, 06 Nov 1994 08:50:37 GMT",
        "Sunday, 06-Nov-94 08:50:37 GMT",
        "Sun Nov  6 08:50:37 1994",
    ] {
        assert_eq!(retry_after(date), Some(Duration::from_secs(60)), "{date}");
    }
}

#[test]
fn a_date_that_has_passed_means_now() {
    assert_eq!(
        retry_after("Sun, 06 Nov 1994 08:49:36 GMT"),
        Some(Duration::ZERO)
    );
}

#[test]
fn unreadable_values_count_as_absent() {
    let values = [
        "",
        "-1",
        "soon",
        "inf",
        "nan",
        "1e9",
        "1.2.3",
        ".",
        "Sun, 06 Nov 1994",
        "999999999999999999999",
    ];
    for value in values {
        assert_eq!(retry_after(value), None, "{value:?}");
    }
    assert_eq!(parse_retry_after(&HeaderMap::new(), NOW), None);
}

#[test]
fn milliseconds_come_before_seconds() {
    let both = headers(&[("retry-after", "9"), ("retry-after-ms", "250.5")]);
    assert_eq!(
        parse_retry_after(&both, NOW),
        Some(Duration::from_micros(250_500))
    );
    let broken = headers(&[("retry-after", "9"), ("retry-after-ms", "x")]);
    assert_eq!(
        parse_retry_after(&broken, NOW),
        Some(Duration::from_secs(9))
    );
}

#[test]
fn the_server_may_say_whether_to_retry() {
    let parse = |value: &str| parse_should_retry(&headers(&[("x-should-retry", value)]));
    assert_eq!(["true", "TRUE", "false", "maybe", ""].map(parse), {
        [Some(true), Some(true), Some(false), None, None]
    });
    assert_eq!(parse_should_retry(&HeaderMap::new()), None);
}
