//! Changes that become visible at once.

use std::sync::Arc;

use futures::TryStreamExt as _;
use jj_lib::backend::CommitId;
use jj_lib::commit::Commit;
use jj_lib::ref_name::{WorkspaceName, WorkspaceNameBuf};
use jj_lib::repo::{MutableRepo, ReadonlyRepo, Repo};
use jj_lib::revset::RevsetExpression;
use jj_lib::rewrite::RebaseOptions;
use jj_lib::transaction::Transaction as JjTransaction;
use pollster::FutureExt as _;

use super::Repository;
use super::colocation::{self, GitLock};
use super::doing::Doing as _;
use super::error::RepositoryError;
use super::id::{KnotId, OperationId};
use super::language::{Resolved, evaluate, evaluate_all};
use super::notice::Notice;
use super::shuttle::FilesWritten;

/// Changes to a repository that nobody sees before [`finish`](Self::finish).
///
/// Its operations check what `jj` checks: immutable stitches are refused, and a stitch cannot
/// become its own ancestor. Dropped, it leaves everything as it was.
#[must_use = "nothing happens before it is finished"]
pub struct Transaction<'a> {
    pub(super) repository: &'a mut Repository,
    pub(super) tx: JjTransaction,
    /// What is done, as the tension log will say it.
    description: Option<String>,
    /// Whether only the root is protected.
    ignore_immutable: bool,
}

/// What a transaction has brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Whether there was anything to change.
    pub changed: bool,
    /// The newest operation.
    pub operation: OperationId,
    /// What lies in the shuttle now, if that is something else than before.
    pub shuttle: Option<KnotId>,
    /// How the shuttle's files were changed.
    pub files: FilesWritten,
    /// How many stitches were put onto new knots of their parents.
    pub rethreaded: usize,
    /// Stitches that are tangled now and were not before.
    pub tangled: Vec<KnotId>,
    /// How many stitches are not tangled any more, or gone.
    pub untangled: usize,
    /// What else happened.
    pub notices: Vec<Notice>,
}

/// What each operation of a command says of itself in the tension log.
#[derive(Clone)]
pub(super) struct OperationStart {
    workspace: WorkspaceNameBuf,
    command: Option<String>,
}

impl OperationStart {
    pub(super) fn new(workspace: &WorkspaceName, command: &[String]) -> Self {
        let command: Vec<_> = command.iter().map(|word| quote(word)).collect();
        Self {
            workspace: workspace.to_owned(),
            command: (!command.is_empty()).then(|| command.join(" ")),
        }
    }

    pub(super) fn workspace(&self) -> &WorkspaceName {
        &self.workspace
    }

    pub(super) fn attributes(&self) -> Vec<(String, String)> {
        let command = self.command.clone();
        command
            .map(|command| ("args".to_owned(), command))
            .into_iter()
            .collect()
    }

    pub(super) fn begin(&self, repo: &Arc<ReadonlyRepo>) -> JjTransaction {
        let mut tx = repo.start_transaction();
        tx.set_workspace_name(&self.workspace);
        for (key, value) in self.attributes() {
            tx.set_attribute(key, value);
        }
        tx
    }
}

/// Writes a word of a command as a shell would read it.
fn quote(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b",-./:@_".contains(&byte);
    if word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "\\'"))
    }
}

