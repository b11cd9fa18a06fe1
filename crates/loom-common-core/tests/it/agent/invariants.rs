//! What holds in every session, whatever happens in whatever order.

use std::collections::BTreeSet;

use loom_common_core::{
    Agent, AgentAction, AgentEvent, AgentState, CompactionTrigger, Entry, ErrorOrigin, Log,
    Message, TurnOutcome,
};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::ledger::Ledger;
use super::random_session::{RandomSession, Step, config, steps};
use super::session;
use crate::conversation;

/// Plays the steps and returns what the agent wanted done about each event.
fn play(session: &mut RandomSession, steps: Vec<(Step, Index)>) -> Vec<Vec<AgentAction>> {
    let mut all = Vec::new();
    for (step, which) in steps {
        for event in session.events_of(&step, which) {
            all.push(session.agent.handle(event));
        }
    }
    all
}

proptest! {
    /// The conversation is valid at each request; the log only grows, and the conversation is what
    /// it comes to; no word of the person is lost, also across compactions; a turn begins and ends once; everything that starts ends; retries stay below
    /// their limit; no result, no input and no token is lost. See [`Ledger`].
    #[test]
    fn no_order_of_events_breaks_a_session(steps in steps()) {
        let mut session = RandomSession::new();
        let mut ledger = Ledger::new();
        for (step, which) in steps {
            for event in session.events_of(&step, which) {
                let actions = session.agent.handle(event.clone());
                ledger.observe(&event, &actions, &session.agent);
            }
        }
        let actions = session.agent.handle(AgentEvent::Shutdown);
        ledger.observe(&AgentEvent::Shutdown, &actions, &session.agent);
        prop_assert_eq!(actions.last(), Some(&AgentAction::Exit));
    }

    #[test]
    fn a_shutdown_ends_a_session_at_any_time(before in steps(), after in steps()) {
        let mut session = RandomSession::new();
        play(&mut session, before);
        let actions = session.agent.handle(AgentEvent::Shutdown);
        let exits = actions.iter().filter(|action| **action == AgentAction::Exit);
        prop_assert_eq!(exits.count(), 1);
        prop_assert_eq!(actions.last(), Some(&AgentAction::Exit));
        prop_assert_eq!(session.agent.state(), &AgentState::ShuttingDown);

        let ended = session.agent.clone();
        let last_words = play(&mut session, after);
        prop_assert!(last_words.iter().all(Vec::is_empty));
        prop_assert_eq!(session.agent, ended);
    }

    #[test]
    fn a_recording_replays_to_the_same_state_and_the_same_actions(steps in steps()) {
        let mut session = RandomSession::new();
        let actions = play(&mut session, steps);

        let recording = serde_json::to_string(&session.events).unwrap();
        let events: Vec<AgentEvent> = serde_json::from_str(&recording).unwrap();
        let mut agent = Agent::new(config());
        let replayed: Vec<_> = events.into_iter().map(|event| agent.handle(event)).collect();
        prop_assert_eq!(&replayed, &actions);
        prop_assert_eq!(&agent, &session.agent);

        let last = actions.last().cloned().unwrap_or_default();
        let written = serde_json::to_string(&last).unwrap();
        prop_assert_eq!(serde_json::from_str::<Vec<AgentAction>>(&written).unwrap(), last);
        let written = serde_json::to_string(agent.state()).unwrap();
        prop_assert_eq!(&serde_json::from_str::<AgentState>(&written).unwrap(), agent.state());
    }

    #[test]
    fn a_session_can_be_resumed_after_any_entry(steps in steps()) {
        let mut session = RandomSession::new();
        play(&mut session, steps);
        let entries = session.agent.log().entries();
        for stored in (0..=entries.len()).map(|length| &entries[..length]) {
            let log = Log::from_entries(stored.to_vec()).unwrap();
            let (mut agent, mut actions) = Agent::resume(session::config(), log.clone());
            actions.extend(agent.handle(AgentEvent::UserInput(Message::user("go on"))));
            let mut whole = log;
            for action in &actions {
                if let AgentAction::Append(entry) = action {
                    whole.push(entry.clone()).unwrap();
                }
            }
            prop_assert_eq!(agent.log(), &whole);
            let Some(AgentAction::SendLlmRequest { request, .. }) = actions.last() else {
                return Err(TestCaseError::fail("the model is not asked"));
            };
            prop_assert_eq!(&request.messages, &whole.conversation());
            prop_assert_eq!(conversation::check(&request.messages), Ok(()));
        }
    }
}

