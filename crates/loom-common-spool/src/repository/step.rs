//! A step that somebody took from one version of a file to another, taken below the shuttle.
//!
//! In a file that two people edited, the step is the difference between the file without the work of
//! one of them and with it. What lies below the shuttle may be a third version, so the step is merged
//! into it, by lines.

use jj_lib::files::{FileMergeHunkLevel, try_merge};
use jj_lib::merge::{Merge, SameChange};
use jj_lib::tree_merge::MergeOptions;
use pollster::FutureExt as _;

use super::Repository;
use super::below::NewContent;
use super::compare::{Content, Side, repo_path};
use super::doing::Doing as _;
use super::error::RepositoryError;
use super::id::KnotId;

/// A step of a file: what it would be without somebody's work, and what it is with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileStep {
    /// The path in the repository, with `/`.
    pub path: String,
    /// The file without the work.
    pub without: NewContent,
    /// The file with the work.
    pub with: NewContent,
}

/// What a step comes to below the shuttle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepBelow {
    /// To this.
    To(NewContent),
    /// To nothing new: it was taken before.
    Taken,
    /// It cannot be told apart from other changes of the shuttle, for this reason.
    Inseparable(&'static str),
}

impl Repository {
    /// Finds what a step comes to in the stitch below the one in the shuttle.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::NoShuttle`], [`RepositoryError::Refused`] for what is no path, and
    /// [`RepositoryError::Damaged`].
    pub fn step_below(&self, step: &FileStep) -> Result<StepBelow, RepositoryError> {
        let shuttle = self.shuttle_commit()?;
        let below = shuttle.parent_tree(self.repo.as_ref()).block_on();
        let below = below.doing("read the files below the shuttle")?;
        let path = repo_path(&step.path)?;
        for tree in [shuttle.tree(), below] {
            let value = tree.path_value(&path).block_on().doing("read a file")?;
            if !value.is_resolved() {
                return Ok(StepBelow::Inseparable("it is tangled"));
            }
        }
        let shuttle = KnotId(shuttle.id().clone());
        let read = |side| self.read_file(&side, &step.path).map(entry);
        let here = read(Side::Of(shuttle.clone()))?;
        let below = read(Side::Below(shuttle))?;
        let (Some(here), Some(below)) = (here, below) else {
            return Ok(StepBelow::Inseparable("it is no plain file in the history"));
        };
        if step.with != NewContent::Removed && here == NewContent::Removed {
            return Ok(StepBelow::Inseparable(
                "it is ignored, too large, or gone again",
            ));
        }
        if below == step.with {
            return Ok(StepBelow::Taken);
        }
        if below == step.without {
            return Ok(StepBelow::To(step.with.clone()));
        }
        let merged = merged(&step.without, &below, &step.with);
        Ok(match merged {
            Some(content) if content == below => StepBelow::Taken,
            Some(content) => StepBelow::To(content),
            None => StepBelow::Inseparable("others changed the same lines"),
        })
    }
}

/// Takes the step from `without` to `with` in a third version of a file.
fn merged(without: &NewContent, below: &NewContent, with: &NewContent) -> Option<NewContent> {
    let parts = [without, below, with].map(|content| match content {
        NewContent::File {
            content,
            executable,
        } => Some((content.as_slice(), *executable)),
        NewContent::Link(_) | NewContent::Removed => None,
    });
    let [Some(without), Some(below), Some(with)] = parts else {
        return None;
    };
    let options = MergeOptions {
        hunk_level: FileMergeHunkLevel::Line,
        same_change: SameChange::Accept,
    };
    let contents = Merge::from_removes_adds([without.0], [below.0, with.0]);
    let executable = if below.1 == without.1 {
        with.1
    } else {
        below.1
    };
    try_merge(&contents, &options).map(|content| NewContent::File {
        content: content.into(),
        executable,
    })
}

/// Reads an entry of a tree; `None` for what is no file, link or nothing.
fn entry(content: Content) -> Option<NewContent> {
    Some(match content.mode {
        None => NewContent::Removed,
        Some("120000") => NewContent::Link(String::from_utf8(content.bytes).ok()?),
        Some("100644") => NewContent::File {
            content: content.bytes,
            executable: false,
        },
        Some("100755") => NewContent::File {
            content: content.bytes,
            executable: true,
        },
        Some(_) => return None,
    })
}
