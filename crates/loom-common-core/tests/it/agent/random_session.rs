//! Sessions in which anything happens. A session is a list of steps; what a step means is decided
//! when it comes, by what the agent is doing then, so that a shorter list is a session too.

use std::iter;

use loom_common_core::limits::NoteThenStop;
use loom_common_core::{
    Agent, AgentConfig, AgentEvent, AgentState, BlockKind, CompactionPolicy, CompactionVerdict,
    Extra, InputId, LlmError, LlmErrorKind, LlmEvent, Message, OperationId, StopCause, StopReason,
    ToolOutput, TurnLimits, Usage,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::session;

/// Returns the configuration of a random session: a small context, and limits that are soon
/// reached.
pub(crate) fn config() -> AgentConfig {
    let limit = |note_at, stop_at| NoteThenStop { note_at, stop_at };
    AgentConfig {
        compaction: CompactionPolicy {
            context_window: Some(16_000),
            ..CompactionPolicy::default()
        },
        limits: TurnLimits {
            max_model_calls: Some(4),
            repeated_failures: limit(2, 3),
            repeated_successes: limit(2, 3),
            failures_in_a_row: limit(1, 2),
            polling_tools: ["search".to_owned()].into(),
        },
        ..session::config()
    }
}

/// Something that happens.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// What runs goes on: a model answers so, a tool ends, a hook ends, a waiting time ends. While
    /// nothing runs, the person speaks.
    Proceed(Answer),
    /// The person speaks, whatever runs.
    Speak,
    /// The model call, if one runs, fails.
    Fail(LlmError),
    /// The stream of the answer, if one runs, ends.
    Cut,
    /// The model, if one answers, breaks the protocol.
    BreakProtocol,
    /// Something that ended before reports.
    Late,
    /// What runs is named by a report of each kind, of which one at most fits.
    Confuse,
    /// The person stops the turn.
    Cancel,
    /// The person takes back something, or says it in other words.
    Withdraw,
    Replace,
    /// The person goes back, or forth.
    Rewind,
    /// The person wants the conversation in fewer words.
    Compact,
    /// A limit is reached.
    Stop,
    /// The person takes another model.
    Configure,
}

