//! Taking one stitch apart into two.

use std::collections::HashMap;

use jj_lib::backend::CommitId;
use jj_lib::commit::Commit;
use jj_lib::merge::{Diff, Merge};
use jj_lib::merged_tree::MergedTree;
use jj_lib::rewrite::{
    CommitRewriter, CommitWithSelection, MoveCommitsLocation, MoveCommitsTarget, RebaseOptions,
    RebasedCommit, move_commits,
};
use pollster::FutureExt as _;

use super::configuration::setting;
use super::doing::Doing as _;
use super::error::RepositoryError;
use super::id::KnotId;
use super::selection::Selection;
use super::transaction::Transaction;
use super::weave::{Location, complete};

/// Which stitch is taken apart, and how.
pub struct Unravel<'s> {
    /// The stitch.
    pub knot: KnotId,
    /// The changes that become a stitch of their own. The rest stays.
    pub selection: Selection<'s>,
    /// What the selected changes are about; what the stitch was about without it.
    pub description: Option<String>,
    /// Where the selected changes go.
    pub to: UnravelTo,
}

/// Where selected changes go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnravelTo {
    /// Below the rest.
    Below,
    /// Beside the rest.
    Beside,
    /// Elsewhere. The rest keeps the stitch's name then.
    Elsewhere(Location),
}

/// What a stitch has become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unraveled {
    /// The selected changes.
    pub selected: KnotId,
    /// The rest.
    pub rest: KnotId,
}

