//! The handle that a test holds: it starts the server, fills the script, and reads what was asked.

use std::io;
use std::sync::{Arc, MutexGuard};

use super::exchange::{self, ModelState, Shared};
use super::recording::Recording;
use super::reply::{ErrorReply, Reply};
use super::request::ModelRequest;
use super::script::Scripted;
use crate::deadline;
use crate::loopback::LoopbackServer;

/// A model server on loopback that answers from a script and checks every request.
///
/// It stops when dropped, and then panics if a request broke a rule (see [`FakeModel::verify`]).
#[derive(Debug)]
pub struct FakeModel {
    server: LoopbackServer,
    shared: Arc<Shared>,
}

/// The queue of one conversation, from [`FakeModel::conversation`].
#[derive(Debug)]
pub struct ConversationScript<'a> {
    model: &'a FakeModel,
    marker: String,
}

impl FakeModel {
    /// Starts a server on a free port, with an empty script.
    ///
    /// # Panics
    ///
    /// When no port is free.
    pub async fn start() -> Self {
        Self::listen(0, ModelState::default()).expect("a loopback port can be bound")
    }

    /// Starts a server on this port (0 picks a free one) that gives each conversation the replies
    /// of a recording.
    ///
    /// # Errors
    ///
    /// When the port cannot be bound.
    pub fn replay(recording: Recording, port: u16) -> io::Result<Self> {
        Self::listen(port, ModelState::of_recording(recording))
    }

    fn listen(port: u16, state: ModelState) -> io::Result<Self> {
        let shared = Arc::new(Shared::new(state));
        let router = exchange::router(Arc::clone(&shared));
        Ok(Self {
            server: LoopbackServer::start("fake-model", port, router)?,
            shared,
        })
    }

    /// The server's address without a path: `http://127.0.0.1:PORT`, the base for Anthropic
    /// clients.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
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

    /// Lets the next request change what its conversation sent before: after a compaction, or with
    /// other tools.
    pub fn allow_rewritten_history(&self) {
        self.state().history.allow_rewrite();
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

    /// The key that requests must carry.
    #[must_use]
    pub fn api_key(&self) -> String {
        self.state().api_key.clone()
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

    /// Waits until a client has hung up before the end of an answer. Each such hang-up satisfies
    /// one call.
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

    /// Takes the broken rules so far, so that neither [`FakeModel::verify`] nor dropping fails on
    /// them.
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
        let is_sound = self.server.stop();
        if !std::thread::panicking() {
            assert!(is_sound, "the fake model's thread panicked");
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
