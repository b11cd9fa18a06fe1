//! Conversations that are put into fewer words.

mod failure;
mod hook;

use std::sync::Arc;

use loom_common_core::compaction::CutWords;
use loom_common_core::{
    AgentAction, AgentConfig, AgentEvent, AgentState, Compaction, CompactionPolicy,
    CompactionTrigger, CompactionVerdict, ContentBlock, Entry, LlmError, LlmErrorKind, LlmEvent,
    LlmRequest, Message, Role, StopCause, StopReason, ToolCall, ToolOutput, TurnOutcome, Usage,
};

use super::session::{
    Session, config, fails, is_cancelled, key_refused, overloaded, stores, too_long,
};
use crate::answer::{answer, beginning, call, calling, text, tokens};
use crate::conversation;

/// Tokens that the model of these tests takes.
const WINDOW: u64 = 20_000;

fn small_context() -> AgentConfig {
    AgentConfig {
        compaction: CompactionPolicy {
            context_window: Some(WINDOW),
            ..CompactionPolicy::default()
        },
        ..config()
    }
}

/// Text of so many tokens, as the agent estimates them before it has heard a count.
fn long(tokens: usize) -> String {
    "0123456789".repeat(tokens / 3)
}

/// The events of an answer whose tokens nobody counts, so that the estimate stays what it is.
fn uncounted(blocks: &[ContentBlock], stop_reason: StopReason) -> Vec<LlmEvent> {
    let mut events = beginning(blocks);
    events.push(LlmEvent::Finished { stop_reason });
    events
}

/// Says `said` and stops.
fn says(said: &str) -> Vec<LlmEvent> {
    uncounted(&[text(said)], StopReason::EndTurn)
}

/// Plays a call to its end. The agent goes on to the next model call.
fn run(session: &mut Session, call: &ToolCall, output: ToolOutput) -> Vec<AgentAction> {
    session.model(uncounted(&calling(&[call]), StopReason::ToolUse));
    session.tool_ends(&call.id, output);
    session.hook_ends()
}

fn call_with(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall {
        arguments: arguments.to_owned(),
        ..call(id, name)
    }
}

/// A session whose next model call would come too near to the end of the context, as the action of
/// the last step says.
fn full() -> (Session, Vec<AgentAction>) {
    full_when(|_| {})
}

