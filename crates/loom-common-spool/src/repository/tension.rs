//! The tension log: all operations, and what each has changed.

use std::collections::BTreeMap;

use futures::StreamExt as _;
use futures::TryStreamExt as _;
use futures::stream::LocalBoxStream;
use jiff::Zoned;
use jj_lib::backend::{CommitId, Timestamp};
use jj_lib::op_store::{OpStoreError, RefTarget};
use jj_lib::op_walk::{self, OpsetEvaluationError};
use jj_lib::operation::Operation as JjOperation;
use jj_lib::refs::diff_named_ref_targets;
use jj_lib::repo::ReadonlyRepo;
use jj_lib::revset::RevsetExpression;
use pollster::FutureExt as _;

use super::Repository;
use super::doing::Doing as _;
use super::error::{RepositoryError, chain};
use super::id::{KnotId, OperationId, StitchId};
use super::language::evaluate_all;
use super::pins::PinTarget;
use super::stitch::Person;

/// Something that was done to a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Its name.
    pub id: OperationId,
    /// What it was done on top of: nothing for the first, several where they were merged.
    pub parents: Vec<OperationId>,
    /// What was done.
    pub description: String,
    /// The machine.
    pub hostname: String,
    /// The user on that machine.
    pub username: String,
    /// When it began.
    pub start: Zoned,
    /// When it was done.
    pub end: Zoned,
    /// Whether it only took the shuttle's files in.
    pub is_snapshot: bool,
    /// The command, when it is known.
    pub command: Option<String>,
    /// The workspace, when it is known.
    pub workspace: Option<String>,
}

/// What an operation has changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OperationChanges {
    /// Stitches whose knots are others.
    pub stitches: Vec<StitchChange>,
    /// Pins that are elsewhere: the name, where it was, where it is.
    pub pins: Vec<(String, PinTarget, PinTarget)>,
    /// Tags that are elsewhere.
    pub tags: Vec<(String, PinTarget, PinTarget)>,
    /// Shuttles that moved: the workspace, what lay there, what lies there.
    pub shuttles: Vec<(String, Option<KnotId>, Option<KnotId>)>,
}

/// A stitch whose knots are others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StitchChange {
    /// The stitch.
    pub id: StitchId,
    /// The knots that it had and has not any more.
    pub before: Vec<KnotId>,
    /// The knots that it has and had not.
    pub after: Vec<KnotId>,
}

fn zoned(timestamp: &Timestamp) -> Zoned {
    let signature = jj_lib::backend::Signature {
        name: String::new(),
        email: String::new(),
        timestamp: *timestamp,
    };
    Person::from(&signature).time
}

impl From<&JjOperation> for Operation {
    fn from(operation: &JjOperation) -> Self {
        let metadata = operation.metadata();
        Self {
            id: OperationId(operation.id().clone()),
            parents: operation
                .parent_ids()
                .iter()
                .cloned()
                .map(OperationId)
                .collect(),
            description: metadata.description.clone(),
            hostname: metadata.hostname.clone(),
            username: metadata.username.clone(),
            start: zoned(&metadata.time.start),
            end: zoned(&metadata.time.end),
            is_snapshot: metadata.is_snapshot,
            command: metadata.attributes.get("args").cloned(),
            workspace: metadata.workspace_name.clone().map(Into::into),
        }
    }
}

/// Operations, newest first, read one after the other.
pub struct TensionLog {
    operations: LocalBoxStream<'static, Result<JjOperation, OpStoreError>>,
}

impl Iterator for TensionLog {
    type Item = Result<Operation, RepositoryError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.operations.try_next().block_on();
        let next = next.map_err(RepositoryError::from).transpose()?;
        Some(next.map(|operation| Operation::from(&operation)))
    }
}

/// Makes the error for an expression of operations.
pub(super) fn operation_error(expression: &str, error: &OpsetEvaluationError) -> RepositoryError {
    match error {
        OpsetEvaluationError::OpsetResolution(_) => RepositoryError::Expression {
            expression: expression.to_owned(),
            message: chain(error),
            hint: Some("`loom spool tension-log` shows all operations".to_owned()),
        },
        error => RepositoryError::from_cause("read the tension log", error),
    }
}

