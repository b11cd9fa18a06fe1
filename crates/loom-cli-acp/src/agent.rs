//! The agent's side of the connection: which request means what.
//!
//! A handler holds up all that the editor says after it, so each only begins a task.

use std::sync::Arc;
use std::time::Duration;

use agent_client_protocol::v1::Responder;
use agent_client_protocol::v1::schema::{
    CancelNotification, CloseSessionRequest, DeleteSessionRequest, InitializeRequest,
    InitializeResponse, ListSessionsRequest, LoadSessionRequest, NewSessionRequest, PromptRequest,
    PromptResponse, ResumeSessionRequest, SetSessionConfigOptionRequest,
    SetSessionConfigOptionResponse, SetSessionModeRequest, SetSessionModeResponse,
};
use agent_client_protocol::{
    Agent, Client, ConnectTo, Error, on_receive_notification, on_receive_request,
};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::choices::{self, Settings};
use crate::desk::Desk;
use crate::error::{AcpError, invalid, session_over};
use crate::features::Features;
use crate::program::Program;
use crate::session::EditorSession;
use crate::{greeting, listing, prompt, wire};

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
    let desk = Arc::new(Desk::new(program, version));
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

    fn prompt(
        &self,
        request: PromptRequest,
        responder: Responder<PromptResponse>,
    ) -> Result<(), Error> {
        let session = match self.session(&request.session_id) {
            Ok(session) => session,
            Err(error) => return responder.respond_with_error(error),
        };
        let readable = session.companion.readable();
        let read = match prompt::read(request.prompt, &session.folder, &readable) {
            Ok(read) => read,
            Err(problem) => return responder.respond_with_error(invalid(problem)),
        };
        match session.take_turn() {
            Ok(turn) => {
                self.tasks.spawn(session.carry_out(turn, read, responder));
                Ok(())
            }
            Err(error) => responder.respond_with_error(error),
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
}

/// Chooses `value` for the option `id`, and returns with what the session goes on.
async fn choose(session: &EditorSession, id: &str, value: &str) -> Result<Settings, Error> {
    let settings = session.settings.borrow().clone();
    let choice = session.offer.read(id, value, &settings)?;
    // Only the end of the session keeps a choice from being made.
    let settings = session.choose(&choice, &session.over).await?;
    settings.ok_or_else(session_over)
}
