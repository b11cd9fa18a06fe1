//! Turns that stop by themselves: limits, a hook's word, and models that go round in circles.

use loom_common_core::limits::NoteThenStop;
use loom_common_core::{
    AgentAction, AgentConfig, AgentEvent, AgentState, Message, StopCause, StopReason, ToolCall,
    ToolOutput, TurnLimits, TurnOutcome, Usage,
};

use super::session::{
    Session, completes, config, overloaded, stores, stores_answer, stores_results,
};
use crate::answer::{answer, call, calling, text, tokens};

const NOT_BEGUN: &str = "The turn was stopped before this call began. It had no effect.";

fn limited(limits: TurnLimits) -> Session {
    let mut session = Session::with(AgentConfig { limits, ..config() });
    session.user("go");
    session
}

fn stop(session: &mut Session, cause: StopCause) -> Vec<AgentAction> {
    session.feed(AgentEvent::StopTurn { cause })
}

fn hook() -> StopCause {
    StopCause::Hook {
        reason: Some("enough".to_owned()),
    }
}

fn is_stopped(cause: StopCause, usage: Usage) -> AgentAction {
    AgentAction::FinishTurn(TurnOutcome::Stopped { cause, usage })
}

/// The model calls tools of these names with these arguments; each ends with its output. Returns
/// what the model reads of each result, and the actions with which the agent goes on.
fn round(
    session: &mut Session,
    calls: &[(&str, &str, ToolOutput)],
) -> (Vec<String>, Vec<AgentAction>) {
    let number = session.conversation().len();
    let made: Vec<ToolCall> = (0..)
        .zip(calls)
        .map(|(place, (name, arguments, _))| ToolCall {
            arguments: (*arguments).to_owned(),
            ..call(&format!("c{number}_{place}"), name)
        })
        .collect();
    let blocks: Vec<_> = made.iter().collect();
    session.model(answer(&calling(&blocks), StopReason::ToolUse));
    for (call, (_, _, output)) in made.iter().zip(calls) {
        session.tool_ends(&call.id, output.clone());
    }
    let results = session.conversation().pop().unwrap();
    let read = results
        .results()
        .map(|result| {
            let output = ToolOutput {
                content: result.content.clone(),
                ..ToolOutput::completed("")
            };
            output.text()
        })
        .collect();
    (read, session.hook_ends())
}

/// Makes the same call until the turn stops, at most 30 times. Returns how often it took, the first
/// time that the model was told, and the cause.
fn repeat(session: &mut Session, name: &str, output: &ToolOutput) -> (u32, u32, Option<StopCause>) {
    let mut told = 0;
    for times in 1..=30 {
        let (read, actions) = round(session, &[(name, "{}", output.clone())]);
        if told == 0 && read[0].contains("[Note: ") {
            told = times;
        }
        if let [AgentAction::FinishTurn(TurnOutcome::Stopped { cause, .. })] = &actions[..] {
            return (times, told, Some(cause.clone()));
        }
    }
    (30, told, None)
}

#[test]
fn a_turn_makes_as_many_model_calls_as_it_may() {
    let mut session = limited(TurnLimits {
        max_model_calls: Some(2),
        ..TurnLimits::default()
    });
    let ok = || ToolOutput::completed("ok");
    // Asking again for what failed is not one more call.
    session.model_fails(overloaded());
    session.waiting_ends();
    let (_, actions) = round(&mut session, &[("read", "1", ok())]);
    assert_eq!(actions, [session.asks()]);
    session.user("hurry");
    let (read, actions) = round(&mut session, &[("read", "2", ok())]);
    assert_eq!(read, ["ok"], "what the model wanted last is still done");
    let cause = StopCause::MaxTurns { limit: 2 };
    assert_eq!(actions, [is_stopped(cause, tokens(2))]);

    // What was said meanwhile goes out with the next word.
    let waiting: Vec<_> = session.agent().waiting_input().to_vec();
    assert_eq!(waiting.len(), 1);
    assert_eq!(
        session.user("go on"),
        [
            AgentAction::BeginTurn,
            stores(Message::user("hurry")),
            stores(Message::user("go on")),
            session.asks(),
            AgentAction::InputChanged,
        ]
    );
}

