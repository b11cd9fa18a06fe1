//! Commands about the folder of a repository.

use loom_common_spool::repository::{Repository, Winding};

use crate::arguments::WindArguments;
use crate::document;
use crate::error::SpoolCommandError;
use crate::workbench::Workbench;

/// `wind`: starts a repository.
pub(super) fn run(
    bench: &mut Workbench<'_, '_>,
    arguments: &WindArguments,
) -> Result<(), SpoolCommandError> {
    let winding = match (arguments.colocate, arguments.no_colocate) {
        (true, _) => Winding::Colocated,
        (_, true) => Winding::Internal,
        _ => Winding::AsConfigured,
    };
    let surroundings = bench.voice.console.surroundings.clone();
    let folder = surroundings.folder.join(&arguments.destination);
    let (repository, notices) = Repository::wind(&folder, winding, surroundings)?;
    bench.tell_notices(&notices);
    if bench.voice.is_json() {
        let document = document::Wound {
            root: repository.root().to_string_lossy().into_owned(),
            colocated: repository.is_colocated(),
            operation_id: repository.operation().to_string(),
        };
        return bench.voice.print_json(&document);
    }
    let beside = match repository.is_colocated() {
        true => ", beside git",
        false => "",
    };
    let mut page = bench.voice.message();
    page.say("Wound a spool in ")
        .show(&repository.root().to_string_lossy())
        .say(beside)
        .say("\n");
    bench.shuttle(&mut page, &repository, "Shuttle (@)")?;
    bench.voice.tell(page);
    bench
        .voice
        .hint("`loom spool tension` shows what changed, `loom spool knot -m TEXT` finishes it");
    Ok(())
}

/// `workspace update-stale`: brings the files up to date that another workspace's work left behind.
pub(super) fn update_stale(bench: &mut Workbench<'_, '_>) -> Result<(), SpoolCommandError> {
    let root = bench.root()?;
    let surroundings = bench.voice.console.surroundings.clone();
    let mut repository = Repository::open(&root, surroundings)?;
    let taken = repository.update_stale()?;
    bench.tell_taken(&taken);
    if bench.voice.is_json() {
        let document = document::Wound {
            root: repository.root().to_string_lossy().into_owned(),
            colocated: repository.is_colocated(),
            operation_id: repository.operation().to_string(),
        };
        return bench.voice.print_json(&document);
    }
    let mut page = bench.voice.message();
    bench.shuttle(&mut page, &repository, "Shuttle (@)")?;
    bench.voice.tell(page);
    Ok(())
}