impl Repository {
    /// Begins to change the repository, on top of the state that was loaded last.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::ReadOnly`] for a view of the past.
    pub fn transaction(&mut self) -> Result<Transaction<'_>, RepositoryError> {
        self.check_writable()?;
        let tx = self.start();
        Ok(Transaction {
            repository: self,
            tx,
            description: None,
            ignore_immutable: false,
        })
    }

    pub(super) fn operation_start(&self) -> OperationStart {
        OperationStart::new(self.workspace.workspace_name(), &self.surroundings.command)
    }

    pub(super) fn start(&self) -> JjTransaction {
        self.operation_start().begin(&self.repo)
    }

    pub(super) fn rebase_all(&self, tx: &mut JjTransaction) -> Result<usize, RepositoryError> {
        let rebased = tx.repo_mut().rebase_descendants();
        rebased.block_on().doing("rethread stitches")
    }

    /// Puts what stands on rewritten stitches onto their new knots, but for what is immutable: that
    /// came with the new knots.
    pub(super) fn rebase_mutable(&self, tx: &mut JjTransaction) -> Result<usize, RepositoryError> {
        let immutable = self.language.immutable(tx.base_repo().as_ref())?;
        let mut rebased = 0;
        tx.repo_mut()
            .rebase_descendants_with_options(&immutable, &RebaseOptions::default(), |_, _| {
                rebased += 1;
            })
            .block_on()
            .doing("rethread stitches")?;
        Ok(rebased)
    }

    /// Writes the operation, shows it to git, and brings the shuttle's files up to date.
    pub(super) fn finish_transaction(
        &mut self,
        mut tx: JjTransaction,
        description: String,
        lock: &GitLock,
        notices: &mut Vec<Notice>,
    ) -> Result<(Option<KnotId>, FilesWritten), RepositoryError> {
        let name = self.workspace.workspace_name().to_owned();
        let root = self.workspace.workspace_root().to_owned();
        let shuttle = |repo: &dyn Repo| {
            repo.view()
                .get_wc_commit_id(&name)
                .map(|id| {
                    repo.store()
                        .get_commit(id)
                        .doing("read the shuttle's stitch")
                })
                .transpose()
        };
        let old = shuttle(tx.base_repo().as_ref())?;
        let mut new = shuttle(tx.repo())?;
        if let Some(commit) = &new
            && let Ok(immutable) = self.language.immutable(tx.repo())
            && contains(tx.repo(), &immutable, commit.id())?
        {
            let on_top = tx
                .repo_mut()
                .new_commit(vec![commit.id().clone()], commit.tree())
                .write()
                .block_on()
                .doing("write the shuttle's stitch")?;
            tx.repo_mut()
                .set_wc_commit(name.clone(), on_top.id().clone())
                .doing("move the shuttle")?;
            notices.push(Notice::ImmutableShuttle);
            new = Some(on_top);
        }
        if self.colocated {
            if let Some(commit) = &new {
                colocation::reset_head(tx.repo_mut(), &name, &root, commit, lock, notices)?;
            }
            colocation::export(tx.repo_mut(), notices)?;
        }
        let repo = tx
            .commit(description)
            .block_on()
            .doing("write the operation")?;
        self.set_repo(repo);
        let files = match &new {
            Some(new) => self.check_out(old.as_ref(), new)?,
            None => {
                if old.is_some() {
                    notices.push(Notice::WorkspaceGone);
                }
                FilesWritten::default()
            }
        };
        let moved = new.filter(|new| Some(new) != old.as_ref());
        Ok((moved.map(|commit| KnotId(commit.id().clone())), files))
    }

    /// Finds what is tangled on one side and not on the other.
    fn compare_tangles(
        &self,
        old: &ReadonlyRepo,
    ) -> Result<(Vec<Commit>, Vec<Commit>), RepositoryError> {
        use jj_lib::fileset::FilesetExpression;
        use jj_lib::revset::RevsetFilterPredicate;
        let heads = |repo: &ReadonlyRepo| {
            RevsetExpression::commits(repo.view().heads().iter().cloned().collect())
        };
        let (before, after) = (heads(old), heads(&self.repo));
        // Without those that change nothing, as each stitch on top of a tangled one is tangled.
        let tangled = RevsetExpression::filter(RevsetFilterPredicate::HasConflict)
            .filtered(RevsetFilterPredicate::File(FilesetExpression::all()));
        let find = |from: &Resolved, to: &Resolved| {
            let found = from.range(to).intersection(&tangled);
            evaluate_all(self.repo.as_ref(), &found)?
                .iter()
                .map(|id| self.commit(id))
                .collect::<Result<Vec<_>, _>>()
        };
        let (gone, come) = (find(&after, &before)?, find(&before, &after)?);
        let lacks = |of: &[Commit], one: &Commit| {
            of.iter()
                .all(|commit| commit.change_id() != one.change_id())
        };
        let untangled = gone.iter().filter(|one| lacks(&come, one)).cloned();
        let tangled = come.iter().filter(|one| lacks(&gone, one)).cloned();
        Ok((tangled.collect(), untangled.collect()))
    }

    fn check_identity(&self, notices: &mut Vec<Notice>) {
        let settings = self.workspace.settings();
        if settings.user_name().is_empty() || settings.user_email().is_empty() {
            notices.push(Notice::NoIdentity);
        }
    }
}

