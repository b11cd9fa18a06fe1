//! Version, commit and build data of this build.
//!
//! The commit is found when this crate is built, in this order:
//!
//! 1. `LOOM_GIT_SHA` from the environment of the build: for archives and containers without git.
//! 2. In a debug build it is `dev`: a debug build is not tied to a commit, since tying it would link
//!    every program and test anew after each commit.
//! 3. What git says is checked out; `unknown` without git or outside Loom's own repository.
//!
//! Whether the files of that commit were changed is not recorded.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Version of Loom; all its crates share it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Commit of this build, shortened to 12 digits; `dev` in debug builds, `unknown` without git.
pub const COMMIT: &str = env!("LOOM_BUILD_COMMIT");

/// Target triple that this build runs on, such as `x86_64-unknown-linux-gnu`.
pub const TARGET: &str = env!("LOOM_BUILD_TARGET");

/// Kind of build: `debug`, or `release` for every optimised profile.
pub const PROFILE: &str = env!("LOOM_BUILD_PROFILE");

/// What a program reports about its own build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildInfo {
    /// Version of Loom; see [`VERSION`].
    pub version: String,
    /// Commit; see [`COMMIT`].
    pub commit: String,
    /// Target triple; see [`TARGET`].
    pub target: String,
    /// Kind of build; see [`PROFILE`].
    pub profile: String,
}

impl fmt::Display for BuildInfo {
    /// Writes one line: `0.1.0 (0123456789ab x86_64-unknown-linux-gnu)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} {})", self.version, self.commit, self.target)
    }
}

/// Tells what this build is.
pub fn build_info() -> BuildInfo {
    BuildInfo {
        version: VERSION.to_owned(),
        commit: COMMIT.to_owned(),
        target: TARGET.to_owned(),
        profile: PROFILE.to_owned(),
    }
}
