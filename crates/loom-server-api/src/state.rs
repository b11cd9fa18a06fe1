//! What the handlers work with.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use loom_redact::Redactor;
use loom_search_core::WebSearch;
use loom_server_auth::AccessTokens;
use loom_server_db::Db;
use loom_server_llm_service::LlmService;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;

/// What the handlers work with.
#[derive(Clone, Debug)]
pub struct ApiState {
    /// The database, for `/health`.
    pub db: Db,
    /// The access tokens.
    pub tokens: AccessTokens,
    /// The model providers.
    pub llm: Arc<LlmService>,
    /// The web search, if the server has one.
    pub search: Option<Arc<WebSearch>>,
    /// The metrics of this process, for `/metrics`.
    pub metrics: PrometheusHandle,
    /// Names for requests that bring none.
    pub request_ids: RequestIds,
    /// Takes secrets out of errors: what a provider or a library says may hold one.
    pub redaction: Redactor,
    /// The longest request body, in bytes.
    pub body_limit: usize,
    /// Cancelled when the answers that still run must end.
    pub cut: CancellationToken,
}

/// Names for requests: unique in a process by counting, and across processes by a random part.
#[derive(Clone, Debug)]
pub struct RequestIds {
    process: u64,
    next: Arc<AtomicU64>,
}

impl RequestIds {
    /// Starts counting. `process` is a random number.
    pub fn new(process: u64) -> Self {
        Self {
            process,
            next: Arc::new(AtomicU64::new(1)),
        }
    }

    pub(crate) fn next(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        format!("{:016x}-{number}", self.process)
    }
}
