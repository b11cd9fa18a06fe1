//! Redirects: followed on the same host, told of otherwise.

use serde_json::json;

use crate::web::{Answer, WebServer, between_marks, done, failed, tool};

#[tokio::test]
async fn redirects_on_the_same_host_are_followed() {
    let server = WebServer::start(|path| match path {
        "/1" => Answer::redirect("301 Moved Permanently", "/dir/2#there"),
        "/dir/2" => Answer::redirect("302 Found", "3?q=1"),
        "/dir/3?q=1" => Answer::redirect("303 See Other", "../4"),
        "/4" => Answer::redirect("307 Temporary Redirect", "/5"),
        "/5" => Answer::redirect("308 Permanent Redirect", "/6"),
        _ => Answer::html("<a href=x>here</a>"),
    })
    .await;
    let tool = tool();
    for _ in 0..2 {
        let text = done(&tool, json!({"url": server.url("/1")})).await;
        assert_eq!(
            between_marks(&text),
            format!("[here]({})", server.url("/x"))
        );
        assert!(
            text.starts_with(&format!("[Web page {}.", server.url("/6"))),
            "{text}"
        );
    }
    // The second time it was remembered.
    assert_eq!(
        server.paths(),
        ["/1", "/dir/2", "/dir/3?q=1", "/4", "/5", "/6"]
    );
}

#[tokio::test]
async fn a_redirect_to_another_place_is_told_and_not_followed() {
    let other = WebServer::always(Answer::html("secret")).await;
    let elsewhere = [
        other.url("/x"),
        "https://other.example/?a=b".to_owned(),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
    ];
    for target in elsewhere {
        let location = target.clone();
        let server = WebServer::start(move |_| Answer::redirect("302 Found", &location)).await;
        let text = done(&tool(), json!({"url": server.url("/a")})).await;
        assert_eq!(
            text,
            format!(
                "{} redirects to {target}, which is another place, so it was not followed. If that \
                 page is wanted, fetch it with this address.",
                server.url("/a")
            )
        );
    }
    assert_eq!(other.paths(), [""; 0]);
}

#[tokio::test]
async fn a_name_and_the_number_that_it_stands_for_are_two_places() {
    let server = WebServer::start(|_| Answer::html("x")).await;
    let target = server.url("/x");
    let redirecting = WebServer::start(move |_| Answer::redirect("302 Found", &target)).await;
    let text = done(
        &tool(),
        json!({"url": redirecting.url_at("site.test", "/")}),
    )
    .await;
    assert!(text.contains("it was not followed"), "{text}");
    assert_eq!(server.paths(), [""; 0]);
}

#[tokio::test]
async fn circles_and_long_ways_come_to_an_end() {
    let circle = WebServer::start(|path| match path {
        "/a" => Answer::redirect("302 Found", "/b"),
        _ => Answer::redirect("302 Found", "/a"),
    })
    .await;
    let text = failed(&tool(), json!({"url": circle.url("/a")})).await;
    assert_eq!(
        text,
        format!(
            "{} redirects in a circle, or too often; the last address was {}",
            circle.url("/a"),
            circle.url("/a")
        )
    );
    assert_eq!(circle.paths(), ["/a", "/b"]);

    let endless = WebServer::start(|path| {
        let number: u32 = path.trim_start_matches('/').parse().unwrap();
        Answer::redirect("302 Found", &format!("/{}", number + 1))
    })
    .await;
    failed(&tool(), json!({"url": endless.url("/0")})).await;
    assert_eq!(endless.paths(), ["/0", "/1", "/2", "/3", "/4", "/5"]);
}

#[tokio::test]
async fn a_redirect_to_no_address_is_told() {
    for location in [
        "",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://",
        "http://a@b/",
    ] {
        let server = WebServer::start(move |path| match path {
            "/" => Answer::redirect("302 Found", location),
            _ => Answer::html("x"),
        })
        .await;
        let text = failed(&tool(), json!({"url": server.url("/")})).await;
        assert!(text.contains(" redirects "), "{location}: {text}");
    }
}

#[tokio::test]
async fn a_redirect_without_a_place_is_a_failure() {
    let server = WebServer::always(Answer::new("302 Found", &[], "")).await;
    let text = failed(&tool(), json!({"url": server.url("/")})).await;
    assert_eq!(text, format!("{} answered 302 Found.", server.url("/")));
}
