//! Prompts that come from command files: lines for the shell that run ahead of the model, and settings
//! that hold for one turn.
//!
//! A command is a turn of its own. While another turn runs it waits, and so does all that is said
//! after it. When its turn comes, model and effort are set and the rules that it allows itself count.
//! Its lines run one after the other, each as a call of `bash` that passes what any call passes
//! (hooks, rules, the person, the sandbox, undo), and what they print takes their place in the
//! text, which then goes the way of every prompt. When the turn is over, however it ends, all is as it
//! was before.
//!
//! The agent decides at the end of a turn whether a next one begins at once. What is said in a
//! command's turn therefore comes to the agent just ahead of the turn's next model call; what comes
//! too late for the last one begins a turn of its own, with the session's own model.

use std::collections::VecDeque;
use std::path::PathBuf;

use loom_cli_instructions::Segment;
use loom_cli_permission::Rule;
use loom_common_core::stream::StreamError;
use loom_common_core::{
    AgentEvent, AgentState, ContentBlock, Effort, Extra, Message, OperationId, Role as Speaker,
    ToolCall, ToolOutput, ToolStatus,
};
use tokio::sync::mpsc;

use crate::calls::ToolRunner;
use crate::model::ModelChoice;
use crate::operations::{Report, run_call};
use crate::runner::Runner;

/// The most lines for the shell of one command.
const MAX_LINES: usize = 20;

/// The most that all lines of one command put into the prompt, in bytes; each has its own limit
/// besides.
const MAX_OUTPUT: usize = 200_000;

/// What may wait behind a command.
const MAX_WAITING: usize = 256;

/// A prompt that comes from a command file.
#[derive(Clone, Debug)]
pub struct CommandPrompt {
    /// What the person typed, such as `/review main`.
    pub typed: String,
    /// The command's file.
    pub file: PathBuf,
    /// The text, and lines for the shell whose output takes their place.
    pub segments: Vec<Segment>,
    /// What follows the text: what it mentions.
    pub attachments: Vec<ContentBlock>,
    /// The model that answers in this turn; none for the session's.
    pub model: Option<ModelChoice>,
    /// How much the model should think in this turn; none for as much as in others.
    pub effort: Option<Effort>,
    /// What the command allows itself in this turn. Rules that deny or ask hold all the same.
    pub allow: Vec<Rule>,
}

/// Something that waits for a command's turn, or for its end.
pub(crate) enum Said {
    Prompt(Message),
    Command(Box<CommandPrompt>),
    /// The wish to have the conversation compacted.
    Compact(Option<String>),
}

/// The command whose turn it is, and what waits behind it.
#[derive(Default)]
pub(crate) struct CommandTurns {
    current: Option<Current>,
    waiting: VecDeque<Said>,
}

struct Current {
    /// What follows the text once its lines have run; none when it is on its way to the agent.
    attachments: Option<Vec<ContentBlock>>,
    /// With what the session goes on afterwards; none when nothing was set.
    former: Option<ModelChoice>,
}

impl CommandTurns {
    /// Tells whether what is said comes to the agent at once.
    fn is_clear(&self) -> bool {
        self.current.is_none() && self.waiting.is_empty()
    }

    /// Tells whether the lines of a command run.
    pub(crate) fn is_preparing(&self) -> bool {
        let current = self.current.as_ref();
        current.is_some_and(|current| current.attachments.is_some())
    }

    /// Returns the model with which the session goes on after the command, where that is another.
    pub(crate) fn former(&mut self) -> Option<&mut ModelChoice> {
        self.current.as_mut()?.former.as_mut()
    }

    /// The person has chosen a model meanwhile: the command's turn changes nothing back.
    pub(crate) fn keep_model(&mut self) {
        if let Some(current) = &mut self.current {
            current.former = None;
        }
    }
}

impl Runner {
    /// Takes what the person says, and returns what the agent must know of it at once.
    pub(crate) async fn hear(&mut self, said: Said) -> Option<AgentEvent> {
        if self.commands.is_clear() {
            if let Said::Command(_) = said {
                self.commands.waiting.push_back(said);
                return None;
            }
            return self.pass_on(said).await;
        }
        if self.commands.waiting.len() >= MAX_WAITING {
            let error = StreamError {
                code: "too_much_waits".to_owned(),
                message: format!(
                    "{MAX_WAITING} prompts wait behind a command; this one is dropped"
                ),
                hint: Some("say it again when the command is done".to_owned()),
            };
            self.refuse(error).await;
            return None;
        }
        self.commands.waiting.push_back(said);
        None
    }

