//! Repositories of Jujutsu, under the names of weaving, beside `jj` and git.
//!
//! # Words
//!
//! | here | in Jujutsu |
//! | --- | --- |
//! | stitch, knot | change, and each commit that is a version of it |
//! | shuttle | working copy |
//! | tangle, untangle | conflict, resolve |
//! | pin | bookmark |
//! | rethread, ply, unravel, snip, mend | rebase, squash, split, abandon, restore |
//! | tension log, unpick | operation log, undo |
//!
//! # Use
//!
//! ```no_run
//! # use loom_common_spool::repository::{NewStitch, Repository, Surroundings};
//! # fn run(surroundings: Surroundings) -> Result<(), Box<dyn std::error::Error>> {
//! let root = Repository::discover(&surroundings.folder)?;
//! let mut repository = Repository::open(&root, surroundings)?;
//! let taken = repository.snapshot()?; // what the person edited, and what git did
//! let parent = repository.resolve_one("@-")?;
//! let mut tx = repository.transaction()?;
//! let stitch = tx.stitch(&NewStitch::onto([parent]))?;
//! tx.describe(&[stitch], "Begin anew")?;
//! let finished = tx.finish()?; // one operation of the tension log; dropped, nothing happened
//! # Ok(())
//! # }
//! ```
//!
//! [`Repository::open`] loads the newest state and merges what several processes did at once.
//! [`Repository::snapshot`] comes first in every command that looks at `@`. What is read is read
//! from the [`Repository`]; what is changed is changed in a [`Transaction`], which becomes visible
//! in one step: the operation is written, git's references follow, the shuttle's files are brought
//! up to date. All of it blocks. Everything has the time of [`Surroundings`], so a value is for one
//! command.
//!
//! # Beside `jj` and git
//!
//! Stores, index, revsets and merging are those of Jujutsu's library; files, locks, settings,
//! descriptions of operations and the order in which git's references are read and written are
//! those of the `jj` program, so that either may do the next step. Others drive `jj` or git as
//! programs and read what these print: that starts a process for each question, and breaks with
//! the next version.
//!
//! # Failure
//!
//! - A kill at any moment leaves the state before or after the operation. When only the files are
//!   behind, the next command says [`RepositoryError::Stale`], and [`Repository::update_stale`]
//!   brings them up to date and keeps what was edited.
//! - Processes that write at once make operations beside each other; the next to open merges them.
//!   Waiting for a lock is bounded by [`Surroundings::patience`].
//! - A pin moves on a remote only from where it was known to be.
//! - Each [`RepositoryError`] says what happened, and [`RepositoryError::hint`] what to do.

mod absorb;
mod below;
mod colocation;
mod compare;
mod configuration;
mod doing;
mod draw;
mod error;
mod git_identity;
mod hunks;
mod id;
mod ignores;
mod language;
mod lock;
mod mark;
mod mend;
mod notice;
mod open;
mod pin_moves;
mod pins;
mod ply;
mod push;
mod push_check;
mod remotes;
mod rethread;
mod selection;
mod sharing;
mod shuttle;
mod snip;
mod status;
mod step;
mod stitch;
mod surroundings;
mod takeover;
mod tension;
mod trace;
mod trailers;
mod transaction;
mod unpick;
mod unravel;
mod untangle;
mod weave;
mod workspaces;

use std::cell::OnceCell;
use std::path::Path;
use std::sync::Arc;

use jj_lib::backend::CommitId;
use jj_lib::commit::Commit;
use jj_lib::id_prefix::IdPrefixContext;
use jj_lib::repo::{ReadonlyRepo, Repo as _};
use jj_lib::workspace::Workspace as JjWorkspace;
use pollster::FutureExt as _;

use self::configuration::setting;
use self::doing::Doing as _;
use self::language::Language;

pub use self::absorb::Absorbed;
pub use self::below::{NewContent, StitchBelow};
pub use self::compare::{ChangeStatus, ChangedFile, Comparison, Content, EntryKind, Side};
pub use self::draw::{Draw, Drawn};
pub use self::error::RepositoryError;
pub use self::hunks::{Hunk, HunkLine, HunkLineKind, LineStats, Whitespace, hunks, line_stats};
pub use self::id::{KnotId, OperationId, StitchId};
pub use self::mend::{Mend, MendFrom};
pub use self::notice::Notice;
pub use self::open::Winding;
pub use self::pin_moves::{Forget, PinMove};
pub use self::pins::{Pin, PinTarget, RemotePin};
pub use self::ply::{Ply, PlyDescription};
pub use self::push::{Push, PushUpdate, PushWhat, Pushed};
pub use self::push_check::Allowances;
pub use self::remotes::{GitEvent, GitListener, Remote};
pub use self::rethread::{DuplicateTo, Rethread, RethreadWhat, Rethreaded};
pub use self::selection::{Chosen, HunkSelector, SelectableFile, SelectableHunk, Selection};
pub use self::sharing::{Shared, Sharing};
pub use self::shuttle::{FilesWritten, LeftOut, LeftOutReason, Taken};
pub use self::snip::{Snip, Snipped};
pub use self::status::Tension;
pub use self::step::{FileStep, StepBelow};
pub use self::stitch::{Person, PinHere, Stitch};
pub use self::surroundings::Surroundings;
pub use self::tension::{Operation, OperationChanges, StitchChange, TensionLog};
pub use self::trace::{Edge, EdgeKind, Trace, TraceEntry, TraceOrder, TraceQuery};
pub use self::trailers::ThreadTrailers;
pub use self::transaction::{Finished, Transaction};
pub use self::unpick::Unpicked;
pub use self::unravel::{Unravel, UnravelTo, Unraveled};
pub use self::untangle::{Tangle, TangledContents, TangledSide, Untangling};
pub use self::weave::{Location, NewStitch};
pub use self::workspaces::Workspace;

