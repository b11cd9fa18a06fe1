//! The server itself: a thread with its own runtime, the handle that a test holds, and the way of one request.
//!
//! The thread is its own so that a test may block (a command line under test is a child process that is waited for) or
//! pause tokio's clock without stopping the model.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use bytes::Bytes;
use http::{HeaderMap, StatusCode, Uri};
use serde_json::Value;
use tokio::sync::{Semaphore, oneshot};

use super::delivery::{self, Fault, Progress};
use super::reply::{ErrorReply, Reply};
use super::request::{ModelRequest, Protocol};
use super::rules::{self, Violation};
use super::script::{Script, Scripted};
use super::{anthropic, openai};
use crate::deadline;

/// The key that requests must carry unless a test sets another.
pub const DEFAULT_API_KEY: &str = "test-key";

/// A model server on loopback that answers from a script and checks every request.
///
/// It stops when dropped, and then panics if a request broke a rule (see [`FakeModel::verify`]).
#[derive(Debug)]
pub struct FakeModel {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<ModelState>,
    hang_ups: Arc<Semaphore>,
}

#[derive(Debug)]
struct ModelState {
    api_key: String,
    models: Vec<String>,
    model_list_error: Option<ErrorReply>,
    script: Script,
    requests: Vec<ModelRequest>,
    violations: Vec<String>,
    ids: u64,
}

/// The queue of one conversation, from [`FakeModel::conversation`].
#[derive(Debug)]
pub struct ConversationScript<'a> {
    model: &'a FakeModel,
    marker: String,
}

impl FakeModel {
    /// Starts a server on a free port, with an empty script.
    pub async fn start() -> Self {
        Self::listen(0)
    }

    fn listen(port: u16) -> Self {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("a loopback port can be bound");
        listener
            .set_nonblocking(true)
            .expect("a socket can be made non-blocking");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let shared = Arc::new(Shared {
            state: Mutex::new(ModelState {
                api_key: DEFAULT_API_KEY.to_owned(),
                models: vec!["fake-model".to_owned()],
                model_list_error: None,
                script: Script::default(),
                requests: Vec::new(),
                violations: Vec::new(),
                ids: 0,
            }),
            hang_ups: Arc::new(Semaphore::new(0)),
        });
        let (stop, stopped) = oneshot::channel();
        let router = router(Arc::clone(&shared));
        let thread = std::thread::Builder::new()
            .name("fake-model".to_owned())
            .spawn(move || serve(listener, router, stopped))
            .expect("a thread can be started");
        Self {
            address,
            shared,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// The server's address without a path: `http://127.0.0.1:PORT`, the base for Anthropic clients.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The base for OpenAI clients, which holds the version: `http://127.0.0.1:PORT/v1`.
    #[must_use]
    pub fn openai_base_url(&self) -> String {
        format!("{}/v1", self.url())
    }

    /// Appends a reply to the script.
    pub fn reply(&self, reply: Reply) {
        self.state()
            .script
            .push(None, Scripted::Fixed(Box::new(reply)));
    }

    /// Appends a reply that is made from the request it answers.
    pub fn reply_with(&self, reply: impl FnOnce(&ModelRequest) -> Reply + Send + 'static) {
        self.state()
            .script
            .push(None, Scripted::Computed(Box::new(reply)));
    }

    /// The script of the conversations whose first user text contains the marker.
    #[must_use]
    pub fn conversation(&self, marker: impl Into<String>) -> ConversationScript<'_> {
        ConversationScript {
            model: self,
            marker: marker.into(),
        }
    }

    /// How many replies nobody has asked for yet.
    #[must_use]
    pub fn remaining_replies(&self) -> usize {
        self.state().script.remaining()
    }

    /// Sets the key that requests must carry from now on.
    pub fn expect_api_key(&self, api_key: impl Into<String>) {
        self.state().api_key = api_key.into();
    }

    /// Sets the models that `GET /v1/models` lists.
    pub fn list_models(&self, models: impl IntoIterator<Item = impl Into<String>>) {
        let mut state = self.state();
        state.models = models.into_iter().map(Into::into).collect();
        state.model_list_error = None;
    }

    /// Answers `GET /v1/models` with an HTTP error from now on.
    pub fn fail_model_list(&self, status: u16) {
        self.state().model_list_error = Some(ErrorReply::Status(status));
    }

    /// Every request for an answer so far, those that broke a rule included.
    #[must_use]
    pub fn requests(&self) -> Vec<ModelRequest> {
        self.state().requests.clone()
    }

    /// The newest request for an answer.
    ///
    /// # Panics
    ///
    /// When there was none.
    #[must_use]
    pub fn last_request(&self) -> ModelRequest {
        self.state()
            .requests
            .last()
            .cloned()
            .expect("the model was asked nothing")
    }

    /// Waits until a client has hung up before the end of an answer. Each such hang-up satisfies one call.
    ///
    /// # Panics
    ///
    /// When none did within [`deadline::LIMIT`].
    pub async fn client_disconnected(&self) {
        let hang_up = self.shared.hang_ups.acquire();
        if let Ok(permit) = deadline::within("a client to hang up", hang_up).await {
            permit.forget();
        }
    }

    /// The broken rules so far, in the order of the requests.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        self.state().violations.clone()
    }

