//! What becomes of running answers when the server shuts down.

use loom_testing::server::use_model;
use loom_testing::{FakeModel, Gate, Reply, TestServer};
use tokio::net::TcpStream;

use crate::client::{Client, question};

#[tokio::test]
async fn a_running_stream_finishes_though_nothing_new_is_accepted() {
    let model = FakeModel::start().await;
    let server = TestServer::with_model(&model).await;
    let address = server.server().address();
    let gate = Gate::new();
    model.reply(Reply::text("whole").gate_after(2, &gate));
    let mut events = Client::new(&server).stream("anthropic").await;
    gate.reached().await;
    let shutdown = tokio::spawn(server.shutdown());
    // Accepting ends at some moment after the call.
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!shutdown.is_finished());
    gate.open();
    events.until(r#""text":"whole""#).await;
    events.until("event: finished").await;
    assert_eq!(events.next().await, None);
    shutdown.await.unwrap();
}

#[tokio::test]
async fn a_stream_that_takes_too_long_is_ended_with_an_error_event() {
    let model = FakeModel::start().await;
    let server = TestServer::start(|config| {
        use_model(config, &model);
        config.http.shutdown_timeout_ms = 0;
    })
    .await;
    let gate = Gate::new();
    model.reply(Reply::text("never whole").gate_after(2, &gate));
    let mut events = Client::new(&server).stream("anthropic").await;
    gate.reached().await;
    server.shutdown().await;
    let events = events.rest().await;
    insta::assert_snapshot!(events.last().unwrap());
    model.client_disconnected().await;
}

#[tokio::test]
async fn a_call_that_takes_too_long_gets_a_problem() {
    let model = FakeModel::start().await;
    let server = TestServer::start(|config| {
        use_model(config, &model);
        config.http.shutdown_timeout_ms = 0;
    })
    .await;
    let client = Client::new(&server);
    let gate = Gate::new();
    model.reply(Reply::text("never whole").gate_after(2, &gate));
    let body = question();
    let (answer, ()) = tokio::join!(client.post("/api/v1/llm/openai/complete", &body), async {
        gate.reached().await;
        server.shutdown().await;
    });
    assert_eq!(answer.status, 502);
    assert_eq!(answer.body["code"], "stream_interrupted");
    model.client_disconnected().await;
}

#[tokio::test]
async fn idle_connections_do_not_hold_a_shutdown_up() {
    let server = TestServer::start(|config| config.http.shutdown_timeout_ms = u64::MAX).await;
    let _silent = TcpStream::connect(server.server().address()).await.unwrap();
    let client = Client::new(&server);
    // Leaves a connection in the client's pool.
    assert_eq!(client.get("/health").await.status, 200);
    server.shutdown().await;
}
