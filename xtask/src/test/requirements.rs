//! The programs that the tests run, beside the product's own.
//!
//! On a Debian-like system, and as root, missing ones are installed: that is what continuous
//! integration and a container want. Anyone else gets the exact list and the exact command.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, anyhow, bail};

use crate::process::{self, folder_with, search_path};

/// Something that has to be installed.
#[derive(Debug)]
pub(super) struct Requirement {
    programs: &'static [&'static str],
    why: &'static str,
    debian_package: &'static str,
}

const POSTGRES: Requirement = Requirement {
    programs: &["initdb", "pg_ctl", "postgres"],
    why: "every store test runs on PostgreSQL too",
    debian_package: "postgresql",
};

const OTHERS: &[Requirement] = &[
    Requirement {
        programs: &["cc"],
        why: "SQLite and the cryptography are built from C",
        debian_package: "build-essential",
    },
    Requirement {
        programs: &["git"],
        why: "tests work in scratch repositories",
        debian_package: "git",
    },
    Requirement {
        programs: &["rg"],
        why: "tests and benchmarks compare the search tools with ripgrep",
        debian_package: "ripgrep",
    },
    Requirement {
        programs: &["node", "npm"],
        why: "tests talk to the reference servers of the Model Context Protocol",
        debian_package: "npm",
    },
    Requirement {
        programs: &["bwrap"],
        why: "the sandbox is tested with namespaces that bubblewrap makes",
        debian_package: "bubblewrap",
    },
    Requirement {
        programs: &["perl"],
        why: "attempts to leave the sandbox make system calls",
        debian_package: "perl-base",
    },
    Requirement {
        programs: &["nsenter", "prlimit", "setpriv", "unshare"],
        why: "the tests of the sandbox ask what the machine allows",
        debian_package: "util-linux",
    },
    Requirement {
        programs: &["script"],
        why: "the tests of the sandbox make terminals",
        debian_package: "bsdutils",
    },
];

/// Where the programs were found.
#[derive(Debug)]
pub(super) struct Found {
    /// The folder of the PostgreSQL server's programs.
    pub(super) postgres: PathBuf,
}

/// Looks for all requirements, installs what is missing if it may, and fails with what is missing still.
pub(super) fn ensure() -> anyhow::Result<Found> {
    let missing = match look() {
        Ok(found) => return Ok(found),
        Err(missing) => missing,
    };
    let is_debian = Path::new("/etc/debian_version").exists();
    if is_debian && rustix::process::geteuid().is_root() {
        println!("    missing: {}; installing", describe(&missing));
        install(&packages(&missing)).context("cannot install what the tests need")?;
        return look().map_err(|missing| {
            anyhow!(
                "still missing after the installation: {}",
                describe(&missing)
            )
        });
    }
    let hint = if is_debian {
        debian_hint(&missing)
    } else {
        general_hint(&missing)
    };
    bail!(
        "the tests need programs that are missing: {}\n  hint: {hint}",
        describe(&missing)
    )
}

fn debian_hint(missing: &[&Requirement]) -> String {
    format!(
        "run `sudo apt-get install --no-install-recommends {}`",
        packages(missing).join(" ")
    )
}

fn general_hint(missing: &[&Requirement]) -> String {
    format!(
        "install them; Debian calls the packages {}",
        packages(missing).join(", ")
    )
}

fn packages(requirements: &[&Requirement]) -> Vec<&'static str> {
    requirements
        .iter()
        .map(|requirement| requirement.debian_package)
        .collect()
}

/// Looks for all requirements, and returns those that are missing when it does not find all.
pub(super) fn look() -> Result<Found, Vec<&'static Requirement>> {
    let path = search_path();
    let postgres = folder_with(
        POSTGRES.programs,
        &[path.clone(), debian_postgres_folders()].concat(),
    );
    let mut missing: Vec<_> = OTHERS
        .iter()
        .filter(|requirement| folder_with(requirement.programs, &path).is_none())
        .collect();
    match postgres {
        Some(postgres) if missing.is_empty() => Ok(Found { postgres }),
        Some(_) => Err(missing),
        None => {
            missing.push(&POSTGRES);
            Err(missing)
        }
    }
}

/// Returns the folders where Debian keeps the servers, which are not on the path, newest first.
fn debian_postgres_folders() -> Vec<PathBuf> {
    let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") else {
        return Vec::new();
    };
    let mut versions: Vec<u32> = versions
        .flatten()
        .filter_map(|version| version.file_name().to_str()?.parse().ok())
        .collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    versions
        .iter()
        .map(|version| PathBuf::from(format!("/usr/lib/postgresql/{version}/bin")))
        .collect()
}

fn install(packages: &[&str]) -> anyhow::Result<()> {
    let apt = || {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    process::run(apt().args(["update", "--quiet"]))?;
    process::run(
        apt()
            .args(["install", "--yes", "--quiet", "--no-install-recommends"])
            .args(packages),
    )
}

fn describe(requirements: &[&Requirement]) -> String {
    requirements
        .iter()
        .map(|requirement| format!("{} ({})", requirement.programs.join(", "), requirement.why))
        .collect::<Vec<_>>()
        .join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_programs_are_named_with_the_command_that_installs_them() {
        let missing = [&POSTGRES, &OTHERS[2]];
        assert_eq!(
            describe(&missing),
            "initdb, pg_ctl, postgres (every store test runs on PostgreSQL too); \
             rg (tests and benchmarks compare the search tools with ripgrep)"
        );
        assert_eq!(
            debian_hint(&missing),
            "run `sudo apt-get install --no-install-recommends postgresql ripgrep`"
        );
        assert_eq!(
            general_hint(&missing),
            "install them; Debian calls the packages postgresql, ripgrep"
        );
    }
}
