//! Which files differ between two stitches.

use futures::StreamExt as _;
use futures::TryStreamExt as _;
use jj_lib::backend::{MergedTreeValue, MergedTreeValueExt as _, TreeValue};
use jj_lib::conflict_labels::ConflictLabels;
use jj_lib::conflicts::{ConflictMaterializeOptions, materialize_tree_value};
use jj_lib::copies::{CopiesTreeDiffEntry, CopyOperation, CopyRecords};
use jj_lib::diff_presentation::unified::git_diff_part;
use jj_lib::matchers::Matcher;
use jj_lib::merge::Diff;
use jj_lib::merged_tree::MergedTree;
use jj_lib::repo::Repo as _;
use jj_lib::repo_path::{RepoPath, RepoPathBuf};
use pollster::FutureExt as _;

use super::Repository;
use super::configuration::setting;
use super::doing::Doing as _;
use super::error::RepositoryError;
use super::id::KnotId;

/// The files of a stitch, or of what it stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Side {
    /// Of a stitch.
    Of(KnotId),
    /// Of the parents of a stitch, merged.
    Below(KnotId),
}

/// What a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// Nothing.
    Absent,
    /// A file.
    File {
        /// Whether it can be run.
        executable: bool,
    },
    /// A symbolic link.
    Link,
    /// A repository of git inside.
    Submodule,
    /// A tangle with so many sides.
    Tangle {
        /// How many.
        sides: usize,
    },
}

/// What became of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeStatus {
    /// It is new.
    Added,
    /// It has other content.
    Modified,
    /// It is gone.
    Removed,
    /// It was elsewhere before.
    Renamed,
    /// It is a copy of another.
    Copied,
}

/// A path that differs.
#[derive(Debug, Clone)]
pub struct ChangedFile {
    /// The path, with `/`.
    pub path: String,
    /// Where it was before, or what it is a copy of; the same path for others.
    pub source: String,
    /// What became of it.
    pub status: ChangeStatus,
    /// What it was.
    pub before: EntryKind,
    /// What it is.
    pub after: EntryKind,
    pub(super) values: Diff<MergedTreeValue>,
}

/// A file's content, as git shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Git's mode, as in `100644`; `None` when there is nothing.
    pub mode: Option<&'static str>,
    /// The first letters of its hash.
    pub hash: String,
    /// Whether it does not look like text.
    pub binary: bool,
    /// The bytes; the target of a link; a tangle with markers.
    pub bytes: Vec<u8>,
}

/// What differs between two sides.
pub struct Comparison<'a> {
    repository: &'a Repository,
    labels: Diff<ConflictLabels>,
    /// The paths that differ, in order.
    pub files: Vec<ChangedFile>,
}

impl Comparison<'_> {
    /// Reads what a path was and is.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Damaged`] when it cannot be read.
    pub fn contents(&self, file: &ChangedFile) -> Result<(Content, Content), RepositoryError> {
        let (before, after) = (file.values.before.clone(), file.values.after.clone());
        let repository = self.repository;
        Ok((
            repository.content(&file.source, before, &self.labels.before)?,
            repository.content(&file.path, after, &self.labels.after)?,
        ))
    }
}

/// Reads a path inside of a repository, with `/`.
pub(super) fn repo_path(path: &str) -> Result<RepoPathBuf, RepositoryError> {
    RepoPathBuf::from_internal_string(path)
        .map_err(|_| RepositoryError::refused(format!("`{path}` is no path in a repository")))
}

/// Tells what a value in a tree is.
pub(super) fn entry_kind(value: &MergedTreeValue) -> EntryKind {
    match value.as_resolved() {
        Some(None) => EntryKind::Absent,
        Some(Some(TreeValue::File { executable, .. })) => EntryKind::File {
            executable: *executable,
        },
        Some(Some(TreeValue::Symlink(_))) => EntryKind::Link,
        Some(Some(TreeValue::GitSubmodule(_))) => EntryKind::Submodule,
        // Folders are no entries of a comparison.
        Some(Some(TreeValue::Tree(_))) => EntryKind::Absent,
        None => EntryKind::Tangle {
            sides: value.simplify().num_sides(),
        },
    }
}

fn changed_file(entry: CopiesTreeDiffEntry) -> Result<ChangedFile, RepositoryError> {
    let values = entry.values.doing("compare files")?;
    let (before, after) = (entry_kind(&values.before), entry_kind(&values.after));
    let status = match entry.path.copy_operation() {
        Some(CopyOperation::Rename) => ChangeStatus::Renamed,
        Some(CopyOperation::Copy) => ChangeStatus::Copied,
        None if before == EntryKind::Absent => ChangeStatus::Added,
        None if after == EntryKind::Absent => ChangeStatus::Removed,
        None => ChangeStatus::Modified,
    };
    Ok(ChangedFile {
        path: entry.path.target().as_internal_file_string().to_owned(),
        source: entry.path.source().as_internal_file_string().to_owned(),
        status,
        before,
        after,
        values,
    })
}

