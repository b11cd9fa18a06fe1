//! Remembers which hooks and agents of projects the person has read and allowed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use loom_common_file::Access;

use crate::error::HookError;
use crate::hooks::Untrusted;
use crate::pin;

/// Name of the file in the state folder.
const FILE: &str = "hook-trust.json";

/// How many versions of a file stay trusted, so that going back and forth between branches does
/// not ask each time.
const VERSIONS: usize = 16;

/// The digests that are trusted for each file, the newest first.
type Trusted = BTreeMap<String, Vec<String>>;

/// Remembers which hooks of projects, and which files that steer the agent as they do, the person has
/// read and allowed.
///
/// It is a small JSON file in Loom's state folder. Several sessions may use it at once.
#[derive(Clone, Debug)]
pub struct TrustStore {
    path: PathBuf,
}

impl TrustStore {
    /// Takes the store in Loom's state folder. Nothing is read or made yet.
    pub fn new(state_folder: &Path) -> Self {
        Self {
            path: state_folder.join(FILE),
        }
    }

    /// Trusts hooks from now on, as they are. [`Hooks::load`](crate::Hooks::load) then runs them.
    ///
    /// # Errors
    ///
    /// [`HookError::TrustUnreadable`] and [`HookError::TrustNotStored`].
    pub fn trust(&self, hooks: &Untrusted) -> Result<(), HookError> {
        self.add(&hooks.path, &hooks.digest)
    }

    /// Trusts a file with this content from now on.
    ///
    /// # Errors
    ///
    /// [`HookError::TrustUnreadable`] and [`HookError::TrustNotStored`].
    pub fn trust_content(&self, path: &Path, content: &str) -> Result<(), HookError> {
        self.add(path, &pin::digest(content, std::iter::empty()))
    }

    /// Tells whether a file with this content is trusted.
    ///
    /// # Errors
    ///
    /// [`HookError::TrustUnreadable`].
    pub fn is_content_trusted(&self, path: &Path, content: &str) -> Result<bool, HookError> {
        self.is_trusted(path, &pin::digest(content, std::iter::empty()))
    }

    fn add(&self, path: &Path, digest: &str) -> Result<(), HookError> {
        let not_stored = |source| HookError::TrustNotStored {
            path: self.path.clone(),
            source,
        };
        // The lock is released when the file is closed.
        let _lock = self.lock().map_err(not_stored)?;
        let mut trusted = self.read()?;
        let versions = trusted.entry(key(path)).or_default();
        versions.retain(|known| known != digest);
        versions.insert(0, digest.to_owned());
        versions.truncate(VERSIONS);
        self.write(&trusted).map_err(not_stored)
    }

    /// Tells whether a file of hooks is trusted as it is.
    pub(crate) fn is_trusted(&self, path: &Path, digest: &str) -> Result<bool, HookError> {
        let trusted = self.read()?;
        Ok(trusted
            .get(&key(path))
            .is_some_and(|versions| versions.iter().any(|version| version == digest)))
    }

    fn read(&self) -> Result<Trusted, HookError> {
        let unreadable = |reason: String| HookError::TrustUnreadable {
            path: self.path.clone(),
            reason,
        };
        match fs::read(&self.path) {
            Ok(content) => {
                serde_json::from_slice(&content).map_err(|error| unreadable(error.to_string()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Trusted::new()),
            Err(error) => Err(unreadable(error.to_string())),
        }
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    fn lock(&self) -> io::Result<File> {
        fs::create_dir_all(self.folder())?;
        let lock = File::create(self.path.with_extension("lock"))?;
        lock.lock()?;
        Ok(lock)
    }

    fn write(&self, trusted: &Trusted) -> io::Result<()> {
        let content = serde_json::to_vec_pretty(trusted)?;
        loom_common_file::replace(&self.path, content, Access::Private)
    }
}

/// Returns the name of a file in the store. Paths that are not text differ in their digests.
fn key(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
