//! Paths of a repository, as they are typed in the current folder.

use std::path::{Component, Path, PathBuf};

/// Writes paths relative to the current folder.
#[derive(Clone, Debug)]
pub(crate) struct ShownPaths {
    /// The current folder, from the top of the repository; none when it is elsewhere.
    folder: Option<PathBuf>,
}

impl ShownPaths {
    /// Takes the top of the repository and the current folder, both absolute.
    pub(crate) fn new(root: &Path, folder: &Path) -> Self {
        Self {
            folder: folder.strip_prefix(root).ok().map(Path::to_owned),
        }
    }

    /// Returns a path, which is given from the top, as seen from the current folder.
    pub(crate) fn shown(&self, path: &str) -> String {
        let Some(folder) = &self.folder else {
            return path.to_owned();
        };
        let above: Vec<_> = folder.components().map(Component::as_os_str).collect();
        let parts: Vec<_> = path.split('/').collect();
        let pairs = above.iter().zip(&parts[..parts.len() - 1]);
        let shared = pairs.take_while(|(one, other)| *one == *other).count();
        let up = above.len() - shared;
        let mut shown = vec![".."; up];
        shown.extend(&parts[shared..]);
        shown.join("/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_as_they_would_be_typed() {
        let from = |folder: &str| ShownPaths::new(Path::new("/repo"), Path::new(folder));
        for (folder, path, shown) in [
            ("/repo", "src/a.rs", "src/a.rs"),
            ("/repo/src", "src/a.rs", "a.rs"),
            ("/repo/src/x", "src/a.rs", "../a.rs"),
            ("/repo/docs", "src/a.rs", "../src/a.rs"),
            ("/repo/src", "src", "../src"),
            ("/elsewhere", "src/a.rs", "src/a.rs"),
        ] {
            assert_eq!(from(folder).shown(path), shown, "{folder} {path}");
        }
    }
}
