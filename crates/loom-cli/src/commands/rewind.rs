//! `loom rewind`: the points of a thread, and the way back to one.

use loom_cli_rewind::{OnConflict, RestoreReport, Rewind};
use loom_cli_session::RestoreScope;
use loom_common_core::Entry;
use loom_common_thread::{StoredThread, ThreadStore};
use serde_json::json;

use super::{print, print_json, threads};
use crate::arguments::RewindArguments;
use crate::commands::session::points::{listing, restored};
use crate::error::CliError;
use crate::setting::Setting;

pub(crate) async fn run(setting: &Setting, arguments: RewindArguments) -> Result<(), CliError> {
    let store = setting.open_threads().await?;
    let stored = match &arguments.thread {
        Some(id) => threads::load(&store, id).await?,
        None => {
            let latest = store.latest(&setting.workspace).await?.ok_or_else(|| {
                CliError::failed(format!("no thread in {}", setting.workspace.display()))
                    .hint("name a thread; `loom threads list --all` lists them")
            })?;
            threads::load(&store, &latest.id.to_string()).await?
        }
    };
    threads::check_folder(setting, &stored.thread)?;
    let rewind = setting.open_rewind().await??;
    match arguments.to {
        None => {
            let points = rewind.points(stored.thread.id).await?;
            match arguments.json {
                true => print_json(&points),
                false => print(&listing(&points)),
            }
        }
        Some(to) => {
            let scope = match (arguments.files, arguments.conversation) {
                (true, _) => RestoreScope::Files,
                (_, true) => RestoreScope::Conversation,
                _ => RestoreScope::Everything,
            };
            let on_conflict = match arguments.force {
                true => OnConflict::Overwrite,
                false => OnConflict::Keep,
            };
            let report = go_back(&store, &rewind, &stored, to, scope, on_conflict).await?;
            match arguments.json {
                true => print_json(&json!(report)),
                false => print(&restored(&report, scope)),
            }
        }
    }
}

/// Takes a thread that no session has open back to a point.
async fn go_back(
    store: &ThreadStore,
    rewind: &Rewind,
    stored: &StoredThread,
    to: u64,
    scope: RestoreScope,
    on_conflict: OnConflict,
) -> Result<RestoreReport, CliError> {
    let id = stored.thread.id;
    let log_len = stored.log.len();
    let report = match scope {
        RestoreScope::Files => rewind.restore(id, log_len, to, on_conflict).await?,
        RestoreScope::Everything => {
            rewind
                .restore_everything(id, log_len, to, on_conflict)
                .await?
        }
        RestoreScope::Conversation => {
            let preview = rewind.preview(id, to, on_conflict).await?;
            let recorded = rewind.before_conversation_restore(id, log_len, to).await?;
            RestoreReport {
                undo: Some(recorded.number),
                restored: Vec::new(),
                kept: Vec::new(),
                running: Vec::new(),
                ..preview
            }
        }
    };
    if scope != RestoreScope::Files {
        let entry = Entry::Rewind { to: report.log_len };
        store
            .append(id, log_len, &entry, Setting::clock()())
            .await?;
    }
    Ok(report)
}
