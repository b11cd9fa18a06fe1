//! The way of one request through the server: record, check, take the next reply, render it.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::Response;
use axum::routing::{get, post};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, Uri};
use serde_json::Value;
use tokio::sync::Semaphore;

use super::delivery::{self, Fate, Fault, Progress};
use super::history::{Conversation, History};
use super::recording::Recording;
use super::reply::{ErrorReply, Reply};
use super::request::{ModelRequest, Protocol};
use super::rules::{self, Violation};
use super::script::{Script, Scripted};
use super::{anthropic, openai};

/// The key that requests must carry unless a test sets another.
pub const DEFAULT_API_KEY: &str = "test-key";

/// What the server's thread and the test's handle share.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<ModelState>,
    /// Has one permit for each client that hung up before the end of its answer.
    pub(super) hang_ups: Arc<Semaphore>,
}

#[derive(Debug)]
pub(super) struct ModelState {
    pub(super) api_key: String,
    pub(super) models: Vec<String>,
    pub(super) model_list_error: Option<ErrorReply>,
    pub(super) script: Script,
    /// Answers in place of the script where a recording is replayed.
    recording: Option<Recording>,
    pub(super) history: History,
    pub(super) requests: Vec<ModelRequest>,
    pub(super) violations: Vec<String>,
    /// How many ids were made up so far.
    ids: u64,
}

impl Default for ModelState {
    fn default() -> Self {
        Self {
            api_key: DEFAULT_API_KEY.to_owned(),
            models: vec!["fake-model".to_owned()],
            model_list_error: None,
            script: Script::default(),
            recording: None,
            history: History::default(),
            requests: Vec::new(),
            violations: Vec::new(),
            ids: 0,
        }
    }
}

impl Shared {
    pub(super) fn new(state: ModelState) -> Self {
        Self {
            state: Mutex::new(state),
            hang_ups: Arc::new(Semaphore::new(0)),
        }
    }

    /// A test that panicked elsewhere must still be able to read what was recorded.
    pub(super) fn state(&self) -> MutexGuard<'_, ModelState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ModelState {
    pub(super) fn of_recording(recording: Recording) -> Self {
        Self {
            recording: Some(recording),
            ..Self::default()
        }
    }

    fn next_id(&mut self, prefix: &str) -> String {
        self.ids += 1;
        format!("{prefix}_fake{:04}", self.ids)
    }

    /// Takes the reply that comes next: from the recording where there is one, else from the
    /// script.
    fn next_reply(
        &mut self,
        request: &ModelRequest,
        conversation: Conversation,
    ) -> Result<Reply, Violation> {
        if let Some(recording) = &self.recording {
            let place = self.history.replies(conversation);
            return recording.reply(place).ok_or_else(|| {
                Violation::new(format!("the recording ends after {place} replies"))
            });
        }
        match self.script.next(request) {
            None => Err(Violation::new(
                "the script has no reply left for this request",
            )),
            Some(Scripted::Fixed(reply)) => Ok(*reply),
            Some(Scripted::Computed(make)) => catch_unwind(AssertUnwindSafe(|| make(request)))
                .map_err(|_| Violation::new("the function that makes this reply panicked")),
        }
    }

    /// Notes broken rules and makes the answer to their request.
    fn refuse(&mut self, protocol: Protocol, violations: Vec<Violation>) -> Response {
        let status = violations.first().map_or(400, |violation| violation.status);
        let messages: Vec<_> = violations
            .into_iter()
            .map(|violation| violation.message)
            .collect();
        let text = messages.join("; ");
        let body = match (protocol, status) {
            (Protocol::Anthropic, 401) => {
                anthropic::error_body("authentication_error", &text, Value::Null)
            }
            (Protocol::Anthropic, 404) => {
                anthropic::error_body("not_found_error", &text, Value::Null)
            }
            (Protocol::Anthropic, _) => {
                anthropic::error_body("invalid_request_error", &text, Value::Null)
            }
            (Protocol::OpenAi, 401) => {
                openai::error_body("invalid_request_error", &text, Some("invalid_api_key"))
            }
            (Protocol::OpenAi, _) => openai::error_body("invalid_request_error", &text, None),
        };
        let number = self.requests.len();
        self.violations.extend(
            messages
                .into_iter()
                .map(|message| format!("request {number}: {message}")),
        );
        whole(status, body.to_string().into())
    }
}

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/messages", post(messages))
        .route("/v1/chat/completions", post(chat_completions))
        .route("/v1/models", get(models))
        .fallback(unknown_path)
        .layer(DefaultBodyLimit::disable())
        .with_state(shared)
}

async fn messages(state: State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    answer(
        &state.0,
        ModelRequest::new(Protocol::Anthropic, headers, body),
    )
}

async fn chat_completions(state: State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    answer(&state.0, ModelRequest::new(Protocol::OpenAi, headers, body))
}

