//! The environment of every process that a test starts: nothing of the machine or its user gets in.

use std::ffi::OsString;
use std::path::Path;

/// The folders where Linux distributions keep programs; a user's own folders are left out.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Variables that make a process depend on its arguments and its folder only. All of its own files
/// go below `home`.
pub(crate) fn hermetic(home: &Path) -> Vec<(OsString, OsString)> {
    let plain = [
        ("PATH", PATH),
        ("TERM", "dumb"),
        ("LC_ALL", "C.UTF-8"),
        ("TZ", "UTC"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_AUTHOR_NAME", "Ada Example"),
        ("GIT_AUTHOR_EMAIL", "ada@example.org"),
        ("GIT_COMMITTER_NAME", "Ada Example"),
        ("GIT_COMMITTER_EMAIL", "ada@example.org"),
    ];
    let folders = [
        ("HOME", ""),
        ("XDG_CONFIG_HOME", ".config"),
        ("XDG_DATA_HOME", ".local/share"),
        ("XDG_STATE_HOME", ".local/state"),
        ("XDG_CACHE_HOME", ".cache"),
        ("XDG_RUNTIME_DIR", "run"),
        ("TMPDIR", "tmp"),
    ];
    let plain = plain.map(|(name, value)| (name.into(), value.into()));
    let folders = folders.map(|(name, folder)| {
        let folder = if folder.is_empty() {
            home.to_owned()
        } else {
            home.join(folder)
        };
        (name.into(), folder.into_os_string())
    });
    plain.into_iter().chain(folders).chain(coverage()).collect()
}

/// A program built for coverage must know where to write its counters, or it writes them into its
/// folder.
fn coverage() -> Option<(OsString, OsString)> {
    let name = "LLVM_PROFILE_FILE";
    #[expect(clippy::disallowed_methods, reason = "handed through, not a setting")]
    let value = std::env::var_os(name)?;
    Some((name.into(), value))
}
