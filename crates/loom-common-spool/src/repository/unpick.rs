//! The way back to each state of the tension log.
//!
//! Going back is an operation of its own, so that it can be gone back from. Its description names
//! the state that it went to; the next step back goes on from there, and a step forth finds there
//! what was unpicked. `jj` reads and writes the same descriptions.

use jj_lib::object_id::ObjectId as _;
use jj_lib::op_store;
use jj_lib::operation::Operation as JjOperation;
use jj_lib::repo::Repo as _;
use pollster::FutureExt as _;

use super::doing::Doing as _;
use super::error::RepositoryError;
use super::tension::Operation;
use super::transaction::Transaction;

const UNDO: &str = "undo: restore to operation ";
const REDO: &str = "redo: restore to operation ";

/// A step back or forth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpicked {
    /// The operation that does not count any more, or does so again.
    pub operation: Operation,
    /// The operation whose state it is now.
    pub restored: Operation,
    /// Whether the operation had pushed something: the remotes keep that, and pins may get tangled
    /// with the next draw.
    pub was_pushed: bool,
}

impl Transaction<'_> {
    /// Goes back to before the last operation; done again, to before the one before that.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Refused`] when there is nothing to go back to, or several operations
    /// were merged.
    pub fn unpick(&mut self) -> Result<Unpicked, RepositoryError> {
        let newest = self.repository.repo.operation().clone();
        let undone = self.follow(newest, UNDO)?;
        let mut parents = undone.parents().block_on()?;
        let parent = match (parents.pop(), parents.is_empty()) {
            (Some(parent), true) => parent,
            (None, _) => {
                return Err(RepositoryError::refused("there is nothing to unpick"));
            }
            (Some(_), false) => {
                return Err(RepositoryError::Refused {
                    message: "the last operation has merged others, so there is no one state \
                              before it"
                        .to_owned(),
                    hint: Some("restore one of its parents: `tension-log restore`".to_owned()),
                });
            }
        };
        let target = self.follow(parent, UNDO)?;
        let name = self.workspace_name();
        let view = target.view().block_on()?;
        let is_here = self.repo().view().get_wc_commit_id(&name).is_some();
        if is_here && view.get_wc_commit_id(&name).is_none() {
            // `jj` goes on here, and leaves a folder that belongs to nothing.
            return Err(RepositoryError::refused(
                "there is nothing to unpick: the last operation made this workspace",
            ));
        }
        self.restore_view(&target)?;
        self.say(|| format!("{UNDO}{}", target.id().hex()));
        Ok(unpicked(&undone, &target))
    }

    /// Takes the last [`unpick`](Self::unpick) back.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Refused`] when the last operation was none.
    pub fn redo(&mut self) -> Result<Unpicked, RepositoryError> {
        let newest = self.repository.repo.operation().clone();
        let undone = self.follow(newest, REDO)?;
        if !undone.metadata().description.starts_with(UNDO) {
            return Err(RepositoryError::refused("there is nothing to redo"));
        }
        let parents = undone.parents().block_on()?;
        let Some(parent) = parents.into_iter().next() else {
            return Err(RepositoryError::refused("there is nothing to redo"));
        };
        let target = self.follow(parent, REDO)?;
        self.restore_view(&target)?;
        self.say(|| format!("{REDO}{}", target.id().hex()));
        Ok(unpicked(&undone, &target))
    }

    /// Makes everything as it was after an operation. Files of the shuttle that are in no stitch
    /// are left alone, and so is what remotes have.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Expression`] when there is no such operation.
    pub fn restore_operation(&mut self, expression: &str) -> Result<Operation, RepositoryError> {
        let target = self.repository.jj_operation(expression)?;
        self.restore_view(&target)?;
        self.say(|| format!("restore to operation {}", target.id().hex()));
        Ok(Operation::from(&target))
    }

    /// Takes one operation back, and keeps what came after.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Expression`] when there is no such operation, and
    /// [`RepositoryError::Refused`] for the first one or one that merged others.
    pub fn revert_operation(&mut self, expression: &str) -> Result<Operation, RepositoryError> {
        let target = self.repository.jj_operation(expression)?;
        let parents = target.parents().block_on()?;
        let [parent] = parents.as_slice() else {
            return Err(RepositoryError::refused(
                "the first operation, and those that merge others, cannot be reverted",
            ));
        };
        let loader = self.repository.repo.loader().clone();
        let load = |operation: &JjOperation| {
            let repo = loader.load_at(operation).block_on();
            repo.doing("read the operation")
        };
        let (with, without) = (load(&target)?, load(parent)?);
        self.writer()
            .merge(&with, &without)
            .block_on()
            .doing("take the operation back")?;
        let merged = self.repo().view().store_view().clone();
        let view = restored(&merged, self.repository.repo.view().store_view());
        self.writer().set_view(view);
        self.say(|| format!("revert operation {}", target.id().hex()));
        Ok(Operation::from(&target))
    }

    /// Finds what an operation went back to, if that is what it did.
    fn follow(&self, from: JjOperation, word: &str) -> Result<JjOperation, RepositoryError> {
        let Some(hex) = from.metadata().description.strip_prefix(word) else {
            return Ok(from);
        };
        let id =
            op_store::OperationId::try_from_hex(hex).ok_or_else(|| RepositoryError::Damaged {
                reason: format!("operation {} names no operation", from.id().hex()),
            })?;
        let loader = self.repository.repo.loader();
        Ok(loader.load_operation(&id).block_on()?)
    }

    fn restore_view(&mut self, target: &JjOperation) -> Result<(), RepositoryError> {
        let view = target.view().block_on()?;
        let view = restored(view.store_view(), self.repository.repo.view().store_view());
        self.writer().set_view(view);
        Ok(())
    }
}

/// Takes everything from one view but what is git's own, which this has no part in.
fn restored(wanted: &op_store::View, current: &op_store::View) -> op_store::View {
    op_store::View {
        git_refs: current.git_refs.clone(),
        git_heads: current.git_heads.clone(),
        ..wanted.clone()
    }
}

fn unpicked(undone: &JjOperation, target: &JjOperation) -> Unpicked {
    Unpicked {
        operation: Operation::from(undone),
        restored: Operation::from(target),
        was_pushed: undone.metadata().description.starts_with("push "),
    }
}
