//! What a sandbox is made of: the folders, the network, the program that launches.

use std::path::PathBuf;

use loom_common_config::Environment;

use crate::{HostPattern, Rung};

/// What a sandbox is made of.
#[derive(Clone, Debug)]
pub struct SandboxSetup {
    /// The program whose `main` calls [`launch`](crate::launch) first. `/proc/self/exe` is this very
    /// program, even when its file has been replaced since it started.
    pub launcher: PathBuf,
    /// The folder to work in, which can be written.
    pub workspace: PathBuf,
    /// Other folders that can be written. Those that do not exist are left out.
    pub writable: Vec<PathBuf>,
    /// Places that can be read although they are among the hidden ones.
    pub visible: Vec<PathBuf>,
    /// The person's home folder.
    pub home: PathBuf,
    /// The environment of Loom: says where programs are, and where some hidden places are.
    pub environment: Environment,
    /// How the network is reached.
    pub network: NetworkAccess,
    /// Where the private folder for temporary files is made, such as `/tmp`.
    pub temporary: PathBuf,
    /// The rungs to try, in this order. [`Rung::ALL`] but for tests and diagnosis.
    pub rungs: Vec<Rung>,
}

/// How commands reach the network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum NetworkAccess {
    /// Not at all.
    #[default]
    Off,
    /// By HTTP and HTTPS through a proxy that lets these hosts pass. Others can be added while it
    /// runs, also to none; but with Landlock alone no hosts mean no network, as the way to a proxy
    /// would be one to others.
    AllowList(Vec<HostPattern>),
}
