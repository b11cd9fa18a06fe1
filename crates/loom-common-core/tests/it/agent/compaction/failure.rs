//! Compactions that are forced, fail, are cut off, or do not help.

use super::*;

/// A session whose last request the provider finds too long, though it should not be.
fn refused() -> Session {
    let mut session = Session::with(small_context());
    // So much that it stays worthwhile to try again.
    session.user(&format!("Read it. {}", long(2_500)));
    let read = call("c1", "read");
    run(&mut session, &read, ToolOutput::completed(long(9_000)));
    session
}

#[test]
fn when_the_provider_finds_it_too_long_a_lighter_one_is_summed_up() {
    let mut session = refused();
    let actions = session.model_fails(too_long());
    let request = summary_request(&actions);
    let results = request.messages[2].results().next().unwrap();
    assert!(format!("{:?}", results.content).len() < 500);

    let actions = session.model(says("It is long."));
    assert_eq!(
        compaction(&actions).trigger,
        CompactionTrigger::ContextExceeded
    );
    assert_eq!(actions[1..], [session.asks()]);
    // Once is enough: if that was not short enough, nothing will be.
    assert_eq!(
        session.model_fails(too_long()),
        [fails(too_long(), tokens(0))]
    );

    // The conversation as it was before is another one, and can be compacted again.
    session.feed(AgentEvent::Rewind { to: 3 });
    session.user("And now?");
    summary_request(&session.model_fails(too_long()));
}

#[test]
fn what_the_provider_refused_becomes_less_whatever_is_known_of_the_model() {
    let mut wrong = small_context();
    wrong.compaction.context_window = Some(1_000_000);
    let mut session = Session::with(wrong);
    for number in 0..20 {
        session.user(&format!("{number}: {}", long(600)));
        session.model(says("I see."));
    }
    session.user("And now?");
    session.model_fails(too_long());
    let actions = session.model(says("Summary."));
    let made = compaction(&actions);
    assert!(
        made.tokens_after < made.tokens_before / 10 * 8,
        "{} of {}",
        made.tokens_after,
        made.tokens_before
    );
}

#[test]
fn the_model_does_not_have_the_last_word_when_it_is_asked_again() {
    let mut session = refused();
    session.model(uncounted(&[text("Searching.")], StopReason::PauseTurn));
    summary_request(&session.model_fails(too_long()));
    session.model(says("Summary."));
    let roles: Vec<Role> = session
        .conversation()
        .iter()
        .map(|message| message.role)
        .collect();
    assert_eq!(roles.last(), Some(&Role::User), "{roles:?}");
}

#[test]
fn an_answer_that_fills_the_context_comes_again() {
    let mut session = refused();
    let before = session.conversation();
    let actions = session.model(uncounted(&[text("It is")], StopReason::ContextExceeded));
    summary_request(&actions);
    assert_eq!(session.conversation(), before, "nothing of it is kept");
    let actions = session.model(answer(&[text("Summary.")], StopReason::EndTurn));
    assert_eq!(actions[1..], [session.asks()]);
}

#[test]
fn a_summary_that_fails_is_asked_for_again() {
    let (mut session, _) = full();
    assert_eq!(
        session.model_fails(overloaded()),
        [session.schedules_retry(1, &overloaded())]
    );
    let again = session.waiting_ends();
    summary_request(&again);
    // A call of a tool is no summary.
    let actions = session.model(answer(
        &calling(&[&call("c9", "bash")]),
        StopReason::ToolUse,
    ));
    let error = LlmError::new(
        LlmErrorKind::MalformedResponse,
        "the model wrote no summary",
    );
    assert_eq!(actions, [session.schedules_retry(2, &error)]);
    assert_eq!(session.waiting_ends(), {
        let operation = session.operation();
        let request = summary_request(&again).clone();
        [AgentAction::Compact { operation, request }]
    });
    compaction(&session.model(says("Summary.")));
}

