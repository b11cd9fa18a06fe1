//! Going back to an earlier point, and going on with other settings.

use loom_common_core::{
    AgentAction, AgentConfig, AgentEvent, AgentState, Effort, Entry, Message, StopReason,
    ToolOutput,
};

use super::session::{
    Session, completes, config, overloaded, stores, stores_answer, stores_results,
};
use crate::answer::{answer, call, calling, text, tokens};

const REWOUND: &str = "The user went back to this point, at which the call had no result yet. Whether it took effect is not known: check before you rely on it.";

fn rewinds(to: u64) -> AgentAction {
    AgentAction::Append(Entry::Rewind { to })
}

fn said(session: &Session) -> Vec<String> {
    let conversation = session.conversation();
    conversation.iter().map(Message::text).collect()
}

/// A session of two questions and answers: four entries.
fn two_turns() -> Session {
    let mut session = Session::new();
    for (question, reply) in [("one?", "One."), ("two?", "Two.")] {
        session.user(question);
        session.model(answer(&[text(reply)], StopReason::EndTurn));
    }
    session
}

#[test]
fn the_conversation_goes_back_and_forth_and_nothing_is_lost() {
    let mut session = two_turns();
    assert_eq!(session.feed(AgentEvent::Rewind { to: 2 }), [rewinds(2)]);
    assert_eq!(said(&session), ["one?", "One."]);
    assert_eq!(
        session.user("three?"),
        [
            AgentAction::BeginTurn,
            stores(Message::user("three?")),
            session.asks()
        ]
    );
    session.model(answer(&[text("Three.")], StopReason::EndTurn));
    assert_eq!(said(&session), ["one?", "One.", "three?", "Three."]);

    assert_eq!(session.feed(AgentEvent::Rewind { to: 4 }), [rewinds(4)]);
    assert_eq!(said(&session), ["one?", "One.", "two?", "Two."]);
    assert_eq!(session.feed(AgentEvent::Rewind { to: 7 }), [rewinds(7)]);
    assert_eq!(said(&session), ["one?", "One.", "three?", "Three."]);
    assert_eq!(session.feed(AgentEvent::Rewind { to: 0 }), [rewinds(0)]);
    assert_eq!(session.conversation(), []);
    assert_eq!(session.agent().log().len(), 10);
}

#[test]
fn a_running_turn_and_a_place_beyond_the_end_refuse_it() {
    let mut session = two_turns();
    assert_eq!(session.feed(AgentEvent::Rewind { to: 5 }), []);
    session.user("three?");
    let before = session.agent().clone();
    assert_eq!(session.feed(AgentEvent::Rewind { to: 2 }), []);
    assert_eq!(*session.agent(), before);
}

#[test]
fn calls_without_a_result_at_that_point_get_one_that_says_so() {
    let bash = call("c1", "bash");
    let mut session = Session::running(&[&bash]);
    session.tool_ends("c1", ToolOutput::completed("done"));
    session.hook_ends();
    session.model(answer(&[text("Done.")], StopReason::EndTurn));
    let unknown = ToolOutput::cancelled(REWOUND);
    assert_eq!(
        session.feed(AgentEvent::Rewind { to: 2 }),
        [rewinds(2), stores_results(&[(&bash, &unknown)])]
    );
    session.user("again");
}

#[test]
fn ids_of_calls_that_were_left_behind_are_not_used_again() {
    let bash = call("c1", "bash");
    let mut session = Session::running(&[&bash]);
    session.cancel();
    session.feed(AgentEvent::Rewind { to: 1 });
    session.user("again");
    session.model(answer(&calling(&[&bash]), StopReason::ToolUse));
    let calls: Vec<_> = session
        .conversation()
        .iter()
        .flat_map(|message| {
            message
                .tool_calls()
                .map(|call| call.id.clone())
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(calls, ["c1_2"]);
}

fn other() -> AgentConfig {
    let mut other = config();
    other.model = "model-2".to_owned();
    other.effort = Some(Effort::High);
    other.system = Some("Be long.".to_owned());
    other.max_tokens = None;
    let mut late = other.tools[0].clone();
    late.name = "found_later".to_owned();
    other.tools.push(late);
    other
}

#[test]
fn another_configuration_takes_effect_with_the_next_model_call() {
    let read = call("c1", "read");
    let mut session = Session::asked();
    assert_eq!(session.feed(AgentEvent::Configure(Box::new(other()))), []);
    assert!(matches!(session.state(), AgentState::CallingLlm { .. }));
    session.model(answer(&calling(&[&read]), StopReason::ToolUse));
    session.tool_ends("c1", ToolOutput::completed("ok"));
    let actions = session.hook_ends();
    assert_eq!(actions, [session.asks()]);
    let [AgentAction::SendLlmRequest { request, .. }] = &actions[..] else {
        unreachable!()
    };
    assert_eq!(
        (&request.model, request.effort, request.tools.len()),
        (&"model-2".to_owned(), Some(Effort::High), 5)
    );
    assert_eq!(*session.agent().config(), other());
}

#[test]
fn a_retry_goes_to_the_new_model_and_tools_run_by_their_new_access() {
    let mut session = Session::asked();
    session.model_fails(overloaded());
    session.feed(AgentEvent::Configure(Box::new(other())));
    assert_eq!(session.waiting_ends(), [session.asks()]);
    let [first, second] = [call("c1", "read"), call("c2", "found_later")];
    let actions = session.model(answer(&calling(&[&first, &second]), StopReason::ToolUse));
    assert_eq!(actions[1..], [session.executes(&[&first, &second])]);
}

#[test]
fn while_nothing_runs_it_only_waits() {
    let mut session = two_turns();
    assert_eq!(session.feed(AgentEvent::Configure(Box::new(other()))), []);
    let actions = session.user("three?");
    assert_eq!(actions.last(), Some(&session.asks()));
    assert_eq!(
        session.model(answer(&[text("Three.")], StopReason::EndTurn)),
        [
            stores_answer(&[text("Three.")]),
            completes(StopReason::EndTurn, tokens(1))
        ]
    );
}
