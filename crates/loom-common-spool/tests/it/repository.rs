//! Repositories as their callers see them, with the git that is installed.

mod rewriting;
mod scene;
mod unpicking;
mod winding;
