//! What the launcher is told: the rules for one command, as data.
//!
//! The policy travels as JSON in an environment variable ([`VARIABLE`]), which the launcher takes
//! out of the environment before the command starts. It holds no secret.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::Rung;
use crate::launcher::View;

/// The environment variable that carries the policy to the launcher.
pub(crate) const VARIABLE: &str = "LOOM_SANDBOX_POLICY";

/// The rules for one command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Policy {
    /// The version of Loom that wrote it: launcher and session must be the same program.
    pub(crate) version: String,
    /// How to confine. Never [`Rung::None`].
    pub(crate) rung: Rung,
    /// Folders that can be written: absolute, without symbolic links, none inside another. The
    /// first is the workspace.
    pub(crate) writable: Vec<PathBuf>,
    /// Places that cannot be seen, whether or not they exist.
    pub(crate) hidden: Vec<PathBuf>,
    /// The home folder of the person.
    pub(crate) home: PathBuf,
    /// Where `TMPDIR` points; inside one of the writable folders.
    pub(crate) temporary: PathBuf,
    /// A folder with an empty `file` and an empty `folder` that nobody may open, to cover others.
    pub(crate) covers: PathBuf,
    /// How the network is reached.
    pub(crate) network: NetworkRoute,
    /// The programs for that rung.
    pub(crate) bubblewrap: Option<Bubblewrap>,
    /// What the outer launcher has found on the disk, for the inner one.
    pub(crate) view: Option<View>,
}

/// The programs that take part when `bwrap` makes the namespaces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bubblewrap {
    /// `bwrap` itself.
    pub(crate) program: PathBuf,
    /// The launcher, which `bwrap` starts inside.
    pub(crate) launcher: PathBuf,
}

/// How a command reaches the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NetworkRoute {
    /// Not at all.
    Off,
    /// Through the proxy, which listens on both.
    Proxy {
        /// Its unix socket, for commands with a network of their own.
        socket: PathBuf,
        /// Its port on 127.0.0.1, for commands without.
        port: u16,
    },
}
