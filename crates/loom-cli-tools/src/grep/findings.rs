//! What a search found: the first results by path within the limits, and counts of all.
//!
//! Files come in any order. What is kept is always the beginning of the sorted results so far: as
//! soon as the files before the last one fill the limits, the last one is dropped. So the memory
//! stays bounded, and in the end the kept files are exactly those that a search in order of paths
//! would have shown.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::OutputMode;

/// How much of the results is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Matches, or files.
    pub(super) results: usize,
    /// Bytes of text.
    pub(super) bytes: usize,
}

/// What was found in one file.
#[derive(Clone, Debug, Default)]
pub(super) struct FileFindings {
    /// How many matches there are.
    pub(super) matches: u64,
    /// The lines of those that are kept, with the context lines around them.
    kept: Vec<String>,
    /// Length of all that is kept.
    bytes: usize,
}

impl FileFindings {
    /// Keeps the lines of a match.
    pub(super) fn push(&mut self, lines: String) {
        self.bytes += lines.len();
        self.kept.push(lines);
    }

    /// Keeps a line after the match that was kept last.
    pub(super) fn extend(&mut self, line: &str) {
        if let Some(last) = self.kept.last_mut() {
            self.bytes += line.len();
            last.push_str(line);
        }
    }
}

/// What was found so far, shared by the threads of a search.
pub(super) struct Findings {
    mode: OutputMode,
    limits: Limits,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    files: BTreeMap<PathBuf, FileFindings>,
    /// Sums over `files`.
    shown: usize,
    bytes: usize,
    /// Counts of everything, kept or not.
    all_files: u64,
    all_matches: u64,
    unreadable: u64,
}

impl Findings {
    pub(super) fn new(mode: OutputMode, limits: Limits) -> Self {
        Self {
            mode,
            limits,
            kept: Mutex::default(),
        }
    }

    /// Tells whether what is found in the file at `path` may be shown in the end.
    pub(super) fn wants(&self, path: &Path) -> bool {
        let kept = self.lock();
        let is_full = kept.shown >= self.limits.results || kept.bytes >= self.limits.bytes;
        !is_full
            || kept
                .files
                .last_key_value()
                .is_none_or(|(last, _)| path < last.as_path())
    }

    /// Tells whether more of one file may be shown.
    pub(super) fn has_room(&self, found: &FileFindings) -> bool {
        found.kept.len() < self.limits.results && found.bytes < self.limits.bytes
    }

    /// Tells whether the lines of one match may be shown and grow.
    pub(super) fn fits(&self, lines: &str) -> bool {
        lines.len() < self.limits.bytes
    }

    /// Adds what was found in a file.
    pub(super) fn add(&self, path: &Path, found: FileFindings) {
        if found.matches == 0 {
            return;
        }
        let mut kept = self.lock();
        kept.all_files += 1;
        kept.all_matches += found.matches;
        kept.shown += self.results_of(&found);
        kept.bytes += self.bytes_of(path, &found);
        kept.files.insert(path.to_owned(), found);
        while let Some((path, last)) = kept.files.last_key_value() {
            let shown = kept.shown - self.results_of(last);
            let bytes = kept.bytes - self.bytes_of(path, last);
            if shown < self.limits.results && bytes < self.limits.bytes {
                break;
            }
            kept.files.pop_last();
            (kept.shown, kept.bytes) = (shown, bytes);
        }
    }

    /// Counts a file or folder that could not be read.
    pub(super) fn add_unreadable(&self) {
        self.lock().unreadable += 1;
    }

