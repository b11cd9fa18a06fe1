//! `pin`: names for stitches, which become branches in git.

use loom_common_spool::repository::{
    Forget, KnotId, Pin, PinMove, PinTarget, Repository, Transaction,
};

use super::trace::union;
use crate::arguments::{PinCommand, PinListArguments, PinMoveArguments, PinTrackArguments};
use crate::document;
use crate::error::SpoolCommandError;
use crate::page::Page;
use crate::palette;
use crate::stitch_line;
use crate::workbench::{Made, Workbench};

pub(super) fn run(
    bench: &mut Workbench<'_, '_>,
    command: &PinCommand,
) -> Result<(), SpoolCommandError> {
    if let PinCommand::List(arguments) = command {
        return list(bench, arguments);
    }
    let mut repository = bench.open_to_change()?;
    let moves = |backwards| match backwards {
        true => PinMove::Anywhere,
        false => PinMove::Forwards,
    };
    let change: Box<dyn FnOnce(&mut Transaction<'_>) -> _> = match command {
        PinCommand::Create(arguments) => {
            let at = repository.resolve_one(&arguments.revision)?;
            Box::new(move |transaction| transaction.create_pins(&arguments.names, &at))
        }
        PinCommand::Set(arguments) => {
            let at = repository.resolve_one(&arguments.revision)?;
            let allowed = moves(arguments.allow_backwards);
            Box::new(move |transaction| transaction.set_pins(&arguments.names, &at, allowed))
        }
        PinCommand::Move(arguments) => {
            let names = names_to_move(&repository, arguments)?;
            let to = repository.resolve_one(&arguments.to)?;
            let allowed = moves(arguments.allow_backwards);
            Box::new(move |transaction| transaction.move_pins(&names, &to, allowed))
        }
        PinCommand::Delete(arguments) => {
            let names = here(&repository, &arguments.names)?;
            Box::new(move |transaction| transaction.delete_pins(&names))
        }
        PinCommand::Rename(arguments) => {
            Box::new(move |transaction| transaction.rename_pin(&arguments.old, &arguments.new))
        }
        PinCommand::Forget(arguments) => {
            let names = match here(&repository, &arguments.names) {
                Ok(names) => names,
                // What only remotes have is named in full.
                Err(_) => arguments.names.clone(),
            };
            let which = match arguments.include_remotes {
                true => Forget::HereAndRemotes,
                false => Forget::Here,
            };
            Box::new(move |transaction| transaction.forget_pins(&names, which))
        }
        PinCommand::Track(arguments) | PinCommand::Untrack(arguments) => {
            let follow = matches!(command, PinCommand::Track(_));
            let pairs = of_remotes(&repository, arguments, follow)?;
            Box::new(move |transaction| {
                for (name, remote) in &pairs {
                    match follow {
                        true => transaction.track_pin(name, remote)?,
                        false => transaction.untrack_pin(name, remote)?,
                    }
                }
                Ok(())
            })
        }
        PinCommand::List(_) => return Ok(()),
    };
    let before = repository.pins();
    let mut transaction = bench.change(&mut repository)?;
    change(&mut transaction)?;
    let finished = transaction.finish()?;
    say_moved(bench, &repository, &before)?;
    bench.report(&repository, &finished, &Made::default())
}

/// Says where pins are that were elsewhere, or nowhere.
fn say_moved(
    bench: &mut Workbench<'_, '_>,
    repository: &Repository,
    before: &[Pin],
) -> Result<(), SpoolCommandError> {
    let mut page = bench.voice.message();
    let after = repository.pins();
    for pin in &after {
        let old = before.iter().find(|old| old.name == pin.name);
        if old.is_none_or(|old| old.target != pin.target) {
            page.show_in(palette::PIN, &pin.name);
            target(&mut page, repository, &pin.target)?;
        }
    }
    for old in before {
        let is_gone = after.iter().all(|pin| pin.name != old.name);
        if is_gone && !old.target.is_absent() {
            page.show_in(palette::PIN, &old.name).say(": gone\n");
        }
    }
    bench.voice.tell(page);
    Ok(())
}

/// Finds the pins of this repository that patterns name.
fn here(repository: &Repository, patterns: &[String]) -> Result<Vec<String>, SpoolCommandError> {
    let mut names = Vec::new();
    for pattern in patterns {
        let found = repository.matching_pins(std::slice::from_ref(pattern))?;
        if found.is_empty() {
            return Err(SpoolCommandError::usage(
                format!("there is no pin `{pattern}`"),
                "`loom spool pin list` shows all",
            ));
        }
        names.extend(
            found
                .into_iter()
                .filter(|name| !names.contains(name))
                .collect::<Vec<_>>(),
        );
    }
    Ok(names)
}

fn names_to_move(
    repository: &Repository,
    arguments: &PinMoveArguments,
) -> Result<Vec<String>, SpoolCommandError> {
    let named = match arguments.names.is_empty() {
        true => None,
        false => Some(here(repository, &arguments.names)?),
    };
    let Some(revset) = union(&arguments.from) else {
        return Ok(named.unwrap_or_default());
    };
    let from = repository.resolve(&revset)?;
    let on_them = repository.pins().into_iter().filter(|pin| {
        let is_named = named.as_ref().is_none_or(|names| names.contains(&pin.name));
        is_named && pin.target.at.iter().any(|knot| from.contains(knot))
    });
    let names: Vec<_> = on_them.map(|pin| pin.name).collect();
    if names.is_empty() {
        return Err(SpoolCommandError::usage(
            format!("no pin is on `{revset}`"),
            "`loom spool pin list` shows where they are",
        ));
    }
    Ok(names)
}

