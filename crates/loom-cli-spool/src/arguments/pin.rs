//! Arguments of `loom spool pin`.

use clap::{Args, Subcommand};

/// What to do with pins.
#[derive(Clone, Debug, Subcommand)]
pub enum PinCommand {
    /// Create pins.
    #[command(alias = "c")]
    Create(PinCreateArguments),
    /// Create pins, or move those that exist.
    #[command(alias = "s")]
    Set(PinSetArguments),
    /// Move pins.
    #[command(alias = "m")]
    Move(PinMoveArguments),
    /// Delete pins here, and at the next push at the remote too.
    #[command(alias = "d")]
    Delete(PinDeleteArguments),
    /// Give a pin another name.
    #[command(alias = "r")]
    Rename(PinRenameArguments),
    /// Forget pins without deleting them at the remote.
    #[command(alias = "f")]
    Forget(PinForgetArguments),
    /// Follow pins of a remote: what it does to them happens here too.
    #[command(alias = "t")]
    Track(PinTrackArguments),
    /// No longer follow pins of a remote.
    Untrack(PinTrackArguments),
    /// List pins and what they are on.
    #[command(alias = "l")]
    List(PinListArguments),
}

/// Which pins to create, and on what.
#[derive(Clone, Debug, Args)]
pub struct PinCreateArguments {
    /// The names.
    #[arg(required = true, value_name = "NAME")]
    pub names: Vec<String>,
    /// The stitch that they are put on.
    #[arg(
        short,
        long,
        visible_alias = "to",
        default_value = "@",
        value_name = "REVSET"
    )]
    pub revision: String,
}

/// Which pins to set, and on what.
#[derive(Clone, Debug, Args)]
pub struct PinSetArguments {
    /// The names.
    #[arg(required = true, value_name = "NAME")]
    pub names: Vec<String>,
    /// The stitch that they are put on.
    #[arg(
        short,
        long,
        visible_alias = "to",
        default_value = "@",
        value_name = "REVSET"
    )]
    pub revision: String,
    /// Also back, or to the side.
    #[arg(short = 'B', long)]
    pub allow_backwards: bool,
}

/// Which pins to move, and where to.
#[derive(Clone, Debug, Args)]
pub struct PinMoveArguments {
    /// The names; patterns such as `glob:topic/*` are understood.
    #[arg(value_name = "NAME", required_unless_present = "from")]
    pub names: Vec<String>,
    /// Move the pins that are on these stitches.
    #[arg(short, long, value_name = "REVSET")]
    pub from: Vec<String>,
    /// The stitch that they are put on.
    #[arg(short, long, default_value = "@", value_name = "REVSET")]
    pub to: String,
    /// Also back, or to the side.
    #[arg(short = 'B', long)]
    pub allow_backwards: bool,
}

/// Which pins to delete.
#[derive(Clone, Debug, Args)]
pub struct PinDeleteArguments {
    /// The names; patterns such as `glob:topic/*` are understood.
    #[arg(required = true, value_name = "NAME")]
    pub names: Vec<String>,
}

/// Which pin to rename.
#[derive(Clone, Debug, Args)]
pub struct PinRenameArguments {
    /// The name it has.
    pub old: String,
    /// The name it gets.
    pub new: String,
}

/// Which pins to forget.
#[derive(Clone, Debug, Args)]
pub struct PinForgetArguments {
    /// The names; patterns such as `glob:topic/*` are understood.
    #[arg(required = true, value_name = "NAME")]
    pub names: Vec<String>,
    /// Forget what remotes are known to have, too.
    #[arg(long)]
    pub include_remotes: bool,
}

/// Which pins of remotes to follow or not.
#[derive(Clone, Debug, Args)]
pub struct PinTrackArguments {
    /// The names, alone or with the remote.
    #[arg(required = true, value_name = "NAME[@REMOTE]")]
    pub names: Vec<String>,
    /// The remotes; all that have the pin when none is named.
    #[arg(long = "remote", value_name = "REMOTE")]
    pub remotes: Vec<String>,
}

/// Which pins to list.
#[derive(Clone, Debug, Default, Args)]
pub struct PinListArguments {
    /// Only these names; patterns such as `glob:topic/*` are understood.
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Also what each remote has.
    #[arg(short, long, alias = "all")]
    pub all_remotes: bool,
    /// Only those that follow a remote.
    #[arg(short, long, conflicts_with = "all_remotes")]
    pub tracked: bool,
    /// Only those that are on several stitches at once.
    #[arg(short = 'c', long, visible_alias = "conflicted")]
    pub tangled: bool,
    /// Only those on these stitches.
    #[arg(
        short = 'r',
        long = "revision",
        alias = "revisions",
        value_name = "REVSET"
    )]
    pub revisions: Vec<String>,
}
