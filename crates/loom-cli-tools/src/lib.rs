//! The tools that an agent works with: files, search, shell.

mod arguments;
mod bash;
mod blocking;
mod content;
mod edit;
mod edit_file;
mod error;
mod glob;
mod grep;
mod list_files;
mod missing;
mod read_file;
mod registry;
mod replace_file;
mod seen;
mod tool;
mod walk;
mod workspace;

pub use bash::BashTool;
pub use edit_file::EditFileTool;
pub use glob::GlobTool;
pub use grep::GrepTool;
pub use list_files::ListFilesTool;
pub use read_file::ReadFileTool;
pub use registry::{ToolLimits, ToolRegistry};
pub use tool::Tool;
