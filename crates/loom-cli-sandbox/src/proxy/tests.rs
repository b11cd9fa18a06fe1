//! The proxy against servers on this machine, under made-up names.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;

use futures::FutureExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use super::address::is_public;
use super::*;

/// A server that takes one connection, sends what it has got until the first blank line back, and
/// hangs up.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let answer = format!(
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            head.len()
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.write_all(&head).await.unwrap();
    });
    address
}

struct Scene {
    proxy: Proxy,
    folder: tempfile::TempDir,
}

impl Scene {
    /// A proxy that lets `hosts` pass, and finds names in `names`.
    async fn new(
        hosts: &[&str],
        names: &[(&str, SocketAddr)],
        may_reach: fn(std::net::IpAddr) -> bool,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let names: HashMap<String, SocketAddr> = names
            .iter()
            .map(|(name, address)| ((*name).to_owned(), *address))
            .collect();
        let dialer = Dialer::new(
            move |host, _| {
                let found = names.get(&host).copied();
                let none = || std::io::Error::from(std::io::ErrorKind::NotFound);
                async move { found.map(|address| vec![address]).ok_or_else(none) }.boxed()
            },
            may_reach,
        );
        let hosts = hosts.iter().map(|host| host.parse().unwrap()).collect();
        let proxy = Proxy::start_with(folder.path().join("socket"), hosts, dialer)
            .await
            .unwrap();
        Self { proxy, folder }
    }

    /// Sends a request, and returns all that comes back until the other side hangs up.
    async fn ask(&self, request: &str) -> String {
        ask(&self.folder.path().join("socket"), request).await
    }
}

async fn ask(socket: &Path, request: &str) -> String {
    let mut stream = UnixStream::connect(socket).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn refused(host: &str, port: u16, reason: RefusalReason) -> RefusedHost {
    RefusedHost {
        host: host.to_owned(),
        port,
        reason,
    }
}

#[tokio::test]
async fn a_tunnel_carries_bytes_both_ways() {
    let scene = Scene::new(&["good.test"], &[("good.test", echo().await)], |_| true).await;
    let answer = scene
        .ask("CONNECT good.test:443 HTTP/1.1\r\nHost: good.test:443\r\n\r\nhello\r\n\r\n")
        .await;
    let (head, rest) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
    assert!(rest.ends_with("hello\r\n\r\n"), "{rest}");
    assert_eq!(scene.proxy.take_refused(), []);
}

#[tokio::test]
async fn a_plain_request_is_passed_on_without_what_is_the_proxys() {
    let scene = Scene::new(&["good.test"], &[("good.test", echo().await)], |_| true).await;
    let answer = scene
        .ask(
            "GET http://good.test/a?b=c HTTP/1.1\r\nHost: other.test\r\nProxy-Authorization: x\r\n\
             Connection: close, X-Hop\r\nX-Hop: 1\r\nX-End: 2\r\n\r\n",
        )
        .await;
    let (_, seen) = answer.split_once("\r\n\r\n").unwrap();
    assert_eq!(
        seen,
        "GET /a?b=c HTTP/1.1\r\nhost: good.test\r\nx-end: 2\r\n\r\n"
    );
}

#[tokio::test]
async fn hosts_that_are_not_listed_are_refused_and_remembered_once() {
    let scene = Scene::new(&["*.good.test"], &[("good.test", echo().await)], |_| true).await;
    for request in [
        "CONNECT Good.Test:443 HTTP/1.1\r\n\r\n",
        "CONNECT good.test:443 HTTP/1.1\r\n\r\n",
        "GET http://bad.test:8080/ HTTP/1.1\r\nHost: a.good.test\r\n\r\n",
        "CONNECT a.good.test:22 HTTP/1.1\r\n\r\n",
    ] {
        let answer = scene
            .ask(&request.replacen("\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1))
            .await;
        assert!(
            answer.starts_with("HTTP/1.1 403 Forbidden"),
            "{request}: {answer}"
        );
        assert!(
            answer.contains("is not on the list of allowed hosts"),
            "{answer}"
        );
    }
    assert_eq!(
        scene.proxy.take_refused(),
        [
            refused("good.test", 443, RefusalReason::NotListed),
            refused("bad.test", 8080, RefusalReason::NotListed),
            refused("a.good.test", 22, RefusalReason::NotListed),
        ]
    );
    assert_eq!(scene.proxy.take_refused(), [], "they were taken");
}

#[tokio::test]
async fn a_listed_name_that_leads_into_this_machine_is_refused() {
    let scene = Scene::new(&["good.test"], &[("good.test", echo().await)], is_public).await;
    let answer = scene
        .ask("CONNECT good.test:443 HTTP/1.1\r\nConnection: close\r\n\r\n")
        .await;
    assert!(answer.starts_with("HTTP/1.1 403 Forbidden"), "{answer}");
    assert_eq!(
        scene.proxy.take_refused(),
        [refused("good.test", 443, RefusalReason::PrivateAddress)]
    );
}

#[tokio::test]
async fn a_host_that_is_allowed_later_passes_from_then_on() {
    let scene = Scene::new(&[], &[("good.test", echo().await)], |_| true).await;
    let request = "GET http://good.test/ HTTP/1.1\r\nHost: good.test\r\nConnection: close\r\n\r\n";
    assert!(scene.ask(request).await.contains("403"));
    scene.proxy.allow("good.test".parse().unwrap());
    assert!(scene.ask(request).await.starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn requests_that_are_none_for_a_proxy_are_answered_with_what_is_wrong() {
    let scene = Scene::new(&["good.test"], &[], |_| true).await;
    for (request, expected) in [
        ("GET / HTTP/1.1\r\nHost: good.test", "ask for a whole URL"),
        (
            "GET https://good.test/ HTTP/1.1\r\nHost: x",
            "through CONNECT",
        ),
        ("CONNECT good.test HTTP/1.1", "a host and a port"),
        (
            "CONNECT good.test:443 HTTP/1.1",
            "cannot reach good.test:443",
        ),
    ] {
        let answer = scene
            .ask(&format!("{request}\r\nConnection: close\r\n\r\n"))
            .await;
        assert!(answer.contains(expected), "{request}: {answer}");
    }
}

#[tokio::test]
async fn tunnels_end_with_the_proxy() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let scene = Scene::new(&["good.test"], &[("good.test", address)], |_| true).await;
    let mut stream = UnixStream::connect(scene.folder.path().join("socket"))
        .await
        .unwrap();
    stream
        .write_all(b"CONNECT good.test:443 HTTP/1.1\r\n\r\n")
        .await
        .unwrap();
    let (mut outside, _) = listener.accept().await.unwrap();
    drop(scene.proxy);
    assert_eq!(outside.read(&mut [0; 1]).await.unwrap_or(0), 0);
}