impl Repository {
    /// Compares two sides, in the paths that filesets name, or in all.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Expression`] for filesets that are not understood, and
    /// [`RepositoryError::Damaged`].
    pub fn compare(
        &self,
        before: &Side,
        after: &Side,
        paths: &[String],
    ) -> Result<Comparison<'_>, RepositoryError> {
        let matcher = self.language.filesets(paths)?.to_matcher();
        let trees = Diff::new(self.tree_of(before)?, self.tree_of(after)?);
        let mut copies = CopyRecords::default();
        // Copies are known between commits, not between trees.
        if let Side::Of(head) = after {
            let roots = match before {
                Side::Of(root) => vec![root.0.clone()],
                Side::Below(child) => self.commit(&child.0)?.parent_ids().to_vec(),
            };
            for root in roots {
                self.add_copies(&mut copies, &root, &head.0, &matcher)?;
            }
        }
        self.compare_trees(&trees, &copies, &matcher)
    }

    /// Finds the changes of a stitch.
    ///
    /// # Errors
    ///
    /// As [`compare`](Self::compare).
    pub fn changes_of(
        &self,
        knot: &KnotId,
        paths: &[String],
    ) -> Result<Comparison<'_>, RepositoryError> {
        self.compare(&Side::Below(knot.clone()), &Side::Of(knot.clone()), paths)
    }

    fn add_copies(
        &self,
        copies: &mut CopyRecords,
        root: &jj_lib::backend::CommitId,
        head: &jj_lib::backend::CommitId,
        matcher: &dyn Matcher,
    ) -> Result<(), RepositoryError> {
        let store = self.repo.store();
        let records: Vec<_> = store
            .get_copy_records(None, root, head)
            .doing("find copies")?
            .try_collect()
            .block_on()
            .doing("find copies")?;
        let matching = records
            .into_iter()
            .filter(|record| matcher.matches(&record.target));
        copies.add_records(matching);
        Ok(())
    }

    pub(super) fn compare_trees(
        &self,
        trees: &Diff<MergedTree>,
        copies: &CopyRecords,
        matcher: &dyn Matcher,
    ) -> Result<Comparison<'_>, RepositoryError> {
        let found: Vec<_> = trees
            .before
            .diff_stream_with_copies(&trees.after, matcher, copies)
            .collect()
            .block_on();
        let files = found
            .into_iter()
            .map(changed_file)
            .collect::<Result<_, _>>()?;
        Ok(Comparison {
            repository: self,
            labels: trees.as_ref().map(|tree| tree.labels().clone()),
            files,
        })
    }

    pub(super) fn tree_of(&self, side: &Side) -> Result<MergedTree, RepositoryError> {
        match side {
            Side::Of(knot) => Ok(self.commit(&knot.0)?.tree()),
            Side::Below(knot) => self
                .commit(&knot.0)?
                .parent_tree(self.repo.as_ref())
                .block_on()
                .doing("merge the parents"),
        }
    }

    /// Reads one path, with `/`, of a side.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Refused`] for what is no path, and [`RepositoryError::Damaged`].
    pub fn read_file(&self, side: &Side, path: &str) -> Result<Content, RepositoryError> {
        let tree = self.tree_of(side)?;
        let value = tree
            .path_value(&repo_path(path)?)
            .block_on()
            .doing("read a file")?;
        if value.is_tree() {
            return Err(RepositoryError::refused(format!("`{path}` is a folder")));
        }
        self.content(path, value, tree.labels())
    }

    /// Lists the paths of a side that filesets name, or all.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Expression`] for filesets that are not understood, and
    /// [`RepositoryError::Damaged`].
    pub fn list_files(
        &self,
        side: &Side,
        paths: &[String],
    ) -> Result<Vec<(String, EntryKind)>, RepositoryError> {
        let matcher = self.language.filesets(paths)?.to_matcher();
        self.tree_of(side)?
            .entries_matching(&matcher)
            .map(|(path, value)| {
                let value = value.doing("read the files")?;
                Ok((path.into_internal_string(), entry_kind(&value)))
            })
            .collect()
    }

    fn content(
        &self,
        path: &str,
        value: MergedTreeValue,
        labels: &ConflictLabels,
    ) -> Result<Content, RepositoryError> {
        let store = self.repo.store();
        let path: &RepoPath = &repo_path(path)?;
        let read = materialize_tree_value(store, path, value, labels)
            .block_on()
            .doing("read a file")?;
        let part = git_diff_part(path, read, &self.marker_options()?)
            .block_on()
            .doing("read a file")?;
        Ok(Content {
            mode: part.mode,
            hash: part.hash,
            binary: part.content.is_binary,
            bytes: part.content.contents.into(),
        })
    }

    /// Reads how tangles are written into files.
    pub(super) fn marker_options(&self) -> Result<ConflictMaterializeOptions, RepositoryError> {
        let settings = self.workspace.settings();
        Ok(ConflictMaterializeOptions {
            marker_style: settings
                .get("ui.conflict-marker-style")
                .map_err(|error| setting(&error))?,
            marker_len: None,
            merge: self.repo.store().merge_options().clone(),
        })
    }
}