async fn models(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let anthropic = headers.contains_key("anthropic-version") || headers.contains_key("x-api-key");
    let protocol = if anthropic {
        Protocol::Anthropic
    } else {
        Protocol::OpenAi
    };
    let mut state = shared.state();
    if let Some(error) = &state.model_list_error {
        let (status, body) = error_body(protocol, error, "");
        return whole(status, body.to_string().into());
    }
    let violations = rules::check_headers(protocol, &headers, &state.api_key);
    if !violations.is_empty() {
        return state.refuse(protocol, violations);
    }
    let list = match protocol {
        Protocol::Anthropic => anthropic::model_list(&state.models),
        Protocol::OpenAi => openai::model_list(&state.models),
    };
    whole(200, list.to_string().into())
}

async fn unknown_path(State(shared): State<Arc<Shared>>, uri: Uri) -> Response {
    let violation = Violation {
        status: 404,
        message: format!("no model API has the path {uri}"),
    };
    shared.state().refuse(Protocol::Anthropic, vec![violation])
}

fn answer(shared: &Shared, request: ModelRequest) -> Response {
    let mut state = shared.state();
    state.requests.push(request.clone());
    let protocol = request.protocol();
    let violations = rules::check(&request, &state.api_key, state.history.sendings());
    if !violations.is_empty() {
        return state.refuse(protocol, violations);
    }
    let conversation = match state.history.follow(&request) {
        Ok(conversation) => conversation,
        Err(changes) => {
            return state.refuse(protocol, changes.into_iter().map(Violation::new).collect());
        }
    };
    let reply = match state.next_reply(&request, conversation) {
        Ok(reply) => reply,
        Err(violation) => return state.refuse(protocol, vec![violation]),
    };
    let call_prefix = match protocol {
        Protocol::Anthropic => "toolu",
        Protocol::OpenAi => "call",
    };
    let reply = reply.with_ids(|| state.next_id(call_prefix));
    let fate = Fate::default();
    state.history.note(conversation, &reply, Arc::clone(&fate));
    let progress = Progress::new(fate, Arc::clone(&shared.hang_ups));
    render(&mut state, &request, &reply, progress)
}

fn error_body(protocol: Protocol, error: &ErrorReply, model: &str) -> (u16, Value) {
    match protocol {
        Protocol::Anthropic => anthropic::error(error, model),
        Protocol::OpenAi => openai::error(error, model),
    }
}

fn render(
    state: &mut ModelState,
    request: &ModelRequest,
    reply: &Reply,
    progress: Progress,
) -> Response {
    let protocol = request.protocol();
    let model = request.model();
    let mut error = reply.error.clone();
    if !request.is_stream() && matches!(reply.delivery.fault, Some(Fault::ErrorEventAfter(_))) {
        // Only a stream can fail after its status; a whole answer fails with the status.
        error = Some(ErrorReply::Overloaded);
    }
    if let Some(error) = error {
        let (status, body) = error_body(protocol, &error, model);
        let steps = delivery::plan_whole(body.to_string(), &reply.delivery);
        let body = delivery::body(steps, false, progress);
        return respond(status, "application/json", &reply.headers, body);
    }
    let id = state.next_id(match protocol {
        Protocol::Anthropic => "msg",
        Protocol::OpenAi => "chatcmpl",
    });
    let (content_type, steps) = if request.is_stream() {
        let (events, error_event) = match protocol {
            Protocol::Anthropic => (
                anthropic::events(reply, &id, model),
                anthropic::error_event(),
            ),
            Protocol::OpenAi => {
                let usage_asked_for = request.json()["stream_options"]["include_usage"] == true;
                (
                    openai::events(reply, &id, model, usage_asked_for),
                    openai::error_event(),
                )
            }
        };
        (
            "text/event-stream; charset=utf-8",
            delivery::plan(events, &error_event, &reply.delivery),
        )
    } else {
        let message = match protocol {
            Protocol::Anthropic => anthropic::message(reply, &id, model),
            Protocol::OpenAi => openai::completion(reply, &id, model),
        };
        (
            "application/json",
            delivery::plan_whole(message.to_string(), &reply.delivery),
        )
    };
    let body = delivery::body(steps, reply.delivery.fault.is_none(), progress);
    respond(200, content_type, &reply.headers, body)
}

fn whole(status: u16, body: Bytes) -> Response {
    respond(
        status,
        "application/json",
        &BTreeMap::new(),
        Body::from(body),
    )
}

fn respond(
    status: u16,
    content_type: &str,
    headers: &BTreeMap<String, String>,
    body: Body,
) -> Response {
    let mut builder = Response::builder()
        .status(StatusCode::from_u16(status).expect("a scripted status is an HTTP status"))
        .header("content-type", content_type)
        .header("request-id", "req_fake");
    for (name, value) in headers {
        builder = builder.header(name, value);
    }
    builder.body(body).expect("scripted headers are valid")
}
