//! Model calls that fail: which are asked again, how often, and what is left of them.

use loom_common_core::{
    AgentAction, AgentEvent, AgentState, ErrorOrigin, LlmError, LlmErrorKind, LlmEvent, Message,
    StopReason, ToolOutput,
};

use super::session::{
    MAX_RETRIES, Session, completes, cut, fails, key_refused, overloaded, stores, stores_answer,
};
use crate::answer::{answer, beginning, call, calling, text, tokens};

#[test]
fn a_call_that_failed_is_asked_again_with_the_same_conversation() {
    let mut session = Session::asked();
    assert_eq!(
        session.model_fails(overloaded()),
        [session.schedules_retry(1, &overloaded())]
    );
    assert_eq!(
        *session.state(),
        AgentState::Error {
            operation: session.operation(),
            origin: ErrorOrigin::LlmRequest,
            retries: 0,
            error: overloaded(),
        }
    );
    assert_eq!(session.waiting_ends(), [session.asks()]);
    assert_eq!(session.conversation(), [Message::user("question")]);
    assert_eq!(
        session.model(answer(&[text("At last.")], StopReason::EndTurn)),
        [
            stores_answer(&[text("At last.")]),
            completes(StopReason::EndTurn, tokens(1))
        ]
    );
}

#[test]
fn retries_run_out() {
    let mut session = Session::asked();
    for attempt in 1..=MAX_RETRIES {
        assert_eq!(
            session.model_fails(overloaded()),
            [session.schedules_retry(attempt, &overloaded())]
        );
        assert_eq!(session.waiting_ends(), [session.asks()]);
    }
    assert_eq!(
        session.model_fails(overloaded()),
        [fails(overloaded(), tokens(0))]
    );
    assert_eq!(*session.state(), AgentState::WaitingForUserInput);

    // The next turn has all its retries.
    assert_eq!(
        session.user("again"),
        [
            AgentAction::BeginTurn,
            stores(Message::user("again")),
            session.asks()
        ]
    );
    assert_eq!(
        session.model_fails(overloaded()),
        [session.schedules_retry(1, &overloaded())]
    );
}

#[test]
fn each_model_call_of_a_turn_has_its_own_retries() {
    let mut session = Session::failed();
    session.waiting_ends();
    session.model_fails(overloaded());
    session.waiting_ends();
    session.model(answer(
        &calling(&[&call("c1", "bash")]),
        StopReason::ToolUse,
    ));
    session.tool_ends("c1", ToolOutput::completed("done"));
    session.hook_ends();
    assert_eq!(
        session.model_fails(overloaded()),
        [session.schedules_retry(1, &overloaded())]
    );
}

#[test]
fn an_answer_that_began_does_not_restore_the_retries() {
    let mut session = Session::asked();
    for attempt in 1..=MAX_RETRIES {
        session.model(beginning(&[text("I was about")]));
        assert_eq!(
            session.stream_ends(),
            [session.schedules_retry(attempt, &cut())]
        );
        session.waiting_ends();
    }
    session.model(beginning(&[text("I was about")]));
    assert_eq!(session.stream_ends(), [fails(cut(), tokens(0))]);
}

#[test]
fn what_does_not_pass_is_not_asked_again() {
    let mut session = Session::asked();
    assert_eq!(
        session.model_fails(key_refused()),
        [fails(key_refused(), tokens(0))]
    );
}

#[test]
fn the_providers_word_outweighs_the_kind_of_error() {
    let no = LlmError {
        should_retry: Some(false),
        ..overloaded()
    };
    let mut session = Session::asked();
    assert_eq!(session.model_fails(no.clone()), [fails(no, tokens(0))]);

    let yes = LlmError {
        should_retry: Some(true),
        ..key_refused()
    };
    let mut session = Session::asked();
    for attempt in 1..=MAX_RETRIES {
        assert_eq!(
            session.model_fails(yes.clone()),
            [session.schedules_retry(attempt, &yes)]
        );
        session.waiting_ends();
    }
    assert_eq!(session.model_fails(yes.clone()), [fails(yes, tokens(0))]);
}

