//! Addresses that are not of the web, however they are reached.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt as _;
use loom_cli_web::{NameLookup, Reach, system_lookup};
use serde_json::json;

use crate::web::{Answer, WebServer, between_marks, done, everything_at, failed, tool_with};

fn refusal(host: &str, address: &str) -> String {
    format!(
        "{host} is at {address}, which is not on the public web, so it is not fetched. For a server \
         on this machine or in this network use a command such as curl, or ask the user to set \
         `web.allow_private`."
    )
}

#[tokio::test]
async fn addresses_of_this_machine_and_its_network_are_refused_by_number() {
    let server = WebServer::always(Answer::html("secret")).await;
    let tool = tool_with(|settings| settings.reach = Reach::Public);
    let port = server
        .url("/")
        .rsplit(':')
        .next()
        .unwrap()
        .trim_end_matches('/')
        .to_owned();
    for (host, address) in [
        ("127.0.0.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("[::1]", "::1"),
        ("[::ffff:7f00:1]", "::ffff:127.0.0.1"),
        ("0.0.0.0", "0.0.0.0"),
        ("10.1.2.3", "10.1.2.3"),
        ("169.254.169.254", "169.254.169.254"),
    ] {
        let text = failed(&tool, json!({"url": format!("http://{host}:{port}/")})).await;
        assert!(
            text.contains(&format!(" is at {address}, which is not on the public web")),
            "{text}"
        );
    }
    assert_eq!(server.paths(), [""; 0]);
}

#[tokio::test]
async fn names_that_lead_there_are_refused() {
    let server = WebServer::always(Answer::html("secret")).await;
    for address in [
        "127.0.0.1",
        "::1",
        "10.0.0.1",
        "169.254.169.254",
        "fd00:ec2::254",
    ] {
        let tool = tool_with(|settings| {
            settings.reach = Reach::Public;
            settings.lookup = everything_at(&[address]);
        });
        let url = server.url_at("innocent.example", "/");
        let text = failed(&tool, json!({"url": url})).await;
        let host = url.trim_start_matches("http://").trim_end_matches('/');
        assert_eq!(text, refusal(host, address));
    }
    assert_eq!(server.paths(), [""; 0]);
}

#[tokio::test]
async fn the_systems_own_names_are_checked_too() {
    let server = WebServer::always(Answer::html("secret")).await;
    let tool = tool_with(|settings| {
        settings.reach = Reach::Public;
        settings.lookup = system_lookup();
    });
    let text = failed(&tool, json!({"url": server.url_at("localhost", "/")})).await;
    assert!(text.contains("which is not on the public web"), "{text}");
    assert_eq!(server.paths(), [""; 0]);
}

#[tokio::test]
async fn private_addresses_can_be_allowed_and_those_of_credentials_cannot() {
    let server = WebServer::always(Answer::html("<p>hello")).await;
    let tool = tool_with(|settings| {
        settings.reach = Reach::Private;
        settings.lookup = everything_at(&["169.254.169.254"]);
    });
    let text = done(&tool, json!({"url": server.url("/")})).await;
    assert_eq!(between_marks(&text), "hello");
    for url in ["http://169.254.169.254/", "http://metadata.example/"] {
        let text = failed(&tool, json!({"url": url})).await;
        assert!(
            text.contains("is at 169.254.169.254, which is not"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn only_the_allowed_addresses_of_a_name_are_connected_to() {
    let server = WebServer::always(Answer::html("<p>hello")).await;
    let tool = tool_with(|settings| {
        settings.lookup = everything_at(&["169.254.169.254", "127.0.0.1"]);
    });
    let url = server.url_at("mixed.example", "/");
    let text = done(&tool, json!({"url": url})).await;
    assert_eq!(between_marks(&text), "hello");
}

/// A name that is looked up as another address each time.
fn changing(addresses: &'static [&'static str]) -> NameLookup {
    let asked = Arc::new(AtomicUsize::new(0));
    Arc::new(move |_| {
        let turn = asked.fetch_add(1, Ordering::Relaxed);
        let address = addresses[turn.min(addresses.len() - 1)].parse().unwrap();
        async move { Ok(vec![address]) }.boxed()
    })
}

#[tokio::test]
async fn a_name_that_changes_its_address_is_checked_for_every_connection() {
    let server = WebServer::always(Answer::redirect("302 Found", "/next")).await;
    let tool = tool_with(|settings| {
        settings.lookup = changing(&["127.0.0.1", "169.254.169.254"]);
    });
    let url = server.url_at("rebinding.example", "/");
    let text = failed(&tool, json!({"url": url})).await;
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    assert_eq!(text, refusal(host, "169.254.169.254"));
    assert_eq!(server.paths(), ["/"]);
}

#[tokio::test]
async fn a_name_that_leads_nowhere_is_told() {
    let nowhere: NameLookup =
        Arc::new(|name| async move { Err(io::Error::other(format!("{name} is unknown"))) }.boxed());
    for (lookup, reason) in [
        (nowhere, "nowhere.example is unknown"),
        (everything_at(&[]), "it has no address"),
    ] {
        let tool = tool_with(|settings| settings.lookup = lookup);
        let text = failed(&tool, json!({"url": "http://nowhere.example/"})).await;
        assert_eq!(
            text,
            format!(
                "there is no host nowhere.example: {reason}. Check the address; search for the page \
                 if need be."
            )
        );
    }
}
