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