impl Transaction<'_> {
    /// Takes a stitch apart into two.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Immutable`], [`RepositoryError::Loop`], [`RepositoryError::Expression`]
    /// for filesets that are not understood, and what reading and writing can bring.
    pub fn unravel(&mut self, mut unravel: Unravel<'_>) -> Result<Unraveled, RepositoryError> {
        self.check_mutable([&unravel.knot.0])?;
        let commit = self.commit(&unravel.knot)?;
        let location = match &unravel.to {
            UnravelTo::Elsewhere(location) => Some(self.locate(location)?),
            _ => None,
        };
        let beside = unravel.to == UnravelTo::Beside;
        let parent_tree = self.parent_tree(&commit)?;
        let trees = Diff::new(parent_tree.clone(), commit.tree());
        let labels = self.parent_labels(&commit)?;
        let target = CommitWithSelection {
            selected_tree: self.select(&mut unravel.selection, &trees, labels)?,
            parent_tree,
            commit,
        };
        self.say(|| format!("split commit {}", unravel.knot));
        let mut first = self.writer().rewrite_commit(&target.commit).detach();
        first.set_tree(target.selected_tree.clone());
        if location.is_some() {
            // The rest keeps the name.
            first.clear_rewrite_source();
            first.generate_new_change_id();
        }
        if let Some(text) = &unravel.description {
            first.set_description(complete(text));
        }
        let first = first
            .write(self.writer())
            .block_on()
            .doing("write the stitch")?;
        let mut rest = self.writer().rewrite_commit(&target.commit).detach();
        if beside {
            rest.set_parents(target.commit.parent_ids().to_vec());
            rest.set_tree(without_selected(&target)?);
        } else {
            rest.set_parents(vec![first.id().clone()]);
        }
        if location.is_none() {
            rest.clear_rewrite_source();
            rest.generate_new_change_id();
        }
        let rest = rest
            .write(self.writer())
            .block_on()
            .doing("write the stitch")?;
        match location {
            Some((parents, children)) => {
                self.move_selected(&target, first, rest, parents, children)
            }
            None => {
                self.follow_rest(&target, &first, &rest, beside)?;
                Ok(Unraveled {
                    selected: KnotId(first.id().clone()),
                    rest: KnotId(rest.id().clone()),
                })
            }
        }
    }

    /// Puts what stood on the stitch onto the rest.
    fn follow_rest(
        &mut self,
        target: &CommitWithSelection,
        first: &Commit,
        rest: &Commit,
        beside: bool,
    ) -> Result<(), RepositoryError> {
        let settings = self.repository.workspace.settings();
        let pins_follow_rest = settings
            .get_bool("split.legacy-bookmark-behavior")
            .map_err(|error| setting(&error))?;
        let old = target.commit.id().clone();
        if pins_follow_rest {
            self.writer()
                .set_rewritten_commit(old.clone(), rest.id().clone());
        }
        let (first, rest_id) = (first.id(), rest.id());
        self.writer()
            .transform_descendants(
                vec![old.clone()],
                async |mut rewriter: CommitRewriter<'_>| {
                    if beside && pins_follow_rest {
                        rewriter.replace_parent(rest_id, [first, rest_id]);
                    } else if beside {
                        rewriter.replace_parent(first, [first, rest_id]);
                    } else {
                        rewriter.replace_parent(first, [rest_id]);
                    }
                    rewriter.rebase().await?.write().await?;
                    Ok(())
                },
            )
            .block_on()
            .doing("rethread stitches")?;
        let workspaces = self
            .repository
            .repo
            .view()
            .workspaces_for_wc_commit_id(&old);
        for name in workspaces {
            self.writer()
                .edit(name, rest)
                .block_on()
                .doing("move the shuttle")?;
        }
        Ok(())
    }

    /// Moves the selected changes to where they are wanted.
    fn move_selected(
        &mut self,
        target: &CommitWithSelection,
        first: Commit,
        rest: Commit,
        parents: Vec<CommitId>,
        children: Vec<CommitId>,
    ) -> Result<Unraveled, RepositoryError> {
        let old = target.commit.id().clone();
        let mut rewritten = HashMap::from([(old.clone(), rest.id().clone())]);
        self.writer()
            .transform_descendants(vec![old], async |rewriter: CommitRewriter<'_>| {
                let id = rewriter.old_commit().id().clone();
                let new = rewriter.rebase().await?.write().await?;
                rewritten.insert(id, new.id().clone());
                Ok(())
            })
            .block_on()
            .doing("rethread stitches")?;
        let newest = |ids: Vec<CommitId>| -> Vec<CommitId> {
            let newest = ids
                .into_iter()
                .map(|id| rewritten.get(&id).cloned().unwrap_or(id));
            newest.collect()
        };
        let location = MoveCommitsLocation {
            new_parent_ids: newest(parents),
            new_child_ids: newest(children),
            target: MoveCommitsTarget::Commits(vec![first.id().clone()]),
        };
        let moved = move_commits(self.writer(), &location, &RebaseOptions::default())
            .block_on()
            .doing("rethread stitches")?;
        let last = |commit: &Commit| match moved.rebased_commits.get(commit.id()) {
            Some(RebasedCommit::Rewritten(new)) => KnotId(new.id().clone()),
            _ => KnotId(commit.id().clone()),
        };
        Ok(Unraveled {
            selected: last(&first),
            rest: last(&rest),
        })
    }

    /// Ends the shuttle's stitch: what is selected of it gets a description, and the rest goes into
    /// a new stitch on top, into which the shuttle moves. Returns the knot that was ended.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::NoShuttle`], [`RepositoryError::Immutable`],
    /// [`RepositoryError::Expression`] for filesets that are not understood, and what reading and
    /// writing can bring.
    pub fn knot(
        &mut self,
        mut selection: Selection<'_>,
        description: Option<&str>,
    ) -> Result<KnotId, RepositoryError> {
        let commit = self.repository.shuttle_commit()?;
        self.check_mutable([commit.id()])?;
        self.say(|| format!("commit {}", commit.id()));
        let trees = Diff::new(self.parent_tree(&commit)?, commit.tree());
        let labels = self.parent_labels(&commit)?;
        let tree = self.select(&mut selection, &trees, labels)?;
        let pins = self.pins_to_advance(commit.parent_ids())?;
        let mut builder = self.writer().rewrite_commit(&commit).set_tree(tree);
        if let Some(text) = description {
            builder = builder.set_description(complete(text));
        }
        let ended = builder.write().block_on().doing("write the stitch")?;
        let on_top = self
            .writer()
            .new_commit(vec![ended.id().clone()], commit.tree())
            .write()
            .block_on()
            .doing("write the stitch")?;
        for (name, old) in pins {
            self.move_pin_along(&name, old, ended.id())?;
        }
        let workspaces = self.repository.repo.view();
        for name in workspaces.workspaces_for_wc_commit_id(commit.id()) {
            self.writer()
                .edit(name, &on_top)
                .block_on()
                .doing("move the shuttle")?;
        }
        Ok(KnotId(ended.id().clone()))
    }
}

/// Takes what was selected of a stitch out of it.
fn without_selected(target: &CommitWithSelection) -> Result<MergedTree, RepositoryError> {
    let selected = target
        .diff_with_labels(
            "parents of split revision",
            "selected changes for split",
            "split revision",
        )
        .block_on()
        .doing("read the parents")?;
    let label = format!("split revision ({})", target.commit.conflict_label());
    MergedTree::merge(Merge::from_diffs(
        (target.commit.tree(), label),
        [selected.invert()],
    ))
    .block_on()
    .doing("take the selected changes out")
}