/// The rules above would mean nothing if random sessions were dull.
#[test]
fn random_sessions_visit_everything() {
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..512 {
        let steps = steps().new_tree(&mut runner).unwrap().current();
        let mut session = RandomSession::new();
        for action in play(&mut session, steps).into_iter().flatten() {
            seen.insert(match action {
                AgentAction::Append(Entry::Message(_)) => "a message",
                AgentAction::Append(Entry::Rewind { .. }) => "a rewind",
                AgentAction::Append(Entry::Compaction(compaction)) => {
                    match (compaction.trigger, &compaction.summary_error) {
                        (CompactionTrigger::Threshold, None) => "a compaction",
                        (CompactionTrigger::Threshold, Some(_)) => "a compaction without a model",
                        (CompactionTrigger::ContextExceeded, None) => "a forced compaction",
                        (CompactionTrigger::ContextExceeded, Some(_)) => {
                            "a forced compaction without a model"
                        }
                        (CompactionTrigger::Person, _) => "a compaction for the person",
                    }
                }
                AgentAction::SendLlmRequest { .. } => "a model call",
                AgentAction::Compact { .. } => "a summary",
                AgentAction::CancelLlmRequest { .. } => "a cancelled model call",
                AgentAction::ExecuteTools { calls, .. } if calls.len() > 1 => "calls side by side",
                AgentAction::ExecuteTools { .. } => "a call alone",
                AgentAction::CancelTools { .. } => "cancelled tools",
                AgentAction::RunPostToolsHook { .. } => "a hook",
                AgentAction::CancelPostToolsHook { .. } => "a cancelled hook",
                AgentAction::RunPreCompactHook { .. } => "a hook ahead of a compaction",
                AgentAction::CancelPreCompactHook { .. } => {
                    "a cancelled hook ahead of a compaction"
                }
                AgentAction::CompactionBlocked { .. } => "a compaction that is blocked",
                AgentAction::ScheduleRetry { attempt: 1, .. } => "a retry",
                AgentAction::ScheduleRetry { .. } => "one more retry",
                AgentAction::CancelRetry { .. } => "a cancelled retry",
                AgentAction::InputChanged => "something that waits",
                AgentAction::BeginTurn => "a turn",
                AgentAction::FinishTurn(TurnOutcome::Completed { .. }) => "a completed turn",
                AgentAction::FinishTurn(TurnOutcome::Compacted { .. }) => "a turn for a compaction",
                AgentAction::FinishTurn(TurnOutcome::CompactionBlocked { .. }) => {
                    "a turn for a compaction that is blocked"
                }
                AgentAction::FinishTurn(TurnOutcome::Failed { .. }) => "a failed turn",
                AgentAction::FinishTurn(TurnOutcome::Cancelled { .. }) => "a cancelled turn",
                AgentAction::FinishTurn(TurnOutcome::Stopped { cause, .. }) => cause.code(),
                AgentAction::Exit => "an exit",
            });
        }
        seen.insert(match session.agent.state() {
            AgentState::WaitingForUserInput => "waits for input at the end",
            AgentState::CallingLlm { .. } => "calls at the end",
            AgentState::ProcessingLlmResponse { .. } => "an answer at the end",
            AgentState::ExecutingTools { .. } => "tools at the end",
            AgentState::PostToolsHook { .. } => "the hook at the end",
            AgentState::PreCompactHook { .. } => "the hook ahead of a compaction at the end",
            AgentState::Compacting { .. } => "a summary at the end",
            AgentState::Error {
                origin: ErrorOrigin::LlmRequest,
                ..
            } => "a failed request at the end",
            AgentState::Error {
                origin: ErrorOrigin::LlmResponse,
                ..
            } => "a failed answer at the end",
            AgentState::Error {
                origin: ErrorOrigin::Compaction,
                ..
            } => "a failed summary at the end",
            AgentState::ShuttingDown => "shut down at the end",
        });
    }
    // All of the above, but an exit and being shut down: no step is a shutdown.
    assert_eq!(seen.len(), 42, "{seen:#?}");
}
