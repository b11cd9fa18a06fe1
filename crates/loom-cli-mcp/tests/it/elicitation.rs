//! Questions of servers to the person.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use loom_cli_mcp::ElicitationHandler;
use loom_common_core::ToolStatus;
use loom_common_core::inquiry::{Answer, Inquiry};
use serde_json::{Map, Value, json};
use tokio::sync::Notify;

use crate::scene::{Scene, fake};

/// Answers when the test says so.
struct Slow(Arc<Notify>);

impl ElicitationHandler for Slow {
    fn elicit(&self, question: Inquiry) -> BoxFuture<'_, Answer> {
        async move {
            let Inquiry::Form { message, .. } = question else {
                panic!("{question:?}");
            };
            assert_eq!(message, "Which color?");
            self.0.notified().await;
            Answer::Submit {
                values: Map::from_iter([("color".to_owned(), json!("blue"))]),
            }
        }
        .boxed()
    }
}

#[tokio::test]
async fn the_time_that_the_person_takes_is_not_the_server_s() {
    let answer = Arc::new(Notify::new());
    let mut scene = Scene::new();
    scene.limits.offered_tools = 100;
    scene.elicitation = Some(Arc::new(Slow(Arc::clone(&answer))));
    let quick = || {
        let mut server = fake([]);
        server["timeout"] = json!(300);
        server
    };
    let session = scene
        .settled(&json!({"asking": quick(), "silent": quick()}))
        .await;
    let asking = session.call("mcp__asking__ask", json!({}));
    let others = async {
        // Each of these takes as long as the call above may take at most.
        for _ in 0..2 {
            let silent = session.call("mcp__silent__hang", json!({})).await;
            assert!(silent.text().contains("was silent for 0.3 s"), "{silent:?}");
        }
        answer.notify_one();
    };
    let (answered, ()) = tokio::join!(asking, others);
    assert_eq!(answered.status, ToolStatus::Completed, "{answered:?}");
    let answered: Value = serde_json::from_str(&answered.text()).unwrap();
    assert_eq!(
        answered,
        json!({"action": "accept", "content": {"color": "blue"}})
    );
    session.shutdown().await;
}
