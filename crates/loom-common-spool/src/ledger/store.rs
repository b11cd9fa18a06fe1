//! The ledger of a clone: its document and what only this clone knows, in one file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, TryLockError};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::thread::park_timeout;
use std::time::{Duration, Instant};
use std::{io, iter};

use jj_lib::backend::{ChangeId, CommitId};
use jj_lib::object_id::ObjectId;
use loom_common_file::Access;
use serde::{Deserialize, Serialize};

use super::actor::Actor;
use super::document::{Document, Mark};
use super::encoding::{MAX_BYTES, guarded};
use super::{LedgerError, LedgerView};

/// How often the lock is tried.
const LOCK_POLL: Duration = Duration::from_millis(20);

/// A document of this size is begun anew when it is exchanged, in bytes.
const ANEW_AT: usize = 1024 * 1024;

/// What only the clone knows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Local {
    actor: Actor,
    /// The device and inode of the folder when the actor was taken.
    place: (u64, u64),
    /// What was shared last with each remote.
    shared: BTreeMap<String, Mark>,
    /// Up to where the repository and the document know each other.
    #[serde(default)]
    known: Option<Known>,
}

/// Up to where a repository and its ledger know each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// The operation by which the repository was brought there, in hexadecimal.
    pub operation: String,
    /// What of the document the repository was brought to: commits of pins in hexadecimal.
    pins: BTreeMap<String, BTreeSet<Option<String>>>,
    /// The same for descriptions, by stitches in hexadecimal.
    descriptions: BTreeMap<String, String>,
}

impl Known {
    /// Notes that a repository at an operation has all that a document says.
    pub fn new(operation: String, view: &LedgerView) -> Self {
        Self {
            operation,
            pins: view
                .pins
                .iter()
                .map(|(name, values)| {
                    let values = values.iter().map(|value| value.as_ref().map(ObjectId::hex));
                    (name.clone(), values.collect())
                })
                .collect(),
            descriptions: view
                .descriptions
                .iter()
                .map(|(stitch, text)| (stitch.hex(), text.clone()))
                .collect(),
        }
    }

    /// Returns what the repository was brought to. Tags are not: no repository has them.
    pub fn view(&self) -> LedgerView {
        LedgerView {
            pins: self
                .pins
                .iter()
                .map(|(name, values)| {
                    let values = values
                        .iter()
                        .map(|value| value.as_ref().and_then(CommitId::try_from_hex));
                    (name.clone(), values.collect())
                })
                .collect(),
            descriptions: self
                .descriptions
                .iter()
                .filter_map(|(stitch, text)| Some((ChangeId::try_from_hex(stitch)?, text.clone())))
                .collect(),
            tags: BTreeMap::new(),
        }
    }
}

/// Where the ledger of a clone is.
#[derive(Clone, Debug)]
pub struct LedgerFolder {
    path: PathBuf,
    lock_limit: Duration,
}

/// The ledger of a clone, as it was read.
#[derive(Clone, Debug)]
pub struct Ledger {
    document: Document,
    local: Local,
}

/// A ledger that no other process writes to.
#[derive(Debug)]
pub struct LockedLedger {
    path: PathBuf,
    ledger: Ledger,
    /// Where a damaged ledger was moved to, when this one was begun in its place.
    pub began_anew: Option<PathBuf>,
    _lock: File,
}

impl LedgerFolder {
    /// Names the folder, which is made when it is missing. Who finds it locked waits up to
    /// `lock_limit`.
    pub fn new(path: impl Into<PathBuf>, lock_limit: Duration) -> Self {
        Self {
            path: path.into(),
            lock_limit,
        }
    }

    /// Opens the ledger to change it. `actor` gives random bytes when a new actor is needed.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Busy`], [`LedgerError::Newer`], and [`LedgerError::Io`].
    pub fn lock(&self, actor: &mut dyn FnMut() -> Actor) -> Result<LockedLedger, LedgerError> {
        fs::create_dir_all(&self.path)
            .map_err(|source| LedgerError::io("make", &self.path, source))?;
        let lock = self.wait()?;
        let folder = fs::metadata(&self.path)
            .map_err(|source| LedgerError::io("read", &self.path, source))?;
        let place = (folder.dev(), folder.ino());
        let path = self.path.join("ledger");
        let mut began_anew = None;
        let read = match read(&path) {
            Err(LedgerError::Damaged(_) | LedgerError::TooLarge { .. }) => {
                let aside = self.aside();
                fs::rename(&path, &aside)
                    .map_err(|source| LedgerError::io("move aside", &path, source))?;
                began_anew = Some(aside);
                None
            }
            read => read?,
        };
        let mut ledger = match read {
            Some(ledger) => ledger,
            None => Ledger::begin(actor(), place)?,
        };
        if ledger.local.place != place {
            // This is a copy, and the original goes on with that actor.
            ledger.take_actor(actor(), place);
        }
        Ok(LockedLedger {
            path,
            ledger,
            began_anew,
            _lock: lock,
        })
    }

    /// Reads what the ledger says without waiting for anybody. `None` when there is none.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Damaged`], [`LedgerError::Newer`], and [`LedgerError::Io`].
    pub fn view(&self) -> Result<Option<LedgerView>, LedgerError> {
        Ok(read(&self.path.join("ledger"))?.map(|ledger| ledger.document.view()))
    }

    /// Names a file that is not there yet, so that no damaged ledger takes the place of another.
    fn aside(&self) -> PathBuf {
        let first = self.path.join("ledger.damaged");
        let numbered = (2..).map(|number| self.path.join(format!("ledger.damaged.{number}")));
        let mut names = iter::once(first.clone()).chain(numbered);
        names.find(|path| !path.exists()).unwrap_or(first)
    }

