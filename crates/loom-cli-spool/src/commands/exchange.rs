//! Commands that exchange with remotes, and those that say which there are.
//!
//! Pins and their stitches go through git. With them goes the ledger, in which several machines keep
//! what they did to pins and descriptions at the same time; when that does not work out, the exchange
//! itself has, and a warning says so.

use loom_common_spool::exchange::ExchangeError;
use loom_common_spool::repository::{
    Allowances, Draw, Drawn, Finished, GitEvent, PinTarget, Push, PushUpdate, PushWhat, Pushed,
    Repository, Shared, Sharing,
};

use super::weave::resolve;
use crate::arguments::{DrawArguments, RemoteCommand, ShuttleArguments};
use crate::document;
use crate::error::SpoolCommandError;
use crate::page::Page;
use crate::palette;
use crate::workbench::{Made, Workbench, stitches};

/// How many letters of a knot's id are shown.
const LETTERS: usize = 12;

/// `shuttle`: sends pins to a remote.
pub(super) fn shuttle(
    bench: &mut Workbench<'_, '_>,
    arguments: &ShuttleArguments,
) -> Result<(), SpoolCommandError> {
    let mut repository = bench.open_to_change()?;
    check_remote(&repository, arguments.remote.as_deref())?;
    let wanted = wanted(&repository, arguments)?;
    let mut heard = Vec::new();
    let mut transaction = bench.change(&mut repository)?;
    let push = Push {
        remote: arguments.remote.clone(),
        what: wanted,
        allow: Allowances {
            undescribed: arguments.allow_empty_description,
            tangled: arguments.allow_tangles,
            private: arguments.allow_private,
        },
        dry_run: arguments.dry_run,
        options: Vec::new(),
    };
    let pushed = transaction.push(&push, &mut |event| hear(&mut heard, event))?;
    if arguments.dry_run {
        drop(transaction);
        say_pushed(bench, &pushed, "would get");
        if bench.voice.is_json() {
            bench.voice.print_json(&document::Pushed::from(&pushed))?;
        }
        return Ok(());
    }
    let finished = transaction.finish()?;
    bench.tell_git(&heard);
    say_pushed(bench, &pushed, "got");
    let sharing = Sharing::Shuttle {
        sent: pushed.shared(),
    };
    let finished = bench.share(&mut repository, &pushed.remote, &sharing, finished);
    if bench.voice.is_json() {
        bench.voice.print_json(&document::Pushed::from(&pushed))?;
    } else if finished.changed && finished.shuttle.is_some() {
        bench.report(&repository, &finished, &Made::default())?;
    }
    not_taken(&pushed)
}

/// Refuses a remote that there is not, before anything is said to it.
fn check_remote(repository: &Repository, named: Option<&str>) -> Result<(), SpoolCommandError> {
    let remotes = repository.remotes()?;
    let message = match named {
        Some(name) if remotes.iter().all(|remote| remote.name != name) => {
            format!("there is no remote `{name}`")
        }
        None if remotes.is_empty() => "there is no remote".to_owned(),
        _ => return Ok(()),
    };
    Err(SpoolCommandError::usage(
        message,
        "`loom spool remote add NAME URL` adds one",
    ))
}

/// Finds what is to be sent.
fn wanted(
    repository: &Repository,
    arguments: &ShuttleArguments,
) -> Result<Vec<PushWhat>, SpoolCommandError> {
    let mut wanted = Vec::new();
    if arguments.all {
        wanted.push(PushWhat::All);
    }
    if arguments.tracked {
        wanted.push(PushWhat::Followed);
    }
    if arguments.deleted {
        wanted.push(PushWhat::Deleted);
    }
    if !arguments.pins.is_empty() {
        wanted.push(PushWhat::Pins(arguments.pins.clone()));
    }
    if !arguments.revisions.is_empty() {
        wanted.push(PushWhat::At(resolve(repository, &arguments.revisions)?));
    }
    if !arguments.stitches.is_empty() {
        let knots = resolve(repository, &arguments.stitches)?;
        wanted.push(PushWhat::Stitches(knots));
    }
    if wanted.is_empty() {
        wanted.push(PushWhat::Near);
    }
    Ok(wanted)
}

