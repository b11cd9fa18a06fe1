//! A fake search engine: serper.dev and Google's Programmable Search Engine, as far as they are
//! asked.
//!
//! Source: serper.dev's playground, and the reference of Google's Custom Search JSON API.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::loopback::LoopbackServer;

/// The key that searches must carry.
pub const SEARCH_API_KEY: &str = "search-key";

/// The engine that searches of Google must name.
pub const SEARCH_ENGINE_ID: &str = "test-engine";

/// A page that the engine finds, whatever it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundPage {
    /// Title of the page.
    pub title: String,
    /// Address of the page.
    pub url: String,
    /// What it says.
    pub snippet: String,
}

impl FoundPage {
    /// Makes a page.
    pub fn new(
        title: impl Into<String>,
        url: impl Into<String>,
        snippet: impl Into<String>,
    ) -> Self {
        Self {
            title: title.into(),
            url: url.into(),
            snippet: snippet.into(),
        }
    }
}

/// A search engine on loopback. It finds the same pages for every question, and stops when dropped.
#[derive(Debug)]
pub struct FakeSearchEngine {
    server: LoopbackServer,
    shared: Arc<Mutex<EngineState>>,
}

#[derive(Debug, Default)]
struct EngineState {
    pages: Vec<FoundPage>,
    failure: Option<(u16, String)>,
    queries: Vec<String>,
}

type Shared = Arc<Mutex<EngineState>>;

impl FakeSearchEngine {
    /// Starts an engine that finds these pages.
    ///
    /// # Panics
    ///
    /// When no port is free.
    pub async fn start(pages: impl IntoIterator<Item = FoundPage>) -> Self {
        let shared = Shared::default();
        state(&shared).pages.extend(pages);
        let router = Router::new()
            .route("/search", post(serper))
            .route("/customsearch/v1", get(google))
            .with_state(Arc::clone(&shared));
        let server = LoopbackServer::start("fake-search-engine", 0, router)
            .expect("a loopback port can be bound");
        Self { server, shared }
    }

    /// The engine's address: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Answers searches with this status and message from now on.
    pub fn fail(&self, status: u16, message: impl Into<String>) {
        state(&self.shared).failure = Some((status, message.into()));
    }

    /// What was searched for so far.
    #[must_use]
    pub fn queries(&self) -> Vec<String> {
        state(&self.shared).queries.clone()
    }
}

fn state(shared: &Shared) -> MutexGuard<'_, EngineState> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Deserialize)]
struct SerperQuestion {
    q: String,
    num: usize,
}

async fn serper(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Json(question): Json<SerperQuestion>,
) -> Response {
    let refusal = |status: u16, message: &str| {
        answer(status, json!({"message": message, "statusCode": status}))
    };
    if headers.get("x-api-key").map(|key| key.as_bytes()) != Some(SEARCH_API_KEY.as_bytes()) {
        return refusal(403, "Unauthorized.");
    }
    let mut state = state(&shared);
    state.queries.push(question.q);
    if let Some((status, message)) = &state.failure {
        return refusal(*status, message);
    }
    let organic: Vec<_> = state
        .pages
        .iter()
        .take(question.num)
        .enumerate()
        .map(|(index, page)| {
            json!({"title": page.title, "link": page.url, "snippet": page.snippet, "position": index + 1})
        })
        .collect();
    answer(200, json!({"organic": organic, "credits": 1}))
}

#[derive(Deserialize)]
struct GoogleQuestion {
    key: String,
    cx: String,
    q: String,
    num: usize,
}

async fn google(State(shared): State<Shared>, Query(question): Query<GoogleQuestion>) -> Response {
    let refusal = |status: u16, message: &str| {
        answer(
            status,
            json!({"error": {"code": status, "message": message}}),
        )
    };
    if question.key != SEARCH_API_KEY {
        return refusal(400, "API key not valid. Please pass a valid API key.");
    }
    if question.cx != SEARCH_ENGINE_ID || !(1..=10).contains(&question.num) {
        return refusal(400, "Request contains an invalid argument.");
    }
    let mut state = state(&shared);
    state.queries.push(question.q);
    if let Some((status, message)) = &state.failure {
        return refusal(*status, message);
    }
    let items: Vec<_> = state
        .pages
        .iter()
        .take(question.num)
        .map(|page| json!({"title": page.title, "link": page.url, "snippet": page.snippet}))
        .collect();
    let mut body = json!({"kind": "customsearch#search"});
    // Google leaves the list out rather than sending an empty one.
    if !items.is_empty() {
        body["items"] = Value::from(items);
    }
    answer(200, body)
}

fn answer(status: u16, body: Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(body)).into_response()
}
