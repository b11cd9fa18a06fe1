//! One stitch: from the agent's work to the repository.

use std::path::{Path, PathBuf};

use loom_cli_rewind::{Content, RewindError, Work};
use loom_common_spool::repository::{
    FileStep, KnotId, NewContent, Repository, RepositoryError, StepBelow, StitchBelow, Surroundings,
};

/// The most bytes of a turn's files that become a stitch.
const MOST_BYTES: usize = 64 << 20;

/// Why there is no stitch.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WeaveError {
    /// The repository cannot be changed now.
    #[error("{0}")]
    Repository(#[from] RepositoryError),
    /// What the agent did is not known.
    #[error("{0}")]
    Rewind(#[from] RewindError),
    /// It is more than a stitch is made of.
    #[error("the agent changed more than {} MiB", MOST_BYTES >> 20)]
    TooMuch,
}

/// What came of a piece of work.
#[derive(Debug, Default)]
pub(crate) struct Woven {
    /// The stitch and how many files are in it, if there was something.
    pub(crate) stitch: Option<(KnotId, usize)>,
    /// Paths that were left in the shuttle, and why.
    pub(crate) left: Vec<(String, String)>,
}

/// Makes a stitch of the work. `describe` is given the paths.
pub(crate) fn weave(
    root: &Path,
    workspace: &Path,
    surroundings: Surroundings,
    work: &Work,
    describe: impl FnOnce(&[String]) -> String,
) -> Result<Woven, WeaveError> {
    let mut woven = Woven::default();
    for kept in &work.unclear {
        woven
            .left
            .push((kept.path.clone(), kept.reason.to_string()));
    }
    if work.files.is_empty() {
        return Ok(woven);
    }
    let mut repository = Repository::open(root, surroundings)?;
    repository.snapshot()?;
    let folder = folder(&repository, workspace);
    let mut contents = Vec::new();
    let mut bytes = 0;
    for file in &work.files {
        let sides = work.read(file)?;
        bytes += size(sides.without.as_ref()) + size(sides.with.as_ref());
        if bytes > MOST_BYTES {
            return Err(WeaveError::TooMuch);
        }
        let (Some(without), Some(with)) = (content(sides.without), content(sides.with)) else {
            let reason = "its link is not text".to_owned();
            woven.left.push((file.path.clone(), reason));
            continue;
        };
        let step = FileStep {
            path: format!("{folder}{}", file.path),
            without,
            with,
        };
        match repository.step_below(&step)? {
            StepBelow::To(content) => contents.push((step.path, content)),
            StepBelow::Taken => {}
            StepBelow::Inseparable(reason) => {
                woven.left.push((file.path.clone(), reason.to_owned()));
            }
        }
    }
    if contents.is_empty() {
        return Ok(woven);
    }
    let paths: Vec<String> = contents.iter().map(|(path, _)| path.clone()).collect();
    let mut tx = repository.transaction()?;
    let knot = tx.stitch_below(&StitchBelow {
        description: describe(&paths),
        contents,
    })?;
    tx.set_description("stitch the agent's work");
    tx.finish()?;
    woven.stitch = Some((knot, paths.len()));
    Ok(woven)
}

/// Returns the workspace's folder in the repository, with `/` at its end unless it is the top.
fn folder(repository: &Repository, workspace: &Path) -> String {
    let inside = workspace.strip_prefix(repository.root());
    let inside: PathBuf = inside.map(Path::to_owned).unwrap_or_default();
    let parts: Vec<_> = inside.iter().map(|part| part.to_string_lossy()).collect();
    parts.iter().map(|part| format!("{part}/")).collect()
}

fn size(content: Option<&Content>) -> usize {
    match content {
        None => 0,
        Some(Content::File { bytes, .. }) => bytes.len(),
        Some(Content::Link { target }) => target.len(),
    }
}

fn content(content: Option<Content>) -> Option<NewContent> {
    Some(match content {
        None => NewContent::Removed,
        Some(Content::File { bytes, mode }) => NewContent::File {
            content: bytes,
            executable: mode & 0o100 != 0,
        },
        Some(Content::Link { target }) => NewContent::Link(String::from_utf8(target).ok()?),
    })
}
