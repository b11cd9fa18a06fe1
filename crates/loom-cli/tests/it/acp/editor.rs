//! An editor: the client side of the protocol's own library around a real `loom acp`.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use agent_client_protocol::schema::ProtocolVersion;
use agent_client_protocol::v1::schema::{
    CancelNotification, ClientCapabilities, ContentBlock, CreateElicitationRequest,
    CreateElicitationResponse, InitializeRequest, InitializeResponse, NewSessionRequest,
    NewSessionResponse, PermissionOptionKind, PromptRequest, PromptResponse,
    RequestPermissionOutcome, RequestPermissionRequest, RequestPermissionResponse,
    SelectedPermissionOutcome, SessionId, SessionNotification, SessionUpdate, StopReason,
    TextContent, ToolCallContent, ToolCallStatus,
};
use agent_client_protocol::v1::{ConnectionTo, Responder};
use agent_client_protocol::{
    Agent, Client, Error, JsonRpcRequest, Lines, on_receive_notification, on_receive_request,
};
use loom_testing::CommandLine;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;

/// How long anything is waited for.
const LIMIT: Duration = Duration::from_secs(60);

/// Waits, but not for ever.
pub(super) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(LIMIT, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited in vain for {what}"),
    }
}

/// What the agent asks the person.
pub(super) enum Asked {
    Permission(
        RequestPermissionRequest,
        Responder<RequestPermissionResponse>,
    ),
    Elicitation(
        CreateElicitationRequest,
        Responder<CreateElicitationResponse>,
    ),
}

/// What an editor has seen.
#[derive(Default)]
struct Seen {
    /// Each line that the agent wrote.
    lines: Mutex<Vec<String>>,
    updates: Mutex<Vec<SessionNotification>>,
    news: Notify,
}

/// An editor with its agent.
pub(super) struct Editor {
    pub(super) connection: ConnectionTo<Agent>,
    pub(super) greeting: InitializeResponse,
    seen: Arc<Seen>,
    asked: mpsc::UnboundedReceiver<Asked>,
    input: Arc<tokio::sync::Mutex<Option<ChildStdin>>>,
    child: Child,
    done: Option<oneshot::Sender<()>>,
    driver: JoinHandle<Result<(), Error>>,
}

impl Editor {
    /// Starts an agent, and an editor that can do little.
    pub(super) async fn start(user: &CommandLine, arguments: &[&str]) -> Self {
        Self::able(user, arguments, ClientCapabilities::new()).await
    }

    /// Starts an agent, and an editor that can do this.
    pub(super) async fn able(
        user: &CommandLine,
        arguments: &[&str],
        capabilities: ClientCapabilities,
    ) -> Self {
        let arguments = arguments.iter().copied().chain(["acp"]);
        let mut command = tokio::process::Command::from(user.loom(arguments).into_command());
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let input = Arc::new(tokio::sync::Mutex::new(child.stdin.take()));
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        let seen = Arc::new(Seen::default());
        let (ask, asked) = mpsc::unbounded_channel();
        let (ready, connection) = oneshot::channel();
        let (done, is_done) = oneshot::channel::<()>();
        let lines = Arc::clone(&seen);
        let incoming = futures::stream::unfold((output, lines), |(mut output, seen)| async {
            let line = output.next_line().await.transpose()?;
            if let Ok(line) = &line {
                seen.lines.lock().unwrap().push(line.clone());
            }
            Some((line, (output, seen)))
        });
        let outgoing =
            futures::sink::unfold(Arc::clone(&input), |input, line: String| async move {
                if let Some(pipe) = input.lock().await.as_mut() {
                    pipe.write_all(format!("{line}\n").as_bytes()).await?;
                    pipe.flush().await?;
                }
                Ok::<_, std::io::Error>(input)
            });
        let transport = Lines::new(Box::pin(outgoing), Box::pin(incoming));
        let updates = Arc::clone(&seen);
        let elicit = ask.clone();
        let client = Client
            .v1()
            .on_receive_notification(
                async move |update: SessionNotification, _| {
                    updates.updates.lock().unwrap().push(update);
                    updates.news.notify_waiters();
                    Ok(())
                },
                on_receive_notification!(),
            )
            .on_receive_request(
                async move |request: RequestPermissionRequest, responder, _| {
                    let _ = ask.send(Asked::Permission(request, responder));
                    Ok(())
                },
                on_receive_request!(),
            )
            .on_receive_request(
                async move |request: CreateElicitationRequest, responder, _| {
                    let _ = elicit.send(Asked::Elicitation(request, responder));
                    Ok(())
                },
                on_receive_request!(),
            );
        let driver = tokio::spawn(client.connect_with(transport, async move |connection| {
            let _ = ready.send(connection);
            let _ = is_done.await;
            Ok(())
        }));
        let connection = within("the connection", connection).await.unwrap();
        let request = InitializeRequest::new(ProtocolVersion::V1).client_capabilities(capabilities);
        let greeting = within(
            "the greeting",
            connection.send_request(request).block_task(),
        );
        Self {
            greeting: greeting.await.unwrap(),
            connection,
            seen,
            asked,
            input,
            child,
            done: Some(done),
            driver,
        }
    }

