//! Addresses, and the headers that open them.

use loom_llm_core::{BaseUrl, ConfigError, bearer_header, secret_header};

fn base(address: &str) -> BaseUrl {
    BaseUrl::new(address.parse().unwrap()).unwrap()
}

#[test]
fn routes_are_appended_whatever_the_base_ends_with() {
    let cases = [
        ("http://host", "http://host/v1/models"),
        ("http://host/", "http://host/v1/models"),
        ("http://host:1/a/b", "http://host:1/a/b/v1/models"),
        ("http://host/a/b/", "http://host/a/b/v1/models"),
        (
            "http://host/a?api-version=2",
            "http://host/a/v1/models?api-version=2",
        ),
    ];
    for (address, route) in cases {
        assert_eq!(base(address).join("v1/models").as_str(), route);
    }
}

#[test]
fn a_base_tells_what_it_ends_with() {
    assert!(base("http://host/api/v1/").ends_with("v1"));
    assert!(!base("http://host/v1/api").ends_with("v1"));
    assert!(!base("http://v1").ends_with("v1"));
    assert!(base("http://host/x").has_path());
    assert!(!base("http://host/").has_path());
    assert_eq!(base("https://API.Example.com/x").host(), "api.example.com");
}

#[test]
fn a_base_never_shows_user_name_password_or_query() {
    let base = base("https://user:pass@host/path/?key=k#f");
    assert_eq!(base.to_string(), "https://host/path");
    assert_eq!(format!("{base:?}"), "BaseUrl(https://host/path)");
}

#[test]
fn only_http_servers_have_an_address() {
    for address in ["ftp://host", "localhost:8080", "data:text/plain,x"] {
        let error = BaseUrl::new(address.parse().unwrap()).unwrap_err();
        let message = format!("`{address}` is not the address of an HTTP server");
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn a_header_of_a_secret_is_marked_as_one() {
    let key = "sk-1".to_owned().into();
    let header = secret_header(&key, "key").unwrap();
    assert_eq!(header, "sk-1");
    assert!(header.is_sensitive());
    let header = bearer_header(&key, "key").unwrap();
    assert_eq!(header, "Bearer sk-1");
    assert!(header.is_sensitive());
}

#[test]
fn a_secret_with_a_line_end_is_refused_by_name_and_not_shown() {
    let key = "sk-1\n".to_owned().into();
    let expected = ConfigError::HeaderValue {
        what: "key of the test".to_owned(),
    };
    assert_eq!(
        bearer_header(&key, "key of the test"),
        Err(expected.clone())
    );
    assert_eq!(
        expected.to_string(),
        "the key of the test has characters that cannot stand in an HTTP header"
    );
}
