//! What is known of one stitch.

use std::collections::HashMap;

use futures::future::LocalBoxFuture;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};
use jj_lib::backend::{CommitId, Signature};
use jj_lib::commit::Commit;
use jj_lib::id_prefix::IdPrefixIndex;
use jj_lib::repo::{ReadonlyRepo, Repo as _};
use jj_lib::revset::RevsetContainingFn;
use pollster::FutureExt as _;

use super::Repository;
use super::doing::Doing as _;
use super::error::RepositoryError;
use super::id::{KnotId, StitchId};
use super::language::{self, evaluate};

/// A stitch, as one knot has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stitch {
    /// The name that stays.
    pub id: StitchId,
    /// The name of this version.
    pub knot: KnotId,
    /// How many letters of `id` name it in this repository.
    pub id_prefix: usize,
    /// How many letters of `knot` name it in this repository.
    pub knot_prefix: usize,
    /// The knots that it stands on.
    pub parents: Vec<KnotId>,
    /// What it is about: nothing, or lines that end with a line break.
    pub description: String,
    /// Who made the change, and when.
    pub author: Person,
    /// Who made this version of it, and when.
    pub committer: Person,
    /// The pins that are here. A tangled pin is in several places.
    pub pins: Vec<PinHere>,
    /// The tags that are here.
    pub tags: Vec<String>,
    /// The workspaces whose shuttle this is.
    pub shuttles: Vec<String>,
    /// Whether git's `HEAD` is here.
    pub git_head: bool,
    /// Whether it changes no file.
    pub empty: bool,
    /// Whether some of its files are tangled.
    pub tangled: bool,
    /// Whether it may not be changed.
    pub immutable: bool,
    /// Whether there are several knots of this stitch.
    pub divergent: bool,
    /// Whether this knot was replaced or snipped.
    pub hidden: bool,
    /// Whether it is the root of all stitches, which has nothing in it.
    pub root: bool,
    /// Whether it has a signature.
    pub signed: bool,
}

/// A pin, as seen from a stitch that it is at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinHere {
    /// Its name.
    pub name: String,
    /// The remote that has it here; `None` for the pin of this repository.
    pub remote: Option<String>,
    /// Whether it is in several places at once.
    pub tangled: bool,
    /// Whether remotes and this repository agree: for a pin of this repository all tracked
    /// remotes, for that of a remote this repository.
    pub synced: bool,
}

/// Who did something, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The name, empty when it was not known.
    pub name: String,
    /// The e-mail address, empty when it was not known.
    pub email: String,
    /// When, with the offset of their clock.
    pub time: Zoned,
}

impl From<&Signature> for Person {
    fn from(signature: &Signature) -> Self {
        let timestamp = &signature.timestamp;
        let offset = Offset::from_seconds(timestamp.tz_offset * 60).unwrap_or(Offset::UTC);
        Self {
            name: signature.name.clone(),
            email: signature.email.clone(),
            time: Timestamp::from_millisecond(timestamp.timestamp.0)
                .unwrap_or_default()
                .to_zoned(TimeZone::fixed(offset)),
        }
    }
}

/// The names that are at one knot.
#[derive(Default, Clone)]
struct Names {
    pins: Vec<PinHere>,
    tags: Vec<String>,
}

/// Reads stitches one after the other, with what they share read once.
pub(super) struct StitchReader<'a> {
    repo: &'a ReadonlyRepo,
    prefixes: IdPrefixIndex<'a>,
    immutable: Box<RevsetContainingFn<'a>>,
    names: HashMap<CommitId, Names>,
    git_head: Option<CommitId>,
}

impl<'a> StitchReader<'a> {
    pub(super) fn new(repository: &'a Repository) -> Result<Self, RepositoryError> {
        let repo = repository.repo.as_ref();
        let immutable = repository.language.immutable(repo)?;
        let workspace = repository.workspace.workspace_name();
        Ok(Self {
            repo,
            prefixes: repository
                .prefixes()
                .populate(repo)
                .doing("read `revsets.short-prefixes`")?,
            immutable: evaluate(repo, &immutable)?.containing_fn(),
            names: names(repo),
            git_head: repo.view().git_head(workspace).as_normal().cloned(),
        })
    }