    fn wait(&self) -> Result<File, LedgerError> {
        let path = self.path.join("lock");
        let failed = |source| LedgerError::io("lock", &path, source);
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(failed)?;
        let start = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(source)) => return Err(failed(source)),
                Err(TryLockError::WouldBlock) if start.elapsed() >= self.lock_limit => {
                    return Err(LedgerError::Busy {
                        waited: self.lock_limit,
                    });
                }
                Err(TryLockError::WouldBlock) => park_timeout(LOCK_POLL),
            }
        }
    }
}

fn read(path: &Path) -> Result<Option<Ledger>, LedgerError> {
    let failed = |source| LedgerError::io("read", path, source);
    let size = match fs::metadata(path) {
        Ok(file) => file.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(failed(source)),
    };
    let limit = 2 * MAX_BYTES as u64;
    if size > limit {
        return Err(LedgerError::TooLarge { bytes: size, limit });
    }
    let bytes = fs::read(path).map_err(failed)?;
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let (line, document) = end
        .map(|end| bytes.split_at(end))
        .ok_or_else(|| LedgerError::Damaged("it ends too early".to_owned()))?;
    let local: Result<Local, _> = serde_json::from_slice(line);
    // What a newer version writes here may be read by it only, so the document is looked at first.
    let actor = local.as_ref().map_or([0; 16], |local| local.actor);
    let document = Document::decode(document.get(1..).unwrap_or_default(), actor)?;
    let local = local.map_err(|error| LedgerError::Damaged(error.to_string()))?;
    Ok(Some(Ledger { document, local }))
}

impl Ledger {
    fn begin(actor: Actor, place: (u64, u64)) -> Result<Self, LedgerError> {
        Ok(Self {
            document: Document::new(actor)?,
            local: Local {
                actor,
                place,
                ..Local::default()
            },
        })
    }

    fn take_actor(&mut self, actor: Actor, place: (u64, u64)) {
        self.local.actor = actor;
        self.local.place = place;
        self.document.set_actor(actor);
    }

    /// Returns the document.
    pub fn document(&self) -> &Document {
        &self.document
    }
}

impl LockedLedger {
    /// Returns the document.
    pub fn document(&self) -> &Document {
        &self.ledger.document
    }

    /// Returns the document, to change it.
    pub fn document_mut(&mut self) -> &mut Document {
        &mut self.ledger.document
    }

    /// Returns up to where the repository and the document know each other; `None` before they met.
    pub fn known(&self) -> Option<&Known> {
        self.ledger.local.known.as_ref()
    }

    /// Notes up to where the repository and the document know each other.
    pub fn set_known(&mut self, known: Known) {
        self.ledger.local.known = Some(known);
    }

    /// Takes in the bytes of a document that a remote has, and returns the moment that it is at. On
    /// an error nothing is taken in.
    ///
    /// # Errors
    ///
    /// Those of [`Document::decode`].
    pub fn receive(
        &mut self,
        remote: &str,
        bytes: &[u8],
        actor: &mut dyn FnMut() -> Actor,
    ) -> Result<Mark, LedgerError> {
        let Local {
            actor: present,
            place,
            ..
        } = self.ledger.local;
        let mut theirs = Document::decode(bytes, present)?;
        let mark = theirs.mark();
        let since = self.ledger.local.shared.get(remote);
        let ours = &self.ledger.document;
        if theirs.lineage() > ours.lineage() {
            guarded(|| theirs.carry(ours, since))?;
            self.ledger.document = theirs;
        } else if theirs.lineage() < ours.lineage() {
            let mut ours = ours.clone();
            guarded(|| ours.carry(&theirs, since))?;
            self.ledger.document = ours;
        } else {
            let mut merged = ours.clone();
            match guarded(|| merged.merge(&theirs)) {
                Ok(()) => self.ledger.document = merged,
                Err(LedgerError::Contradiction(_)) => {
                    let actor = actor();
                    theirs.set_actor(actor);
                    guarded(|| theirs.carry(ours, since))?;
                    self.ledger.document = theirs;
                    self.ledger.take_actor(actor, place);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(mark)
    }

    /// Writes the document for a remote, begun anew when it has become large.
    ///
    /// # Errors
    ///
    /// [`LedgerError::TooLarge`].
    pub fn offer(&mut self) -> Result<Vec<u8>, LedgerError> {
        let bytes = self.ledger.document.encode();
        let is_large = bytes.as_ref().map_or(true, |bytes| bytes.len() > ANEW_AT);
        if is_large {
            let anew = self.ledger.document.begun_anew(self.ledger.local.actor)?;
            let smaller = anew.encode()?;
            if bytes
                .as_ref()
                .map_or(true, |bytes| smaller.len() < bytes.len() / 2)
            {
                self.ledger.document = anew;
                return Ok(smaller);
            }
        }
        bytes
    }

    /// Notes that a remote has what the document said at a moment.
    pub fn set_shared(&mut self, remote: &str, mark: Mark) {
        self.ledger.local.shared.insert(remote.to_owned(), mark);
    }

    /// Stores the ledger.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Io`] and [`LedgerError::TooLarge`]; what is stored is as it was.
    pub fn save(&mut self) -> Result<(), LedgerError> {
        let mut bytes = serde_json::to_vec(&self.ledger.local)
            .map_err(|error| LedgerError::Damaged(error.to_string()))?;
        bytes.push(b'\n');
        bytes.extend(self.ledger.document.encode()?);
        loom_common_file::replace(&self.path, bytes, Access::KeptOrPrivate)
            .map_err(|source| LedgerError::io("write", &self.path, source))
    }
}
