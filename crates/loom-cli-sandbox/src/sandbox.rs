//! The sandbox as a session holds it: made once, then it wraps each command.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::denial::Circumstances;
use crate::error::SandboxError;
use crate::launcher::{ARGUMENT, WITH_FILES};
use crate::own_folder::OwnFolder;
use crate::policy::{NetworkRoute, Policy, VARIABLE};
use crate::probe::probe;
use crate::protected::{Protected, linked_repository};
use crate::proxy::Proxy;
use crate::{
    Denial, HostPattern, NetworkAccess, RefusedHost, Rung, SandboxSetup, Status, hidden_places,
};

/// Confines the commands of a session.
///
/// Dropping it removes the private folder for temporary files and ends the proxy.
#[derive(Debug)]
pub struct Sandbox {
    status: Status,
    launcher: PathBuf,
    /// Without a rung there is none.
    policy: Option<Policy>,
    /// [`Self::policy`] as the launcher gets it.
    encoded: String,
    proxy: Option<Proxy>,
    own: OwnFolder,
}

/// How to start a command so that it runs in the sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapped {
    /// The program to start: the launcher, which becomes or starts the command.
    pub program: PathBuf,
    /// Its arguments, which end with the command.
    pub arguments: Vec<OsString>,
    /// Variables to set over the environment that the command is to have.
    pub environment: Vec<(OsString, OsString)>,
}

impl Wrapped {
    /// Lets the command inherit files that are open, beside the standard streams.
    #[must_use]
    pub fn with_open_files(mut self) -> Self {
        self.arguments[1] = OsString::from(WITH_FILES);
        self
    }
}

impl Sandbox {
    /// Finds the strongest rung that works here, by trying each with the folders of `setup`.
    ///
    /// Starts the proxy as well when hosts are to be allowed. Takes some milliseconds: the launcher
    /// runs once for each rung that is tried.
    ///
    /// # Errors
    ///
    /// When a folder is not there, there is no room for temporary files, or the proxy cannot start.
    /// That no rung works is no error: see [`Self::status`].
    pub async fn probe(setup: SandboxSetup) -> Result<Self, SandboxError> {
        let own = OwnFolder::new(&setup.temporary).map_err(SandboxError::Temporary)?;
        let proxy = match &setup.network {
            NetworkAccess::Off => None,
            NetworkAccess::AllowList(hosts) => {
                let socket = own.commands().join(".proxy.sock");
                Some(Proxy::start(socket, hosts.clone()).await?)
            }
        };
        let policy = policy(&setup, &own, proxy.as_ref())?;
        let (status, policy) = probe(&setup, policy, &own.path).await?;
        tracing::debug!(%status, "sandbox probed");
        // A proxy that commands cannot reach is of no use.
        let proxy = proxy.filter(|_| {
            let route = policy.as_ref().map(|policy| &policy.network);
            !matches!(route, None | Some(NetworkRoute::Off))
        });
        let encoded = match &policy {
            Some(policy) => encode(policy)?,
            None => String::new(),
        };
        Ok(Self {
            status,
            launcher: setup.launcher,
            policy,
            encoded,
            proxy,
            own,
        })
    }

    /// Returns what the probe found.
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// Returns the active rung.
    pub fn rung(&self) -> Rung {
        self.status.rung
    }

    /// Returns the private folder for temporary files: `TMPDIR` of the commands.
    pub fn temporary(&self) -> PathBuf {
        self.own.commands()
    }

