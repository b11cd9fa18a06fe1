//! `cargo xtask generate`: the reference files under `docs/reference`.
//!
//! The programs describe themselves; each file is what one subcommand prints. So the references cannot
//! say anything else than the code does, and `--check` proves that the committed ones are not older.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

use crate::process;
use crate::workspace::{Profile, Workspace};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Write nothing; fail when a file is not what would be written
    #[arg(long)]
    check: bool,
}

/// A file, and the command line whose output it holds.
struct Reference {
    path: &'static str,
    /// The first line of the file, where the program prints only what goes below it.
    title: Option<&'static str>,
    program: &'static str,
    arguments: &'static [&'static str],
}

const REFERENCES: &[Reference] = &[
    Reference {
        path: "docs/reference/openapi.json",
        title: None,
        program: "loom-server",
        arguments: &["openapi"],
    },
    Reference {
        path: "docs/reference/server-config.md",
        title: Some("Configuration of the server"),
        program: "loom-server",
        arguments: &["config", "reference"],
    },
    Reference {
        path: "docs/reference/server-config.schema.json",
        title: None,
        program: "loom-server",
        arguments: &["config", "schema"],
    },
    Reference {
        path: "docs/reference/cli.md",
        title: None,
        program: "loom",
        arguments: &["reference"],
    },
    Reference {
        path: "docs/reference/cli-config.md",
        title: Some("Configuration of the command line"),
        program: "loom",
        arguments: &["config", "reference"],
    },
    Reference {
        path: "docs/reference/cli-config.schema.json",
        title: None,
        program: "loom",
        arguments: &["config", "schema"],
    },
    Reference {
        path: "docs/reference/stream.schema.json",
        title: None,
        program: "loom",
        arguments: &["schema"],
    },
    Reference {
        path: "docs/reference/spool.schema.json",
        title: None,
        program: "loom",
        arguments: &["spool", "schema"],
    },
];

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.check {
        check(workspace)
    } else {
        write(workspace)
    }
}

fn write(workspace: &Workspace) -> anyhow::Result<()> {
    workspace.build_programs()?;
    for reference in REFERENCES {
        let path = workspace.path(reference.path);
        let text = reference.text(workspace)?;
        if committed(&path)?.is_some_and(|committed| committed == text) {
            println!("    unchanged  {}", reference.path);
            continue;
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| format!("{}", folder.display()))?;
        }
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        println!("    written    {}", reference.path);
    }
    Ok(())
}

/// Fails when a reference file is not what `cargo xtask generate` would write.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    workspace.build_programs()?;
    let mut stale = Vec::new();
    for reference in REFERENCES {
        let text = reference.text(workspace)?;
        let difference = match committed(&workspace.path(reference.path))? {
            None => Some("the file is missing".to_owned()),
            Some(committed) => first_difference(&committed, &text),
        };
        if let Some(difference) = difference {
            eprintln!("{}: {difference}", reference.path);
            stale.push(reference.path);
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    bail!(
        "out of date: {}\n  hint: run `cargo xtask generate` and commit the result",
        stale.join(", ")
    )
}

fn committed(path: &Path) -> anyhow::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

impl Reference {
    /// Runs the program without the developer's environment, so that no setting of theirs gets in.
    fn text(&self, workspace: &Workspace) -> anyhow::Result<String> {
        let home = tempfile::tempdir().context("cannot make a temporary folder")?;
        let path: OsString = std::env::join_paths(process::search_path())?;
        let text = process::output(
            Command::new(workspace.program(self.program, Profile::Dev))
                .args(self.arguments)
                .env_clear()
                .env("HOME", home.path())
                .env("PATH", path)
                .current_dir(home.path()),
        )?;
        let heading = self.title.map_or_else(String::new, |title| {
            format!("# {title}\n\nMade by `cargo xtask generate`.\n\n")
        });
        Ok(format!("{heading}{}\n", text.trim_end()))
    }
}

/// Returns the first lines that differ, with the line number and a few lines around, or `None`.
fn first_difference(committed: &str, generated: &str) -> Option<String> {
    const SHOWN: usize = 3;
    if committed == generated {
        return None;
    }
    let (old, new): (Vec<_>, Vec<_>) = (committed.lines().collect(), generated.lines().collect());
    let same = old
        .iter()
        .zip(&new)
        .take_while(|(old, new)| old == new)
        .count();
    if same == old.len() && same == new.len() {
        return Some("only the line ends differ".to_owned());
    }
    let mut text = format!("line {} differs", same + 1);
    for (sign, lines) in [('-', &old), ('+', &new)] {
        for line in lines.iter().skip(same).take(SHOWN) {
            text.push_str(&format!("\n  {sign} {line}"));
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::first_difference;

    #[test]
    fn equal_texts_do_not_differ() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
    }

    #[test]
    fn first_differing_lines_are_shown_of_both() {
        assert_eq!(
            first_difference("a\nb\nc\nd\ne\n", "a\nx\nc\nd\ne\n").unwrap(),
            "line 2 differs\n  - b\n  - c\n  - d\n  + x\n  + c\n  + d"
        );
    }

    #[test]
    fn lines_missing_at_the_end_differ() {
        assert_eq!(
            first_difference("a\nb\n", "a\n").unwrap(),
            "line 2 differs\n  - b"
        );
        assert_eq!(
            first_difference("a\n", "a\nb\n").unwrap(),
            "line 2 differs\n  + b"
        );
    }

    #[test]
    fn line_ends_differ() {
        assert_eq!(
            first_difference("a\r\n", "a\n").unwrap(),
            "only the line ends differ"
        );
    }
}
