//! How full the context is: counted by the provider, estimated since.

use loom_common_core::{
    AgentConfig, AgentEvent, CompactionPolicy, ContentBlock, ContextMeter, ImageData, LlmEvent,
    Message, Role, StopReason, ToolOutput, Usage,
};
use proptest::prelude::*;

use super::session::{Session, config, key_refused};
use crate::answer::{beginning, call, calling, text};

/// The events of an answer to a prompt of so many tokens, with three tokens of its own.
fn counted(blocks: &[ContentBlock], prompt: u64) -> Vec<LlmEvent> {
    let mut events = beginning(blocks);
    events.push(LlmEvent::Usage {
        usage: Usage {
            input_tokens: prompt / 2,
            output_tokens: 3,
            cache_read_tokens: prompt - prompt / 2,
            cache_write_tokens: 0,
        },
    });
    let stop_reason = StopReason::EndTurn;
    events.push(LlmEvent::Finished { stop_reason });
    events
}

fn exact(used: u64) -> ContextMeter {
    ContextMeter {
        used,
        window: None,
        exact: true,
    }
}

#[test]
fn what_the_provider_counts_is_what_the_meter_shows() {
    let mut session = Session::asked();
    assert!(!session.agent().context().exact);
    session.model(counted(&[text("Hello.")], 1_000));
    assert_eq!(session.agent().context(), exact(1_003));

    // A provider that does not count takes nothing back.
    session.user("more");
    let before = session.agent().context();
    session.model(counted(&[text("Hello.")], 0));
    let after = session.agent().context();
    assert!(after.used > before.used && !after.exact, "{after:?}");
}

#[test]
fn what_came_since_is_estimated_by_what_the_last_count_came_to() {
    let mut session = Session::new();
    session.user(&"word ".repeat(2_000));
    let bash = call("c1", "bash");
    // Half a token for each byte.
    session.model(counted(&calling(&[&bash]), 5_200));
    session.tool_ends("c1", ToolOutput::completed("x".repeat(4_000)));
    let ContextMeter { used, exact, .. } = session.agent().context();
    assert!(!exact);
    let since = used - 5_203;
    assert!((1_900..=2_100).contains(&since), "{since}");
}

#[test]
fn a_picture_counts_as_a_picture_and_not_as_its_bytes() {
    let mut session = Session::new();
    let picture = ContentBlock::Image(ImageData {
        media_type: "image/png".to_owned(),
        data: "A".repeat(1_000_000),
    });
    session.feed(AgentEvent::UserInput(Message {
        role: Role::User,
        content: vec![picture],
    }));
    let used = session.agent().context().used;
    assert!((1_600..2_500).contains(&used), "{used}");
}

#[test]
fn another_model_and_other_tools_make_the_count_an_estimate() {
    let mut session = Session::asked();
    session.model(counted(&[text("Hello.")], 1_000));
    let mut other = AgentConfig {
        model: "model-2".to_owned(),
        compaction: CompactionPolicy {
            context_window: Some(200_000),
            ..CompactionPolicy::default()
        },
        ..config()
    };
    session.feed(AgentEvent::Configure(Box::new(other.clone())));
    assert_eq!(
        session.agent().context(),
        ContextMeter {
            used: 1_003,
            window: Some(200_000),
            exact: false
        }
    );
    other.system = Some("Be brief.".repeat(1_000));
    session.feed(AgentEvent::Configure(Box::new(other)));
    let with_more = session.agent().context().used;
    assert!(with_more > 2_000, "{with_more}");
    session.user("and now?");
    session.model(counted(&[text("Now.")], 3_000));
    assert_eq!(session.agent().context().used, 3_003);
    assert!(session.agent().context().exact);
}

#[test]
fn a_count_holds_for_its_own_conversation_alone() {
    let mut session = Session::asked();
    session.model(counted(&[text("Hello.")], 100));
    session.feed(AgentEvent::Rewind { to: 1 });
    session.user("more");
    session.model(counted(&[text(&"much ".repeat(1_000))], 9_000));
    assert_eq!(session.agent().context(), exact(9_003));
    // As many messages as were counted last, but others.
    session.user("and more");
    session.model_fails(key_refused());
    session.feed(AgentEvent::Rewind { to: 2 });
    session.user("again");
    let ContextMeter { used, exact, .. } = session.agent().context();
    assert!(used < 1_000 && !exact, "{used}");

    let mut session = Session::new();
    session.user("Tell me all.");
    session.model(counted(&[text(&"much ".repeat(4_000))], 6_000));
    session.feed(AgentEvent::Compact { instructions: None });
    session.model(counted(&[text("Summary.")], 6_100));
    assert_eq!(session.conversation().len(), 2);
    let ContextMeter { used, exact, .. } = session.agent().context();
    assert!(used < 1_000 && !exact, "{used}");
}

#[test]
fn the_limit_keeps_room_for_the_answer() {
    let limit = |window, percent, max_tokens| {
        CompactionPolicy {
            context_window: window,
            threshold_percent: percent,
            automatic: true,
        }
        .limit(max_tokens)
    };
    assert_eq!(limit(None, 85, Some(1)), None);
    assert_eq!(limit(Some(200_000), 85, None), Some(170_000));
    assert_eq!(limit(Some(200_000), 85, Some(8_000)), Some(170_000));
    assert_eq!(limit(Some(200_000), 85, Some(64_000)), Some(136_000));
    // An answer that may take all of it is not meant to.
    assert_eq!(limit(Some(8_000), 85, Some(8_000)), Some(4_000));
    assert_eq!(limit(Some(8_000), 255, None), Some(8_000));
    assert_eq!(limit(Some(u64::MAX), 85, None), Some(u64::MAX / 100));
}

proptest! {
    #[test]
    fn no_count_and_no_text_breaks_the_meter(
        said in prop::collection::vec("\\PC{0,40}", 1..6),
        counts in prop::collection::vec(
            prop_oneof![any::<u64>(), 0_u64..5_000, Just(u64::MAX)],
            1..6,
        ),
    ) {
        let mut session = Session::new();
        for (said, count) in said.iter().zip(&counts) {
            session.user(said);
            let before = session.agent().context();
            session.model(counted(&[text("Hello.")], *count));
            let after = session.agent().context();
            if *count > 0 {
                prop_assert_eq!(after, exact(count.saturating_add(3)));
            } else {
                prop_assert!(after.used >= before.used);
            }
        }
    }
}