    /// Wraps a command so that it runs in the sandbox. `program` is looked for in the `PATH` that
    /// the command is to have.
    ///
    /// # Errors
    ///
    /// [`SandboxError::NoRung`] when there is no sandbox: it never returns a command that would run
    /// unconfined.
    pub fn command(
        &self,
        program: impl AsRef<OsStr>,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Result<Wrapped, SandboxError> {
        if self.policy.is_none() {
            return Err(SandboxError::NoRung {
                reasons: self.status.reasons(),
            });
        }
        let mut all = vec![OsString::from(ARGUMENT), OsString::from("run")];
        all.push(program.as_ref().to_owned());
        all.extend(arguments.into_iter().map(|part| part.as_ref().to_owned()));
        let mut environment = vec![(OsString::from(VARIABLE), OsString::from(&self.encoded))];
        environment.extend(self.proxy.iter().flat_map(Proxy::variables));
        Ok(Wrapped {
            program: self.launcher.clone(),
            arguments: all,
            environment,
        })
    }

    /// Looks whether the sandbox has probably refused something to a command that failed. Hosts that
    /// were refused count until they are taken ([`Self::take_refused_hosts`]).
    ///
    /// `output` is what it printed, or the end of it; `exit_code` what it ended with, if not by a
    /// signal.
    pub fn explain(&self, output: &str, exit_code: Option<i32>) -> Option<Denial> {
        let policy = self.policy.as_ref()?;
        let protected = Protected::find(&policy.writable).read_only;
        Denial::find(Circumstances {
            output,
            exit_code,
            refused: self.proxy.as_ref().map(Proxy::refused).unwrap_or_default(),
            writable: &policy.writable,
            closed: &[protected, policy.hidden.clone()].concat(),
        })
    }

    /// Lets a host pass from now on. Returns whether there is a proxy that can.
    pub fn allow_host(&self, host: HostPattern) -> bool {
        self.proxy.as_ref().is_some_and(|proxy| {
            proxy.allow(host);
            true
        })
    }

    /// Takes the hosts that the proxy has refused since the last call, oldest first.
    pub fn take_refused_hosts(&self) -> Vec<RefusedHost> {
        self.proxy
            .as_ref()
            .map(Proxy::take_refused)
            .unwrap_or_default()
    }
}

/// Makes the policy of everything but the rung, which the probe fills in.
fn policy(
    setup: &SandboxSetup,
    own: &OwnFolder,
    proxy: Option<&Proxy>,
) -> Result<Policy, SandboxError> {
    let workspace = canonical(&setup.workspace)?;
    let repository = linked_repository(&workspace);
    let others = setup.writable.iter();
    let mut writable = vec![workspace, own.commands()];
    writable.extend(others.filter_map(|path| path.canonicalize().ok()));
    // Without it no commit is possible in a linked worktree.
    writable.extend(repository);
    Ok(Policy {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        rung: Rung::None,
        writable: outermost_in_order(writable),
        hidden: hidden_places(&setup.home, &setup.environment)
            .into_iter()
            .filter(|place| !setup.visible.iter().any(|path| place.starts_with(path)))
            .collect(),
        home: setup
            .home
            .canonicalize()
            .unwrap_or_else(|_| setup.home.clone()),
        temporary: own.commands(),
        covers: own.covers(),
        network: proxy.map_or(NetworkRoute::Off, Proxy::route),
        bubblewrap: None,
        view: None,
    })
}

/// Leaves out folders inside others, so that nothing that a command can change lies between the
/// root and a writable folder.
fn outermost_in_order(folders: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut kept: Vec<PathBuf> = Vec::new();
    for (index, folder) in folders.iter().enumerate() {
        let is_inner = folders
            .iter()
            .enumerate()
            .any(|(other, outer)| folder.starts_with(outer) && (folder != outer || other < index));
        if !is_inner {
            kept.push(folder.clone());
        }
    }
    kept
}

fn canonical(path: &Path) -> Result<PathBuf, SandboxError> {
    path.canonicalize().map_err(|source| SandboxError::Folder {
        path: path.to_owned(),
        source,
    })
}

/// Encodes a policy for the launcher.
pub(crate) fn encode(policy: &Policy) -> Result<String, SandboxError> {
    serde_json::to_string(policy).map_err(|_| SandboxError::NotUnicode {
        path: policy
            .writable
            .iter()
            .chain(&policy.hidden)
            .find(|path| path.to_str().is_none())
            .unwrap_or(&policy.home)
            .clone(),
    })
}
