//! The sandbox in which commands run: Landlock, seccomp, namespaces, bubblewrap, and the way to
//! the network.

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

pub use denial::{Denial, DenialKind};
pub use error::SandboxError;
pub use launcher::launch;
pub use places::hidden_places;
pub use proxy::{HostPattern, RefusalReason, RefusedHost};
pub use rung::{Refusal, Rung, Status};
pub use sandbox::{Sandbox, Wrapped};
pub use setup::{NetworkAccess, SandboxSetup};
