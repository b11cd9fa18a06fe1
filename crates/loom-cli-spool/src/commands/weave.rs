//! Commands that make stitches and say what they are about.

use loom_common_spool::repository::{KnotId, Location, NewStitch, Repository, Selection};

use super::trace::union;
use crate::arguments::{EditArguments, KnotArguments, MarkArguments, StitchArguments};
use crate::editor;
use crate::error::SpoolCommandError;
use crate::workbench::{Made, Workbench, message};

/// `stitch`: begins a new one.
pub(super) fn stitch(
    bench: &mut Workbench<'_, '_>,
    arguments: &StitchArguments,
) -> Result<(), SpoolCommandError> {
    let mut repository = bench.open_to_change()?;
    let after = resolve(&repository, &arguments.insert_after)?;
    let before = resolve(&repository, &arguments.insert_before)?;
    let location = match (after.is_empty(), before.is_empty()) {
        (false, false) => Location::Between { after, before },
        (false, true) => Location::After(after),
        (true, false) => Location::Before(before),
        (true, true) => {
            let onto = arguments.onto();
            Location::Onto(match onto.is_empty() {
                true => vec![repository.resolve_one("@")?],
                false => resolve(&repository, &onto)?,
            })
        }
    };
    let mut transaction = bench.change(&mut repository)?;
    let stitch = transaction.stitch(&NewStitch {
        location,
        description: message(&arguments.message).unwrap_or_default(),
        into_shuttle: !arguments.no_edit,
    })?;
    let finished = transaction.finish()?;
    let made = match arguments.no_edit {
        true => Made {
            label: "New stitch",
            knots: vec![stitch],
        },
        false => Made::default(),
    };
    bench.report(&repository, &finished, &made)
}

/// `knot`: describes the current stitch and begins the next one.
pub(super) fn knot(
    bench: &mut Workbench<'_, '_>,
    arguments: &KnotArguments,
) -> Result<(), SpoolCommandError> {
    let mut repository = bench.open_to_change()?;
    let current = repository.resolve_one("@")?;
    let description = match message(&arguments.message) {
        Some(message) if !arguments.editor => message,
        message => ask(bench, &repository, &current, message)?,
    };
    let mut transaction = bench.change(&mut repository)?;
    let selection = Selection::paths(arguments.paths.clone());
    transaction.knot(selection, Some(&description))?;
    let finished = transaction.finish()?;
    bench.report(&repository, &finished, &Made::default())
}

/// `mark`: says what stitches are about.
pub(super) fn mark(
    bench: &mut Workbench<'_, '_>,
    arguments: &MarkArguments,
) -> Result<(), SpoolCommandError> {
    let mut repository = bench.open_to_change()?;
    let revisions = arguments.stitches.revisions();
    let knots = match revisions.is_empty() {
        true => vec![repository.resolve_one("@")?],
        false => resolve(&repository, &revisions)?,
    };
    let given = match arguments.stdin {
        true => Some(read_input(bench)?),
        false => message(&arguments.message),
    };
    let description = match (given, knots.as_slice()) {
        (Some(given), _) if !arguments.editor => given,
        (given, [knot]) => ask(bench, &repository, knot, given)?,
        _ => {
            return Err(SpoolCommandError::usage(
                format!("an editor is for one stitch, and these are {}", knots.len()),
                "give all of them the same description with -m",
            ));
        }
    };
    let mut transaction = bench.change(&mut repository)?;
    transaction.describe(&knots, &description)?;
    let finished = transaction.finish()?;
    bench.report(&repository, &finished, &Made::default())
}

/// `edit`: makes a stitch the current one.
pub(super) fn edit(
    bench: &mut Workbench<'_, '_>,
    arguments: &EditArguments,
) -> Result<(), SpoolCommandError> {
    let mut repository = bench.open_to_change()?;
    let knot = repository.resolve_one(arguments.revision())?;
    let mut transaction = bench.change(&mut repository)?;
    transaction.edit(&knot)?;
    let finished = transaction.finish()?;
    bench.report(&repository, &finished, &Made::default())
}

/// Finds the stitches that revsets name, and refuses when there are none.
pub(super) fn resolve(
    repository: &Repository,
    revsets: &[String],
) -> Result<Vec<KnotId>, SpoolCommandError> {
    let Some(revset) = union(revsets) else {
        return Ok(Vec::new());
    };
    let knots = repository.resolve(&revset)?;
    if knots.is_empty() {
        return Err(SpoolCommandError::usage(
            format!("`{revset}` names no stitch"),
            "`loom spool trace -r '::'` shows all",
        ));
    }
    Ok(knots)
}

/// Lets the person write what a stitch is about, beginning with what it is about now.
pub(super) fn ask(
    bench: &Workbench<'_, '_>,
    repository: &Repository,
    knot: &KnotId,
    given: Option<String>,
) -> Result<String, SpoolCommandError> {
    let stitch = repository.stitch(knot)?;
    let begin = given.unwrap_or(stitch.description);
    let notes = [format!("Stitch {:.12}", stitch.id)];
    editor::edit(bench.voice.console, repository.editor(), &begin, &notes)
}

fn read_input(bench: &mut Workbench<'_, '_>) -> Result<String, SpoolCommandError> {
    let mut text = String::new();
    bench
        .voice
        .console
        .input
        .read_to_string(&mut text)
        .map_err(SpoolCommandError::io("read standard input"))?;
    Ok(editor::complete(&text))
}
