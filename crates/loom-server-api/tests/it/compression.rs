//! Bodies that clients have compressed.

use async_compression::tokio::write::{BrotliEncoder, GzipEncoder, ZlibEncoder, ZstdEncoder};
use loom_testing::{FakeModel, Reply, TestServer};
use reqwest::Method;
use tokio::io::AsyncWriteExt as _;

use crate::client::{Answer, Client, answer, question};

const COMPLETE: &str = "/api/v1/llm/openai/complete";

/// Writes the bytes through an encoder, and returns what it makes of them.
macro_rules! packed {
    ($encoder:ident, $bytes:expr) => {{
        let mut encoder = $encoder::new(Vec::new());
        encoder.write_all($bytes).await.unwrap();
        encoder.shutdown().await.unwrap();
        encoder.into_inner()
    }};
}

async fn post(client: &Client, coding: &str, body: Vec<u8>) -> Answer {
    let request = client
        .request(Method::POST, COMPLETE)
        .header("content-type", "application/json")
        .header("content-encoding", coding)
        .body(body);
    answer(request.send().await.unwrap()).await
}

#[tokio::test]
async fn a_compressed_request_is_read() {
    let model = FakeModel::start().await;
    let server = TestServer::with_model(&model).await;
    let client = Client::new(&server);
    let question = question().to_string().into_bytes();
    let bodies = [
        ("gzip", packed!(GzipEncoder, &question)),
        ("deflate", packed!(ZlibEncoder, &question)),
        ("br", packed!(BrotliEncoder, &question)),
        ("zstd", packed!(ZstdEncoder, &question)),
        ("identity", question.clone()),
    ];
    for (coding, body) in bodies {
        model.reply(Reply::text("hello"));
        let answer = post(&client, coding, body).await;
        assert_eq!(answer.status, 200, "{coding}: {answer:?}");
    }
}

#[tokio::test]
async fn a_small_body_that_unpacks_to_a_huge_one_is_refused() {
    let server = TestServer::start(|config| config.http.max_body_bytes = 100_000).await;
    let bomb = packed!(GzipEncoder, &vec![b' '; 10_000_000]);
    assert!(bomb.len() < 100_000, "{} bytes", bomb.len());
    let answer = post(&Client::new(&server), "gzip", bomb).await;
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (413, &"body_too_large".into()),
        "{answer:?}"
    );
}

#[tokio::test]
async fn what_cannot_be_unpacked_is_told() {
    let server = TestServer::start(|_| {}).await;
    let client = Client::new(&server);
    for (coding, status, code) in [
        ("gzip", 400, "malformed_json"),
        ("compress", 415, "unsupported_media_type"),
        ("gzip, gzip", 415, "unsupported_media_type"),
    ] {
        let answer = post(&client, coding, b"not packed at all".to_vec()).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (status, &code.into()),
            "{coding}: {answer:?}"
        );
        assert_eq!(answer.headers["content-type"], "application/problem+json");
    }
}