    /// Takes the broken rules so far, so that neither [`FakeModel::verify`] nor dropping fails on them.
    #[must_use]
    pub fn take_violations(&self) -> Vec<String> {
        std::mem::take(&mut self.state().violations)
    }

    /// Fails the test if any request broke a rule of its protocol. Dropping does the same.
    ///
    /// # Panics
    ///
    /// When there are violations; the message lists them all.
    pub fn verify(&self) {
        let violations = self.violations();
        assert!(
            violations.is_empty(),
            "requests broke the rules of the model's protocol:\n- {}",
            violations.join("\n- ")
        );
    }

    fn state(&self) -> MutexGuard<'_, ModelState> {
        self.shared.state()
    }
}

impl Drop for FakeModel {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        let outcome = self.thread.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            assert!(
                !matches!(outcome, Some(Err(_))),
                "the fake model's thread panicked"
            );
            self.verify();
        }
    }
}

impl ConversationScript<'_> {
    /// Appends a reply for this conversation.
    pub fn reply(&self, reply: Reply) {
        let scripted = Scripted::Fixed(Box::new(reply));
        self.model.state().script.push(Some(&self.marker), scripted);
    }

    /// Appends a reply for this conversation that is made from the request it answers.
    pub fn reply_with(&self, reply: impl FnOnce(&ModelRequest) -> Reply + Send + 'static) {
        let scripted = Scripted::Computed(Box::new(reply));
        self.model.state().script.push(Some(&self.marker), scripted);
    }
}

impl Shared {
    /// A test that panicked elsewhere must still be able to read what was recorded.
    fn state(&self) -> MutexGuard<'_, ModelState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ModelState {
    fn next_id(&mut self, prefix: &str) -> String {
        self.ids += 1;
        format!("{prefix}_fake{:04}", self.ids)
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
        whole(status, &[], body.to_string().into())
    }
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/messages", post(messages))
        .route("/v1/chat/completions", post(chat_completions))
        .route("/v1/models", get(models))
        .fallback(unknown_path)
        .layer(DefaultBodyLimit::disable())
        .with_state(shared)
}

fn serve(listener: TcpListener, router: Router, stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built");
    runtime.block_on(async move {
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener fits into a runtime");
        // Small writes must leave at once: with Nagle's algorithm each would wait for the one before.
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        tokio::select! {
            outcome = axum::serve(listener, router) => outcome.expect("serving never ends by itself"),
            _ = stopped => {}
        }
    });
    // Dropping the runtime closes every connection.
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
        return whole(status, &[], body.to_string().into());
    }
    let violations = rules::check_headers(protocol, &headers, &state.api_key);
    if !violations.is_empty() {
        return state.refuse(protocol, violations);
    }
    let list = match protocol {
        Protocol::Anthropic => anthropic::model_list(&state.models),
        Protocol::OpenAi => openai::model_list(&state.models),
    };
    whole(200, &[], list.to_string().into())
}

