//! Work that blocks, on a thread of its own, ended when nobody waits for it any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::ToolError;

/// Tells blocking work that nobody waits for it any more.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cancellation(Arc<AtomicBool>);

impl Cancellation {
    /// Tells whether the call was cancelled. Long loops ask now and then and return early.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Cancels when it is dropped.
struct CancelOnDrop(Cancellation);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

/// Runs `work` where it may block. Dropping the future tells `work` to end.
///
/// # Errors
///
/// What `work` returns, or [`ToolError::Broken`] when it panics.
pub(crate) async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce(&Cancellation) -> Result<T, ToolError> + Send + 'static,
) -> Result<T, ToolError> {
    let cancellation = Cancellation::default();
    let _cancel = CancelOnDrop(cancellation.clone());
    tokio::task::spawn_blocking(move || work(&cancellation))
        .await
        .unwrap_or_else(|error| Err(ToolError::Broken(error.to_string())))
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn work_is_told_when_nobody_waits_for_it_any_more() {
        let (started, has_started) = oneshot::channel();
        let (ended, has_ended) = oneshot::channel();
        let work = run_blocking(move |cancellation| {
            started.send(()).unwrap();
            while !cancellation.is_cancelled() {
                std::thread::yield_now();
            }
            ended.send(()).unwrap();
            Ok(())
        });
        tokio::select! {
            _ = work => panic!("nobody cancelled it"),
            started = has_started => started.unwrap(),
        }
        has_ended.await.unwrap();
    }

    #[tokio::test]
    async fn a_panic_is_an_error() {
        let result = run_blocking::<()>(|_| panic!("broken")).await;
        assert!(matches!(result, Err(ToolError::Broken(_))), "{result:?}");
    }
}
