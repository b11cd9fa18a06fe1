//! What all commands do alike: open the repository, say what came up, and report what was done.

use std::path::PathBuf;

use jiff::tz::TimeZone;
use loom_common_spool::repository::{
    Finished, KnotId, LeftOutReason, Notice, Repository, RepositoryError, Stitch, Taken,
    Transaction,
};

use crate::arguments::GlobalArguments;
use crate::console::{Console, Voice};
use crate::document;
use crate::error::SpoolCommandError;
use crate::page::Page;
use crate::paths::ShownPaths;
use crate::stitch_line;

/// The most names of one kind that are listed.
const MOST: usize = 10;

/// Where a command works.
pub(crate) struct Workbench<'c, 'a> {
    pub(crate) voice: Voice<'c, 'a>,
    pub(crate) global: GlobalArguments,
    /// The time zone that times are shown in.
    pub(crate) zone: TimeZone,
}

impl<'c, 'a> Workbench<'c, 'a> {
    pub(crate) fn new(console: &'c mut Console<'a>, global: &GlobalArguments) -> Self {
        Self {
            zone: console.surroundings.now.time_zone().clone(),
            voice: Voice::new(console, global),
            global: global.clone(),
        }
    }

    /// Opens the repository to look at it, with what changed in the working copy recorded.
    pub(crate) fn open(&mut self) -> Result<Repository, SpoolCommandError> {
        let root = self.root()?;
        let surroundings = self.voice.console.surroundings.clone();
        if let Some(operation) = &self.global.at_operation {
            let repository = Repository::open_at(&root, operation, surroundings)?;
            self.warn_all(&repository);
            return Ok(repository);
        }
        let mut repository = Repository::open(&root, surroundings)?;
        self.warn_all(&repository);
        if !self.global.ignore_working_copy {
            let taken = repository.snapshot()?;
            self.tell_taken(&taken);
        }
        Ok(repository)
    }

    /// Opens the repository to look at what is recorded already.
    pub(crate) fn open_as_it_is(&mut self) -> Result<Repository, SpoolCommandError> {
        let asked = std::mem::replace(&mut self.global.ignore_working_copy, true);
        let repository = self.open();
        self.global.ignore_working_copy = asked;
        repository
    }

    /// Returns how paths of the repository are written here.
    pub(crate) fn paths(&self, repository: &Repository) -> ShownPaths {
        let folder = &self.voice.console.surroundings.folder;
        ShownPaths::new(repository.root(), folder)
    }

    /// Opens the repository to change it.
    pub(crate) fn open_to_change(&mut self) -> Result<Repository, SpoolCommandError> {
        if self.global.ignore_working_copy {
            return Err(SpoolCommandError::usage(
                "--ignore-working-copy is for commands that only look",
                "leave it out: what changed in the working copy is recorded first, so that nothing is lost",
            ));
        }
        self.open()
    }

    /// Returns the folder of the repository.
    pub(crate) fn root(&self) -> Result<PathBuf, RepositoryError> {
        let folder = &self.voice.console.surroundings.folder;
        match &self.global.repository {
            Some(asked) => Repository::discover(&folder.join(asked)),
            None => Repository::discover(folder),
        }
    }

