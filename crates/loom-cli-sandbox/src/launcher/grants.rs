//! Allowing all but a few places with rules that can only allow.
//!
//! A rule of Landlock allows a folder with everything below it, and no rule takes anything away. So
//! a folder with a hidden place somewhere below is not allowed itself; its entries are, one by one,
//! and the one that leads to the hidden place is treated the same way. The cost is that such a
//! folder cannot be listed, and that nothing can be made directly in it.

use std::fs;
use std::path::{Path, PathBuf};

/// How many entries of a folder are allowed one by one. What comes after them stays closed.
const MAX_ENTRIES: usize = 8192;

/// Returns what to allow so that everything at or below `root` can be reached but `hidden`.
///
/// `root` and `hidden` are absolute and without symbolic links. Links are left out: what they lead
/// to is allowed or hidden where it is.
pub(super) fn all_but(root: &Path, hidden: &[PathBuf]) -> Vec<PathBuf> {
    let mut grants = Vec::new();
    collect(root, hidden, &mut grants);
    grants
}

fn collect(path: &Path, hidden: &[PathBuf], grants: &mut Vec<PathBuf>) {
    if hidden.iter().any(|place| path.starts_with(place)) {
        return;
    }
    if !hidden.iter().any(|place| place.starts_with(path)) {
        grants.push(path.to_owned());
        return;
    }
    let Ok(entries) = fs::read_dir(path) else {
        return;
    };
    for entry in entries.take(MAX_ENTRIES).flatten() {
        if entry.file_type().is_ok_and(|kind| !kind.is_symlink()) {
            collect(&entry.path(), hidden, grants);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// Paths of up to three short names.
    fn paths() -> impl Strategy<Value = BTreeSet<PathBuf>> {
        let path = prop::collection::vec("[abc]", 1..4)
            .prop_map(|names| names.iter().collect::<PathBuf>());
        prop::collection::btree_set(path, 0..12)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn all_but_the_hidden_is_reached(folders in paths(), places in paths()) {
            let scratch = tempfile::tempdir().unwrap();
            let root = scratch.path().canonicalize().unwrap();
            for folder in &folders {
                fs::create_dir_all(root.join(folder)).unwrap();
            }
            let hidden: Vec<PathBuf> = places
                .iter()
                .map(|place| root.join(place))
                .filter(|place| place.exists())
                .collect();
            let grants = all_but(&root, &hidden);
            for grant in &grants {
                prop_assert!(
                    hidden.iter().all(|place| !place.starts_with(grant)),
                    "{grant:?} opens a hidden place"
                );
            }
            for folder in folders.iter().map(|folder| root.join(folder)) {
                let is_reached = grants.iter().any(|grant| folder.starts_with(grant));
                let is_hidden = hidden.iter().any(|place| folder.starts_with(place));
                let leads_to_hidden = hidden.iter().any(|place| place.starts_with(&folder));
                prop_assert_eq!(is_reached, !is_hidden && !leads_to_hidden, "{:?}", folder);
            }
        }
    }
}
