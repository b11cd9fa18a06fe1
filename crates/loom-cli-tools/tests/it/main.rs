//! The tools, called as the agent calls them: through the registry, in a workspace on disk.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, also in what it shares with others"
)]

mod apply_patch;
mod background;
mod bash;
mod edit_file;
mod edit_notebook;
mod glob;
mod grep;
mod list_files;
mod marked;
mod outputs;
mod paths;
mod permitted;
mod read_file;
mod registry;
mod scratch;
mod view_image;
mod write_file;
