//! The agent's side of the connection: which request means what, and all sessions of the process.
//!
//! Handlers of requests hold up all that the editor says after them, so each only begins a task. The
//! tasks are counted, and the process ends when the last one has.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use agent_client_protocol::v1::schema::{
    CancelNotification, CloseSessionRequest, CloseSessionResponse, DeleteSessionRequest,
    DeleteSessionResponse, Error as SchemaError, InitializeRequest, InitializeResponse,
    ListSessionsRequest, LoadSessionRequest, LoadSessionResponse, McpServer, NewSessionRequest,
    NewSessionResponse, PromptRequest, ResumeSessionRequest, ResumeSessionResponse, SessionId,
    SetSessionConfigOptionRequest, SetSessionConfigOptionResponse, SetSessionModeRequest,
    SetSessionModeResponse,
};
use agent_client_protocol::v1::{ConnectionTo, Responder};
use agent_client_protocol::{
    Agent, Client, ConnectTo, Error, JsonRpcResponse, on_receive_notification, on_receive_request,
};
use loom_cli_session::Session;
use loom_common_core::stream::{NoticeLevel, ThreadEvent};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use crate::choices::{self, Offer, Settings};
use crate::drawing::Drawing;
use crate::error::{AcpError, invalid, session_over};
use crate::features::Features;
use crate::program::{ModelId, Opened, Opening, Program};
use crate::session::{EditorSession, Parts, session_error};
use crate::wire::{self, Flow};
use crate::{greeting, history, listing, prompt, pump, servers};

/// How long the last lines may take when the sessions have ended.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Serves an editor that writes to `input` and reads `output`, until it closes `input` or `stop` comes.
/// Then all sessions end in good order; what was said in them is stored.
///
/// # Errors
///
/// [`AcpError`], when `input` cannot be read any more. An editor that has closed `output` is gone, and
/// no error.
pub async fn serve(
    program: Arc<dyn Program>,
    version: &str,
    input: impl AsyncRead + Unpin + Send,
    output: impl AsyncWrite + Unpin + Send,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), AcpError> {
    let desk = Arc::new(Desk {
        program,
        version: version.to_owned(),
        flow: Flow::new(),
        features: Mutex::default(),
        sessions: Mutex::default(),
        tasks: TaskTracker::new(),
    });
    let (channel, driver) = ConnectTo::<Client>::into_channel_and_future(connection(&desk));
    let (outgoing, incoming) = channel.into_parts();
    let driver = async move {
        match driver {
            Some(driver) => driver.await,
            None => Ok(()),
        }
    };
    let driver = tokio::spawn(driver);
    let writing = wire::write(outgoing, output, &desk.flow);
    tokio::pin!(writing);
    let (read, is_writing) = tokio::select! {
        read = wire::read(input, incoming) => (read, true),
        () = stop => (Ok(()), true),
        written = &mut writing => {
            tracing::debug!(?written, "the editor does not read any more");
            (Ok(()), false)
        }
    };
    desk.end().await;
    if is_writing {
        // The editor may not read what is left.
        let _ = tokio::time::timeout(LAST_WORDS, writing).await;
    }
    driver.abort();
    match driver.await {
        Ok(Err(error)) => tracing::debug!(?error, "the connection ended with an error"),
        Err(error) if error.is_panic() => return Err(AcpError::Connection(error.to_string())),
        _ => {}
    }
    read.map_err(AcpError::Input)
}

/// All that one editor has open.
struct Desk {
    program: Arc<dyn Program>,
    version: String,
    flow: Flow,
    features: Mutex<Features>,
    sessions: Mutex<Sessions>,
    tasks: TaskTracker,
}

#[derive(Default)]
struct Sessions {
    open: HashMap<SessionId, Arc<EditorSession>>,
    /// Set when the editor is gone: nothing is opened any more.
    is_closing: bool,
}

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

fn connection(desk: &Arc<Desk>) -> impl ConnectTo<Client> + use<> {
    let desk = || Arc::clone(desk);
    let (initialize, new, load, resume) = (desk(), desk(), desk(), desk());
    let (list, close, delete) = (desk(), desk(), desk());
    let (ask, cancel, mode, option) = (desk(), desk(), desk(), desk());
    Agent
        .v1()
        .name("loom")
        .on_receive_request(
            async move |request: InitializeRequest, responder, _| {
                initialize.initialize(request, responder)
            },
            on_receive_request!(),
        )
        .on_receive_request(
            async move |request: NewSessionRequest, responder, connection| {
                new.new_session(request, responder, connection);
                Ok(())
            },
            on_receive_request!(),
        )
        .on_receive_request(
            async move |request: LoadSessionRequest, responder, connection| {
                load.load_session(request, responder, connection);
                Ok(())
            },
            on_receive_request!(),
        )
        .on_receive_request(
            async move |request: ResumeSessionRequest, responder, connection| {
                resume.resume_session(request, responder, connection);
                Ok(())
            },
            on_receive_request!(),
        )
        .on_receive_request(
            async move |request: ListSessionsRequest, responder, _| {
                let program = Arc::clone(&list.program);
                list.answer(
                    responder,
                    async move { listing::list(&*program, request).await },
                );
                Ok(())
            },
            on_receive_request!(),
        )
        .on_receive_request(
            async move |request: CloseSessionRequest, responder, _| {
                close.close_session(&request.session_id, responder)
            },
            on_receive_request!(),
        )
        .on_receive_request(
            async move |request: DeleteSessionRequest, responder, _| {
                delete.delete_session(request.session_id, responder);
                Ok(())
            },
            on_receive_request!(),
        )
        .on_receive_request(
            async move |request: PromptRequest, responder, _| ask.prompt(request, responder),
            on_receive_request!(),
        )
        .on_receive_notification(
            async move |request: CancelNotification, _| {
                // A session that is not open has nothing to stop.
                if let Some(session) = cancel.sessions().open.get(&request.session_id) {
                    session.stop();
                }
                Ok(())
            },
            on_receive_notification!(),
        )
        .on_receive_request(
            async move |request: SetSessionModeRequest, responder, _| {
                mode.set_mode(request, responder)
            },
            on_receive_request!(),
        )
        .on_receive_request(
            async move |request: SetSessionConfigOptionRequest, responder, _| {
                option.set_option(request, responder)
            },
            on_receive_request!(),
        )
}

