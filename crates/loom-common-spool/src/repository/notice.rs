//! What happened beside what was asked, for the person to know.

use std::fmt;

/// Something that is no error, but that the person should be told.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// A setting is not as it should be, or is not used.
    Setting(String),
    /// Several processes worked at once, and their operations were merged. So many stitches were
    /// put onto what the other wrote.
    OperationsMerged {
        /// How many stitches were rethreaded.
        rethreaded: usize,
    },
    /// Git has checked something else out, so the shuttle's stitch is a new one on top of that.
    HeadMoved,
    /// Git's branches and tags were taken over.
    Imported {
        /// How many stitches are gone, as git's branches do not reach them any more.
        snipped: usize,
        /// How many stitches were rewritten by git.
        rewritten: usize,
    },
    /// References of git that cannot be pins or tags.
    NotImported {
        /// Their names.
        references: Vec<String>,
    },
    /// Pins and tags that could not be written as git's branches and tags.
    NotExported {
        /// Each name, with the reason.
        names: Vec<(String, String)>,
    },
    /// Git's `HEAD` was moved by somebody else at the same time; the next command takes that over.
    HeadNotSet {
        /// What git said.
        reason: String,
    },
    /// The shuttle's stitch is immutable, so a new one was made on top of it.
    ImmutableShuttle,
    /// Stitches on top of what was rewritten were put onto the new knots.
    Rethreaded {
        /// How many.
        stitches: usize,
    },
    /// The shuttle has files by which tangles are kept in git, as git has checked out a tangled
    /// knot.
    TangleFiles,
    /// The shuttle's files were brought up to date with what another workspace did.
    StaleUpdated,
    /// The shuttle was not stale after all.
    NotStale,
    /// The operation that the shuttle belonged to was lost; its files are in a new stitch.
    Recovered,
    /// The name or e-mail address of the person is not set.
    NoIdentity,
    /// The workspace is not part of the repository any more; its files were left alone.
    WorkspaceGone,
}

impl fmt::Display for Notice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting(text) => formatter.write_str(text),
            Self::OperationsMerged { rethreaded } => write!(
                formatter,
                "several processes worked at once: merged, {rethreaded} stitches rethreaded"
            ),
            Self::HeadMoved => formatter.write_str(
                "git has checked out something else: the shuttle has a new stitch on top of it",
            ),
            Self::Imported { snipped, rewritten } => write!(
                formatter,
                "took over what git did: {snipped} stitches gone, {rewritten} rewritten"
            ),
            Self::NotImported { references } => write!(
                formatter,
                "references of git that cannot be pins or tags: {}",
                references.join(", ")
            ),
            Self::NotExported { names } => {
                formatter.write_str("not written as branches or tags of git:")?;
                for (name, reason) in names {
                    write!(formatter, "\n  {name}: {reason}")?;
                }
                Ok(())
            }
            Self::HeadNotSet { reason } => write!(formatter, "git's HEAD was not set: {reason}"),
            Self::ImmutableShuttle => formatter
                .write_str("the shuttle's stitch is immutable: made a new one on top of it"),
            Self::Rethreaded { stitches } => write!(formatter, "rethreaded {stitches} stitches"),
            Self::TangleFiles => formatter.write_str(
                "the shuttle has `.jjconflict` files: git has checked out a tangled knot; `snip` \
                 the shuttle's stitch to be rid of them",
            ),
            Self::StaleUpdated => formatter.write_str("brought the shuttle's files up to date"),
            Self::NotStale => formatter.write_str("the shuttle is not stale"),
            Self::Recovered => formatter
                .write_str("the shuttle's operation was lost: its files are in a new stitch"),
            Self::NoIdentity => formatter.write_str(
                "no name or e-mail address is set (`user.name`, `user.email`): such stitches \
                 cannot be pushed",
            ),
            Self::WorkspaceGone => formatter.write_str(
                "this workspace is not part of the repository any more; its files were left alone",
            ),
        }
    }
}
