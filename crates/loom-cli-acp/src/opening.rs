//! Sessions as they are opened: new ones, and those of threads that go on.
//!
//! What happens in a session from its first moment on waits in its queue until the editor has the
//! answer to its request, and so knows the session.

use std::path::PathBuf;
use std::sync::Arc;

use agent_client_protocol::v1::schema::{
    LoadSessionRequest, LoadSessionResponse, McpServer, NewSessionRequest, NewSessionResponse,
    ResumeSessionRequest, ResumeSessionResponse, SessionId,
};
use agent_client_protocol::v1::{ConnectionTo, Responder};
use agent_client_protocol::{Client, Error, JsonRpcResponse};
use loom_cli_session::Session;
use loom_common_core::stream::{NoticeLevel, ThreadEvent};
use tokio::sync::mpsc;

use crate::choices::{self, Offer, Settings};
use crate::desk::Desk;
use crate::drawing::Drawing;
use crate::error::{invalid, session_over};
use crate::program::{ModelId, Opened, Opening};
use crate::session::{EditorSession, Parts};
use crate::{history, pump, servers};

/// A session that is open, and what is to be shown of it from now on.
struct Ready {
    session: Arc<EditorSession>,
    events: mpsc::Receiver<ThreadEvent>,
    drawing: Drawing,
    warnings: Vec<String>,
}

/// Whether an editor wants to see what was said so far.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Replay {
    Shown,
    Skipped,
}

/// What an editor asks a session for.
struct Wish {
    folder: PathBuf,
    more_folders: Vec<PathBuf>,
    servers: Vec<McpServer>,
    thread: Option<SessionId>,
}

impl Desk {
    pub(crate) fn new_session(
        self: &Arc<Self>,
        request: NewSessionRequest,
        responder: Responder<NewSessionResponse>,
        connection: ConnectionTo<Client>,
    ) {
        let wish = Wish {
            folder: request.cwd,
            more_folders: request.additional_directories,
            servers: request.mcp_servers,
            thread: None,
        };
        self.open(wish, Replay::Skipped, connection, responder, |session| {
            let settings = session.settings.borrow();
            NewSessionResponse::new(session.id.clone())
                .modes(choices::modes(&settings, &session.offer))
                .config_options(choices::options(&settings, &session.offer))
        });
    }

    pub(crate) fn load_session(
        self: &Arc<Self>,
        request: LoadSessionRequest,
        responder: Responder<LoadSessionResponse>,
        connection: ConnectionTo<Client>,
    ) {
        let wish = Wish {
            folder: request.cwd,
            more_folders: request.additional_directories,
            servers: request.mcp_servers,
            thread: Some(request.session_id),
        };
        self.open(wish, Replay::Shown, connection, responder, |session| {
            let settings = session.settings.borrow();
            LoadSessionResponse::new()
                .modes(choices::modes(&settings, &session.offer))
                .config_options(choices::options(&settings, &session.offer))
        });
    }

    pub(crate) fn resume_session(
        self: &Arc<Self>,
        request: ResumeSessionRequest,
        responder: Responder<ResumeSessionResponse>,
        connection: ConnectionTo<Client>,
    ) {
        let wish = Wish {
            folder: request.cwd,
            more_folders: request.additional_directories,
            servers: request.mcp_servers,
            thread: Some(request.session_id),
        };
        self.open(wish, Replay::Skipped, connection, responder, |session| {
            let settings = session.settings.borrow();
            ResumeSessionResponse::new()
                .modes(choices::modes(&settings, &session.offer))
                .config_options(choices::options(&settings, &session.offer))
        });
    }

    /// Opens a session, answers, and then shows what happens in it.
    fn open<R: JsonRpcResponse>(
        self: &Arc<Self>,
        wish: Wish,
        replay: Replay,
        connection: ConnectionTo<Client>,
        responder: Responder<R>,
        response: impl FnOnce(&EditorSession) -> R + Send + 'static,
    ) {
        let desk = Arc::clone(self);
        self.tasks.spawn(async move {
            let ready = match desk.ready(wish, replay, connection).await {
                Ok(ready) => ready,
                Err(error) => {
                    let _ = responder.respond_with_error(error);
                    return;
                }
            };
            let Ready {
                session,
                events,
                drawing,
                warnings,
            } = ready;
            let response = response(&session);
            // Nothing is said of a session before the editor knows it.
            let _ = responder.respond(response);
            desk.tasks
                .spawn(pump::run(Arc::clone(&session), events, drawing));
            for warning in warnings {
                session.note(NoticeLevel::Warning, &warning).await;
            }
            let commands = session.companion.commands();
            session.tell_commands(&commands).await;
            tokio::select! {
                () = session.companion.settled() => {}
                () = session.over.cancelled() => return,
            }
            let settled = session.companion.commands();
            if settled != commands {
                session.tell_commands(&settled).await;
            }
        });
    }

    async fn ready(
        &self,
        wish: Wish,
        replay: Replay,
        connection: ConnectionTo<Client>,
    ) -> Result<Ready, Error> {
        if !wish.more_folders.is_empty() {
            return Err(invalid(
                "a session works in one folder; additionalDirectories is not taken",
            ));
        }
        if !wish.folder.is_absolute() {
            return Err(invalid("cwd must be an absolute path"));
        }
        if let Some(id) = &wish.thread {
            self.program.check(&wish.folder, &id.0).await?;
            // One process has a thread open once.
            self.close(id).await;
        }
        let (handed_over, mut warnings) = servers::read(wish.servers);
        let Opened {
            session,
            history: said,
            effort,
            warnings: more_warnings,
            companion,
        } = self
            .program
            .open(Opening {
                folder: wish.folder,
                thread: wish.thread.map(|id| id.0.to_string()),
                servers: handed_over,
            })
            .await?;
        warnings.extend(more_warnings);
        let Session { handle, mut events } = session;
        let Some(ThreadEvent::ThreadStarted {
            thread_id,
            cwd,
            provider,
            model,
            permission_mode,
            ..
        }) = events.recv().await
        else {
            return Err(session_over());
        };
        let model = ModelId {
            provider,
            name: model,
        };
        let features = *self.features();
        let folder = PathBuf::from(cwd);
        let session = Arc::new(EditorSession::new(Parts {
            id: SessionId::new(thread_id),
            connection,
            flow: self.flow.clone(),
            features,
            handle,
            offer: Offer {
                modes: companion.modes(),
                models: companion.models().await,
            },
            companion,
            program: Arc::clone(&self.program),
            folder: folder.clone(),
            settings: Settings {
                model,
                effort,
                mode: permission_mode,
            },
        }));
        if replay == Replay::Shown {
            for update in history::updates(&said, &folder) {
                session.update(update).await;
            }
        }
        let replaced = {
            let mut sessions = self.sessions();
            if sessions.is_closing {
                return Err(session_over());
            }
            let id = session.id.clone();
            sessions.open.insert(id, Arc::clone(&session))
        };
        if let Some(replaced) = replaced {
            replaced.stop();
            let _ = replaced.handle.shutdown().await;
        }
        Ok(Ready {
            session,
            events,
            drawing: Drawing::new(folder, features),
            warnings,
        })
    }
}
