//! A session as the editor has it: one prompt after the other, what can be chosen, what is asked.
//!
//! A prompt is carried out by a task of its own, from the moment at which it comes to the response.
//! The task alone hands the prompt to the session and, when the editor cancels, the stop: so a stop
//! never meets the prompt that comes after. The prompts of one session queue at the `floor`. A second
//! one is only taken while the first is being stopped; otherwise it is refused, as the protocol has
//! one turn at a time.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use agent_client_protocol::v1::schema::{
    AvailableCommand, AvailableCommandInput, AvailableCommandsUpdate, PromptResponse, SessionId,
    SessionInfoUpdate, SessionNotification, SessionUpdate, StopReason, UnstructuredCommandInput,
};
use agent_client_protocol::v1::{ConnectionTo, Responder};
use agent_client_protocol::{Client, Error};
use loom_cli_session::SessionHandle;
use loom_common_core::StopReason as ModelStop;
use loom_common_core::stream::{NoticeLevel, StreamError};
use tokio::sync::{Mutex as AsyncMutex, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::asking::Refused;
use crate::choices::{self, Offer, Settings};
use crate::drawing::{note, said};
use crate::error::{of_turn, session_over, untimely};
use crate::features::Features;
use crate::program::{Choice, CommandEntry, Companion, Heard, Program, Said};
use crate::prompt::PromptRead;
use crate::wire::Flow;

/// Prompts of one session that are under way: one that is being stopped, and the next.
const MAX_PROMPTS: usize = 2;

/// How a turn ended.
#[derive(Debug)]
pub(crate) enum TurnEnd {
    Completed(ModelStop),
    Failed(StreamError),
}

/// A session as the editor has it.
pub(crate) struct EditorSession {
    pub(crate) id: SessionId,
    pub(crate) connection: ConnectionTo<Client>,
    pub(crate) flow: Flow,
    pub(crate) features: Features,
    pub(crate) handle: SessionHandle,
    pub(crate) companion: Box<dyn Companion>,
    pub(crate) program: Arc<dyn Program>,
    /// The folder that the agent works in.
    pub(crate) folder: PathBuf,
    pub(crate) offer: Offer,
    /// What the session said last.
    pub(crate) settings: watch::Sender<Settings>,
    pub(crate) refused: Refused,
    /// Ends when the session has.
    pub(crate) over: CancellationToken,
    prompts: Mutex<Prompts>,
    /// Held by the prompt that is carried out.
    floor: AsyncMutex<()>,
    /// Held while something is chosen.
    choosing: AsyncMutex<()>,
}

/// The prompts that are under way.
#[derive(Default)]
struct Prompts {
    last: u64,
    /// The oldest first.
    under_way: Vec<Turn>,
    /// The turn that the session carries out.
    running: Option<Running>,
}

/// The turn that the session carries out.
struct Running {
    turn: Turn,
    /// Told of its end.
    ending: oneshot::Sender<TurnEnd>,
}

/// The turn of a prompt.
#[derive(Clone)]
pub(crate) struct Turn {
    number: u64,
    /// With what it is stopped.
    stop: CancellationToken,
}

/// What an [`EditorSession`] is made of.
pub(crate) struct Parts {
    pub(crate) id: SessionId,
    pub(crate) connection: ConnectionTo<Client>,
    pub(crate) flow: Flow,
    pub(crate) features: Features,
    pub(crate) handle: SessionHandle,
    pub(crate) companion: Box<dyn Companion>,
    pub(crate) program: Arc<dyn Program>,
    pub(crate) folder: PathBuf,
    pub(crate) offer: Offer,
    pub(crate) settings: Settings,
}

impl EditorSession {
    pub(crate) fn new(parts: Parts) -> Self {
        Self {
            id: parts.id,
            connection: parts.connection,
            flow: parts.flow,
            features: parts.features,
            handle: parts.handle,
            companion: parts.companion,
            program: parts.program,
            folder: parts.folder,
            offer: parts.offer,
            settings: watch::Sender::new(parts.settings),
            refused: Refused::default(),
            over: CancellationToken::new(),
            prompts: Mutex::default(),
            floor: AsyncMutex::default(),
            choosing: AsyncMutex::default(),
        }
    }

    /// Sends an update once there is room; false when nobody reads any more.
    pub(crate) async fn update(&self, update: SessionUpdate) -> bool {
        if !self.flow.place().await {
            return false;
        }
        let notification = SessionNotification::new(self.id.clone(), update);
        self.connection.send_notification(notification).is_ok()
    }

    /// Tells the person something between what the agent says.
    pub(crate) async fn note(&self, level: NoticeLevel, message: &str) {
        self.update(note(self.features, level, message)).await;
    }

    /// Tells which commands there are.
    pub(crate) async fn tell_commands(&self, commands: &[CommandEntry]) {
        let commands = commands.iter().map(|command| {
            let input = command.hint.as_ref().map(|hint| {
                AvailableCommandInput::Unstructured(UnstructuredCommandInput::new(hint))
            });
            AvailableCommand::new(&command.name, &command.description).input(input)
        });
        let update = AvailableCommandsUpdate::new(commands.collect());
        self.update(SessionUpdate::AvailableCommandsUpdate(update))
            .await;
    }

    /// Tells what the thread is called by now.
    pub(crate) async fn tell_title(&self) {
        let known = self.program.thread(&self.id.0).await;
        if let Ok(Some(thread)) = known {
            let update = SessionInfoUpdate::new()
                .title(thread.title)
                .updated_at(thread.updated_at);
            self.update(SessionUpdate::SessionInfoUpdate(update)).await;
        }
    }

    /// Takes the next turn, for a prompt.
    ///
    /// # Errors
    ///
    /// While a turn is under way that is not being stopped.
    pub(crate) fn take_turn(&self) -> Result<Turn, Error> {
        let mut prompts = self.prompts();
        let mut under_way = prompts.under_way.iter();
        let is_busy = under_way.any(|turn| !turn.stop.is_cancelled());
        if is_busy || prompts.under_way.len() >= MAX_PROMPTS {
            return Err(untimely(
                "the session is still at another prompt",
                "wait for its end, or cancel it",
            ));
        }
        prompts.last += 1;
        let turn = Turn {
            number: prompts.last,
            stop: CancellationToken::new(),
        };
        prompts.under_way.push(turn.clone());
        Ok(turn)
    }

    /// Carries a prompt out to the end of its turn, and responds.
    pub(crate) async fn carry_out(
        self: Arc<Self>,
        turn: Turn,
        read: PromptRead,
        responder: Responder<PromptResponse>,
    ) {
        let outcome = self.done(read, &turn).await;
        let is_other = |other: &Turn| other.number != turn.number;
        self.prompts().under_way.retain(is_other);
        // An editor that has gone away needs no response.
        let _ = responder.respond_with_result(outcome.map(PromptResponse::new));
    }

    /// Stops what is under way. Does nothing when nothing is.
    pub(crate) fn stop(&self) {
        for turn in &self.prompts().under_way {
            turn.stop.cancel();
        }
    }

    /// Returns the turn that the session carries out, as far as its events were taken.
    pub(crate) fn running(&self) -> Option<Turn> {
        let prompts = self.prompts();
        prompts.running.as_ref().map(|running| running.turn.clone())
    }

    /// Stops one turn, and none that comes after it; false when it is over.
    pub(crate) fn stop_turn(&self, turn: &Turn) -> bool {
        let prompts = self.prompts();
        let mut under_way = prompts.under_way.iter();
        let is_under_way = under_way.any(|other| other.number == turn.number);
        if is_under_way {
            turn.stop.cancel();
        }
        is_under_way
    }

    /// Takes the end of a turn.
    pub(crate) fn turn_ended(&self, end: TurnEnd) {
        if let Some(running) = self.prompts().running.take() {
            // The prompt that waited for it may have been dropped with the process.
            let _ = running.ending.send(end);
        }
    }

    /// Takes the end of the session: nothing comes any more.
    pub(crate) fn ended(&self) {
        self.prompts().running = None;
        self.over.cancel();
    }

    async fn done(&self, read: PromptRead, turn: &Turn) -> Result<StopReason, Error> {
        let stop = &turn.stop;
        let _floor = self.floor.lock().await;
        let hearing = self.companion.hear(read.prompt);
        let Some(heard) = stop.run_until_cancelled(hearing).await else {
            return Ok(StopReason::Cancelled);
        };
        let Heard {
            said: what,
            problems,
        } = heard?;
        for problem in read.problems.into_iter().chain(problems) {
            self.note(NoticeLevel::Warning, &problem).await;
        }
        let (ending, ended) = oneshot::channel();
        let begin = || {
            let turn = turn.clone();
            self.prompts().running = Some(Running { turn, ending });
        };
        let handed = match what {
            Said::Prompt(message) => {
                begin();
                self.handle.prompt(message).await
            }
            Said::Command(command) => {
                begin();
                self.handle.run_command(*command).await
            }
            Said::Compact(instructions) => {
                begin();
                self.handle.compact(instructions).await
            }
            Said::Choice(choice) => {
                let settings = self.choose(&choice, stop).await?;
                let text = settings.map(|settings| choices::outcome(&choice, &settings));
                return Ok(self.answered(text, turn).await);
            }
            Said::Order(order) => {
                let text = stop.run_until_cancelled(order).await.transpose()?;
                return Ok(self.answered(text, turn).await);
            }
        };
        handed.map_err(|_| session_over())?;
        let end = self.until_ended(ended, stop).await?;
        if stop.is_cancelled() {
            return Ok(StopReason::Cancelled);
        }
        match end {
            TurnEnd::Completed(reason) => Ok(stop_reason(&reason)),
            TurnEnd::Failed(failure) => self.failed(failure).await,
        }
    }

    /// Waits for the end of the turn, and hands on a stop.
    async fn until_ended(
        &self,
        mut ended: oneshot::Receiver<TurnEnd>,
        stop: &CancellationToken,
    ) -> Result<TurnEnd, Error> {
        let mut was_stopped = false;
        loop {
            tokio::select! {
                biased;
                end = &mut ended => return end.map_err(|_| session_over()),
                () = stop.cancelled(), if !was_stopped => {
                    was_stopped = true;
                    self.handle.cancel().await.map_err(|_| session_over())?;
                }
            }
        }
    }

    /// Tells apart where the agent stopped by itself from what went wrong.
    async fn failed(&self, failure: StreamError) -> Result<StopReason, Error> {
        let reason = match failure.code.as_str() {
            "cancelled" => return Ok(StopReason::Cancelled),
            "max_turns" | "max_cost" | "loop" | "failure_budget" => StopReason::MaxTurnRequests,
            "hook" => StopReason::EndTurn,
            _ => return Err(of_turn(&failure)),
        };
        let hint = failure.hint.map(|hint| format!("; {hint}"));
        let message = format!("{}{}", failure.message, hint.unwrap_or_default());
        self.note(NoticeLevel::Warning, &message).await;
        Ok(reason)
    }

    /// Says what came of an order; nothing when it was stopped.
    async fn answered(&self, text: Option<String>, turn: &Turn) -> StopReason {
        let Some(text) = text else {
            return StopReason::Cancelled;
        };
        let id = format!("order_{}", turn.number);
        self.update(said(text, &id)).await;
        StopReason::EndTurn
    }

    /// Has the session go on otherwise, and returns with what it does; nothing when `stop` came before
    /// the session was told.
    ///
    /// # Errors
    ///
    /// When that cannot be chosen, or the session has ended.
    pub(crate) async fn choose(
        &self,
        choice: &Choice,
        stop: &CancellationToken,
    ) -> Result<Option<Settings>, Error> {
        let Some(_choosing) = stop.run_until_cancelled(self.choosing.lock()).await else {
            return Ok(None);
        };
        let mut settings = self.settings.subscribe();
        settings.mark_unchanged();
        let Some(told) = stop.run_until_cancelled(self.tell(choice)).await else {
            return Ok(None);
        };
        told?;
        // The session answers each choice: to leave now would give its answer to the next one.
        tokio::select! {
            changed = settings.changed() => changed.map_err(|_| session_over())?,
            () = self.over.cancelled() => return Err(session_over()),
        }
        let settings = settings.borrow().clone();
        Ok(Some(settings))
    }

    async fn tell(&self, choice: &Choice) -> Result<(), Error> {
        let told = match choice {
            Choice::Mode(mode) => {
                self.offer.check_mode(*mode)?;
                self.handle.set_permission_mode(*mode).await
            }
            Choice::Model(model) => return Ok(self.companion.set_model(model).await?),
            Choice::Effort(effort) => self.handle.set_effort(*effort).await,
        };
        told.map_err(|_| session_over())
    }

    fn prompts(&self) -> MutexGuard<'_, Prompts> {
        self.prompts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stop_reason(reason: &ModelStop) -> StopReason {
    match reason {
        ModelStop::MaxTokens | ModelStop::ContextExceeded => StopReason::MaxTokens,
        ModelStop::Refusal => StopReason::Refusal,
        _ => StopReason::EndTurn,
    }
}
