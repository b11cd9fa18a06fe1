//! Random messages and what they are made of.

use loom_common_core::{
    ContentBlock, Extra, ImageData, Message, Role, ToolCall, ToolResult, ToolResultContent,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value};

/// Makes any text, with control characters and characters outside the basic plane too.
pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[a-z \n]{0,8}"]
}

/// Makes any JSON value of little depth.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (prop::num::f64::NORMAL | prop::num::f64::ZERO).prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((text(), inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn extra() -> impl Strategy<Value = Extra> {
    vec((text(), json()), 0..3).prop_map(|fields| Extra(fields.into_iter().collect()))
}

/// Makes a block that a model may send.
pub(crate) fn model_block() -> impl Strategy<Value = ContentBlock> {
    prop_oneof![
        (text(), extra()).prop_map(|(text, extra)| ContentBlock::Text { text, extra }),
        (text(), option::of(text())).prop_map(|(thinking, signature)| ContentBlock::Thinking {
            thinking,
            signature,
        }),
        (text(), text(), text(), extra()).prop_map(|(id, name, arguments, extra)| {
            ContentBlock::ToolUse(ToolCall {
                id,
                name,
                arguments,
                extra,
            })
        }),
        (text(), text()).prop_map(|(provider, json)| ContentBlock::Opaque { provider, json }),
    ]
}

fn image() -> impl Strategy<Value = ImageData> {
    (text(), text()).prop_map(|(media_type, data)| ImageData { media_type, data })
}

fn block() -> impl Strategy<Value = ContentBlock> {
    let result_content = prop_oneof![
        text().prop_map(|text| ToolResultContent::Text { text }),
        image().prop_map(ToolResultContent::Image),
    ];
    let result = (text(), vec(result_content, 0..3), any::<bool>());
    prop_oneof![
        4 => model_block(),
        1 => image().prop_map(ContentBlock::Image),
        1 => result.prop_map(|(tool_use_id, content, is_error)| {
            ContentBlock::ToolResult(ToolResult {
                tool_use_id,
                content,
                is_error,
            })
        }),
    ]
}

/// Makes any message.
pub(crate) fn message() -> impl Strategy<Value = Message> {
    let role = prop_oneof![Just(Role::User), Just(Role::Assistant)];
    (role, vec(block(), 0..6)).prop_map(|(role, content)| Message { role, content })
}
