//! Making, moving, deleting and following pins.

use std::collections::BTreeSet;

use jj_lib::backend::CommitId;
use jj_lib::op_store::{RefTarget, RemoteRef};
use jj_lib::ref_name::{RefName, RefNameBuf, RemoteName, RemoteRefSymbol};
use jj_lib::repo::Repo as _;
use pollster::FutureExt as _;

use super::configuration::setting;
use super::doing::Doing as _;
use super::error::RepositoryError;
use super::id::KnotId;
use super::language::is_local_git;
use super::pins::{PinTarget, patterns};
use super::transaction::Transaction;

/// Which moves of pins are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinMove {
    /// To what stands on where it was.
    Forwards,
    /// Anywhere.
    Anywhere,
}

/// Which pins are forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forget {
    /// Those of this repository. Remotes keep theirs, which are not followed any more.
    Here,
    /// What is known of the remotes', too, until the next draw.
    HereAndRemotes,
}

/// Writes names as they stand in expressions, for the tension log.
fn symbols<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    let names = names.into_iter();
    let names: Vec<_> = names
        .map(|name| RefName::new(name).as_symbol().to_string())
        .collect();
    names.join(", ")
}

/// Refuses what git could not have as a name.
fn check_name(name: &str) -> Result<&RefName, RepositoryError> {
    let path = format!("refs/heads/{name}");
    let valid = gix::validate::reference::name(path.as_str().into()).is_ok();
    if !valid || name.starts_with('-') || name == "@" || name == "HEAD" {
        return Err(RepositoryError::Refused {
            message: format!("`{name}` cannot be a name: git could not have it"),
            hint: Some("use letters, digits, `-`, `_`, `.` and `/`".to_owned()),
        });
    }
    Ok(RefName::new(name))
}

