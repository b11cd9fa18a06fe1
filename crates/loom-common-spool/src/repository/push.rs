//! Shuttling to a remote: pins and their stitches go there.
//!
//! A pin is moved on the remote only from where it is known to be, so that what others pushed
//! meanwhile is never lost: git is told the place, and refuses when it is another. Stitches that
//! should not be seen by others yet are refused: those without a description or an author, tangled
//! and private ones.

use jj_lib::backend::CommitId;
use jj_lib::git::{GitPushOptions, GitPushRefTargets, push_refs};
use jj_lib::merge::Diff;
use jj_lib::op_store::RefTarget;
use jj_lib::ref_name::{RefName, RefNameBuf, RemoteName, RemoteNameBuf};
use jj_lib::refs::{LocalAndRemoteRef, RefPushAction, classify_ref_push_action};
use jj_lib::repo::Repo as _;

use super::error::RepositoryError;
use super::id::KnotId;
use super::pins::patterns;
use super::push_check::{Allowances, PushCheck};
use super::remotes::{GitListener, Listening, git_error};
use super::transaction::Transaction;

/// Which pins are pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushWhat {
    /// Followed ones between what the remote has and the shuttle.
    Near,
    /// These, as patterns, whether the remote has them or not; deleted ones are deleted there.
    Pins(Vec<String>),
    /// Those at these stitches that are followed.
    At(Vec<KnotId>),
    /// A new pin for each of these stitches, named after it.
    Stitches(Vec<KnotId>),
    /// All that are followed.
    Followed,
    /// All.
    All,
    /// Those that were deleted here.
    Deleted,
}

/// What is pushed, and where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// The remote; without one that of the setting `git.push`, the only one, or `origin`.
    pub remote: Option<String>,
    /// Which pins. All are checked, and then pushed at once.
    pub what: Vec<PushWhat>,
    /// What is let through that would be refused.
    pub allow: Allowances,
    /// Whether nothing is done but to find out what would be.
    pub dry_run: bool,
    /// What is passed on to the remote's hooks.
    pub options: Vec<String>,
}

impl Push {
    /// Pushes some pins to the default remote.
    pub fn new(what: PushWhat) -> Self {
        Self {
            remote: None,
            what: vec![what],
            allow: Allowances::default(),
            dry_run: false,
            options: Vec::new(),
        }
    }
}

/// A move of a pin on a remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushUpdate {
    /// The pin.
    pub name: String,
    /// Where it was; `None` when it is new there.
    pub before: Option<KnotId>,
    /// Where it goes; `None` when it is deleted.
    pub after: Option<KnotId>,
}

/// What was pushed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pushed {
    /// The remote.
    pub remote: String,
    /// The moves that were, or would be, tried.
    pub updates: Vec<PushUpdate>,
    /// Pins that were left alone, and why.
    pub left_alone: Vec<(String, String)>,
    /// References that are elsewhere on the remote than was known here, and what git says.
    pub moved_there: Vec<(String, String)>,
    /// References that the remote refused, and what it says.
    pub refused_there: Vec<(String, String)>,
}

impl Pushed {
    /// Returns the moves that others may hear of: those that the remote took, and those that it would
    /// have taken if somebody had not been faster. What it refused may be what nobody should see.
    pub fn shared(&self) -> Vec<PushUpdate> {
        let is_refused = |update: &PushUpdate| {
            let reference = format!("refs/heads/{}", update.name);
            self.refused_there
                .iter()
                .any(|(name, _)| *name == reference)
        };
        let updates = self.updates.iter();
        updates
            .filter(|update| !is_refused(update))
            .cloned()
            .collect()
    }
}

type Update = (RefNameBuf, Diff<Option<CommitId>>);

/// Which updates a pin may need.
#[derive(Clone, Copy)]
struct Allowed {
    new: bool,
    delete: bool,
}

