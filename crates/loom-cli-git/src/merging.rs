//! Steps of files, taken from the versions that a commit has.
//!
//! Everything is compared as git stores it: line ends made equal, filters such as those for large files
//! applied. Where the commit has the version that a step begins with, the step's end is taken as it is, and
//! that is nearly always. Where it has another one, because the person's own changes are not committed, the
//! three are merged line by line.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::change::{FileChange, LeftOut, LeftOutReason, Version};
use crate::error::GitError;
use crate::index::{PATHS, Workshop};
use crate::repository::Repository;
use crate::tree_entry::{self, Difference, FILE, LINK, PROGRAM, TreeEntry};

/// How many files are stored at once.
const SIDE_BY_SIDE: usize = 4;

/// Up to how many conflicts of a file `git merge-file` tells as its exit code.
const CONFLICTS: &[i32] = &{
    let mut codes = [0; 128];
    let mut code = 0;
    while code < 128 {
        codes[code] = code as i32;
        code += 1;
    }
    codes
};

/// What a commit and the index are to get.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    /// What stands at each path afterwards in the commit.
    pub(crate) commit: BTreeMap<PathBuf, Option<TreeEntry>>,
    /// What stands there in the person's index: with what is staged there already.
    pub(crate) index: BTreeMap<PathBuf, Option<TreeEntry>>,
    pub(crate) left_out: Vec<LeftOut>,
}

/// What a path is to hold in the commit, and in the index.
type Step = (Option<TreeEntry>, Option<TreeEntry>);

/// What is known of the files that steps are taken of.
struct Found {
    /// What the commit has of them.
    heads: HashMap<PathBuf, TreeEntry>,
    overlooked: HashSet<PathBuf>,
    ignored: HashSet<PathBuf>,
    unconverted: HashSet<PathBuf>,
}

/// Takes steps in a repository.
pub(crate) struct Merging<'a> {
    pub(crate) repository: &'a Repository,
    pub(crate) workshop: &'a Workshop,
    /// The commit that is the parent; none for the first.
    pub(crate) base: Option<&'a str>,
    /// What the person has staged since that commit, where its index goes forward with it.
    pub(crate) staged: &'a [Difference],
    /// Whether the file system tells which files can be executed (`core.fileMode`).
    pub(crate) has_modes: bool,
    /// The largest content that is taken, as git stores it, in bytes.
    pub(crate) max_bytes: u64,
}

