//! What all scans share: rules, limits, and what becomes of a finding.

use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use loom_cli_git::Commit;
use loom_redact::{Detector, KnownSecrets, Origin, Rules};

use crate::baseline::Baseline;
use crate::content::{ContentSearch, Found};
use crate::encoding::BinaryFiles;
use crate::leak::{Leak, Omission, Reason, Report};
use crate::progress::Progress;

/// How much of a file is read at once, in bytes.
pub(crate) const CHUNK: usize = 256 << 10;

/// The most leaks that are listed. Who has more needs another rule first.
const MOST_LEAKS: usize = 100_000;

/// What a scan leaves out, and how hard it works.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The largest file that is looked through, in bytes.
    pub largest: u64,
    /// Whether binary files are looked through.
    pub binary: BinaryFiles,
    /// The rules whose findings count; all when empty.
    pub rules: Vec<String>,
    /// How many threads read and search.
    pub threads: NonZeroUsize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            largest: 100 << 20,
            binary: BinaryFiles::PassOver,
            rules: Vec::new(),
            threads: NonZeroUsize::MIN,
        }
    }
}

/// Looks for secrets in trees, indexes and histories.
#[derive(Debug)]
pub struct Scanner {
    pub(crate) detector: Detector,
    /// Takes out of excerpts what own rules do not know.
    mask: Detector,
    pub(crate) rules: Rules,
    pub(crate) limits: Limits,
    pub(crate) baseline: Baseline,
    pub(crate) progress: Arc<Progress>,
}

/// Where a content comes from.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) path: PathBuf,
    pub(crate) commit: Option<Arc<Commit>>,
    /// Puts the leaks of a history in order.
    pub(crate) order: u64,
}

impl Place {
    fn origin<'a>(&'a self, path: &'a str) -> Origin<'a> {
        Origin {
            path: Some(path),
            commit: self.commit.as_ref().map(|commit| commit.id.as_str()),
        }
    }
}

/// What threads collect together.
#[derive(Debug, Default)]
pub(crate) struct Collection {
    report: Mutex<Report>,
    orders: Mutex<Vec<(u64, Leak)>>,
}

impl Scanner {
    /// Takes the rules, the values that are known to be secret, what is left out, and what is known already.
    pub fn new(rules: &Rules, known: KnownSecrets, limits: Limits, baseline: Baseline) -> Self {
        Self {
            mask: Detector::new(Rules::builtin(), KnownSecrets::new()),
            detector: Detector::new(rules, known),
            rules: rules.clone(),
            limits,
            baseline,
            progress: Arc::default(),
        }
    }

    /// Returns what is done so far, to be watched and stopped.
    pub fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    /// Whether the rules leave a place out.
    pub(crate) fn leaves_out(&self, place: &Place) -> bool {
        let path = place.path.to_string_lossy();
        self.rules.allows_origin(place.origin(&path))
    }

    /// Starts to look through a content; none when the rules leave its place out.
    pub(crate) fn search(&self, place: &Place) -> Option<ContentSearch> {
        let path = place.path.to_string_lossy();
        let origin = place.origin(&path);
        if self.rules.allows_origin(origin) {
            return None;
        }
        Some(ContentSearch::new(
            &self.detector,
            &origin,
            self.limits.binary,
        ))
    }