impl Transaction<'_> {
    /// Pushes pins to a remote. Git is run, and never asks for a password.
    ///
    /// Even when the remote refused some, the transaction is to be finished: others went through.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Refused`] for named pins that cannot be pushed, and
    /// [`RepositoryError::Git`] when git cannot reach the remote, or is not there.
    pub fn push(
        &mut self,
        push: &Push,
        listener: &mut GitListener<'_>,
    ) -> Result<Pushed, RepositoryError> {
        let remote = match &push.remote {
            Some(name) => name.clone(),
            None => self.repository.default_remote("git.push")?,
        };
        let remote = RemoteNameBuf::from(remote);
        for what in &push.what {
            if let PushWhat::Stitches(knots) = what {
                self.pin_stitches(knots)?;
            }
        }
        let mut pushed = Pushed {
            remote: remote.as_str().to_owned(),
            ..Pushed::default()
        };
        let updates = self.updates(push, &remote, &mut pushed)?;
        pushed.updates = updates.iter().map(described).collect();
        if updates.is_empty() || push.dry_run {
            return Ok(pushed);
        }
        let updates = self.sign_before_push(&remote, updates)?;
        pushed.updates = updates.iter().map(described).collect();
        let names: Vec<_> = updates
            .iter()
            .map(|(name, _)| name.as_symbol().to_string())
            .collect();
        self.say(|| {
            let what = match (push.what.as_slice(), names.len()) {
                ([PushWhat::All], _) => "all bookmarks/tags".to_owned(),
                ([PushWhat::Followed], _) => "all tracked bookmarks/tags".to_owned(),
                ([PushWhat::Deleted], _) => "all deleted bookmarks/tags".to_owned(),
                (_, 1) => format!("bookmark {}", names.join(", ")),
                _ => format!("bookmarks {}", names.join(", ")),
            };
            format!("push {what} to git remote {}", remote.as_symbol())
        });
        let targets = GitPushRefTargets {
            bookmarks: updates,
            tags: Vec::new(),
        };
        let options = GitPushOptions {
            remote_push_options: push.options.clone(),
        };
        let git = self.repository.git_options()?;
        let mut listening = Listening(listener);
        let stats = push_refs(
            self.writer(),
            git,
            &remote,
            &targets,
            &mut listening,
            &options,
        )
        .map_err(|error| git_error(&error))?;
        let told = |refused: Vec<(jj_lib::ref_name::GitRefNameBuf, Option<String>)>| {
            let refused = refused.into_iter();
            refused
                .map(|(name, reason)| (name.as_str().to_owned(), reason.unwrap_or_default()))
                .collect()
        };
        pushed.moved_there = told(stats.rejected);
        pushed.refused_there = told(stats.remote_rejected);
        Ok(pushed)
    }

    /// Makes the pins for stitches that are pushed without one.
    fn pin_stitches(&mut self, knots: &[KnotId]) -> Result<(), RepositoryError> {
        for knot in knots {
            let commit = self.commit(knot)?;
            let name = format!(
                "push-{:.12}",
                super::id::StitchId(commit.change_id().clone())
            );
            let target = RefTarget::normal(knot.0.clone());
            if *self.repo().view().get_local_bookmark(RefName::new(&name)) == target {
                continue;
            }
            self.create_pins(&[name], knot)?;
            // What is done is to push.
            self.forget_description();
        }
        Ok(())
    }

    /// Finds the moves on the remote that are wanted and may be.
    fn updates(
        &self,
        push: &Push,
        remote: &RemoteName,
        pushed: &mut Pushed,
    ) -> Result<Vec<Update>, RepositoryError> {
        let mut check = PushCheck::new(self.repository, remote, push.allow)?;
        let mut updates: Vec<Update> = Vec::new();
        let mut candidates = Vec::new();
        for what in &push.what {
            let explicit = matches!(what, PushWhat::Pins(_) | PushWhat::Stitches(_));
            let found = self.candidates(what, remote)?.into_iter();
            candidates
                .extend(found.map(|(name, targets, allowed)| (name, targets, allowed, explicit)));
        }
        for (name, targets, allowed, explicit) in candidates {
            let is_named = |(known, _): &(String, String)| known == name.as_str();
            pushed.left_alone.retain(|left| !is_named(left));
            if updates.iter().any(|(known, _)| known == name) {
                continue;
            }
            let update = match classify(name, remote, targets, allowed) {
                Ok(Some(update)) => update,
                Ok(None) => continue,
                Err(error) if explicit => return Err(error),
                Err(error) => {
                    let reason = error.to_string();
                    pushed.left_alone.push((name.as_str().to_owned(), reason));
                    continue;
                }
            };
            match check.check(update.after.as_ref())? {
                None => updates.push((name.to_owned(), update)),
                Some(reason) if explicit => {
                    return Err(RepositoryError::Refused {
                        message: format!("`{}` is not pushed: {reason}", name.as_str()),
                        hint: Some("mend that first, or say that it may be so".to_owned()),
                    });
                }
                Some(reason) => pushed.left_alone.push((name.as_str().to_owned(), reason)),
            }
        }
        Ok(updates)
    }

    /// Finds the pins that are meant.
    fn candidates<'s>(
        &'s self,
        what: &PushWhat,
        remote: &'s RemoteName,
    ) -> Result<Vec<(&'s RefName, LocalAndRemoteRef<'s>, Allowed)>, RepositoryError> {
        let view = self.repo().view();
        let delete = *what == PushWhat::Deleted;
        let followed = Allowed { new: false, delete };
        let at = |knots: &[KnotId], targets: &LocalAndRemoteRef<'_>| {
            let mut ids = targets.local_target.added_ids();
            ids.any(|id| knots.iter().any(|knot| knot.0 == *id))
        };
        let near = match what {
            PushWhat::Near => {
                let remote = remote.as_symbol();
                let near = format!(
                    "remote_bookmarks(remote=exact:{remote:?})..@ & bookmarks()",
                    remote = remote.to_string()
                );
                self.repository.resolve(&near)?
            }
            PushWhat::At(knots) | PushWhat::Stitches(knots) => knots.clone(),
            _ => Vec::new(),
        };
        let named = match what {
            PushWhat::Pins(names) => Some(patterns(names)?.to_matcher()),
            _ => None,
        };
        let mut found = Vec::new();
        for (name, targets) in view.local_remote_bookmarks(remote) {
            let is_followed = targets.remote_ref.is_tracked();
            let allowed = match what {
                PushWhat::Near | PushWhat::At(_) => at(&near, &targets).then_some(followed),
                PushWhat::Stitches(_) => {
                    let new = name.as_str().starts_with("push-");
                    // Other pins that are there and that the remote has not stay here.
                    let meant = at(&near, &targets) && (new || is_followed);
                    meant.then_some(Allowed { new, delete })
                }
                PushWhat::Pins(_) => named
                    .as_ref()
                    .is_some_and(|names| names.is_match(name.as_str()))
                    .then_some(Allowed {
                        new: true,
                        delete: true,
                    }),
                PushWhat::Followed => is_followed.then_some(followed),
                PushWhat::All => Some(Allowed { new: true, delete }),
                PushWhat::Deleted => targets.local_target.is_absent().then_some(followed),
            };
            let known = targets.local_target.is_present() || is_followed;
            if let (Some(allowed), true) = (allowed, known) {
                found.push((name, targets, allowed));
            }
        }
        if let (PushWhat::Pins(names), true) = (what, found.is_empty()) {
            return Err(RepositoryError::Refused {
                message: format!("there is no pin `{}`", names.join(", ")),
                hint: Some("`loom spool pin list` shows all".to_owned()),
            });
        }
        Ok(found)
    }
}

