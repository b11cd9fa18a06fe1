//! What changed, and what is tangled, in JSON.

use loom_common_spool::repository as engine;
use schemars::JsonSchema;
use serde::Serialize;

use super::stitch::Stitch;

/// A file that differs. `compare` prints one a line.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FileChange {
    /// The path from the top of the repository, with `/`.
    pub path: String,
    /// Where it was before, or what it is a copy of, where that is another path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What became of it.
    pub status: ChangeStatus,
    /// What it was.
    pub before: EntryKind,
    /// What it is.
    pub after: EntryKind,
    /// How many lines are new; null for what has no lines, absent where nobody asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<LineCounts>,
}

/// How many lines of a file differ.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LineCounts {
    /// Lines that are new.
    pub added: usize,
    /// Lines that are gone.
    pub removed: usize,
}

/// What became of a file.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
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

/// What a path is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// Nothing.
    Absent,
    /// A file.
    File,
    /// A file that can be run.
    Executable,
    /// A symbolic link.
    Link,
    /// A repository of git inside.
    Submodule,
    /// A tangle.
    Tangle,
}

impl From<engine::EntryKind> for EntryKind {
    fn from(kind: engine::EntryKind) -> Self {
        match kind {
            engine::EntryKind::Absent => Self::Absent,
            engine::EntryKind::File { executable: false } => Self::File,
            engine::EntryKind::File { executable: true } => Self::Executable,
            engine::EntryKind::Link => Self::Link,
            engine::EntryKind::Submodule => Self::Submodule,
            engine::EntryKind::Tangle { .. } => Self::Tangle,
        }
    }
}

impl From<&engine::ChangedFile> for FileChange {
    fn from(file: &engine::ChangedFile) -> Self {
        Self {
            path: file.path.clone(),
            source: (file.source != file.path).then(|| file.source.clone()),
            status: match file.status {
                engine::ChangeStatus::Added => ChangeStatus::Added,
                engine::ChangeStatus::Modified => ChangeStatus::Modified,
                engine::ChangeStatus::Removed => ChangeStatus::Removed,
                engine::ChangeStatus::Renamed => ChangeStatus::Renamed,
                engine::ChangeStatus::Copied => ChangeStatus::Copied,
            },
            before: file.before.into(),
            after: file.after.into(),
            lines: None,
        }
    }
}

impl FileChange {
    /// Reads the file, and counts its lines.
    pub(crate) fn with_lines(
        comparison: &engine::Comparison<'_>,
        file: &engine::ChangedFile,
    ) -> Result<Self, engine::RepositoryError> {
        let (before, after) = comparison.contents(file)?;
        let lines = (!before.binary && !after.binary).then(|| {
            let whitespace = engine::Whitespace::Counts;
            let stats = engine::line_stats(&before.bytes, &after.bytes, whitespace);
            LineCounts {
                added: stats.added,
                removed: stats.removed,
            }
        });
        Ok(Self {
            lines,
            ..Self::from(file)
        })
    }
}

/// What `show` prints for each stitch.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StitchInFull {
    /// The stitch.
    #[serde(flatten)]
    pub stitch: Stitch,
    /// The files that it changes.
    pub files: Vec<FileChange>,
}

/// What `tension` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Tension {
    /// The stitch that the working copy changes; null when the workspace was forgotten.
    pub shuttle: Option<Stitch>,
    /// What it is on.
    pub parents: Vec<Stitch>,
    /// The files that differ from the parents.
    pub changes: Vec<FileChange>,
    /// The files that are tangled.
    pub tangles: Vec<Tangle>,
    /// The tangled stitches below that may be rewritten, where there are tangles.
    pub tangled_below: Vec<Stitch>,
    /// Whether a parent is tangled and the working copy is not.
    pub untangled: bool,
    /// Pins that are in several places.
    pub tangled_pins: Vec<String>,
    /// Pins of remotes that are in several places, as `name@remote`.
    pub tangled_remote_pins: Vec<String>,
}

impl Tension {
    pub(crate) fn new(tension: &engine::Tension, below: &[engine::Stitch]) -> Self {
        Self {
            shuttle: tension.shuttle.as_ref().map(Stitch::from),
            parents: tension.parents.iter().map(Stitch::from).collect(),
            changes: tension.changes.iter().map(FileChange::from).collect(),
            tangles: tension.tangles.iter().map(Tangle::from).collect(),
            tangled_below: below.iter().map(Stitch::from).collect(),
            untangled: tension.untangled,
            tangled_pins: tension.tangled_pins.clone(),
            tangled_remote_pins: tension.tangled_remote_pins.clone(),
        }
    }
}

/// A tangled file. `untangle --list` prints one a line.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Tangle {
    /// The path from the top of the repository, with `/`.
    pub path: String,
    /// How many sides there are.
    pub sides: usize,
    /// How many of them have deleted it.
    pub deletions: usize,
    /// Whether there is more to it than text: links, folders, files that can be run.
    pub difficult: bool,
}

impl From<&engine::Tangle> for Tangle {
    fn from(tangle: &engine::Tangle) -> Self {
        Self {
            path: tangle.path.clone(),
            sides: tangle.sides,
            deletions: tangle.deletions,
            difficult: tangle.difficult,
        }
    }
}
