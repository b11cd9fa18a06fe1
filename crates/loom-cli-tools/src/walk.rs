//! Which files of the workspace the searching tools see.
//!
//! What git ignores is left out, hidden files are not: much of a project's set-up has names with
//! a leading dot. `.gitignore` files count from the repository's top folder down; where there is
//! no repository they count all the same, from the searched folder down, so that an ignore file
//! of an unrelated folder above cannot hide the workspace. `.ignore` files count too. The person's
//! own ignore file (`core.excludesFile`) does not: it stands outside of what the tools are given.
//! A folder that is named in the call is searched even when it is ignored. Symbolic links are not
//! followed, so no search leaves the folder that it was permitted.
//!
//! Rules of permission can withhold what is below a folder that may be searched: folders are then not
//! gone into, files not looked into, and the answer says so ([`Withheld`]).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use globset::{GlobBuilder, GlobMatcher};
use ignore::WalkBuilder;

use crate::error::ToolError;
use crate::workspace::{Workspace, WorkspacePath};

/// Folders in which version control keeps its own data.
pub(crate) const VERSION_CONTROL: [&str; 4] = [".git", ".hg", ".jj", ".svn"];

/// The most names of withheld files and folders that an answer gives.
const MAX_WITHHELD_NAMES: usize = 3;

/// Makes the walk through `start`: a folder, or a single file. Folders that it may not go into are
/// noted in `withheld`.
pub(crate) fn walk(
    workspace: &Workspace,
    start: &WorkspacePath,
    withheld: &Withheld,
) -> WalkBuilder {
    // The folder whose repository counts.
    let top = if start.is_inside() {
        workspace.root()
    } else {
        &start.absolute
    };
    let workspace = workspace.clone();
    let withheld = withheld.clone();
    let mut walk = WalkBuilder::new(&start.absolute);
    walk.hidden(false)
        .require_git(false)
        .parents(is_in_repository(top))
        .git_global(false)
        .current_dir(top)
        .filter_entry(move |entry| {
            if entry.depth() == 0 {
                return true;
            }
            if VERSION_CONTROL
                .iter()
                .any(|name| entry.file_name() == *name)
            {
                return false;
            }
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            !is_folder || withheld.admits(&workspace, entry.path())
        });
    walk
}

/// The files and folders that rules keep out of a search. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Withheld(Arc<Mutex<WithheldPaths>>);

#[derive(Debug, Default)]
struct WithheldPaths {
    count: usize,
    /// The first of them by path, as they are shown.
    first: BTreeSet<PathBuf>,
}

impl Withheld {
    /// Tells whether a file or folder below the start may be read, and notes it if not.
    pub(crate) fn admits(&self, workspace: &Workspace, path: &Path) -> bool {
        if workspace.readable().admits(path) {
            return true;
        }
        let mut withheld = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        withheld.count += 1;
        let shown = path.strip_prefix(workspace.root()).unwrap_or(path);
        withheld.first.insert(shown.to_owned());
        if withheld.first.len() > MAX_WITHHELD_NAMES {
            withheld.first.pop_last();
        }
        false
    }

    /// Adds to an answer what was kept out of the search.
    pub(crate) fn append_to(&self, answer: &mut String) {
        let withheld = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if withheld.count == 0 {
            return;
        }
        let names: Vec<_> = withheld
            .first
            .iter()
            .map(|path| path.display().to_string().replace('\n', "\\n"))
            .collect();
        let more = match withheld.count - names.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        answer.push_str(&format!(
            "\n(not searched, as rules of permission withhold it: {}{more})",
            names.join(", ")
        ));
    }
}

fn is_in_repository(folder: &Path) -> bool {
    folder
        .ancestors()
        .any(|folder| folder.join(".git").exists() || folder.join(".jj").exists())
}

/// A pattern for paths, as in `.gitignore`: without a slash it is for names in any folder.
///
/// A path matches when it does relative to the searched folder or to the workspace, for both are
/// ways to mean it. With a leading `!` it matches all others.
#[derive(Debug)]
pub(crate) struct PathPattern {
    matcher: GlobMatcher,
    is_negated: bool,
}

impl PathPattern {
    /// Reads a pattern of a call's argument `argument`.
    ///
    /// # Errors
    ///
    /// [`ToolError::Arguments`] when it is not a pattern.
    pub(crate) fn parse(
        argument: &str,
        pattern: &str,
        workspace: &Workspace,
    ) -> Result<Self, ToolError> {
        let (is_negated, wanted) = match pattern.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, pattern),
        };
        let mut wanted = Path::new(wanted)
            .strip_prefix(workspace.root())
            .ok()
            .and_then(Path::to_str)
            .unwrap_or(wanted)
            .trim_start_matches("./")
            .to_owned();
        if wanted.ends_with('/') {
            wanted.push_str("**");
        }
        if !wanted.contains('/') {
            wanted.insert_str(0, "**/");
        }
        let glob = GlobBuilder::new(&wanted)
            .literal_separator(true)
            .backslash_escape(true)
            .empty_alternates(true)
            .build()
            .map_err(|error| {
                ToolError::Arguments(format!(
                    "`{argument}` is not a pattern: {}. Patterns are like `*.rs`, `src/**/*.ts`, \
                     `*.{{js,jsx}}`; a backslash takes the meaning from a special character.",
                    error.kind()
                ))
            })?;
        Ok(Self {
            matcher: glob.compile_matcher(),
            is_negated,
        })
    }

    /// Tells whether a file matches, given its paths from the searched folder and from the
    /// workspace.
    pub(crate) fn matches(&self, from_start: &Path, from_workspace: &Path) -> bool {
        let is_match = self.matcher.is_match(from_start) || self.matcher.is_match(from_workspace);
        is_match != self.is_negated
    }
}
