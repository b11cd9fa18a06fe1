//! Arguments of the commands that only look.

use clap::{Args, Subcommand, ValueHint};

/// What to show of the history.
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = "Examples:\n  \
                  loom spool trace -r '::'             everything\n  \
                  loom spool trace -r 'main..@' -p     what is new since main, with its changes\n  \
                  loom spool trace src/parser.rs       what changed one file")]
pub struct TraceArguments {
    /// Show these stitches (a revset); can be given several times.
    #[arg(
        short = 'r',
        long = "revision",
        alias = "revisions",
        value_name = "REVSET"
    )]
    pub revisions: Vec<String>,
    /// Show only stitches that change these files.
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<String>,
    /// Show at most this many.
    #[arg(short = 'n', long, value_name = "COUNT")]
    pub limit: Option<usize>,
    /// Show the oldest first.
    #[arg(long)]
    pub reversed: bool,
    /// Show a list instead of a graph.
    #[arg(short = 'G', long)]
    pub no_graph: bool,
    /// Print how many there are instead.
    #[arg(long, conflicts_with_all = ["reversed", "no_graph", "patch", "DiffArguments"])]
    pub count: bool,
    /// Show what each changed.
    #[arg(short = 'p', long)]
    pub patch: bool,
    /// How to show it.
    #[command(flatten)]
    pub diff: DiffArguments,
}

/// How to show what changed.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "How to show changes")]
pub struct DiffArguments {
    /// Show the files, each with a letter for what happened to it.
    #[arg(short, long)]
    pub summary: bool,
    /// Show how many lines changed in each file.
    #[arg(long)]
    pub stat: bool,
    /// Show the types of the files before and after: - none, F file, L link, C tangle, G submodule.
    #[arg(long)]
    pub types: bool,
    /// Show the names of the files.
    #[arg(long)]
    pub name_only: bool,
    /// Show a patch in git's format.
    #[arg(long)]
    pub git: bool,
    /// Show words that changed by colour (the default).
    #[arg(long)]
    pub color_words: bool,
    /// Show this many lines around each change.
    #[arg(long, value_name = "COUNT")]
    pub context: Option<usize>,
    /// Leave out lines that differ in white space only.
    #[arg(short = 'w', long)]
    pub ignore_all_space: bool,
    /// Leave out lines that differ in the amount of white space only.
    #[arg(short = 'b', long, conflicts_with = "ignore_all_space")]
    pub ignore_space_change: bool,
}

/// What to compare.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:\n  \
                  loom spool compare                   what the current stitch changes\n  \
                  loom spool compare --from main --stat\n  \
                  loom spool compare -r @- --git > change.patch")]
pub struct CompareArguments {
    /// Show what these stitches change together.
    #[arg(
        short = 'r',
        long = "revisions",
        alias = "revision",
        value_name = "REVSET"
    )]
    pub revisions: Vec<String>,
    /// Compare from this stitch.
    #[arg(short, long, conflicts_with = "revisions", value_name = "REVSET")]
    pub from: Option<String>,
    /// Compare to this stitch.
    #[arg(short, long, conflicts_with = "revisions", value_name = "REVSET")]
    pub to: Option<String>,
    /// Only these files.
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<String>,
    /// How to show it.
    #[command(flatten)]
    pub diff: DiffArguments,
}

/// What to show of the working copy.
#[derive(Clone, Debug, Args)]
pub struct TensionArguments {
    /// Only these files.
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<String>,
}

/// Which stitches to show, and how.
#[derive(Clone, Debug, Args)]
pub struct ShowArguments {
    /// The stitches; the current one when none is named.
    #[arg(value_name = "REVSET")]
    revisions: Vec<String>,
    /// The same, as an option.
    #[arg(short = 'r', long = "revision", hide = true, value_name = "REVSET")]
    more_revisions: Vec<String>,
    /// Do not show what changed.
    #[arg(long, conflicts_with = "DiffArguments")]
    pub no_patch: bool,
    /// How to show it.
    #[command(flatten)]
    pub diff: DiffArguments,
}

impl ShowArguments {
    /// Returns the stitches to show.
    pub fn revisions(&self) -> Vec<String> {
        super::weave::both(&self.revisions, &self.more_revisions)
    }
}

/// What to do with the log of operations.
#[derive(Clone, Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  \
                  loom spool tension-log -n 5\n  \
                  loom spool --at-operation @- trace   the history before the last operation\n  \
                  loom spool tension-log restore 3f2a  the repository as it was after 3f2a"
)]
pub struct TensionLogArguments {
    /// What to do; `log` when nothing is said.
    #[command(subcommand)]
    pub command: Option<TensionLogCommand>,
    /// What to list.
    #[command(flatten)]
    pub log: OperationLogArguments,
}

/// What to do with the log of operations.
#[derive(Clone, Debug, Subcommand)]
pub enum TensionLogCommand {
    /// List operations, newest first.
    Log(OperationLogArguments),
    /// Show what an operation changed.
    Show(OperationShowArguments),
    /// Make the repository what it was after an operation.
    Restore(OperationRestoreArguments),
}

/// Which operations to list.
#[derive(Clone, Debug, Default, Args)]
pub struct OperationLogArguments {
    /// List at most this many.
    #[arg(short = 'n', long, value_name = "COUNT")]
    pub limit: Option<usize>,
    /// List the oldest first.
    #[arg(long)]
    pub reversed: bool,
    /// Show a list instead of a graph.
    #[arg(short = 'G', long)]
    pub no_graph: bool,
}

/// Which operation to show.
#[derive(Clone, Debug, Args)]
pub struct OperationShowArguments {
    /// The operation: its id, enough of its beginning, or `@` with as many `-` as steps back.
    #[arg(default_value = "@", value_name = "OPERATION")]
    pub operation: String,
}

/// Which operation to go back to.
#[derive(Clone, Debug, Args)]
pub struct OperationRestoreArguments {
    /// The operation: its id, enough of its beginning, or `@` with as many `-` as steps back.
    #[arg(value_name = "OPERATION")]
    pub operation: String,
}
