//! The tools that an agent works with: files, search, shell.

mod arguments;
mod bash;
mod blocking;
mod content;
mod edit;
mod edit_file;
mod error;
mod missing;
mod read_file;
mod registry;
mod replace_file;
mod seen;
mod tool;
mod workspace;

pub use bash::BashTool;
pub use edit_file::EditFileTool;
pub use read_file::ReadFileTool;
pub use registry::{ToolLimits, ToolRegistry};
pub use tool::Tool;
