//! The ledger of a repository, exchanged over any remote of git.
//!
//! # Types
//!
//! - [`LedgerRemote`]: a remote of git, reached with the `git` that is installed: to look, fetch and
//!   push. Objects are read and written in place.
//! - [`exchange`]: takes in what the remote has, and sends what this clone has ([`Direction`]).
//!
//! Who carries ledgers otherwise, as a server would, uses
//! [`Document::encode`](crate::ledger::Document::encode), `decode` and `merge`.
//!
//! # Flow
//!
//! The remote has one reference, `refs/loom/ledger`, beside branches and tags, so that neither git nor
//! `jj` shows it. It names a commit with the ledger as its one file. The commit has no history: each
//! exchange puts a new one in its place, on the condition that the reference is what it was when it was
//! read; else somebody was faster, whose ledger is then read and merged, a few times with pauses of
//! random length. Its parents are commits that pins point at and that were sent for their own sake: so
//! whoever has the ledger also has both ends of a tangle, even if the remote's branch is at one of them.
//! Author and time say nothing. Nothing is sent when the remote has it all.
//!
//! No reference is made in the clone, nothing is asked of the person, and hooks for pushes do not run.
//!
//! # Failure
//!
//! - Nothing here can stop what it goes along with: who sends or gets stitches tells the error and goes
//!   on.
//! - A remote that takes no such reference says so, and [`Exchanged::refused`] tells. What it has is
//!   still taken in.
//! - What a remote has is read only if it is a commit with a file of a bounded size, which is checked
//!   before it is merged. The clone's ledger is as it was when it is not.
//! - A git that hangs is ended.

mod git;
mod objects;

use std::path::PathBuf;
use std::thread::park_timeout;
use std::time::{Duration, Instant};

use jj_lib::backend::CommitId;

use crate::ledger::{Actor, LedgerError, LedgerFolder};
use crate::repository::RepositoryError;

pub use git::LedgerRemote;
use git::Pushed;

/// How often it is tried to be the first.
const ATTEMPTS: u32 = 6;

/// The longest pause before the second attempt. Each further one may be twice as long.
const PAUSE: Duration = Duration::from_millis(40);

/// Why a ledger could not be exchanged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// Git could not be started. Trying again helps once it is installed.
    #[error("cannot run git: {0}")]
    Run(#[source] std::io::Error),
    /// Git did not do what it was asked: no network, no permission, no such remote. Whether trying
    /// again helps depends on what it says.
    #[error("`git {command}` failed: {message}")]
    Git {
        /// Git's command.
        command: &'static str,
        /// What git said.
        message: String,
    },
    /// Git took too long, and was ended. Trying again may help.
    #[error("`git {command}` took more than {} s", limit.as_secs())]
    TimedOut {
        /// Git's command.
        command: &'static str,
        /// How long it might take.
        limit: Duration,
    },
    /// An object of the clone's git repository could not be read or written. Trying again helps once
    /// the cause is gone.
    #[error("cannot {action} in {}: {reason}", git_dir.display())]
    Objects {
        /// What was to be done, as in `cannot read a commit`.
        action: &'static str,
        /// The git repository.
        git_dir: PathBuf,
        /// What went wrong.
        reason: String,
    },
    /// Others were faster each time. Trying again helps later.
    #[error("others changed the ledger of `{remote}` at the same time, again and again")]
    Overtaken {
        /// The remote.
        remote: String,
    },
    /// The ledger here or at the remote cannot be used.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The repository could not be read, or not be changed to what the ledger says.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

/// Which way a ledger goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Only from the remote.
    Draw,
    /// Both ways.
    Shuttle {
        /// Commits of pins that are sent along. Others are not.
        publish: Vec<CommitId>,
    },
}

/// What came of an exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchanged {
    /// Whether the remote had a ledger that this clone did not have.
    pub received: bool,
    /// Whether this clone's ledger was sent.
    pub sent: bool,
    /// Why the remote did not take it, if so.
    pub refused: Option<String>,
}

/// Numbers that nobody can foretell.
pub type Randomness<'a> = &'a mut dyn FnMut() -> u64;

/// Makes an actor of random numbers.
pub fn random_actor(randomness: &mut dyn FnMut() -> u64) -> Actor {
    let mut actor = Actor::default();
    for chunk in actor.chunks_mut(8) {
        chunk.copy_from_slice(&randomness().to_le_bytes()[..chunk.len()]);
    }
    actor
}

/// Exchanges the ledger of a clone with a remote. What was received is in the folder afterwards.
///
/// # Errors
///
/// [`ExchangeError`]. The ledger in the folder is as it was, or has what was received.
pub fn exchange(
    remote: &LedgerRemote,
    folder: &LedgerFolder,
    direction: &Direction,
    randomness: Randomness<'_>,
) -> Result<Exchanged, ExchangeError> {
    let mut exchanged = Exchanged::default();
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            pause(attempt, randomness);
        }
        let found = remote.find()?;
        let bytes = found.map(|commit| remote.read(commit)).transpose()?;
        let mut actor = || random_actor(randomness);
        let mut ledger = folder.lock(&mut actor)?;
        let before = ledger.document().mark();
        let theirs = bytes
            .map(|bytes| ledger.receive(remote.name(), &bytes, &mut actor))
            .transpose()?;
        let received = ledger.document().mark() != before;
        exchanged.received |= received;
        let Direction::Shuttle { publish } = direction else {
            if let Some(theirs) = theirs {
                // What was done here and not sent is not in what they have.
                ledger.set_shared(remote.name(), theirs);
                ledger.save()?;
            }
            return Ok(exchanged);
        };
        if found.is_none() && ledger.document().is_empty() {
            return Ok(exchanged);
        }
        let offer = ledger.offer()?;
        let mark = ledger.document().mark();
        // Nobody may know of a change that is not stored here.
        ledger.save()?;
        let values = ledger.document().view().commits();
        drop(ledger);
        let sent = found.map(|commit| remote.sent(commit)).transpose()?;
        let parents = remote.parents(sent.as_ref(), publish, &values)?;
        let pushed = if theirs.as_ref() == Some(&mark) && sent.as_ref() == Some(&parents) {
            None
        } else {
            Some(remote.push(remote.write(&offer, &parents)?, found)?)
        };
        exchanged.sent = pushed == Some(Pushed::Done);
        match pushed {
            None | Some(Pushed::Done) => {
                let mut ledger = folder.lock(&mut || random_actor(randomness))?;
                ledger.set_shared(remote.name(), mark);
                ledger.save()?;
                return Ok(exchanged);
            }
            Some(Pushed::Refused(reason)) => {
                exchanged.refused = Some(reason);
                return Ok(exchanged);
            }
            Some(Pushed::Overtaken) => {}
        }
    }
    Err(ExchangeError::Overtaken {
        remote: remote.name().to_owned(),
    })
}

/// Waits for a random time, longer with each attempt.
fn pause(attempt: u32, randomness: Randomness<'_>) {
    let longest = PAUSE * (1 << attempt.min(6));
    let share = (randomness() % 1000) as u32;
    let start = Instant::now();
    let length = longest * share / 1000;
    while let Some(rest) = length.checked_sub(start.elapsed()) {
        park_timeout(rest);
        if rest.is_zero() {
            break;
        }
    }
}