    /// Sends a request, and waits for the answer.
    pub(super) async fn request<R: JsonRpcRequest>(
        &self,
        request: R,
    ) -> Result<R::Response, Error> {
        let method = request.method().to_owned();
        within(&method, self.connection.send_request(request).block_task()).await
    }

    /// Opens a session in a folder.
    pub(super) async fn open(&self, folder: impl Into<PathBuf>) -> NewSessionResponse {
        self.request(NewSessionRequest::new(folder)).await.unwrap()
    }

    /// Begins a prompt, whose end is waited for elsewhere.
    pub(super) fn begin(
        &self,
        session: &SessionId,
        content: Vec<ContentBlock>,
    ) -> impl Future<Output = Result<PromptResponse, Error>> + use<> {
        let request = PromptRequest::new(session.clone(), content);
        let sent = self.connection.send_request(request);
        async { within("the end of the turn", sent.block_task()).await }
    }

    /// Says something, and waits for the end of the turn.
    pub(super) async fn say(&self, session: &SessionId, said: &str) -> StopReason {
        let response = self.begin(session, vec![text(said)]).await;
        response.unwrap().stop_reason
    }

    /// Stops what a session does.
    pub(super) fn cancel(&self, session: &SessionId) {
        let notification = CancelNotification::new(session.clone());
        self.connection.send_notification(notification).unwrap();
    }

    /// Waits for the next permission that is asked for.
    pub(super) async fn permission(
        &mut self,
    ) -> (
        RequestPermissionRequest,
        Responder<RequestPermissionResponse>,
    ) {
        match within("a request for permission", self.asked.recv()).await {
            Some(Asked::Permission(request, responder)) => (request, responder),
            _ => panic!("something else was asked"),
        }
    }

    /// Waits for the next form or address.
    pub(super) async fn elicitation(
        &mut self,
    ) -> (
        CreateElicitationRequest,
        Responder<CreateElicitationResponse>,
    ) {
        match within("an elicitation", self.asked.recv()).await {
            Some(Asked::Elicitation(request, responder)) => (request, responder),
            _ => panic!("something else was asked"),
        }
    }

    /// Returns the updates of a session so far.
    pub(super) fn updates(&self, session: &SessionId) -> Vec<SessionUpdate> {
        let updates = self.seen.updates.lock().unwrap();
        let of_session = updates
            .iter()
            .filter(|update| update.session_id == *session);
        of_session.map(|update| update.update.clone()).collect()
    }

    /// Waits for an update of a session from which `find` makes something.
    pub(super) async fn until<T>(
        &self,
        session: &SessionId,
        what: &str,
        mut find: impl FnMut(&SessionUpdate) -> Option<T>,
    ) -> T {
        within(what, async {
            loop {
                let news = self.seen.news.notified();
                if let Some(found) = self.updates(session).iter().find_map(&mut find) {
                    return found;
                }
                news.await;
            }
        })
        .await
    }

    /// Returns what the agent has said in a session.
    pub(super) fn said(&self, session: &SessionId) -> String {
        let updates = self.updates(session);
        let texts = updates.iter().filter_map(|update| match update {
            SessionUpdate::AgentMessageChunk(chunk) => text_of(&chunk.content),
            _ => None,
        });
        texts.collect()
    }

