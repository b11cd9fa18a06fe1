//! What the person says while the agent is busy waits for the next model call, in order.

use loom_common_core::{AgentAction, AgentEvent, InputId, Message, StopReason, ToolOutput};

use super::session::{
    Session, completes, fails, is_cancelled, key_refused, overloaded, stores, stores_answer,
    stores_results,
};
use crate::answer::{answer, beginning, call, calling, text, tokens};

#[test]
fn input_during_a_tool_call_goes_out_after_the_results() {
    let bash = call("c1", "bash");
    let mut session = Session::running(&[&bash]);
    assert_eq!(
        session.user("use the other file"),
        [AgentAction::InputChanged]
    );
    assert_eq!(session.user("and be quick"), [AgentAction::InputChanged]);

    let done = ToolOutput::completed("done");
    assert_eq!(
        session.tool_ends("c1", done.clone()),
        [
            stores_results(&[(&bash, &done)]),
            session.runs_hook(&[(&bash, &done)])
        ]
    );
    assert_eq!(session.user("no, slowly"), [AgentAction::InputChanged]);
    assert_eq!(
        session.hook_ends(),
        [
            stores(Message::user("use the other file")),
            stores(Message::user("and be quick")),
            stores(Message::user("no, slowly")),
            session.asks(),
            AgentAction::InputChanged
        ]
    );
}

#[test]
fn input_during_an_answer_that_calls_tools_waits_for_their_results() {
    let edit = call("c1", "edit");
    let mut session = Session::asked();
    assert_eq!(
        session.user("before the answer"),
        [AgentAction::InputChanged]
    );
    session.model(beginning(&[text("I")]));
    assert_eq!(
        session.user("during the answer"),
        [AgentAction::InputChanged]
    );

    let mut blocks = vec![text("I")];
    blocks.extend(calling(&[&edit]));
    let rest = answer(&blocks, StopReason::ToolUse).split_off(beginning(&[text("I")]).len());
    assert_eq!(
        session.model(rest),
        [stores_answer(&blocks), session.executes(&[&edit])]
    );
    session.tool_ends("c1", ToolOutput::completed("done"));
    assert_eq!(
        session.hook_ends(),
        [
            stores(Message::user("before the answer")),
            stores(Message::user("during the answer")),
            session.asks(),
            AgentAction::InputChanged
        ]
    );
}

#[test]
fn input_during_the_final_answer_begins_the_next_turn() {
    let mut session = Session::asked();
    let greeting = [text("Hello.")];
    let mut events = answer(&greeting, StopReason::EndTurn);
    let last = events.split_off(events.len() - 1);
    session.model(events);
    assert_eq!(session.user("one more thing"), [AgentAction::InputChanged]);
    assert_eq!(
        session.model(last),
        [
            stores_answer(&greeting),
            completes(StopReason::EndTurn, tokens(1)),
            AgentAction::BeginTurn,
            stores(Message::user("one more thing")),
            session.asks(),
            AgentAction::InputChanged
        ]
    );
    assert_eq!(
        session.model(answer(&[text("Well.")], StopReason::EndTurn)),
        [
            stores_answer(&[text("Well.")]),
            completes(StopReason::EndTurn, tokens(1))
        ]
    );
}

#[test]
fn input_while_waiting_to_ask_again_goes_out_with_the_retry() {
    let mut session = Session::failed();
    assert_eq!(session.user("still there?"), [AgentAction::InputChanged]);
    assert_eq!(
        session.waiting_ends(),
        [
            stores(Message::user("still there?")),
            session.asks(),
            AgentAction::InputChanged
        ]
    );
}

#[test]
fn input_of_a_cancelled_turn_goes_out_with_the_next() {
    let mut session = Session::asked();
    assert_eq!(session.user("wait, not that"), [AgentAction::InputChanged]);
    let operation = session.operation();
    assert_eq!(
        session.cancel(),
        [
            AgentAction::CancelLlmRequest { operation },
            is_cancelled(tokens(0))
        ]
    );
    assert_eq!(
        session.user("this"),
        [
            AgentAction::BeginTurn,
            stores(Message::user("wait, not that")),
            stores(Message::user("this")),
            session.asks(),
            AgentAction::InputChanged
        ]
    );
}

#[test]
fn input_of_a_failed_turn_goes_out_with_the_next() {
    let mut session = Session::failed();
    session.user("and another thing");
    session.waiting_ends();
    session.user("hello?");
    assert_eq!(
        session.model_fails(key_refused()),
        [fails(key_refused(), tokens(0))]
    );
    assert_eq!(
        session.user("again"),
        [
            AgentAction::BeginTurn,
            stores(Message::user("hello?")),
            stores(Message::user("again")),
            session.asks(),
            AgentAction::InputChanged
        ]
    );
    assert_eq!(
        session.model_fails(overloaded()),
        [session.schedules_retry(1, &overloaded())]
    );
}

#[test]
fn what_waits_can_be_seen_said_in_other_words_and_taken_back() {
    let mut session = Session::asked();
    session.user("first");
    session.user("second");
    session.user("third");
    let waiting = |session: &Session| -> Vec<(u64, String)> {
        let waiting = session.agent().waiting_input().iter();
        waiting
            .map(|input| (input.id.0, input.message.text()))
            .collect()
    };
    // The question was the first of all.
    let [first, second, third] = [2, 3, 4];
    let of = |id: u64, text: &str| (id, text.to_owned());
    assert_eq!(
        waiting(&session),
        [of(first, "first"), of(second, "second"), of(third, "third")]
    );

    let id = InputId(second);
    let replace = |text: &str| AgentEvent::ReplaceInput {
        id,
        message: Message::user(text),
    };
    assert_eq!(
        session.feed(replace("the second")),
        [AgentAction::InputChanged]
    );
    assert_eq!(session.feed(replace("the second")), [], "nothing new");
    let withdraw = |id| AgentEvent::WithdrawInput { id: InputId(id) };
    assert_eq!(session.feed(withdraw(first)), [AgentAction::InputChanged]);
    assert_eq!(session.feed(withdraw(first)), [], "it is gone already");
    assert_eq!(
        waiting(&session),
        [of(second, "the second"), of(third, "third")]
    );

    session.model_fails(overloaded());
    assert_eq!(
        session.waiting_ends(),
        [
            stores(Message::user("the second")),
            stores(Message::user("third")),
            session.asks(),
            AgentAction::InputChanged
        ]
    );
    // What has gone out stays said.
    assert_eq!(session.feed(withdraw(second)), []);
    assert_eq!(session.feed(replace("too late")), []);
    assert_eq!(waiting(&session), []);
}

#[test]
fn what_waits_after_a_failed_turn_can_be_taken_back_too() {
    let mut session = Session::asked();
    session.user("hello?");
    session.model_fails(key_refused());
    let [input] = session.agent().waiting_input() else {
        unreachable!()
    };
    let id = input.id;
    assert_eq!(
        session.feed(AgentEvent::WithdrawInput { id }),
        [AgentAction::InputChanged]
    );
    assert_eq!(
        session.user("again"),
        [
            AgentAction::BeginTurn,
            stores(Message::user("again")),
            session.asks()
        ]
    );
}