    /// Looks through what is read, up to the limit, in pieces of the buffer's length. Returns how much was read.
    pub(crate) fn read(
        &self,
        place: Place,
        source: &mut dyn Read,
        buffer: &mut [u8],
        collection: &Collection,
    ) -> u64 {
        let Some(mut search) = self.search(&place) else {
            return 0;
        };
        let mut total = 0;
        while !self.progress.is_stopped() {
            let read = match fill(source, buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) => {
                    collection.omit(place.path.clone(), Reason::Unreadable(error.to_string()));
                    break;
                }
            };
            total += read as u64;
            self.progress.add_bytes(read as u64);
            if total > self.limits.largest {
                // It has grown since its size was looked at.
                let (size, limit) = (total, self.limits.largest);
                collection.omit(place.path.clone(), Reason::TooLarge { size, limit });
                break;
            }
            // A short piece is the end.
            if !search.push(&buffer[..read]) || read < buffer.len() {
                break;
            }
        }
        self.take(place, search.finish(), total, collection);
        total
    }

    /// Keeps what counts of the findings in a content.
    pub(crate) fn take(
        &self,
        place: Place,
        found: Option<Vec<Found>>,
        bytes: u64,
        collection: &Collection,
    ) {
        let Some(found) = found else {
            collection.with(|report| report.binaries += 1);
            return;
        };
        self.progress.add_file();
        collection.with(|report| {
            report.files += 1;
            report.bytes += bytes;
        });
        for (finding, excerpt) in found {
            let wanted = &self.limits.rules;
            if !wanted.is_empty() && !wanted.contains(&finding.rule) {
                continue;
            }
            if finding.allowed_inline {
                collection.with(|report| report.allowed += 1);
                continue;
            }
            if self.baseline.contains(&finding) {
                collection.with(|report| report.known += 1);
                continue;
            }
            self.progress.add_leak();
            let leak = Leak {
                path: place.path.clone(),
                commit: place.commit.clone(),
                finding,
                excerpt: excerpt.map(|excerpt| self.mask.redact(&excerpt).into_owned()),
            };
            collection.add(place.order, leak);
        }
    }
}

impl Collection {
    /// Notes what was left out.
    pub(crate) fn omit(&self, path: impl AsRef<Path>, reason: Reason) {
        let path = path.as_ref().to_owned();
        self.with(|report| report.omissions.push(Omission { path, reason }));
    }

    fn with(&self, change: impl FnOnce(&mut Report)) {
        change(&mut locked(&self.report));
    }

    fn add(&self, order: u64, leak: Leak) {
        let mut leaks = locked(&self.orders);
        if leaks.len() < MOST_LEAKS {
            leaks.push((order, leak));
        } else {
            self.with(|report| report.unlisted += 1);
        }
    }

    /// Takes everything out, in order, however many threads have collected it.
    pub(crate) fn take_report(&self) -> Report {
        let mut leaks = std::mem::take(&mut *locked(&self.orders));
        let mut report = std::mem::take(&mut *locked(&self.report));
        leaks.sort_by(|(left_order, left), (right_order, right)| {
            let by_place = left_order.cmp(right_order).then(left.path.cmp(&right.path));
            by_place.then(left.finding.range.start.cmp(&right.finding.range.start))
        });
        report.leaks = leaks.into_iter().map(|(_, leak)| leak).collect();
        report.omissions.sort_unstable();
        report
    }
}

/// What a thread that has panicked leaves behind is whole: each change is a single one.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads until the buffer is full or the source has ended.
fn fill(source: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives endless text of the given length, and notes how much was asked for at once.
    struct Text {
        left: u64,
        largest_request: usize,
    }

    impl Read for Text {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.largest_request = self.largest_request.max(buffer.len());
            let length = buffer.len().min(usize::try_from(self.left).unwrap());
            buffer[..length].fill(b'x');
            self.left -= length as u64;
            Ok(length)
        }
    }

    fn scanner(largest: u64) -> Scanner {
        let limits = Limits {
            largest,
            ..Limits::default()
        };
        Scanner::new(
            &Rules::default(),
            KnownSecrets::new(),
            limits,
            Baseline::default(),
        )
    }

    fn place() -> Place {
        Place {
            path: "large".into(),
            commit: None,
            order: 0,
        }
    }

    #[test]
    fn a_file_is_read_in_pieces_of_the_buffer_only() {
        let length = 4 * CHUNK as u64 + 1;
        let mut text = Text {
            left: length,
            largest_request: 0,
        };
        let collection = Collection::default();
        scanner(u64::MAX).read(place(), &mut text, &mut vec![0; CHUNK], &collection);
        assert_eq!(text.largest_request, CHUNK);
        let report = collection.take_report();
        assert_eq!((report.files, report.bytes), (1, length));
    }

    #[test]
    fn a_file_that_grows_past_the_limit_is_noted_and_left() {
        let mut text = Text {
            left: u64::MAX >> 1,
            largest_request: 0,
        };
        let collection = Collection::default();
        scanner(1000).read(place(), &mut text, &mut vec![0; CHUNK], &collection);
        let omission = Omission {
            path: "large".into(),
            reason: Reason::TooLarge {
                size: CHUNK as u64,
                limit: 1000,
            },
        };
        assert_eq!(collection.take_report().omissions, [omission]);
    }
}
