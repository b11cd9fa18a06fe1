//! Repositories as their callers see them, with the git that is installed.

mod scene;
mod winding;
