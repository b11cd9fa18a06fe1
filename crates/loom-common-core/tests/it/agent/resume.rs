//! A stored conversation goes on in a new run of the program.

use loom_common_core::{
    AgentAction, AgentState, ContentBlock, Message, StopReason, ToolCall, ToolOutput, ToolResult,
};

use super::session::{INTERRUPTED, Session, completes, stores, stores_answer, stores_results};
use crate::answer::{answer, call, calling, result_text, text, tokens};

#[test]
fn a_finished_conversation_goes_on_as_it_was() {
    let stored = vec![
        Message::user("hello"),
        Message::assistant(vec![text("Hello.")]),
    ];
    let (mut session, actions) = Session::resumed(stored.clone());
    assert_eq!(actions, []);
    assert_eq!(*session.state(), AgentState::WaitingForUserInput);
    assert_eq!(session.conversation(), stored);
    assert_eq!(
        session.user("where were we?"),
        [
            AgentAction::BeginTurn,
            stores(Message::user("where were we?")),
            session.asks()
        ]
    );
    assert_eq!(
        session.model(answer(&[text("Here.")], StopReason::EndTurn)),
        [
            stores_answer(&[text("Here.")]),
            completes(StopReason::EndTurn, tokens(1))
        ]
    );
}

#[test]
fn an_empty_conversation_is_a_new_one() {
    let (session, actions) = Session::resumed(Vec::new());
    assert_eq!(actions, []);
    assert_eq!(*session.agent(), *Session::new().agent());
}

#[test]
fn calls_that_were_cut_by_the_end_of_the_program_get_a_result() {
    let [first, second] = [call("c1", "bash"), call("c2", "read")];
    let mut blocks = vec![text("Running both.")];
    blocks.extend(calling(&[&first, &second]));
    let (mut session, actions) =
        Session::resumed(vec![Message::user("run"), Message::assistant(blocks)]);
    let interrupted = ToolOutput::cancelled(INTERRUPTED);
    assert_eq!(
        actions,
        [stores_results(&[
            (&first, &interrupted),
            (&second, &interrupted)
        ])]
    );
    assert_eq!(*session.state(), AgentState::WaitingForUserInput);
    assert_eq!(
        session.user("and?"),
        [
            AgentAction::BeginTurn,
            stores(Message::user("and?")),
            session.asks()
        ]
    );
}

#[test]
fn calls_that_have_results_are_left_alone() {
    let answered = vec![
        Message::user("run"),
        Message::assistant(calling(&[&call("c1", "bash")])),
        Message::tool_results([ToolResult {
            tool_use_id: "c1".to_owned(),
            content: result_text("done"),
            is_error: false,
        }]),
    ];
    let (mut session, actions) = Session::resumed(answered.clone());
    assert_eq!(actions, []);
    assert_eq!(session.conversation(), answered);
    session.user("go on");
}

#[test]
fn a_question_that_was_never_answered_goes_out_with_the_next() {
    let (mut session, actions) = Session::resumed(vec![Message::user("anyone?")]);
    assert_eq!(actions, []);
    session.user("hello?");
    assert_eq!(
        session.conversation(),
        [Message::user("anyone?"), Message::user("hello?")]
    );
}

#[test]
fn ids_of_the_stored_calls_are_not_used_again() {
    let stored = call("c1", "bash");
    let (mut session, _) = Session::resumed(vec![
        Message::user("run"),
        Message::assistant(calling(&[&stored])),
    ]);
    session.user("again");
    let renamed = ToolCall {
        id: "c1_2".to_owned(),
        ..call("c1", "bash")
    };
    assert_eq!(
        session.model(answer(
            &calling(&[&call("c1", "bash")]),
            StopReason::ToolUse
        )),
        [
            stores_answer(&[ContentBlock::ToolUse(renamed.clone())]),
            session.executes(&[&renamed])
        ]
    );
}