fn say_pushed(bench: &mut Workbench<'_, '_>, pushed: &Pushed, verb: &str) {
    let mut page = bench.voice.message();
    let failed: Vec<_> = pushed
        .moved_there
        .iter()
        .chain(&pushed.refused_there)
        .collect();
    let taken = |update: &&PushUpdate| {
        let reference = format!("refs/heads/{}", update.name);
        failed.iter().all(|(name, _)| *name != reference)
    };
    let mut updates = pushed.updates.iter().filter(taken).peekable();
    if updates.peek().is_some() {
        page.show(&format!("{} {verb}:\n", pushed.remote));
    } else if failed.is_empty() {
        page.say("Nothing to send.\n");
    }
    for update in updates {
        let short = |knot: &Option<_>| {
            knot.as_ref()
                .map(|knot| format!("{knot:.width$}", width = LETTERS))
        };
        page.say("  ").show_in(palette::PIN, &update.name);
        match (short(&update.before), short(&update.after)) {
            (Some(before), Some(after)) => page.say(&format!(": {before} -> {after}")),
            (None, Some(after)) => page.say(&format!(": new, {after}")),
            (_, None) => page.say(": deleted"),
        };
        page.say("\n");
    }
    bench.voice.tell(page);
    for (name, why) in &pushed.left_alone {
        bench.voice.warn(&format!("`{name}` was left alone: {why}"));
    }
}

/// Fails when the remote did not take everything.
fn not_taken(pushed: &Pushed) -> Result<(), SpoolCommandError> {
    let names = |of: &[(String, String)]| {
        let texts = of.iter().map(|(name, why)| match why.as_str() {
            "" => format!("\n  {name}"),
            why => format!("\n  {name}: {why}"),
        });
        texts.collect::<String>()
    };
    let (moved, refused) = (&pushed.moved_there, &pushed.refused_there);
    let (text, hint) = if !moved.is_empty() {
        (
            format!(
                "others moved these on {} meanwhile:{}",
                pushed.remote,
                names(moved)
            ),
            "`loom spool draw` shows where they are now",
        )
    } else if !refused.is_empty() {
        (
            format!("{} did not take these:{}", pushed.remote, names(refused)),
            "whoever runs it knows why",
        )
    } else {
        return Ok(());
    };
    Err(SpoolCommandError::NotTaken {
        message: text,
        hint: hint.to_owned(),
    })
}

/// `draw`: gets pins and stitches from remotes.
pub(super) fn draw(
    bench: &mut Workbench<'_, '_>,
    arguments: &DrawArguments,
) -> Result<(), SpoolCommandError> {
    let mut repository = bench.open_to_change()?;
    let remotes = match arguments.all_remotes {
        true => vec!["*".to_owned()],
        false => arguments.remotes.clone(),
    };
    let draw = Draw {
        remotes,
        pins: arguments.pins.clone(),
    };
    let mut heard = Vec::new();
    let mut transaction = bench.change(&mut repository)?;
    let drawn = transaction.draw(&draw, &mut |event| hear(&mut heard, event))?;
    let mut finished = transaction.finish()?;
    bench.tell_git(&heard);
    say_drawn(bench, &drawn);
    for remote in &drawn.remotes {
        finished = bench.share(&mut repository, remote, &Sharing::Draw, finished);
    }
    if bench.voice.is_json() {
        let document = document::Drawn::new(&repository, &finished, &drawn)?;
        return bench.voice.print_json(&document);
    }
    if finished.changed {
        bench.report(&repository, &finished, &Made::default())?;
    }
    Ok(())
}

fn say_drawn(bench: &mut Workbench<'_, '_>, drawn: &Drawn) {
    let mut page = bench.voice.message();
    let changes: Vec<_> = drawn.pins.iter().chain(&drawn.tags).collect();
    if changes.is_empty() {
        page.say("Nothing new.\n");
    }
    for (name, before, after) in changes {
        page.show_in(palette::PIN, name).say(": ");
        moved(&mut page, before, after);
        page.say("\n");
    }
    if !drawn.snipped.is_empty() {
        page.say(&format!(
            "Snipped {} that the remote does not have any more\n",
            stitches(drawn.snipped.len())
        ));
    }
    bench.voice.tell(page);
}

fn moved(page: &mut Page, before: &PinTarget, after: &PinTarget) {
    let text = |target: &PinTarget| {
        let knots = target.at.iter();
        let knots: Vec<_> = knots
            .map(|knot| format!("{knot:.width$}", width = LETTERS))
            .collect();
        knots.join(" | ")
    };
    match (before.is_absent(), after.is_absent()) {
        (_, true) => page.say("deleted"),
        (true, false) => page.say("new, ").say(&text(after)),
        (false, false) => page.say(&text(before)).say(" -> ").say(&text(after)),
    };
}

