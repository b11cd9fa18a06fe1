//! Operations in JSON.

use loom_common_spool::repository as engine;
use schemars::JsonSchema;
use serde::Serialize;

use super::pin::PinTarget;
use super::stitch::time;

/// An operation. `tension-log` prints one a line.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Operation {
    /// Its name.
    pub operation_id: String,
    /// What it was done on top of.
    pub parents: Vec<String>,
    /// What was done.
    pub description: String,
    /// The machine.
    pub hostname: String,
    /// The user on that machine.
    pub username: String,
    /// When it began.
    pub start: String,
    /// When it was done.
    pub end: String,
    /// Whether it only recorded what changed in the working copy.
    pub is_snapshot: bool,
    /// The command line, when it is known.
    pub command: Option<String>,
    /// The workspace, when it is known.
    pub workspace: Option<String>,
}

impl From<&engine::Operation> for Operation {
    fn from(operation: &engine::Operation) -> Self {
        Self {
            operation_id: operation.id.to_string(),
            parents: operation.parents.iter().map(ToString::to_string).collect(),
            description: operation.description.clone(),
            hostname: operation.hostname.clone(),
            username: operation.username.clone(),
            start: time(&operation.start),
            end: time(&operation.end),
            is_snapshot: operation.is_snapshot,
            command: operation.command.clone(),
            workspace: operation.workspace.clone(),
        }
    }
}

/// What `tension-log show` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OperationInFull {
    /// The operation.
    #[serde(flatten)]
    pub operation: Operation,
    /// Stitches whose knots are others.
    pub stitches: Vec<StitchChange>,
    /// Pins that are elsewhere.
    pub pins: Vec<PinChange>,
    /// Tags that are elsewhere.
    pub tags: Vec<PinChange>,
    /// Working copies that moved.
    pub shuttles: Vec<ShuttleChange>,
}

/// A stitch whose knots are others.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StitchChange {
    /// The stitch.
    pub stitch_id: String,
    /// The knots that it had and has not any more.
    pub before: Vec<String>,
    /// The knots that it has and had not.
    pub after: Vec<String>,
}

/// A pin or tag that is elsewhere.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PinChange {
    /// Its name.
    pub name: String,
    /// Where it was.
    pub before: PinTarget,
    /// Where it is.
    pub after: PinTarget,
}

/// A working copy that moved.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ShuttleChange {
    /// The workspace.
    pub workspace: String,
    /// The knot that it changed.
    pub before: Option<String>,
    /// The knot that it changes.
    pub after: Option<String>,
}

impl From<&(String, engine::PinTarget, engine::PinTarget)> for PinChange {
    fn from((name, before, after): &(String, engine::PinTarget, engine::PinTarget)) -> Self {
        Self {
            name: name.clone(),
            before: before.into(),
            after: after.into(),
        }
    }
}

impl OperationInFull {
    pub(crate) fn new(operation: &engine::Operation, changes: &engine::OperationChanges) -> Self {
        let text = |knots: &[engine::KnotId]| knots.iter().map(ToString::to_string).collect();
        let pins = |pins: &[(String, engine::PinTarget, engine::PinTarget)]| {
            pins.iter().map(PinChange::from).collect()
        };
        Self {
            operation: operation.into(),
            stitches: changes
                .stitches
                .iter()
                .map(|change| StitchChange {
                    stitch_id: change.id.to_string(),
                    before: text(&change.before),
                    after: text(&change.after),
                })
                .collect(),
            pins: pins(&changes.pins),
            tags: pins(&changes.tags),
            shuttles: changes
                .shuttles
                .iter()
                .map(|(workspace, before, after)| ShuttleChange {
                    workspace: workspace.clone(),
                    before: before.as_ref().map(ToString::to_string),
                    after: after.as_ref().map(ToString::to_string),
                })
                .collect(),
        }
    }
}
