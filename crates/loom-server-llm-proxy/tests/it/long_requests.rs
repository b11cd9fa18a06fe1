//! Conversations that are longer than what a connection takes at once.

use std::sync::Arc;

use loom_common_core::{LlmClient as _, LlmRequest, Message};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use wiremock::ResponseTemplate;

use crate::client::{client, request, serve};

/// About 8 MB.
fn long_request() -> LlmRequest {
    let message = |number: usize| Arc::new(Message::user(format!("{number} \"ü\"\n").repeat(1000)));
    LlmRequest {
        messages: (0..1000).map(message).collect(),
        ..request()
    }
}

#[tokio::test]
async fn a_long_conversation_arrives_as_it_is() {
    let route = "/api/v1/llm/anthropic/complete";
    let server = serve(route, ResponseTemplate::new(500)).await;
    let request = long_request();
    client(&server.uri()).complete(&request).await.unwrap_err();
    let received = &server.received_requests().await.unwrap()[0];
    assert!(received.body == serde_json::to_vec(&request).unwrap());
}

/// If the writer still waited for the connection, the runtime could not end, nor the test.
#[tokio::test]
async fn a_request_that_is_given_up_leaves_no_writer_behind() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (client, request) = (client(&url), long_request());
    let beginning = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        socket.read_exact(&mut [0; 100_000]).await.unwrap();
        socket
    };
    tokio::select! {
        answer = client.complete(&request) => panic!("nobody answers: {answer:?}"),
        _ = beginning => {}
    }
}
