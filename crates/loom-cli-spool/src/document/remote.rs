//! Exchange with remotes in JSON.

use loom_common_spool::repository as engine;
use schemars::JsonSchema;
use serde::Serialize;

use super::operation::PinChange;
use super::outcome::Outcome;
use crate::workbench::Made;

/// A remote. `remote list` prints one a line.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Remote {
    /// Its name.
    pub name: String,
    /// Where it is drawn from.
    pub url: Option<String>,
    /// Where it is shuttled to, when that is elsewhere.
    pub push_url: Option<String>,
}

impl From<&engine::Remote> for Remote {
    fn from(remote: &engine::Remote) -> Self {
        Self {
            name: remote.name.clone(),
            url: remote.url.clone(),
            push_url: remote.push_url.clone(),
        }
    }
}

/// What `shuttle` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Pushed {
    /// The remote.
    pub remote: String,
    /// The moves that were tried, or with `--dry-run` would be.
    pub updates: Vec<PushUpdate>,
    /// Pins that were left alone.
    pub left_alone: Vec<NotPushed>,
    /// Pins that others moved on the remote meanwhile.
    pub moved_there: Vec<NotPushed>,
    /// Pins that the remote refused.
    pub refused_there: Vec<NotPushed>,
}

/// A move of a pin on a remote.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PushUpdate {
    /// The pin.
    pub name: String,
    /// The knot that it was on; null when it is new there.
    pub before: Option<String>,
    /// The knot that it goes to; null when it is deleted.
    pub after: Option<String>,
}

/// A pin that was not sent.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NotPushed {
    /// The pin.
    pub name: String,
    /// Why, as far as it is known.
    pub reason: String,
}

impl From<&engine::Pushed> for Pushed {
    fn from(pushed: &engine::Pushed) -> Self {
        let not_pushed = |of: &[(String, String)]| {
            of.iter()
                .map(|(name, reason)| NotPushed {
                    name: name.clone(),
                    reason: reason.clone(),
                })
                .collect()
        };
        Self {
            remote: pushed.remote.clone(),
            updates: pushed
                .updates
                .iter()
                .map(|update| PushUpdate {
                    name: update.name.clone(),
                    before: update.before.as_ref().map(ToString::to_string),
                    after: update.after.as_ref().map(ToString::to_string),
                })
                .collect(),
            left_alone: not_pushed(&pushed.left_alone),
            moved_there: not_pushed(&pushed.moved_there),
            refused_there: not_pushed(&pushed.refused_there),
        }
    }
}

/// What `draw` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Drawn {
    /// What it did here.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The remotes.
    pub remotes: Vec<String>,
    /// Pins of remotes that are elsewhere, as `name@remote`.
    pub pins: Vec<PinChange>,
    /// Tags of remotes that are elsewhere.
    pub tags: Vec<PinChange>,
    /// How many stitches are gone, as the remotes do not have them any more.
    pub snipped: usize,
}

impl Drawn {
    pub(crate) fn new(
        repository: &engine::Repository,
        finished: &engine::Finished,
        drawn: &engine::Drawn,
    ) -> Result<Self, engine::RepositoryError> {
        let changes = |of: &[(String, engine::PinTarget, engine::PinTarget)]| {
            of.iter().map(PinChange::from).collect()
        };
        Ok(Self {
            outcome: Outcome::new(repository, finished, &Made::default())?,
            remotes: drawn.remotes.clone(),
            pins: changes(&drawn.pins),
            tags: changes(&drawn.tags),
            snipped: drawn.snipped.len(),
        })
    }
}
