//! The repository and its ledger: what is changed here is taken down in the ledger, and what others
//! took down is done here.
//!
//! # Flow
//!
//! A command that has fetched or pushed calls [`Repository::share`]. Each remote has a ledger of its
//! own here, so what one has never reaches another. Of what was done here it gets what went along
//! with the push, and only if the remote took it, or would have if somebody had not been faster:
//!
//! - where the pins were put that were sent;
//! - descriptions that were edited of stitches below them that the remote had before.
//!
//! What was done and not sent, what the remote refused, and private stitches stay out of it.
//!
//! What the exchange brought is done in one operation: pins that are followed, or were sent from
//! here, are moved, with several values to a tangle; no others are made. Descriptions of stitches that
//! may be changed are rewritten where a knot says what the text was made from, and where it was edited
//! here on a pin that is followed. All who rewrite a stitch to the
//! merged text sign with the same name and time, that of the last writer, so that the same stitch
//! becomes the same knot everywhere, and what would have been a divergent stitch is one again.
//!
//! # What the ledger holds and the repository has not
//!
//! A pin may be at a knot that did not come along. It is left where it is, [`Shared::waiting`] names
//! it, and it moves when the knot is there.

mod described;
mod done;
mod taken;

use std::sync::Arc;

use jj_lib::backend::{ChangeId, CommitId};
use jj_lib::config::ConfigGetResultExt as _;
use jj_lib::hex_util::encode_hex;
use jj_lib::op_store::RefTarget;
use jj_lib::op_walk;
use jj_lib::repo::{ReadonlyRepo, Repo as _};
use pollster::FutureExt as _;

use super::Repository;
use super::configuration::setting;
use super::doing::Doing as _;
use super::error::RepositoryError;
use super::id::{KnotId, StitchId};
use super::push::PushUpdate;
use super::transaction::Finished;
use crate::exchange::{Direction, ExchangeError, Exchanged, LedgerRemote, exchange, random_actor};
use crate::ledger::{LedgerFolder, LockedLedger, hash};

/// How long git may take to reach a remote's ledger.
const LIMIT: std::time::Duration = std::time::Duration::from_secs(60);

/// Which way the ledger goes along with a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// From the remote.
    Draw,
    /// Both ways, with what the command has sent: see [`Pushed::shared`](super::Pushed::shared).
    Shuttle {
        /// The moves of pins.
        sent: Vec<PushUpdate>,
    },
}

/// What came of sharing a ledger.
#[derive(Clone, Debug)]
pub struct Shared {
    /// What went over the remote.
    pub exchanged: Exchanged,
    /// What was done in the repository, if something was.
    pub finished: Option<Finished>,
    /// Pins whose knots are not here, so that they were left.
    pub waiting: Vec<String>,
    /// Where a damaged ledger was moved to.
    pub began_anew: Option<std::path::PathBuf>,
}

impl Repository {
    /// Tells whether this repository shares a ledger: the setting `loom.ledger`, which is on when
    /// nothing is said.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Setting`].
    pub fn has_ledger(&self) -> Result<bool, RepositoryError> {
        let settings = self.workspace.settings();
        let value = settings.get_bool("loom.ledger").optional();
        Ok(value.map_err(|error| setting(&error))?.unwrap_or(true))
    }

    /// Names the folder of the ledger that is shared with a remote. A remote whose address changes
    /// is another.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Other`] when git's settings cannot be read.
    pub fn ledger(&self, remote: &str) -> Result<LedgerFolder, RepositoryError> {
        let mut remotes = self.remotes()?.into_iter();
        let found = remotes.find(|found| found.name == remote);
        let (url, push_url) = found.map_or((None, None), |found| (found.url, found.push_url));
        let parts = [Some(remote.to_owned()), url, push_url].map(Option::unwrap_or_default);
        let id = encode_hex(&hash(&parts.each_ref().map(String::as_bytes)));
        let path = self.workspace.repo_path().join("loom/ledgers").join(id);
        Ok(LedgerFolder::new(path, self.surroundings.patience))
    }

    /// Exchanges the ledger with a remote, and does here what others took down.
    ///
    /// # Errors
    ///
    /// [`ExchangeError`]. What was received before is in the ledger, and is done the next time.
    pub fn share(&mut self, remote: &str, sharing: &Sharing) -> Result<Shared, ExchangeError> {
        let direction = match sharing {
            Sharing::Draw => Direction::Draw,
            Sharing::Shuttle { sent } => {
                if !sent.is_empty() {
                    let mut ledger = self.lock_ledger(remote)?;
                    taken::take_down(self, &mut ledger, sent)?;
                    ledger.save()?;
                }
                let knots = sent.iter().filter_map(|update| update.after.as_ref());
                let publish = knots.map(|knot| knot.0.clone()).collect();
                Direction::Shuttle { publish }
            }
        };
        let program = self
            .text("git.executable-path")
            .unwrap_or_else(|_| "git".to_owned());
        let remote = LedgerRemote {
            program: program.into(),
            git_dir: self.git_dir()?,
            remote: remote.to_owned(),
            limit: LIMIT,
        };
        let exchanged = exchange(
            &remote,
            &self.ledger(&remote.remote)?,
            &direction,
            &mut self.randomness(b"exchange"),
        )?;
        let mut shared = self.do_what_others_did(&remote.remote)?;
        shared.exchanged = exchanged;
        Ok(shared)
    }

