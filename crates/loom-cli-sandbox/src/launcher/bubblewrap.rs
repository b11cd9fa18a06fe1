//! The arguments for `bwrap` that make the same view of the files as [`View::mount`] does.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::mounts::{KEPT_OF_RUN, View, cover};
use super::namespaces;
use crate::policy::Policy;

/// Returns the arguments up to the command, in the order in which `bwrap` carries them out.
///
/// `here` is the folder to work in.
pub(super) fn arguments(policy: &Policy, view: &View, here: &Path) -> Vec<OsString> {
    let mut arguments = Arguments::default();
    arguments.two("--ro-bind", "/", "/");
    arguments.one("--dev", "/dev").one("--tmpfs", "/dev/shm");
    arguments
        .one("--proc", "/proc")
        .one("--remount-ro", "/proc");
    for folder in &policy.writable {
        arguments.two("--bind", folder, folder);
    }
    for folder in &view.protected.pinned {
        arguments.two("--bind", folder, folder);
    }
    for place in &view.protected.read_only {
        arguments.two("--ro-bind", place, place);
    }
    for place in view.hidden.iter().chain(&view.sockets) {
        arguments.two("--ro-bind", cover(policy, place), place);
    }
    if view.replaces_run {
        replace_run(&mut arguments, policy);
    }
    for flag in [
        "--unshare-pid",
        "--unshare-net",
        "--unshare-ipc",
        "--as-pid-1",
    ] {
        arguments.flag(flag);
    }
    if !namespaces::is_administrator() {
        arguments.flag("--unshare-user");
    }
    arguments.one("--chdir", here).flag("--");
    arguments.0
}

/// Replaces `/run` but for what is kept; the kept links lead to folders elsewhere.
fn replace_run(arguments: &mut Arguments, policy: &Policy) {
    let run = Path::new("/run");
    arguments.one("--tmpfs", run);
    for path in KEPT_OF_RUN.map(|name| run.join(name)) {
        match std::fs::read_link(&path) {
            Ok(target) => arguments.two("--symlink", target, &path),
            Err(_) => arguments.two("--ro-bind-try", &path, &path),
        };
    }
    arguments.one("--remount-ro", run);
    // What was writable in there has been covered with the rest.
    for folder in policy
        .writable
        .iter()
        .filter(|folder| folder.starts_with(run))
    {
        arguments.two("--bind", folder, folder);
    }
}

#[derive(Default)]
struct Arguments(Vec<OsString>);

impl Arguments {
    fn flag(&mut self, name: &str) -> &mut Self {
        self.0.push(name.into());
        self
    }

    fn one(&mut self, name: &str, value: impl AsRef<OsStr>) -> &mut Self {
        self.flag(name).0.push(value.as_ref().to_owned());
        self
    }

    fn two(&mut self, name: &str, from: impl AsRef<OsStr>, to: impl AsRef<OsStr>) -> &mut Self {
        self.one(name, from).0.push(to.as_ref().to_owned());
        self
    }
}
