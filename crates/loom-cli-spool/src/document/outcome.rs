//! What commands did, in JSON.

use loom_common_spool::repository as engine;
use schemars::JsonSchema;
use serde::Serialize;

use super::stitch::Stitch;
use crate::workbench::Made;

/// What `wind` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Wound {
    /// The folder.
    pub root: String,
    /// Whether git works in the same folder.
    pub colocated: bool,
    /// The newest operation.
    pub operation_id: String,
}

/// What a command prints that changed something.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outcome {
    /// Whether there was anything to change.
    pub changed: bool,
    /// The newest operation.
    pub operation_id: String,
    /// The stitch that the working copy changes; null when the workspace was forgotten.
    pub shuttle: Option<Stitch>,
    /// Stitches that were made, where the command makes any beside that.
    pub made: Vec<Stitch>,
    /// How the files of the working copy were changed.
    pub files: FilesWritten,
    /// How many stitches moved onto rewritten ones.
    pub rethreaded: usize,
    /// Stitches that are tangled now and were not before.
    pub tangled: Vec<Stitch>,
    /// How many stitches are not tangled any more, or gone.
    pub untangled: usize,
}

/// How the files of the working copy were changed.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FilesWritten {
    /// New files.
    pub added: u32,
    /// Files with new content.
    pub modified: u32,
    /// Files that are gone.
    pub removed: u32,
    /// Files that were left alone, as an ignored file stands in their place.
    pub skipped: u32,
}

impl Outcome {
    /// Puts together what a change brought.
    pub(crate) fn new(
        repository: &engine::Repository,
        finished: &engine::Finished,
        made: &Made,
    ) -> Result<Self, engine::RepositoryError> {
        let shuttle = repository.shuttle();
        let shuttle = shuttle.map(|knot| repository.stitch(&knot)).transpose()?;
        let tangled = repository.stitches(&finished.tangled)?;
        Ok(Self {
            changed: finished.changed,
            operation_id: finished.operation.to_string(),
            shuttle: shuttle.as_ref().map(Stitch::from),
            made: repository
                .stitches(&made.knots)?
                .iter()
                .map(Stitch::from)
                .collect(),
            files: FilesWritten {
                added: finished.files.added,
                modified: finished.files.updated,
                removed: finished.files.removed,
                skipped: finished.files.skipped,
            },
            rethreaded: finished.rethreaded,
            tangled: tangled.iter().map(Stitch::from).collect(),
            untangled: finished.untangled,
        })
    }
}
