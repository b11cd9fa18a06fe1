//! The command line of `loom spool`: what can be asked for, in the words of the tapestry.
//!
//! Every command and every option whose name differs from Jujutsu's has Jujutsu's as an alias, and
//! the groups `git`, `bookmark` and `operation` exist under those names too. What is written here is
//! checked against the real program's words by a test.

mod exchange;
mod look;
mod pin;
mod weave;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

pub use exchange::{
    DrawArguments, GitCommand, RemoteCommand, ShuttleArguments, WindArguments, WorkspaceCommand,
};
pub use look::{
    CompareArguments, DiffArguments, OperationLogArguments, OperationRestoreArguments,
    OperationShowArguments, ShowArguments, TensionArguments, TensionLogArguments,
    TensionLogCommand, TraceArguments,
};
pub use pin::{
    PinCommand, PinCreateArguments, PinDeleteArguments, PinForgetArguments, PinListArguments,
    PinMoveArguments, PinRenameArguments, PinSetArguments, PinTrackArguments,
};
pub use weave::{
    DuplicateArguments, EditArguments, KnotArguments, MarkArguments, MendArguments, PlaceArguments,
    PlyArguments, RethreadArguments, RevisionsArguments, SnipArguments, StitchArguments,
    UnravelArguments, UntangleArguments,
};

/// What `loom spool` takes.
#[derive(Clone, Debug, Args)]
#[command(
    args_conflicts_with_subcommands = false,
    after_help = "Words: stitch = change, knot = commit, pin = bookmark, tangle = conflict, tension log = \
                  operation log. Every command and option also goes by its name in jj.\n\n\
                  Examples:\n  \
                  loom spool wind                      start in this folder, beside git if there is one\n  \
                  loom spool knot -m \"Add a parser\"    finish the stitch and begin the next\n  \
                  loom spool trace -r 'mine()'         your stitches\n  \
                  loom spool unpick                    take the last operation back"
)]
pub struct SpoolArguments {
    /// Options of all commands.
    #[command(flatten)]
    pub global: GlobalArguments,
    /// What to do; `trace` when nothing is said.
    #[command(subcommand)]
    pub command: Option<SpoolCommand>,
}

/// Options of all commands.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Repository and output")]
pub struct GlobalArguments {
    /// The repository; by default the one that the current folder is in.
    #[arg(short = 'R', long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub repository: Option<PathBuf>,
    /// Look at the repository as it was after this operation.
    #[arg(long, alias = "at-op", global = true, value_name = "OPERATION")]
    pub at_operation: Option<String>,
    /// Neither record what changed in the working copy nor update it.
    #[arg(long, global = true)]
    pub ignore_working_copy: bool,
    /// Allow stitches to be rewritten that others may have built upon.
    #[arg(long, global = true)]
    pub ignore_immutable: bool,
    /// Print JSON: one document, or for lists one document a line (see `loom spool schema`).
    #[arg(long, global = true)]
    pub json: bool,
    /// When to use colours.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
    /// Print only what was asked for, and errors.
    #[arg(long, global = true)]
    pub quiet: bool,
    /// Taken for Jujutsu's sake: there never is a pager.
    #[arg(long, global = true, hide = true)]
    pub no_pager: bool,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Also into files and pipes.
    Always,
    /// Not at all.
    Never,
}

/// What `loom spool` does.
#[derive(Clone, Debug, Subcommand)]
pub enum SpoolCommand {
    /// Start a repository in a folder, beside git if there is one (jj: git init).
    #[command(visible_alias = "init")]
    Wind(WindArguments),
    /// Begin a new stitch, on the current one or on others.
    #[command(visible_alias = "new")]
    Stitch(StitchArguments),
    /// Describe the current stitch and begin the next one on it.
    #[command(visible_aliases = ["commit"], alias = "ci")]
    Knot(KnotArguments),
    /// Say what a stitch is about.
    #[command(visible_aliases = ["describe"], alias = "desc")]
    Mark(MarkArguments),
    /// Show the history.
    #[command(visible_alias = "log")]
    Trace(TraceArguments),
    /// Show what changed, in a stitch or between two.
    #[command(visible_alias = "diff")]
    Compare(CompareArguments),
    /// Show what changed in the working copy, and what needs attention.
    #[command(visible_aliases = ["status"], alias = "st")]
    Tension(TensionArguments),
    /// Move stitches onto others.
    #[command(visible_alias = "rebase")]
    Rethread(RethreadArguments),
    /// Move changes from a stitch into another.
    #[command(visible_alias = "squash")]
    Ply(PlyArguments),
    /// Split a stitch in two.
    #[command(visible_alias = "split")]
    Unravel(UnravelArguments),
    /// Drop stitches; what was on them moves onto their parents.
    #[command(visible_alias = "abandon")]
    Snip(SnipArguments),
    /// Take the content of files from another stitch.
    #[command(visible_alias = "restore")]
    Mend(MendArguments),
    /// Create, move and list pins, the names that become branches in git.
    #[command(subcommand, visible_aliases = ["bookmark"], alias = "b")]
    Pin(PinCommand),
    /// Send pins to a remote (jj: git push).
    #[command(visible_alias = "push")]
    Shuttle(ShuttleArguments),
    /// Get pins and stitches from remotes (jj: git fetch).
    #[command(visible_alias = "fetch")]
    Draw(DrawArguments),
    /// Show what was done to the repository (jj: op log).
    #[command(visible_aliases = ["operation", "op"])]
    TensionLog(TensionLogArguments),
    /// Take the last operation back.
    #[command(visible_alias = "undo")]
    Unpick,
    /// Do again what was taken back last.
    Redo,
    /// List tangles, and settle them.
    #[command(visible_alias = "resolve")]
    Untangle(UntangleArguments),
    /// Show a stitch: who, when, why and what changed.
    Show(ShowArguments),
    /// Make a stitch the one that the working copy changes.
    Edit(EditArguments),
    /// Make copies of stitches.
    Duplicate(DuplicateArguments),
    /// Add, list, rename and remove remotes (jj: git remote).
    #[command(subcommand)]
    Remote(RemoteCommand),
    /// Bring the files of a folder up to date.
    #[command(subcommand)]
    Workspace(WorkspaceCommand),
    /// Start, exchange and name remotes, under Jujutsu's names.
    #[command(subcommand)]
    Git(GitCommand),
    /// Print the JSON schema of what `--json` prints.
    Schema,
}

#[cfg(test)]
mod tests;
