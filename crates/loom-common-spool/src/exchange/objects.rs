//! The ledger as an object of git: a commit with one file.

use std::collections::BTreeSet;

use gix::ObjectId;
use gix::bstr::BString;
use gix::objs::tree::{Entry, EntryKind};
use gix::objs::{Commit, Tree};
use jj_lib::backend::CommitId;
use jj_lib::object_id::ObjectId as _;

use super::{ExchangeError, LedgerRemote};
use crate::ledger::{LedgerError, MAX_BYTES};

/// The name of the file.
const FILE: &str = "ledger";

/// The most commits that a ledger has for parents.
const MAX_PARENTS: usize = 200;

/// What the commit says, for people who come across it.
const MESSAGE: &str = "Ledger of Loom: pins, descriptions and tags that several machines share\n";

impl LedgerRemote {
    fn open(&self) -> Result<gix::Repository, ExchangeError> {
        gix::open(&self.git_dir).map_err(|error| self.failed("read objects", &error))
    }

    fn failed(&self, action: &'static str, reason: &dyn std::fmt::Display) -> ExchangeError {
        ExchangeError::Objects {
            action,
            git_dir: self.git_dir.clone(),
            reason: reason.to_string(),
        }
    }

    /// Reads the ledger in a commit of the remote.
    pub(super) fn read(&self, commit: ObjectId) -> Result<Vec<u8>, ExchangeError> {
        let damaged =
            |reason: &str| LedgerError::Damaged(format!("at `{}`, {reason}", self.remote));
        if !self.has(commit)? {
            self.fetch()?;
        }
        let git = self.open()?;
        let unreadable = |_| damaged("it is no commit with a ledger");
        let found = git
            .find_commit(commit)
            .map_err(|_| damaged("it is no commit"))?;
        let tree = found.tree().map_err(|_| damaged("it has no files"))?;
        let entry = tree
            .find_entry(FILE)
            .filter(|entry| entry.mode().is_blob())
            .ok_or_else(|| damaged("it has no ledger in it"))?;
        let id = entry.object_id();
        let size = git
            .find_header(id)
            .map_err(|_| damaged("its file is not there"))?
            .size();
        if size > MAX_BYTES as u64 {
            let limit = MAX_BYTES as u64;
            return Err(LedgerError::TooLarge { bytes: size, limit }.into());
        }
        let mut blob = git.find_blob(id).map_err(unreadable)?;
        Ok(blob.take_data())
    }

    fn has(&self, id: ObjectId) -> Result<bool, ExchangeError> {
        Ok(self.open()?.has_object(id))
    }

    /// Reads which commits were sent along with a ledger.
    pub(super) fn sent(&self, commit: ObjectId) -> Result<BTreeSet<ObjectId>, ExchangeError> {
        let git = self.open()?;
        let found = git
            .find_commit(commit)
            .map_err(|error| self.failed("read a commit", &error))?;
        Ok(found.parent_ids().map(gix::Id::detach).collect())
    }

    /// Chooses the parents of the next commit: what is sent for its own sake, and what others sent
    /// before, as long as pins point at it.
    pub(super) fn parents(
        &self,
        sent: Option<&BTreeSet<ObjectId>>,
        publish: &[CommitId],
        values: &BTreeSet<CommitId>,
    ) -> Result<BTreeSet<ObjectId>, ExchangeError> {
        let git = self.open()?;
        let published = publish
            .iter()
            .filter_map(|id| ObjectId::try_from(id.as_bytes()).ok());
        let parents: BTreeSet<_> = published
            .chain(sent.into_iter().flatten().copied())
            .filter(|id| values.contains(&CommitId::from_bytes(id.as_bytes())))
            .filter(|id| git.has_object(*id))
            .collect();
        Ok(parents.into_iter().take(MAX_PARENTS).collect())
    }

    /// Writes the commit of a ledger.
    pub(super) fn write(
        &self,
        bytes: &[u8],
        parents: &BTreeSet<ObjectId>,
    ) -> Result<ObjectId, ExchangeError> {
        let git = self.open()?;
        let failed = |error: gix::object::write::Error| self.failed("write the ledger", &error);
        let blob = git.write_blob(bytes).map_err(failed)?.detach();
        let tree = Tree {
            entries: vec![Entry {
                mode: EntryKind::Blob.into(),
                filename: FILE.into(),
                oid: blob,
            }],
        };
        let tree = git.write_object(&tree).map_err(failed)?.detach();
        let nobody = gix::actor::Signature {
            name: BString::from("Loom"),
            email: BString::from("loom@localhost"),
            time: gix::date::Time::new(0, 0),
        };
        let commit = Commit {
            tree,
            parents: parents.iter().copied().collect(),
            author: nobody.clone(),
            committer: nobody,
            encoding: None,
            message: MESSAGE.into(),
            extra_headers: Vec::new(),
        };
        Ok(git.write_object(&commit).map_err(failed)?.detach())
    }
}
