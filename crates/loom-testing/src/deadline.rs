//! Bounded waiting: a test that waits for something that never comes must fail, not block for ever.
//!
//! The bound is in real time, kept by a thread of its own. Tokio's timers would not do: in a test
//! with paused time they fire as soon as the runtime has nothing else to do, though the other side
//! is a real process or a real socket.

use std::future::Future;
use std::sync::mpsc;
use std::time::Duration;

use futures::future::{Either, select};
use tokio::sync::oneshot;

/// How long anything is waited for: far beyond what a slow machine needs.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Waits for a future, and panics with `what` was waited for when [`LIMIT`] has passed.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let (finished, wait_for_end) = mpsc::channel::<()>();
    let (expire, expired) = oneshot::channel::<()>();
    std::thread::spawn(move || {
        // `finished` is dropped when the future is done first.
        if wait_for_end.recv_timeout(LIMIT) == Err(mpsc::RecvTimeoutError::Timeout) {
            let _ = expire.send(());
        }
    });
    let outcome = select(Box::pin(future), expired).await;
    drop(finished);
    match outcome {
        Either::Left((value, _)) => value,
        Either::Right(_) => panic!("waited {} s in vain for {what}", LIMIT.as_secs()),
    }
}