impl Merging<'_> {
    pub(crate) async fn steps(&self, changes: &[&FileChange]) -> Result<Steps, GitError> {
        let mut steps = Steps::default();
        let mut nested = HashMap::new();
        let (elsewhere, near): (Vec<_>, Vec<_>) = changes.iter().copied().partition(|change| {
            let mut paths = change.paths();
            paths.any(|path| self.is_elsewhere(path, &mut nested))
        });
        let paths: Vec<&Path> = near.iter().flat_map(|change| change.paths()).collect();
        let (heads, overlooked) =
            futures::try_join!(self.entries(&paths), self.overlooked(&paths))?;
        let (ignored, unconverted) =
            futures::try_join!(self.ignored(&near, &heads), self.unconverted(&near, &heads),)?;
        let found = Found {
            heads,
            overlooked,
            ignored,
            unconverted,
        };
        let looking: Vec<_> = near
            .into_iter()
            .map(|change| self.look_at(change, &found))
            .collect();
        let mut found: Vec<_> = stream::iter(looking)
            .buffered(SIDE_BY_SIDE)
            .try_collect()
            .await?;
        let elsewhere = elsewhere.into_iter();
        found.extend(elsewhere.map(|change| (change, Err(LeftOutReason::Elsewhere))));
        let mut left: HashSet<&Path> = HashSet::new();
        found.sort_by_key(|(change, _)| &change.path);
        for (change, outcome) in found {
            let path = &change.path;
            // In the place of a file that stays there can be no folder.
            let is_below_one_that_stays = path.ancestors().skip(1).any(|up| left.contains(up));
            let outcome = match outcome {
                Ok(Some(_)) if is_below_one_that_stays => Err(LeftOutReason::Inseparable),
                other => other,
            };
            match outcome {
                Ok(None) => {}
                Ok(Some((commit, index))) => {
                    for (steps, entry) in [(&mut steps.commit, commit), (&mut steps.index, index)] {
                        // Something else may have come to where it was.
                        if let Some(from) = &change.moved_from {
                            steps.entry(from.clone()).or_insert(None);
                        }
                        steps.insert(path.clone(), entry);
                    }
                }
                Err(reason) => {
                    left.insert(path);
                    let path = path.clone();
                    steps.left_out.push(LeftOut { path, reason });
                }
            }
        }
        Ok(steps)
    }

    async fn look_at<'a>(
        &self,
        change: &'a FileChange,
        found: &Found,
    ) -> Result<(&'a FileChange, Result<Option<Step>, LeftOutReason>), GitError> {
        let is_overlooked = change.paths().any(|path| found.overlooked.contains(path));
        let outcome = if is_overlooked {
            Err(LeftOutReason::Overlooked)
        } else if found.ignored.contains(&change.path) {
            Err(LeftOutReason::Ignored)
        } else if self.is_in_the_place_of_staged(change) {
            Err(LeftOutReason::Staged)
        } else {
            self.step(change, found).await?
        };
        Ok((change, outcome))
    }

    /// Tells whether something that is staged would have to go for the file: what stands where its folders or
    /// its own name are to be.
    fn is_in_the_place_of_staged(&self, change: &FileChange) -> bool {
        let path = &change.path;
        change.with.is_some()
            && self.staged.iter().any(|staged| {
                let other = &staged.path;
                let is_near = other.starts_with(path) || path.starts_with(other);
                let is_new_place = change.moved_from.is_some() || other != path;
                staged.after.is_some() && is_near && is_new_place
            })
    }

    /// Returns what a path is to hold in the commit, and in the index; none when it is there already.
    async fn step(
        &self,
        change: &FileChange,
        found: &Found,
    ) -> Result<Result<Option<Step>, LeftOutReason>, GitError> {
        let path = &change.path;
        let origin = change.moved_from.as_ref().unwrap_or(path);
        if origin != path && found.heads.contains_key(path) {
            return Ok(Err(LeftOutReason::Inseparable));
        }
        let head = found.heads.get(origin);
        let filters = match found.unconverted.contains(origin) {
            true => None,
            false => Some(path.as_path()),
        };
        let without = self.stored(filters, change.without.as_ref(), head).await?;
        let with = self.stored(filters, change.with.as_ref(), head).await?;
        let head = head.cloned();
        let Some(commit) = self.merged(&head, &without, &with).await? else {
            return Ok(Err(match head {
                None => LeftOutReason::Untracked,
                Some(_) => LeftOutReason::Inseparable,
            }));
        };
        let stays = change.moved_from.is_none() || commit.is_none();
        if commit == head && stays {
            return Ok(Ok(None));
        }
        if let (Some(entry), Some(version)) = (&commit, &change.with)
            && version.bytes().len() as u64 > self.max_bytes
            && self.size(&entry.blob).await? > self.max_bytes
        {
            return Ok(Err(LeftOutReason::TooLarge));
        }
        let staged = self.staged.iter().find(|staged| staged.path == *origin);
        let index = match staged {
            None => Some(commit.clone()),
            // The person has taken it out of the index; it stays out.
            Some(staged) if staged.after.is_none() => Some(None),
            Some(staged) => self.merged(&staged.after, &head, &commit).await?,
        };
        Ok(match index {
            Some(index) => Ok(Some((commit, index))),
            None => Err(LeftOutReason::Staged),
        })
    }

    /// Takes the step from `from` to `to` at `ours`. None when that cannot be.
    async fn merged(
        &self,
        ours: &Option<TreeEntry>,
        from: &Option<TreeEntry>,
        to: &Option<TreeEntry>,
    ) -> Result<Option<Option<TreeEntry>>, GitError> {
        if ours == from || ours == to {
            return Ok(Some(to.clone()));
        }
        if from == to {
            return Ok(Some(ours.clone()));
        }
        let (Some(ours), Some(from), Some(to)) = (ours, from, to) else {
            return Ok(None);
        };
        if ![ours, from, to].iter().all(|entry| entry.is_file()) {
            return Ok(None);
        }
        // Of two that differ from the third, each has changed what can only be the one or the other.
        let mode = if ours.mode == from.mode {
            to.mode
        } else {
            ours.mode
        };
        let blob = if ours.blob == from.blob || ours.blob == to.blob {
            Some(to.blob.clone())
        } else if from.blob == to.blob {
            Some(ours.blob.clone())
        } else {
            self.merged_lines(&ours.blob, &from.blob, &to.blob).await?
        };
        Ok(blob.map(|blob| Some(TreeEntry { mode, blob })))
    }

    /// Merges three contents line by line, and stores what comes of it; none when there are conflicts.
    async fn merged_lines(
        &self,
        ours: &str,
        from: &str,
        to: &str,
    ) -> Result<Option<String>, GitError> {
        let mut files = Vec::new();
        for blob in [ours, from, to] {
            let arguments = ["cat-file", "blob", blob];
            let content = self.git(arguments).reading().run().await?.stdout;
            if content.contains(&0) {
                return Ok(None);
            }
            // Other files that are merged meanwhile may have the same content.
            let file = self.workshop.file(&content);
            files.push(file.map_err(|error| GitError::files("prepare a commit", error))?);
        }
        let mut arguments: Vec<OsString> = ["merge-file", "--stdout", "--quiet"]
            .map(OsString::from)
            .to_vec();
        arguments.extend(files.iter().map(|file| file.as_os_str().to_owned()));
        let merged = self.git(arguments).answering_with(CONFLICTS).run().await?;
        if !merged.succeeded {
            return Ok(None);
        }
        let stored = self.git(["hash-object", "-w", "--stdin"]);
        Ok(Some(
            stored.input(merged.stdout).text().await?.trim().to_owned(),
        ))
    }

    /// Stores a version as git has it: through the filters of a path, if that has any.
    async fn stored(
        &self,
        filters: Option<&Path>,
        version: Option<&Version>,
        head: Option<&TreeEntry>,
    ) -> Result<Option<TreeEntry>, GitError> {
        let Some(version) = version else {
            return Ok(None);
        };
        let mut arguments: Vec<OsString> = ["hash-object", "-w", "--stdin"]
            .map(OsString::from)
            .to_vec();
        let mode = match version {
            Version::Link { .. } => LINK,
            Version::File { is_executable, .. } => {
                if let Some(path) = filters {
                    let mut option = OsString::from("--path=");
                    option.push(path);
                    arguments.push(option);
                }
                match (self.has_modes, is_executable) {
                    (false, _) => head
                        .filter(|head| head.is_file())
                        .map_or(FILE, |head| head.mode),
                    (true, true) => PROGRAM,
                    (true, false) => FILE,
                }
            }
        };
        let invocation = self.git(arguments).input(version.bytes());
        let blob = invocation.text().await?.trim().to_owned();
        Ok(Some(TreeEntry { mode, blob }))
    }

    async fn size(&self, blob: &str) -> Result<u64, GitError> {
        let size = self.git(["cat-file", "-s", blob]).reading().text().await?;
        Ok(size.trim().parse().unwrap_or(u64::MAX))
    }

    /// Returns what stands at paths in the commit.
    async fn entries(&self, paths: &[&Path]) -> Result<HashMap<PathBuf, TreeEntry>, GitError> {
        let mut entries = HashMap::new();
        let Some(base) = self.base else {
            return Ok(entries);
        };
        let command: [&OsStr; 5] = ["ls-tree", "-z", "--full-tree", base, "--"].map(OsStr::new);
        for paths in paths.chunks(PATHS) {
            let arguments = command
                .into_iter()
                .chain(paths.iter().map(|path| path.as_os_str()));
            let output = self.git(arguments).literal().reading().run().await?;
            let read = tree_entry::entries(&output.stdout);
            entries.extend(read.ok_or_else(|| unreadable("ls-tree"))?);
        }
        Ok(entries)
    }

    /// Returns those of the paths whose changes git was told to overlook.
    async fn overlooked(&self, paths: &[&Path]) -> Result<HashSet<PathBuf>, GitError> {
        let mut overlooked = HashSet::new();
        let command: [&OsStr; 4] = ["ls-files", "-v", "-z", "--"].map(OsStr::new);
        for paths in paths.chunks(PATHS) {
            let arguments = command
                .into_iter()
                .chain(paths.iter().map(|path| path.as_os_str()));
            let output = self.git(arguments).literal().reading().run().await?;
            for record in output.stdout.split(|byte| *byte == 0) {
                // A letter, a space, the path; small letters stand for `--assume-unchanged`.
                if let [tag, b' ', path @ ..] = record
                    && (*tag == b'S' || tag.is_ascii_lowercase())
                {
                    overlooked.insert(tree_entry::path(path));
                }
            }
        }
        Ok(overlooked)
    }

    /// Returns those of the new files that git's rules ignore.
    async fn ignored(
        &self,
        changes: &[&FileChange],
        heads: &HashMap<PathBuf, TreeEntry>,
    ) -> Result<HashSet<PathBuf>, GitError> {
        let new = changes
            .iter()
            .filter(|change| change.with.is_some() && !heads.contains_key(&change.path));
        let mut list = Vec::new();
        for change in new {
            list.extend_from_slice(change.path.as_os_str().as_bytes());
            list.push(0);
        }
        if list.is_empty() {
            return Ok(HashSet::new());
        }
        let command = self.git(["check-ignore", "-z", "--stdin"]).input(list);
        // It refuses paths in submodules, which are told from others later.
        let output = command.reading().answering_with(&[0, 1, 128]);
        let output = output.run().await?;
        let paths = output.stdout.split(|byte| *byte == 0);
        let paths = paths.filter(|path| !path.is_empty());
        Ok(paths.map(tree_entry::path).collect())
    }

    /// Returns the files whose line ends git leaves as they are although it would convert those of new ones:
    /// with `text=auto` and `core.autocrlf`, those that are CRLF in the index already (gitattributes(5), "text").
    async fn unconverted(
        &self,
        changes: &[&FileChange],
        heads: &HashMap<PathBuf, TreeEntry>,
    ) -> Result<HashSet<PathBuf>, GitError> {
        let origins = changes.iter().filter_map(|change| {
            let origin = change.moved_from.as_ref().unwrap_or(&change.path);
            let versions = [&change.without, &change.with];
            let has_crlf = versions.into_iter().flatten().any(Version::has_crlf);
            (has_crlf && heads.contains_key(origin)).then_some(origin)
        });
        let origins: Vec<&PathBuf> = origins.collect();
        let command: [&OsStr; 4] = ["ls-files", "--eol", "-z", "--"].map(OsStr::new);
        let mut unconverted = HashSet::new();
        for paths in origins.chunks(PATHS) {
            let arguments = command
                .into_iter()
                .chain(paths.iter().map(|path| path.as_os_str()));
            let output = self.git(arguments).literal().reading().run().await?;
            for record in output.stdout.split(|byte| *byte == 0) {
                // `i/crlf  w/crlf  attr/text=auto  TAB path`
                let Some(tab) = record.iter().position(|byte| *byte == b'\t') else {
                    continue;
                };
                let facts = String::from_utf8_lossy(&record[..tab]);
                let mut facts = facts.split_ascii_whitespace();
                let has_crlf = matches!(facts.next(), Some("i/crlf" | "i/mixed"));
                if has_crlf && facts.any(|fact| ["attr/", "attr/text=auto"].contains(&fact)) {
                    unconverted.insert(tree_entry::path(&record[tab + 1..]));
                }
            }
        }
        let filtered = self.filtered(&unconverted).await?;
        unconverted.retain(|path| !filtered.contains(path));
        Ok(unconverted)
    }

    /// Returns those of the paths that have a filter.
    async fn filtered(&self, paths: &HashSet<PathBuf>) -> Result<HashSet<PathBuf>, GitError> {
        let mut list = Vec::new();
        for path in paths {
            list.extend_from_slice(path.as_os_str().as_bytes());
            list.push(0);
        }
        if list.is_empty() {
            return Ok(HashSet::new());
        }
        let command = self.git(["check-attr", "-z", "--stdin", "filter"]);
        let output = command.input(list).reading().run().await?;
        // `path NUL filter NUL value NUL`
        let fields: Vec<&[u8]> = output.stdout.split(|byte| *byte == 0).collect();
        let records = fields.chunks_exact(3);
        let filtered = records.filter(|record| record[2] != b"unspecified");
        Ok(filtered.map(|record| tree_entry::path(record[0])).collect())
    }

    /// Tells whether a path is in a repository below this one.
    fn is_elsewhere(&self, path: &Path, nested: &mut HashMap<PathBuf, bool>) -> bool {
        let folder = self.repository.folder();
        let above = path.ancestors().skip(1);
        let above = above.filter(|up| !up.as_os_str().is_empty());
        above.into_iter().any(|up| {
            *nested
                .entry(up.to_owned())
                .or_insert_with(|| folder.join(up).join(".git").symlink_metadata().is_ok())
        })
    }

    fn git(
        &self,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> crate::invocation::Invocation<'_> {
        self.repository
            .git
            .invoke(self.repository.folder(), arguments)
    }
}

impl FileChange {
    /// Returns the paths that it touches.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        [Some(self.path.as_path()), self.moved_from.as_deref()]
            .into_iter()
            .flatten()
    }
}

impl Version {
    fn has_crlf(&self) -> bool {
        let mut pairs = self.bytes().windows(2);
        matches!(self, Self::File { .. }) && pairs.any(|pair| pair == b"\r\n")
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::File { bytes, .. } => bytes,
            Self::Link { target } => target,
        }
    }
}

fn unreadable(command: &str) -> GitError {
    GitError::Unreadable {
        command: command.to_owned(),
        what: "the entries".to_owned(),
    }
}