    /// Does here what the ledger has from others.
    fn do_what_others_did(&mut self, remote: &str) -> Result<Shared, ExchangeError> {
        let mut ledger = self.lock_ledger(remote)?;
        let known = ledger.known().cloned().unwrap_or_default();
        let base = self.repo_at(&known.operation);
        let before = known.view();
        let now = ledger.document().view();
        let mut done = done::Doing::new(self, &ledger, remote, base.as_deref(), &before)?;
        done.move_pins(&now)?;
        done.describe(&now)?;
        let (finished, known, waiting) = done.finish()?;
        ledger.set_known(known);
        ledger.save()?;
        Ok(Shared {
            exchanged: Exchanged::default(),
            finished,
            waiting,
            began_anew: ledger.began_anew.clone(),
        })
    }

    /// Reads the tags of stitches that are shared with a remote.
    ///
    /// # Errors
    ///
    /// [`ExchangeError::Ledger`] and [`ExchangeError::Repository`].
    pub fn stitch_tags(&self, remote: &str) -> Result<Vec<(StitchId, Vec<String>)>, ExchangeError> {
        let view = self.ledger(remote)?.view()?.unwrap_or_default();
        let tags = view.tags.into_iter();
        Ok(tags
            .map(|(stitch, tags)| (StitchId(stitch), tags.into_iter().collect()))
            .collect())
    }

    /// Adds tags to a stitch and takes others from it, to be shared with a remote.
    ///
    /// # Errors
    ///
    /// [`ExchangeError::Ledger`], of which [`Name`](crate::ledger::LedgerError::Name) is for what can
    /// be no tag.
    pub fn tag_stitch(
        &self,
        remote: &str,
        knot: &KnotId,
        add: &[String],
        remove: &[String],
    ) -> Result<(), ExchangeError> {
        let stitch: ChangeId = self.commit(&knot.0)?.change_id().clone();
        let mut ledger = self.lock_ledger(remote)?;
        for tag in add {
            ledger.document_mut().tag(&stitch, tag)?;
        }
        for tag in remove {
            ledger.document_mut().untag(&stitch, tag)?;
        }
        ledger.save()?;
        Ok(())
    }

    fn lock_ledger(&self, remote: &str) -> Result<LockedLedger, ExchangeError> {
        let mut randomness = self.randomness(b"ledger");
        Ok(self
            .ledger(remote)?
            .lock(&mut || random_actor(&mut randomness))?)
    }

    /// Makes numbers of what is handed in, others for each use.
    fn randomness(&self, what: &'static [u8]) -> impl FnMut() -> u64 + use<> {
        let surroundings = &self.surroundings;
        let mut parts: Vec<Vec<u8>> = vec![
            what.to_vec(),
            surroundings.seed.to_le_bytes().to_vec(),
            surroundings
                .now
                .timestamp()
                .as_nanosecond()
                .to_le_bytes()
                .to_vec(),
            surroundings.hostname.clone().into_bytes(),
            surroundings.username.clone().into_bytes(),
            self.root().as_os_str().as_encoded_bytes().to_vec(),
        ];
        let mut count = 0_u64;
        parts.push(Vec::new());
        move || {
            count += 1;
            if let Some(last) = parts.last_mut() {
                *last = count.to_le_bytes().to_vec();
            }
            let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            let [a, b, c, d, e, f, g, h, ..] = hash(&parts);
            u64::from_le_bytes([a, b, c, d, e, f, g, h])
        }
    }

    fn git_dir(&self) -> Result<std::path::PathBuf, RepositoryError> {
        let backend =
            jj_lib::git::get_git_backend(self.repo.store()).doing("find git's objects")?;
        Ok(backend.git_repo_path().to_owned())
    }

    /// Loads the repository at an earlier operation; `None` when it is not in the tension log.
    fn repo_at(&self, operation: &str) -> Option<Arc<ReadonlyRepo>> {
        let loader = self.workspace.repo_loader();
        if operation.is_empty() {
            return None;
        }
        let operation = op_walk::resolve_op_for_load(loader, operation)
            .block_on()
            .ok()?;
        loader.load_at(&operation).block_on().ok()
    }

    fn is_ancestor(&self, ancestor: &CommitId, descendant: &CommitId) -> bool {
        let index = self.repo.index();
        let has = |id| index.has_id(id).block_on().unwrap_or_default();
        has(ancestor)
            && has(descendant)
            && index
                .is_ancestor(ancestor, descendant)
                .block_on()
                .unwrap_or_default()
    }
}

/// Returns where a pin is: nowhere when it is not there.
fn values(target: &RefTarget) -> std::collections::BTreeSet<Option<CommitId>> {
    target.as_merge().adds().cloned().collect()
}
