//! Turns without tools: what an answer may be, and how it ends a turn.

use loom_common_core::{AgentAction, AgentState, LlmEvent, Message, StopReason, ToolOutput, Usage};

use super::session::{Session, completes, stores, stores_answer};
use crate::answer::{answer, beginning, call, calling, text, tokens};

#[test]
fn a_plain_answer_ends_the_turn() {
    let mut session = Session::new();
    assert_eq!(
        session.user("hello"),
        [
            AgentAction::BeginTurn,
            stores(Message::user("hello")),
            session.asks()
        ]
    );

    let greeting = [text("Hello, person.")];
    assert_eq!(
        session.model(answer(&greeting, StopReason::EndTurn)),
        [
            stores_answer(&greeting),
            completes(StopReason::EndTurn, tokens(1))
        ]
    );
    assert_eq!(*session.state(), AgentState::WaitingForUserInput);
}

#[test]
fn nothing_is_asked_for_while_an_answer_comes() {
    let mut session = Session::asked();
    let blocks = [text("so far"), text("and further")];
    assert_eq!(session.model(beginning(&blocks)), []);
    assert_eq!(session.model(vec![LlmEvent::Ping]), []);
    assert_eq!(session.conversation(), [Message::user("question")]);
}

#[test]
fn the_next_turn_sends_the_whole_conversation_and_counts_its_own_tokens() {
    let mut session = Session::asked();
    session.model(answer(&[text("one")], StopReason::EndTurn));
    assert_eq!(
        session.user("more"),
        [
            AgentAction::BeginTurn,
            stores(Message::user("more")),
            session.asks()
        ]
    );
    assert_eq!(
        session.model(answer(&[text("two")], StopReason::EndTurn)),
        [
            stores_answer(&[text("two")]),
            completes(StopReason::EndTurn, tokens(1))
        ]
    );
    assert_eq!(
        session.conversation(),
        [
            Message::user("question"),
            Message::assistant(vec![text("one")]),
            Message::user("more"),
            Message::assistant(vec![text("two")]),
        ]
    );
}

#[test]
fn each_reason_to_stop_ends_the_turn_and_is_told() {
    for reason in [
        StopReason::EndTurn,
        StopReason::ToolUse,
        StopReason::MaxTokens,
        StopReason::StopSequence,
        StopReason::Refusal,
        StopReason::ContextExceeded,
        StopReason::Other("recitation".to_owned()),
    ] {
        let mut session = Session::asked();
        assert_eq!(
            session.model(answer(&[text("as far as")], reason.clone())),
            [
                stores_answer(&[text("as far as")]),
                completes(reason, tokens(1))
            ]
        );
    }
}

#[test]
fn an_empty_answer_ends_the_turn_and_leaves_no_message() {
    for blank in [&[][..], &[text("")], &[text(""), text("\n\n")]] {
        let mut session = Session::asked();
        assert_eq!(
            session.model(answer(blank, StopReason::EndTurn)),
            [completes(StopReason::EndTurn, tokens(1))]
        );
        assert_eq!(session.conversation(), [Message::user("question")]);
    }
}

#[test]
fn an_answer_that_says_nothing_of_tokens_costs_none() {
    let mut session = Session::asked();
    let stop_reason = StopReason::EndTurn;
    assert_eq!(
        session.model(vec![LlmEvent::Finished { stop_reason }]),
        [completes(StopReason::EndTurn, Usage::default())]
    );
}

#[test]
fn of_a_refused_answer_no_call_runs_and_none_is_kept() {
    let mut session = Session::asked();
    let mut blocks = vec![text("I will")];
    blocks.extend(calling(&[&call("c1", "bash")]));
    assert_eq!(
        session.model(answer(&blocks, StopReason::Refusal)),
        [
            stores_answer(&[text("I will")]),
            completes(StopReason::Refusal, tokens(1))
        ]
    );

    session.user("other question");
    assert_eq!(
        session.model(answer(
            &calling(&[&call("c2", "bash")]),
            StopReason::Refusal
        )),
        [completes(StopReason::Refusal, tokens(1))]
    );
}

#[test]
fn a_paused_answer_is_continued() {
    let mut session = Session::asked();
    assert_eq!(
        session.model(answer(&[text("searching")], StopReason::PauseTurn)),
        [stores_answer(&[text("searching")]), session.asks()]
    );
    assert_eq!(
        session.model(answer(&[text("found")], StopReason::EndTurn)),
        [
            stores_answer(&[text("found")]),
            completes(StopReason::EndTurn, tokens(2))
        ]
    );
}

/// How often in a row a model may pause.
const MAX_PAUSES: u64 = 16;

fn pause(session: &mut Session) -> Vec<AgentAction> {
    session.model(answer(&[text("wait")], StopReason::PauseTurn))
}

#[test]
fn a_model_that_only_pauses_is_asked_a_bounded_number_of_times() {
    let mut session = Session::asked();
    for _ in 0..MAX_PAUSES {
        assert_eq!(
            pause(&mut session),
            [stores_answer(&[text("wait")]), session.asks()]
        );
    }
    let last = [
        stores_answer(&[text("wait")]),
        completes(StopReason::PauseTurn, tokens(MAX_PAUSES + 1)),
    ];
    assert_eq!(pause(&mut session), last);

    // The next turn may pause as often again.
    session.user("go on");
    for _ in 0..MAX_PAUSES {
        assert_eq!(
            pause(&mut session),
            [stores_answer(&[text("wait")]), session.asks()]
        );
    }
    assert_eq!(pause(&mut session), last);
}

#[test]
fn pauses_with_tool_calls_between_them_do_not_add_up() {
    let mut session = Session::asked();
    for round in 0..=MAX_PAUSES {
        assert_eq!(
            pause(&mut session),
            [stores_answer(&[text("wait")]), session.asks()]
        );
        let id = format!("c{round}");
        session.model(answer(&calling(&[&call(&id, "bash")]), StopReason::ToolUse));
        session.tool_ends(&id, ToolOutput::completed("done"));
        session.hook_ends();
    }
}
