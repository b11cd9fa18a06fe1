//! Tool calls: who runs beside whom, and how the results come back.

use loom_common_core::{
    AgentAction, AgentEvent, ContentBlock, LlmEvent, StopReason, ToolCall, ToolOutput,
    ToolResultContent, ToolStatus,
};

use super::session::{Session, completes, stores_answer, stores_results};
use crate::answer::{answer, block_events, call, calling, text, tokens};

/// Reports that a call ended well, with an output that tells it from every other call.
fn end(session: &mut Session, call: &ToolCall) -> Vec<AgentAction> {
    session.tool_ends(&call.id, output(call))
}

fn output(call: &ToolCall) -> ToolOutput {
    ToolOutput::completed(format!("output of {}", call.id))
}

#[test]
fn a_tool_call_makes_a_round_trip() {
    let mut session = Session::asked();
    let read = call("c1", "read");
    let mut blocks = vec![text("Let me look.")];
    blocks.extend(calling(&[&read]));
    assert_eq!(
        session.model(answer(&blocks, StopReason::ToolUse)),
        [stores_answer(&blocks), session.executes(&[&read])]
    );

    let contents = ToolOutput::completed("the contents");
    assert_eq!(
        session.tool_ends("c1", contents.clone()),
        [
            stores_results(&[(&read, &contents)]),
            session.runs_hook(&[(&read, &contents)])
        ]
    );
    assert_eq!(session.hook_ends(), [session.asks()]);
    assert_eq!(
        session.model(answer(&[text("It says so.")], StopReason::EndTurn)),
        [
            stores_answer(&[text("It says so.")]),
            completes(StopReason::EndTurn, tokens(2))
        ]
    );
}

#[test]
fn calls_that_read_run_side_by_side() {
    let calls = [
        &call("r1", "read"),
        &call("r2", "search"),
        &call("r3", "read"),
    ];
    let mut session = Session::asked();
    assert_eq!(
        session.model(answer(&calling(&calls), StopReason::ToolUse)),
        [stores_answer(&calling(&calls)), session.executes(&calls)]
    );
}

#[test]
fn results_keep_the_models_order_whatever_ends_first() {
    let [a, b, c] = [call("a", "read"), call("b", "read"), call("c", "read")];
    for order in [
        [&a, &b, &c],
        [&a, &c, &b],
        [&b, &a, &c],
        [&b, &c, &a],
        [&c, &a, &b],
        [&c, &b, &a],
    ] {
        let mut session = Session::running(&[&a, &b, &c]);
        let [first, second, last] = order;
        assert_eq!(end(&mut session, first), []);
        assert_eq!(end(&mut session, second), []);
        let outputs = [output(&a), output(&b), output(&c)];
        let done = [(&a, &outputs[0]), (&b, &outputs[1]), (&c, &outputs[2])];
        assert_eq!(
            end(&mut session, last),
            [stores_results(&done), session.runs_hook(&done)]
        );
    }
}

#[test]
fn calls_that_change_something_run_alone_and_in_order() {
    let [first, second, third] = [call("w1", "edit"), call("x2", "bash"), call("w3", "edit")];
    let mut session = Session::asked();
    let all = [&first, &second, &third];
    assert_eq!(
        session.model(answer(&calling(&all), StopReason::ToolUse)),
        [stores_answer(&calling(&all)), session.executes(&[&first])]
    );
    assert_eq!(end(&mut session, &first), [session.executes(&[&second])]);
    assert_eq!(end(&mut session, &second), [session.executes(&[&third])]);
    let outputs = [output(&first), output(&second), output(&third)];
    let done = [
        (&first, &outputs[0]),
        (&second, &outputs[1]),
        (&third, &outputs[2]),
    ];
    assert_eq!(
        end(&mut session, &third),
        [stores_results(&done), session.runs_hook(&done)]
    );
}

#[test]
fn a_change_waits_for_the_reads_before_it_and_the_reads_behind_wait_for_it() {
    let [r1, r2] = [call("r1", "read"), call("r2", "search")];
    let edit = call("w3", "edit");
    let [r4, r5] = [call("r4", "read"), call("r5", "read")];
    let all = [&r1, &r2, &edit, &r4, &r5];
    let mut session = Session::asked();
    assert_eq!(
        session.model(answer(&calling(&all), StopReason::ToolUse)),
        [stores_answer(&calling(&all)), session.executes(&[&r1, &r2])]
    );
    assert_eq!(end(&mut session, &r2), []);
    assert_eq!(end(&mut session, &r1), [session.executes(&[&edit])]);
    assert_eq!(end(&mut session, &edit), [session.executes(&[&r4, &r5])]);
    assert_eq!(end(&mut session, &r5), []);
    let outputs = all.map(output);
    let done: Vec<_> = all.into_iter().zip(&outputs).collect();
    assert_eq!(
        end(&mut session, &r4),
        [stores_results(&done), session.runs_hook(&done)]
    );
}

