//! The log of operations, and the ways back.

use loom_common_spool::repository::{
    KnotId, Operation, OperationId, PinTarget, Repository, Unpicked,
};

use crate::arguments::{
    OperationLogArguments, OperationRestoreArguments, OperationShowArguments, TensionLogArguments,
    TensionLogCommand,
};
use crate::document;
use crate::error::SpoolCommandError;
use crate::graph::{Graph, Line};
use crate::page::Page;
use crate::palette;
use crate::stitch_line;
use crate::workbench::{Made, Workbench};

/// `tension-log`, and what is below it.
pub(super) fn run(
    bench: &mut Workbench<'_, '_>,
    arguments: &TensionLogArguments,
) -> Result<(), SpoolCommandError> {
    match &arguments.command {
        None => log(bench, &arguments.log),
        Some(TensionLogCommand::Log(arguments)) => log(bench, arguments),
        Some(TensionLogCommand::Show(arguments)) => show(bench, arguments),
        Some(TensionLogCommand::Restore(arguments)) => restore(bench, arguments),
    }
}

fn log(
    bench: &mut Workbench<'_, '_>,
    arguments: &OperationLogArguments,
) -> Result<(), SpoolCommandError> {
    let repository = bench.open_as_it_is()?;
    let limit = arguments.limit.unwrap_or(usize::MAX);
    let operations = repository.tension_log().take(limit);
    if arguments.reversed {
        let mut operations = operations.collect::<Result<Vec<_>, _>>()?;
        operations.reverse();
        for operation in operations {
            entry(bench, &repository, &mut None, &operation)?;
        }
        return Ok(());
    }
    let has_graph = !arguments.no_graph && !bench.voice.is_json();
    let mut graph = has_graph.then(Graph::new);
    for operation in operations {
        entry(bench, &repository, &mut graph, &operation?)?;
    }
    Ok(())
}

fn entry(
    bench: &mut Workbench<'_, '_>,
    repository: &Repository,
    graph: &mut Option<Graph<OperationId>>,
    operation: &Operation,
) -> Result<(), SpoolCommandError> {
    if bench.voice.is_json() {
        return bench
            .voice
            .print_json(&document::Operation::from(operation));
    }
    let mut text = bench.voice.page();
    describe(bench, &mut text, operation);
    let Some(graph) = graph else {
        return bench.voice.print(text);
    };
    let mut sign = bench.voice.page();
    match operation.id == repository.operation() {
        true => sign.say_in(palette::CURRENT, "@"),
        false => sign.say("○"),
    };
    let parents = operation.parents.iter().cloned().map(Line::Parent);
    let row = graph.row(
        operation.id.clone(),
        parents.collect(),
        &sign.into_text(),
        &text.into_text(),
    );
    let mut page = bench.voice.page();
    page.say(&row);
    bench.voice.print(page)
}

fn describe(bench: &Workbench<'_, '_>, page: &mut Page, operation: &Operation) {
    stitch_line::operation_id(page, &operation.id);
    if operation.parents.is_empty() {
        page.say(" ").say_in(palette::EMPTY, "root()").say("\n");
        return;
    }
    let who = format!("{}@{}", operation.username, operation.hostname);
    page.say(" ").show_in(palette::PERSON, &who);
    if let Some(workspace) = operation
        .workspace
        .as_deref()
        .filter(|name| *name != "default")
    {
        page.say(" ")
            .show_in(palette::SHUTTLE, &format!("{workspace}@"));
    }
    page.say(" ").say_in(
        palette::TIME,
        &stitch_line::clock_time(&operation.end, &bench.zone),
    );
    page.say("\n");
    page.show(&subject(operation)).say("\n");
    if let Some(command) = &operation.command {
        page.show_in(palette::FAINT, &command.replace('\n', " "))
            .say("\n");
    }
}

