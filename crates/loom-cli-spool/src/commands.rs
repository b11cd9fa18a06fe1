//! What each command does.

mod exchange;
mod look;
mod operations;
mod pins;
mod rewrite;
mod trace;
mod weave;
mod wind;

use crate::arguments::{
    GitCommand, SpoolArguments, SpoolCommand, TraceArguments, WorkspaceCommand,
};
use crate::console::Console;
use crate::document;
use crate::error::SpoolCommandError;
use crate::workbench::Workbench;

/// Runs a command of `loom spool`.
///
/// # Errors
///
/// [`SpoolCommandError`]. Whatever it is, nothing is lost.
pub fn run(arguments: &SpoolArguments, mut console: Console<'_>) -> Result<(), SpoolCommandError> {
    let mut bench = Workbench::new(&mut console, &arguments.global);
    let bench = &mut bench;
    let Some(command) = &arguments.command else {
        return trace::run(bench, &TraceArguments::default());
    };
    match command {
        SpoolCommand::Wind(arguments) | SpoolCommand::Git(GitCommand::Init(arguments)) => {
            wind::run(bench, arguments)
        }
        SpoolCommand::Stitch(arguments) => weave::stitch(bench, arguments),
        SpoolCommand::Knot(arguments) => weave::knot(bench, arguments),
        SpoolCommand::Mark(arguments) => weave::mark(bench, arguments),
        SpoolCommand::Trace(arguments) => trace::run(bench, arguments),
        SpoolCommand::Compare(arguments) => look::compare(bench, arguments),
        SpoolCommand::Tension(arguments) => look::tension(bench, arguments),
        SpoolCommand::Rethread(arguments) => rewrite::rethread(bench, arguments),
        SpoolCommand::Ply(arguments) => rewrite::ply(bench, arguments),
        SpoolCommand::Unravel(arguments) => rewrite::unravel(bench, arguments),
        SpoolCommand::Snip(arguments) => rewrite::snip(bench, arguments),
        SpoolCommand::Mend(arguments) => rewrite::mend(bench, arguments),
        SpoolCommand::Pin(command) => pins::run(bench, command),
        SpoolCommand::TensionLog(arguments) => operations::run(bench, arguments),
        SpoolCommand::Unpick => operations::unpick(bench),
        SpoolCommand::Redo => operations::redo(bench),
        SpoolCommand::Untangle(arguments) => rewrite::untangle(bench, arguments),
        SpoolCommand::Show(arguments) => look::show(bench, arguments),
        SpoolCommand::Edit(arguments) => weave::edit(bench, arguments),
        SpoolCommand::Duplicate(arguments) => rewrite::duplicate(bench, arguments),
        SpoolCommand::Schema => bench.voice.print_schema(&document::schema()),
        SpoolCommand::Shuttle(arguments) | SpoolCommand::Git(GitCommand::Push(arguments)) => {
            exchange::shuttle(bench, arguments)
        }
        SpoolCommand::Draw(arguments) | SpoolCommand::Git(GitCommand::Fetch(arguments)) => {
            exchange::draw(bench, arguments)
        }
        SpoolCommand::Remote(command) | SpoolCommand::Git(GitCommand::Remote(command)) => {
            exchange::remote(bench, command)
        }
        SpoolCommand::Workspace(WorkspaceCommand::UpdateStale) => wind::update_stale(bench),
    }
}
