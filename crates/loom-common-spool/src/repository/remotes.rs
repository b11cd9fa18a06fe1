//! Remotes: other repositories of git, and how git is run to reach them.

use std::io;
use std::path::PathBuf;

use jj_lib::git::{
    self, GitProgress, GitRemoteManagementError, GitSettings, GitSidebandLineTerminator,
    GitSubprocessCallback, GitSubprocessOptions,
};
use jj_lib::ref_name::{RemoteName, RemoteNameBuf};
use jj_lib::repo::Repo as _;

use super::Repository;
use super::configuration::setting;
use super::doing::Doing as _;
use super::error::{RepositoryError, chain};
use super::transaction::Transaction;

/// Where to go when nothing is said of it.
pub(super) const ORIGIN: &str = "origin";

/// A remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// Its name.
    pub name: String,
    /// Where it is drawn from.
    pub url: Option<String>,
    /// Where it is shuttled to, when that is elsewhere.
    pub push_url: Option<String>,
}

/// What git says while it is at work.
#[derive(Debug, Clone, PartialEq)]
pub enum GitEvent<'a> {
    /// How much is done, from 0 to 1.
    Progress(f32),
    /// A line of git itself.
    Local(&'a str),
    /// A line of the other side.
    Remote(&'a str),
}

/// Hears what git says while it is at work.
pub type GitListener<'l> = dyn FnMut(GitEvent<'_>) + 'l;

/// Passes on what git says.
pub(super) struct Listening<'a, 'l>(pub(super) &'a mut GitListener<'l>);

impl GitSubprocessCallback for Listening<'_, '_> {
    fn needs_progress(&self) -> bool {
        true
    }

    fn progress(&mut self, progress: &GitProgress) -> io::Result<()> {
        (self.0)(GitEvent::Progress(progress.overall()));
        Ok(())
    }

    fn local_sideband(
        &mut self,
        message: &[u8],
        _: Option<GitSidebandLineTerminator>,
    ) -> io::Result<()> {
        (self.0)(GitEvent::Local(&String::from_utf8_lossy(message)));
        Ok(())
    }

    fn remote_sideband(
        &mut self,
        message: &[u8],
        _: Option<GitSidebandLineTerminator>,
    ) -> io::Result<()> {
        (self.0)(GitEvent::Remote(&String::from_utf8_lossy(message)));
        Ok(())
    }
}