fn described((name, update): &Update) -> PushUpdate {
    PushUpdate {
        name: name.as_str().to_owned(),
        before: update.before.clone().map(KnotId),
        after: update.after.clone().map(KnotId),
    }
}

/// Finds which move a pin needs on a remote, and whether it may be.
fn classify(
    name: &RefName,
    remote: &RemoteName,
    targets: LocalAndRemoteRef<'_>,
    allowed: Allowed,
) -> Result<Option<Diff<Option<CommitId>>>, RepositoryError> {
    let symbol = name.to_remote_symbol(remote);
    let (message, hint) = match classify_ref_push_action(targets) {
        RefPushAction::AlreadyMatches => return Ok(None),
        RefPushAction::LocalConflicted => (
            format!("the pin `{}` is tangled", name.as_symbol()),
            "`loom spool pin set` puts it in one place".to_owned(),
        ),
        RefPushAction::RemoteConflicted => (
            format!("the pin `{symbol}` is tangled"),
            "draw from the remote first".to_owned(),
        ),
        RefPushAction::RemoteUntracked => (
            format!("the remote has a pin `{symbol}`, which is not followed"),
            format!("`loom spool pin track {symbol}` follows it"),
        ),
        RefPushAction::Update(_) if !targets.remote_ref.is_tracked() && !allowed.new => (
            format!("the remote has no pin `{symbol}`"),
            "name the pin to make it there".to_owned(),
        ),
        RefPushAction::Update(update) if update.after.is_none() && !allowed.delete => (
            format!("the pin `{}` was deleted here", name.as_symbol()),
            "say that deleted pins are pushed, or forget it".to_owned(),
        ),
        RefPushAction::Update(update) => return Ok(Some(update)),
    };
    Err(RepositoryError::Refused {
        message,
        hint: Some(hint),
    })
}