impl Transaction<'_> {
    /// Makes new pins at a stitch.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Refused`] for a name that is taken, or that git could not have.
    pub fn create_pins(&mut self, names: &[String], at: &KnotId) -> Result<(), RepositoryError> {
        for name in names {
            let reference = check_name(name)?;
            let taken = self.repo().view().get_local_bookmark(reference);
            if taken.is_present() {
                return Err(RepositoryError::Refused {
                    message: format!("there is a pin `{name}` already"),
                    hint: Some("`loom spool pin set` moves it".to_owned()),
                });
            }
            if self.repository.is_followed(reference) {
                return Err(RepositoryError::Refused {
                    message: format!(
                        "the pin `{name}` was deleted here, and remotes still have it"
                    ),
                    hint: Some(
                        "`loom spool pin set` brings it back; `untrack` lets go of the remotes'"
                            .to_owned(),
                    ),
                });
            }
        }
        self.say(|| {
            let names = symbols(names);
            format!("create bookmark {names} pointing to commit {at}")
        });
        for name in names {
            self.put_pin(RefName::new(name), at);
            self.follow_new_pin(RefName::new(name))?;
        }
        Ok(())
    }

    /// Puts pins at a stitch, whether they are there or not.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Refused`] for a move that is not allowed, or a name that git could not
    /// have.
    pub fn set_pins(
        &mut self,
        names: &[String],
        at: &KnotId,
        allowed: PinMove,
    ) -> Result<(), RepositoryError> {
        for name in names {
            self.check_move(check_name(name)?, at, allowed)?;
        }
        self.say(|| format!("point bookmark {} to commit {at}", symbols(names)));
        for name in names {
            let name = RefName::new(name);
            let is_new = self.repo().view().get_local_bookmark(name).is_absent()
                && !self.repository.is_followed(name);
            self.put_pin(name, at);
            if is_new {
                self.follow_new_pin(name)?;
            }
        }
        Ok(())
    }

    /// Moves pins that are there to a stitch.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Refused`] for a pin that is not there, or a move that is not allowed.
    pub fn move_pins(
        &mut self,
        names: &[String],
        to: &KnotId,
        allowed: PinMove,
    ) -> Result<(), RepositoryError> {
        for name in names {
            self.present_pin(name)?;
            self.check_move(RefName::new(name), to, allowed)?;
        }
        self.say(|| format!("point bookmark {} to commit {to}", symbols(names)));
        for name in names {
            self.put_pin(RefName::new(name), to);
        }
        Ok(())
    }

    fn put_pin(&mut self, name: &RefName, at: &KnotId) {
        let target = RefTarget::normal(at.0.clone());
        self.writer().set_local_bookmark_target(name, target);
    }

    fn present_pin(&self, name: &str) -> Result<RefTarget, RepositoryError> {
        let target = self.repo().view().get_local_bookmark(RefName::new(name));
        if target.is_absent() {
            return Err(RepositoryError::Refused {
                message: format!("there is no pin `{name}`"),
                hint: Some("`loom spool pin list` shows all".to_owned()),
            });
        }
        Ok(target.clone())
    }

    fn check_move(
        &self,
        name: &RefName,
        to: &KnotId,
        allowed: PinMove,
    ) -> Result<(), RepositoryError> {
        let old = self.repo().view().get_local_bookmark(name);
        if allowed == PinMove::Anywhere || old.is_absent() {
            return Ok(());
        }
        // A tangled pin is untangled by going on from any of its places.
        for id in old.added_ids() {
            let forwards = self.repo().index().is_ancestor(id, &to.0).block_on();
            if forwards.doing("read the index")? {
                return Ok(());
            }
        }
        Err(RepositoryError::Refused {
            message: format!(
                "the pin `{}` would move backwards or sideways",
                name.as_str()
            ),
            hint: Some("`--allow-backwards` lets it".to_owned()),
        })
    }

    /// Lets a new pin be followed on the remotes for which the settings say so.
    fn follow_new_pin(&mut self, name: &RefName) -> Result<(), RepositoryError> {
        let settings = self.repository.workspace.settings();
        let remotes = settings
            .remote_settings()
            .map_err(|error| setting(&error))?;
        for (remote, of_remote) in remotes {
            let texts = [
                of_remote.auto_track_bookmarks,
                of_remote.auto_track_created_bookmarks,
            ];
            let texts: Vec<_> = texts.into_iter().flatten().collect();
            let known = self.repository.repo.view().get_remote_view(&remote);
            let wanted = patterns(&texts)?.to_matcher().is_match(name.as_str());
            if !texts.is_empty() && wanted && known.is_some() {
                self.track_symbol(name.to_remote_symbol(&remote))?;
            }
        }
        Ok(())
    }

    fn track_symbol(&mut self, symbol: RemoteRefSymbol<'_>) -> Result<(), RepositoryError> {
        let tracked = self.writer().track_remote_bookmark(symbol).block_on();
        tracked.doing("merge the pins")
    }

    /// Deletes pins. The next shuttle deletes them on the remotes that have them.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Refused`] for a pin that is not there.
    pub fn delete_pins(&mut self, names: &[String]) -> Result<(), RepositoryError> {
        for name in names {
            self.present_pin(name)?;
        }
        self.say(|| format!("delete bookmark {}", symbols(names)));
        for name in names {
            self.writer()
                .set_local_bookmark_target(RefName::new(name), RefTarget::absent());
        }
        Ok(())
    }

    /// Forgets pins, without deleting them anywhere else.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Refused`] for a pin that neither this repository nor a remote has.
    pub fn forget_pins(&mut self, names: &[String], which: Forget) -> Result<(), RepositoryError> {
        let known = self.repository.pins();
        for name in names {
            let found = known.iter().find(|pin| pin.name == *name);
            let Some(found) = found else {
                return Err(RepositoryError::refused(format!(
                    "there is no pin `{name}`"
                )));
            };
            let reference = RefName::new(name);
            self.writer()
                .set_local_bookmark_target(reference, RefTarget::absent());
            for there in &found.remotes {
                let symbol = reference.to_remote_symbol(RemoteName::new(&there.remote));
                match which {
                    Forget::Here => self.writer().untrack_remote_bookmark(symbol),
                    Forget::HereAndRemotes => {
                        self.writer()
                            .set_remote_bookmark(symbol, RemoteRef::absent());
                    }
                }
            }
        }
        self.say(|| format!("forget bookmark {}", symbols(names)));
        Ok(())
    }

    /// Gives a pin another name. Remotes keep the old one until it is deleted there.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Refused`] for a pin that is not there, a name that is taken, or one that
    /// git could not have.
    pub fn rename_pin(&mut self, old: &str, new: &str) -> Result<(), RepositoryError> {
        let target = self.present_pin(old)?;
        let name = check_name(new)?;
        if old == new {
            return Ok(());
        }
        if self.repo().view().get_local_bookmark(name).is_present() {
            return Err(RepositoryError::refused(format!(
                "there is a pin `{new}` already"
            )));
        }
        self.say(|| {
            let (old, new) = (RefName::new(old).as_symbol(), name.as_symbol());
            format!("rename bookmark {old} to {new}")
        });
        self.writer().set_local_bookmark_target(name, target);
        self.writer()
            .set_local_bookmark_target(RefName::new(old), RefTarget::absent());
        let known = self.repository.pins();
        let followed = known.iter().filter(|pin| pin.name == old);
        let followed = followed.flat_map(|pin| &pin.remotes);
        for there in followed.filter(|there| there.tracked) {
            let symbol = name.to_remote_symbol(RemoteName::new(&there.remote));
            let existing = self.repo().view().get_remote_bookmark(symbol);
            if existing.is_absent() || existing.is_tracked() {
                self.track_symbol(symbol)?;
            }
        }
        Ok(())
    }

    /// Lets the pin of this repository follow that of a remote.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Refused`] when neither has it.
    pub fn track_pin(&mut self, name: &str, remote: &str) -> Result<(), RepositoryError> {
        let symbol = RefName::new(name).to_remote_symbol(RemoteName::new(remote));
        let view = self.repo().view();
        let known = view.get_remote_bookmark(symbol).is_present()
            || view.get_local_bookmark(symbol.name).is_present()
                && view.get_remote_view(symbol.remote).is_some();
        if !known {
            return Err(unknown(symbol));
        }
        self.say(|| format!("track remote bookmark {symbol}"));
        self.track_symbol(symbol)
    }

    /// Lets go of the pin of a remote.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Refused`] when it is not followed.
    pub fn untrack_pin(&mut self, name: &str, remote: &str) -> Result<(), RepositoryError> {
        let symbol = RefName::new(name).to_remote_symbol(RemoteName::new(remote));
        if is_local_git(symbol.remote)
            || !self.repo().view().get_remote_bookmark(symbol).is_tracked()
        {
            return Err(unknown(symbol));
        }
        self.say(|| format!("untrack remote bookmark {symbol}"));
        self.writer().untrack_remote_bookmark(symbol);
        Ok(())
    }

    /// Puts a pin anywhere, also in several places at once, or takes it away.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Refused`] for a name that git could not have.
    pub fn set_pin_target(
        &mut self,
        name: &str,
        target: &PinTarget,
    ) -> Result<(), RepositoryError> {
        let name = check_name(name)?;
        self.say(|| format!("point bookmark {}", name.as_symbol()));
        self.writer().set_local_bookmark_target(name, target.into());
        Ok(())
    }

    /// Puts a tag anywhere, also in several places at once, or takes it away.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Refused`] for a name that git could not have.
    pub fn set_tag_target(
        &mut self,
        name: &str,
        target: &PinTarget,
    ) -> Result<(), RepositoryError> {
        let name = check_name(name)?;
        self.say(|| format!("set tag {}", name.as_symbol()));
        self.writer().set_local_tag_target(name, target.into());
        Ok(())
    }

    /// Moves a pin from one stitch to another. One that is tangled stays so.
    pub(super) fn move_pin_along(
        &mut self,
        name: &RefName,
        from: CommitId,
        to: &CommitId,
    ) -> Result<(), RepositoryError> {
        let (from, to) = (RefTarget::normal(from), RefTarget::normal(to.clone()));
        let moved = self
            .writer()
            .merge_local_bookmark(name, &from, &to)
            .block_on();
        moved.doing("move the pins")
    }

    /// Finds the pins that move along when a stitch on top of `from` is ended, as the settings say.
    pub(super) fn pins_to_advance(
        &self,
        from: &[CommitId],
    ) -> Result<Vec<(RefNameBuf, CommitId)>, RepositoryError> {
        let names = |name: &str| -> Result<Vec<String>, RepositoryError> {
            let settings = self.repository.workspace.settings();
            settings
                .get(["experimental-advance-branches", name])
                .map_err(|error| setting(&error))
        };
        let (enabled, disabled) = (names("enabled-branches")?, names("disabled-branches")?);
        if enabled.is_empty() {
            return Ok(Vec::new());
        }
        let disabled = patterns(&disabled)?.negated();
        let matcher = patterns(&enabled)?.intersection(disabled).to_matcher();
        let mut found = BTreeSet::new();
        for id in from {
            for (name, _) in self.repo().view().local_bookmarks_for_commit(id) {
                if matcher.is_match(name.as_str()) {
                    found.insert((name.to_owned(), id.clone()));
                }
            }
        }
        Ok(found.into_iter().collect())
    }
}

fn unknown(symbol: RemoteRefSymbol<'_>) -> RepositoryError {
    RepositoryError::Refused {
        message: format!("there is no pin `{symbol}`, or it is not followed"),
        hint: Some("`loom spool pin list --all` shows those of remotes".to_owned()),
    }
}
