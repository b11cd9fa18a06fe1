//! Which requests go through a proxy, seen from the proxy.

use std::collections::HashMap;

use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;

/// Answers everything with its own name.
async fn server(name: &str) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200).set_body_string(name))
        .mount(&server)
        .await;
    server
}

fn client(variables: &[(&str, &str)]) -> reqwest::Client {
    let variables: HashMap<&str, &str> = variables.iter().copied().collect();
    let proxies = from_variables(|name| variables.get(name).map(|value| (*value).to_owned()));
    let builder = crate::builder().no_proxy();
    proxies
        .into_iter()
        .fold(builder, reqwest::ClientBuilder::proxy)
        .build()
        .unwrap()
}

async fn get(client: &reqwest::Client, url: &str) -> String {
    client.get(url).send().await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn loopback_is_reached_directly_and_the_rest_through_the_proxy() {
    let (origin, proxy) = (server("origin").await, server("proxy").await);
    for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        let client = client(&[(name, &proxy.uri()), ("NO_PROXY", "other.invalid")]);
        let port = origin.address().port();
        assert_eq!(
            get(&client, &format!("http://127.0.0.1:{port}/")).await,
            "origin"
        );
        assert_eq!(
            get(&client, &format!("http://localhost:{port}/")).await,
            "origin"
        );
        assert_eq!(get(&client, "http://origin.invalid/").await, "proxy");
        assert!(
            client
                .get("http://other.invalid/")
                .send()
                .await
                .unwrap_err()
                .is_connect()
        );
    }
}

#[tokio::test]
async fn a_proxy_for_one_scheme_leaves_the_other_alone() {
    let (https, all) = (server("https").await, server("all").await);
    let client = client(&[("https_proxy", &https.uri()), ("all_proxy", &all.uri())]);
    assert_eq!(get(&client, "http://origin.invalid/").await, "all");
    // The tunnel that `https` needs is refused by this proxy, which shows that it was asked.
    client
        .get("https://origin.invalid/")
        .send()
        .await
        .unwrap_err();
    let asked = https.received_requests().await.unwrap();
    assert_eq!(
        asked.iter().map(|r| r.method.as_str()).collect::<Vec<_>>(),
        ["CONNECT"]
    );
}

#[tokio::test]
async fn a_proxys_password_reaches_only_the_proxy() {
    let (origin, proxy) = (server("origin").await, server("proxy").await);
    let address = proxy.uri().replace("http://", "http://ada:hunter2@");
    let client = client(&[("http_proxy", &address)]);
    get(&client, &origin.uri()).await;
    get(&client, "http://origin.invalid/").await;
    let sent = |requests: Vec<wiremock::Request>| -> Vec<bool> {
        requests
            .iter()
            .map(|r| r.headers.contains_key("proxy-authorization"))
            .collect()
    };
    assert_eq!(sent(origin.received_requests().await.unwrap()), [false]);
    assert_eq!(sent(proxy.received_requests().await.unwrap()), [true]);
}

#[test]
fn empty_and_unusable_addresses_name_no_proxy() {
    for variables in [
        vec![],
        vec![("http_proxy", ""), ("HTTPS_PROXY", " ")],
        vec![("http_proxy", "http://")],
        vec![
            ("HTTP_PROXY", "http://proxy.invalid"),
            ("REQUEST_METHOD", "GET"),
        ],
    ] {
        let map: HashMap<&str, &str> = variables.iter().copied().collect();
        let proxies = from_variables(|name| map.get(name).map(|value| (*value).to_owned()));
        assert!(proxies.is_empty(), "{variables:?}");
    }
}