/// `remote`: which there are.
pub(super) fn remote(
    bench: &mut Workbench<'_, '_>,
    command: &RemoteCommand,
) -> Result<(), SpoolCommandError> {
    if matches!(command, RemoteCommand::List) {
        let repository = bench.open_as_it_is()?;
        for remote in repository.remotes()? {
            if bench.voice.is_json() {
                bench.voice.print_json(&document::Remote::from(&remote))?;
                continue;
            }
            let mut page = bench.voice.page();
            page.show(&remote.name);
            page.say(" ")
                .show(remote.url.as_deref().unwrap_or("(no URL)"));
            if let Some(url) = &remote.push_url {
                page.say(" (push: ").show(url).say(")");
            }
            page.say("\n");
            bench.voice.print(page)?;
        }
        return Ok(());
    }
    let mut repository = bench.open_to_change()?;
    let mut transaction = bench.change(&mut repository)?;
    match command {
        RemoteCommand::Add { name, url } => transaction.add_remote(name, url)?,
        RemoteCommand::Remove { name } => transaction.remove_remote(name)?,
        RemoteCommand::Rename { old, new } => transaction.rename_remote(old, new)?,
        RemoteCommand::List => {}
    }
    let finished = transaction.finish()?;
    if bench.voice.is_json() {
        return bench.report(&repository, &finished, &Made::default());
    }
    bench.tell_notices(&finished.notices);
    Ok(())
}

/// Keeps what the other side says, such as where to propose a change. How far git is does not matter
/// any more when it is read.
fn hear(heard: &mut Vec<String>, event: GitEvent<'_>) {
    /// More than this nobody reads.
    const MOST: usize = 1000;
    const PROGRESS: [&str; 5] = [
        "Enumerating objects",
        "Counting objects",
        "Compressing objects",
        "Resolving deltas",
        "Total ",
    ];
    let GitEvent::Remote(line) = event else {
        return;
    };
    let is_progress = PROGRESS.iter().any(|start| line.starts_with(start));
    if heard.len() < MOST && !is_progress && !line.trim().is_empty() {
        heard.push(format!("remote: {line}"));
    }
}

impl Workbench<'_, '_> {
    fn tell_git(&mut self, heard: &[String]) {
        let mut page = self.voice.message();
        for line in heard {
            page.show(line.trim_end()).say("\n");
        }
        self.voice.tell(page);
    }

    fn has_ledger(&self, repository: &Repository) -> bool {
        repository.has_ledger().unwrap_or(false)
    }

    /// Lets the ledger go along. Returns what was done in the end.
    fn share(
        &mut self,
        repository: &mut Repository,
        remote: &str,
        sharing: &Sharing,
        finished: Finished,
    ) -> Finished {
        if !self.has_ledger(repository) {
            return finished;
        }
        match repository.share(remote, sharing) {
            Ok(shared) => self.say_shared(&shared, finished),
            Err(error) => {
                self.ledger_failed(&error);
                finished
            }
        }
    }

    fn say_shared(&mut self, shared: &Shared, before: Finished) -> Finished {
        if let Some(path) = &shared.began_anew {
            self.voice.warn(&format!(
                "the ledger of pins and descriptions was damaged, and begins anew; what it was is in {}",
                path.display()
            ));
        }
        if !shared.waiting.is_empty() {
            self.voice.warn(&format!(
                "these pins are elsewhere by now, at stitches that are not here yet: {}",
                shared.waiting.join(", ")
            ));
        }
        match &shared.finished {
            Some(finished) if finished.changed => {
                let mut page = self.voice.message();
                page.say("Took over what others did to pins and descriptions.\n");
                self.voice.tell(page);
                Finished {
                    shuttle: finished.shuttle.clone().or(before.shuttle),
                    rethreaded: finished.rethreaded + before.rethreaded,
                    ..finished.clone()
                }
            }
            _ => before,
        }
    }

    fn ledger_failed(&mut self, error: &ExchangeError) {
        self.voice.warn(&format!(
            "what several machines did to pins and descriptions was not exchanged: {error}"
        ));
        self.voice.hint(
            "it goes along the next time; `loom.ledger = false` in jj's settings turns it off",
        );
    }
}
