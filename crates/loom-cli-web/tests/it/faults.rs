//! Servers that answer garbage, too much, too slowly, or not at all.

use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use tokio::net::TcpListener;

use crate::web::{Answer, Then, WebServer, between_marks, done, failed, tool};

const LARGER: &str = "(the page is larger than this tool reads; this is the text of its beginning)";

#[tokio::test]
async fn failures_of_the_server_are_told_with_what_they_mean() {
    for (status, advice) in [
        ("400 Bad Request", ""),
        (
            "403 Forbidden",
            " The page is not open to everybody, or refuses programs.",
        ),
        (
            "404 Not Found",
            " There is no such page: check the address, or search for it.",
        ),
        (
            "429 Too Many Requests",
            " The server wants fewer requests: wait before you ask it again.",
        ),
        (
            "500 Internal Server Error",
            " The server has a problem: try again later, or another page.",
        ),
    ] {
        let server = WebServer::always(Answer::new(status, &[], "<h1>Oh no</h1>")).await;
        let text = failed(&tool(), json!({"url": server.url("/x")})).await;
        assert_eq!(
            text,
            format!("{} answered {status}.{advice}", server.url("/x"))
        );
    }
}

#[tokio::test]
async fn a_failure_is_not_remembered() {
    let mut asked = 0;
    let answers = std::sync::Mutex::new(move || {
        asked += 1;
        match asked {
            1 => Answer::new("503 Service Unavailable", &[], ""),
            _ => Answer::html("<p>here"),
        }
    });
    let server = WebServer::start(move |_| (answers.lock().unwrap())()).await;
    let tool = tool();
    failed(&tool, json!({"url": server.url("/")})).await;
    let text = done(&tool, json!({"url": server.url("/")})).await;
    assert_eq!(between_marks(&text), "here");
}

#[tokio::test]
async fn an_endless_page_is_cut() {
    let page = Answer::new("200 OK", &["content-type: text/plain"], "start ");
    let server = WebServer::always(page.then(Then::Repeat(b"more "))).await;
    let text = done(&tool(), json!({"url": server.url("/")})).await;
    assert!(between_marks(&text).starts_with("start more more"));
    assert!(
        text.contains(" of 8388608; there is more, read on with offset="),
        "{text}"
    );
    assert!(text.ends_with(LARGER), "{text}");
}

#[tokio::test]
async fn a_bomb_is_cut() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..64 {
        encoder.write_all(&[b'x'; 1024 * 1024]).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() < 100_000, "{}", bomb.len());
    let headers = ["content-type: text/plain", "content-encoding: gzip"];
    let server = WebServer::always(Answer::new("200 OK", &headers, bomb)).await;
    let text = done(&tool(), json!({"url": server.url("/")})).await;
    assert!(text.contains(" of 8388608; there is more"), "{text}");
    assert!(text.ends_with(LARGER), "{text}");
}

#[tokio::test]
async fn a_packing_that_was_not_asked_for_or_is_broken_is_told() {
    for (coding, reason) in [
        ("br", "it is packed with br, which was not asked for"),
        ("gzip", "invalid gzip header"),
        (
            "gzip, gzip",
            "it is packed with gzip, gzip, which was not asked for",
        ),
    ] {
        let coding = format!("content-encoding: {coding}");
        let headers = ["content-type: text/plain", &coding];
        let server = WebServer::always(Answer::new("200 OK", &headers, "no gzip at all")).await;
        let text = failed(&tool(), json!({"url": server.url("/")})).await;
        let expected = format!(
            "the answer of {} cannot be unpacked: {reason}",
            server.url("/")
        );
        assert_eq!(text, expected);
    }
}

#[tokio::test]
async fn a_page_that_is_shorter_than_it_says_is_told_as_cut() {
    for then in [Then::Close, Then::Reset] {
        let headers = ["content-type: text/plain", "content-length: 100"];
        let page = Answer::new("200 OK", &headers, "short").then(then);
        let server = WebServer::always(page).await;
        let text = failed(&tool(), json!({"url": server.url("/")})).await;
        assert!(
            text.contains(" broke before the page was whole: ")
                && text.ends_with(". Try once more."),
            "{then:?}: {text}"
        );
    }
}

#[tokio::test]
async fn a_page_that_is_longer_than_it_says_ends_where_it_says() {
    let headers = ["content-type: text/plain", "content-length: 5"];
    let server = WebServer::always(Answer::new("200 OK", &headers, "short and more")).await;
    let text = done(&tool(), json!({"url": server.url("/")})).await;
    assert_eq!(between_marks(&text), "short");
}

#[tokio::test]
async fn what_is_no_http_is_told() {
    for bytes in [
        "",
        "SSH-2.0-OpenSSH_9.9\r\n",
        "HTTP/1.1 abc\r\n\r\n",
        "\0\0\0\0",
    ] {
        let garbage = Answer {
            bytes: bytes.as_bytes().to_vec(),
            then: Then::Close,
        };
        let server = WebServer::always(garbage).await;
        let text = failed(&tool(), json!({"url": server.url("/")})).await;
        assert!(
            text.contains(" broke before the page was whole: "),
            "{bytes:?}: {text}"
        );
    }
}

#[tokio::test]
async fn a_head_without_an_end_is_given_up() {
    let head = Answer {
        bytes: b"HTTP/1.1 200 OK\r\nx: ".to_vec(),
        then: Then::Repeat(b"x"),
    };
    let server = WebServer::always(head).await;
    let text = failed(&tool(), json!({"url": server.url("/")})).await;
    assert!(
        text.contains(" broke before the page was whole: "),
        "{text}"
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let text = failed(&tool(), json!({"url": format!("http://{address}/")})).await;
    assert!(
        text.starts_with(&format!("cannot connect to {address}: ")),
        "{text}"
    );
}

/// The clock stands still until the server has written what it writes, and is then moved beyond
/// the deadline.
#[tokio::test]
async fn a_server_that_falls_silent_is_given_up() {
    for bytes in [
        "",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\nhalf a page",
    ] {
        let silence = Answer {
            bytes: bytes.as_bytes().to_vec(),
            then: Then::Wait,
        };
        let mut server = WebServer::always(silence).await;
        let url = server.url("/");
        let call = tokio::spawn(async move { failed(&tool(), json!({"url": url})).await });
        server.answered().await;
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(31)).await;
        tokio::time::resume();
        let text = call.await.unwrap();
        assert!(
            text.ends_with(
                " took longer than 30s, and was given up. Try once more, or another page."
            ),
            "{bytes:?}: {text}"
        );
    }
}

#[tokio::test]
async fn html_garbage_is_read_as_well_as_can_be() {
    let deep = "<div><b><ul><li>".repeat(5_000);
    for (page, expected) in [
        (
            "<p>a</b></div><<p>>b<table></ul>c".to_owned(),
            "a<\n\n\\>b\n\nc",
        ),
        (format!("{deep}deep"), "deep"),
        (
            "<p>&#0;&#27;[31mred\u{1b}[0m".to_owned(),
            "\u{fffd}\\[31mred\\[0m",
        ),
    ] {
        let server = WebServer::always(Answer::html(page)).await;
        let text = done(&tool(), json!({"url": server.url("/")})).await;
        assert_eq!(between_marks(&text).trim_start_matches("- "), expected);
    }
}
