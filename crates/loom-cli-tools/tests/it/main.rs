//! The tools, called as the agent calls them: through the registry, in a workspace on disk.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, also in what it shares with others"
)]

mod bash;
mod edit_file;
mod glob;
mod grep;
mod list_files;
mod paths;
mod read_file;
mod registry;
mod scratch;
