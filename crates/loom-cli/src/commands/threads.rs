//! `loom threads`.

use std::path::Path;
use std::sync::Arc;

use loom_common_core::{ContentBlock, Message, Role, ToolResult, ToolResultContent};
use loom_common_thread::{StoredThread, Thread, ThreadFilter, ThreadStore};
use serde_json::{Value, json};

use super::{print, print_json, spool};
use crate::arguments::ThreadsCommand;
use crate::error::CliError;
use crate::render::{headline, sanitize};
use crate::setting::Setting;

/// Lines of a tool's result that are shown.
const RESULT_LINES: usize = 6;

pub(crate) async fn run(setting: &Setting, command: ThreadsCommand) -> Result<(), CliError> {
    let store = setting.open_threads().await?;
    match command {
        ThreadsCommand::List { all, limit, json } => {
            let filter = ThreadFilter {
                cwd: (!all).then(|| setting.workspace.clone()),
                limit: Some(limit),
            };
            let threads = store.list(&filter).await?;
            if json {
                let rows: Vec<Value> = threads.iter().map(summary).collect();
                return print_json(&rows);
            }
            print(&listing(&threads, all))
        }
        ThreadsCommand::Show { id, json } => {
            let stored = load(&store, &id).await?;
            let (thread, folder) = (stored.thread.id.to_string(), &stored.thread.cwd);
            let stitches = spool::stitches_of(&thread, folder, &setting.environment);
            if json {
                let mut value = summary(&stored.thread);
                // A repository that cannot be read is no reason to show no thread.
                value["stitches"] = json!(stitches.unwrap_or_default());
                let history = stored.log.history();
                let messages: Vec<&Message> = history.iter().map(|(_, said)| &***said).collect();
                value["messages"] = json!(messages);
                return print_json(&value);
            }
            let mut text = transcript(&stored);
            match stitches {
                Ok(stitches) if stitches.is_empty() => {}
                Ok(stitches) => {
                    text.push_str("\nStitches:\n");
                    for stitch in stitches {
                        text.push_str(&format!("  {}\n", stitch.line()));
                    }
                }
                Err(error) => {
                    let error = sanitize(&error.to_string()).into_owned();
                    text.push_str(&format!("\nStitches: not shown: {error}\n"));
                }
            }
            print(&text)
        }
        ThreadsCommand::Delete { ids } => {
            for id in ids {
                let id = store.resolve(&id).await?;
                store.delete(id).await?;
                print(&format!("deleted {id}\n"))?;
            }
            Ok(())
        }
    }
}

/// Makes sure that a thread is of the folder to work in. One whose folder was moved is of the new
/// place.
pub(crate) fn check_folder(setting: &Setting, thread: &Thread) -> Result<(), CliError> {
    if thread.cwd == setting.workspace || !thread.cwd.is_dir() {
        return Ok(());
    }
    let folder = thread.cwd.display();
    Err(
        CliError::usage(format!("thread {} belongs to {folder}", thread.id))
            .hint(format!("add `-C {folder}`")),
    )
}

/// Loads the thread that `id` stands for.
pub(crate) async fn load(store: &ThreadStore, id: &str) -> Result<StoredThread, CliError> {
    let id = store.resolve(id).await?;
    store.load(id).await?.ok_or_else(|| {
        CliError::failed(format!("thread {id} has just been deleted"))
            .hint("`loom threads list` shows the threads there are")
    })
}

fn summary(thread: &Thread) -> Value {
    json!({
        "id": thread.id,
        "title": thread.title,
        "cwd": thread.cwd,
        "provider": thread.provider,
        "model": thread.model,
        "permission_mode": thread.permission_mode,
        "git": thread.git,
        "created_at": thread.created_at,
        "updated_at": thread.updated_at,
        "entry_count": thread.entry_count,
        "usage": thread.usage,
    })
}

