//! Stitches in JSON.

use loom_common_spool::repository as engine;
use schemars::JsonSchema;
use serde::Serialize;

/// A stitch, as one knot has it. `trace` prints one a line; others have it in theirs.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Stitch {
    /// The name that stays: jj's change id.
    pub stitch_id: String,
    /// The name of this version: jj's and git's commit id.
    pub knot_id: String,
    /// As many letters of `stitch_id` as tell it from others here.
    pub stitch_prefix: String,
    /// As many letters of `knot_id` as tell it from others here.
    pub knot_prefix: String,
    /// The knots that it is on.
    pub parents: Vec<String>,
    /// What it is about: nothing, or lines that end with a line break.
    pub description: String,
    /// The thread of the agent that made it; absent for a person's stitch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    /// Who made the change.
    pub author: Person,
    /// Who made this version of it.
    pub committer: Person,
    /// The pins on it.
    pub pins: Vec<PinHere>,
    /// The tags on it.
    pub tags: Vec<String>,
    /// The workspaces whose working copy it is.
    pub shuttles: Vec<String>,
    /// Whether it changes no file.
    pub empty: bool,
    /// Whether files in it are tangled.
    pub tangled: bool,
    /// Whether it may not be rewritten.
    pub immutable: bool,
    /// Whether there are several knots of this stitch.
    pub divergent: bool,
    /// Whether this knot was replaced or snipped.
    pub hidden: bool,
}

/// Who did something, and when.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Person {
    /// The name, empty when it was not known.
    pub name: String,
    /// The e-mail address, empty when it was not known.
    pub email: String,
    /// When.
    pub time: String,
}

/// A pin, as seen from a stitch that it is on.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PinHere {
    /// Its name.
    pub name: String,
    /// The remote that has it here; null for the pin of this repository.
    pub remote: Option<String>,
    /// Whether it is in several places at once.
    pub tangled: bool,
    /// Whether this repository and its remotes agree on it.
    pub synced: bool,
}

impl From<&engine::Stitch> for Stitch {
    fn from(stitch: &engine::Stitch) -> Self {
        let (stitch_id, knot_id) = (stitch.id.to_string(), stitch.knot.to_string());
        let beginning = |id: &str, length| id.get(..length).unwrap_or(id).to_owned();
        Self {
            stitch_prefix: beginning(&stitch_id, stitch.id_prefix),
            knot_prefix: beginning(&knot_id, stitch.knot_prefix),
            stitch_id,
            knot_id,
            parents: stitch.parents.iter().map(ToString::to_string).collect(),
            description: stitch.description.clone(),
            thread: engine::ThreadTrailers::read(&stitch.description).map(|read| read.thread),
            author: (&stitch.author).into(),
            committer: (&stitch.committer).into(),
            pins: stitch
                .pins
                .iter()
                .map(|pin| PinHere {
                    name: pin.name.clone(),
                    remote: pin.remote.clone(),
                    tangled: pin.tangled,
                    synced: pin.synced,
                })
                .collect(),
            tags: stitch.tags.clone(),
            shuttles: stitch.shuttles.clone(),
            empty: stitch.empty,
            tangled: stitch.tangled,
            immutable: stitch.immutable,
            divergent: stitch.divergent,
            hidden: stitch.hidden,
        }
    }
}

impl From<&engine::Person> for Person {
    fn from(person: &engine::Person) -> Self {
        Self {
            name: person.name.clone(),
            email: person.email.clone(),
            time: time(&person.time),
        }
    }
}

/// Writes a time in RFC 3339.
pub(super) fn time(time: &jiff::Zoned) -> String {
    time.timestamp()
        .display_with_offset(time.offset())
        .to_string()
}