    pub(super) fn read(&self, commit: &Commit) -> Result<Stitch, RepositoryError> {
        let repo = self.repo;
        let id = commit.id();
        let targets = wait(repo.resolve_change_id(commit.change_id()))?;
        let names = self.names.get(id).cloned().unwrap_or_default();
        let workspaces = repo.view().workspaces_for_wc_commit_id(id);
        let immutable: LocalBoxFuture<'_, _> = (self.immutable)(id);
        let knot_prefix = self.prefixes.shortest_commit_prefix_len(repo, id);
        Ok(Stitch {
            id: StitchId(commit.change_id().clone()),
            knot: KnotId(id.clone()),
            id_prefix: wait(
                self.prefixes
                    .shortest_change_prefix_len(repo, commit.change_id()),
            )?,
            knot_prefix: knot_prefix.doing("read the index")?,
            parents: commit.parent_ids().iter().cloned().map(KnotId).collect(),
            description: commit.description().to_owned(),
            author: commit.author().into(),
            committer: commit.committer().into(),
            pins: names.pins,
            tags: names.tags,
            shuttles: workspaces.into_iter().map(Into::into).collect(),
            git_head: self.git_head.as_ref() == Some(id),
            empty: commit
                .is_empty(repo)
                .block_on()
                .doing("compare a stitch with its parents")?,
            tangled: commit.has_conflict(),
            immutable: immutable.block_on().doing("find immutable stitches")?,
            divergent: targets.as_ref().is_some_and(|found| found.is_divergent()),
            hidden: targets.is_none_or(|found| !found.has_visible(id)),
            root: id == repo.store().root_commit_id(),
            signed: commit.is_signed(),
        })
    }
}

fn wait<T>(
    found: impl Future<Output = jj_lib::index::IndexResult<T>>,
) -> Result<T, RepositoryError> {
    found.block_on().doing("read the index")
}

/// Finds where all pins and tags are.
fn names(repo: &ReadonlyRepo) -> HashMap<CommitId, Names> {
    let mut all: HashMap<CommitId, Names> = HashMap::new();
    for (name, target) in repo.view().bookmarks() {
        let local = target.local_target;
        let remotes = || {
            let remotes = target.remote_refs.iter();
            remotes.filter(|(remote, _)| !language::is_local_git(remote))
        };
        let pin = |remote: Option<&str>, tangled, synced| PinHere {
            name: name.as_str().to_owned(),
            remote: remote.map(str::to_owned),
            tangled,
            synced,
        };
        let synced = remotes().all(|(_, there)| !there.is_tracked() || there.target == *local);
        for id in local.added_ids() {
            let pins = &mut all.entry(id.clone()).or_default().pins;
            pins.push(pin(None, local.has_conflict(), synced));
        }
        for (remote, there) in remotes() {
            let synced = there.is_tracked() && there.target == *local;
            for id in there.target.added_ids() {
                let pins = &mut all.entry(id.clone()).or_default().pins;
                let tangled = there.target.has_conflict();
                pins.push(pin(Some(remote.as_str()), tangled, synced));
            }
        }
    }
    for (name, target) in repo.view().local_tags() {
        for id in target.added_ids() {
            let tags = &mut all.entry(id.clone()).or_default().tags;
            tags.push(name.as_str().to_owned());
        }
    }
    all
}

impl Repository {
    /// Reads one stitch.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Damaged`] when it is not there.
    pub fn stitch(&self, knot: &KnotId) -> Result<Stitch, RepositoryError> {
        let mut stitches = self.stitches(std::slice::from_ref(knot))?;
        stitches.pop().ok_or_else(|| RepositoryError::NoStitch {
            expression: knot.to_string(),
        })
    }

    /// Reads several stitches.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Damaged`] when one is not there.
    pub fn stitches(&self, knots: &[KnotId]) -> Result<Vec<Stitch>, RepositoryError> {
        let reader = StitchReader::new(self)?;
        let read = |knot: &KnotId| reader.read(&self.commit(&knot.0)?);
        knots.iter().map(read).collect()
    }
}
