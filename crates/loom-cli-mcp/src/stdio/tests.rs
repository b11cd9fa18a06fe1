use proptest::prelude::*;
use rmcp::model::{ClientJsonRpcMessage, JsonRpcMessage};
use serde_json::json;
use tokio::io::AsyncReadExt as _;

use super::*;

fn transport(input: &[u8]) -> StdioTransport<&[u8], tokio::io::Sink> {
    StdioTransport::new(input, tokio::io::sink(), Arc::default(), None)
}

async fn messages(input: &[u8]) -> Vec<ServerJsonRpcMessage> {
    let mut transport = transport(input);
    let mut messages = Vec::new();
    while let Some(message) = transport.receive().await {
        messages.push(message);
    }
    messages
}

fn ids(messages: &[ServerJsonRpcMessage]) -> Vec<String> {
    messages
        .iter()
        .map(|message| match message {
            JsonRpcMessage::Response(response) => format!("answer {}", response.id),
            JsonRpcMessage::Error(error) => match &error.id {
                Some(id) => format!("error {id}"),
                None => "error".to_owned(),
            },
            JsonRpcMessage::Request(request) => format!("request {}", request.id),
            JsonRpcMessage::Notification(_) => "notification".to_owned(),
        })
        .collect()
}

#[tokio::test]
async fn messages_are_read_line_by_line_and_batches_one_by_one() {
    let input = concat!(
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\r\n",
        "\n",
        "[{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}, {\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}]\n",
        "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"ping\"}\n",
        "{\"jsonrpc\":\"2.0\",\"id\":9,\"res",
    );
    let messages = messages(input.as_bytes()).await;
    assert_eq!(
        ids(&messages),
        ["answer 1", "answer 2", "notification", "request a"]
    );
}

#[tokio::test]
async fn an_answer_of_another_shape_fails_its_call() {
    let input = "{\"id\": 7, \"nonsense\": 1}\n{\"nonsense\": 1}\n";
    assert_eq!(ids(&messages(input.as_bytes()).await), ["error 7"]);
}

#[tokio::test]
async fn a_line_that_is_too_long_fails_the_call_that_it_names() {
    let filler = "x".repeat(MAX_MESSAGE);
    let first = format!("{{\"id\": 7, \"result\": \"{filler} \\\"id\\\": 3\"}}\n");
    let last = format!("{{\"result\": \"{filler}\", \"id\": 8}}\n");
    let neither = format!("{{\"result\": \"{filler}\"}}\n");
    let normal = "{\"jsonrpc\":\"2.0\",\"id\":9,\"result\":{}}\n";
    let input = format!("{first}{last}{neither}{normal}");
    assert_eq!(
        ids(&messages(input.as_bytes()).await),
        ["error 7", "error 8", "answer 9"]
    );
}

#[tokio::test]
async fn who_writes_only_garbage_is_given_up() {
    let endless = tokio::io::BufReader::new(tokio::io::repeat(b'\n'));
    let mut silent = StdioTransport::new(
        endless.take(10_000),
        tokio::io::sink(),
        Arc::default(),
        None,
    );
    assert!(silent.receive().await.is_none());

    let mut garbage = "blah\n".repeat(1500);
    garbage.push_str("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n");
    assert_eq!(ids(&messages(garbage.as_bytes()).await), [""; 0]);
    let mut some = "blah\n".repeat(900);
    some.push_str("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n");
    assert_eq!(ids(&messages(some.repeat(3).as_bytes()).await).len(), 3);
}

#[tokio::test]
async fn what_is_sent_is_one_line() {
    let (ours, mut theirs) = tokio::io::duplex(1024);
    let mut transport = StdioTransport::new(tokio::io::empty(), ours, Arc::default(), None);
    let message: ClientJsonRpcMessage =
        serde_json::from_value(json!({"jsonrpc": "2.0", "id": 1, "method": "ping"})).unwrap();
    transport.send(message.clone()).await.unwrap();
    transport.close().await.unwrap();
    let mut sent = String::new();
    theirs.read_to_string(&mut sent).await.unwrap();
    assert_eq!(sent, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n");
    let refused = transport.send(message).await.unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::NotConnected);
}

proptest! {
    #[test]
    fn no_bytes_break_the_reader(pieces in prop::collection::vec("\\PC{0,30}", 0..20)) {
        let input = pieces.join("\n");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(messages(input.as_bytes()));
    }
}