/// Something that a model says.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Finished(StopReason),
    Text(&'static str),
    LongText,
    Thinking(Option<&'static str>),
    ToolUse(&'static str, &'static str),
    Opaque,
    More,
    Usage(u64),
    Ping,
}

/// Makes lists of steps, each with a choice among the calls or the operations it may be about.
pub(crate) fn steps() -> impl Strategy<Value = Vec<(Step, Index)>> {
    prop::collection::vec((select(all_steps()), any::<Index>()), 1..200)
}

/// Returns all steps, each as often as its weight.
fn all_steps() -> Vec<Step> {
    let mut steps = Vec::new();
    let mut add = |weight, step| steps.extend(iter::repeat_n(step, weight));
    for (weight, reason) in [
        (20, StopReason::EndTurn),
        (30, StopReason::ToolUse),
        (5, StopReason::PauseTurn),
        (5, StopReason::Refusal),
        (3, StopReason::ContextExceeded),
        (5, StopReason::Other("other".to_owned())),
    ] {
        add(weight, Step::Proceed(Answer::Finished(reason)));
    }
    for text in ["", " \n", "word", "some words"] {
        add(6, Step::Proceed(Answer::Text(text)));
    }
    for signature in [None, Some(""), Some("EqQB")] {
        add(3, Step::Proceed(Answer::Thinking(signature)));
    }
    for id in ["", "a", "a_2", "b", "call"] {
        for tool in ["read", "search", "edit", "bash", "unknown"] {
            add(3, Step::Proceed(Answer::ToolUse(id, tool)));
        }
    }
    for tokens in [0, 7, 90, 1_400] {
        add(5, Step::Proceed(Answer::Usage(tokens)));
    }
    add(5, Step::Proceed(Answer::LongText));
    add(15, Step::Proceed(Answer::More));
    add(5, Step::Proceed(Answer::Opaque));
    add(5, Step::Proceed(Answer::Ping));
    add(15, Step::Speak);
    for (weight, kind, should_retry) in [
        (10, LlmErrorKind::Overloaded, None),
        (2, LlmErrorKind::Overloaded, Some(false)),
        (2, LlmErrorKind::KeyRefused, None),
        (2, LlmErrorKind::KeyRefused, Some(true)),
        (2, LlmErrorKind::ContextTooLong, None),
    ] {
        let error = LlmError {
            should_retry,
            ..LlmError::new(kind, "it failed")
        };
        add(weight, Step::Fail(error));
    }
    add(4, Step::Cut);
    add(4, Step::BreakProtocol);
    add(15, Step::Late);
    add(8, Step::Confuse);
    add(8, Step::Cancel);
    add(3, Step::Withdraw);
    add(3, Step::Replace);
    add(5, Step::Rewind);
    add(5, Step::Compact);
    add(2, Step::Stop);
    add(3, Step::Configure);
    steps
}

/// Plays steps to an agent, and records what happens.
pub(crate) struct RandomSession {
    pub(crate) agent: Agent,
    pub(crate) events: Vec<AgentEvent>,
    /// The blocks of the answer that comes, if one does.
    blocks: (OperationId, u32),
    spoken: usize,
}

impl RandomSession {
    pub(crate) fn new() -> Self {
        Self {
            agent: Agent::new(config()),
            events: Vec::new(),
            blocks: (OperationId::default(), 0),
            spoken: 0,
        }
    }

    /// Returns the events that a step comes to, in order. Each must be handed to the agent.
    pub(crate) fn events_of(&mut self, step: &Step, which: Index) -> Vec<AgentEvent> {
        let operation = self.operation();
        let events = match step {
            Step::Proceed(answer) => self.proceed(answer, which),
            Step::Speak => vec![self.speak()],
            Step::Fail(error) => vec![AgentEvent::LlmFailed {
                operation,
                error: error.clone(),
            }],
            Step::Cut => vec![AgentEvent::LlmStreamEnded { operation }],
            Step::BreakProtocol => {
                let event = LlmEvent::BlockStopped { index: u32::MAX };
                vec![AgentEvent::Llm { operation, event }]
            }
            Step::Late => self.late(which),
            Step::Confuse => self.reports_about(operation),
            Step::Cancel => vec![AgentEvent::Cancel],
            Step::Withdraw => vec![AgentEvent::WithdrawInput {
                id: self.input(which),
            }],
            Step::Replace => {
                let message = Message::user(format!("instead {}", self.events.len()));
                let id = self.input(which);
                vec![AgentEvent::ReplaceInput { id, message }]
            }
            // One beyond the end is refused.
            Step::Rewind => vec![AgentEvent::Rewind {
                to: which.index(self.agent.log().len() as usize + 2) as u64,
            }],
            Step::Compact => vec![AgentEvent::Compact {
                instructions: Some("the tests".to_owned()),
            }],
            Step::Stop => vec![AgentEvent::StopTurn {
                cause: StopCause::Hook { reason: None },
            }],
            Step::Configure => {
                let mut config = config();
                config.model = format!("model-{}", self.events.len());
                vec![AgentEvent::Configure(Box::new(config))]
            }
        };
        self.events.extend(events.iter().cloned());
        events
    }

    /// Returns what runs, or an operation that never was.
    fn operation(&self) -> OperationId {
        match *self.agent.state() {
            AgentState::CallingLlm { operation, .. }
            | AgentState::ProcessingLlmResponse { operation, .. }
            | AgentState::ExecutingTools { operation, .. }
            | AgentState::PostToolsHook { operation }
            | AgentState::PreCompactHook { operation }
            | AgentState::Compacting { operation, .. }
            | AgentState::Error { operation, .. } => operation,
            AgentState::WaitingForUserInput | AgentState::ShuttingDown => OperationId::default(),
        }
    }

    /// Returns something that the person said: it may wait, have gone out, or be yet unsaid.
    fn input(&self, which: Index) -> InputId {
        InputId(which.index(self.spoken + 2) as u64)
    }

    fn speak(&mut self) -> AgentEvent {
        self.spoken += 1;
        AgentEvent::UserInput(Message::user(format!("input {}", self.spoken)))
    }

    fn proceed(&mut self, answer: &Answer, which: Index) -> Vec<AgentEvent> {
        match self.agent.state() {
            AgentState::WaitingForUserInput | AgentState::ShuttingDown => vec![self.speak()],
            &AgentState::CallingLlm { operation, .. }
            | &AgentState::Compacting { operation, .. }
            | &AgentState::ProcessingLlmResponse { operation, .. } => self
                .answer(operation, answer)
                .into_iter()
                .map(|event| AgentEvent::Llm { operation, event })
                .collect(),
            AgentState::ExecutingTools { operation, calls } => {
                // Any call: some of them do not run yet, or no longer.
                vec![AgentEvent::ToolCompleted {
                    operation: *operation,
                    call_id: which.get(calls).call.id.clone(),
                    output: self.output(),
                }]
            }
            &AgentState::PostToolsHook { operation } => {
                vec![AgentEvent::PostToolsHookCompleted { operation }]
            }
            &AgentState::PreCompactHook { operation } => {
                let verdict = match self.events.len() % 4 {
                    0 => CompactionVerdict::Block {
                        reason: "not now".to_owned(),
                    },
                    _ => CompactionVerdict::GoAhead { instructions: None },
                };
                vec![AgentEvent::PreCompactHookCompleted { operation, verdict }]
            }
            &AgentState::Error { operation, .. } => {
                vec![AgentEvent::RetryTimeoutElapsed { operation }]
            }
        }
    }

    fn answer(&mut self, operation: OperationId, answer: &Answer) -> Vec<LlmEvent> {
        if self.blocks.0 != operation {
            self.blocks = (operation, 0);
        }
        let index = self.blocks.1;
        let start = |block| LlmEvent::BlockStarted { index, block };
        let events = match answer {
            Answer::Text(text) => vec![
                start(BlockKind::Text),
                LlmEvent::TextDelta {
                    index,
                    text: (*text).to_owned(),
                },
            ],
            Answer::LongText => vec![
                start(BlockKind::Text),
                LlmEvent::TextDelta {
                    index,
                    text: "words ".repeat(800),
                },
            ],
            Answer::Thinking(signature) => {
                let mut events = vec![start(BlockKind::Thinking)];
                events.extend(signature.map(|signature| LlmEvent::SignatureDelta {
                    index,
                    signature: signature.to_owned(),
                }));
                events
            }
            Answer::ToolUse(id, name) => vec![
                start(BlockKind::ToolUse {
                    id: (*id).to_owned(),
                    name: (*name).to_owned(),
                }),
                LlmEvent::ArgumentsDelta {
                    index,
                    json: "{}".to_owned(),
                },
                LlmEvent::ExtraFields {
                    index,
                    fields: Extra::default(),
                },
            ],
            Answer::Opaque => vec![LlmEvent::OpaqueBlock {
                index,
                provider: "anthropic".to_owned(),
                json: "{}".to_owned(),
            }],
            // Once a block has begun it may stop at any time, and more than once.
            Answer::More if index > 0 => return vec![LlmEvent::BlockStopped { index: index - 1 }],
            Answer::More => {
                return vec![LlmEvent::Started {
                    id: None,
                    model: None,
                }];
            }
            Answer::Usage(count) => return vec![usage(*count)],
            Answer::Ping => return vec![LlmEvent::Ping],
            Answer::Finished(stop_reason) => {
                let stop_reason = stop_reason.clone();
                return vec![LlmEvent::Finished { stop_reason }];
            }
        };
        self.blocks.1 += 1;
        events
    }

    /// Returns reports about an operation that some earlier event was about and that has ended.
    fn late(&self, which: Index) -> Vec<AgentEvent> {
        let ended: Vec<OperationId> = self
            .events
            .iter()
            .filter_map(operation_of)
            .filter(|operation| *operation != self.operation())
            .collect();
        if ended.is_empty() {
            return Vec::new();
        }
        let operation = *which.get(&ended);
        let mut events = self.reports_about(operation);
        let stop_reason = StopReason::EndTurn;
        for event in [usage(1000), LlmEvent::Finished { stop_reason }] {
            events.push(AgentEvent::Llm { operation, event });
        }
        events.push(AgentEvent::LlmStreamEnded { operation });
        events
    }

    /// Returns a report of each kind but the model's.
    fn reports_about(&self, operation: OperationId) -> Vec<AgentEvent> {
        vec![
            AgentEvent::ToolCompleted {
                operation,
                call_id: "a".to_owned(),
                output: self.output(),
            },
            AgentEvent::ToolProgress {
                operation,
                call_id: "a".to_owned(),
                output: "line".to_owned(),
            },
            AgentEvent::PostToolsHookCompleted { operation },
            AgentEvent::PreCompactHookCompleted {
                operation,
                verdict: CompactionVerdict::GoAhead { instructions: None },
            },
            AgentEvent::RetryTimeoutElapsed { operation },
        ]
    }

    /// Makes an output, now and then one of a call that failed: one that no other step makes, or one
    /// that they often make.
    fn output(&self) -> ToolOutput {
        let number = self.events.len();
        let text = match number % 3 {
            0 => "the same".to_owned(),
            1 => format!("output {number} ").repeat(300),
            _ => format!("output {number}"),
        };
        if number.is_multiple_of(4) {
            ToolOutput::failed(text)
        } else {
            ToolOutput::completed(text)
        }
    }
}

fn usage(count: u64) -> LlmEvent {
    LlmEvent::Usage {
        usage: Usage {
            input_tokens: count,
            output_tokens: 2 * count,
            cache_read_tokens: 3 * count,
            cache_write_tokens: 5 * count,
        },
    }
}

fn operation_of(event: &AgentEvent) -> Option<OperationId> {
    match event {
        AgentEvent::Llm { operation, .. }
        | AgentEvent::LlmFailed { operation, .. }
        | AgentEvent::LlmStreamEnded { operation }
        | AgentEvent::ToolProgress { operation, .. }
        | AgentEvent::ToolCompleted { operation, .. }
        | AgentEvent::PostToolsHookCompleted { operation }
        | AgentEvent::PreCompactHookCompleted { operation, .. }
        | AgentEvent::RetryTimeoutElapsed { operation } => Some(*operation),
        AgentEvent::UserInput(_)
        | AgentEvent::WithdrawInput { .. }
        | AgentEvent::ReplaceInput { .. }
        | AgentEvent::Compact { .. }
        | AgentEvent::Rewind { .. }
        | AgentEvent::Configure(_)
        | AgentEvent::StopTurn { .. }
        | AgentEvent::Cancel
        | AgentEvent::Shutdown => None,
    }
}
