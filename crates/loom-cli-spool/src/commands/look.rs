//! Commands that show what changed.

use loom_common_spool::repository::{KnotId, Repository, Side, Stitch, Tangle};

use super::trace::union;
use super::weave::resolve;
use crate::arguments::{CompareArguments, ShowArguments, TensionArguments};
use crate::diff::{self, Drawing};
use crate::document;
use crate::error::SpoolCommandError;
use crate::page::Page;
use crate::palette;
use crate::stitch_line;
use crate::workbench::{Workbench, counted};

/// `compare`: shows what differs between two stitches.
pub(super) fn compare(
    bench: &mut Workbench<'_, '_>,
    arguments: &CompareArguments,
) -> Result<(), SpoolCommandError> {
    let repository = bench.open()?;
    let (before, after) = sides(&repository, arguments)?;
    let comparison = repository.compare(&before, &after, &arguments.paths)?;
    if bench.voice.is_json() {
        for file in &comparison.files {
            let document = document::FileChange::with_lines(&comparison, file)?;
            bench.voice.print_json(&document)?;
        }
        return Ok(());
    }
    let mut page = bench.voice.page();
    let drawing = Drawing::asked_or_words(&arguments.diff);
    drawing.draw(&mut page, &comparison, &bench.paths(&repository))?;
    bench.voice.print(page)
}

fn sides(
    repository: &Repository,
    arguments: &CompareArguments,
) -> Result<(Side, Side), SpoolCommandError> {
    let one = |revset: &Option<String>| match revset {
        Some(revset) => repository.resolve_one(revset),
        None => repository.resolve_one("@"),
    };
    if arguments.from.is_some() || arguments.to.is_some() {
        return Ok((
            Side::Of(one(&arguments.from)?),
            Side::Of(one(&arguments.to)?),
        ));
    }
    let Some(revset) = union(&arguments.revisions) else {
        let current = repository.resolve_one("@")?;
        return Ok((Side::Below(current.clone()), Side::Of(current)));
    };
    resolve(repository, std::slice::from_ref(&revset))?;
    let end = |function: &str| -> Result<KnotId, SpoolCommandError> {
        let mut ends = repository.resolve(&format!("{function}({revset})"))?;
        match (ends.pop(), ends.is_empty()) {
            (Some(end), true) => Ok(end),
            _ => Err(SpoolCommandError::usage(
                format!("`{revset}` is no single line of stitches"),
                "name the ends with --from and --to",
            )),
        }
    };
    Ok((Side::Below(end("roots")?), Side::Of(end("heads")?)))
}

/// `show`: shows stitches in full.
pub(super) fn show(
    bench: &mut Workbench<'_, '_>,
    arguments: &ShowArguments,
) -> Result<(), SpoolCommandError> {
    let repository = bench.open()?;
    let revisions = arguments.revisions();
    let knots = match revisions.is_empty() {
        true => vec![repository.resolve_one("@")?],
        false => resolve(&repository, &revisions)?,
    };
    let drawing = Drawing::asked_or_words(&arguments.diff);
    for (place, stitch) in repository.stitches(&knots)?.iter().enumerate() {
        if bench.voice.is_json() {
            let comparison = repository.changes_of(&stitch.knot, &[])?;
            let files = comparison.files.iter();
            let document = document::StitchInFull {
                stitch: stitch.into(),
                files: files
                    .map(|file| document::FileChange::with_lines(&comparison, file))
                    .collect::<Result<_, _>>()?,
            };
            bench.voice.print_json(&document)?;
            continue;
        }
        let mut page = bench.voice.page();
        if place > 0 {
            page.say("\n");
        }
        stitch_line::in_full(&mut page, stitch, &bench.zone);
        if !arguments.no_patch {
            let comparison = repository.changes_of(&stitch.knot, &[])?;
            page.say("\n");
            drawing.draw(&mut page, &comparison, &bench.paths(&repository))?;
        }
        bench.voice.print(page)?;
    }
    Ok(())
}

/// `tension`: shows what changed in the working copy, and what needs attention.
pub(super) fn tension(
    bench: &mut Workbench<'_, '_>,
    arguments: &TensionArguments,
) -> Result<(), SpoolCommandError> {
    let repository = bench.open()?;
    let tension = repository.tension(&arguments.paths)?;
    if bench.voice.is_json() {
        let below = repository.stitches(&tension.tangled_below)?;
        return bench
            .voice
            .print_json(&document::Tension::new(&tension, &below));
    }
    let paths = bench.paths(&repository);
    let mut page = bench.voice.page();
    if tension.changes.is_empty() {
        page.say("Nothing changed in the shuttle.\n");
    } else {
        page.say("Changes in the shuttle:\n");
        diff::summary(&mut page, &tension.changes, &paths);
    }
    match &tension.shuttle {
        Some(stitch) => {
            labelled(&mut page, "Shuttle (@) ", stitch);
            for parent in &tension.parents {
                labelled(&mut page, "Parent  (@-)", parent);
            }
        }
        None => {
            page.say("Nothing lies in the shuttle: the workspace was forgotten.\n");
        }
    }
    if !tension.tangles.is_empty() {
        page.say_in(palette::WARNING, "Tangles:").say("\n");
        for tangle in &tension.tangles {
            page.show_in(
                palette::TANGLE,
                &described(tangle, &paths.shown(&tangle.path)),
            )
            .say("\n");
        }
    }
    pins(&mut page, "Tangled pins:", &tension.tangled_pins);
    pins(
        &mut page,
        "Tangled pins of remotes:",
        &tension.tangled_remote_pins,
    );
    bench.voice.print(page)?;
    if tension.untangled {
        bench.voice.hint(
            "the tangles of the parent are settled here: `loom spool ply` moves that into it",
        );
    } else if !tension.tangles.is_empty() {
        bench
            .voice
            .hint("take the marks out of the files, or see `loom spool untangle --help`");
    }
    if !tension.tangled_pins.is_empty() {
        bench
            .voice
            .hint("`loom spool pin set NAME -r STITCH` puts a pin where it belongs");
    }
    Ok(())
}

fn labelled(page: &mut Page, label: &str, stitch: &Stitch) {
    page.say(label).say(": ");
    stitch_line::line(page, stitch);
    page.say("\n");
}

fn pins(page: &mut Page, heading: &str, names: &[String]) {
    if names.is_empty() {
        return;
    }
    page.say_in(palette::WARNING, heading).say("\n");
    for name in names {
        page.say("  ").show_in(palette::PIN, name).say("\n");
    }
}

/// Says how a file is tangled.
pub(super) fn described(tangle: &Tangle, path: &str) -> String {
    let mut text = format!("{path}  {}-sided tangle", tangle.sides);
    if tangle.deletions > 0 {
        text += &format!(", with {}", counted(tangle.deletions, "deletion"));
    }
    if tangle.difficult {
        text += ", not just of text";
    }
    text
}