    /// Returns what of that which waits the agent must know next, now that no command is in its way;
    /// begins the next command.
    pub(crate) async fn next_said(&mut self) -> Option<AgentEvent> {
        while self.commands.current.is_none() {
            match self.commands.waiting.pop_front()? {
                Said::Command(command) if self.is_idle() => self.begin_command(*command).await,
                command @ Said::Command(_) => {
                    self.commands.waiting.push_front(command);
                    return None;
                }
                said => {
                    if let Some(event) = self.pass_on(said).await {
                        return Some(event);
                    }
                }
            }
        }
        None
    }

    /// Returns what was said since the command's turn began and goes out with its next model call.
    pub(crate) async fn said_meanwhile(&mut self) -> Vec<AgentEvent> {
        let mut events = Vec::new();
        while self.commands.current.is_some() && !self.commands.is_preparing() {
            match self.commands.waiting.front() {
                None | Some(Said::Command(_)) => break,
                Some(_) => {}
            }
            if let Some(said) = self.commands.waiting.pop_front() {
                events.extend(self.pass_on(said).await);
            }
        }
        events
    }

    async fn pass_on(&mut self, said: Said) -> Option<AgentEvent> {
        match said {
            Said::Compact(instructions) => Some(AgentEvent::Compact { instructions }),
            Said::Prompt(prompt) => self.send_prompt(prompt).await,
            // Has a turn of its own.
            Said::Command(_) => None,
        }
    }

    async fn begin_command(&mut self, command: CommandPrompt) {
        let former = self.model.clone();
        let model = ModelChoice {
            effort: command.effort.or(former.effort),
            ..command.model.unwrap_or_else(|| former.clone())
        };
        let changes = model.provider != former.provider
            || model.name != former.name
            || model.effort != former.effort;
        self.commands.current = Some(Current {
            attachments: Some(command.attachments),
            former: changes.then_some(former),
        });
        self.turns.begin_ahead();
        self.turn_began(command.typed).await;
        if changes {
            self.go_on_with(model).await;
        }
        let permissions = &self.tools.gate.permissions;
        permissions.allow_for_command(&command.file, &command.allow);
        self.run_lines(command.segments);
    }

    fn run_lines(&mut self, segments: Vec<Segment>) {
        let turn = self.turns.count;
        let lines = Lines {
            tools: self.tools.clone(),
            turn,
            run: 0,
            room: Room::new(),
        };
        self.operations.run_ahead(|reports| async move {
            let text = lines.fill_in(segments, &reports).await;
            let _ = reports.send(Report::CommandReady { turn, text }).await;
        });
    }

    /// A line of a command begins. What a command reports that was stopped is late.
    pub(crate) async fn line_runs(&mut self, turn: u32, call: ToolCall) {
        if self.commands.is_preparing() && turn == self.turns.count {
            let shown = self.presenter.tools_begin(OperationId::AHEAD, &[call]);
            self.show(shown).await;
        }
    }

    /// The lines of the command have run; its prompt goes to the agent.
    pub(crate) async fn command_ready(&mut self, turn: u32, text: String) -> Option<AgentEvent> {
        if turn != self.turns.count {
            return None;
        }
        let attachments = self.commands.current.as_mut()?.attachments.take()?;
        let text = ContentBlock::text(text);
        let message = Message {
            role: Speaker::User,
            content: std::iter::once(text).chain(attachments).collect(),
        };
        self.pass_on(Said::Prompt(message)).await
    }

    /// Ends a command's turn whose lines still run; tells whether there was one.
    pub(crate) async fn stop_command(&mut self, why: StreamError) -> bool {
        if !self.commands.is_preparing() {
            return false;
        }
        let operation = OperationId::AHEAD;
        self.operations.cancel(operation).await;
        self.settle().await;
        let withdrawn = self.inquiries.withdraw(operation);
        self.show(withdrawn).await;
        let shown = self.presenter.tools_cut(operation);
        self.show(shown).await;
        if let Some(current) = &mut self.commands.current {
            current.attachments = None;
        }
        self.turns.give_up();
        self.fail_turn(why).await;
        true
    }