/// Returns the first line of what was done, with ids that fit on it.
fn subject(operation: &Operation) -> String {
    /// Git's ids are not shorter.
    const LONG: usize = 40;
    let is_id =
        |word: &str| word.len() >= LONG && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let line = operation.description.lines().next().unwrap_or_default();
    let words = line.split(' ').map(|word| match is_id(word) {
        true => &word[..stitch_line::OPERATION_LETTERS],
        false => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

fn show(
    bench: &mut Workbench<'_, '_>,
    arguments: &OperationShowArguments,
) -> Result<(), SpoolCommandError> {
    let repository = bench.open_as_it_is()?;
    let operation = repository.find_operation(&arguments.operation)?;
    let changes = repository.operation_changes(&arguments.operation)?;
    if bench.voice.is_json() {
        return bench
            .voice
            .print_json(&document::OperationInFull::new(&operation, &changes));
    }
    let mut page = bench.voice.page();
    describe(bench, &mut page, &operation);
    if !changes.stitches.is_empty() {
        page.say("\nStitches:\n");
        for change in &changes.stitches {
            lines(&mut page, &repository, "+ ", &change.after)?;
            lines(&mut page, &repository, "- ", &change.before)?;
        }
    }
    for (heading, names) in [("\nPins:\n", &changes.pins), ("\nTags:\n", &changes.tags)] {
        if names.is_empty() {
            continue;
        }
        page.say(heading);
        for (name, before, after) in names {
            page.show_in(palette::PIN, name).say(":\n");
            target(&mut page, &repository, "  + ", after)?;
            target(&mut page, &repository, "  - ", before)?;
        }
    }
    if !changes.shuttles.is_empty() {
        page.say("\nShuttles:\n");
        for (workspace, before, after) in &changes.shuttles {
            page.show_in(palette::SHUTTLE, &format!("{workspace}@"))
                .say(":\n");
            lines(&mut page, &repository, "  + ", after.as_slice())?;
            lines(&mut page, &repository, "  - ", before.as_slice())?;
        }
    }
    bench.voice.print(page)
}

fn target(
    page: &mut Page,
    repository: &Repository,
    before: &str,
    target: &PinTarget,
) -> Result<(), SpoolCommandError> {
    if target.is_absent() {
        page.say(before).say("(absent)\n");
        return Ok(());
    }
    lines(page, repository, before, &target.at)
}

fn lines(
    page: &mut Page,
    repository: &Repository,
    before: &str,
    knots: &[KnotId],
) -> Result<(), SpoolCommandError> {
    for stitch in repository.stitches(knots)? {
        page.say(before);
        stitch_line::line(page, &stitch);
        page.say("\n");
    }
    Ok(())
}

fn restore(
    bench: &mut Workbench<'_, '_>,
    arguments: &OperationRestoreArguments,
) -> Result<(), SpoolCommandError> {
    let mut repository = bench.open_to_change()?;
    let mut transaction = bench.change(&mut repository)?;
    let restored = transaction.restore_operation(&arguments.operation)?;
    let finished = transaction.finish()?;
    say_operation(bench, "Restored to operation", &restored);
    bench.report(&repository, &finished, &Made::default())
}

/// `unpick`: takes the last operation back.
pub(super) fn unpick(bench: &mut Workbench<'_, '_>) -> Result<(), SpoolCommandError> {
    let mut repository = bench.open_to_change()?;
    let mut transaction = bench.change(&mut repository)?;
    let unpicked = transaction.unpick()?;
    let finished = transaction.finish()?;
    say_step(bench, "Unpicked operation", &unpicked);
    bench.report(&repository, &finished, &Made::default())
}

/// `redo`: does again what was taken back.
pub(super) fn redo(bench: &mut Workbench<'_, '_>) -> Result<(), SpoolCommandError> {
    let mut repository = bench.open_to_change()?;
    let mut transaction = bench.change(&mut repository)?;
    let redone = transaction.redo()?;
    let finished = transaction.finish()?;
    say_step(bench, "Redid operation", &redone);
    bench.report(&repository, &finished, &Made::default())
}

fn say_step(bench: &mut Workbench<'_, '_>, label: &str, step: &Unpicked) {
    say_operation(bench, label, &step.operation);
    say_operation(bench, "Restored to operation", &step.restored);
    if step.was_pushed {
        bench
            .voice
            .warn("the operation had pushed something, which the remotes keep");
        bench
            .voice
            .hint("`loom spool redo` goes forth again; else the next draw may tangle pins");
    }
}

fn say_operation(bench: &mut Workbench<'_, '_>, label: &str, operation: &Operation) {
    let mut page = bench.voice.message();
    page.say(label).say(": ");
    stitch_line::operation_id(&mut page, &operation.id);
    page.say(" (")
        .say_in(
            palette::TIME,
            &stitch_line::clock_time(&operation.end, &bench.zone),
        )
        .say(") ")
        .show(&subject(operation))
        .say("\n");
    bench.voice.tell(page);
}
