//! Commands that rewrite stitches.

use loom_common_spool::repository::{
    DuplicateTo, KnotId, Location, Mend, MendFrom, Ply, PlyDescription, Repository, Rethread,
    RethreadWhat, Selection, Snip, Unravel, UnravelTo, Untangling,
};

use super::look::described;
use super::weave::{ask, resolve};
use crate::arguments::{
    DuplicateArguments, MendArguments, PlaceArguments, PlyArguments, RethreadArguments,
    SnipArguments, UnravelArguments, UntangleArguments,
};
use crate::document;
use crate::editor;
use crate::error::SpoolCommandError;
use crate::palette;
use crate::stitch_line;
use crate::workbench::{Made, Workbench, message};

/// `rethread`: moves stitches onto others.
pub(super) fn rethread(
    bench: &mut Workbench<'_, '_>,
    arguments: &RethreadArguments,
) -> Result<(), SpoolCommandError> {
    let mut repository = bench.open_to_change()?;
    let to = place(&repository, &arguments.place)?.ok_or_else(|| {
        SpoolCommandError::usage(
            "it was not said where to",
            "onto another: `-o main`; between others: `--after` and `--before`",
        )
    })?;
    let what = if !arguments.source.is_empty() {
        RethreadWhat::Sources(resolve(&repository, &arguments.source)?)
    } else if !arguments.revisions.is_empty() {
        RethreadWhat::Stitches(resolve(&repository, &arguments.revisions)?)
    } else if !arguments.branch.is_empty() {
        RethreadWhat::Branches(resolve(&repository, &arguments.branch)?)
    } else {
        RethreadWhat::Branches(vec![repository.resolve_one("@")?])
    };
    let mut transaction = bench.change(&mut repository)?;
    let rethreaded = transaction.rethread(&Rethread {
        drop_emptied: arguments.skip_emptied,
        ..Rethread::new(what, to)
    })?;
    let finished = transaction.finish()?;
    let moved = rethreaded.moved + rethreaded.followed;
    let mut page = bench.voice.message();
    if moved > 0 {
        page.say(&format!(
            "Rethreaded {}\n",
            crate::workbench::stitches(moved as usize)
        ));
    }
    bench.voice.tell(page);
    bench.report(&repository, &finished, &Made::default())
}

/// `ply`: moves changes into another stitch.
pub(super) fn ply(
    bench: &mut Workbench<'_, '_>,
    arguments: &PlyArguments,
) -> Result<(), SpoolCommandError> {
    let mut repository = bench.open_to_change()?;
    let current = || repository.resolve_one("@");
    let (from, into) = if arguments.from.is_empty() && arguments.into.is_none() {
        let from = match &arguments.revision {
            Some(revset) => repository.resolve_one(revset)?,
            None => current()?,
        };
        let parents = repository.stitch(&from)?.parents;
        let into = match parents.as_slice() {
            [into] => into.clone(),
            [] => {
                return Err(SpoolCommandError::usage(
                    "the root has no parent",
                    "name another stitch with -r",
                ));
            }
            _ => {
                return Err(SpoolCommandError::usage(
                    "a merge cannot be plied into its parents at once",
                    "say into which: --into",
                ));
            }
        };
        (vec![from], into)
    } else {
        let from = match arguments.from.is_empty() {
            true => vec![current()?],
            false => resolve(&repository, &arguments.from)?,
        };
        let into = match &arguments.into {
            Some(revset) => repository.resolve_one(revset)?,
            None => current()?,
        };
        (from, into)
    };
    let description = match message(&arguments.message) {
        Some(message) => PlyDescription::Exactly(message),
        None if arguments.use_destination_message => PlyDescription::Unchanged,
        None => combined(bench, &repository, &from, &into, arguments)?,
    };
    let mut transaction = bench.change(&mut repository)?;
    transaction.ply(Ply {
        from,
        into,
        selection: Selection::paths(arguments.paths.clone()),
        description,
        keep_emptied: arguments.keep_emptied,
    })?;
    let finished = transaction.finish()?;
    bench.report(&repository, &finished, &Made::default())
}

