//! What a hook does to a commit that it may look at.
//!
//! A hook that formats files stages them again, which is wanted. But hooks stage more than that: all there is
//! (`git add -u`), what they make anew, what the person saved while they ran. Only what they did to the files
//! of the commit goes into it; the rest stays in the working tree, where it is seen.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Prepared, between};
use crate::error::GitError;
use crate::hooks::{Hook, Hooks};
use crate::index;
use crate::status::{self, ChangeKind, Status, Untracked};
use crate::tree_entry::TreeEntry;

impl Prepared {
    /// Runs the hook that may look at the commit, and returns what it has changed in it.
    ///
    /// It looks at the working tree as well. For a commit to a branch that is not checked out it is not run:
    /// what lies there belongs to another commit, and a hook that puts files back would put back the wrong ones.
    pub(super) async fn before_commit(
        &mut self,
        hooks: &Hooks<'_>,
        next: &Path,
    ) -> Result<BTreeMap<PathBuf, Option<TreeEntry>>, GitError> {
        if !self.destination.is_checked_out || !hooks.has(Hook::PreCommit) {
            return Ok(BTreeMap::new());
        }
        let repository = self.repository.clone().with_index(next.to_owned());
        let before = status::of(&repository, Untracked::None).await?;
        hooks.run(Hook::PreCommit, next, &[]).await?;
        let tree = index::write_tree(&self.repository, next).await?;
        if tree == self.tree {
            return Ok(BTreeMap::new());
        }
        let changed = between(&self.repository, &self.tree, &tree).await?;
        let (own, others): (Vec<_>, Vec<_>) = changed
            .into_iter()
            .partition(|changed| self.steps.commit.contains_key(&changed.path));
        if let Some(swept) = own.iter().find(|own| is_unstaged(&before, &own.path)) {
            let path = swept.path.display();
            return Err(GitError::Hook {
                hook: Hook::PreCommit.name(),
                message: format!("it would commit changes of yours as well: {path}"),
            });
        }
        let parent = self.destination.parent.as_deref();
        let back = others
            .iter()
            .map(|other| (other.path.as_path(), other.before.as_ref()));
        index::put(&self.repository, next, parent, back).await?;
        self.tree = index::write_tree(&self.repository, next).await?;
        let own = own.into_iter();
        Ok(own.map(|own| (own.path, own.after)).collect())
    }
}

/// Tells whether the person had changes of a file that were not staged.
fn is_unstaged(status: &Status, path: &Path) -> bool {
    status.changes.iter().any(|change| {
        let is_unstaged = match change.kind {
            ChangeKind::Tracked { unstaged, .. } => unstaged != '.',
            ChangeKind::Unmerged | ChangeKind::Untracked => true,
        };
        is_unstaged && change.path == path
    })
}
