//! What a build reports about itself.

mod build_info;
#[path = "../../build/commit.rs"]
mod commit;
mod commit_of_build;