    /// Returns the tool calls of a session as they stand: title, status, texts.
    pub(super) fn calls(&self, session: &SessionId) -> Vec<Call> {
        let mut calls: Vec<Call> = Vec::new();
        for update in self.updates(session) {
            match update {
                SessionUpdate::ToolCall(call) => calls.push(Call {
                    id: call.tool_call_id.0.to_string(),
                    title: call.title,
                    status: call.status,
                    content: call.content,
                }),
                SessionUpdate::ToolCallUpdate(update) => {
                    let id = &*update.tool_call_id.0;
                    let call = calls.iter_mut().find(|call| call.id == id);
                    let call = call.expect("an update is of a call that is known");
                    call.status = update.fields.status.unwrap_or(call.status);
                    if let Some(content) = update.fields.content {
                        call.content = content;
                    }
                }
                _ => {}
            }
        }
        calls
    }

    /// Writes a line as it is.
    pub(super) async fn write(&self, line: &[u8]) {
        let mut input = self.input.lock().await;
        let input = input.as_mut().unwrap();
        input.write_all(line).await.unwrap();
        input.flush().await.unwrap();
    }

    /// Waits for a line of the agent's that satisfies the condition.
    pub(super) async fn line(&self, mut condition: impl FnMut(&Value) -> bool) -> Value {
        within("a line", async {
            loop {
                let lines = self.seen.lines.lock().unwrap().clone();
                let mut values = lines.iter().map(|line| serde_json::from_str(line).unwrap());
                if let Some(found) = values.find(|value| condition(value)) {
                    return found;
                }
                // Lines come without a notice of their own.
                tokio::task::yield_now().await;
            }
        })
        .await
    }

    /// Returns which line of the agent's a value was.
    pub(super) fn position(&self, value: &Value) -> usize {
        let lines = self.seen.lines.lock().unwrap();
        let mut lines = lines.iter();
        let is_it = |line: &String| serde_json::from_str::<Value>(line).unwrap() == *value;
        lines.position(is_it).unwrap()
    }

    /// The process.
    pub(super) fn pid(&self) -> u32 {
        self.child.id().expect("the agent runs")
    }

    /// Closes the agent's input, and returns its exit code. All that it wrote was the protocol.
    pub(super) async fn end(self) -> Option<i32> {
        *self.input.lock().await = None;
        self.exited().await
    }

    /// Waits for the agent's end, and returns its exit code.
    pub(super) async fn exited(mut self) -> Option<i32> {
        let status = within("the end of the agent", self.child.wait())
            .await
            .unwrap();
        if let Some(done) = self.done.take() {
            let _ = done.send(());
        }
        let _ = within("the end of the connection", &mut self.driver).await;
        for line in self.seen.lines.lock().unwrap().iter() {
            let value: Value = serde_json::from_str(line).expect("a line is JSON");
            assert_eq!(value["jsonrpc"], "2.0", "{line}");
        }
        status.code()
    }
}

/// A tool call as it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) status: ToolCallStatus,
    pub(super) content: Vec<ToolCallContent>,
}

impl Call {
    /// Returns the texts of its content.
    pub(super) fn text(&self) -> String {
        let texts = self.content.iter().filter_map(|content| match content {
            ToolCallContent::Content(content) => text_of(&content.content),
            _ => None,
        });
        texts.collect()
    }
}

/// Makes a block of text.
pub(super) fn text(text: &str) -> ContentBlock {
    ContentBlock::Text(TextContent::new(text))
}

fn text_of(block: &ContentBlock) -> Option<String> {
    match block {
        ContentBlock::Text(text) => Some(text.text.clone()),
        _ => None,
    }
}

/// Chooses the first option of a kind.
pub(super) fn choose(
    request: &RequestPermissionRequest,
    kind: PermissionOptionKind,
) -> RequestPermissionResponse {
    let mut options = request.options.iter();
    let option = options.find(|option| option.kind == kind).unwrap();
    let selected = SelectedPermissionOutcome::new(option.option_id.clone());
    RequestPermissionResponse::new(RequestPermissionOutcome::Selected(selected))
}
