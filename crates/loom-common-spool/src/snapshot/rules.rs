//! Which paths git ignores, and what a change of its rules means for snapshots.
//!
//! The rules come from the person's own file, from the repository's `info/exclude`, from the
//! `.gitignore` files of the folders above the workspace up to the top of the repository, and from
//! those inside of the workspace. The last kind is in each snapshot; the others, the
//! [`OuterRules`], are put into it under the name `.git`, which no file of a snapshot can have. So
//! a snapshot itself can say what was ignored when it was taken.
//!
//! A folder's rules have a digest. While that is the same as at the last snapshot, names that were
//! taken then are taken again without asking the patterns, which would cost more than all the rest.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use jj_lib::gitignore::GitIgnoreFile;
use jj_lib::repo_path::{RepoPath, RepoPathBuf};
use serde::{Deserialize, Serialize};

use super::object::{ObjectId, ObjectKind};

/// Folders in which version control keeps its own data: they are no part of a snapshot.
pub(super) const VERSION_CONTROL: [&str; 4] = [".git", ".hg", ".jj", ".svn"];

/// The name under which a snapshot holds the outer rules.
pub(super) const OUTER_RULES_NAME: &str = ".git";

/// More of a file of patterns is not read.
const MAX_RULES: u64 = 1 << 20;

/// The rules that stand outside of the workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OuterRules {
    /// The workspace, from the top folder of its repository; empty when it is that folder.
    base: String,
    /// Folders, from the top folder of the repository, and the patterns that hold from there on.
    /// Later ones win.
    patterns: Vec<(String, String)>,
}

impl OuterRules {
    /// Reads the rules that hold for a workspace.
    pub(super) fn read(workspace: &Path, personal: Option<&Path>) -> Self {
        let mut outer = Self::default();
        if let Some(patterns) = personal.and_then(read_rules) {
            outer.patterns.push((String::new(), patterns));
        }
        let Some(top) = workspace
            .ancestors()
            .find(|folder| folder.join(".git").exists() || folder.join(".jj").exists())
        else {
            return outer;
        };
        let names: Option<Vec<_>> = workspace
            .strip_prefix(top)
            .unwrap_or(Path::new(""))
            .iter()
            .map(|name| name.to_str())
            .collect();
        let Some(names) = names else {
            return outer;
        };
        let mut inside = outer.clone();
        inside.base = names.join("/");
        if let Some(patterns) = exclude_file(top).and_then(|path| read_rules(&path)) {
            inside.patterns.push((String::new(), patterns));
        }
        let mut folder = top.to_owned();
        for (depth, name) in names.iter().enumerate() {
            if let Some(patterns) = read_rules(&folder.join(".gitignore")) {
                inside.patterns.push((names[..depth].join("/"), patterns));
            }
            folder.push(name);
        }
        // Who works in a folder that the repository ignores does not want all of it ignored.
        let rules = inside.compile();
        let mut path = RepoPathBuf::root();
        for name in &names {
            path = match joined(&path, name) {
                Some(path) => path,
                None => return outer,
            };
            if rules.matches_dir(&path) {
                return outer;
            }
        }
        inside
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the rules of the workspace's folder, before its own `.gitignore`.
    pub(super) fn root(&self) -> Arc<Rules> {
        let bytes = serde_json::to_vec(self).unwrap_or_default();
        Arc::new(Rules {
            digest: digest(0, &bytes),
            base: RepoPathBuf::from_internal_string(self.base.clone())
                .unwrap_or_else(|_| RepoPathBuf::root()),
            step: Step::Outer(self.clone()),
            compiled: OnceLock::new(),
        })
    }

    fn compile(&self) -> Arc<GitIgnoreFile> {
        let mut rules = GitIgnoreFile::empty();
        for (folder, patterns) in &self.patterns {
            rules = chain(&rules, folder, patterns.as_bytes());
        }
        rules
    }
}

/// The rules that hold in a folder of the workspace.
#[derive(Debug)]
pub(super) struct Rules {
    digest: u64,
    base: RepoPathBuf,
    step: Step,
    compiled: OnceLock<Arc<GitIgnoreFile>>,
}

#[derive(Debug)]
enum Step {
    Outer(OuterRules),
    Inner {
        parent: Arc<Rules>,
        folder: String,
        patterns: Vec<u8>,
    },
}

impl Rules {
    /// Returns the rules of `folder`, whose `.gitignore` holds `patterns`. These are the rules of
    /// the folder above it.
    pub(super) fn with(self: &Arc<Self>, folder: &str, patterns: Vec<u8>) -> Arc<Self> {
        Arc::new(Self {
            digest: digest(self.digest, &patterns),
            base: self.base.clone(),
            step: Step::Inner {
                parent: self.clone(),
                folder: folder.to_owned(),
                patterns,
            },
            compiled: OnceLock::new(),
        })
    }

