use loom_common_config::{HttpUrl, HttpUrlError};
use proptest::prelude::*;

#[test]
fn an_address_keeps_its_path_and_loses_the_slash_at_its_end() {
    let cases = [
        ("http://localhost:8080", "http://localhost:8080"),
        ("HTTPS://Example.com/", "https://example.com"),
        (
            " https://api.example.com/v1/ ",
            "https://api.example.com/v1",
        ),
        ("http://[::1]:80/a//", "http://[::1]/a"),
        ("https://example.com:443/", "https://example.com"),
    ];
    for (text, expected) in cases {
        let url: HttpUrl = text.parse().unwrap();
        assert_eq!(
            (url.as_str(), url.to_string().as_str()),
            (expected, expected)
        );
    }
}

#[test]
fn spellings_of_the_same_address_are_equal() {
    let with = HttpUrl::from_static("https://example.com/v1/");
    assert_eq!(with, HttpUrl::from_static("https://example.com/v1"));
}

#[test]
fn other_addresses_are_refused_with_the_reason() {
    let cases = [
        (
            "example.com",
            "`example.com` is not an address such as https://example.com: relative URL without a base",
        ),
        (
            "",
            "`` is not an address such as https://example.com: relative URL without a base",
        ),
        (
            "https://",
            "`https://` is not an address such as https://example.com: empty host",
        ),
        (
            "localhost:8080",
            "an address must start with http:// or https://, not localhost:",
        ),
        (
            "ftp://example.com",
            "an address must start with http:// or https://, not ftp:",
        ),
        (
            "https://ada@example.com",
            "an address must not hold a user name or password",
        ),
        (
            "https://:pass@example.com",
            "an address must not hold a user name or password",
        ),
        (
            "https://ada:pass@exa mple.com",
            "an address must not hold a user name or password",
        ),
        (
            "https://example.com/?a=b",
            "an address must not have a part that starts with ? or #",
        ),
        (
            "https://example.com/#a",
            "an address must not have a part that starts with ? or #",
        ),
    ];
    for (text, expected) in cases {
        let error: HttpUrlError = text.parse::<HttpUrl>().unwrap_err();
        assert_eq!(error.to_string(), expected, "{text}");
    }
}

proptest! {
    #[test]
    fn its_text_reads_as_itself(text in "https?://[a-z]{1,9}(:[1-9][0-9]{0,3})?(/[a-z/]{0,9})?") {
        let url: HttpUrl = text.parse().unwrap();
        prop_assert_eq!(&url.to_string().parse::<HttpUrl>().unwrap(), &url);
        let json = serde_json::to_string(&url).unwrap();
        prop_assert_eq!(serde_json::from_str::<HttpUrl>(&json).unwrap(), url);
    }
}
