//! Arguments of the commands that make and rewrite stitches.

use clap::{Args, ValueHint};

/// Puts what was said without and with an option together.
pub(super) fn both(one: &[String], other: &[String]) -> Vec<String> {
    one.iter().chain(other).cloned().collect()
}

/// Which stitches, as arguments or, as some are used to, with `-r`.
#[derive(Clone, Debug, Args)]
pub struct RevisionsArguments {
    /// The stitches (a revset); the current one when none is named.
    #[arg(value_name = "REVSET")]
    revisions: Vec<String>,
    /// The same, as an option.
    #[arg(
        short = 'r',
        long = "revision",
        alias = "revisions",
        hide = true,
        value_name = "REVSET"
    )]
    more_revisions: Vec<String>,
}

impl RevisionsArguments {
    /// Returns the stitches that were named.
    pub fn revisions(&self) -> Vec<String> {
        both(&self.revisions, &self.more_revisions)
    }
}

/// Where stitches go.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Where to")]
pub struct PlaceArguments {
    /// Onto these stitches.
    #[arg(
        short = 'o',
        long,
        short_alias = 'd',
        visible_alias = "destination",
        value_name = "REVSET"
    )]
    pub onto: Vec<String>,
    /// Between these stitches and what is on them.
    #[arg(
        short = 'A',
        long,
        visible_alias = "after",
        conflicts_with = "onto",
        value_name = "REVSET"
    )]
    pub insert_after: Vec<String>,
    /// Between these stitches and what they are on.
    #[arg(
        short = 'B',
        long,
        visible_alias = "before",
        conflicts_with = "onto",
        value_name = "REVSET"
    )]
    pub insert_before: Vec<String>,
}

/// What the new stitch is on.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:\n  \
                  loom spool stitch                    on the current one\n  \
                  loom spool stitch main -m \"Try it\"   on main, described\n  \
                  loom spool stitch left right         a merge of both")]
pub struct StitchArguments {
    /// The stitches that the new one is on; the current one when none is named.
    #[arg(value_name = "REVSET", conflicts_with_all = ["insert_after", "insert_before"])]
    revisions: Vec<String>,
    /// The same, as an option.
    #[arg(
        short = 'o',
        long = "onto",
        short_aliases = ['d', 'r'],
        hide = true,
        value_name = "REVSET",
        conflicts_with_all = ["insert_after", "insert_before"]
    )]
    more_revisions: Vec<String>,
    /// What it is about. Several become paragraphs.
    #[arg(short, long, value_name = "TEXT")]
    pub message: Vec<String>,
    /// Leave the working copy where it is.
    #[arg(long)]
    pub no_edit: bool,
    /// Put it between these stitches and what is on them.
    #[arg(short = 'A', long, visible_alias = "after", value_name = "REVSET")]
    pub insert_after: Vec<String>,
    /// Put it between these stitches and what they are on.
    #[arg(short = 'B', long, visible_alias = "before", value_name = "REVSET")]
    pub insert_before: Vec<String>,
}

impl StitchArguments {
    /// Returns the stitches that the new one is on.
    pub fn onto(&self) -> Vec<String> {
        both(&self.revisions, &self.more_revisions)
    }
}

/// What to finish.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:\n  \
                  loom spool knot -m \"Add a parser\"\n  \
                  loom spool knot src -m \"Add a parser\"   leaves the rest in the next stitch")]
pub struct KnotArguments {
    /// Only these files; the rest stays in the next stitch.
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<String>,
    /// What it is about. Several become paragraphs. Without it, an editor opens.
    #[arg(short, long, value_name = "TEXT")]
    pub message: Vec<String>,
    /// Open an editor in any case.
    #[arg(long)]
    pub editor: bool,
}

/// What to describe.
#[derive(Clone, Debug, Args)]
pub struct MarkArguments {
    /// The stitches.
    #[command(flatten)]
    pub stitches: RevisionsArguments,
    /// What it is about. Several become paragraphs. Without it, an editor opens.
    #[arg(short, long, value_name = "TEXT", conflicts_with = "stdin")]
    pub message: Vec<String>,
    /// Read what it is about from standard input.
    #[arg(long)]
    pub stdin: bool,
    /// Open an editor in any case.
    #[arg(long)]
    pub editor: bool,
}

/// What to move, and where to.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:\n  \
                  loom spool rethread -o main          this branch onto main\n  \
                  loom spool rethread -s topic -o main topic and all that is on it\n  \
                  loom spool rethread -r topic -B @    topic alone, before the current one")]
pub struct RethreadArguments {
    /// Move these stitches' whole branch: what they have that the place has not. The default is @.
    #[arg(short, long, value_name = "REVSET", conflicts_with_all = ["source", "revisions"])]
    pub branch: Vec<String>,
    /// Move these stitches and all that is on them.
    #[arg(short, long, value_name = "REVSET", conflicts_with = "revisions")]
    pub source: Vec<String>,
    /// Move these stitches alone.
    #[arg(
        short = 'r',
        long = "revision",
        alias = "revisions",
        value_name = "REVSET"
    )]
    pub revisions: Vec<String>,
    /// Where to.
    #[command(flatten)]
    pub place: PlaceArguments,
    /// Drop stitches that become empty.
    #[arg(long)]
    pub skip_emptied: bool,
}

