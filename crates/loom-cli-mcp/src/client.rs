//! What the client answers when a server asks or tells something.
#![expect(
    deprecated,
    reason = "the protocol of July 2026 drops roots, and the servers that people have use them"
)]

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use loom_common_core::ProgressSink;
use loom_common_core::inquiry::Answer;
use rmcp::ClientHandler;
use rmcp::model::{
    ClientCapabilities, ClientConfig, ElicitRequestParams, ElicitResult, ElicitationAction,
    ElicitationCapability, ErrorData, Implementation, ListRootsResult, ProgressNotificationParam,
    ProgressToken, ProtocolVersion, Root,
};
use rmcp::service::{NotificationContext, RequestContext, RoleClient};
use tokio::sync::Notify;
use url::Url;

use crate::content::cut;
use crate::elicitation::{self, ElicitationHandler};

/// What changed on a server, and what it waits for.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// The lists of tools or prompts are other ones now.
    pub(crate) lists: Notify,
    /// Somebody thinks that the server hangs.
    pub(crate) suspect: Notify,
    /// How many questions of the server the person has not answered yet.
    pub(crate) asking: AtomicUsize,
}

/// Counts a question until it is dropped.
struct Asking<'a>(&'a AtomicUsize);

impl<'a> Asking<'a> {
    fn begin(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Where progress goes, call by call.
#[derive(Debug, Default)]
pub(crate) struct ProgressRoutes(Mutex<HashMap<ProgressToken, Arc<Route>>>);

/// Where the progress of a call goes.
#[derive(Debug)]
pub(crate) struct Route {
    sink: ProgressSink,
    /// How many more pieces are passed on: each is kept by the one who shows it.
    left: Mutex<u32>,
    /// Told of each piece, also of those that are not passed on.
    pub(crate) seen: Notify,
}

/// Pieces of progress of one call that are passed on.
const MAX_PIECES: u32 = 200;

/// Bytes of such a piece.
const MAX_PIECE: usize = 300;

impl ProgressRoutes {
    /// Passes the progress of a call on, until the guard is dropped.
    pub(crate) fn open(self: &Arc<Self>, token: ProgressToken, sink: ProgressSink) -> OpenRoute {
        let route = Arc::new(Route {
            sink,
            left: Mutex::new(MAX_PIECES),
            seen: Notify::new(),
        });
        self.routes().insert(token.clone(), Arc::clone(&route));
        OpenRoute {
            routes: Arc::clone(self),
            token,
            route,
        }
    }

    fn take(&self, progress: &ProgressNotificationParam) {
        let Some(route) = self.routes().get(&progress.progress_token).cloned() else {
            return;
        };
        route.seen.notify_one();
        {
            let mut left = route.left.lock().unwrap_or_else(PoisonError::into_inner);
            if *left == 0 {
                return;
            }
            *left -= 1;
        }
        let share = match progress.total {
            Some(total) => format!("{}/{total}", progress.progress),
            None => progress.progress.to_string(),
        };
        let piece = match &progress.message {
            Some(message) => format!("[{share}] {}", cut(message, MAX_PIECE)),
            None => format!("[{share}]"),
        };
        route.sink.send(&format!("{piece}\n"));
    }

    fn routes(&self) -> MutexGuard<'_, HashMap<ProgressToken, Arc<Route>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes a route when it is dropped.
pub(crate) struct OpenRoute {
    routes: Arc<ProgressRoutes>,
    token: ProgressToken,
    pub(crate) route: Arc<Route>,
}

impl Drop for OpenRoute {
    fn drop(&mut self) {
        self.routes.routes().remove(&self.token);
    }
}

/// The client, as one server sees it.
pub(crate) struct Client {
    pub(crate) server: String,
    /// Address of the workspace.
    pub(crate) root: Option<Url>,
    pub(crate) elicitation: Option<Arc<dyn ElicitationHandler>>,
    pub(crate) progress: Arc<ProgressRoutes>,
    pub(crate) changes: Arc<Changes>,
}

impl ClientHandler for Client {
    fn get_info(&self) -> ClientConfig {
        let mut capabilities = ClientCapabilities::default();
        capabilities.roots = Some(Default::default());
        if self.elicitation.is_some() {
            capabilities.elicitation = Some(
                ElicitationCapability::new()
                    .with_form(Default::default())
                    .with_url(Default::default()),
            );
        }
        let implementation = Implementation::new("loom", loom_common_version::VERSION);
        ClientConfig::new(capabilities, implementation)
            .with_protocol_version(ProtocolVersion::LATEST_WITH_INITIALIZE)
    }

    async fn list_roots(
        &self,
        _context: RequestContext<RoleClient>,
    ) -> Result<ListRootsResult, ErrorData> {
        let root = self.root.as_ref().map(|root| Root::new(root.as_str()));
        Ok(ListRootsResult::new(root.into_iter().collect()))
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        context: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let Some(handler) = &self.elicitation else {
            return Ok(ElicitResult::new(ElicitationAction::Decline));
        };
        let question = elicitation::inquiry(&self.server, request)
            .map_err(|problem| ErrorData::invalid_params(problem, None))?;
        let _asking = Asking::begin(&self.changes.asking);
        let answer = tokio::select! {
            answer = handler.elicit(question) => answer,
            () = context.ct.cancelled() => Answer::Dismiss,
        };
        Ok(elicitation::result(answer))
    }

    async fn on_progress(
        &self,
        progress: ProgressNotificationParam,
        _context: NotificationContext<RoleClient>,
    ) {
        self.progress.take(&progress);
    }

    async fn on_tool_list_changed(&self, _context: NotificationContext<RoleClient>) {
        self.changes.lists.notify_one();
    }

    async fn on_prompt_list_changed(&self, _context: NotificationContext<RoleClient>) {
        self.changes.lists.notify_one();
    }
}
