//! The hook ahead of a compaction: what it adds, and what becomes of a turn when it blocks.

use super::*;

/// A session like [`full`], in which the hook runs.
fn hooked() -> (Session, Vec<AgentAction>) {
    full_when(|session| session.is_hooked = true)
}

fn go_ahead(instructions: &str) -> CompactionVerdict {
    CompactionVerdict::GoAhead {
        instructions: Some(instructions.to_owned()),
    }
}

fn block() -> CompactionVerdict {
    CompactionVerdict::Block {
        reason: "not now".to_owned(),
    }
}

fn runs_hook(
    session: &Session,
    trigger: CompactionTrigger,
    instructions: Option<&str>,
) -> AgentAction {
    AgentAction::RunPreCompactHook {
        operation: session.operation(),
        trigger,
        instructions: instructions.map(str::to_owned),
    }
}

#[test]
fn what_the_hook_adds_goes_with_each_try_at_the_summary() {
    let mut session = Session::about_to_compact();
    session.cancel();
    let wish = Some("the numbers".to_owned());
    let actions = session.feed(AgentEvent::Compact { instructions: wish });
    let trigger = CompactionTrigger::Person;
    let hook = runs_hook(&session, trigger, Some("the numbers"));
    assert_eq!(actions, [AgentAction::BeginTurn, hook]);

    let actions = session.verdict(go_ahead("and the names"));
    let asked = summary_request(&actions).messages.last().unwrap().text();
    assert!(asked.ends_with("the numbers\n\nand the names"), "{asked}");
    session.model_fails(overloaded());
    let again = session.waiting_ends();
    assert_eq!(
        summary_request(&again).messages.last().unwrap().text(),
        asked
    );
}

#[test]
fn a_turn_goes_on_when_the_hook_blocks_and_the_next_model_call_asks_it_again() {
    let (mut session, actions) = hooked();
    let trigger = CompactionTrigger::Threshold;
    assert_eq!(actions, [runs_hook(&session, trigger, None)]);
    let actions = session.verdict(block());
    let blocked = AgentAction::CompactionBlocked {
        reason: "not now".to_owned(),
    };
    assert_eq!(actions, [blocked, session.asks()]);

    let next = call("c5", "read");
    let actions = run(&mut session, &next, ToolOutput::completed("ok"));
    assert_eq!(actions, [runs_hook(&session, trigger, None)]);
    summary_request(&session.verdict(go_ahead("")));
    compaction(&session.model(says("Summary.")));
}

#[test]
fn a_turn_fails_with_the_reason_only_where_nothing_more_fits() {
    let (mut session, _) = hooked();
    session.verdict(block());
    let actions = session.model_fails(too_long());
    let trigger = CompactionTrigger::ContextExceeded;
    assert_eq!(actions, [runs_hook(&session, trigger, None)]);
    let before = session.conversation();
    let actions = session.verdict(block());
    let [AgentAction::FinishTurn(TurnOutcome::Failed { error, .. })] = &actions[..] else {
        unreachable!("{actions:?}")
    };
    assert_eq!(error.kind, LlmErrorKind::ContextTooLong);
    assert!(error.message.ends_with("not now"), "{error:?}");
    assert_eq!(session.conversation(), before);
}

#[test]
fn a_compaction_by_hand_that_is_blocked_ends_its_turn_and_what_was_said_meanwhile_goes_out() {
    let mut session = Session::about_to_compact();
    session.user("And then?");
    let actions = session.verdict(block());
    let blocked = TurnOutcome::CompactionBlocked {
        reason: "not now".to_owned(),
        usage: Usage::default(),
    };
    assert_eq!(
        actions,
        [
            AgentAction::FinishTurn(blocked),
            AgentAction::BeginTurn,
            stores(Message::user("And then?")),
            session.asks(),
            AgentAction::InputChanged,
        ]
    );
}

#[test]
fn the_hook_is_stopped_with_the_turn() {
    let mut session = Session::about_to_compact();
    let operation = session.operation();
    assert_eq!(
        session.cancel(),
        [
            AgentAction::CancelPreCompactHook { operation },
            is_cancelled(tokens(0))
        ]
    );
    let verdict = go_ahead("too late");
    let late = AgentEvent::PreCompactHookCompleted { operation, verdict };
    assert_eq!(session.feed(late), []);
}

#[test]
fn a_turn_that_is_to_stop_stops_before_a_summary_is_paid_for() {
    let mut session = Session::about_to_compact();
    let cause = StopCause::Hook {
        reason: Some("enough".to_owned()),
    };
    session.feed(AgentEvent::StopTurn {
        cause: cause.clone(),
    });
    let usage = Usage::default();
    let stopped = TurnOutcome::Stopped { cause, usage };
    assert_eq!(
        session.verdict(go_ahead("")),
        [AgentAction::FinishTurn(stopped)]
    );
}