#[test]
fn a_stop_lets_the_answer_come_and_begins_no_call() {
    let [first, second] = [call("c1", "read"), call("c2", "bash")];
    let mut session = Session::asked();
    assert_eq!(stop(&mut session, hook()), []);
    let unrun = ToolOutput::cancelled(NOT_BEGUN);
    assert_eq!(
        session.model(answer(&calling(&[&first, &second]), StopReason::ToolUse)),
        [
            stores_answer(&calling(&[&first, &second])),
            stores_results(&[(&first, &unrun), (&second, &unrun)]),
            is_stopped(hook(), tokens(1)),
        ]
    );
    assert_eq!(*session.state(), AgentState::WaitingForUserInput);
}

#[test]
fn a_stop_lets_the_running_call_end_and_the_hook_after_it() {
    let [first, second] = [call("c1", "bash"), call("c2", "bash")];
    let mut session = Session::running(&[&first, &second]);
    stop(&mut session, hook());
    // The first cause stays.
    stop(&mut session, StopCause::MaxCost { limit_micros: 1 });
    let done = ToolOutput::completed("done");
    let unrun = ToolOutput::cancelled(NOT_BEGUN);
    assert_eq!(
        session.tool_ends("c1", done.clone()),
        [
            stores_results(&[(&first, &done), (&second, &unrun)]),
            session.runs_hook(&[(&first, &done)]),
        ]
    );
    assert_eq!(session.hook_ends(), [is_stopped(hook(), tokens(1))]);
}

#[test]
fn a_stop_does_not_wait_for_a_retry() {
    let mut session = Session::failed();
    let operation = session.operation();
    assert_eq!(
        stop(&mut session, hook()),
        [
            AgentAction::CancelRetry { operation },
            is_stopped(hook(), tokens(0))
        ]
    );
}

#[test]
fn a_turn_that_is_done_anyway_is_done_and_begins_no_other() {
    let mut session = Session::asked();
    stop(&mut session, hook());
    session.user("one more thing");
    assert_eq!(
        session.model(answer(&[text("Done.")], StopReason::EndTurn)),
        [
            stores_answer(&[text("Done.")]),
            completes(StopReason::EndTurn, tokens(1))
        ]
    );
    assert_eq!(session.agent().waiting_input().len(), 1);

    // Nor does the stop outlive its turn.
    session.user("go on");
    let (_, actions) = round(&mut session, &[("read", "{}", ToolOutput::completed("ok"))]);
    assert_eq!(actions, [session.asks()]);
    // While nothing runs there is nothing to stop.
    session.model(answer(&[text("Done.")], StopReason::EndTurn));
    assert_eq!(stop(&mut session, hook()), []);
    session.user("again");
    assert!(matches!(session.state(), AgentState::CallingLlm { .. }));
}

#[test]
fn the_same_failure_again_and_again_is_a_loop() {
    let mut session = limited(TurnLimits::default());
    let cause = StopCause::Loop {
        tool: "edit".to_owned(),
        times: 5,
    };
    assert_eq!(
        repeat(&mut session, "edit", &ToolOutput::failed("no match")),
        (5, 3, Some(cause))
    );
}

#[test]
fn the_same_success_again_and_again_is_a_loop_unless_the_tool_polls() {
    let same = ToolOutput::completed("nothing new");
    let mut session = limited(TurnLimits::default());
    let cause = StopCause::Loop {
        tool: "search".to_owned(),
        times: 12,
    };
    assert_eq!(repeat(&mut session, "search", &same), (12, 8, Some(cause)));

    let limits = TurnLimits {
        polling_tools: ["search".to_owned()].into(),
        ..TurnLimits::default()
    };
    let mut session = limited(limits.clone());
    assert_eq!(repeat(&mut session, "search", &same), (30, 0, None));
    // A poll that fails is a failure like any other.
    let mut session = limited(limits);
    let (times, told, _) = repeat(&mut session, "search", &ToolOutput::denied("no"));
    assert_eq!((times, told), (5, 3));
}

