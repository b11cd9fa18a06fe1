//! Files that the agent moved.
//!
//! A file that is gone and one that has come are told as two. When the person had uncommitted changes in the
//! first, the second holds them as well, and committed as a new file it would take them along. So the two are
//! brought together again where their contents are alike.

use std::collections::HashMap;

use loom_cli_git::{FileChange, Version};

/// How much of the lines must be the same, in percent of the longer one; as git has it for renames.
const ALIKE: usize = 50;

/// Files that are compared line by line at most: with each other, so the work grows with the square.
const MOST: usize = 50;

/// Finds which new files were moved from which deleted ones.
pub(crate) fn find(changes: Vec<FileChange>) -> Vec<FileChange> {
    let (mut gone, rest): (Vec<_>, Vec<_>) = changes
        .into_iter()
        .partition(|change| change.with.is_none() && change.without.is_some());
    let mut found = Vec::new();
    for mut change in rest {
        let is_new = change.without.is_none() && change.moved_from.is_none();
        if let (true, Some(with)) = (is_new, &change.with)
            && let Some(at) = origin(&gone, with)
        {
            let origin = gone.remove(at);
            change.without = origin.without;
            change.moved_from = Some(origin.path);
        }
        found.push(change);
    }
    found.extend(gone);
    found
}

/// Returns which of the deleted files is most like a new one, if one is.
fn origin(gone: &[FileChange], with: &Version) -> Option<usize> {
    let same = gone
        .iter()
        .position(|gone| gone.without.as_ref() == Some(with));
    if same.is_some() || gone.len() > MOST {
        return same;
    }
    let likeness = |gone: &FileChange| likeness(gone.without.as_ref()?, with);
    let best = gone
        .iter()
        .enumerate()
        .filter_map(|(at, gone)| Some((likeness(gone)?, at)))
        .max_by_key(|(likeness, at)| (*likeness, usize::MAX - at));
    best.filter(|(likeness, _)| *likeness >= ALIKE)
        .map(|(_, at)| at)
}

/// Returns how much of the lines of two texts is the same, in percent of the longer one.
fn likeness(a: &Version, b: &Version) -> Option<usize> {
    let (Version::File { bytes: a, .. }, Version::File { bytes: b, .. }) = (a, b) else {
        return None;
    };
    if a.contains(&0) || b.contains(&0) || a.is_empty() || b.is_empty() {
        return None;
    }
    let lines = |text: &'_ [u8]| text.split_inclusive(|byte| *byte == b'\n').count();
    let mut counts: HashMap<&[u8], usize> = HashMap::new();
    for line in a.split_inclusive(|byte| *byte == b'\n') {
        *counts.entry(line).or_default() += 1;
    }
    let mut same = 0;
    for line in b.split_inclusive(|byte| *byte == b'\n') {
        if let Some(count) = counts.get_mut(line).filter(|count| **count > 0) {
            *count -= 1;
            same += 1;
        }
    }
    Some(100 * same / lines(a).max(lines(b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(path: &str, without: Option<&str>, with: Option<&str>) -> FileChange {
        let file = |text: &str| Version::File {
            bytes: text.into(),
            is_executable: false,
        };
        FileChange {
            path: path.into(),
            moved_from: None,
            without: without.map(file),
            with: with.map(file),
        }
    }

    #[test]
    fn a_new_file_that_is_like_a_deleted_one_was_moved_from_there() {
        let found = find(vec![
            change("a", Some("1\n2\n3\n4\n"), None),
            change("b", None, Some("other\n")),
            change("c", None, Some("1\n2\n3\nx\n")),
            change("d", Some("1\n"), Some("1\n2\n")),
            change("e", Some("only here\n"), None),
        ]);
        let expected = vec![
            change("b", None, Some("other\n")),
            FileChange {
                moved_from: Some("a".into()),
                ..change("c", Some("1\n2\n3\n4\n"), Some("1\n2\n3\nx\n"))
            },
            change("d", Some("1\n"), Some("1\n2\n")),
            change("e", Some("only here\n"), None),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn of_several_the_same_one_is_taken() {
        let found = find(vec![
            change("a", Some("1\n2\n"), None),
            change("b", Some("1\n3\n"), None),
            change("c", None, Some("1\n3\n")),
        ]);
        assert_eq!(found[0].moved_from.as_deref(), Some("b".as_ref()));
    }
}
