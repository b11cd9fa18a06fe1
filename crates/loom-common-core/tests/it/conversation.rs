//! The rules that a provider sets for a conversation.

use std::collections::HashSet;
use std::sync::Arc;

use loom_common_core::{Message, Role};

/// Checks that a provider would take this conversation: each tool call is answered exactly once,
/// by the next message and in order; no result is without its call; ids of calls are unique and
/// not empty; no message is empty.
///
/// # Errors
///
/// What is wrong, and where.
pub(crate) fn check(messages: &[Arc<Message>]) -> Result<(), String> {
    let mut ids = HashSet::new();
    let mut open: Vec<&str> = Vec::new();
    for (position, message) in messages.iter().enumerate() {
        let results: Vec<&str> = message
            .results()
            .map(|result| result.tool_use_id.as_str())
            .collect();
        if results != open {
            return Err(format!(
                "message {position} answers {results:?} where {open:?} were called"
            ));
        }
        if message.content.is_empty() {
            return Err(format!("message {position} is empty"));
        }
        open = message.tool_calls().map(|call| call.id.as_str()).collect();
        if !open.is_empty() && message.role != Role::Assistant {
            return Err(format!("message {position} calls tools for the person"));
        }
        if !results.is_empty() && message.role != Role::User {
            return Err(format!("message {position} answers calls for the model"));
        }
        for id in &open {
            if id.is_empty() || !ids.insert(*id) {
                return Err(format!("message {position} uses the id {id:?} again"));
            }
        }
    }
    if open.is_empty() {
        Ok(())
    } else {
        Err(format!("the last message leaves {open:?} unanswered"))
    }
}

#[test]
fn the_check_sees_each_fault() {
    use crate::answer::{call, calling, result_text, text};
    use loom_common_core::ToolResult;

    let calls = |ids: &[&str]| {
        let blocks = ids.iter().flat_map(|id| calling(&[&call(id, "read")]));
        Arc::new(Message::assistant(blocks.collect()))
    };
    let results = |ids: &[&str]| {
        Arc::new(Message::tool_results(ids.iter().map(|id| ToolResult {
            tool_use_id: (*id).to_owned(),
            content: result_text("ok"),
            is_error: false,
        })))
    };
    let says = |role| {
        Arc::new(Message {
            role,
            content: vec![text("hello")],
        })
    };
    let with_role = |message: &Arc<Message>, role| {
        Arc::new(Message {
            role,
            content: message.content.clone(),
        })
    };
    let empty = Arc::new(Message::assistant(Vec::new()));

    let good = [
        says(Role::User),
        calls(&["a", "b"]),
        results(&["a", "b"]),
        says(Role::User),
        says(Role::Assistant),
    ];
    assert_eq!(check(&good), Ok(()));
    for bad in [
        vec![calls(&["a"])],
        vec![calls(&["a"]), says(Role::User)],
        vec![calls(&["a"]), says(Role::User), results(&["a"])],
        vec![calls(&["a", "b"]), results(&["b", "a"])],
        vec![calls(&["a", "b"]), results(&["a"])],
        vec![calls(&["a"]), results(&["a"]), results(&["a"])],
        vec![results(&["a"])],
        vec![calls(&["a", "a"]), results(&["a", "a"])],
        vec![
            calls(&["a"]),
            results(&["a"]),
            calls(&["a"]),
            results(&["a"]),
        ],
        vec![calls(&[""]), results(&[""])],
        vec![with_role(&calls(&["a"]), Role::User), results(&["a"])],
        vec![calls(&["a"]), with_role(&results(&["a"]), Role::Assistant)],
        vec![says(Role::User), empty],
    ] {
        assert!(check(&bad).is_err(), "{bad:#?}");
    }
}
