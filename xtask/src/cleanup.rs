//! Cleaning up what must not outlive a task, however the task ends.
//!
//! A destructor does not run when Ctrl-C or a kill ends the program. So a small shell process waits
//! beside it, in a process group of its own (Ctrl-C does not reach it), reading from a pipe whose other
//! end only this program holds. The kernel closes that end when this program ends, in whatever way; the
//! shell's `read` returns, and it cleans up.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use anyhow::Context;

/// A shell script that runs when this value is dropped or this program ends, whichever comes first.
pub(crate) struct Cleanup {
    shell: Child,
}

impl Cleanup {
    /// Arms the cleaning up: `script` is run by `sh` with `arguments` as `$1`, `$2`, …
    pub(crate) fn arm<A: AsRef<OsStr>>(
        script: &str,
        arguments: impl IntoIterator<Item = A>,
    ) -> anyhow::Result<Self> {
        let shell = Command::new("sh")
            .arg("-c")
            .arg(format!("read -r _\n{script}"))
            .arg("sh")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .current_dir("/")
            .process_group(0)
            .spawn()
            .context("cannot start `sh`, which cleans up after this task")?;
        Ok(Self { shell })
    }
}

impl Drop for Cleanup {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        if let Err(error) = self.shell.wait() {
            eprintln!("warning: cannot tell whether the cleaning up is done: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn script_runs_with_its_arguments_when_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a file");
        let cleanup = Cleanup::arm("printf cleaned > \"$1\"", [&file]).unwrap();
        assert!(!file.exists());
        drop(cleanup);
        assert_eq!(std::fs::read_to_string(file).unwrap(), "cleaned");
    }
}