/// Asks what the result is about when several stitches say it. Without a terminal all is kept.
fn combined(
    bench: &Workbench<'_, '_>,
    repository: &Repository,
    from: &[KnotId],
    into: &KnotId,
    arguments: &PlyArguments,
) -> Result<PlyDescription, SpoolCommandError> {
    let stays = arguments.keep_emptied || !arguments.paths.is_empty();
    if stays || !bench.voice.console.terminal.interactive {
        return Ok(PlyDescription::Combined);
    }
    let into = repository.stitch(into)?;
    let others = repository.stitches(from)?;
    let texts: Vec<_> = std::iter::once(&into)
        .chain(others.iter().filter(|other| other.knot != into.knot))
        .map(|stitch| stitch.description.trim_end())
        .filter(|text| !text.is_empty())
        .collect();
    if texts.len() < 2 {
        return Ok(PlyDescription::Combined);
    }
    let notes = [format!(
        "What {:.12} is about, with what goes into it",
        into.id
    )];
    let text = editor::edit(
        bench.voice.console,
        repository.editor(),
        &texts.join("\n\n"),
        &notes,
    )?;
    Ok(PlyDescription::Exactly(text))
}

/// `unravel`: splits a stitch.
pub(super) fn unravel(
    bench: &mut Workbench<'_, '_>,
    arguments: &UnravelArguments,
) -> Result<(), SpoolCommandError> {
    if arguments.paths.is_empty() {
        return Err(SpoolCommandError::usage(
            "it was not said which files the first stitch gets",
            "name them: `loom spool unravel src/a.rs`; the rest becomes the second",
        ));
    }
    let mut repository = bench.open_to_change()?;
    let knot = repository.resolve_one(&arguments.revision)?;
    let description = match message(&arguments.message) {
        Some(message) => Some(message),
        None if bench.voice.console.terminal.interactive => {
            Some(ask(bench, &repository, &knot, None)?)
        }
        None => None,
    };
    let mut transaction = bench.change(&mut repository)?;
    let unraveled = transaction.unravel(Unravel {
        knot,
        selection: Selection::paths(arguments.paths.clone()),
        description,
        to: match arguments.parallel {
            true => UnravelTo::Beside,
            false => UnravelTo::Below,
        },
    })?;
    let finished = transaction.finish()?;
    let made = Made {
        label: "Unraveled into",
        knots: vec![unraveled.selected, unraveled.rest],
    };
    bench.report(&repository, &finished, &made)
}

/// `snip`: drops stitches.
pub(super) fn snip(
    bench: &mut Workbench<'_, '_>,
    arguments: &SnipArguments,
) -> Result<(), SpoolCommandError> {
    let mut repository = bench.open_to_change()?;
    let revisions = arguments.stitches.revisions();
    let knots = match revisions.is_empty() {
        true => vec![repository.resolve_one("@")?],
        false => resolve(&repository, &revisions)?,
    };
    let mut transaction = bench.change(&mut repository)?;
    let snipped = transaction.snip(&Snip {
        knots,
        retain_pins: arguments.retain_pins,
        keep_descendants: arguments.restore_descendants,
    })?;
    let finished = transaction.finish()?;
    let mut page = bench.voice.message();
    page.say(&format!(
        "Snipped {}:\n",
        crate::workbench::stitches(snipped.knots.len())
    ));
    for stitch in repository.stitches(&snipped.knots)?.iter().take(10) {
        page.say("  ");
        stitch_line::line(&mut page, stitch);
        page.say("\n");
    }
    if snipped.knots.len() > 10 {
        page.say(&format!("  and {} more\n", snipped.knots.len() - 10));
    }
    if !snipped.pins.is_empty() {
        page.say("Deleted pins: ")
            .show_in(palette::PIN, &snipped.pins.join(", "))
            .say("\n");
    }
    bench.voice.tell(page);
    bench.report(&repository, &finished, &Made::default())
}