/// A repository as one workspace sees it, at one operation of the tension log.
pub struct Repository {
    surroundings: Surroundings,
    workspace: JjWorkspace,
    repo: Arc<ReadonlyRepo>,
    language: Arc<Language>,
    prefixes: OnceCell<IdPrefixContext>,
    /// Whether the folder is git's, too.
    colocated: bool,
    /// Whether this is not the newest state, so that nothing may be changed.
    past: bool,
    /// What should be told about the settings, until somebody asks.
    warnings: Vec<String>,
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Repository")
            .field("root", &self.root())
            .field("operation", &self.operation())
            .finish_non_exhaustive()
    }
}

impl Repository {
    /// Returns the folder of the shuttle.
    pub fn root(&self) -> &Path {
        self.workspace.workspace_root()
    }

    /// Returns the name of the workspace, `default` for the first.
    pub fn workspace_name(&self) -> &str {
        self.workspace.workspace_name().as_str()
    }

    /// Tells whether git works in the same folder.
    pub fn is_colocated(&self) -> bool {
        self.colocated
    }

    /// Returns the operation whose state this is.
    pub fn operation(&self) -> OperationId {
        OperationId(self.repo.op_id().clone())
    }

    /// Returns what is wrong with the settings.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Returns the knot that lies in the shuttle; `None` when the workspace was forgotten.
    pub fn shuttle(&self) -> Option<KnotId> {
        let name = self.workspace.workspace_name();
        self.repo.view().get_wc_commit_id(name).cloned().map(KnotId)
    }

    /// Finds all stitches that a revset names, children before parents.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Expression`] when it is not understood or names what is not there.
    pub fn resolve(&self, expression: &str) -> Result<Vec<KnotId>, RepositoryError> {
        let resolved = self.resolve_expression(expression)?;
        let found = language::evaluate_all(self.repo.as_ref(), &resolved)?;
        Ok(found.into_iter().map(KnotId).collect())
    }

    /// Finds the one stitch that a revset names.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::NoStitch`] and [`RepositoryError::ManyStitches`] when it is not one, and
    /// [`RepositoryError::Expression`] when it is not understood or names what is not there.
    pub fn resolve_one(&self, expression: &str) -> Result<KnotId, RepositoryError> {
        let resolved = self.resolve_expression(expression)?;
        language::evaluate_one(self.repo.as_ref(), expression, &resolved).map(KnotId)
    }

    /// Writes a path of the repository, with `/`, relative to the folder of the command.
    pub fn display_path(&self, path: &str) -> String {
        match compare::repo_path(path) {
            Ok(path) => self.language.paths().format_file_path(&path),
            Err(_) => path.to_owned(),
        }
    }

    fn resolve_expression(&self, expression: &str) -> Result<language::Resolved, RepositoryError> {
        self.language
            .resolve(self.repo.as_ref(), self.prefixes(), expression)
    }

    fn prefixes(&self) -> &IdPrefixContext {
        self.prefixes.get_or_init(|| self.language.prefixes())
    }

    fn commit(&self, id: &CommitId) -> Result<Commit, RepositoryError> {
        self.repo
            .store()
            .get_commit_async(id)
            .block_on()
            .doing("read a stitch")
    }

    fn shuttle_commit(&self) -> Result<Commit, RepositoryError> {
        let id = self.shuttle().ok_or_else(|| RepositoryError::NoShuttle {
            workspace: self.workspace_name().to_owned(),
        })?;
        self.commit(&id.0)
    }

    /// Returns the words of the command that the setting `ui.editor` names, if it is set.
    pub fn editor(&self) -> Option<Vec<String>> {
        let value = self.workspace.settings().get_value("ui.editor").ok()?;
        if let Some(text) = value.as_str() {
            return Some(text.split_whitespace().map(str::to_owned).collect());
        }
        let words = value.as_array()?.iter();
        words.map(|word| word.as_str().map(str::to_owned)).collect()
    }

    fn set_repo(&mut self, repo: Arc<ReadonlyRepo>) {
        self.repo = repo;
        self.prefixes = OnceCell::new();
    }

    fn check_writable(&self) -> Result<(), RepositoryError> {
        if self.past {
            return Err(RepositoryError::ReadOnly {
                operation: self.operation(),
            });
        }
        Ok(())
    }

    fn flag(&self, name: &'static str) -> Result<bool, RepositoryError> {
        let value = self.workspace.settings().get_bool(name);
        value.map_err(|error| setting(&error))
    }

    fn text(&self, name: &'static str) -> Result<String, RepositoryError> {
        let value = self.workspace.settings().get_string(name);
        value.map_err(|error| setting(&error))
    }
}
