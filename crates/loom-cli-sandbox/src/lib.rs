//! The sandbox in which commands run: namespaces, Landlock, seccomp, bubblewrap, and the way to the
//! network.
//!
//! # Types
//!
//! A session makes one [`Sandbox`] from a [`SandboxSetup`]: the probe tries the [`Rung`]s from the
//! strongest down and keeps the first from which a command does not get out; [`Status`] says which it
//! is, and why it is not a stronger one. [`Sandbox::command`] then wraps each command: it returns
//! what to start instead ([`Wrapped`]), and leaves pipes, process groups and time-outs to whoever
//! starts it. When a command has failed, [`Sandbox::explain`] tells whether the sandbox has probably
//! refused something ([`Denial`]), for the model and for the person.
//!
//! # Flow
//!
//! ```text
//!  session                    loom __sandbox run                  the command
//!  Sandbox::command --------> takes the policy -- landlock -----> (becomes it)
//!                             |
//!                             '-- namespaces --> loom __sandbox init --> (starts it, waits for all)
//!                                  or bwrap       mounts, network, rights, rules, filter
//! ```
//!
//! The launcher is `loom` itself, called with a hidden first argument ([`launch`]), so that it
//! confines itself and nothing has to run between `fork` and `exec`. What a rung is made of:
//!
//! | | files | hidden places | network | processes |
//! | --- | --- | --- | --- | --- |
//! | namespaces, bubblewrap | read-only mounts, Landlock | covered by mounts, Landlock | own, loopback only | own |
//! | landlock | Landlock | left out of what is allowed | no sockets (seccomp) | Landlock's scopes |
//!
//! seccomp closes the kernel's other ways out in all of them. Allowed hosts are reached through a
//! proxy in the session's process, the only thing that a command can connect to.
//!
//! # Failure
//!
//! The launcher fails closed: a step that does not succeed ends it with code 125 and a message, and
//! the command does not run. The probe tries what really happens, with the real folders, so a kernel,
//! container or file system that refuses a step costs a rung and not the session. Without any rung
//! [`Sandbox::command`] is an error; whether a command may run unconfined is decided elsewhere.
//!
//! # How others do it
//!
//! Agents that rely on bubblewrap alone have no sandbox where user namespaces are denied (Ubuntu
//! 24.04) or it is not installed; those that rely on Landlock alone cannot hide a folder in the home
//! without closing the home, protect `.git/hooks`, or leave localhost working. Most trust a version
//! number or the presence of a program, and find out at the first command. Here each is used for what
//! it does best, both where both are there, and what is in force was tried.

mod denial;
mod error;
mod launcher;
mod mountinfo;
mod own_folder;
mod places;
mod policy;
mod probe;
mod protected;
mod proxy;
mod rung;
mod sandbox;
mod setup;
mod short_path;

pub use denial::{Denial, DenialKind};
pub use error::SandboxError;
pub use launcher::launch;
pub use places::hidden_places;
pub use proxy::{HostPattern, RefusalReason, RefusedHost};
pub use rung::{Refusal, Rung, Status};
pub use sandbox::{Sandbox, Wrapped};
pub use setup::{NetworkAccess, SandboxSetup};