#[test]
fn a_failure_is_the_same_whatever_its_numbers_say() {
    let mut session = limited(TurnLimits::default());
    for time in ["0.35", "0.4", "12.01"] {
        let output = ToolOutput::failed(format!("exit code 1 after {time} s"));
        let (read, _) = round(&mut session, &[("bash", "{}", output)]);
        let told = read[0].contains("[Note: this call has failed in the same way 3 times.");
        assert_eq!(told, time == "12.01", "{read:?}");
    }
}

#[test]
fn what_changes_something_or_a_word_of_the_person_begins_the_count_anew() {
    let fails = || ToolOutput::failed("no match");
    let notes = |reads: &[String]| reads.iter().filter(|read| read.contains("[Note")).count();
    let mut session = limited(TurnLimits::default());
    for _ in 0..4 {
        let (read, _) = round(
            &mut session,
            &[
                ("edit", "{}", fails()),
                ("edit", "{\"other\":1}", ToolOutput::completed("changed")),
            ],
        );
        assert_eq!(notes(&read), 0);
    }
    // A look around changes nothing.
    let mut session = limited(TurnLimits::default());
    let mut told = 0;
    for number in 0..3 {
        let seen = ToolOutput::completed(format!("line {number}"));
        let (read, _) = round(
            &mut session,
            &[("edit", "{}", fails()), ("read", "{}", seen)],
        );
        told += notes(&read);
    }
    assert_eq!(told, 1);
    session.user("try harder");
    // Goes out with the model call after this one.
    round(&mut session, &[("read", "{}", ToolOutput::completed("x"))]);
    let (read, _) = round(&mut session, &[("edit", "{}", fails())]);
    assert_eq!(notes(&read), 0);
}

#[test]
fn too_many_failures_in_a_row_use_the_budget_up() {
    let mut session = limited(TurnLimits {
        failures_in_a_row: NoteThenStop {
            note_at: 3,
            stop_at: 5,
        },
        ..TurnLimits::default()
    });
    let mut fail = |number: u32| {
        let output = ToolOutput::failed("x".repeat(number as usize));
        let arguments = number.to_string();
        let (read, actions) = round(&mut session, &[("bash", &arguments, output)]);
        (read[0].contains("[Note: the last"), actions)
    };
    assert!(!fail(1).0);
    assert!(!fail(2).0);
    assert!(fail(3).0);
    assert!(fail(4).0);
    let cause = StopCause::FailureBudget { failures: 5 };
    assert_eq!(fail(5).1, [is_stopped(cause, tokens(5))]);
}

#[test]
fn one_success_gives_the_budget_back() {
    let mut session = limited(TurnLimits {
        failures_in_a_row: NoteThenStop {
            note_at: 2,
            stop_at: 3,
        },
        ..TurnLimits::default()
    });
    for number in 0..6 {
        let arguments = number.to_string();
        let output = match number % 2 {
            0 => ToolOutput::failed(format!("no {arguments}")),
            _ => ToolOutput::completed("ok"),
        };
        let (read, _) = round(&mut session, &[("read", &arguments, output)]);
        assert!(!read[0].contains("[Note"), "{read:?}");
    }
}

#[test]
fn each_cause_says_what_happened_and_what_to_do() {
    use loom_common_core::stream::StreamError;
    let causes = [
        StopCause::MaxTurns { limit: 3 },
        StopCause::MaxCost {
            limit_micros: 2_500_000,
        },
        hook(),
        StopCause::Hook { reason: None },
        StopCause::Loop {
            tool: "edit_file".to_owned(),
            times: 5,
        },
        StopCause::FailureBudget { failures: 20 },
    ];
    let shown: Vec<StreamError> = causes.iter().map(StreamError::from).collect();
    insta::assert_json_snapshot!(shown);
}