#[test]
fn an_unknown_tool_runs_alone() {
    let [read, unknown, after] = [
        call("c1", "read"),
        call("c2", "teleport"),
        call("c3", "read"),
    ];
    let mut session = Session::running(&[&read, &unknown, &after]);
    assert_eq!(end(&mut session, &read), [session.executes(&[&unknown])]);
    let failure = ToolOutput::failed("there is no tool named teleport");
    assert_eq!(
        session.tool_ends(&unknown.id, failure.clone()),
        [session.executes(&[&after])]
    );
    let outputs = [output(&read), output(&after)];
    let done = [
        (&read, &outputs[0]),
        (&unknown, &failure),
        (&after, &outputs[1]),
    ];
    assert_eq!(
        end(&mut session, &after),
        [stores_results(&done), session.runs_hook(&done)]
    );
}

#[test]
fn calls_run_whatever_the_reason_to_stop_unless_it_is_a_refusal() {
    for reason in [
        StopReason::EndTurn,
        StopReason::MaxTokens,
        StopReason::StopSequence,
        StopReason::PauseTurn,
        StopReason::ContextExceeded,
        StopReason::Other("function_call".to_owned()),
    ] {
        let calls = [&call("c1", "read")];
        let mut session = Session::asked();
        assert_eq!(
            session.model(answer(&calling(&calls), reason)),
            [stores_answer(&calling(&calls)), session.executes(&calls)]
        );
    }
}

#[test]
fn arguments_that_do_not_parse_go_to_the_tool_as_they_are() {
    let broken = ToolCall {
        arguments: r#"{"file_path": "src/li"#.to_owned(),
        ..call("c1", "read")
    };
    let mut session = Session::asked();
    assert_eq!(
        session.model(answer(&calling(&[&broken]), StopReason::MaxTokens)),
        [
            stores_answer(&calling(&[&broken])),
            session.executes(&[&broken])
        ]
    );
}

#[test]
fn a_result_says_whether_the_call_failed_and_keeps_every_part() {
    for (status, is_error) in [
        (ToolStatus::Completed, false),
        (ToolStatus::Failed, true),
        (ToolStatus::Denied, true),
        (ToolStatus::Cancelled, true),
    ] {
        let bash = call("c1", "bash");
        let mut session = Session::running(&[&bash]);
        let output = ToolOutput {
            status,
            content: vec![
                ToolResultContent::text("one"),
                ToolResultContent::text("two"),
            ],
            changes: Vec::new(),
        };
        assert_eq!(
            session.tool_ends("c1", output.clone()),
            [
                stores_results(&[(&bash, &output)]),
                session.runs_hook(&[(&bash, &output)])
            ]
        );
        let last = session.conversation().pop().unwrap();
        let result = last.results().next().unwrap();
        assert_eq!(
            (result.is_error, &result.content),
            (is_error, &output.content)
        );
    }
}

#[test]
fn calls_are_taken_in_the_order_of_their_blocks_whatever_stands_between() {
    let [first, second] = [call("c1", "read"), call("c2", "read")];
    let mut events = Vec::new();
    events.extend(block_events(7, &ContentBlock::ToolUse(first.clone())));
    events.extend(block_events(3, &text("and")));
    events.extend(block_events(0, &ContentBlock::ToolUse(second.clone())));
    let stop_reason = StopReason::ToolUse;
    events.push(LlmEvent::Finished { stop_reason });
    let mut session = Session::asked();
    let blocks = [
        ContentBlock::ToolUse(first.clone()),
        text("and"),
        ContentBlock::ToolUse(second.clone()),
    ];
    assert_eq!(
        session.model(events),
        [stores_answer(&blocks), session.executes(&[&first, &second])]
    );
}

#[test]
fn a_call_counts_once_however_often_its_end_is_reported() {
    let [a, b] = [call("a", "read"), call("b", "read")];
    let mut session = Session::running(&[&a, &b]);
    assert_eq!(end(&mut session, &a), []);
    let other = ToolOutput::failed("a second report");
    assert_eq!(session.tool_ends(&a.id, other), []);
    let outputs = [output(&a), output(&b)];
    let done = [(&a, &outputs[0]), (&b, &outputs[1])];
    assert_eq!(
        end(&mut session, &b),
        [stores_results(&done), session.runs_hook(&done)]
    );
}

#[test]
fn a_report_of_a_call_that_does_not_run_is_dropped() {
    let [edit, read] = [call("w", "edit"), call("r", "read")];
    let mut session = Session::running(&[&edit, &read]);
    let before = session.agent().clone();
    assert_eq!(end(&mut session, &read), []);
    assert_eq!(end(&mut session, &call("unheard of", "read")), []);
    assert_eq!(*session.agent(), before);
}

#[test]
fn progress_changes_nothing() {
    let bash = call("c1", "bash");
    let mut session = Session::running(&[&bash]);
    let before = session.agent().clone();
    let operation = session.operation();
    let progress = AgentEvent::ToolProgress {
        operation,
        call_id: bash.id,
        output: "line 1\n".to_owned(),
    };
    assert_eq!(session.feed(progress), []);
    assert_eq!(*session.agent(), before);
}
