//! The program ends, in each state: what runs is stopped, the thread can be resumed, and nothing
//! happens after that.

use loom_common_core::{AgentAction, AgentState, LlmEvent, Message, StopReason, ToolOutput, Usage};

use super::session::{
    NOT_STARTED, STOPPED, Session, is_cancelled, stores, stores_answer, stores_results,
};
use crate::answer::{answer, beginning, call, text, tokens};

/// Checks that the session is over for good.
fn is_over(session: &mut Session) {
    assert_eq!(*session.state(), AgentState::ShuttingDown);
    let before = session.agent().clone();
    assert_eq!(session.user("hello?"), []);
    assert_eq!(session.cancel(), []);
    assert_eq!(session.shutdown(), []);
    assert_eq!(*session.agent(), before);
}

#[test]
fn while_nothing_runs() {
    let mut session = Session::new();
    assert_eq!(session.shutdown(), [AgentAction::Exit]);
    is_over(&mut session);
}

#[test]
fn before_and_during_an_answer() {
    let mut session = Session::asked();
    let operation = session.operation();
    assert_eq!(
        session.shutdown(),
        [
            AgentAction::CancelLlmRequest { operation },
            is_cancelled(Usage::default()),
            AgentAction::Exit
        ]
    );
    is_over(&mut session);

    let mut session = Session::asked();
    let operation = session.operation();
    session.model(beginning(&[text("As I was saying")]));
    session.model(vec![LlmEvent::Usage { usage: tokens(1) }]);
    assert_eq!(
        session.shutdown(),
        [
            AgentAction::CancelLlmRequest { operation },
            stores_answer(&[text("As I was saying")]),
            is_cancelled(tokens(1)),
            AgentAction::Exit
        ]
    );
    is_over(&mut session);
    assert_eq!(
        session.model(answer(&[text("late")], StopReason::EndTurn)),
        []
    );
}

#[test]
fn during_tools() {
    let [running, waiting] = [call("r", "edit"), call("w", "edit")];
    let mut session = Session::running(&[&running, &waiting]);
    let operation = session.operation();
    assert_eq!(
        session.shutdown(),
        [
            AgentAction::CancelTools { operation },
            stores_results(&[
                (&running, &ToolOutput::cancelled(STOPPED)),
                (&waiting, &ToolOutput::cancelled(NOT_STARTED)),
            ]),
            is_cancelled(tokens(1)),
            AgentAction::Exit
        ]
    );
    is_over(&mut session);
    assert_eq!(session.tool_ends("r", ToolOutput::completed("late")), []);
}

#[test]
fn during_the_hook() {
    let mut session = Session::running(&[&call("c1", "bash")]);
    session.tool_ends("c1", ToolOutput::completed("done"));
    let operation = session.operation();
    assert_eq!(
        session.shutdown(),
        [
            AgentAction::CancelPostToolsHook { operation },
            is_cancelled(tokens(1)),
            AgentAction::Exit
        ]
    );
    is_over(&mut session);
    assert_eq!(session.hook_ends(), []);
}

#[test]
fn while_waiting_to_ask_again() {
    let mut session = Session::failed();
    let operation = session.operation();
    assert_eq!(
        session.shutdown(),
        [
            AgentAction::CancelRetry { operation },
            is_cancelled(tokens(0)),
            AgentAction::Exit
        ]
    );
    is_over(&mut session);
    assert_eq!(session.waiting_ends(), []);
}

#[test]
fn what_the_person_said_meanwhile_is_stored() {
    let mut session = Session::asked();
    let operation = session.operation();
    session.user("first do this");
    session.user("then that");
    assert_eq!(
        session.shutdown(),
        [
            AgentAction::CancelLlmRequest { operation },
            is_cancelled(tokens(0)),
            stores(Message::user("first do this")),
            stores(Message::user("then that")),
            AgentAction::InputChanged,
            AgentAction::Exit
        ]
    );

    // Also when the turn that it waited for is over already.
    let mut session = Session::asked();
    session.user("first do this");
    session.cancel();
    assert_eq!(
        session.shutdown(),
        [
            stores(Message::user("first do this")),
            AgentAction::InputChanged,
            AgentAction::Exit
        ]
    );
}
