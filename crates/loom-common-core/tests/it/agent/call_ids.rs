//! Ids of calls become unique in the whole conversation, because results refer to them, and some
//! servers leave them empty or begin to count anew with each answer.

use loom_common_core::{AgentEvent, StopReason, ToolCall, ToolOutput};

use super::session::{Session, stores_answer, stores_results};
use crate::answer::{answer, call, calling};

/// Lets the model call `read` with these ids and returns the ids under which the calls run,
/// after all of them have come to their end.
fn ids_of_round(session: &mut Session, sent: &[&str]) -> Vec<String> {
    let blocks: Vec<_> = sent
        .iter()
        .flat_map(|id| calling(&[&call(id, "read")]))
        .collect();
    session.model(answer(&blocks, StopReason::ToolUse));
    let ids: Vec<String> = session
        .conversation()
        .pop()
        .unwrap()
        .tool_calls()
        .map(|call| call.id.clone())
        .collect();
    for id in &ids {
        session.tool_ends(id, ToolOutput::completed(format!("output of {id}")));
    }
    session.hook_ends();
    ids
}

#[test]
fn unique_ids_stay_as_they_are() {
    let mut session = Session::asked();
    assert_eq!(
        ids_of_round(&mut session, &["toolu_1", "toolu_2"]),
        ["toolu_1", "toolu_2"]
    );
    assert_eq!(ids_of_round(&mut session, &["toolu_3"]), ["toolu_3"]);
}

#[test]
fn an_id_that_comes_twice_is_told_apart() {
    let mut session = Session::asked();
    assert_eq!(
        ids_of_round(&mut session, &["a", "a", "a"]),
        ["a", "a_2", "a_3"]
    );
    assert_eq!(ids_of_round(&mut session, &["a", "b"]), ["a_4", "b"]);
}

#[test]
fn an_empty_id_gets_a_name() {
    let mut session = Session::asked();
    assert_eq!(ids_of_round(&mut session, &["", ""]), ["call", "call_2"]);
    assert_eq!(ids_of_round(&mut session, &[""]), ["call_3"]);
}

#[test]
fn a_made_up_id_does_not_meet_one_that_the_model_uses() {
    let mut session = Session::asked();
    assert_eq!(
        ids_of_round(&mut session, &["a_2", "a", "a", "a_2", "call", ""]),
        ["a_2", "a", "a_3", "a_2_2", "call", "call_2"]
    );
}

#[test]
fn calls_of_one_id_run_and_are_answered_each_on_its_own() {
    let mut session = Session::asked();
    let sent = [call("0", "read"), call("0", "read")];
    let second = ToolCall {
        id: "0_2".to_owned(),
        ..sent[1].clone()
    };
    let taken = [&sent[0], &second];
    assert_eq!(
        session.model(answer(&calling(&sent.each_ref()), StopReason::ToolUse)),
        [stores_answer(&calling(&taken)), session.executes(&taken)]
    );

    let outputs = [ToolOutput::completed("first"), ToolOutput::failed("second")];
    assert_eq!(session.tool_ends("0_2", outputs[1].clone()), []);
    let done = [(taken[0], &outputs[0]), (taken[1], &outputs[1])];
    assert_eq!(
        session.tool_ends("0", outputs[0].clone()),
        [stores_results(&done), session.runs_hook(&done)]
    );
}

#[test]
fn a_call_of_an_earlier_answer_is_not_taken_for_one_of_the_same_id() {
    let mut session = Session::running(&[&call("0", "read")]);
    let earlier = session.operation();
    session.tool_ends("0", ToolOutput::completed("first"));
    session.hook_ends();
    session.model(answer(&calling(&[&call("0", "read")]), StopReason::ToolUse));
    let before = session.agent().clone();
    for (operation, call_id) in [(earlier, "0_2"), (earlier, "0"), (session.operation(), "0")] {
        let late = AgentEvent::ToolCompleted {
            operation,
            call_id: call_id.to_owned(),
            output: ToolOutput::failed("late"),
        };
        assert_eq!(session.feed(late), []);
        assert_eq!(*session.agent(), before);
    }
}
