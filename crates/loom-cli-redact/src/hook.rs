//! A hook that has git look at what is staged before each commit.
//!
//! A hook that was there is kept under another name and runs first, as git knows only one of each kind.

use std::fs;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use loom_common_file::Access;

use crate::error::RedactError;
use crate::rule_file::open;

const NAME: &str = "pre-commit";
const KEPT: &str = "pre-commit.before-loom";

/// What tells that a hook is Loom's.
const MARK: &str =
    "# Installed by `loom secrets install-hook`; `loom secrets uninstall-hook` removes it.";

/// Runs the kept hook, then looks at what is staged. A missing `loom` stops the commit: an unnoticed hook that
/// checks nothing would be worse.
const SCRIPT: &str = r#"#!/bin/sh
MARK
before="$(dirname "$0")/pre-commit.before-loom"
if [ -x "$before" ]; then
    "$before" "$@" || exit
fi
loom=loom
command -v "$loom" >/dev/null 2>&1 || loom=PROGRAM
if ! command -v "$loom" >/dev/null 2>&1; then
    echo 'loom is not there to look for secrets; `git commit --no-verify` does without' >&2
    exit 1
fi
exec "$loom" secrets scan --staged
"#;

/// The hook before commits, in the folder in which git looks for hooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    folder: PathBuf,
}

/// How a hook was installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Installed {
    /// There was none.
    New,
    /// Loom's was there and is now as of this version.
    Renewed,
    /// Another one was there. It is kept here, and runs first.
    Before(PathBuf),
}

impl Hook {
    /// Takes git's folder of hooks.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Returns the file that git runs.
    pub fn path(&self) -> PathBuf {
        self.folder.join(NAME)
    }

    /// Installs the hook. `program` is the `loom` that runs where none is on the search path.
    ///
    /// # Errors
    ///
    /// [`RedactError::HookTaken`] and [`RedactError::File`].
    pub fn install(&self, program: &Path) -> Result<Installed, RedactError> {
        let (hook, kept) = (self.path(), self.folder.join(KEPT));
        fs::create_dir_all(&self.folder).map_err(RedactError::writing(&self.folder))?;
        let installed = if is_ours(&hook)? {
            Installed::Renewed
        } else if !is_there(&hook) {
            Installed::New
        } else if is_there(&kept) {
            return Err(RedactError::HookTaken { hook, kept });
        } else {
            fs::rename(&hook, &kept).map_err(RedactError::writing(&hook))?;
            Installed::Before(kept.clone())
        };
        let written = self.write(program);
        if written.is_err() && matches!(installed, Installed::Before(_)) {
            // As it was; the error says the rest.
            let _ = fs::rename(&kept, &hook);
        }
        written.map_err(RedactError::writing(&hook))?;
        Ok(installed)
    }

    fn write(&self, program: &Path) -> std::io::Result<()> {
        let program = program.display().to_string().replace('\'', r"'\''");
        let script = SCRIPT
            .replace("MARK", MARK)
            .replace("PROGRAM", &format!("'{program}'"));
        loom_common_file::replace(&self.path(), script, Access::Program)
    }

    /// Removes the hook, and puts the one back that was there before. Returns whether there was one.
    ///
    /// # Errors
    ///
    /// [`RedactError::NotOurHook`] and [`RedactError::File`].
    pub fn uninstall(&self) -> Result<bool, RedactError> {
        let (hook, kept) = (self.path(), self.folder.join(KEPT));
        if !is_ours(&hook)? {
            return Err(RedactError::NotOurHook { hook });
        }
        let was_there = is_there(&kept);
        let done = match was_there {
            true => fs::rename(&kept, &hook),
            false => fs::remove_file(&hook),
        };
        done.map_err(RedactError::writing(&hook))?;
        Ok(was_there)
    }
}

/// Whether something has that name, be it a link to nowhere.
fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

fn is_ours(hook: &Path) -> Result<bool, RedactError> {
    let mut text = Vec::new();
    let read = open(hook).and_then(|file| file.take(64 << 10).read_to_end(&mut text));
    match read {
        Ok(_) => Ok(String::from_utf8_lossy(&text).contains(MARK)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(RedactError::reading(hook)(error)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn folder() -> (tempfile::TempDir, Hook) {
        let folder = tempfile::tempdir().unwrap();
        let hook = Hook::new(folder.path().join("hooks"));
        (folder, hook)
    }

    #[test]
    fn a_hook_comes_and_goes() {
        let (_folder, hook) = folder();
        assert_eq!(hook.install("/it's/loom".as_ref()).unwrap(), Installed::New);
        let script = fs::read_to_string(hook.path()).unwrap();
        assert!(script.contains(r"loom='/it'\''s/loom'"), "{script}");
        let mode = fs::metadata(hook.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
        assert_eq!(hook.install("/loom".as_ref()).unwrap(), Installed::Renewed);
        assert!(!hook.uninstall().unwrap());
        assert!(!hook.path().exists());
        let gone = hook.uninstall();
        assert!(
            matches!(gone, Err(RedactError::NotOurHook { .. })),
            "{gone:?}"
        );
    }

    #[test]
    fn a_hook_that_was_there_is_kept_and_put_back() {
        let (_folder, hook) = folder();
        fs::create_dir(&hook.folder).unwrap();
        fs::write(hook.path(), "theirs").unwrap();
        let kept = hook.folder.join(KEPT);
        assert_eq!(
            hook.install("/loom".as_ref()).unwrap(),
            Installed::Before(kept.clone())
        );
        assert_eq!(fs::read(&kept).unwrap(), b"theirs");
        // Some other program puts its own there.
        fs::write(hook.path(), "another").unwrap();
        let taken = hook.install("/loom".as_ref());
        assert!(
            matches!(taken, Err(RedactError::HookTaken { .. })),
            "{taken:?}"
        );
        assert_eq!(fs::read(hook.path()).unwrap(), b"another");
        fs::remove_file(hook.path()).unwrap();
        hook.install("/loom".as_ref()).unwrap();
        assert!(hook.uninstall().unwrap());
        assert_eq!(fs::read(hook.path()).unwrap(), b"theirs");
        assert!(!kept.exists());
    }
}