/// `mend`: takes the content of files from elsewhere.
pub(super) fn mend(
    bench: &mut Workbench<'_, '_>,
    arguments: &MendArguments,
) -> Result<(), SpoolCommandError> {
    let mut repository = bench.open_to_change()?;
    let one = |revset: &Option<String>| repository.resolve_one(revset.as_deref().unwrap_or("@"));
    let (from, into) = if arguments.from.is_some() || arguments.into.is_some() {
        (
            MendFrom::Stitch(one(&arguments.from)?),
            one(&arguments.into)?,
        )
    } else {
        (MendFrom::Parents, one(&arguments.changes_in)?)
    };
    let mut transaction = bench.change(&mut repository)?;
    transaction.mend(Mend {
        from,
        into,
        selection: Selection::paths(arguments.paths.clone()),
        keep_descendants: arguments.restore_descendants,
    })?;
    let finished = transaction.finish()?;
    bench.report(&repository, &finished, &Made::default())
}

/// `duplicate`: copies stitches.
pub(super) fn duplicate(
    bench: &mut Workbench<'_, '_>,
    arguments: &DuplicateArguments,
) -> Result<(), SpoolCommandError> {
    let mut repository = bench.open_to_change()?;
    let revisions = arguments.stitches.revisions();
    let knots = match revisions.is_empty() {
        true => vec![repository.resolve_one("@")?],
        false => resolve(&repository, &revisions)?,
    };
    let to = match place(&repository, &arguments.place)? {
        Some(location) => DuplicateTo::Elsewhere(location),
        None => DuplicateTo::Beside,
    };
    let mut transaction = bench.change(&mut repository)?;
    let copies = transaction.duplicate(&knots, to)?;
    let finished = transaction.finish()?;
    let made = Made {
        label: "Copied as",
        knots: copies.into_iter().map(|(_, copy)| copy).collect(),
    };
    bench.report(&repository, &finished, &made)
}

/// `untangle`: lists tangles, and settles them.
pub(super) fn untangle(
    bench: &mut Workbench<'_, '_>,
    arguments: &UntangleArguments,
) -> Result<(), SpoolCommandError> {
    let side = match arguments.tool.as_deref() {
        None => None,
        Some(":ours") => Some(0),
        Some(":theirs") => Some(1),
        Some(other) => {
            return Err(SpoolCommandError::usage(
                format!("there is no way to untangle by `{other}`"),
                "there are `:ours`, the first side, and `:theirs`, the second",
            ));
        }
    };
    let mut repository = match side {
        Some(_) => bench.open_to_change()?,
        None => bench.open()?,
    };
    let knot = repository.resolve_one(&arguments.revision)?;
    let tangles = repository.tangles(&knot, &arguments.paths)?;
    if tangles.is_empty() && !arguments.list {
        return Err(SpoolCommandError::usage(
            format!("nothing is tangled in {knot:.12}"),
            "`loom spool trace -r 'tangles()'` shows the stitches with tangles",
        ));
    }
    let Some(side) = side else {
        if bench.voice.is_json() {
            for tangle in &tangles {
                bench.voice.print_json(&document::Tangle::from(tangle))?;
            }
            return Ok(());
        }
        let paths = bench.paths(&repository);
        let mut page = bench.voice.page();
        for tangle in &tangles {
            page.show_in(
                palette::TANGLE,
                &described(tangle, &paths.shown(&tangle.path)),
            )
            .say("\n");
        }
        bench.voice.print(page)?;
        if !arguments.list {
            bench.voice.hint(
                "take the marks out of the files, or take a side: --tool :ours or --tool :theirs",
            );
        }
        return Ok(());
    };
    let files: Vec<_> = tangles
        .into_iter()
        .map(|tangle| (tangle.path, Untangling::Side(side)))
        .collect();
    let mut transaction = bench.change(&mut repository)?;
    transaction.untangle(&knot, &files)?;
    let finished = transaction.finish()?;
    bench.report(&repository, &finished, &Made::default())
}

/// Finds the place that arguments name.
fn place(
    repository: &Repository,
    place: &PlaceArguments,
) -> Result<Option<Location>, SpoolCommandError> {
    let onto = resolve(repository, &place.onto)?;
    let after = resolve(repository, &place.insert_after)?;
    let before = resolve(repository, &place.insert_before)?;
    Ok(
        match (onto.is_empty(), after.is_empty(), before.is_empty()) {
            (false, _, _) => Some(Location::Onto(onto)),
            (true, false, false) => Some(Location::Between { after, before }),
            (true, false, true) => Some(Location::After(after)),
            (true, true, false) => Some(Location::Before(before)),
            (true, true, true) => None,
        },
    )
}