    /// Returns a number that stands for these rules.
    pub(super) fn digest(&self) -> u64 {
        self.digest
    }

    /// Tells whether a file of the workspace is ignored, given that its folder is not.
    pub(super) fn ignores_file(&self, path: &str) -> bool {
        self.full_path(path)
            .is_some_and(|path| self.compiled().matches_file(&path))
    }

    /// Tells whether a folder of the workspace is ignored, given that the one above it is not.
    pub(super) fn ignores_folder(&self, path: &str) -> bool {
        self.full_path(path)
            .is_some_and(|path| self.compiled().matches_dir(&path))
    }

    fn full_path(&self, path: &str) -> Option<RepoPathBuf> {
        joined(&self.base, path)
    }

    fn compiled(&self) -> &Arc<GitIgnoreFile> {
        self.compiled.get_or_init(|| match &self.step {
            Step::Outer(outer) => outer.compile(),
            Step::Inner {
                parent,
                folder,
                patterns,
            } => {
                let folder = self.full_path(folder).unwrap_or_else(RepoPathBuf::root);
                chain(
                    parent.compiled(),
                    folder.as_internal_file_string(),
                    patterns,
                )
            }
        })
    }
}

/// Reads the patterns of a file that may stand in the way of others: bounded, and only a file.
pub(super) fn read_bounded(file: File) -> Option<Vec<u8>> {
    let mut patterns = Vec::new();
    file.take(MAX_RULES).read_to_end(&mut patterns).ok()?;
    Some(patterns)
}

fn read_rules(path: &Path) -> Option<String> {
    let is_file = fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    let patterns = is_file.then(|| File::open(path).ok().and_then(read_bounded))??;
    (!patterns.is_empty()).then(|| String::from_utf8_lossy(&patterns).into_owned())
}

/// Returns the repository's own file of patterns. `.git` is a file in submodules and in further
/// working trees, and says where the repository is (gitrepository-layout(5)).
fn exclude_file(top: &Path) -> Option<PathBuf> {
    let mut folder = top.join(".git");
    if folder.is_file() {
        let text = fs::read_to_string(&folder).ok()?;
        folder = top.join(text.strip_prefix("gitdir:")?.trim());
        if let Ok(common) = fs::read_to_string(folder.join("commondir")) {
            folder = folder.join(common.trim());
        }
    }
    Some(folder.join("info/exclude"))
}

fn chain(parent: &Arc<GitIgnoreFile>, folder: &str, patterns: &[u8]) -> Arc<GitIgnoreFile> {
    let Ok(folder) = RepoPath::from_internal_string(folder) else {
        return parent.clone();
    };
    // The path is for messages that there are none of.
    parent
        .chain(folder, Path::new(".gitignore"), patterns)
        .unwrap_or_else(|_| parent.clone())
}

fn joined(base: &RepoPath, path: &str) -> Option<RepoPathBuf> {
    let base = base.as_internal_file_string();
    let full = match (base, path) {
        ("", path) => path.to_owned(),
        (base, "") => base.to_owned(),
        (base, path) => format!("{base}/{path}"),
    };
    RepoPathBuf::from_internal_string(full).ok()
}

fn digest(parent: u64, patterns: &[u8]) -> u64 {
    let bytes = [&parent.to_le_bytes(), patterns].concat();
    let [a, b, c, d, e, f, g, h, ..] = ObjectId::of(ObjectKind::Print, &bytes).0;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}
