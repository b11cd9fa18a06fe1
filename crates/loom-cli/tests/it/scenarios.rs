//! Tasks as people give them, each through real processes from the prompt to the files: what stands
//! in the folder afterwards, what the stream told, and what went over the wire to the model.
//!
//! The fake model checks each request by itself (every call has its result, the history only grows,
//! signatures come back); a scene that is over verifies that it found nothing to complain about.

mod asking;
mod auto_commit;
mod compaction;
mod files;
mod hooks;
mod hosts;
mod language_servers;
mod limits;
mod memory;
mod modes;
mod own_commands;
pub(crate) mod rules;
mod secrets;
mod servers;
mod stitches;
mod subagents;
mod undo;

use std::fs;
use std::path::PathBuf;

use loom_testing::model::Usage;
use loom_testing::{CommandLine, FakeModel, ModelRequest, Reply};
use serde_json::{Value, json};

use crate::events::{completed, notices, result, stream, tool_calls};

/// A folder, a person at `loom`, and a model that follows a script.
pub(crate) struct Scene {
    pub(crate) model: FakeModel,
    pub(crate) user: CommandLine,
}

impl Scene {
    /// Sets a scene in which the model gives these replies.
    pub(crate) async fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        let model = FakeModel::start().await;
        for reply in replies {
            model.reply(reply);
        }
        let user = CommandLine::with_model(&model);
        Self { model, user }
    }

    /// Sets a scene in which two commands fill the context, and the model goes on with these replies.
    pub(crate) async fn filling_up(replies: impl IntoIterator<Item = Reply>) -> Self {
        let scene = Self::new([bash("seq 1 5000"), bash("seq 5000 9999").usage(full())]).await;
        scene.then(replies);
        scene.model.allow_rewritten_history();
        scene
    }

    /// Lets the model follow up with these replies.
    pub(crate) fn then(&self, replies: impl IntoIterator<Item = Reply>) {
        for reply in replies {
            self.model.reply(reply);
        }
    }

    /// Writes a file of the folder.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.user.work().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Reads a file of the folder.
    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.user.work().join(path)).unwrap()
    }

    /// Tells whether there is such a file in the folder.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.user.work().join(path).symlink_metadata().is_ok()
    }

    /// Plays the scene: one prompt without a person, with these arguments besides.
    pub(crate) fn play(&self, arguments: &[&str], prompt: &str) -> Played {
        let all: Vec<&str> = arguments.iter().copied().chain(["-p", prompt]).collect();
        let output = stream(&self.user, &all);
        Played {
            succeeded: output.code == Some(0),
            events: output.json_lines(),
        }
    }

    /// Returns what the model was told of the newest calls.
    pub(crate) fn told(&self) -> Vec<String> {
        let results = self.model.last_request().tool_results();
        results.into_iter().map(|result| result.content).collect()
    }

    /// Returns the requests that the model got.
    pub(crate) fn requests(&self) -> Vec<ModelRequest> {
        self.model.requests()
    }

    /// Ends the scene: every reply was used, and no request broke a rule.
    pub(crate) fn end(&self) {
        self.model.verify();
    }
}

/// What came of a scene.
pub(crate) struct Played {
    pub(crate) succeeded: bool,
    pub(crate) events: Vec<Value>,
}

impl Played {
    /// Returns name and status of each tool call.
    pub(crate) fn calls(&self) -> Vec<(String, String)> {
        tool_calls(&self.events)
    }

    /// Returns the status of each tool call.
    pub(crate) fn statuses(&self) -> Vec<String> {
        self.calls().into_iter().map(|(_, status)| status).collect()
    }

    /// Returns the completed items of a kind.
    pub(crate) fn items(&self, kind: &str) -> Vec<&Value> {
        completed(&self.events, kind)
    }

    /// Returns the notices.
    pub(crate) fn notices(&self) -> Vec<String> {
        notices(&self.events)
    }

    /// Returns the last words of the agent.
    pub(crate) fn answer(&self) -> &str {
        result(&self.events)["text"].as_str().unwrap()
    }

    /// Returns the stable name of why the turn failed.
    pub(crate) fn failure(&self) -> &str {
        let failed = self
            .events
            .iter()
            .find(|event| event["type"] == "turn.failed");
        failed.expect("the turn fails")["error"]["code"]
            .as_str()
            .unwrap()
    }
}

/// What a provider counts when the context is nearly full.
pub(crate) fn full() -> Usage {
    Usage {
        input_tokens: 195_000,
        output_tokens: 10,
        ..Usage::default()
    }
}

/// A reply that runs a shell line.
pub(crate) fn bash(line: &str) -> Reply {
    Reply::tool_call("bash", json!({"command": line}))
}

/// A reply that replaces text in a file.
pub(crate) fn edit(path: &str, old: &str, new: &str) -> Reply {
    Reply::tool_call(
        "edit_file",
        json!({"file_path": path, "old_string": old, "new_string": new}),
    )
}

/// A reply that reads a file.
pub(crate) fn read(path: &str) -> Reply {
    Reply::tool_call("read_file", json!({"file_path": path}))
}

/// A reply that writes a file.
pub(crate) fn write(path: &str, content: &str) -> Reply {
    Reply::tool_call("write_file", json!({"file_path": path, "content": content}))
}

/// A reply that is done.
pub(crate) fn done() -> Reply {
    Reply::text("Done.")
}