impl Desk {
    fn initialize(
        &self,
        request: InitializeRequest,
        responder: Responder<InitializeResponse>,
    ) -> Result<(), Error> {
        *self.features() = Features::of(&request.client_capabilities);
        responder.respond(greeting::greeting(request.protocol_version, &self.version))
    }

    fn new_session(
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

    fn load_session(
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

    fn resume_session(
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

    fn close_session(
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

    fn delete_session(
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

    fn prompt(
        &self,
        request: PromptRequest,
        responder: Responder<agent_client_protocol::v1::schema::PromptResponse>,
    ) -> Result<(), Error> {
        let session = match self.session(&request.session_id) {
            Ok(session) => session,
            Err(error) => return responder.respond_with_error(error),
        };
        let prompt = match prompt::read(request.prompt, &session.folder) {
            Ok(prompt) => prompt,
            Err(problem) => return responder.respond_with_error(invalid(problem)),
        };
        match session.take(prompt, responder) {
            Ok(work) => {
                self.tasks.spawn(work);
                Ok(())
            }
            Err((responder, error)) => responder.respond_with_error(error),
        }
    }

    fn set_mode(
        &self,
        request: SetSessionModeRequest,
        responder: Responder<SetSessionModeResponse>,
    ) -> Result<(), Error> {
        let session = match self.session(&request.session_id) {
            Ok(session) => session,
            Err(error) => return responder.respond_with_error(error),
        };
        self.answer(responder, async move {
            choose(&session, choices::MODE, &request.mode_id.0).await?;
            Ok(SetSessionModeResponse::new())
        });
        Ok(())
    }

    fn set_option(
        &self,
        request: SetSessionConfigOptionRequest,
        responder: Responder<SetSessionConfigOptionResponse>,
    ) -> Result<(), Error> {
        let session = match self.session(&request.session_id) {
            Ok(session) => session,
            Err(error) => return responder.respond_with_error(error),
        };
        let Some(value) = request.value.as_value_id().cloned() else {
            return responder.respond_with_error(invalid("the value must be one of the options"));
        };
        self.answer(responder, async move {
            let settings = choose(&session, &request.config_id.0, &value.0).await?;
            let options = choices::options(&settings, &session.offer);
            Ok(SetSessionConfigOptionResponse::new(options))
        });
        Ok(())
    }

    /// Answers a request with what comes of `work`, in a task of its own.
    fn answer<R: JsonRpcResponse>(
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
    async fn close(&self, id: &SessionId) {
        let session = self.sessions().open.remove(id);
        if let Some(session) = session {
            session.stop();
            // One that has ended by itself is as good.
            let _ = session.handle.shutdown().await;
            session.over.cancelled().await;
        }
    }

    /// Ends all sessions, and waits until everything has ended.
    async fn end(&self) {
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

    fn session(&self, id: &SessionId) -> Result<Arc<EditorSession>, Error> {
        let session = self.sessions().open.get(id).cloned();
        session.ok_or_else(|| SchemaError::session_not_found(id.clone()).into())
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn features(&self) -> MutexGuard<'_, Features> {
        self.features.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Chooses `value` for the option `id`, and returns with what the session goes on.
async fn choose(session: &EditorSession, id: &str, value: &str) -> Result<Settings, Error> {
    let unknown = || invalid(format!("the option {id} has no value {value}"));
    let handle = &session.handle;
    match id {
        choices::MODE => {
            let mode = choices::mode(value, &session.offer).ok_or_else(unknown)?;
            let order = async {
                handle
                    .set_permission_mode(mode)
                    .await
                    .map_err(session_error)
            };
            session.choose(order).await
        }
        choices::EFFORT => {
            let effort = choices::effort(value).ok_or_else(unknown)?;
            let order = async { handle.set_effort(effort).await.map_err(session_error) };
            session.choose(order).await
        }
        choices::MODEL => {
            let model = ModelId::from_choice(value).ok_or_else(unknown)?;
            let order = async { Ok(session.companion.set_model(&model).await?) };
            session.choose(order).await
        }
        _ => Err(invalid(format!("there is no option {id}"))),
    }
}
