//! Some changes of a stitch: in some paths, or some hunks in them.

use jj_lib::backend::{CopyId, TreeValue};
use jj_lib::copies::CopyRecords;
use jj_lib::matchers::FilesMatcher;
use jj_lib::merge::{Diff, Merge};
use jj_lib::merged_tree::MergedTree;
use jj_lib::merged_tree_builder::MergedTreeBuilder;
use jj_lib::repo::Repo as _;
use jj_lib::rewrite::restore_tree;
use pollster::FutureExt as _;

use super::compare::{ChangedFile, EntryKind, repo_path};
use super::doing::Doing as _;
use super::error::RepositoryError;
use super::hunks::{Piece, Whitespace, pieces};
use super::transaction::Transaction;

/// What chooses hunks: it is asked once for each file.
pub type HunkSelector<'s> = dyn FnMut(&SelectableFile) -> Chosen + 's;

/// Some changes of a stitch.
#[derive(Default)]
pub struct Selection<'s> {
    paths: Vec<String>,
    selector: Option<&'s mut HunkSelector<'s>>,
}

impl<'s> Selection<'s> {
    /// Takes all changes.
    pub fn all() -> Self {
        Self::default()
    }

    /// Takes the changes in paths, as filesets. No path at all stands for all.
    pub fn paths(paths: Vec<String>) -> Self {
        Self {
            paths,
            selector: None,
        }
    }

    /// Takes those hunks of the changes in paths that are chosen file by file.
    pub fn hunks(paths: Vec<String>, selector: &'s mut HunkSelector<'s>) -> Self {
        Self {
            paths,
            selector: Some(selector),
        }
    }
}

/// A file whose changes can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectableFile {
    /// The path, with `/`.
    pub path: String,
    /// What it was.
    pub before: EntryKind,
    /// What it is.
    pub after: EntryKind,
    /// The hunks that can be chosen apart; none where the file can be chosen as a whole only.
    pub hunks: Vec<SelectableHunk>,
}

/// Lines that can be chosen together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectableHunk {
    /// What they were.
    pub before: Vec<u8>,
    /// What they are.
    pub after: Vec<u8>,
    /// The first line that they were, from 0.
    pub before_line: usize,
    /// The first line that they are, from 0.
    pub after_line: usize,
}

/// What was chosen of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// All of it.
    All,
    /// Nothing of it.
    Nothing,
    /// Those hunks for which this says so, in order.
    Hunks(Vec<bool>),
}

impl Transaction<'_> {
    /// Makes the tree that differs from `trees.before` by what was selected of `trees.after`. The
    /// labels say where either comes from, for tangles.
    pub(super) fn select(
        &self,
        selection: &mut Selection<'_>,
        trees: &Diff<MergedTree>,
        labels: Diff<String>,
    ) -> Result<MergedTree, RepositoryError> {
        let language = &self.repository.language;
        let matcher = language.filesets(&selection.paths)?.to_matcher();
        let restore = |matcher: &dyn jj_lib::matchers::Matcher| {
            let (from, to) = (labels.after.clone(), labels.before.clone());
            restore_tree(&trees.after, &trees.before, from, to, matcher)
                .block_on()
                .doing("take changes apart")
        };
        let Some(selector) = &mut selection.selector else {
            return restore(&matcher);
        };
        let copies = CopyRecords::default();
        let comparison = self.repository.compare_trees(trees, &copies, &matcher)?;
        let (mut whole, mut parts) = (Vec::new(), Vec::new());
        for file in &comparison.files {
            let (before, after) = comparison.contents(file)?;
            let apart = !before.binary
                && !after.binary
                && matches!(file.before, EntryKind::File { .. })
                && matches!(file.after, EntryKind::File { .. });
            let pieces = if apart {
                pieces(&before.bytes, &after.bytes, Whitespace::Counts)
            } else {
                Vec::new()
            };
            let selectable = SelectableFile {
                path: file.path.clone(),
                before: file.before,
                after: file.after,
                hunks: selectable_hunks(&pieces),
            };
            match selector(&selectable) {
                Chosen::Nothing => {}
                Chosen::All => whole.push(repo_path(&file.path)?),
                Chosen::Hunks(chosen) if chosen.iter().all(|chosen| !chosen) => {}
                Chosen::Hunks(chosen)
                    if selectable.hunks.is_empty() || chosen.iter().all(|chosen| *chosen) =>
                {
                    whole.push(repo_path(&file.path)?);
                }
                Chosen::Hunks(chosen) => parts.push((file, compose(&pieces, &chosen))),
            }
        }
        let tree = restore(&FilesMatcher::new(whole))?;
        self.with_contents(tree, parts)
    }

    fn with_contents(
        &self,
        tree: MergedTree,
        contents: Vec<(&ChangedFile, Vec<u8>)>,
    ) -> Result<MergedTree, RepositoryError> {
        if contents.is_empty() {
            return Ok(tree);
        }
        let mut builder = MergedTreeBuilder::new(tree);
        for (file, content) in contents {
            let executable = matches!(file.before, EntryKind::File { executable: true });
            let value = self.write_file(&file.path, &content, executable)?;
            builder.set_or_remove(repo_path(&file.path)?, Merge::normal(value));
        }
        builder.write_tree().block_on().doing("write the files")
    }

    /// Stores the content of a file.
    pub(super) fn write_file(
        &self,
        path: &str,
        content: &[u8],
        executable: bool,
    ) -> Result<TreeValue, RepositoryError> {
        let id = self
            .repo()
            .store()
            .write_file(&repo_path(path)?, &mut &content[..])
            .block_on()
            .doing("write a file")?;
        Ok(TreeValue::File {
            id,
            executable,
            copy_id: CopyId::placeholder(),
        })
    }
}

fn selectable_hunks(pieces: &[(Piece, Vec<u8>, Vec<u8>)]) -> Vec<SelectableHunk> {
    let lines = |text: &[u8]| text.split_inclusive(|byte| *byte == b'\n').count();
    let (mut before_line, mut after_line) = (0, 0);
    let mut hunks = Vec::new();
    for (piece, before, after) in pieces {
        if *piece == Piece::Different {
            hunks.push(SelectableHunk {
                before: before.clone(),
                after: after.clone(),
                before_line,
                after_line,
            });
        }
        before_line += lines(before);
        after_line += lines(after);
    }
    hunks
}

/// Puts pieces together, with what was chosen as it is after. What nothing is said of stays.
fn compose(pieces: &[(Piece, Vec<u8>, Vec<u8>)], chosen: &[bool]) -> Vec<u8> {
    let mut chosen = chosen.iter();
    let mut content = Vec::new();
    for (piece, before, after) in pieces {
        let take_after = *piece == Piece::Different && chosen.next().copied().unwrap_or_default();
        content.extend_from_slice(if take_after { after } else { before });
    }
    content
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn all_hunks_make_the_new_content_and_none_the_old(
            before in "([ab]{0,2}\n){0,8}[ab]?",
            after in "([ab]{0,2}\n){0,8}[ab]?",
        ) {
            let pieces = pieces(before.as_bytes(), after.as_bytes(), Whitespace::Counts);
            let count = selectable_hunks(&pieces).len();
            prop_assert_eq!(compose(&pieces, &vec![true; count]), after.into_bytes());
            prop_assert_eq!(compose(&pieces, &[]), before.into_bytes());
        }
    }
}
