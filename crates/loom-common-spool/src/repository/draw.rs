//! Drawing from remotes: what others have pushed comes here, and nothing of one's own is lost.

use jj_lib::git::{
    GitFetch, GitFetchRefExpression, expand_fetch_refspecs, get_all_remote_names,
    load_default_fetch_bookmarks,
};
use jj_lib::ref_name::{RemoteName, RemoteNameBuf};
use jj_lib::repo::Repo as _;
use jj_lib::settings::RemoteSettingsMap;
use jj_lib::str_util::StringExpression;
use pollster::FutureExt as _;

use super::colocation::import_options;
use super::configuration::setting;
use super::doing::Doing as _;
use super::error::RepositoryError;
use super::id::KnotId;
use super::pins::{PinTarget, patterns};
use super::remotes::{GitListener, Listening, git_error};
use super::transaction::Transaction;

/// What is drawn, and from where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draw {
    /// The remotes, as patterns; none for the one that the setting `git.fetch` names, the only one,
    /// or `origin`.
    pub remotes: Vec<String>,
    /// The pins, as patterns; none for those that git's and Jujutsu's settings name.
    pub pins: Vec<String>,
}

/// What was drawn.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drawn {
    /// The remotes.
    pub remotes: Vec<String>,
    /// Pins of remotes that are elsewhere: `name@remote`, where it was, where it is.
    pub pins: Vec<(String, PinTarget, PinTarget)>,
    /// Tags of remotes that are elsewhere.
    pub tags: Vec<(String, PinTarget, PinTarget)>,
    /// Stitches that are gone, as the remotes do not have them any more.
    pub snipped: Vec<KnotId>,
}

impl Transaction<'_> {
    /// Draws from remotes. Git is run, and never asks for a password.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Git`] when git cannot reach a remote, or is not there, and
    /// [`RepositoryError::Refused`] when there is no such remote.
    pub fn draw(
        &mut self,
        draw: &Draw,
        listener: &mut GitListener<'_>,
    ) -> Result<Drawn, RepositoryError> {
        let remotes = self.remotes_to_draw(&draw.remotes)?;
        let settings = self.repository.workspace.settings().clone();
        let of_remotes = settings
            .remote_settings()
            .map_err(|error| setting(&error))?;
        let wanted = remotes
            .iter()
            .map(|remote| self.wanted(remote, &draw.pins, &of_remotes))
            .collect::<Result<Vec<_>, _>>()?;
        let names: Vec<_> = remotes
            .iter()
            .map(|name| name.as_symbol().to_string())
            .collect();
        self.say(|| format!("fetch from git remote(s) {}", names.join(",")));
        let options = import_options(&settings)?;
        let git = self.repository.git_options()?;
        let mut fetch =
            GitFetch::new(self.tx.repo_mut(), git, &options).doing("open git's repository")?;
        for (remote, wanted) in remotes.iter().zip(wanted) {
            let refspecs = expand_fetch_refspecs(remote, wanted).map_err(|error| {
                RepositoryError::Expression {
                    expression: draw.pins.join(" "),
                    message: super::error::chain(&error),
                    hint: Some("only `*` stands for any letters here".to_owned()),
                }
            })?;
            fetch
                .fetch(remote, refspecs, &mut Listening(&mut *listener), None)
                .map_err(|error| git_error(&error))?;
        }
        let stats = fetch
            .import_refs()
            .block_on()
            .doing("take over what was drawn")?;
        let change = |update: &jj_lib::git::GitImportRefUpdate| {
            (
                update.symbol.to_string(),
                PinTarget::from(&update.old_remote_ref.target),
                PinTarget::from(&update.new_target),
            )
        };
        let gone = stats.abandoned_commits.iter();
        Ok(Drawn {
            remotes: remotes
                .into_iter()
                .map(RemoteNameBuf::into_string)
                .collect(),
            pins: stats.changed_remote_bookmarks.iter().map(change).collect(),
            tags: stats.changed_remote_tags.iter().map(change).collect(),
            snipped: gone.map(|commit| KnotId(commit.id().clone())).collect(),
        })
    }

    fn remotes_to_draw(&self, given: &[String]) -> Result<Vec<RemoteNameBuf>, RepositoryError> {
        let configured = self.repository.workspace.settings();
        let names = if !given.is_empty() {
            given.to_vec()
        } else if let Ok(several) = configured.get::<Vec<String>>("git.fetch") {
            several
        } else {
            vec![self.repository.default_remote("git.fetch")?]
        };
        let matcher = patterns(&names)?.to_matcher();
        let all = get_all_remote_names(self.repo().store()).doing("read the remotes")?;
        let mut unmatched = Vec::new();
        for name in given {
            let matcher = patterns(std::slice::from_ref(name))?.to_matcher();
            if !all.iter().any(|remote| matcher.is_match(remote.as_str())) {
                unmatched.push(name.as_str());
            }
        }
        let found: Vec<_> = all
            .into_iter()
            .filter(|remote| matcher.is_match(remote.as_str()))
            .collect();
        if found.is_empty() || !unmatched.is_empty() {
            let missing = match unmatched.as_slice() {
                [] => names.join(", "),
                missing => missing.join(", "),
            };
            return Err(RepositoryError::Refused {
                message: format!("there is no remote `{missing}`"),
                hint: Some("`loom spool remote add` adds one".to_owned()),
            });
        }
        Ok(found)
    }

    fn wanted(
        &self,
        remote: &RemoteName,
        pins: &[String],
        settings: &RemoteSettingsMap,
    ) -> Result<GitFetchRefExpression, RepositoryError> {
        let setting = settings.get(remote);
        let read = |text: Option<&String>| {
            text.map(|text| patterns(std::slice::from_ref(text)))
                .transpose()
        };
        if !pins.is_empty() {
            return Ok(GitFetchRefExpression {
                bookmark: patterns(pins)?,
                tag: StringExpression::none(),
            });
        }
        let bookmark = match read(setting.and_then(|one| one.fetch_bookmarks.as_ref()))? {
            Some(configured) => configured,
            None => {
                let store = self.repo().store();
                let git = jj_lib::git::get_git_repo(store).doing("open git's repository")?;
                let (_, bookmark) = load_default_fetch_bookmarks(remote, &git)
                    .doing("read git's settings of the remote")?;
                bookmark
            }
        };
        let tag = read(setting.and_then(|one| one.fetch_tags.as_ref()))?;
        Ok(GitFetchRefExpression {
            bookmark,
            tag: tag.unwrap_or_else(StringExpression::all),
        })
    }
}
