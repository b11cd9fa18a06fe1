//! Running other programs so that a developer can follow: each command line is shown before it runs,
//! and an error names the command line that failed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, bail};

/// Prints what is about to happen, set apart from the output of the programs that are run.
pub(crate) fn announce(what: &str) {
    println!("==> {what}");
}

/// Announces a command, runs it with this program's own output, and fails when it fails.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let line = command_line(command);
    announce(&line);
    let status = command
        .status()
        .with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

/// Runs a command without announcing it and returns what it wrote to its standard output.
///
/// The error holds what the command wrote to its standard error.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let line = command_line(command);
    let Output {
        status,
        stdout,
        stderr,
    } = command
        .output()
        .with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!(
            "`{line}` failed ({status}):\n{}",
            String::from_utf8_lossy(&stderr).trim_end()
        );
    }
    String::from_utf8(stdout).with_context(|| format!("the output of `{line}` is not UTF-8"))
}

/// Returns the command as one would type it, as far as a reader needs.
fn command_line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let program = program.file_name().unwrap_or(program.as_os_str());
    std::iter::once(program)
        .chain(command.get_args())
        .map(|word| {
            let word = word.to_string_lossy();
            if word.contains(char::is_whitespace) {
                format!("{word:?}")
            } else {
                word.into_owned()
            }
        })
        .collect::<Vec<_>>()
        .join(" ")
}

/// Returns the first folder of `folders` that has all the named programs.
pub(crate) fn folder_with(programs: &[&str], folders: &[PathBuf]) -> Option<PathBuf> {
    let executable = |path: PathBuf| {
        fs::metadata(path)
            .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
    };
    folders
        .iter()
        .find(|folder| {
            programs
                .iter()
                .all(|program| executable(folder.join(program)))
        })
        .cloned()
}

/// Returns the folders of the `PATH` variable.
pub(crate) fn search_path() -> Vec<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a program: it finds its tools as the shell does"
    )]
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_line_reads_as_it_would_be_typed() {
        let mut command = Command::new("/usr/bin/loom");
        command.args(["-p", "mend it", "--quiet"]);
        assert_eq!(command_line(&command), "loom -p \"mend it\" --quiet");
    }

    #[test]
    fn failing_command_is_named_with_what_it_said() {
        let error = output(Command::new("sh").args(["-c", "echo no >&2; exit 3"])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`sh -c \"echo no >&2; exit 3\"` failed (exit status: 3):\nno"
        );
    }
}
