//! What hooks want, one by one and together.

use loom_common_core::stream::NoticeLevel;
use serde_json::{Map, Value};

/// What a hook wants to become of what set it off. The later ones are stricter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Decision {
    /// Nothing: it goes its way.
    #[default]
    Proceed,
    /// The tool may run without asking. Never overrides a rule.
    Allow {
        /// Why, for the person.
        reason: String,
    },
    /// The person is to be asked.
    Ask {
        /// Why, for the person.
        reason: String,
    },
    /// It must not happen; for the end of a turn, the agent is to go on; for a tool that has run,
    /// the model is to hear of it.
    Block {
        /// Why: for the model, but for a prompt and a compaction, where it is for the person.
        reason: String,
    },
}

impl Decision {
    fn strictness(&self) -> u8 {
        match self {
            Self::Proceed => 0,
            Self::Allow { .. } => 1,
            Self::Ask { .. } => 2,
            Self::Block { .. } => 3,
        }
    }

    /// Joins two decisions: the stricter wins, and two of a kind keep both reasons.
    fn join(self, other: Self) -> Self {
        match (self, other) {
            (Self::Allow { reason }, Self::Allow { reason: more }) => Self::Allow {
                reason: both(reason, more),
            },
            (Self::Ask { reason }, Self::Ask { reason: more }) => Self::Ask {
                reason: both(reason, more),
            },
            (Self::Block { reason }, Self::Block { reason: more }) => Self::Block {
                reason: both(reason, more),
            },
            (first, second) if second.strictness() > first.strictness() => second,
            (first, _) => first,
        }
    }
}

/// What all hooks that an event set off want together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// What is to become of it.
    pub decision: Decision,
    /// Why the agent is to stop altogether, for the person, if a hook wants that. It comes before
    /// the decision.
    pub halt: Option<String>,
    /// Arguments to run the tool with instead, by Loom's names. To be judged anew.
    pub updated_input: Option<Map<String, Value>>,
    /// What the model is to be told, piece by piece.
    pub context: Vec<String>,
    /// What the person is to see.
    pub messages: Vec<Message>,
}

/// Something that the person is to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// A warning for a hook that failed, or what a hook has to say.
    pub level: NoticeLevel,
    /// The text.
    pub text: String,
}

impl Outcome {
    /// Takes in what a further hook wants. The last of several changed inputs stays.
    pub(crate) fn join(&mut self, other: Self) {
        self.decision = std::mem::take(&mut self.decision).join(other.decision);
        self.halt = match (self.halt.take(), other.halt) {
            (Some(first), Some(second)) => Some(both(first, second)),
            (first, second) => first.or(second),
        };
        if other.updated_input.is_some() {
            self.updated_input = other.updated_input;
        }
        self.context.extend(other.context);
        self.messages.extend(other.messages);
    }

    /// Adds that a hook failed.
    pub(crate) fn warn(&mut self, text: String) {
        self.messages.push(Message {
            level: NoticeLevel::Warning,
            text,
        });
    }

    /// Adds what a hook has to say.
    pub(crate) fn inform(&mut self, text: String) {
        self.messages.push(Message {
            level: NoticeLevel::Info,
            text,
        });
    }
}

fn both(first: String, second: String) -> String {
    if first == second || second.is_empty() {
        first
    } else if first.is_empty() {
        second
    } else {
        format!("{first}\n{second}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decision() -> impl Strategy<Value = Decision> {
        let reason = "[a-c]{0,1}";
        prop_oneof![
            Just(Decision::Proceed),
            reason.prop_map(|reason| Decision::Allow { reason }),
            reason.prop_map(|reason| Decision::Ask { reason }),
            reason.prop_map(|reason| Decision::Block { reason }),
        ]
    }

    proptest! {
        #[test]
        fn the_strictest_wins_in_any_order(decisions in prop::collection::vec(decision(), 0..6)) {
            let strictest = decisions.iter().map(Decision::strictness).max().unwrap_or(0);
            let joined = |decisions: Vec<Decision>| {
                decisions.into_iter().fold(Decision::Proceed, Decision::join).strictness()
            };
            let reversed = decisions.iter().rev().cloned().collect();
            prop_assert_eq!(joined(decisions), strictest);
            prop_assert_eq!(joined(reversed), strictest);
        }
    }

    #[test]
    fn reasons_of_the_same_kind_are_kept_each_once() {
        let block = |reason: &str| Decision::Block {
            reason: reason.to_owned(),
        };
        let ask = Decision::Ask {
            reason: "unsure".to_owned(),
        };
        assert_eq!(
            block("a").join(ask).join(block("b")).join(block("a\nb")),
            block("a\nb")
        );
    }
}