    /// Begins to change the repository.
    pub(crate) fn change<'r>(
        &self,
        repository: &'r mut Repository,
    ) -> Result<Transaction<'r>, RepositoryError> {
        let mut transaction = repository.transaction()?;
        if self.global.ignore_immutable {
            transaction.ignore_immutable();
        }
        Ok(transaction)
    }

    /// Says what a change brought.
    pub(crate) fn report(
        &mut self,
        repository: &Repository,
        finished: &Finished,
        made: &Made,
    ) -> Result<(), SpoolCommandError> {
        if self.voice.is_json() {
            let document = document::Outcome::new(repository, finished, made)?;
            self.tell_finished(finished);
            return self.voice.print_json(&document);
        }
        let mut page = self.voice.message();
        if !finished.changed {
            page.say("Nothing changed.\n");
        }
        for stitch in repository.stitches(&made.knots)? {
            page.say(made.label).say(": ");
            stitch_line::line(&mut page, &stitch);
            page.say("\n");
        }
        if finished.rethreaded > 0 {
            page.say(&format!("Rethreaded {}\n", stitches(finished.rethreaded)));
        }
        if finished.shuttle.is_some() {
            self.shuttle(&mut page, repository, "Shuttle (@) now at")?;
        }
        let files = finished.files;
        if (files.added, files.updated, files.removed) != (0, 0, 0) {
            page.say(&format!(
                "Files: {} added, {} modified, {} removed\n",
                files.added, files.updated, files.removed
            ));
        }
        self.tangles(&mut page, repository, finished)?;
        self.voice.tell(page);
        if files.skipped > 0 {
            self.voice.warn(&format!(
                "{} were not written, as files that are ignored stand in their place",
                counted(files.skipped as usize, "file")
            ));
        }
        self.tell_finished(finished);
        if !finished.tangled.is_empty() {
            self.voice.hint(
                "go to the first with `loom spool edit`, take the marks out of the files, or see `loom spool untangle`",
            );
        }
        Ok(())
    }

    /// Adds the stitch that the working copy changes, and what it is on.
    pub(crate) fn shuttle(
        &self,
        page: &mut Page,
        repository: &Repository,
        label: &str,
    ) -> Result<(), SpoolCommandError> {
        let Some(knot) = repository.shuttle() else {
            page.say("Nothing lies in the shuttle: the workspace was forgotten.\n");
            return Ok(());
        };
        let stitch = repository.stitch(&knot)?;
        page.say(label).say(": ");
        stitch_line::line(page, &stitch);
        page.say("\n");
        let width = label.len();
        for parent in repository.stitches(&stitch.parents)? {
            page.say(&format!("{:width$}: ", "Parent  (@-)"));
            stitch_line::line(page, &parent);
            page.say("\n");
        }
        Ok(())
    }

    fn tangles(
        &self,
        page: &mut Page,
        repository: &Repository,
        finished: &Finished,
    ) -> Result<(), SpoolCommandError> {
        if finished.untangled > 0 {
            page.say(&format!("Untangled {}\n", stitches(finished.untangled)));
        }
        if finished.tangled.is_empty() {
            return Ok(());
        }
        page.say(&format!("Tangled {}:\n", stitches(finished.tangled.len())));
        let shown = &finished.tangled[..finished.tangled.len().min(MOST)];
        for stitch in repository.stitches(shown)? {
            page.say("  ");
            stitch_line::line(page, &stitch);
            page.say("\n");
        }
        if finished.tangled.len() > MOST {
            page.say(&format!("  and {} more\n", finished.tangled.len() - MOST));
        }
        Ok(())
    }

    fn warn_all(&mut self, repository: &Repository) {
        for warning in repository.warnings() {
            self.voice.warn(warning);
        }
    }

    /// Says what recording the working copy found.
    pub(crate) fn tell_taken(&mut self, taken: &Taken) {
        self.tell_notices(&taken.notices);
        let too_large: Vec<_> = taken
            .left_out
            .iter()
            .filter_map(|left| match left.reason {
                LeftOutReason::TooLarge { size, limit } => Some((&left.path, size, limit)),
                LeftOutReason::NotTracked => None,
            })
            .collect();
        if let Some((_, _, limit)) = too_large.first() {
            let names = too_large
                .iter()
                .take(MOST)
                .map(|(path, size, _)| format!("\n  {path} ({size} bytes)"));
            let text: String = names.collect();
            self.voice.warn(&format!(
                "{} larger than {limit} bytes left out:{text}",
                counted(too_large.len(), "new file")
            ));
            self.voice.hint(
                "name them in .gitignore, or set `snapshot.max-new-file-size` in jj's settings",
            );
        }
        if !taken.not_utf8.is_empty() {
            let names = taken
                .not_utf8
                .iter()
                .take(MOST)
                .map(|path| format!("\n  {}", path.display()));
            let text: String = names.collect();
            self.voice.warn(&format!(
                "{} left out, as the names are not UTF-8:{text}",
                counted(taken.not_utf8.len(), "file")
            ));
        }
    }

    /// Says what else a change brought. That nobody is named matters only to new stitches.
    fn tell_finished(&mut self, finished: &Finished) {
        let mut notices = finished.notices.clone();
        notices
            .retain(|notice| finished.shuttle.is_some() || !matches!(notice, Notice::NoIdentity));
        self.tell_notices(&notices);
    }

    pub(crate) fn tell_notices(&mut self, notices: &[Notice]) {
        for notice in notices {
            self.voice.warn(&notice.to_string());
            if matches!(notice, Notice::NoIdentity) {
                self.voice.hint(
                    "`git config --global user.name \"Some One\"`, and `user.email`; stitches that \
                     are there keep none",
                );
            }
        }
    }
}

/// Stitches that a command made, beside the one in the working copy.
#[derive(Debug, Default)]
pub(crate) struct Made {
    /// What is said before each.
    pub(crate) label: &'static str,
    pub(crate) knots: Vec<KnotId>,
}

/// Joins the texts of `-m`, each a paragraph. None when there is none.
pub(crate) fn message(paragraphs: &[String]) -> Option<String> {
    (!paragraphs.is_empty()).then(|| {
        let paragraphs: Vec<_> = paragraphs.iter().map(|text| text.trim_end()).collect();
        crate::editor::complete(&paragraphs.join("\n\n"))
    })
}

/// Writes a number of stitches.
pub(crate) fn stitches(count: usize) -> String {
    match count {
        1 => "1 stitch".to_owned(),
        _ => format!("{count} stitches"),
    }
}

/// Writes a number of things.
pub(crate) fn counted(count: usize, thing: &str) -> String {
    match count {
        1 => format!("1 {thing}"),
        _ => format!("{count} {thing}s"),
    }
}

/// Returns the sign of a stitch in a graph.
pub(crate) fn glyph(stitch: &Stitch, is_current: bool) -> (&'static str, anstyle::Style) {
    use crate::palette;
    match stitch {
        _ if is_current => ("@", palette::CURRENT),
        _ if stitch.immutable => ("◆", palette::IMMUTABLE),
        _ if stitch.tangled => ("×", palette::TANGLE),
        _ => ("○", palette::PLAIN),
    }
}
