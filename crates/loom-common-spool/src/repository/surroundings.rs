//! What an engine without environment, terminal, home and clock is told about the world.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Zoned;

/// What the program knows and the engine is told: where settings stand, who and when it is.
///
/// One value is for one command: everything that it changes happens at `now`.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The folder that paths in expressions are relative to.
    pub folder: PathBuf,
    /// The person's home folder, for `~/` in settings and for `~/.jjconfig.toml`.
    pub home: Option<PathBuf>,
    /// The folder of the person's settings: `$XDG_CONFIG_HOME` or `~/.config`. Settings are read
    /// from `jj/` in it, as `jj` does, and personal ignore rules from `git/`.
    pub configuration: Option<PathBuf>,
    /// The folder of the machine's settings, `/etc`.
    pub system_configuration: Option<PathBuf>,
    /// The environment's variables: the `JJ_…` that settings can come from.
    pub environment: HashMap<String, String>,
    /// The name of this machine, for the tension log.
    pub hostname: String,
    /// The name of the user on this machine, for the tension log.
    pub username: String,
    /// The time of all that is written, with the person's time zone.
    pub now: Zoned,
    /// What the ids of new stitches are made from; a number that is never used twice.
    pub seed: u64,
    /// The words of the command, the program first, for the tension log.
    pub command: Vec<String>,
    /// How long to wait for other programs that are at work in the repository.
    pub patience: Duration,
    /// Settings of this command alone, as names with dots and TOML values.
    pub settings: Vec<(String, String)>,
}
