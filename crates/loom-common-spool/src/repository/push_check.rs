//! Which stitches others may see.

use std::collections::HashMap;

use futures::StreamExt as _;
use futures::TryStreamExt as _;
use jj_lib::backend::CommitId;
use jj_lib::commit::Commit;
use jj_lib::merge::Diff;
use jj_lib::ref_name::{RefNameBuf, RemoteName};
use jj_lib::repo::Repo as _;
use jj_lib::revset::{RevsetContainingFn, RevsetExpression, RevsetStreamExt as _};
use jj_lib::rewrite::CommitRewriter;
use jj_lib::signing::SignBehavior;
use pollster::FutureExt as _;

use super::Repository;
use super::doing::Doing as _;
use super::error::RepositoryError;
use super::language::{Resolved, evaluate, evaluate_all};
use super::transaction::Transaction;

/// What is pushed although it would be refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Allowances {
    /// Stitches without a description.
    pub undescribed: bool,
    /// Tangled stitches.
    pub tangled: bool,
    /// Stitches that the setting `git.private-commits` names.
    pub private: bool,
}

/// Looks through what a remote would get, each stitch once.
pub(super) struct PushCheck<'a> {
    repository: &'a Repository,
    known: Vec<CommitId>,
    immutable: Resolved,
    private: Option<Box<RevsetContainingFn<'a>>>,
    allow: Allowances,
}

/// Finds what a remote is known to have.
fn known_there(repository: &Repository, remote: &RemoteName) -> Vec<CommitId> {
    let there = repository.repo.view().remote_bookmarks(remote);
    there
        .flat_map(|(_, pin)| pin.target.added_ids())
        .cloned()
        .collect()
}

impl<'a> PushCheck<'a> {
    pub(super) fn new(
        repository: &'a Repository,
        remote: &RemoteName,
        allow: Allowances,
    ) -> Result<Self, RepositoryError> {
        let repo = repository.repo.as_ref();
        let private = if allow.private {
            None
        } else {
            let private = repository.text("git.private-commits")?;
            let private = repository.resolve_expression(&private)?;
            Some(evaluate(repo, &private)?.containing_fn())
        };
        Ok(Self {
            repository,
            known: known_there(repository, remote),
            immutable: repository.language.immutable(repo)?,
            private,
            allow,
        })
    }

    /// Finds why a remote should not get a stitch and what is below it; nothing when it may.
    pub(super) fn check(
        &mut self,
        head: Option<&CommitId>,
    ) -> Result<Option<String>, RepositoryError> {
        let Some(head) = head else { return Ok(None) };
        let repo = self.repository.repo.as_ref();
        let new = RevsetExpression::commits(self.known.clone())
            .union(&self.immutable)
            .range(&RevsetExpression::commit(head.clone()));
        let revset = evaluate(repo, &new)?;
        let mut commits = revset.stream().commits(repo.store()).boxed_local();
        while let Some(commit) = commits.try_next().block_on().doing("read the stitches")? {
            if let Some(reason) = self.reason(&commit)? {
                return Ok(Some(format!("knot {:.12} {reason}", commit.id())));
            }
        }
        self.known.push(head.clone());
        Ok(None)
    }

    fn reason(&self, commit: &Commit) -> Result<Option<String>, RepositoryError> {
        let mut reasons = Vec::new();
        if commit.description().is_empty() && !self.allow.undescribed {
            reasons.push("has no description");
        }
        let (author, committer) = (commit.author(), commit.committer());
        let names = [
            &author.name,
            &author.email,
            &committer.name,
            &committer.email,
        ];
        if names.into_iter().any(String::is_empty) {
            reasons.push("has no author or committer");
        }
        if commit.has_conflict() && !self.allow.tangled {
            reasons.push("is tangled");
        }
        if let Some(private) = &self.private
            && private(commit.id())
                .block_on()
                .doing("find private stitches")?
        {
            reasons.push("is private (`git.private-commits`)");
        }
        Ok((!reasons.is_empty()).then(|| reasons.join(" and ")))
    }
}

type Update = (RefNameBuf, Diff<Option<CommitId>>);

impl Transaction<'_> {
    /// Signs what is about to be pushed, where the setting `git.sign-on-push` says so. The pins are
    /// where they were then, at new knots.
    pub(super) fn sign_before_push(
        &mut self,
        remote: &RemoteName,
        updates: Vec<Update>,
    ) -> Result<Vec<Update>, RepositoryError> {
        if !self.repository.flag("git.sign-on-push")? {
            return Ok(updates);
        }
        let repo = self.repository.repo.as_ref();
        let heads = updates
            .iter()
            .filter_map(|(_, update)| update.after.clone());
        let known = RevsetExpression::commits(known_there(self.repository, remote));
        let pushed = known
            .range(&RevsetExpression::commits(heads.collect()))
            .minus(&self.repository.language.immutable(repo)?);
        let mut settings = self.repository.workspace.settings().sign_settings();
        settings.behavior = SignBehavior::Own;
        let mut unsigned = Vec::new();
        for id in evaluate_all(repo, &pushed)? {
            let commit = self.repository.commit(&id)?;
            if !commit.is_signed() && settings.should_sign(commit.store_commit()) {
                unsigned.push(id);
            }
        }
        let mut signed: HashMap<CommitId, CommitId> = HashMap::new();
        self.writer()
            .transform_descendants(unsigned.clone(), async |rewriter: CommitRewriter<'_>| {
                let old = rewriter.old_commit().id().clone();
                let mut builder = rewriter.reparent();
                if unsigned.contains(&old) {
                    builder = builder.set_sign_behavior(SignBehavior::Own);
                }
                signed.insert(old, builder.write().await?.id().clone());
                Ok(())
            })
            .block_on()
            .doing("sign the stitches")?;
        let newest = |id: CommitId| signed.get(&id).cloned().unwrap_or(id);
        let updates = updates.into_iter();
        Ok(updates
            .map(|(name, update)| (name, Diff::new(update.before, update.after.map(newest))))
            .collect())
    }
}