#[test]
fn of_a_cut_answer_nothing_is_kept_but_its_cost() {
    let mut session = Session::asked();
    let mut blocks = vec![text("Let me")];
    blocks.extend(calling(&[&call("c1", "bash")]));
    let mut events = beginning(&blocks);
    events.push(LlmEvent::Usage { usage: tokens(3) });
    assert_eq!(session.model(events), []);
    assert_eq!(session.stream_ends(), [session.schedules_retry(1, &cut())]);
    assert_eq!(
        *session.state(),
        AgentState::Error {
            operation: session.operation(),
            origin: ErrorOrigin::LlmResponse,
            retries: 0,
            error: cut(),
        }
    );
    assert_eq!(session.waiting_ends(), [session.asks()]);
    assert_eq!(session.conversation(), [Message::user("question")]);

    // The id of the call was never used: the answer that counts may use it.
    let calls = [&call("c1", "bash")];
    assert_eq!(
        session.model(answer(&calling(&calls), StopReason::ToolUse)),
        [stores_answer(&calling(&calls)), session.executes(&calls)]
    );
    session.tool_ends("c1", ToolOutput::completed("done"));
    session.hook_ends();
    assert_eq!(
        session.model_fails(key_refused()),
        [fails(key_refused(), tokens(4))]
    );
}

#[test]
fn tokens_of_one_answer_are_a_total_and_not_summed() {
    let mut session = Session::asked();
    let mut events = beginning(&[text("Hm.")]);
    events.push(LlmEvent::Usage { usage: tokens(1) });
    events.push(LlmEvent::Usage { usage: tokens(3) });
    session.model(events);
    let error = key_refused();
    assert_eq!(
        session.model_fails(error.clone()),
        [fails(error, tokens(3))]
    );
}

#[test]
fn a_stream_that_ends_before_it_began_is_a_failed_request() {
    let mut session = Session::asked();
    assert_eq!(session.stream_ends(), [session.schedules_retry(1, &cut())]);
    assert_eq!(
        *session.state(),
        AgentState::Error {
            operation: session.operation(),
            origin: ErrorOrigin::LlmRequest,
            retries: 0,
            error: cut(),
        }
    );
}

#[test]
fn an_answer_that_breaks_the_protocol_is_dropped_and_asked_for_again() {
    let stray = LlmEvent::TextDelta {
        index: 9,
        text: "from nowhere".to_owned(),
    };
    let malformed = LlmError::new(
        LlmErrorKind::MalformedResponse,
        "the model's answer breaks the protocol: an event for a block that has not begun",
    );
    for before in [Vec::new(), beginning(&[text("Well")])] {
        let mut session = Session::asked();
        session.model(before);
        let operation = session.operation();
        assert_eq!(
            session.model(vec![stray.clone()]),
            [
                AgentAction::CancelLlmRequest { operation },
                session.schedules_retry(1, &malformed)
            ]
        );
        assert_eq!(
            *session.state(),
            AgentState::Error {
                operation: session.operation(),
                origin: ErrorOrigin::LlmResponse,
                retries: 0,
                error: malformed.clone(),
            }
        );
        assert_eq!(session.waiting_ends(), [session.asks()]);
    }
}

#[test]
fn the_end_of_the_stream_after_a_whole_answer_means_nothing() {
    let mut session = Session::asked();
    let operation = session.operation();
    session.model(answer(
        &calling(&[&call("c1", "bash")]),
        StopReason::ToolUse,
    ));
    let before = session.agent().clone();
    for event in [
        AgentEvent::LlmStreamEnded { operation },
        AgentEvent::LlmFailed {
            operation,
            error: overloaded(),
        },
        AgentEvent::Llm {
            operation,
            event: LlmEvent::Ping,
        },
    ] {
        assert_eq!(session.feed(event), []);
        assert_eq!(*session.agent(), before);
    }
}
