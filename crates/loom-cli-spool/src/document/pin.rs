//! Pins in JSON.

use loom_common_spool::repository as engine;
use schemars::JsonSchema;
use serde::Serialize;

/// A pin. `pin list` prints one a line.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Pin {
    /// Its name.
    pub name: String,
    /// Where it is in this repository.
    #[serde(flatten)]
    pub target: PinTarget,
    /// Where remotes have it.
    pub remotes: Vec<RemotePin>,
}

/// Where a remote has a pin.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RemotePin {
    /// The remote.
    pub remote: String,
    /// Where it is there, as far as is known here.
    #[serde(flatten)]
    pub target: PinTarget,
    /// Whether the pin of this repository follows it.
    pub tracked: bool,
}

/// Where a pin is.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PinTarget {
    /// The knots that it is on: none when it is gone, several when it is tangled.
    pub at: Vec<String>,
    /// When it is tangled, the knots that it was moved away from on one side.
    pub was: Vec<String>,
}

impl From<&engine::PinTarget> for PinTarget {
    fn from(target: &engine::PinTarget) -> Self {
        Self {
            at: target.at.iter().map(ToString::to_string).collect(),
            was: target.was.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<&engine::Pin> for Pin {
    fn from(pin: &engine::Pin) -> Self {
        Self {
            name: pin.name.clone(),
            target: (&pin.target).into(),
            remotes: pin
                .remotes
                .iter()
                .map(|remote| RemotePin {
                    remote: remote.remote.clone(),
                    target: (&remote.target).into(),
                    tracked: remote.tracked,
                })
                .collect(),
        }
    }
}
