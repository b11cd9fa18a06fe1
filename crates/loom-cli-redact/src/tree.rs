//! Looks through files and folders as they are.
//!
//! What `.gitignore` names is left out, but not what git tracks all the same: that is published.

use std::io;
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder, WalkState};

use crate::error::RedactError;
use crate::leak::{Reason, Report};
use crate::rule_file;
use crate::scanner::{CHUNK, Collection, Place, Scanner};

/// Which files are looked through.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The folder that paths are told from: the top of the repository, if there is one.
    pub base: PathBuf,
    /// Files and folders, absolute; they are looked through even if they are ignored.
    pub roots: Vec<PathBuf>,
    /// Files that count although they are ignored, from the base.
    pub tracked: Vec<PathBuf>,
    /// Whether ignored files are looked through too.
    pub ignored: bool,
}

impl Tree {
    /// Counts the files and their bytes without reading them, as far as they are known by now; for those who want
    /// to know how much there is to do.
    pub fn measure(&self) -> (u64, u64) {
        let (mut files, mut bytes) = (0, 0);
        for root in &self.roots {
            for entry in self.walk(root).build().flatten() {
                if entry.file_type().is_some_and(|kind| kind.is_file()) {
                    files += 1;
                    bytes += entry.metadata().map_or(0, |metadata| metadata.len());
                }
            }
        }
        (files, bytes)
    }

    fn walk(&self, root: &Path) -> WalkBuilder {
        let mut walk = WalkBuilder::new(root);
        // Hidden files are where secrets are, and files named for other tools may be published.
        walk.hidden(false)
            .ignore(false)
            .git_global(false)
            .git_ignore(!self.ignored)
            .git_exclude(!self.ignored)
            .parents(!self.ignored)
            .require_git(false)
            .filter_entry(|entry| entry.depth() == 0 || entry.file_name() != ".git");
        walk
    }

    fn place(&self, path: &Path) -> Place {
        Place {
            path: path.strip_prefix(&self.base).unwrap_or(path).to_owned(),
            commit: None,
            order: 0,
        }
    }

    fn is_root(&self, path: &Path) -> bool {
        self.roots.iter().any(|root| root == path)
    }

    /// Whether a walk comes by, unless the file is ignored.
    fn has(&self, path: &Path) -> bool {
        !self.is_root(path) && self.roots.iter().any(|root| path.starts_with(root))
    }
}

impl Scanner {
    /// Looks through a tree. Blocks, and works on as many threads as the limits say.
    ///
    /// # Errors
    ///
    /// [`RedactError::Stopped`].
    pub fn tree(&self, tree: &Tree) -> Result<Report, RedactError> {
        let collection = Collection::default();
        for root in &tree.roots {
            let mut walk = tree.walk(root);
            walk.threads(self.limits.threads.get());
            walk.build_parallel().run(|| {
                let mut buffer = Vec::new();
                let collection = &collection;
                Box::new(move |entry| {
                    if self.progress.is_stopped() {
                        return WalkState::Quit;
                    }
                    match entry {
                        // It is looked through on its own.
                        Ok(entry) if entry.depth() > 0 && tree.is_root(entry.path()) => {
                            return WalkState::Skip;
                        }
                        Ok(entry) if is_to_read(&entry) => {
                            self.file(tree, entry.path(), &mut buffer, collection);
                        }
                        Ok(_) => {}
                        Err(error) => self.unreadable(tree, root, &error, collection),
                    }
                    WalkState::Continue
                })
            });
        }
        if !tree.ignored {
            let mut buffer = Vec::new();
            let tracked = tree.tracked.iter().map(|path| tree.base.join(path));
            for path in tracked.filter(|path| tree.has(path)) {
                let is_file = path.symlink_metadata().is_ok_and(|found| found.is_file());
                if is_file && !self.progress.is_stopped() {
                    self.file(tree, &path, &mut buffer, &collection);
                }
            }
        }
        self.progress.go_on()?;
        Ok(collection.take_report())
    }

    fn file(&self, tree: &Tree, path: &Path, buffer: &mut Vec<u8>, collection: &Collection) {
        let place = tree.place(path);
        let omit = |reason| collection.omit(&place.path, reason);
        let opened = rule_file::open(path).and_then(|file| Ok((file.metadata()?, file)));
        let (metadata, mut file) = match opened {
            Ok(opened) => opened,
            Err(error) => return omit(reason(&error)),
        };
        if !metadata.is_file() {
            // It was one when it was listed.
            return;
        }
        if metadata.len() > self.limits.largest {
            self.progress.add_bytes(metadata.len());
            let (size, limit) = (metadata.len(), self.limits.largest);
            return omit(Reason::TooLarge { size, limit });
        }
        buffer.resize(CHUNK, 0);
        let read = self.read(place, &mut file, buffer, collection);
        self.progress.add_bytes(metadata.len().saturating_sub(read));
    }

    fn unreadable(&self, tree: &Tree, root: &Path, error: &ignore::Error, collection: &Collection) {
        let path = path_of(error).unwrap_or(root);
        let reason = match error.io_error() {
            Some(error) => reason(error),
            None => Reason::Unreadable(error.to_string()),
        };
        collection.omit(tree.place(path).path, reason);
    }
}

/// Links are not followed but where they were named.
fn is_to_read(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_file())
}

fn reason(error: &io::Error) -> Reason {
    match error.kind() {
        io::ErrorKind::NotFound => Reason::Vanished,
        _ => Reason::Unreadable(error.to_string()),
    }
}

/// The file or folder that an error of the walk is about.
fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            path_of(err)
        }
        ignore::Error::Partial(errors) => errors.iter().find_map(path_of),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use loom_redact::{KnownSecrets, Rules};

    use super::*;
    use crate::baseline::Baseline;
    use crate::leak::Omission;
    use crate::scanner::Limits;

    /// A scanner without rules, and the tree of a folder.
    fn scan_of(folder: &Path) -> (Scanner, Tree) {
        let scanner = Scanner::new(
            &Rules::default(),
            KnownSecrets::new(),
            Limits::default(),
            Baseline::default(),
        );
        let tree = Tree {
            base: folder.to_owned(),
            roots: vec![folder.to_owned()],
            tracked: Vec::new(),
            ignored: false,
        };
        (scanner, tree)
    }

    #[test]
    fn what_vanishes_or_cannot_be_read_is_noted() {
        let folder = tempfile::tempdir().unwrap();
        let (scanner, tree) = scan_of(folder.path());
        let collection = Collection::default();
        let long = "x".repeat(1000);
        for name in ["gone", &long] {
            scanner.file(
                &tree,
                &folder.path().join(name),
                &mut Vec::new(),
                &collection,
            );
        }
        let omissions = collection.take_report().omissions;
        let gone = Omission {
            path: "gone".into(),
            reason: Reason::Vanished,
        };
        assert_eq!(omissions[0], gone);
        assert!(
            matches!(omissions[1].reason, Reason::Unreadable(_)),
            "{omissions:?}"
        );
    }

    #[test]
    fn a_scan_that_is_stopped_says_so_instead_of_finding_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (scanner, tree) = scan_of(folder.path());
        scanner.progress().stop();
        assert!(matches!(scanner.tree(&tree), Err(RedactError::Stopped)));
    }
}
