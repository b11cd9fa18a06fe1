//! Arguments of the commands that start a repository and exchange with others.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

/// Where to start a repository.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Beside git, both programs see the same history, and so does jj. Without, git's own files are hidden \
                  in .jj.\n\nExamples:\n  \
                  loom spool wind\n  \
                  loom spool wind --no-colocate notes"
)]
pub struct WindArguments {
    /// The folder, which is made if it is not there.
    #[arg(default_value = ".", value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub destination: PathBuf,
    /// Beside git: with a .git folder that git and its tools work with (the default).
    #[arg(long, conflicts_with = "no_colocate")]
    pub colocate: bool,
    /// Without a .git folder.
    #[arg(long)]
    pub no_colocate: bool,
}

/// What to send where.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Without a selection: the followed pins of the stitches between the remote's and the current one.\n\n\
                  Examples:\n  \
                  loom spool shuttle --pin main\n  \
                  loom spool shuttle --stitch @-       under a pin named after the stitch\n  \
                  loom spool shuttle --all --dry-run"
)]
pub struct ShuttleArguments {
    /// The remote; by default `origin` or the only one.
    #[arg(long, value_name = "REMOTE")]
    pub remote: Option<String>,
    /// Send these pins; patterns such as `glob:topic/*` are understood.
    #[arg(
        short = 'b',
        long = "pin",
        visible_alias = "bookmark",
        alias = "branch",
        value_name = "NAME"
    )]
    pub pins: Vec<String>,
    /// Send all pins.
    #[arg(long, conflicts_with_all = ["pins", "tracked", "deleted"])]
    pub all: bool,
    /// Send all pins that follow the remote.
    #[arg(long, conflicts_with_all = ["pins", "deleted"])]
    pub tracked: bool,
    /// Delete at the remote what was deleted here.
    #[arg(long, conflicts_with = "pins")]
    pub deleted: bool,
    /// Send the pins on these stitches.
    #[arg(
        short = 'r',
        long = "revision",
        alias = "revisions",
        value_name = "REVSET"
    )]
    pub revisions: Vec<String>,
    /// Send these stitches, under pins named after them.
    #[arg(
        short = 'c',
        long = "stitch",
        visible_alias = "change",
        value_name = "REVSET"
    )]
    pub stitches: Vec<String>,
    /// Allow stitches without a description.
    #[arg(long)]
    pub allow_empty_description: bool,
    /// Allow stitches with tangles.
    #[arg(long, visible_alias = "allow-conflicts")]
    pub allow_tangles: bool,
    /// Allow stitches that the setting `git.private-commits` names.
    #[arg(long)]
    pub allow_private: bool,
    /// Only say what would be sent.
    #[arg(long)]
    pub dry_run: bool,
}

/// What to get from where.
#[derive(Clone, Debug, Args)]
pub struct DrawArguments {
    /// Get only these pins; patterns such as `glob:topic/*` are understood.
    #[arg(short = 'b', long = "pin", visible_aliases = ["bookmark", "branch"], value_name = "NAME")]
    pub pins: Vec<String>,
    /// The remotes; by default `origin` or the only one.
    #[arg(long = "remote", value_name = "REMOTE")]
    pub remotes: Vec<String>,
    /// From all remotes.
    #[arg(long, conflicts_with = "remotes")]
    pub all_remotes: bool,
}

/// Exchange with git under Jujutsu's names.
#[derive(Clone, Debug, Subcommand)]
pub enum GitCommand {
    /// The same as `loom spool wind`.
    Init(WindArguments),
    /// The same as `loom spool shuttle`.
    Push(ShuttleArguments),
    /// The same as `loom spool draw`.
    Fetch(DrawArguments),
    /// Add, list, rename and remove remotes.
    #[command(subcommand)]
    Remote(RemoteCommand),
}

/// What to do with remotes.
#[derive(Clone, Debug, Subcommand)]
pub enum RemoteCommand {
    /// Add a remote.
    Add {
        /// Its name.
        name: String,
        /// Its address.
        #[arg(value_hint = ValueHint::Url)]
        url: String,
    },
    /// List the remotes.
    List,
    /// Remove a remote, and forget its pins.
    Remove {
        /// Its name.
        name: String,
    },
    /// Give a remote another name.
    Rename {
        /// The name it has.
        old: String,
        /// The name it gets.
        new: String,
    },
}

/// What to do with the folders that show a repository.
#[derive(Clone, Debug, Subcommand)]
pub enum WorkspaceCommand {
    /// Bring the files up to date, when a repository was changed from another folder.
    UpdateStale,
}
