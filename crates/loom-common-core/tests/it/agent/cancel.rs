//! The person stops a turn, in each state: what runs is stopped, what was said and done is kept,
//! and the conversation can go on.

use loom_common_core::{
    AgentAction, AgentEvent, AgentState, ContentBlock, LlmEvent, Message, StopReason, ToolOutput,
};

use super::session::{
    NOT_STARTED, STOPPED, Session, is_cancelled, overloaded, stores, stores_answer, stores_results,
};
use crate::answer::{answer, beginning, call, calling, text, tokens};

/// Checks that the person can go on: the request is checked by the session.
fn goes_on(session: &mut Session) {
    assert_eq!(*session.state(), AgentState::WaitingForUserInput);
    assert_eq!(
        session.user("go on"),
        [
            AgentAction::BeginTurn,
            stores(Message::user("go on")),
            session.asks()
        ]
    );
}

#[test]
fn while_nothing_runs_there_is_nothing_to_stop() {
    let mut session = Session::new();
    assert_eq!(session.cancel(), []);
    goes_on(&mut session);
}

#[test]
fn before_the_answer_began() {
    let mut session = Session::asked();
    let operation = session.operation();
    assert_eq!(
        session.cancel(),
        [
            AgentAction::CancelLlmRequest { operation },
            is_cancelled(tokens(0))
        ]
    );
    assert_eq!(session.cancel(), []);
    goes_on(&mut session);
}

#[test]
fn during_the_answer_what_the_person_has_read_is_kept_as_text() {
    let mut session = Session::asked();
    let operation = session.operation();
    let mut blocks = vec![
        ContentBlock::Thinking {
            thinking: "they want".to_owned(),
            signature: None,
        },
        text("First, "),
        text("I look."),
    ];
    blocks.extend(calling(&[&call("c1", "bash")]));
    let mut events = beginning(&blocks);
    events.push(LlmEvent::Usage { usage: tokens(2) });
    session.model(events);
    assert_eq!(
        session.cancel(),
        [
            AgentAction::CancelLlmRequest { operation },
            stores_answer(&[text("First, I look.")]),
            is_cancelled(tokens(2))
        ]
    );
    goes_on(&mut session);
}

#[test]
fn during_an_answer_without_visible_text_nothing_is_kept() {
    for unseen in [
        vec![text(" \n")],
        calling(&[&call("c1", "bash")]),
        Vec::new(),
    ] {
        let mut session = Session::asked();
        let operation = session.operation();
        session.model(beginning(&unseen));
        assert_eq!(
            session.cancel(),
            [
                AgentAction::CancelLlmRequest { operation },
                is_cancelled(tokens(0))
            ]
        );
        goes_on(&mut session);
    }
}

#[test]
fn during_tools_each_call_gets_a_result_that_says_what_became_of_it() {
    let [done, running, waiting] = [call("d", "read"), call("r", "search"), call("w", "edit")];
    let mut session = Session::running(&[&done, &running, &waiting]);
    let operation = session.operation();
    let output = ToolOutput::completed("contents");
    session.tool_ends("d", output.clone());
    assert_eq!(
        session.cancel(),
        [
            AgentAction::CancelTools { operation },
            stores_results(&[
                (&done, &output),
                (&running, &ToolOutput::cancelled(STOPPED)),
                (&waiting, &ToolOutput::cancelled(NOT_STARTED)),
            ]),
            is_cancelled(tokens(1))
        ]
    );
    goes_on(&mut session);
}

#[test]
fn during_the_hook_the_results_stay() {
    let bash = call("c1", "bash");
    let mut session = Session::running(&[&bash]);
    session.tool_ends("c1", ToolOutput::completed("done"));
    let operation = session.operation();
    let before = session.conversation();
    assert_eq!(
        session.cancel(),
        [
            AgentAction::CancelPostToolsHook { operation },
            is_cancelled(tokens(1))
        ]
    );
    assert_eq!(session.conversation(), before);
    goes_on(&mut session);
}

#[test]
fn while_waiting_to_ask_again() {
    let mut session = Session::failed();
    let operation = session.operation();
    assert_eq!(
        session.cancel(),
        [
            AgentAction::CancelRetry { operation },
            is_cancelled(tokens(0))
        ]
    );
    goes_on(&mut session);
}

#[test]
fn what_a_cut_answer_cost_is_counted_once() {
    let mut session = Session::asked();
    session.model(vec![LlmEvent::Usage { usage: tokens(2) }]);
    session.model_fails(overloaded());
    let operation = session.operation();
    assert_eq!(
        session.cancel(),
        [
            AgentAction::CancelRetry { operation },
            is_cancelled(tokens(2))
        ]
    );
}

/// Checks that late events change nothing and ask for nothing.
fn drops(session: &mut Session, events: impl IntoIterator<Item = AgentEvent>) {
    let before = session.agent().clone();
    for event in events {
        assert_eq!(session.feed(event), []);
    }
    assert_eq!(*session.agent(), before);
}

#[test]
fn a_late_answer_is_not_taken_for_the_one_that_was_asked_for_since() {
    let mut session = Session::asked();
    let operation = session.operation();
    session.cancel();
    session.user("other question");
    let late = || {
        answer(&[text("late")], StopReason::EndTurn)
            .into_iter()
            .map(|event| AgentEvent::Llm { operation, event })
            .chain([
                AgentEvent::LlmFailed {
                    operation,
                    error: overloaded(),
                },
                AgentEvent::LlmStreamEnded { operation },
            ])
    };
    drops(&mut session, late());
    session.model(beginning(&[text("in time")]));
    drops(&mut session, late());
}

#[test]
fn a_late_result_is_not_taken_while_other_calls_run() {
    let [first, second] = [call("c1", "bash"), call("c2", "bash")];
    let mut session = Session::running(&[&first, &second]);
    let operation = session.operation();
    session.tool_ends("c1", ToolOutput::completed("done"));
    let late = AgentEvent::ToolCompleted {
        operation,
        call_id: "c2".to_owned(),
        output: ToolOutput::completed("late"),
    };
    drops(&mut session, [late]);
}

#[test]
fn a_late_hook_is_not_taken_for_the_one_that_runs() {
    let mut session = Session::running(&[&call("c1", "bash")]);
    session.tool_ends("c1", ToolOutput::completed("done"));
    let operation = session.operation();
    session.cancel();
    session.user("again");
    session.model(answer(
        &calling(&[&call("c2", "bash")]),
        StopReason::ToolUse,
    ));
    session.tool_ends("c2", ToolOutput::completed("done"));
    drops(
        &mut session,
        [AgentEvent::PostToolsHookCompleted { operation }],
    );
}

#[test]
fn a_late_end_of_waiting_is_not_taken_for_that_of_another() {
    let mut session = Session::failed();
    let operation = session.operation();
    session.cancel();
    session.user("again");
    session.model_fails(overloaded());
    drops(
        &mut session,
        [AgentEvent::RetryTimeoutElapsed { operation }],
    );
}