/// Tells whether a stitch is one of those that an expression stands for.
pub(super) fn contains(
    repo: &dyn Repo,
    expression: &Resolved,
    id: &CommitId,
) -> Result<bool, RepositoryError> {
    let both = expression.intersection(&RevsetExpression::commit(id.clone()));
    let empty = evaluate(repo, &both)?.is_empty();
    empty.map(|empty| !empty).doing("find the stitches")
}

impl Transaction<'_> {
    /// Returns the repository as it was before.
    pub fn repository(&self) -> &Repository {
        self.repository
    }

    /// Lets stitches be changed that are shared with others.
    pub fn ignore_immutable(&mut self) {
        self.ignore_immutable = true;
    }

    /// Sets what the tension log says of this. Each operation says what `jj` would, so this is for
    /// transactions with several.
    pub fn set_description(&mut self, description: impl Into<String>) {
        self.description = Some(description.into());
    }

    /// Says what is done, unless something was said before.
    pub(super) fn say(&mut self, description: impl FnOnce() -> String) {
        self.description.get_or_insert_with(description);
    }

    /// Lets the next operation say what is done.
    pub(super) fn forget_description(&mut self) {
        self.description = None;
    }

    pub(super) fn repo(&self) -> &MutableRepo {
        self.tx.repo()
    }

    pub(super) fn writer(&mut self) -> &mut MutableRepo {
        self.tx.repo_mut()
    }

    pub(super) fn workspace_name(&self) -> WorkspaceNameBuf {
        self.repository.workspace.workspace_name().to_owned()
    }

    pub(super) fn commit(&self, id: &KnotId) -> Result<Commit, RepositoryError> {
        self.repository.commit(&id.0)
    }

    pub(super) fn commits(&self, ids: &[KnotId]) -> Result<Vec<Commit>, RepositoryError> {
        ids.iter().map(|id| self.commit(id)).collect()
    }

    /// Refuses stitches that may not be changed.
    pub(super) fn check_mutable<'a>(
        &self,
        ids: impl IntoIterator<Item = &'a CommitId>,
    ) -> Result<(), RepositoryError> {
        let ids = RevsetExpression::commits(ids.into_iter().cloned().collect());
        self.check_all_mutable(&ids)
    }

    pub(super) fn check_all_mutable(&self, which: &Resolved) -> Result<(), RepositoryError> {
        let repo = self.repository.repo.as_ref();
        let immutable = if self.ignore_immutable {
            RevsetExpression::root()
        } else {
            self.repository.language.immutable(repo)?
        };
        let refused = evaluate(repo, &immutable.intersection(which))?;
        let refused = refused.stream().try_next().block_on();
        match refused.doing("find immutable stitches")? {
            None => Ok(()),
            Some(id) => Err(RepositoryError::Immutable {
                root: id == *repo.store().root_commit_id(),
                knot: KnotId(id),
            }),
        }
    }

    /// Makes everything visible: one operation in the tension log, git's references, the shuttle's
    /// files.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Busy`], [`RepositoryError::DiskFull`], [`RepositoryError::ShuttleMoved`]
    /// when another process has moved the shuttle meanwhile (the operation is in the tension log
    /// then), and what reading and writing can bring.
    pub fn finish(self) -> Result<Finished, RepositoryError> {
        let Self {
            repository,
            mut tx,
            description,
            ..
        } = self;
        let mut finished = Finished {
            changed: tx.repo().has_changes(),
            operation: repository.operation(),
            shuttle: None,
            files: FilesWritten::default(),
            rethreaded: 0,
            tangled: Vec::new(),
            untangled: 0,
            notices: Vec::new(),
        };
        if !finished.changed {
            return Ok(finished);
        }
        finished.rethreaded = repository.rebase_mutable(&mut tx)?;
        let lock = repository.lock_git()?;
        let old = tx.base_repo().clone();
        let description = description.unwrap_or_default();
        let notices = &mut finished.notices;
        let (shuttle, files) = repository.finish_transaction(tx, description, &lock, notices)?;
        finished.shuttle = shuttle;
        finished.files = files;
        finished.operation = repository.operation();
        let (tangled, untangled) = repository.compare_tangles(&old)?;
        let knots = tangled.iter().map(|commit| KnotId(commit.id().clone()));
        finished.tangled = knots.collect();
        finished.untangled = untangled.len();
        repository.check_identity(&mut finished.notices);
        Ok(finished)
    }
}