fn full_when(prepare: impl FnOnce(&mut Session)) -> (Session, Vec<AgentAction>) {
    let mut session = Session::with(small_context());
    prepare(&mut session);
    session.user("Mend the build.");
    let read = call_with("c1", "read", r#"{"file_path":"src/lib.rs"}"#);
    run(&mut session, &read, ToolOutput::completed(long(3_000)));
    session.user("But leave the tests alone!");
    let edit = call_with("c2", "edit", r#"{"file_path":"src/lib.rs"}"#);
    run(&mut session, &edit, ToolOutput::completed("edited"));
    let todo = call_with("c3", "todo_write", r#"{"todos":[{"text":"run it"}]}"#);
    run(&mut session, &todo, ToolOutput::completed("noted"));
    let bash = call_with("c4", "bash", r#"{"command":"cargo build"}"#);
    session.model(uncounted(&calling(&[&bash]), StopReason::ToolUse));
    session.tool_ends("c4", ToolOutput::completed(long(14_000)));
    let actions = session.hook_ends();
    (session, actions)
}

/// Returns the request for a summary among these actions.
fn summary_request(actions: &[AgentAction]) -> &LlmRequest {
    let mut actions = actions.iter();
    actions
        .find_map(|action| match action {
            AgentAction::Compact { request, .. } => Some(request),
            _ => None,
        })
        .unwrap()
}

fn compaction(actions: &[AgentAction]) -> &Compaction {
    match actions {
        [AgentAction::Append(Entry::Compaction(compaction)), ..] => compaction,
        other => unreachable!("nothing is compacted: {other:?}"),
    }
}

fn texts<'a>(messages: impl IntoIterator<Item = &'a Arc<Message>>) -> Vec<String> {
    messages.into_iter().map(|message| message.text()).collect()
}

#[test]
fn a_full_conversation_is_summed_up_by_the_request_that_would_have_come_next() {
    let (session, actions) = full();
    let request = summary_request(&actions);
    let (question, prefix) = request.messages.split_last().unwrap();
    assert_eq!(prefix, session.agent().conversation());
    let same = LlmRequest {
        messages: prefix.to_vec(),
        ..request.clone()
    };
    let AgentAction::SendLlmRequest { request: next, .. } = session.asks() else {
        unreachable!()
    };
    assert_eq!(same, next);
    insta::assert_snapshot!(question.text());
}

#[test]
fn what_must_not_be_lost_stands_beside_the_summary() {
    let (mut session, _) = full();
    let log_before = session.agent().log().len();
    let actions = session.model(says("The build fails in src/lib.rs."));
    let compaction = compaction(&actions).clone();
    assert_eq!(actions[1..], [session.asks()]);
    assert_eq!(
        texts(&compaction.words),
        ["Mend the build.", "But leave the tests alone!"]
    );
    insta::assert_snapshot!(compaction.handover.text());
    // The last exchange is there, its huge result cut.
    let [calls, results] = &compaction.recent[..] else {
        unreachable!("{:?}", compaction.recent)
    };
    assert_eq!(calls.tool_calls().next().unwrap().id, "c4");
    let [result] = &results.results().collect::<Vec<_>>()[..] else {
        unreachable!()
    };
    assert!(format!("{:?}", result.content).contains("bytes left out"));
    assert_eq!(compaction.trigger, CompactionTrigger::Threshold);
    assert!(compaction.tokens_before > WINDOW - 4_096);
    assert!(compaction.tokens_after < WINDOW / 2);
    assert_eq!(
        session.agent().context().used,
        compaction.tokens_after,
        "the meter says so, too"
    );

    // The prefix is stable again, and the compaction can be undone.
    let before = session.conversation();
    let read = call("c5", "read");
    run(&mut session, &read, ToolOutput::completed("ok"));
    assert_eq!(session.conversation()[..before.len()], before);
    session.cancel();
    session.feed(AgentEvent::Rewind { to: log_before });
    assert_eq!(session.conversation().len(), 10);
}

#[test]
fn the_next_compaction_keeps_what_the_first_one_kept() {
    let (mut session, _) = full();
    session.model(says("First summary."));
    session.user("And be quick.");
    let other = call_with("c5", "read", r#"{"file_path":"src/other.rs"}"#);
    run(&mut session, &other, ToolOutput::completed(long(9_000)));
    let failed = call_with("c6", "edit", r#"{"file_path":"src/never.rs"}"#);
    run(&mut session, &failed, ToolOutput::failed("no such file"));
    let again = call_with("c7", "read", r#"{"file_path":"src/lib.rs"}"#);
    run(&mut session, &again, ToolOutput::completed("lib"));
    session.model(says(&long(6_000)));
    let actions = session.user("What now?");
    summary_request(&actions);
    let actions = session.model(says("Second summary."));
    let second = compaction(&actions);
    let said: Vec<_> = texts(second.messages())
        .into_iter()
        .zip(second.messages())
        .filter(|(_, message)| message.role == Role::User && message.results().next().is_none())
        .map(|(said, _)| said)
        .filter(|said| *said != second.handover.text())
        .collect();
    assert_eq!(
        said,
        [
            "Mend the build.",
            "But leave the tests alone!",
            "And be quick."
        ]
    );
    let handover = second.handover.text();
    for kept in [
        "Second summary.",
        "run it",
        "- src/other.rs (read)\n- src/lib.rs (changed)",
    ] {
        assert!(handover.contains(kept), "{kept}: {handover}");
    }
    for gone in ["First summary.", "src/never.rs"] {
        assert!(!handover.contains(gone), "{gone}: {handover}");
    }
    assert_eq!(
        actions[1..3],
        [stores(Message::user("What now?")), session.asks()]
    );
}

#[test]
fn what_the_person_says_meanwhile_goes_out_after_it() {
    let (mut session, _) = full();
    assert_eq!(session.user("hello?"), [AgentAction::InputChanged]);
    let actions = session.model(says("Summary."));
    compaction(&actions);
    assert_eq!(
        actions[1..],
        [
            stores(Message::user("hello?")),
            session.asks(),
            AgentAction::InputChanged
        ]
    );
}

/// A session in which nothing runs and much was said.
fn idle() -> Session {
    let mut session = Session::with(small_context());
    session.user("Tell me all.");
    session.model(says(&long(6_000)));
    session
}

#[test]
fn the_person_can_ask_for_it_and_say_what_matters() {
    let mut session = idle();
    let actions = session.feed(AgentEvent::Compact {
        instructions: Some(" Keep the names. ".to_owned()),
    });
    assert_eq!(actions[0], AgentAction::BeginTurn);
    let question = summary_request(&actions).messages.last().unwrap().text();
    assert!(question.ends_with("The user says about this summary:\n\nKeep the names."));

    let actions = session.model(says("Names: Ada."));
    let made = compaction(&actions);
    assert_eq!(made.trigger, CompactionTrigger::Person);
    assert_eq!(texts(&made.words), ["Tell me all."]);
    assert_eq!(
        actions[1..],
        [AgentAction::FinishTurn(TurnOutcome::Compacted {
            usage: Usage::default()
        })]
    );
    assert_eq!(*session.state(), AgentState::WaitingForUserInput);
    session.user("Go on.");
    assert!(matches!(session.state(), AgentState::CallingLlm { .. }));
}

#[test]
fn what_is_short_already_stays_as_it_is() {
    let mut session = Session::asked();
    session.model(answer(&[text("Hello.")], StopReason::EndTurn));
    let usage = tokens(0);
    assert_eq!(
        session.feed(AgentEvent::Compact { instructions: None }),
        [
            AgentAction::BeginTurn,
            AgentAction::FinishTurn(TurnOutcome::Compacted { usage })
        ]
    );

    // The same for a summary that turns out longer than what it sums up.
    let mut session = Session::with(small_context());
    session.user("Tell me all.");
    session.model(says(&long(2_000)));
    let before = session.conversation();
    session.feed(AgentEvent::Compact { instructions: None });
    assert_eq!(
        session.model(says(&long(2_000))),
        [AgentAction::FinishTurn(TurnOutcome::Compacted { usage })]
    );
    assert_eq!(session.conversation(), before);
}

#[test]
fn asked_for_during_a_turn_it_comes_before_the_next_model_call_or_after_the_turn() {
    let mut session = idle();
    session.user("Look around.");
    let instructions = None;
    assert_eq!(session.feed(AgentEvent::Compact { instructions }), []);
    let read = call("c1", "read");
    let actions = run(&mut session, &read, ToolOutput::completed("ok"));
    summary_request(&actions);
    let actions = session.model(says("Summary."));
    compaction(&actions);
    assert_eq!(actions[1..], [session.asks()]);

    let mut session = idle();
    session.user("Look around.");
    session.feed(AgentEvent::Compact { instructions: None });
    session.user("And then?");
    let actions = session.model(says("Done."));
    summary_request(&actions);
    let actions = session.model(says("Summary."));
    compaction(&actions);
    assert_eq!(
        actions[2..5],
        [
            AgentAction::BeginTurn,
            stores(Message::user("And then?")),
            session.asks()
        ]
    );
}

#[test]
fn words_that_would_fill_the_context_are_shortened_but_for_the_first_and_the_last() {
    let mut session = Session::with(small_context());
    for number in 0..20 {
        session.user(&format!("{number}: {}", long(600)));
        session.model(says("I see."));
    }
    session.feed(AgentEvent::Compact { instructions: None });
    let actions = session.model(says("Summary."));
    let words = texts(&compaction(&actions).words);
    let numbers: Vec<&str> = words
        .iter()
        .map(|said| said.split(':').next().unwrap())
        .collect();
    let expected: Vec<String> = (0..words.len()).map(|number| number.to_string()).collect();
    assert_eq!(numbers, expected, "all are there, in order");
    let whole: Vec<bool> = words
        .iter()
        .map(|said| !said.contains("bytes left out"))
        .collect();
    assert!(whole[0]);
    assert!(!whole[1]);
    assert!(whole.ends_with(&[true, true, true]));
    let recent = compaction(&actions).recent.iter();
    let said = recent.filter(|message| message.role == Role::User).count();
    assert_eq!(words.len() + said, 20);
    let cut = CutWords {
        shortened: whole.iter().filter(|whole| !**whole).count(),
        left_out: 0,
    };
    assert_eq!(compaction(&actions).cut_words, cut);
}

#[test]
fn words_that_fill_the_context_even_when_short_are_left_out_and_counted() {
    let mut session = Session::with(small_context());
    for number in 0..150 {
        session.user(&format!("{number}: {}", long(60)));
        session.model(says("I see."));
    }
    session.feed(AgentEvent::Compact { instructions: None });
    let actions = session.model(says("Summary."));
    let made = compaction(&actions);
    let words = texts(&made.words);
    let left_out = made.cut_words.left_out;
    assert!(left_out > 0);
    assert_eq!(
        words[1],
        format!("[{left_out} messages of the user were left out here]")
    );
    assert!(words[0].starts_with("0: "));
    let recent = made.recent.iter();
    let said = recent.filter(|message| message.role == Role::User).count();
    assert_eq!(words.len() - 1 + left_out + said, 150);
    let shortened = words.iter().filter(|said| said.contains("bytes left out"));
    assert_eq!(made.cut_words.shortened, shortened.count());
}

#[test]
fn thoughts_and_signatures_are_kept_whole_or_not_at_all() {
    let (mut session, _) = full();
    let actions = session.model(says("Summary."));
    let messages: Vec<_> = compaction(&actions).messages().cloned().collect();
    assert_eq!(conversation::check(&messages), Ok(()));
    let made_by_model: Vec<_> = messages
        .iter()
        .filter(|message| message.role == Role::Assistant)
        .collect();
    let log = session.agent().log();
    for message in made_by_model {
        let stored = log
            .entries()
            .iter()
            .any(|entry| matches!(entry, Entry::Message(stored) if Arc::ptr_eq(stored, message)));
        assert!(stored, "an answer that was made up: {message:?}");
    }
}
