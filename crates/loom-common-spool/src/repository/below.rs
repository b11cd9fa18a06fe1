//! A stitch of somebody else's work, below the shuttle's.
//!
//! A person edits in the shuttle while a program writes in the same folder. What the program wrote
//! becomes a stitch between the shuttle's and its parents; what the person wrote stays in the
//! shuttle's. The files on disk are those of the shuttle's stitch before and after, so none is
//! written.

use jj_lib::backend::TreeValue;
use jj_lib::merge::Merge;
use jj_lib::merged_tree_builder::MergedTreeBuilder;
use jj_lib::repo::Repo as _;
use pollster::FutureExt as _;

use super::compare::repo_path;
use super::doing::Doing as _;
use super::error::RepositoryError;
use super::id::KnotId;
use super::transaction::Transaction;
use super::weave::complete;

/// What a path is to be in a stitch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewContent {
    /// A file.
    File {
        /// All of its content.
        content: Vec<u8>,
        /// Whether it can be run.
        executable: bool,
    },
    /// A symbolic link to this.
    Link(String),
    /// Nothing.
    Removed,
}

/// A stitch below the shuttle's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StitchBelow {
    /// What it is about.
    pub description: String,
    /// The paths, with `/`, that differ from the parents, and what they are.
    pub contents: Vec<(String, NewContent)>,
}

impl Transaction<'_> {
    /// Makes a stitch between the shuttle's and its parents, whose files are those of the parents
    /// but for some paths. No file on disk is changed: the shuttle's stitch has the same files as
    /// before, and its changes are what differs from the new stitch.
    ///
    /// What the paths were below can be read by [`read_file`](super::Repository::read_file) with
    /// [`Side::Below`](super::Side::Below).
    ///
    /// # Errors
    ///
    /// [`RepositoryError::NoShuttle`], [`RepositoryError::Immutable`],
    /// [`RepositoryError::Refused`] for what is no path, and what reading and writing can bring.
    pub fn stitch_below(&mut self, below: &StitchBelow) -> Result<KnotId, RepositoryError> {
        let shuttle = self.repository.shuttle_commit()?;
        self.check_mutable([shuttle.id()])?;
        let mut builder = MergedTreeBuilder::new(self.parent_tree(&shuttle)?);
        for (path, content) in &below.contents {
            let value = match content {
                NewContent::File {
                    content,
                    executable,
                } => Merge::normal(self.write_file(path, content, *executable)?),
                NewContent::Link(target) => {
                    let store = self.repo().store();
                    let id = store.write_symlink(&repo_path(path)?, target).block_on();
                    Merge::normal(TreeValue::Symlink(id.doing("write a link")?))
                }
                NewContent::Removed => Merge::absent(),
            };
            builder.set_or_remove(repo_path(path)?, value);
        }
        let tree = builder.write_tree().block_on().doing("write the files")?;
        self.say(|| "new commit below the working copy".to_owned());
        let made = self
            .writer()
            .new_commit(shuttle.parent_ids().to_vec(), tree)
            .set_description(complete(&below.description))
            .write()
            .block_on()
            .doing("write the stitch")?;
        // The tree stays, so that the files do.
        self.writer()
            .rewrite_commit(&shuttle)
            .set_parents(vec![made.id().clone()])
            .write()
            .block_on()
            .doing("write the shuttle's stitch")?;
        self.rebase()?;
        Ok(KnotId(made.id().clone()))
    }
}
