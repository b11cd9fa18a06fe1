use std::collections::VecDeque;
use std::convert::Infallible;

use serde_json::{Value, json};

use super::*;

/// Delivers messages without end or delay.
struct Firehose(VecDeque<RxJsonRpcMessage<RoleClient>>);

impl Transport<RoleClient> for Firehose {
    type Error = Infallible;

    fn send(
        &mut self,
        _message: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = Result<(), Infallible>> + Send + 'static {
        std::future::ready(Ok(()))
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        self.0.pop_front()
    }

    async fn close(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

fn message(value: Value) -> RxJsonRpcMessage<RoleClient> {
    serde_json::from_value(value).unwrap()
}

fn progress() -> RxJsonRpcMessage<RoleClient> {
    message(json!({
        "jsonrpc": "2.0",
        "method": "notifications/progress",
        "params": {"progressToken": 1, "progress": 1},
    }))
}

fn ping(id: u32) -> RxJsonRpcMessage<RoleClient> {
    message(json!({"jsonrpc": "2.0", "id": id, "method": "ping"}))
}

fn answer() -> RxJsonRpcMessage<RoleClient> {
    message(json!({"jsonrpc": "2.0", "id": 1, "result": {}}))
}

async fn admitted(messages: impl IntoIterator<Item = RxJsonRpcMessage<RoleClient>>) -> usize {
    let firehose = Firehose(messages.into_iter().collect());
    let mut guarded = Guarded::new(firehose, Arc::default());
    let mut count = 0;
    while guarded.receive().await.is_some() {
        count += 1;
    }
    count
}

#[tokio::test(start_paused = true)]
async fn of_a_flood_of_notifications_a_burst_passes() {
    let flood = (0..10_000).map(|_| progress());
    let count = admitted(flood).await;
    // While the reading pauses, a few more may come.
    assert!((200..300).contains(&count), "{count}");
}

#[tokio::test(start_paused = true)]
async fn the_allowance_fills_up_with_time() {
    let mut allowance = Allowance::new();
    let burst = |allowance: &mut Allowance| (0..1000).filter(|_| allowance.take()).count();
    assert_eq!(burst(&mut allowance), 200);
    tokio::time::advance(Duration::from_millis(200)).await;
    assert_eq!(burst(&mut allowance), 10);
    tokio::time::advance(Duration::from_secs(3600)).await;
    assert_eq!(burst(&mut allowance), 200);
}

#[tokio::test(start_paused = true)]
async fn answers_always_pass() {
    let messages = (0..1000).flat_map(|_| [progress(), answer()]);
    assert!(admitted(messages).await >= 1000);
}

#[tokio::test(start_paused = true)]
async fn requests_pass_while_others_are_answered() {
    assert_eq!(admitted((0..100).map(ping)).await, 32);

    let mut guarded = Guarded::new(Firehose((0..100).map(ping).collect()), Arc::default());
    for id in 0..100 {
        assert!(guarded.receive().await.is_some(), "{id}");
        let pong = json!({"jsonrpc": "2.0", "id": id, "result": {}});
        guarded
            .send(serde_json::from_value(pong).unwrap())
            .await
            .unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn log_messages_are_kept_and_go_no_further() {
    let said = message(json!({
        "jsonrpc": "2.0",
        "method": "notifications/message",
        "params": {"level": "error", "data": "out of cheese"},
    }));
    let log = Arc::new(ServerLog::default());
    let mut guarded = Guarded::new(Firehose([said].into()), Arc::clone(&log));
    assert!(guarded.receive().await.is_none());
    assert_eq!(log.lines(), ["\"out of cheese\""]);
}
