//! How the events of a stream become an answer.

use loom_common_core::{
    BlockKind, ContentBlock, LlmError, LlmErrorKind, LlmEvent, LlmResponse, Message,
    ResponseBuilder, StopReason, Usage,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;

use crate::answer::{answer, beginning, call, extra, text, tokens};
use crate::strategies;

fn build(events: &[LlmEvent]) -> Result<LlmResponse, LlmError> {
    let mut builder = ResponseBuilder::default();
    for event in events {
        builder.apply(event.clone())?;
    }
    builder.finish()
}

fn malformed(what: &str) -> LlmError {
    LlmError::new(
        LlmErrorKind::MalformedResponse,
        format!("the model's answer breaks the protocol: {what}"),
    )
}

/// One block of each kind, by its index.
fn blocks() -> [ContentBlock; 4] {
    [
        text("text"),
        ContentBlock::Thinking {
            thinking: "thought".to_owned(),
            signature: None,
        },
        ContentBlock::ToolUse(call("c1", "read")),
        ContentBlock::Opaque {
            provider: "anthropic".to_owned(),
            json: "{}".to_owned(),
        },
    ]
}

const NO_BLOCK: u32 = 4;

/// An event of each kind that names a block that has begun before.
fn events_for(index: u32) -> [LlmEvent; 6] {
    let more = || "+".to_owned();
    [
        LlmEvent::TextDelta {
            index,
            text: more(),
        },
        LlmEvent::ThinkingDelta {
            index,
            thinking: more(),
        },
        LlmEvent::SignatureDelta {
            index,
            signature: more(),
        },
        LlmEvent::ArgumentsDelta {
            index,
            json: more(),
        },
        LlmEvent::ExtraFields {
            index,
            fields: extra(&json!({ "more": 1 })),
        },
        LlmEvent::BlockStopped { index },
    ]
}

#[test]
fn a_whole_answer_has_all_that_was_sent() {
    let blocks = blocks();
    assert_eq!(
        build(&answer(&blocks, StopReason::ToolUse)),
        Ok(LlmResponse {
            id: Some("msg_1".to_owned()),
            model: Some("model-1-2026".to_owned()),
            message: Message::assistant(blocks.to_vec()),
            stop_reason: StopReason::ToolUse,
            usage: tokens(1),
        })
    );
}

#[test]
fn an_answer_of_nothing_but_its_end_is_empty() {
    let stop_reason = StopReason::EndTurn;
    assert_eq!(
        build(&[LlmEvent::Ping, LlmEvent::Finished { stop_reason }]),
        Ok(LlmResponse {
            id: None,
            model: None,
            message: Message::assistant(Vec::new()),
            stop_reason: StopReason::EndTurn,
            usage: Usage::default(),
        })
    );
}

#[test]
fn an_answer_without_its_end_was_cut() {
    let cut = LlmError::new(
        LlmErrorKind::StreamInterrupted,
        "the model's answer ended before it was whole",
    );
    assert_eq!(build(&[]), Err(cut.clone()));
    assert_eq!(build(&beginning(&blocks())), Err(cut));
}

#[test]
fn it_is_known_when_the_answer_is_whole_and_what_it_has_cost_so_far() {
    let mut builder = ResponseBuilder::default();
    assert_eq!(
        (builder.is_finished(), builder.usage()),
        (false, Usage::default())
    );
    let usage = |answers| LlmEvent::Usage {
        usage: tokens(answers),
    };
    builder.apply(usage(2)).unwrap();
    builder.apply(usage(3)).unwrap();
    assert_eq!((builder.is_finished(), builder.usage()), (false, tokens(3)));
    let stop_reason = StopReason::EndTurn;
    builder.apply(LlmEvent::Finished { stop_reason }).unwrap();
    assert_eq!((builder.is_finished(), builder.usage()), (true, tokens(3)));
}

#[test]
fn tokens_are_added_up_and_never_overflow() {
    let mut sum = tokens(2);
    sum += tokens(3);
    assert_eq!(sum, tokens(5));
    let most = Usage {
        input_tokens: u64::MAX,
        output_tokens: u64::MAX,
        cache_read_tokens: u64::MAX,
        cache_write_tokens: u64::MAX,
    };
    sum += most;
    assert_eq!(sum, most);
}

/// What becomes of the answer when one more event comes after [`blocks`].
fn after_one_more(event: LlmEvent) -> Result<Vec<ContentBlock>, LlmError> {
    let mut events = beginning(&blocks());
    events.push(event);
    let stop_reason = StopReason::EndTurn;
    events.push(LlmEvent::Finished { stop_reason });
    Ok(build(&events)?.message.content)
}

#[test]
fn each_event_for_a_block_fits_some_kinds_of_blocks_and_no_other() {
    // In the order of `events_for`, and for each in the order of `blocks`.
    let fits = [
        [true, false, false, false],
        [false, true, false, false],
        [false, true, false, false],
        [false, false, true, false],
        [true, false, true, false],
        [true, true, true, true],
    ];
    let complaints = [
        "text for a block that is not text",
        "a thought for a block that is not one",
        "a signature for a block that is not a thought",
        "arguments for a block that is not a tool call",
        "fields for a block that takes none",
        "",
    ];
    for (kind, complaint) in complaints.into_iter().enumerate() {
        for index in 0..4 {
            let event = events_for(index)[kind].clone();
            let outcome = after_one_more(event.clone());
            if fits[kind][index as usize] {
                assert!(outcome.is_ok(), "{event:?}: {outcome:?}");
            } else {
                assert_eq!(outcome, Err(malformed(complaint)), "{event:?}");
            }
        }
    }
}

#[test]
fn each_event_for_a_block_changes_that_block_alone() {
    let changed = |index: u32, block: ContentBlock| {
        let mut blocks = blocks();
        blocks[index as usize] = block;
        Ok(blocks.to_vec())
    };
    let [text_delta, ..] = events_for(0);
    assert_eq!(after_one_more(text_delta), changed(0, text("text+")));

    let [_, thinking_delta, signature_delta, ..] = events_for(1);
    let thought = |thinking: &str, signature: Option<&str>| ContentBlock::Thinking {
        thinking: thinking.to_owned(),
        signature: signature.map(str::to_owned),
    };
    assert_eq!(
        after_one_more(thinking_delta),
        changed(1, thought("thought+", None))
    );
    assert_eq!(
        after_one_more(signature_delta),
        changed(1, thought("thought", Some("+")))
    );

    let [.., arguments_delta, extra_fields, _] = events_for(2);
    let mut longer = call("c1", "read");
    longer.arguments.push('+');
    assert_eq!(
        after_one_more(arguments_delta),
        changed(2, ContentBlock::ToolUse(longer))
    );
    let mut richer = call("c1", "read");
    richer.extra = extra(&json!({ "more": 1 }));
    assert_eq!(
        after_one_more(extra_fields),
        changed(2, ContentBlock::ToolUse(richer))
    );
    assert_eq!(
        after_one_more(LlmEvent::ExtraFields {
            index: 0,
            fields: extra(&json!({ "more": 1 })),
        }),
        changed(
            0,
            ContentBlock::Text {
                text: "text".to_owned(),
                extra: extra(&json!({ "more": 1 })),
            }
        )
    );
    for index in 0..4 {
        let [.., stopped] = events_for(index);
        assert_eq!(after_one_more(stopped), Ok(blocks().to_vec()));
    }
}

#[test]
fn an_event_for_a_block_that_has_not_begun_breaks_the_protocol() {
    for event in events_for(NO_BLOCK) {
        assert_eq!(
            after_one_more(event),
            Err(malformed("an event for a block that has not begun"))
        );
    }
}

#[test]
fn an_index_names_one_block() {
    for index in 0..4 {
        for event in [
            LlmEvent::BlockStarted {
                index,
                block: BlockKind::Text,
            },
            LlmEvent::OpaqueBlock {
                index,
                provider: "anthropic".to_owned(),
                json: "{}".to_owned(),
            },
        ] {
            assert_eq!(
                after_one_more(event),
                Err(malformed("two blocks of the same index"))
            );
        }
    }
}

#[test]
fn after_the_end_only_a_ping_may_come() {
    let mut events = vec![
        LlmEvent::Started {
            id: None,
            model: None,
        },
        LlmEvent::BlockStarted {
            index: NO_BLOCK,
            block: BlockKind::Text,
        },
        LlmEvent::OpaqueBlock {
            index: NO_BLOCK,
            provider: "anthropic".to_owned(),
            json: "{}".to_owned(),
        },
        LlmEvent::Usage { usage: tokens(1) },
        LlmEvent::Finished {
            stop_reason: StopReason::EndTurn,
        },
    ];
    events.extend((0..4).flat_map(events_for));
    for event in events {
        let mut builder = ResponseBuilder::default();
        for event in answer(&blocks(), StopReason::EndTurn) {
            builder.apply(event).unwrap();
        }
        let before = builder.clone();
        assert_eq!(
            builder.apply(event),
            Err(malformed("an event after the end of the answer"))
        );
        assert_eq!(builder.apply(LlmEvent::Ping), Ok(()));
        assert_eq!(builder, before);
    }
}

#[test]
fn blocks_may_grow_in_turns_and_keep_the_order_in_which_they_began() {
    let start = |index| LlmEvent::BlockStarted {
        index,
        block: BlockKind::Text,
    };
    let delta = |index, text: &str| LlmEvent::TextDelta {
        index,
        text: text.to_owned(),
    };
    let stop_reason = StopReason::EndTurn;
    let response = build(&[
        start(5),
        delta(5, "a"),
        start(2),
        delta(2, "x"),
        delta(5, "b"),
        delta(2, "y"),
        LlmEvent::BlockStopped { index: 5 },
        LlmEvent::BlockStopped { index: 2 },
        LlmEvent::Finished { stop_reason },
    ])
    .unwrap();
    assert_eq!(response.message.content, [text("ab"), text("xy")]);
}

#[test]
fn later_fields_replace_earlier_ones_of_the_same_name() {
    let more = |fields| LlmEvent::ExtraFields {
        index: 0,
        fields: extra(&fields),
    };
    let mut events = beginning(&[text("cited")]);
    events.push(more(json!({ "a": 1, "b": [1] })));
    events.push(more(json!({ "b": [1, 2], "c": 3 })));
    let stop_reason = StopReason::EndTurn;
    events.push(LlmEvent::Finished { stop_reason });
    assert_eq!(
        build(&events).unwrap().message.content,
        [ContentBlock::Text {
            text: "cited".to_owned(),
            extra: extra(&json!({ "a": 1, "b": [1, 2], "c": 3 })),
        }]
    );
}

#[test]
fn of_a_cut_answer_only_the_text_can_be_had() {
    let partial = |events: Vec<LlmEvent>| {
        let mut builder = ResponseBuilder::default();
        for event in events {
            builder.apply(event).unwrap();
        }
        builder.into_partial_text()
    };
    assert_eq!(partial(Vec::new()), "");
    assert_eq!(partial(beginning(&blocks())), "text");
    assert_eq!(partial(beginning(&[text("one "), text("two")])), "one two");
}

/// Cuts the text of each delta in two at `at`, or leaves the event as it is.
fn split(event: &LlmEvent, at: Index) -> Vec<LlmEvent> {
    let halves = |whole: &str| {
        let cut = (0..=whole.len())
            .filter(|position| whole.is_char_boundary(*position))
            .collect::<Vec<_>>();
        let (head, tail) = whole.split_at(*at.get(&cut));
        [head.to_owned(), tail.to_owned()]
    };
    match event.clone() {
        LlmEvent::TextDelta { index, text } => halves(&text)
            .map(|text| LlmEvent::TextDelta { index, text })
            .to_vec(),
        LlmEvent::ThinkingDelta { index, thinking } => halves(&thinking)
            .map(|thinking| LlmEvent::ThinkingDelta { index, thinking })
            .to_vec(),
        LlmEvent::SignatureDelta { index, signature } => halves(&signature)
            .map(|signature| LlmEvent::SignatureDelta { index, signature })
            .to_vec(),
        LlmEvent::ArgumentsDelta { index, json } => halves(&json)
            .map(|json| LlmEvent::ArgumentsDelta { index, json })
            .to_vec(),
        other => vec![other],
    }
}

proptest! {
    #[test]
    fn an_answer_is_the_same_however_its_deltas_are_cut(
        blocks in vec(strategies::model_block(), 0..5),
        cuts in vec(any::<Index>(), 1..8),
    ) {
        let whole = answer(&blocks, StopReason::EndTurn);
        let pieces: Vec<_> = cuts.iter().fold(whole.clone(), |events, cut| {
            events.iter().flat_map(|event| split(event, *cut)).collect()
        });
        prop_assert_eq!(build(&pieces), build(&whole));
    }

    #[test]
    fn an_answer_has_the_blocks_that_were_sent_but_those_that_say_nothing(
        blocks in vec(strategies::model_block(), 0..5),
    ) {
        let response = build(&answer(&blocks, StopReason::EndTurn)).unwrap();
        let sent: Vec<_> = blocks
            .into_iter()
            .filter(|block| match block {
                ContentBlock::Text { text, .. } => !text.trim().is_empty(),
                ContentBlock::Thinking { thinking, signature } => {
                    !thinking.is_empty() || signature.is_some()
                }
                _ => true,
            })
            .collect();
        prop_assert_eq!(response.message.content, sent);
    }
}