/// Finds the pins of remotes that `NAME` or `NAME@REMOTE` mean.
fn of_remotes(
    repository: &Repository,
    arguments: &PinTrackArguments,
    follow: bool,
) -> Result<Vec<(String, String)>, SpoolCommandError> {
    let pins = repository.pins();
    let mut pairs = Vec::new();
    for name in &arguments.names {
        if let (Some((name, remote)), true) = (name.rsplit_once('@'), arguments.remotes.is_empty())
        {
            pairs.push((name.to_owned(), remote.to_owned()));
            continue;
        }
        if !arguments.remotes.is_empty() {
            let remotes = arguments.remotes.iter();
            pairs.extend(remotes.map(|remote| (name.clone(), remote.clone())));
            continue;
        }
        let known = pins.iter().filter(|pin| pin.name == *name);
        let before = pairs.len();
        for remote in known.flat_map(|pin| &pin.remotes) {
            if remote.tracked != follow {
                pairs.push((name.clone(), remote.remote.clone()));
            }
        }
        if pairs.len() == before {
            let (verb, hint) = match follow {
                true => ("not followed yet", "say which: NAME@REMOTE"),
                false => ("followed", "`loom spool pin list --tracked` shows those"),
            };
            return Err(SpoolCommandError::usage(
                format!("no remote has a pin `{name}` that is {verb}"),
                hint,
            ));
        }
    }
    Ok(pairs)
}

fn list(
    bench: &mut Workbench<'_, '_>,
    arguments: &PinListArguments,
) -> Result<(), SpoolCommandError> {
    let repository = bench.open()?;
    let named = match arguments.names.is_empty() {
        true => None,
        false => Some(repository.matching_pins(&arguments.names)?),
    };
    let on = match union(&arguments.revisions) {
        Some(revset) => Some(repository.resolve(&revset)?),
        None => None,
    };
    let is_wanted = |pin: &Pin| {
        named
            .as_ref()
            .is_none_or(|names| names.contains(&pin.name) || arguments.names.contains(&pin.name))
            && on
                .as_ref()
                .is_none_or(|on| pin.target.at.iter().any(|knot| on.contains(knot)))
            && (!arguments.tracked || pin.remotes.iter().any(|remote| remote.tracked))
            && (!arguments.tangled || pin.target.is_tangled())
    };
    for pin in repository.pins().iter().filter(|pin| is_wanted(pin)) {
        if bench.voice.is_json() {
            bench.voice.print_json(&document::Pin::from(pin))?;
            continue;
        }
        let mut page = bench.voice.page();
        draw(&mut page, &repository, pin, arguments)?;
        bench.voice.print(page)?;
    }
    Ok(())
}

/// Draws a pin, and below it where remotes have it elsewhere.
fn draw(
    page: &mut Page,
    repository: &Repository,
    pin: &Pin,
    arguments: &PinListArguments,
) -> Result<(), SpoolCommandError> {
    let remotes = pin
        .remotes
        .iter()
        .filter(|remote| arguments.all_remotes || (remote.tracked && remote.target != pin.target));
    let remotes: Vec<_> = remotes.collect();
    if pin.target.is_absent() {
        // Those that nobody here follows are shown when they are asked for.
        let followed = pin.remotes.iter().any(|remote| remote.tracked);
        if !followed && !arguments.all_remotes {
            return Ok(());
        }
        if followed {
            page.show_in(palette::PIN, &pin.name).say(" (deleted)\n");
        }
    } else {
        page.show_in(palette::PIN, &pin.name);
        target(page, repository, &pin.target)?;
    }
    for remote in remotes {
        match remote.tracked {
            true => page.say("  "),
            false => page.show_in(palette::PIN, &pin.name),
        };
        page.show_in(palette::PIN, &format!("@{}", remote.remote));
        target(page, repository, &remote.target)?;
    }
    Ok(())
}

fn target(
    page: &mut Page,
    repository: &Repository,
    target: &PinTarget,
) -> Result<(), SpoolCommandError> {
    if !target.is_tangled()
        && let [at] = target.at.as_slice()
    {
        return on_line(page, repository, ": ", at);
    }
    if target.is_absent() {
        page.say(" (deleted)\n");
        return Ok(());
    }
    page.say(" ")
        .say_in(palette::TANGLE, "(tangled)")
        .say(":\n");
    for knot in &target.was {
        on_line(page, repository, "  - ", knot)?;
    }
    for knot in &target.at {
        on_line(page, repository, "  + ", knot)?;
    }
    Ok(())
}

fn on_line(
    page: &mut Page,
    repository: &Repository,
    before: &str,
    knot: &KnotId,
) -> Result<(), SpoolCommandError> {
    page.say(before);
    let mut stitch = repository.stitch(knot)?;
    // Its name stands before it.
    stitch.pins.clear();
    stitch_line::line(page, &stitch);
    page.say("\n");
    Ok(())
}
