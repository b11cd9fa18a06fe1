//! Undo as a session sees it, on real files.
#![expect(clippy::unwrap_used, reason = "an unexpected error fails the test")]

mod random_work;
mod restoring;
mod scene;
mod trouble;
mod whose_change;
mod work;