/// What to move into what.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:\n  \
                  loom spool ply                       the current stitch into its parent\n  \
                  loom spool ply src/a.rs              one file of it\n  \
                  loom spool ply --from @ --into xyz   into any other")]
pub struct PlyArguments {
    /// Move from this stitch into its parent.
    #[arg(short, long, value_name = "REVSET", conflicts_with_all = ["from", "into"])]
    pub revision: Option<String>,
    /// Move from these stitches.
    #[arg(short, long, value_name = "REVSET")]
    pub from: Vec<String>,
    /// Move into this stitch.
    #[arg(short = 't', long, visible_alias = "to", value_name = "REVSET")]
    pub into: Option<String>,
    /// Only these files.
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<String>,
    /// What the result is about. Several become paragraphs.
    #[arg(short, long, value_name = "TEXT")]
    pub message: Vec<String>,
    /// Keep what the receiving stitch is about.
    #[arg(short, long, conflicts_with = "message")]
    pub use_destination_message: bool,
    /// Keep the stitches that became empty.
    #[arg(short, long)]
    pub keep_emptied: bool,
}

/// What to split.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  \
                  loom spool unravel src/parser.rs -m \"Add a parser\"   the rest becomes a stitch on it")]
pub struct UnravelArguments {
    /// The stitch to split.
    #[arg(short, long, default_value = "@", value_name = "REVSET")]
    pub revision: String,
    /// The files of the first stitch; the second gets the rest.
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<String>,
    /// What the first is about. Several become paragraphs. The second keeps its description.
    #[arg(short, long, value_name = "TEXT")]
    pub message: Vec<String>,
    /// Put them side by side instead of one on the other.
    #[arg(short, long)]
    pub parallel: bool,
}

/// What to drop.
#[derive(Clone, Debug, Args)]
pub struct SnipArguments {
    /// The stitches.
    #[command(flatten)]
    pub stitches: RevisionsArguments,
    /// Move the pins of dropped stitches to their parents instead of deleting them.
    #[arg(long, visible_alias = "retain-bookmarks")]
    pub retain_pins: bool,
    /// Keep the content of what was on them, instead of the changes.
    #[arg(long)]
    pub restore_descendants: bool,
}

/// What to take from where.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:\n  \
                  loom spool mend                      drop all changes of the current stitch\n  \
                  loom spool mend src/a.rs             drop those of one file\n  \
                  loom spool mend --from main src/a.rs the file as it is in main")]
pub struct MendArguments {
    /// Only these files.
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<String>,
    /// Take the content from this stitch; by default from the parents.
    #[arg(short, long, value_name = "REVSET")]
    pub from: Option<String>,
    /// Put it into this stitch; by default into the current one.
    #[arg(short = 't', long, visible_alias = "to", value_name = "REVSET")]
    pub into: Option<String>,
    /// Undo what this stitch changed: take its content from its parents.
    #[arg(short, long, value_name = "REVSET", conflicts_with_all = ["from", "into"])]
    pub changes_in: Option<String>,
    /// Keep the content of what is on it, instead of the changes.
    #[arg(long)]
    pub restore_descendants: bool,
}

/// What to settle.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "A tangled file can also be edited: take the marks out, and the tangle is settled.\n\n\
                  Examples:\n  \
                  loom spool untangle --list\n  \
                  loom spool untangle --tool :ours src/a.rs"
)]
pub struct UntangleArguments {
    /// The stitch with the tangles.
    #[arg(short, long, default_value = "@", value_name = "REVSET")]
    pub revision: String,
    /// List the tangles, and change nothing.
    #[arg(short, long)]
    pub list: bool,
    /// Settle by taking a side: `:ours` is the first, `:theirs` the second.
    #[arg(long, value_name = "SIDE", conflicts_with = "list")]
    pub tool: Option<String>,
    /// Only these files.
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<String>,
}

/// Which stitch to go to.
#[derive(Clone, Debug, Args)]
pub struct EditArguments {
    /// The stitch.
    #[arg(value_name = "REVSET", required_unless_present = "more_revision")]
    revision: Option<String>,
    /// The same, as an option.
    #[arg(
        short = 'r',
        long = "revision",
        hide = true,
        value_name = "REVSET",
        conflicts_with = "revision"
    )]
    more_revision: Option<String>,
}

impl EditArguments {
    /// Returns the stitch to go to.
    pub fn revision(&self) -> &str {
        let revision = self.revision.as_deref().or(self.more_revision.as_deref());
        revision.unwrap_or("@")
    }
}

/// What to copy, and where to.
#[derive(Clone, Debug, Args)]
pub struct DuplicateArguments {
    /// The stitches.
    #[command(flatten)]
    pub stitches: RevisionsArguments,
    /// Where to; beside the originals when nothing is said.
    #[command(flatten)]
    pub place: PlaceArguments,
}