impl Repository {
    /// Reads the operations up to the one that is looked at, newest first.
    pub fn tension_log(&self) -> TensionLog {
        let newest = self.repo.operation().clone();
        TensionLog {
            operations: op_walk::walk_ancestors(&[newest]).boxed_local(),
        }
    }

    /// Finds one operation: `@` for the one that is looked at, with `-` for each step back, or the
    /// beginning of an id.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Expression`] when there is none.
    pub fn find_operation(&self, expression: &str) -> Result<Operation, RepositoryError> {
        Ok(Operation::from(&self.jj_operation(expression)?))
    }

    pub(super) fn jj_operation(&self, expression: &str) -> Result<JjOperation, RepositoryError> {
        op_walk::resolve_op_with_repo(&self.repo, expression)
            .block_on()
            .map_err(|error| operation_error(expression, &error))
    }

    /// Finds what an operation has changed, compared to the one before. For one that merged
    /// several that is the first of them.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Expression`] when there is none, and [`RepositoryError::Damaged`].
    pub fn operation_changes(&self, expression: &str) -> Result<OperationChanges, RepositoryError> {
        let operation = self.jj_operation(expression)?;
        let parents = operation.parents().block_on()?;
        let Some(parent) = parents.into_iter().next() else {
            return Ok(OperationChanges::default());
        };
        let load = |operation: &JjOperation| {
            let repo = self.repo.loader().load_at(operation).block_on();
            repo.doing("read the operation")
        };
        let (before, after) = (load(&parent)?, load(&operation)?);
        let pins = diff_named_ref_targets(
            before.view().local_bookmarks(),
            after.view().local_bookmarks(),
        );
        let tags = diff_named_ref_targets(before.view().local_tags(), after.view().local_tags());
        let change =
            |(name, (old, new)): (&jj_lib::ref_name::RefName, (&RefTarget, &RefTarget))| {
                (name.as_str().to_owned(), old.into(), new.into())
            };
        Ok(OperationChanges {
            stitches: self.changed_stitches(&before, &after)?,
            pins: pins.map(change).collect(),
            tags: tags.map(change).collect(),
            shuttles: changed_shuttles(&before, &after),
        })
    }

    fn changed_stitches(
        &self,
        before: &ReadonlyRepo,
        after: &ReadonlyRepo,
    ) -> Result<Vec<StitchChange>, RepositoryError> {
        let heads = |repo: &ReadonlyRepo| {
            RevsetExpression::commits(repo.view().heads().iter().cloned().collect())
        };
        let (old, new) = (heads(before), heads(after));
        // The index of the later one knows the commits of the earlier one as well.
        let gone = evaluate_all(after, &new.range(&old))?;
        let come = evaluate_all(after, &old.range(&new))?;
        let mut changed: BTreeMap<StitchId, StitchChange> = BTreeMap::new();
        let mut entry = |id: CommitId, is_new: bool| -> Result<(), RepositoryError> {
            let commit = self.commit(&id)?;
            let stitch = StitchId(commit.change_id().clone());
            let change = changed.entry(stitch.clone()).or_insert(StitchChange {
                id: stitch,
                before: Vec::new(),
                after: Vec::new(),
            });
            let side = if is_new {
                &mut change.after
            } else {
                &mut change.before
            };
            side.push(KnotId(id));
            Ok(())
        };
        for id in gone {
            entry(id, false)?;
        }
        for id in come {
            entry(id, true)?;
        }
        Ok(changed.into_values().collect())
    }
}

fn changed_shuttles(
    before: &ReadonlyRepo,
    after: &ReadonlyRepo,
) -> Vec<(String, Option<KnotId>, Option<KnotId>)> {
    let (old, new) = (before.view().wc_commit_ids(), after.view().wc_commit_ids());
    let mut names: Vec<_> = old.keys().chain(new.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let knot = |id: Option<&CommitId>| id.cloned().map(KnotId);
    let moved = names
        .into_iter()
        .filter(|name| old.get(*name) != new.get(*name));
    moved
        .map(|name| {
            let (old, new) = (knot(old.get(name)), knot(new.get(name)));
            (name.as_str().to_owned(), old, new)
        })
        .collect()
}
