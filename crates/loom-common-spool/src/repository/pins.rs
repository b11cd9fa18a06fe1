//! Pins and tags: names of stitches, here and on remotes.

use jj_lib::backend::CommitId;
use jj_lib::op_store::{RefTarget, RemoteRef};
use jj_lib::ref_name::{RefName, RemoteName};
use jj_lib::revset::{RevsetDiagnostics, parse_string_expression};
use jj_lib::str_util::{StringExpression, StringMatcher};

use super::Repository;
use super::error::{RepositoryError, chain};
use super::id::KnotId;
use super::language::is_local_git;

/// Where a pin or a tag is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PinTarget {
    /// The knots that it is at: none when it is gone, several when it is tangled.
    pub at: Vec<KnotId>,
    /// The knots that it was moved away from on one side and not on another, one fewer than the
    /// sides; none when it is not tangled.
    pub was: Vec<KnotId>,
}

impl PinTarget {
    /// Makes a target at one knot.
    pub fn at(knot: KnotId) -> Self {
        Self {
            at: vec![knot],
            was: Vec::new(),
        }
    }

    /// Tells whether it is in several places, or gone on one side.
    pub fn is_tangled(&self) -> bool {
        self.at.len() > 1 || !self.was.is_empty()
    }

    /// Tells whether it is gone on all sides.
    pub fn is_absent(&self) -> bool {
        self.at.is_empty() && self.was.is_empty()
    }
}

impl From<&RefTarget> for PinTarget {
    fn from(target: &RefTarget) -> Self {
        Self {
            at: target.added_ids().cloned().map(KnotId).collect(),
            was: target.removed_ids().cloned().map(KnotId).collect(),
        }
    }
}

impl From<&PinTarget> for RefTarget {
    fn from(target: &PinTarget) -> Self {
        let ids = |knots: &[KnotId]| -> Vec<CommitId> {
            knots.iter().map(|knot| knot.0.clone()).collect()
        };
        let (mut was, at) = (ids(&target.was), ids(&target.at));
        // Where nothing is known of what it was, it was nothing: the form wants fewer of these.
        was.truncate(at.len().max(1));
        Self::from_legacy_form(was, at)
    }
}

/// A pin or a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// Its name.
    pub name: String,
    /// Where it is in this repository; absent when only remotes have it.
    pub target: PinTarget,
    /// Where remotes have it.
    pub remotes: Vec<RemotePin>,
}

/// Where a remote has a pin or a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemotePin {
    /// The remote.
    pub remote: String,
    /// Where it is there, as far as is known here.
    pub target: PinTarget,
    /// Whether the pin of this repository follows it.
    pub tracked: bool,
}

fn pin(name: &RefName, local: &RefTarget, remotes: &[(&RemoteName, &RemoteRef)]) -> Pin {
    let remotes = remotes.iter().filter(|(remote, _)| !is_local_git(remote));
    Pin {
        name: name.as_str().to_owned(),
        target: local.into(),
        remotes: remotes
            .map(|(remote, there)| RemotePin {
                remote: remote.as_str().to_owned(),
                target: (&there.target).into(),
                tracked: there.is_tracked(),
            })
            .collect(),
    }
}

/// Reads patterns of names.
pub(super) fn patterns(texts: &[String]) -> Result<StringExpression, RepositoryError> {
    let mut read = Vec::new();
    for text in texts {
        let one = parse_string_expression(&mut RevsetDiagnostics::new(), text);
        read.push(one.map_err(|error| RepositoryError::Expression {
            expression: text.clone(),
            message: chain(&error),
            hint: Some("names are matched as globs; quote those with spaces".to_owned()),
        })?);
    }
    Ok(StringExpression::union_all(read))
}

impl Repository {
    /// Lists all pins, by name.
    pub fn pins(&self) -> Vec<Pin> {
        let all = self.repo.view().bookmarks();
        let pins = all.map(|(name, targets)| pin(name, targets.local_target, &targets.remote_refs));
        pins.filter(|pin| !pin.target.is_absent() || !pin.remotes.is_empty())
            .collect()
    }

    /// Lists all tags, by name.
    pub fn tags(&self) -> Vec<Pin> {
        let all = self.repo.view().tags();
        let tags = all.map(|(name, targets)| pin(name, targets.local_target, &targets.remote_refs));
        tags.filter(|tag| !tag.target.is_absent() || !tag.remotes.is_empty())
            .collect()
    }

    /// Finds the pins of this repository whose names match one of some patterns.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Expression`] for a pattern that is not understood.
    pub fn matching_pins(&self, names: &[String]) -> Result<Vec<String>, RepositoryError> {
        let matcher = patterns(names)?.to_matcher();
        let found = self.repo.view().local_bookmarks_matching(&matcher);
        Ok(found.map(|(name, _)| name.as_str().to_owned()).collect())
    }

    pub(super) fn is_followed(&self, name: &RefName) -> bool {
        let (name, all) = (StringMatcher::exact(name), StringMatcher::all());
        let mut there = self.repo.view().remote_bookmarks_matching(&name, &all);
        there.any(|(symbol, there)| there.is_tracked() && !is_local_git(symbol.remote))
    }
}
