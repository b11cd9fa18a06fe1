//! Tangles: files that were changed on several sides, and what they should be.

use jj_lib::backend::{CopyId, MergedTreeValue, MergedTreeValueExt as _, TreeValue};
use jj_lib::conflicts::{
    choose_materialized_conflict_marker_len, materialize_merge_result_to_bytes,
    try_materialize_file_conflict_value, update_from_content,
};
use jj_lib::merge::Merge;
use jj_lib::merged_tree_builder::MergedTreeBuilder;
use jj_lib::repo::Repo as _;
use pollster::FutureExt as _;

use super::Repository;
use super::compare::repo_path;
use super::doing::Doing as _;
use super::error::RepositoryError;
use super::id::KnotId;
use super::transaction::Transaction;

/// A tangled path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tangle {
    /// The path, with `/`.
    pub path: String,
    /// How many sides there are.
    pub sides: usize,
    /// How many of them have deleted it.
    pub deletions: usize,
    /// Whether some are folders, links, submodules or can be run: more than text.
    pub difficult: bool,
}

/// What a tangled file was and has become on each side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TangledContents {
    /// The sides.
    pub sides: Vec<TangledSide>,
    /// What they have in common, one fewer than the sides.
    pub bases: Vec<TangledSide>,
    /// The file with markers, as it lies in the shuttle.
    pub marked: Vec<u8>,
}

/// One version of a tangled file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TangledSide {
    /// Where it comes from, empty when that is not known.
    pub label: String,
    /// Its content; nothing when it was deleted.
    pub content: Vec<u8>,
    /// Whether it was there.
    pub present: bool,
}

/// What a tangled file should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Untangling {
    /// What it is on one side, from 0.
    Side(usize),
    /// This. Where markers of tangles are left in it, they stay tangled.
    Content(Vec<u8>),
    /// Nothing: it goes away.
    Removed,
}

fn tangle(path: String, value: &MergedTreeValue) -> Tangle {
    let value = value.simplify();
    let present = value.adds().flatten().count();
    let difficult = value.iter().flatten().any(|term| {
        !matches!(
            term,
            TreeValue::File {
                executable: false,
                ..
            }
        )
    });
    Tangle {
        path,
        sides: value.num_sides(),
        deletions: value.num_sides() - present,
        difficult,
    }
}

impl Repository {
    /// Lists the tangled paths of a stitch that filesets name, or all.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Expression`] for filesets that are not understood, and
    /// [`RepositoryError::Damaged`].
    pub fn tangles(&self, knot: &KnotId, paths: &[String]) -> Result<Vec<Tangle>, RepositoryError> {
        let matcher = self.language.filesets(paths)?.to_matcher();
        self.commit(&knot.0)?
            .tree()
            .conflicts_matching(&matcher)
            .map(|(path, value)| {
                let value = value.doing("read the tangles")?;
                Ok(tangle(path.into_internal_string(), &value))
            })
            .collect()
    }

    /// Reads all sides of a tangled file.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Refused`] when it is not tangled, or tangled with what is no file.
    pub fn tangled_contents(
        &self,
        knot: &KnotId,
        path: &str,
    ) -> Result<TangledContents, RepositoryError> {
        let tree = self.commit(&knot.0)?.tree();
        let path = repo_path(path)?;
        let value = tree.path_value(&path).block_on().doing("read a file")?;
        let store = self.repo.store();
        let file = try_materialize_file_conflict_value(store, &path, &value, tree.labels())
            .block_on()
            .doing("read the tangle")?
            .filter(|_| !value.is_resolved())
            .ok_or_else(|| not_tangled(path.as_internal_file_string()))?;
        let side = |index: usize, is_add: bool| {
            let (id, content, label) = if is_add {
                let label = file.labels.get_add(index);
                (file.ids.get_add(index), file.contents.get_add(index), label)
            } else {
                let label = file.labels.get_remove(index);
                (
                    file.ids.get_remove(index),
                    file.contents.get_remove(index),
                    label,
                )
            };
            TangledSide {
                label: label.unwrap_or_default().to_owned(),
                content: content.map_or_else(Vec::new, |content| content.to_vec()),
                present: id.is_some_and(Option::is_some),
            }
        };
        let sides = file.ids.num_sides();
        let options = self.marker_options()?;
        Ok(TangledContents {
            sides: (0..sides).map(|index| side(index, true)).collect(),
            bases: (0..sides - 1).map(|index| side(index, false)).collect(),
            marked: materialize_merge_result_to_bytes(&file.contents, &file.labels, &options)
                .into(),
        })
    }
}

fn not_tangled(path: &str) -> RepositoryError {
    RepositoryError::Refused {
        message: format!("`{path}` is not tangled, or not a file on all sides"),
        hint: Some("`loom spool untangle --list` shows what is tangled".to_owned()),
    }
}

impl Transaction<'_> {
    /// Untangles files of a stitch: for each path what it should be.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Immutable`], [`RepositoryError::Refused`] when a path is not tangled or
    /// has no such side, and what reading and writing can bring.
    pub fn untangle(
        &mut self,
        knot: &KnotId,
        files: &[(String, Untangling)],
    ) -> Result<KnotId, RepositoryError> {
        self.check_mutable([&knot.0])?;
        let commit = self.commit(knot)?;
        let tree = commit.tree();
        let mut builder = MergedTreeBuilder::new(tree.clone());
        for (name, wanted) in files {
            let path = repo_path(name)?;
            let value = tree.path_value(&path).block_on().doing("read a file")?;
            if value.is_resolved() {
                return Err(not_tangled(name));
            }
            let new = match wanted {
                Untangling::Removed => Merge::absent(),
                Untangling::Side(index) => {
                    let simple = value.simplify();
                    let side = simple.get_add(*index).ok_or_else(|| {
                        RepositoryError::refused(format!(
                            "`{name}` has {} sides only",
                            simple.num_sides()
                        ))
                    })?;
                    Merge::resolved(side.clone())
                }
                Untangling::Content(content) => self.untangled(&path, &value, content)?,
            };
            builder.set_or_remove(path, new);
        }
        let new_tree = builder.write_tree().block_on().doing("write the files")?;
        self.say(|| format!("Resolve conflicts in commit {knot}"));
        let new = self
            .writer()
            .rewrite_commit(&commit)
            .set_tree(new_tree)
            .write()
            .block_on()
            .doing("write the stitch")?;
        Ok(KnotId(new.id().clone()))
    }

    fn untangled(
        &self,
        path: &jj_lib::repo_path::RepoPath,
        value: &MergedTreeValue,
        content: &[u8],
    ) -> Result<MergedTreeValue, RepositoryError> {
        let store = self.repo().store().clone();
        let labels = jj_lib::conflict_labels::ConflictLabels::unlabeled();
        let file = try_materialize_file_conflict_value(&store, path, value, &labels)
            .block_on()
            .doing("read the tangle")?
            .ok_or_else(|| not_tangled(path.as_internal_file_string()))?;
        let length = choose_materialized_conflict_marker_len(&file.contents);
        let ids = update_from_content(&file.unsimplified_ids, &store, path, content, length)
            .block_on()
            .doing("write the file")?;
        Ok(match ids.into_resolved() {
            Ok(id) => Merge::resolved(id.map(|id| TreeValue::File {
                id,
                executable: file.executable.unwrap_or_default(),
                copy_id: CopyId::placeholder(),
            })),
            Err(ids) => value.with_new_file_ids(&ids),
        })
    }
}
