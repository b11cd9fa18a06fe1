//! Repositories as their callers see them, with the git that is installed.

mod failures;
mod pinning;
mod properties;
mod reading;
mod remotes;
mod rewriting;
mod scene;
mod sharing;
mod unpicking;
mod winding;
