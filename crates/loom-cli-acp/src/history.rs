//! What was said in a thread so far, as updates for an editor that loads it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::drawing::{Face, block, chunk, face, plan, proposed};
use agent_client_protocol::v1::schema::{
    ContentBlock, ContentChunk, ImageContent, MessageId, SessionUpdate, ToolCall, ToolCallStatus,
    ToolCallUpdate, ToolCallUpdateFields, ToolKind,
};
use loom_cli_session::{is_note, todo_list};
use loom_common_core::{
    ContentBlock as Block, Message, Role, ToolCall as Call, ToolResult, ToolResultContent,
};

/// How what Loom attaches to a prompt begins: the person did not say it.
const ATTACHED: [&str; 5] = [
    "<file path=",
    "<folder path=",
    "<picture path=",
    "<resource ",
    "<resource-",
];

/// Returns the updates that show a conversation.
pub(crate) fn updates(history: &[Arc<Message>], folder: &Path) -> Vec<SessionUpdate> {
    let mut replay = Replay {
        folder,
        updates: Vec::new(),
        open: HashMap::new(),
    };
    let mut todo = None;
    for (number, message) in history.iter().enumerate() {
        replay.message(&format!("history_{number}"), message);
        todo = message.tool_calls().filter_map(todo_list).last().or(todo);
    }
    replay.cut_short();
    let mut updates = replay.updates;
    updates.extend(todo.map(|entries| plan(&entries)));
    updates
}

struct Replay<'a> {
    folder: &'a Path,
    updates: Vec<SessionUpdate>,
    /// Calls that have no result yet, with the ids that the editor knows them by: the model's own are
    /// unique within a message only.
    open: HashMap<String, (String, ToolKind)>,
}

impl Replay<'_> {
    fn message(&mut self, id: &str, message: &Message) {
        for block in &message.content {
            match (message.role, block) {
                (Role::User, Block::Text { text, .. }) => {
                    let is_attached = ATTACHED.iter().any(|mark| text.starts_with(mark));
                    if !is_note(block) && !is_attached {
                        let chunk = chunk(text.clone(), id);
                        self.updates.push(SessionUpdate::UserMessageChunk(chunk));
                    }
                }
                (Role::User, Block::Image(image)) => {
                    let image = ImageContent::new(&image.data, &image.media_type);
                    let chunk = ContentChunk::new(ContentBlock::Image(image))
                        .message_id(MessageId::new(id));
                    self.updates.push(SessionUpdate::UserMessageChunk(chunk));
                }
                (Role::Assistant, Block::Text { text, .. }) => {
                    let chunk = chunk(text.clone(), id);
                    self.updates.push(SessionUpdate::AgentMessageChunk(chunk));
                }
                (Role::Assistant, Block::Thinking { thinking, .. }) if !thinking.is_empty() => {
                    let chunk = chunk(thinking.clone(), id);
                    self.updates.push(SessionUpdate::AgentThoughtChunk(chunk));
                }
                (_, Block::ToolUse(call)) => self.call(id, call),
                (_, Block::ToolResult(result)) => self.result(result),
                _ => {}
            }
        }
    }

    fn call(&mut self, message: &str, call: &Call) {
        if todo_list(call).is_some() {
            return;
        }
        let arguments = call.shown_arguments();
        let Face {
            title,
            kind,
            locations,
        } = face(&call.name, &arguments, self.folder);
        let content = proposed(&call.name, &arguments, self.folder);
        let id = format!("{message}.{}", call.id);
        self.open.insert(call.id.clone(), (id.clone(), kind));
        self.updates.push(SessionUpdate::ToolCall(
            ToolCall::new(id, title)
                .name(call.name.clone())
                .kind(kind)
                .status(ToolCallStatus::InProgress)
                .content(content)
                .locations(locations)
                .raw_input(arguments),
        ));
    }

    fn result(&mut self, result: &ToolResult) {
        let Some((id, kind)) = self.open.remove(&result.tool_use_id) else {
            return;
        };
        let mut fields = ToolCallUpdateFields::new().status(match result.is_error {
            true => ToolCallStatus::Failed,
            false => ToolCallStatus::Completed,
        });
        let texts = result.content.iter().filter_map(|part| match part {
            ToolResultContent::Text { text } => Some(text.as_str()),
            ToolResultContent::Image(_) => None,
        });
        let output = texts.collect::<Vec<_>>().join("\n");
        let shows_edit = kind == ToolKind::Edit && !result.is_error;
        if !shows_edit && !output.trim().is_empty() {
            fields = fields.content(vec![block(&output)]);
        }
        let update = ToolCallUpdate::new(id, fields);
        self.updates.push(SessionUpdate::ToolCallUpdate(update));
    }

    /// Ends the calls that never came to a result.
    fn cut_short(&mut self) {
        for (_, (id, _)) in self.open.drain() {
            let fields = ToolCallUpdateFields::new().status(ToolCallStatus::Failed);
            let update = ToolCallUpdate::new(id, fields);
            self.updates.push(SessionUpdate::ToolCallUpdate(update));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn call(id: &str, name: &str, arguments: &Value) -> Block {
        Block::ToolUse(Call {
            id: id.to_owned(),
            name: name.to_owned(),
            arguments: arguments.to_string(),
            extra: Default::default(),
        })
    }

    #[test]
    fn what_loom_attached_is_left_out_and_a_call_without_result_has_failed() {
        let mut prompt = Message::user("look");
        prompt
            .content
            .push(Block::text("<file path=\"a\">\nx\n</file>"));
        let answer = Message::assistant(vec![
            Block::text("Looking."),
            call("call_1", "bash", &json!({"command": "ls"})),
        ]);
        let shown = updates(&[Arc::new(prompt), Arc::new(answer)], Path::new("/work"));
        let kinds: Vec<String> = shown
            .iter()
            .map(|update| serde_json::to_value(update).unwrap()["sessionUpdate"].to_string())
            .collect();
        assert_eq!(
            kinds,
            [
                "\"user_message_chunk\"",
                "\"agent_message_chunk\"",
                "\"tool_call\"",
                "\"tool_call_update\"",
            ]
        );
        let last = serde_json::to_value(shown.last().unwrap()).unwrap();
        assert_eq!(last["status"], "failed");
    }
}