/// Makes the error for a git that was run.
pub(super) fn git_error(error: &(dyn std::error::Error + 'static)) -> RepositoryError {
    let mut causes = std::iter::successors(Some(error), |&error| error.source());
    let missing = causes.any(|cause| {
        let cause = cause.downcast_ref::<io::Error>();
        cause.is_some_and(|cause| cause.kind() == io::ErrorKind::NotFound)
    });
    let message = chain(error);
    let has = |text: &str| message.contains(text);
    let hint = if missing {
        Some("install git, or set `git.executable-path`")
    } else if has("terminal prompts disabled") || has("Authentication failed") {
        Some("git is never asked for a password here: set up a credential helper or a token")
    } else if has("Permission denied (publickey") || has("Host key verification failed") {
        Some("add the key to the SSH agent, and the host to the known ones, before")
    } else if has("No git remote named") {
        Some("`loom spool remote list` shows the remotes")
    } else if has("Could not resolve host") || has("unable to access") {
        Some("check the network and the address of the remote")
    } else {
        None
    };
    RepositoryError::Git {
        message,
        hint: hint.map(str::to_owned),
    }
}

fn remote_error(error: &GitRemoteManagementError) -> RepositoryError {
    let hint = match error {
        GitRemoteManagementError::NoSuchRemote(_) => {
            Some("`loom spool remote list` shows the remotes")
        }
        GitRemoteManagementError::RemoteAlreadyExists(_) => Some("give it another name"),
        GitRemoteManagementError::RemoteName(_) => Some("use a name without slashes"),
        _ => return RepositoryError::from_cause("change the remotes", error),
    };
    RepositoryError::Refused {
        message: chain(error),
        hint: hint.map(str::to_owned),
    }
}

impl Repository {
    /// Lists the remotes, by name.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Other`] when git's settings cannot be read.
    pub fn remotes(&self) -> Result<Vec<Remote>, RepositoryError> {
        let store = self.repo.store();
        let names = git::get_all_remote_names(store).doing("read the remotes")?;
        let repo = git::get_git_repo(store).doing("read the remotes")?;
        let url = |remote: &gix::Remote<'_>, direction| {
            let url = remote.url(direction)?;
            Some(String::from_utf8_lossy(&url.to_bstring()).into_owned())
        };
        names
            .iter()
            .map(|name| {
                let found = git::try_find_active_remote(&repo, name);
                let found = found.map_err(|error| remote_error(&error))?;
                let found = found.as_ref();
                let fetch = found.and_then(|found| url(found, gix::remote::Direction::Fetch));
                let push = found.and_then(|found| url(found, gix::remote::Direction::Push));
                Ok(Remote {
                    name: name.as_str().to_owned(),
                    push_url: push.filter(|push| Some(push) != fetch.as_ref()),
                    url: fetch,
                })
            })
            .collect()
    }

    /// Finds the remote that is meant when none is named: the one of a setting, the only one, or
    /// `origin`.
    pub(super) fn default_remote(&self, key: &'static str) -> Result<String, RepositoryError> {
        if let Ok(name) = self.workspace.settings().get_string(key) {
            return Ok(name);
        }
        let names = git::get_all_remote_names(self.repo.store()).doing("read the remotes")?;
        match names.as_slice() {
            [only] => Ok(only.as_str().to_owned()),
            _ => Ok(ORIGIN.to_owned()),
        }
    }

    /// Says how git is run: it never asks for anything, as nobody might be there to answer.
    pub(super) fn git_options(&self) -> Result<GitSubprocessOptions, RepositoryError> {
        let settings = GitSettings::from_settings(self.workspace.settings());
        let mut options = settings
            .map_err(|error| setting(&error))?
            .to_subprocess_options();
        let environment = &self.surroundings.environment;
        let mut set = |name: &str, value: &str| {
            options.environment.insert(name.into(), value.into());
        };
        set("GIT_TERMINAL_PROMPT", "0");
        set("GIT_ASKPASS", "");
        set("SSH_ASKPASS", "");
        set("SSH_ASKPASS_REQUIRE", "never");
        set("GCM_INTERACTIVE", "never");
        let backend = git::get_git_backend(self.repo.store()).doing("open git's repository")?;
        let git = backend.git_repo();
        let own_ssh = git.config_snapshot().string("core.sshCommand").is_some()
            || environment.contains_key("GIT_SSH_COMMAND")
            || environment.contains_key("GIT_SSH");
        if !own_ssh {
            set("GIT_SSH_COMMAND", "ssh -o BatchMode=yes");
        }
        Ok(options)
    }

    /// Makes an address that git finds from anywhere: a path becomes one from the root.
    fn absolute_url(&self, url: &str) -> String {
        let has_scheme = url.contains("://");
        let is_scp = url
            .split_once(':')
            .is_some_and(|(host, _)| !host.contains('/') && !host.is_empty());
        if has_scheme || is_scp {
            return url.to_owned();
        }
        let path: PathBuf = self.surroundings.folder.join(url);
        let path = path.canonicalize().unwrap_or(path);
        path.to_str().map_or_else(|| url.to_owned(), str::to_owned)
    }
}

impl Transaction<'_> {
    /// Adds a remote. A path is relative to the folder of the command.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Refused`] for a name that is taken or cannot be.
    pub fn add_remote(&mut self, name: &str, url: &str) -> Result<(), RepositoryError> {
        let url = self.repository.absolute_url(url);
        let name = RemoteName::new(name);
        git::add_remote(self.writer(), name, &url, None).map_err(|error| remote_error(&error))?;
        self.say(|| format!("add git remote {}", name.as_symbol()));
        Ok(())
    }

    /// Removes a remote, and what is known of its pins.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Refused`] when there is none of that name.
    pub fn remove_remote(&mut self, name: &str) -> Result<(), RepositoryError> {
        let name = RemoteName::new(name);
        git::remove_remote(self.writer(), name).map_err(|error| remote_error(&error))?;
        self.say(|| format!("remove git remote {}", name.as_symbol()));
        Ok(())
    }

    /// Gives a remote another name.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Refused`] when there is none of the old name, or one of the new.
    pub fn rename_remote(&mut self, old: &str, new: &str) -> Result<(), RepositoryError> {
        let (old, new) = (RemoteNameBuf::from(old), RemoteNameBuf::from(new));
        git::rename_remote(self.writer(), &old, &new).map_err(|error| remote_error(&error))?;
        self.say(|| {
            format!(
                "rename git remote {} to {}",
                old.as_symbol(),
                new.as_symbol()
            )
        });
        Ok(())
    }
}
