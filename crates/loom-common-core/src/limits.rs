//! What keeps a turn from going on for ever: limits, and an eye on calls that lead nowhere.
//!
//! A model that is stuck does not know it: it repeats a call that has failed, or reads the same
//! thing again and again. The first help is to tell it, in the result that it reads next. Only if
//! it goes on after that is the turn stopped.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};

use crate::message::{ToolCall, ToolResultContent};
use crate::stream::StreamError;
use crate::tool::{ToolAccess, ToolOutput, ToolStatus};

/// The limits of a turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnLimits {
    /// How many model calls a turn may make, retries and summaries not counted; none stands for as
    /// many as it needs.
    pub max_model_calls: Option<u32>,
    /// How often the same call may fail in the same way. Note at 3, stop at 5 by default.
    pub repeated_failures: NoteThenStop,
    /// How often the same call may succeed with the same result. Note at 8, stop at 12 by default.
    pub repeated_successes: NoteThenStop,
    /// How many calls in a row may fail, whichever they are. Note at 15, stop at 20 by default.
    pub failures_in_a_row: NoteThenStop,
    /// Names of tools that are called again and again by intent, to see whether something has
    /// changed: their successes are not counted.
    pub polling_tools: BTreeSet<String>,
}

impl Default for TurnLimits {
    fn default() -> Self {
        let limit = |note_at, stop_at| NoteThenStop { note_at, stop_at };
        Self {
            max_model_calls: None,
            repeated_failures: limit(3, 5),
            repeated_successes: limit(8, 12),
            failures_in_a_row: limit(15, 20),
            polling_tools: BTreeSet::new(),
        }
    }
}

/// A limit with a warning ahead of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteThenStop {
    /// From this count on the model is told.
    pub note_at: u32,
    /// At this count the turn is stopped.
    pub stop_at: u32,
}

/// Why a turn was stopped, if not by the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum StopCause {
    /// It made as many model calls as it may.
    MaxTurns {
        /// The limit.
        limit: u32,
    },
    /// It cost as much as it may.
    MaxCost {
        /// The limit in millionths of a US dollar.
        limit_micros: u64,
    },
    /// A hook said so.
    Hook {
        /// What the hook gave as the reason.
        reason: Option<String>,
    },
    /// The model made the same call again and again, to the same end.
    Loop {
        /// Name of the tool.
        tool: String,
        /// How often.
        times: u32,
    },
    /// Too many tool calls in a row failed.
    FailureBudget {
        /// How many.
        failures: u32,
    },
}

impl StopCause {
    /// Returns the stable name, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::MaxTurns { .. } => "max_turns",
            Self::MaxCost { .. } => "max_cost",
            Self::Hook { .. } => "hook",
            Self::Loop { .. } => "loop",
            Self::FailureBudget { .. } => "failure_budget",
        }
    }

    /// Says what the person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::MaxTurns { .. } => "say how to go on, or allow more with --max-turns",
            Self::MaxCost { .. } => "allow more with --max-cost",
            Self::Hook { .. } => "see the hook's configuration, or say how to go on",
            Self::Loop { .. } | Self::FailureBudget { .. } => {
                "say what to do differently; all that was done so far is kept"
            }
        }
    }
}

impl fmt::Display for StopCause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MaxTurns { limit } => {
                write!(formatter, "the turn made {limit} model calls, its limit")
            }
            Self::MaxCost { limit_micros } => write!(
                formatter,
                "the limit of ${}.{:02} is reached",
                limit_micros / 1_000_000,
                limit_micros % 1_000_000 / 10_000
            ),
            Self::Hook { reason: None } => formatter.write_str("a hook stopped the turn"),
            Self::Hook {
                reason: Some(reason),
            } => write!(formatter, "a hook stopped the turn: {reason}"),
            Self::Loop { tool, times } => write!(
                formatter,
                "the model called {tool} {times} times in the same way, to the same end"
            ),
            Self::FailureBudget { failures } => {
                write!(formatter, "{failures} tool calls in a row failed")
            }
        }
    }
}