async fn unknown_path(State(shared): State<Arc<Shared>>, uri: Uri) -> Response {
    let violation = Violation {
        status: 404,
        message: format!("no model API has the path {uri}"),
    };
    shared.state().refuse(Protocol::Anthropic, vec![violation])
}

/// The way of one request: record, check, take the next reply, render it.
fn answer(shared: &Shared, request: ModelRequest) -> Response {
    let mut state = shared.state();
    state.requests.push(request.clone());
    let violations = rules::check(&request, &state.api_key);
    if !violations.is_empty() {
        return state.refuse(request.protocol(), violations);
    }
    let Some(scripted) = state.script.next(&request) else {
        let violation = Violation::new("the script has no reply left for this request");
        return state.refuse(request.protocol(), vec![violation]);
    };
    let reply = match scripted {
        Scripted::Fixed(reply) => *reply,
        Scripted::Computed(make) => match catch_unwind(AssertUnwindSafe(|| make(&request))) {
            Ok(reply) => reply,
            Err(_) => {
                let violation = Violation::new("the function that makes this reply panicked");
                return state.refuse(request.protocol(), vec![violation]);
            }
        },
    };
    let delivered = Arc::new(AtomicBool::new(false));
    let progress = Progress::new(delivered, Arc::clone(&shared.hang_ups));
    render(&mut state, &request, reply, progress)
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
    reply: Reply,
    progress: Progress,
) -> Response {
    let protocol = request.protocol();
    let model = request.model();
    let headers = reply.headers.clone();
    let mut error = reply.error.clone();
    if !request.is_stream() && matches!(reply.delivery.fault, Some(Fault::ErrorEventAfter(_))) {
        // Only a stream can fail after its status; a whole answer fails with the status.
        error = Some(ErrorReply::Overloaded);
    }
    if let Some(error) = error {
        let (status, body) = error_body(protocol, &error, model);
        let steps = delivery::plan_whole(body.to_string(), &reply.delivery);
        return respond(
            status,
            "application/json",
            &headers,
            delivery::body(steps, false, progress),
        );
    }
    let (call_prefix, message_prefix) = match protocol {
        Protocol::Anthropic => ("toolu", "msg"),
        Protocol::OpenAi => ("call", "chatcmpl"),
    };
    let reply = reply.with_ids(|| state.next_id(call_prefix));
    let id = state.next_id(message_prefix);
    let whole = reply.delivery.fault.is_none();
    if request.is_stream() {
        let (events, error_event) = match protocol {
            Protocol::Anthropic => (
                anthropic::events(&reply, &id, model),
                anthropic::error_event(),
            ),
            Protocol::OpenAi => {
                let usage_asked_for = request.json()["stream_options"]["include_usage"] == true;
                (
                    openai::events(&reply, &id, model, usage_asked_for),
                    openai::error_event(),
                )
            }
        };
        let steps = delivery::plan(events, &error_event, &reply.delivery);
        respond(
            200,
            "text/event-stream; charset=utf-8",
            &headers,
            delivery::body(steps, whole, progress),
        )
    } else {
        let message = match protocol {
            Protocol::Anthropic => anthropic::message(&reply, &id, model),
            Protocol::OpenAi => openai::completion(&reply, &id, model),
        };
        let steps = delivery::plan_whole(message.to_string(), &reply.delivery);
        respond(
            200,
            "application/json",
            &headers,
            delivery::body(steps, whole, progress),
        )
    }
}

fn whole(status: u16, headers: &[(String, String)], body: Bytes) -> Response {
    respond(status, "application/json", headers, Body::from(body))
}

fn respond(status: u16, content_type: &str, headers: &[(String, String)], body: Body) -> Response {
    let mut builder = Response::builder()
        .status(StatusCode::from_u16(status).expect("a scripted status is an HTTP status"))
        .header("content-type", content_type)
        .header("request-id", "req_fake");
    for (name, value) in headers {
        builder = builder.header(name, value);
    }
    builder.body(body).expect("scripted headers are valid")
}