    /// Goes back to how the session was before the command's turn, if it is over.
    pub(crate) async fn end_command(&mut self) {
        let is_over =
            *self.agent.state() == AgentState::WaitingForUserInput && !self.turns.is_ending();
        if !is_over || self.commands.is_preparing() {
            return;
        }
        let Some(current) = self.commands.current.take() else {
            return;
        };
        self.tools.gate.permissions.end_command();
        if let Some(former) = current.former {
            self.go_on_with(former).await;
        }
    }

    /// Has the agent go on with a model, from its next call on.
    async fn go_on_with(&mut self, model: ModelChoice) {
        let configure = self.exchange_model(model);
        self.settings_changed().await;
        // A configuration asks for nothing.
        self.agent.handle(configure);
    }
}

/// The lines of a command, as they run.
struct Lines {
    tools: ToolRunner,
    /// Number of the turn, for which the reports are; no two calls of a session have the same id.
    turn: u32,
    /// How many have run.
    run: usize,
    room: Room,
}

impl Lines {
    /// Returns the text of a command, with what its lines print in their places.
    async fn fill_in(mut self, segments: Vec<Segment>, reports: &mpsc::Sender<Report>) -> String {
        let mut text = String::new();
        for segment in segments {
            match segment {
                Segment::Text(piece) => text.push_str(&piece),
                Segment::Shell(line) => text.push_str(&self.run(&line, reports).await),
            }
        }
        text
    }

    async fn run(&mut self, line: &str, reports: &mpsc::Sender<Report>) -> String {
        if self.run == MAX_LINES {
            return self.room.close();
        }
        if self.room.is_closed {
            return String::new();
        }
        self.run += 1;
        let call = ToolCall {
            id: format!("command_{}_{}", self.turn, self.run),
            name: "bash".to_owned(),
            arguments: serde_json::json!({ "command": line }).to_string(),
            extra: Extra::default(),
        };
        let runs = Report::LineRuns {
            turn: self.turn,
            call: call.clone(),
        };
        let _ = reports.send(runs).await;
        let output = run_call(&self.tools, OperationId::AHEAD, &call, reports).await;
        let in_place = self.room.fit(in_place(line, &output));
        let ended = AgentEvent::ToolCompleted {
            operation: OperationId::AHEAD,
            call_id: call.id,
            output,
        };
        let _ = reports.send(Report::Event(ended)).await;
        in_place
    }
}

/// What lines may still put into the prompt. What does not fit is cut and said to be, once; with
/// that the room is closed, and nothing more goes in.
struct Room {
    /// Bytes, without those that say what is left out.
    left: usize,
    is_closed: bool,
}

impl Room {
    fn new() -> Self {
        Self {
            left: MAX_OUTPUT - left_out().len(),
            is_closed: false,
        }
    }

    /// Returns as much of a text as there is room for.
    fn fit(&mut self, mut text: String) -> String {
        if text.len() <= self.left {
            self.left -= text.len();
            return text;
        }
        text.truncate(text.floor_char_boundary(self.left));
        text + &self.close()
    }

    /// Closes the room; returns what says so, if nothing has yet.
    fn close(&mut self) -> String {
        self.left = 0;
        match std::mem::replace(&mut self.is_closed, true) {
            true => String::new(),
            false => left_out(),
        }
    }
}

fn left_out() -> String {
    format!(
        "\n(the rest is left out, and further lines are not run: {MAX_LINES} lines and {MAX_OUTPUT} \
         bytes of their output are the most for one command)"
    )
}

/// Returns what stands in a prompt for a line that has run, or could not.
fn in_place(line: &str, output: &ToolOutput) -> String {
    let text = output.text();
    let text = text.trim_end();
    match output.status {
        ToolStatus::Completed => text.to_owned(),
        ToolStatus::Failed => format!("(`{line}` failed)\n{text}"),
        ToolStatus::Denied | ToolStatus::Cancelled => format!("(`{line}` was not run: {text})"),
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_OUTPUT, Room, left_out};

    #[test]
    fn lines_put_no_more_into_a_prompt_than_they_may() {
        let mut room = Room::new();
        let half = "é".repeat(MAX_OUTPUT / 4);
        assert_eq!(room.fit(half.clone()), half);
        let rest = room.fit(half.clone() + "x");
        let kept = rest.strip_suffix(&left_out()).unwrap();
        assert!(half.starts_with(kept));
        // All but what would have been half of a letter.
        assert!(MAX_OUTPUT - half.len() - rest.len() < 2);
        assert_eq!(room.fit("more".to_owned()), "");
        assert_eq!(room.close(), "");
    }
}