#[test]
fn without_a_summary_the_turn_goes_on_with_an_outline() {
    let (mut session, _) = full();
    for _ in 0..2 {
        session.model_fails(overloaded());
        session.waiting_ends();
    }
    let actions = session.model_fails(overloaded());
    let made = compaction(&actions);
    assert_eq!(made.summary_error, Some(overloaded()));
    assert_eq!(
        texts(&made.words),
        ["Mend the build.", "But leave the tests alone!"]
    );
    insta::assert_snapshot!(made.handover.text());
    assert_eq!(actions[1..], [session.asks()]);
}

#[test]
fn what_would_fail_the_next_call_as_well_fails_the_turn_and_changes_nothing() {
    let (mut session, _) = full();
    let before = session.agent().log().clone();
    assert_eq!(
        session.model_fails(key_refused()),
        [fails(key_refused(), tokens(0))]
    );
    assert_eq!(*session.agent().log(), before);

    // The same where nobody but the person wanted it.
    let mut session = idle();
    let before = session.agent().log().clone();
    session.feed(AgentEvent::Compact { instructions: None });
    let refusal = session.model(answer(&[text("No.")], StopReason::Refusal));
    assert!(
        matches!(
            &refusal[..],
            [AgentAction::FinishTurn(TurnOutcome::Failed { .. })]
        ),
        "{refusal:?}"
    );
    assert_eq!(*session.agent().log(), before);
}

#[test]
fn it_can_be_cancelled_and_stopped() {
    let (mut session, _) = full();
    let before = session.agent().log().clone();
    session.model(beginning(&[text("The sum")]));
    let operation = session.operation();
    assert_eq!(
        session.cancel(),
        [
            AgentAction::CancelLlmRequest { operation },
            is_cancelled(tokens(0))
        ]
    );
    assert_eq!(*session.agent().log(), before);
    // The next word tries again.
    summary_request(&session.user("go on"));
    let cause = StopCause::MaxCost { limit_micros: 5 };
    let stop = AgentEvent::StopTurn {
        cause: cause.clone(),
    };
    let usage = Usage::default();
    let stopped = [AgentAction::FinishTurn(TurnOutcome::Stopped {
        cause,
        usage,
    })];
    assert_eq!(session.feed(stop.clone()), []);
    // Asking again for the summary would be one more model call.
    assert_eq!(session.model_fails(overloaded()), stopped);
    assert_eq!(session.agent().waiting_input().len(), 1);

    // The summary that comes is kept.
    summary_request(&session.user("go on"));
    session.feed(stop);
    let actions = session.model(says("Summary."));
    compaction(&actions);
    assert_eq!(actions[1..], stopped);
    assert_eq!(session.agent().waiting_input().len(), 2);
}

#[test]
fn where_nothing_helps_the_turn_fails_and_says_what_would() {
    let mut huge = small_context();
    huge.system = Some(long(15_850));
    let mut session = Session::with(huge);
    session.user("Read it.");
    let read = call("c1", "read");
    let actions = run(&mut session, &read, ToolOutput::completed(long(3_000)));
    summary_request(&actions);
    let actions = session.model(says("Summary."));
    let [AgentAction::FinishTurn(TurnOutcome::Failed { error, .. })] = &actions[..] else {
        unreachable!("{actions:?}")
    };
    assert_eq!(error.kind, LlmErrorKind::ContextTooLong);
    insta::assert_snapshot!(format!("{error}\nhint: {}", error.hint.as_ref().unwrap()));
}

#[test]
fn automatic_compaction_can_be_turned_off() {
    let mut manual = small_context();
    manual.compaction.automatic = false;
    let mut session = Session::with(manual);
    session.user("Read it.");
    let read = call("c1", "read");
    let actions = run(&mut session, &read, ToolOutput::completed(long(17_000)));
    assert_eq!(actions, [session.asks()]);
    assert_eq!(
        session.model_fails(too_long()),
        [fails(too_long(), tokens(0))]
    );
    let actions = session.feed(AgentEvent::Compact { instructions: None });
    summary_request(&actions);
}