impl From<&StopCause> for StreamError {
    fn from(cause: &StopCause) -> Self {
        Self {
            code: cause.code().to_owned(),
            message: cause.to_string(),
            hint: Some(cause.hint().to_owned()),
        }
    }
}

/// Watches what becomes of tool calls, from one word of the person to the next.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct CallWatch {
    /// By call: tool and arguments.
    repeats: BTreeMap<u64, Repeats>,
    failures_in_a_row: u32,
}

#[derive(Clone, Debug, PartialEq)]
struct Repeats {
    outcome: u64,
    times: u32,
}

/// What follows from the end of a call.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Verdict {
    /// What the model is told besides the result.
    pub(crate) note: Option<String>,
    /// Why the turn is to stop.
    pub(crate) stop: Option<StopCause>,
}

impl CallWatch {
    /// Takes the end of a call that ran or was denied.
    pub(crate) fn observe(
        &mut self,
        limits: &TurnLimits,
        access: ToolAccess,
        call: &ToolCall,
        output: &ToolOutput,
    ) -> Verdict {
        let succeeded = output.status == ToolStatus::Completed;
        let key = fingerprint((&call.name, &call.arguments));
        if succeeded {
            self.failures_in_a_row = 0;
            if !access.changes_nothing() {
                // The world is another one now: what failed before it may succeed after it.
                self.repeats.retain(|other, _| *other == key);
            }
        } else {
            self.failures_in_a_row += 1;
        }
        let times = self.repeats_of(key, fingerprint_of_output(output));

        let polls = succeeded && limits.polling_tools.contains(&call.name);
        let repeats = match succeeded {
            true => limits.repeated_successes,
            false => limits.repeated_failures,
        };
        let failures = self.failures_in_a_row;
        let is_loop = !polls && times >= repeats.stop_at;
        let is_over = failures >= limits.failures_in_a_row.stop_at;
        Verdict {
            note: if !polls && times >= repeats.note_at {
                Some(match succeeded {
                    true => format!(
                        "[Note: this call has given the same result {times} times. Calling it \
                         again will not change that; go on with what you know, or say what you \
                         are waiting for.]"
                    ),
                    false => format!(
                        "[Note: this call has failed in the same way {times} times. It will fail \
                         again as long as nothing else changes; find out why it fails, and do \
                         something else.]"
                    ),
                })
            } else if failures >= limits.failures_in_a_row.note_at {
                Some(format!(
                    "[Note: the last {failures} tool calls have all failed. Stop and think about \
                     what they have in common; if you cannot go on, say what is in the way.]"
                ))
            } else {
                None
            },
            stop: if is_loop {
                Some(StopCause::Loop {
                    tool: call.name.clone(),
                    times,
                })
            } else if is_over {
                Some(StopCause::FailureBudget { failures })
            } else {
                None
            },
        }
    }

    /// Counts how often in a row the call of this key had this outcome.
    fn repeats_of(&mut self, key: u64, outcome: u64) -> u32 {
        let repeats = self
            .repeats
            .entry(key)
            .or_insert(Repeats { outcome, times: 0 });
        if repeats.outcome != outcome {
            *repeats = Repeats { outcome, times: 0 };
        }
        repeats.times += 1;
        repeats.times
    }
}

fn fingerprint(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Fingerprints an output. Numbers in an error say where and when, and not what: a failure that
/// differs in them alone is the same failure.
fn fingerprint_of_output(output: &ToolOutput) -> u64 {
    let succeeded = output.status == ToolStatus::Completed;
    let mut hasher = DefaultHasher::new();
    succeeded.hash(&mut hasher);
    for part in &output.content {
        match part {
            ToolResultContent::Text { text } if !succeeded => {
                for byte in text.bytes().filter(|byte| !byte.is_ascii_digit()) {
                    hasher.write_u8(byte);
                }
            }
            ToolResultContent::Text { text } => text.hash(&mut hasher),
            ToolResultContent::Image(image) => image.data.hash(&mut hasher),
        }
    }
    hasher.finish()
}