    /// Returns the text for the model.
    pub(super) fn report(self) -> String {
        let kept = std::mem::take(&mut *self.lock());
        let mut text = String::new();
        let mut shown = 0;
        for (path, found) in &kept.files {
            let added = self.push_file(&mut text, path, found, shown);
            shown += added;
            // What comes later by path is not shown before what was left out here.
            if added < self.results_of(found) || shown == self.limits.results {
                break;
            }
        }
        if kept.all_matches == 0 {
            text.push_str("No matches.\n");
        }
        let (all, noun) = match self.mode {
            OutputMode::Content => (kept.all_matches, "matches"),
            OutputMode::FilesWithMatches | OutputMode::Count => (kept.all_files, "files"),
        };
        if (shown as u64) < all {
            let files = match self.mode {
                OutputMode::Content => format!(" in {} files", kept.all_files),
                OutputMode::FilesWithMatches | OutputMode::Count => String::new(),
            };
            let _ = writeln!(
                text,
                "({shown} of {all} {noun}{files} are shown; narrow the search down with path, \
                 glob or a longer pattern)"
            );
        } else if self.mode == OutputMode::Count && kept.all_files > 1 {
            let _ = writeln!(text, "({} in all)", kept.all_matches);
        }
        if kept.unreadable > 0 {
            let _ = writeln!(text, "({} files could not be read)", kept.unreadable);
        }
        text.truncate(text.trim_end().len());
        text
    }

    /// Appends the results of one file as far as the limits go, after `before` results of others.
    /// Returns how many that are.
    fn push_file(
        &self,
        text: &mut String,
        path: &Path,
        found: &FileFindings,
        before: usize,
    ) -> usize {
        let path = path.display();
        let (heading, results) = match self.mode {
            OutputMode::FilesWithMatches => (String::new(), &[format!("{path}\n")][..]),
            OutputMode::Count => (String::new(), &[format!("{path}:{}\n", found.matches)][..]),
            OutputMode::Content => {
                let gap = if text.is_empty() { "" } else { "\n" };
                (format!("{gap}{path}\n"), found.kept.as_slice())
            }
        };
        let mut shown = 0;
        for result in results {
            let heading = if shown == 0 { heading.as_str() } else { "" };
            let fits = text.len() + heading.len() + result.len() <= self.limits.bytes;
            // The first result is shown whatever its length: no output would help nobody.
            if before + shown == self.limits.results || !(fits || before + shown == 0) {
                break;
            }
            text.push_str(heading);
            text.push_str(result);
            shown += 1;
        }
        shown
    }

    fn results_of(&self, found: &FileFindings) -> usize {
        match self.mode {
            OutputMode::Content => found.kept.len(),
            OutputMode::FilesWithMatches | OutputMode::Count => 1,
        }
    }

    fn bytes_of(&self, path: &Path, found: &FileFindings) -> usize {
        path.as_os_str().len() + found.bytes
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Matches of a file, as many as `count`.
    fn found(count: usize) -> FileFindings {
        let mut found = FileFindings::default();
        for number in 1..=count {
            found.matches += 1;
            found.push(format!("{number}:needle\n"));
        }
        found
    }

    proptest! {
        #[test]
        fn the_order_in_which_files_come_makes_no_difference_and_few_are_kept(
            counts in prop::collection::vec(1..5_usize, 1..40),
            order in any::<prop::sample::Index>(),
            results in 1..20_usize,
            bytes in 1..400_usize,
        ) {
            let limits = Limits { results, bytes };
            let sorted = Findings::new(OutputMode::Content, limits);
            let turned = Findings::new(OutputMode::Content, limits);
            let files: Vec<(PathBuf, FileFindings)> = counts
                .iter()
                .enumerate()
                .map(|(number, count)| (PathBuf::from(format!("{number:02}.txt")), found(*count)))
                .collect();
            for (path, found) in &files {
                sorted.add(path, found.clone());
            }
            let start = order.index(files.len());
            let longest_file = "00.txt".len() + 4 * "1:needle\n".len();
            for (path, found) in files[start..].iter().chain(&files[..start]).rev() {
                // As a search does: what is not wanted any more is counted only.
                let mut found = found.clone();
                if !turned.wants(path) {
                    found.kept.clear();
                    found.bytes = 0;
                }
                turned.add(path, found);
                let kept = turned.lock();
                prop_assert!(kept.files.len() <= results);
                prop_assert!(kept.bytes < bytes + longest_file);
            }
            prop_assert_eq!(sorted.report(), turned.report());
        }
    }
}
