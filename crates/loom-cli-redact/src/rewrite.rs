//! Takes the secrets out of a file in its place.
//!
//! The file is read once to know whether there is something to do. Then a new file is written beside it and takes
//! its name at the very end: whatever happens before, and whoever looks meanwhile, sees the old one whole.

use std::fs::{self, File, Metadata};
use std::io::{self, BufWriter, Read as _, Seek as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use loom_common_file::{Access, Replacement};
use loom_redact::{Detector, Finding, Origin};

use crate::encoding::{BinaryFiles, Encoding, HEAD};
use crate::error::RedactError;
use crate::filter::filter;
use crate::progress::Progress;
use crate::rule_file::open;

/// What has become of a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Rewritten {
    /// It has no secret and was not touched.
    Clean,
    /// It was replaced.
    Changed {
        /// The first of the secrets that were in it.
        findings: Vec<Finding>,
        /// How many there were.
        total: u64,
        /// How many other names the old file has: they still lead to the secrets.
        other_names: u64,
    },
    /// It is binary and was not touched.
    Binary,
    /// It holds secrets and was not touched: it says that it is UTF-16 and is not valid, and so could not be
    /// written back as it is.
    Damaged,
}

/// Takes the secrets out of a file. A link is followed; permissions and line ends stay. `origin` is what rules see.
///
/// # Errors
///
/// [`RedactError::File`], [`RedactError::Unusable`], [`RedactError::Changed`] and [`RedactError::Stopped`]; the file
/// is as before.
pub fn rewrite(
    detector: &Detector,
    path: &Path,
    origin: &Origin<'_>,
    binary: BinaryFiles,
    progress: &Progress,
) -> Result<Rewritten, RedactError> {
    let reading = |error| RedactError::reading(path)(error);
    let target = path.canonicalize().map_err(reading)?;
    let mut file = open(&target).map_err(reading)?;
    let before = file.metadata().map_err(reading)?;
    if !before.is_file() {
        return Err(RedactError::Unusable {
            path: path.to_owned(),
            reason: "it is not a file".to_owned(),
        });
    }
    let mut head = Vec::new();
    let length = HEAD as u64;
    (&file)
        .take(length)
        .read_to_end(&mut head)
        .map_err(reading)?;
    if binary == BinaryFiles::PassOver && Encoding::is_binary(&head) {
        return Ok(Rewritten::Binary);
    }
    file.rewind().map_err(reading)?;
    let found = filter(detector, origin, &mut file, &mut io::sink(), progress);
    let found = found.map_err(|error| of_file(path, "read", error))?;
    if found.total == 0 {
        return Ok(Rewritten::Clean);
    }
    if found.had_errors {
        return Ok(Rewritten::Damaged);
    }
    file.rewind().map_err(reading)?;
    let mut new = Replacement::of(&target, Access::Kept).map_err(RedactError::writing(path))?;
    let mut output = BufWriter::new(&mut new);
    let filtered = filter(
        detector,
        origin,
        &mut file,
        &mut Unflushed(&mut output),
        progress,
    );
    let filtered = filtered.map_err(|error| of_file(path, "write", error))?;
    let flushed = output.flush();
    drop(output);
    flushed.map_err(RedactError::writing(path))?;
    if !is_unchanged(&before, &file, &target) {
        return Err(RedactError::Changed {
            path: path.to_owned(),
        });
    }
    progress.go_on()?;
    new.finish().map_err(RedactError::writing(path))?;
    Ok(Rewritten::Changed {
        findings: filtered.findings,
        total: filtered.total,
        other_names: before.nlink().saturating_sub(1),
    })
}

/// Whether the file is still what it was, and still the one of that name.
fn is_unchanged(before: &Metadata, file: &File, target: &Path) -> bool {
    let state = |metadata: &Metadata| {
        let changed = (metadata.mtime(), metadata.mtime_nsec());
        (metadata.dev(), metadata.ino(), metadata.len(), changed)
    };
    let now = file.metadata().map(|metadata| state(&metadata));
    let there = fs::symlink_metadata(target).map(|metadata| state(&metadata));
    now.is_ok_and(|now| now == state(before)) && there.is_ok_and(|there| there == state(before))
}

/// Says which file it is that failed.
fn of_file(path: &Path, action: &'static str, error: RedactError) -> RedactError {
    match error {
        RedactError::Stream(source) => RedactError::File {
            action,
            path: path.to_owned(),
            source,
        },
        other => other,
    }
}

/// A filter flushes what it writes, for those who wait at a pipe. Nobody waits for a file.
struct Unflushed<'a, W>(&'a mut W);

impl<W: io::Write> io::Write for Unflushed<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use loom_redact::{KnownSecrets, Rules};

    use super::*;

    fn detector() -> Detector {
        let rules = "[[rules]]\nid = \"demo\"\nregex = '''\\bdm_[a-z0-9]{20}\\b'''\n";
        Detector::new(
            &Rules::parse(rules, "demo.toml").unwrap(),
            KnownSecrets::new(),
        )
    }

    #[test]
    fn a_rewrite_that_is_stopped_leaves_the_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "dm_0123456789abcdefghij").unwrap();
        let progress = Progress::default();
        progress.stop();
        let origin = Origin::default();
        let stopped = rewrite(
            &detector(),
            &path,
            &origin,
            BinaryFiles::PassOver,
            &progress,
        );
        assert!(matches!(stopped, Err(RedactError::Stopped)), "{stopped:?}");
        assert_eq!(fs::read(&path).unwrap(), b"dm_0123456789abcdefghij");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_somebody_else_writes_or_replaces_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "old").unwrap();
        let file = open(&path).unwrap();
        let before = file.metadata().unwrap();
        assert!(is_unchanged(&before, &file, &path));
        fs::rename(&path, folder.path().join("aside")).unwrap();
        assert!(!is_unchanged(&before, &file, &path), "gone");
        fs::write(&path, "old").unwrap();
        assert!(!is_unchanged(&before, &file, &path), "another one");
        fs::rename(folder.path().join("aside"), &path).unwrap();
        assert!(is_unchanged(&before, &file, &path));
        fs::write(&path, "longer than it was").unwrap();
        assert!(!is_unchanged(&before, &file, &path), "written");
    }
}