fn listing(threads: &[Thread], with_folder: bool) -> String {
    if threads.is_empty() {
        return match with_folder {
            true => "no threads\n".to_owned(),
            false => "no threads in this folder; --all lists those of all folders\n".to_owned(),
        };
    }
    let mut text = String::new();
    for thread in threads {
        let title = thread.title.as_deref().unwrap_or("(untitled)");
        let time = thread.updated_at.strftime("%Y-%m-%d %H:%M");
        text.push_str(&format!("{}  {time}  {title}\n", thread.id));
        if with_folder {
            text.push_str(&format!("    {}\n", shown_path(&thread.cwd)));
        }
    }
    text
}

fn transcript(stored: &StoredThread) -> String {
    let thread = &stored.thread;
    let usage = thread.usage;
    let history = stored.log.history();
    let mut text = format!(
        "{}  {}\n{}\n{} ({}), {} messages, tokens: {} in, {} out, {} from cache, {} to cache\n",
        thread.id,
        thread.title.as_deref().unwrap_or("(untitled)"),
        shown_path(&thread.cwd),
        thread.model,
        thread.provider,
        history.len(),
        usage.input_tokens,
        usage.output_tokens,
        usage.cache_read_tokens,
        usage.cache_write_tokens,
    );
    for (_, message) in history {
        describe(message, &mut text);
    }
    text
}

fn shown_path(path: &Path) -> String {
    sanitize(&path.display().to_string()).into_owned()
}

/// Renders the last prompt of a thread and the last answer, to bring it back to mind.
pub(crate) fn recap(history: &[Arc<Message>]) -> String {
    let is_prompt = |message: &Message| message.role == Role::User && !message.text().is_empty();
    let last = history.iter().rposition(|message| is_prompt(message));
    let turn = &history[last.unwrap_or(0)..];
    let mut text = String::new();
    if let Some(prompt) = turn.first() {
        describe(prompt, &mut text);
    }
    let calls: usize = turn
        .iter()
        .map(|message| message.tool_calls().count())
        .sum();
    if calls > 0 {
        text.push_str(&format!("\n… {calls} tool calls …\n"));
    }
    let answer = turn.iter().skip(1).rev().map(|said| said.text());
    if let Some(answer) = answer.into_iter().find(|answer| !answer.is_empty()) {
        describe(
            &Message::assistant(vec![ContentBlock::text(answer)]),
            &mut text,
        );
    }
    text
}

fn describe(message: &Message, text: &mut String) {
    for block in &message.content {
        match block {
            ContentBlock::Text { text: said, .. } => {
                let mark = match message.role {
                    Role::User => "> ",
                    Role::Assistant => "",
                };
                text.push('\n');
                for line in sanitize(said.trim_end()).lines() {
                    text.push_str(&format!("{mark}{line}\n"));
                }
            }
            ContentBlock::Image(image) => text.push_str(&format!("\n[{}]\n", image.media_type)),
            ContentBlock::ToolUse(call) => {
                let line = headline(&call.name, &call.shown_arguments());
                text.push_str(&format!("\n● {line}\n"));
            }
            ContentBlock::ToolResult(result) => describe_result(result, text),
            // Thoughts and what only the provider reads is not for reading here.
            ContentBlock::Thinking { .. } | ContentBlock::Opaque { .. } => {}
        }
    }
}

fn describe_result(result: &ToolResult, text: &mut String) {
    for part in &result.content {
        match part {
            ToolResultContent::Text { text: output } => {
                let clean = sanitize(output.trim_end());
                let lines = clean.lines().count();
                for line in clean.lines().take(RESULT_LINES) {
                    text.push_str(&format!("  │ {line}\n"));
                }
                if lines > RESULT_LINES {
                    text.push_str(&format!("  │ … {} more lines …\n", lines - RESULT_LINES));
                }
            }
            ToolResultContent::Image(image) => {
                text.push_str(&format!("  │ [{}]\n", image.media_type));
            }
        }
    }
    let verdict = if result.is_error { "failed" } else { "done" };
    text.push_str(&format!("  └ {verdict}\n"));
}
