//! All that one editor has open: its sessions by their ids, and the tasks that work for it.
//!
//! Tasks are counted, and the process ends when the last one has.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use agent_client_protocol::v1::Responder;
use agent_client_protocol::v1::schema::{
    CloseSessionResponse, DeleteSessionResponse, Error as SchemaError, SessionId,
};
use agent_client_protocol::{Error, JsonRpcResponse};
use tokio_util::task::TaskTracker;

use crate::features::Features;
use crate::program::Program;
use crate::session::EditorSession;
use crate::wire::Flow;

/// All that one editor has open.
pub(crate) struct Desk {
    pub(crate) program: Arc<dyn Program>,
    pub(crate) version: String,
    pub(crate) flow: Flow,
    pub(crate) features: Mutex<Features>,
    pub(crate) sessions: Mutex<Sessions>,
    pub(crate) tasks: TaskTracker,
}

#[derive(Default)]
pub(crate) struct Sessions {
    pub(crate) open: HashMap<SessionId, Arc<EditorSession>>,
    /// Set when the editor is gone: nothing is opened any more.
    pub(crate) is_closing: bool,
}

impl Desk {
    pub(crate) fn new(program: Arc<dyn Program>, version: &str) -> Self {
        Self {
            program,
            version: version.to_owned(),
            flow: Flow::new(),
            features: Mutex::default(),
            sessions: Mutex::default(),
            tasks: TaskTracker::new(),
        }
    }

    pub(crate) fn close_session(
        self: &Arc<Self>,
        id: &SessionId,
        responder: Responder<CloseSessionResponse>,
    ) -> Result<(), Error> {
        if let Err(error) = self.session(id) {
            return responder.respond_with_error(error);
        }
        let (desk, id) = (Arc::clone(self), id.clone());
        self.answer(responder, async move {
            desk.close(&id).await;
            Ok(CloseSessionResponse::new())
        });
        Ok(())
    }

    pub(crate) fn delete_session(
        self: &Arc<Self>,
        id: SessionId,
        responder: Responder<DeleteSessionResponse>,
    ) {
        let desk = Arc::clone(self);
        self.answer(responder, async move {
            desk.close(&id).await;
            desk.program.delete(&id.0).await?;
            Ok(DeleteSessionResponse::new())
        });
    }

    /// Answers a request with what comes of `work`, in a task of its own.
    pub(crate) fn answer<R: JsonRpcResponse>(
        &self,
        responder: Responder<R>,
        work: impl Future<Output = Result<R, Error>> + Send + 'static,
    ) {
        self.tasks.spawn(async move {
            // An editor that has gone away needs no response.
            let _ = responder.respond_with_result(work.await);
        });
    }

    /// Ends a session, if it is open, and waits until it has ended.
    pub(crate) async fn close(&self, id: &SessionId) {
        let session = self.sessions().open.remove(id);
        if let Some(session) = session {
            session.stop();
            // One that has ended by itself is as good.
            let _ = session.handle.shutdown().await;
            session.over.cancelled().await;
        }
    }

    /// Ends all sessions, and waits until everything has ended.
    pub(crate) async fn end(&self) {
        self.flow.close();
        let open = {
            let mut sessions = self.sessions();
            sessions.is_closing = true;
            std::mem::take(&mut sessions.open)
        };
        for session in open.values() {
            session.stop();
            let _ = session.handle.shutdown().await;
        }
        drop(open);
        self.tasks.close();
        self.tasks.wait().await;
    }

    pub(crate) fn session(&self, id: &SessionId) -> Result<Arc<EditorSession>, Error> {
        let session = self.sessions().open.get(id).cloned();
        session.ok_or_else(|| SchemaError::session_not_found(id.clone()).into())
    }

    pub(crate) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn features(&self) -> MutexGuard<'_, Features> {
        self.features.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
