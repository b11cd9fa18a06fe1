//! Whether the server can do its work.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use loom_server_llm_proxy::wire::{ComponentHealth, Health, HealthStatus};

use crate::ApiState;

/// How long the database may take to answer before it counts as failed.
const DATABASE_LIMIT: Duration = Duration::from_secs(2);

/// Tells whether the server can do its work. Needs no token and tells no secrets.
#[utoipa::path(
    get,
    path = "/health",
    tag = "server",
    security(()),
    responses(
        (status = 200, description = "Healthy or degraded.", body = Health),
        (status = 503, description = "Unhealthy.", body = Health),
    ),
)]
pub(crate) async fn health(State(state): State<Arc<ApiState>>) -> (StatusCode, Json<Health>) {
    let components = vec![database(&state).await, llm(&state)];
    let status = components
        .iter()
        .map(|component| component.status)
        .max()
        .unwrap_or(HealthStatus::Healthy);
    let code = match status {
        HealthStatus::Healthy | HealthStatus::Degraded => StatusCode::OK,
        HealthStatus::Unhealthy => StatusCode::SERVICE_UNAVAILABLE,
    };
    let health = Health {
        status,
        version: loom_common_version::VERSION.to_owned(),
        commit: loom_common_version::COMMIT.to_owned(),
        components,
    };
    (code, Json(health))
}

async fn database(state: &ApiState) -> ComponentHealth {
    let started = Instant::now();
    let message = match tokio::time::timeout(DATABASE_LIMIT, state.db.ping()).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => {
            tracing::warn!(%error, "the database failed its health check");
            Some("it does not work; the server's log says why")
        }
        Err(_) => Some("it does not answer in time"),
    };
    let status = match message {
        None => HealthStatus::Healthy,
        Some(_) => HealthStatus::Unhealthy,
    };
    component("database", status, message, started)
}

/// Looks whether any provider has a key. The providers are not called.
fn llm(state: &ApiState) -> ComponentHealth {
    let started = Instant::now();
    let providers = state.llm.providers();
    if providers.iter().any(|provider| provider.configured) {
        return component("llm", HealthStatus::Healthy, None, started);
    }
    let message = "no model provider is configured; set LOOM_SERVER_ANTHROPIC_API_KEY or \
                   LOOM_SERVER_OPENAI_API_KEY where the server starts";
    component("llm", HealthStatus::Degraded, Some(message), started)
}

fn component(
    name: &str,
    status: HealthStatus,
    message: Option<&str>,
    started: Instant,
) -> ComponentHealth {
    ComponentHealth {
        name: name.to_owned(),
        status,
        duration_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        message: message.map(str::to_owned),
    }
}
