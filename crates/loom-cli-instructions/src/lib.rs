//! What people write down for the agent: instruction files, commands of their own, skills, mentions.
//!
//! # Types
//!
//! - [`Instructions`]: the `AGENTS.md` and `CLAUDE.md` files that hold for a workspace, as one text
//!   for the prompt, and those of sub-folders once the agent works there.
//! - [`Commands`]: slash commands from Markdown files. [`Command::expand`] makes [`Segment`]s of one
//!   and its arguments: text, and lines for the shell that the caller runs.
//! - [`Agents`]: subagents that people defined, from Markdown files.
//! - [`Skills`]: a list of what the agent can read up on, for the prompt.
//! - [`mentioned`] and [`attach`]: what a prompt mentions as `@path`, as content blocks.
//! - [`INIT_PROMPT`]: asks the agent to write an `AGENTS.md`.
//!
//! All of it reads small files at once and never writes. What goes wrong is an
//! [`InstructionError`] in a list for the person, and a note in the text where the model should
//! know; nothing here stops a session.
//!
//! # Which instruction files
//!
//! In this order, so that the nearest comes last and wins:
//!
//! 1. `AGENTS.md` in Loom's configuration folder, the person's own;
//! 2. when the workspace lies below the home folder: those of the folders from there down to the
//!    project, which are the person's own too;
//! 3. those of the project, from its root (the nearest folder with `.git`, `.jj` or `.hg`, else the
//!    workspace itself) down to the workspace;
//! 4. later, once: those of folders below the workspace, when the agent touches a file in there.
//!    Folders that git ignores are left out, as what was installed there was not written for us.
//!
//! In each folder it is `AGENTS.md`, or `CLAUDE.md` where there is none. Others read all folders up
//! to the root of the file system, which on a shared machine are not the person's, or the one
//! nearest file alone, which loses what holds for the whole repository.
//!
//! A line can import a file with `@path`, relative to the file that it stands in; not within code.
//! Imports follow the file that they stand in, each file once, up to [`MAX_IMPORT_DEPTH`] deep.
//! **What comes with a project stays inside of it**: its instruction files, imports and commands
//! that lead out, by `..`, by `~` or through a symbolic link, are refused. So a cloned repository
//! cannot have a private file sent to a model.
//!
//! # Bounds
//!
//! An instruction file is cut after [`MAX_FILE_BYTES`] (about 10,000 tokens), and all together after
//! [`MAX_TOTAL_BYTES`]: what is far gives way to what is near. What was cut is said in its place.
//! The text depends on the files alone, so that it is the same in each request and providers can
//! cache it; it is read once at the start of a session.

mod agents;
mod at_path;
mod commands;
mod error;
mod front_matter;
mod instructions;
mod mentions;
mod project;
mod skills;
mod template;
mod text_file;

pub use agents::{AgentDefinition, AgentSetup, Agents};
pub use commands::{Command, CommandSetup, Commands};
pub use error::InstructionError;
pub use instructions::{
    InstructionSetup, Instructions, MAX_IMPORT_DEPTH, MAX_TOTAL_BYTES, NestedInstructions,
};
pub use mentions::{Attachments, MentionSetup, attach, mentioned};
pub use skills::{Skill, Skills};
pub use template::Segment;
pub use text_file::MAX_FILE_BYTES;

/// Asks the agent to write an `AGENTS.md` for the workspace, or to bring the one that is there up
/// to date: what `/init` sends.
pub const INIT_PROMPT: &str = include_str!("init.md");

use std::path::PathBuf;

/// Whose files a folder holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The person's own.
    User,
    /// Those of the workspace, which may come from anybody.
    Project,
}

/// A folder of commands or skills, which need not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Where it is: absolute.
    pub path: PathBuf,
    /// Whose files it holds.
    pub scope: Scope,
}
