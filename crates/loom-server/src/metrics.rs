//! The recorder behind `/metrics`.

use std::sync::OnceLock;
use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// How often recorded samples are put into their buckets; they use memory until then.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(10);

/// Upper bounds of the buckets of durations, in seconds: from a health check to a long answer.
const BUCKETS: &[f64] = &[
    0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0,
];

/// Returns the recorder of this process, and installs it the first time. Several servers in one
/// process share it, as the `metrics` crate knows one recorder only.
pub(crate) fn recorder() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            // Refused only when there are no buckets.
            let builder = PrometheusBuilder::new()
                .set_buckets(BUCKETS)
                .unwrap_or_default();
            let recorder = builder.build_recorder();
            let handle = recorder.handle();
            if metrics::set_global_recorder(recorder).is_err() {
                tracing::warn!("another recorder is installed: /metrics will be empty");
            }
            loom_server_api::describe_metrics();
            loom_server_llm_service::describe_metrics();
            handle
        })
        .clone()
}

/// Keeps the memory of the recorder bounded, for ever.
pub(crate) async fn keep_up(handle: PrometheusHandle) {
    let mut interval = tokio::time::interval(UPKEEP_INTERVAL);
    loop {
        interval.tick().await;
        handle.run_upkeep();
    }
}
