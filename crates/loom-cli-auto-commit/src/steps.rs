//! From the agent's work to what may be committed of it.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use loom_cli_git::{FileChange, Version};
use loom_cli_rewind::{Content, FileWork, RewindError, Sides, Work};
use loom_common_spool::ChangeKind;
use loom_redact::{Detector, Origin};

use crate::renames;

/// What is left behind by programs and committed by nobody, where no `.gitignore` names it: folders and files, and
/// ends of names.
const LITTER: &[&str] = &[
    ".DS_Store",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    "__pycache__",
    "node_modules",
    "Thumbs.db",
];
const LITTER_ENDS: &[&str] = &[".orig", ".pyc", ".rej", ".swp", "~"];

/// What is more than a commit of a turn: a folder of dependencies, a download.
const MOST_FILES: usize = 2_000;
const MOST_BYTES: usize = 256 << 20;

/// What may be committed.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    /// From the top of the working tree.
    pub(crate) changes: Vec<FileChange>,
    /// What may not, by its path in the workspace, and why.
    pub(crate) left_out: BTreeMap<String, String>,
}

/// What the agent did, and where.
pub(crate) struct Pieces {
    /// What was not committed earlier, of these paths only, and what was done since.
    pub(crate) earlier: Option<(Work, Vec<String>)>,
    pub(crate) newest: Work,
    /// The workspace, from the top of the working tree.
    pub(crate) folder: PathBuf,
}

/// Says what may be committed. This reads files, and blocks.
///
/// # Errors
///
/// When the snapshots cannot be read. `Ok(Err)` when it is too much for a commit.
pub(crate) fn find(
    pieces: &Pieces,
    detector: &Detector,
) -> Result<Result<Steps, String>, RewindError> {
    let mut files: BTreeMap<&str, (&Work, &FileWork)> = BTreeMap::new();
    let mut steps = Steps::default();
    let mut unclear = |work: &Work, only: Option<&[String]>| {
        for kept in &work.unclear {
            if only.is_none_or(|only| only.contains(&kept.path)) {
                steps
                    .left_out
                    .insert(kept.path.clone(), kept.reason.to_string());
            }
        }
    };
    unclear(&pieces.newest, None);
    for file in &pieces.newest.files {
        files.insert(&file.path, (&pieces.newest, file));
    }
    if let Some((work, only)) = &pieces.earlier {
        unclear(work, Some(only));
        for path in only {
            files.remove(path.as_str());
        }
        for file in work.files.iter().filter(|file| only.contains(&file.path)) {
            files.insert(&file.path, (work, file));
        }
    }
    files.retain(|path, _| !steps.left_out.contains_key(*path));
    let is_new = |file: &FileWork| file.kind() == ChangeKind::Added;
    files.retain(|path, (_, file)| !(is_new(file) && is_litter(path)));
    if files.len() > MOST_FILES {
        return Ok(Err(format!("the agent changed {} files", files.len())));
    }
    let mut bytes = 0;
    for (path, (work, file)) in files {
        let sides = work.read(file)?;
        bytes += size(sides.without.as_ref()) + size(sides.with.as_ref());
        if bytes > MOST_BYTES {
            let most = MOST_BYTES >> 20;
            return Ok(Err(format!("the agent changed more than {most} MiB")));
        }
        if let Some(rule) = new_secret(path, &sides, detector) {
            let reason = format!("a secret seems to be in it ({rule})");
            steps.left_out.insert(path.to_owned(), reason);
            continue;
        }
        steps.changes.push(FileChange {
            path: pieces.folder.join(path),
            moved_from: None,
            without: sides.without.map(version),
            with: sides.with.map(version),
        });
    }
    steps.changes = renames::find(steps.changes);
    Ok(Ok(steps))
}

fn size(content: Option<&Content>) -> usize {
    match content {
        None => 0,
        Some(Content::File { bytes, .. }) => bytes.len(),
        Some(Content::Link { target }) => target.len(),
    }
}

fn version(content: Content) -> Version {
    match content {
        Content::File { bytes, mode } => Version::File {
            is_executable: mode & 0o100 != 0,
            bytes,
        },
        Content::Link { target } => Version::Link { target },
    }
}

fn is_litter(path: &str) -> bool {
    path.split('/').any(|name| LITTER.contains(&name))
        || LITTER_ENDS.iter().any(|end| path.ends_with(end))
}

/// Returns the rule of a secret that a file has with the change and does not have without it.
fn new_secret(path: &str, sides: &Sides, detector: &Detector) -> Option<String> {
    let Some(Content::File { bytes: with, .. }) = &sides.with else {
        return None;
    };
    let without = match &sides.without {
        Some(Content::File { bytes, .. }) => bytes.as_slice(),
        _ => &[],
    };
    let origin = Origin {
        path: Some(path),
        commit: None,
    };
    let mut found = detector.scan_with(with, &origin);
    found.retain(|finding| !finding.allowed_inline);
    if found.is_empty() {
        return None;
    }
    let known = detector.scan_with(without, &origin).into_iter();
    let known: HashSet<String> = known.map(|finding| finding.fingerprint).collect();
    let new = found
        .into_iter()
        .find(|finding| !known.contains(&finding.fingerprint));
    new.map(|finding| finding.rule)
}

/// Returns a path of the working tree as one of the workspace.
pub(crate) fn in_workspace(folder: &Path, path: &Path) -> String {
    let path = path.strip_prefix(folder).unwrap_or(path);
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn litter_is_known_by_its_name() {
        for path in [
            "a/__pycache__/b.txt",
            "x.pyc",
            "node_modules/a/b.js",
            "a~",
            ".DS_Store",
        ] {
            assert!(is_litter(path), "{path}");
        }
        for path in ["src/a.rs", "pycache", "node_modules.md", "a.py"] {
            assert!(!is_litter(path), "{path}");
        }
    }
}
