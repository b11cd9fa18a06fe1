//! What is loaded equals what was stored, whatever it is.

use std::sync::Arc;

use loom_common_core::compaction::{Carried, CutWords, TouchedFile};
use loom_common_core::{
    Compaction, CompactionTrigger, ContentBlock, Entry, Extra, ImageData, LlmError, LlmErrorKind,
    Message, Role, ToolCall, ToolResult, ToolResultContent,
};
use loom_common_thread::ThreadId;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Map, Number, Value};

use crate::scene::{Scene, at, new_thread};

/// Any text: control characters, NUL and characters beyond the basic plane included.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        vec(any::<char>(), 0..20).prop_map(String::from_iter),
        "\\PC{0,40}",
        Just("\0".to_owned()),
        Just("{\"order\": 1, \"a\":\t1.0e2}\n".to_owned()),
    ]
}

/// Any JSON, with every kind of number.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter_map("JSON has finite numbers only", |number| {
            Number::from_f64(number).map(Value::Number)
        }),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((text(), inner), 0..4).prop_map(|fields| Value::Object(Map::from_iter(fields))),
        ]
    })
}

fn extra() -> impl Strategy<Value = Extra> {
    vec((text(), json()), 0..4).prop_map(|fields| Extra(Map::from_iter(fields)))
}

fn image() -> impl Strategy<Value = ImageData> {
    (text(), text()).prop_map(|(media_type, data)| ImageData { media_type, data })
}

fn tool_result() -> impl Strategy<Value = ToolResult> {
    let content = prop_oneof![
        text().prop_map(ToolResultContent::text),
        image().prop_map(ToolResultContent::Image),
    ];
    (text(), vec(content, 0..3), any::<bool>()).prop_map(|(tool_use_id, content, is_error)| {
        ToolResult {
            tool_use_id,
            content,
            is_error,
        }
    })
}

fn block() -> impl Strategy<Value = ContentBlock> {
    prop_oneof![
        (text(), extra()).prop_map(|(text, extra)| ContentBlock::Text { text, extra }),
        image().prop_map(ContentBlock::Image),
        (text(), option::of(text())).prop_map(|(thinking, signature)| {
            ContentBlock::Thinking {
                thinking,
                signature,
            }
        }),
        (text(), text(), text(), extra()).prop_map(|(id, name, arguments, extra)| {
            ContentBlock::ToolUse(ToolCall {
                id,
                name,
                arguments,
                extra,
            })
        }),
        tool_result().prop_map(ContentBlock::ToolResult),
        (text(), text()).prop_map(|(provider, json)| ContentBlock::Opaque { provider, json }),
    ]
}

fn message() -> impl Strategy<Value = Message> {
    let role = prop_oneof![Just(Role::User), Just(Role::Assistant)];
    (role, vec(block(), 0..4)).prop_map(|(role, content)| Message { role, content })
}

/// Any entry but for a rewind, which is made where its place is known.
fn entry() -> impl Strategy<Value = Entry> {
    let messages = || vec(message().prop_map(Arc::new), 0..3);
    let carried = (option::of(text()), vec((text(), any::<bool>()), 0..3));
    let compaction = (messages(), message(), messages(), carried, any::<u64>());
    prop_oneof![
        4 => message().prop_map(Entry::from),
        1 => compaction.prop_map(|(words, handover, recent, (todo, files), tokens_before)| {
            let files = files.into_iter();
            Entry::Compaction(Arc::new(Compaction {
                trigger: CompactionTrigger::ContextExceeded,
                words,
                cut_words: CutWords {
                    shortened: 1,
                    left_out: 2,
                },
                handover: Arc::new(handover),
                recent,
                carried: Carried {
                    todo,
                    files: files
                        .map(|(path, changed)| TouchedFile { path, changed })
                        .collect(),
                },
                summary_error: Some(LlmError::new(LlmErrorKind::Overloaded, "too much to do")),
                tokens_before,
                tokens_after: 0,
            }))
        }),
    ]
}

#[test]
fn any_entries_come_back_byte_for_byte() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let scene = Scene::new();
    let store = runtime.block_on(scene.open());
    let case = (
        any::<u64>(),
        vec((entry(), option::of(any::<Index>())), 0..5),
    );
    let config = Config {
        cases: 128,
        ..Config::with_source_file(file!())
    };
    TestRunner::new(config)
        .run(&case, |(seed, entries)| {
            let entries: Vec<Entry> = (0..)
                .zip(entries)
                .map(|(place, (entry, rewind))| match rewind {
                    Some(to) => Entry::Rewind {
                        to: to.index(place + 1) as u64,
                    },
                    None => entry,
                })
                .collect();
            let mut new = new_thread(1);
            new.id = ThreadId::new(at(0), &mut StdRng::seed_from_u64(seed));
            let id = new.id;
            let loaded = runtime.block_on(async {
                store.create(new).await.unwrap();
                for (seq, entry) in (0..).zip(&entries) {
                    store.append(id, seq, entry, at(1)).await.unwrap();
                }
                let loaded = store.load(id).await.unwrap().unwrap().log;
                store.delete(id).await.unwrap();
                loaded
            });
            // The order of fields is not part of their equality, but it is of their text.
            prop_assert_eq!(
                serde_json::to_string(loaded.entries()).unwrap(),
                serde_json::to_string(&entries).unwrap()
            );
            prop_assert_eq!(loaded.entries(), entries);
            Ok(())
        })
        .unwrap();
}
