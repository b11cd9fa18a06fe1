//! Version control: `loom spool tension` and `trace` beside `jj status` and `jj log`.
//!
//! The repository has 50,000 files and 20,000 commits, made by `git fast-import` from always the same
//! numbers, and checked out beside git. Both programs are optimized alike, run in turn on the very same
//! folder, and write into a pipe. The file list is in the system's cache.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, bail};

use super::program;
use super::table::{Measurement, Sample, Yardstick, milliseconds};
use crate::jujutsu;
use crate::process;
use crate::workspace::{Profile, Workspace};

const FILES: u64 = 50_000;
const COMMITS: u64 = 20_000;
const FILES_PER_FOLDER: u64 = 25;
const ROUNDS: usize = 15;

/// What the ratio shall stay below.
const RATIO: f64 = 1.1;

/// What is measured: its name, and the words of both programs.
const PAIRS: &[(&str, &[&str], &[&str])] = &[
    ("tension", &["tension"], &["status"]),
    ("trace", &["trace"], &["log"]),
    (
        "trace of 1000",
        &["trace", "-r", "::", "-n", "1000"],
        &["log", "-r", "::", "-n", "1000"],
    ),
    ("trace of all", &["trace", "-r", "::"], &["log", "-r", "::"]),
];

pub(super) fn history(workspace: &Workspace) -> anyhow::Result<Vec<Measurement>> {
    let jj = jujutsu::ensure(workspace, Profile::Release)?;
    let home = tempfile::tempdir().context("cannot make a temporary folder")?;
    let scene = Scene {
        folder: home.path().join("repository"),
        home: home.path().to_owned(),
        loom: program(workspace, "loom"),
        jj,
    };
    scene.make()?;
    let mut measurements = Vec::new();
    for (name, tapestry, words) in PAIRS {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        // The first runs warm the caches up, and record what is new.
        scene.loom(tapestry)?;
        scene.jj(words)?;
        for _ in 0..ROUNDS {
            ours.push(scene.loom(tapestry)?);
            theirs.push(scene.jj(words)?);
        }
        let theirs = Sample::new(theirs).context("no runs")?;
        let what = format!("spool {name}, {FILES} files, {COMMITS} commits");
        let target = theirs.median() * RATIO;
        measurements.push(Measurement {
            what,
            unit: "ms",
            sample: Sample::new(ours).context("no runs")?,
            yardsticks: vec![
                Yardstick::peer(&format!("`jj {}`", words[0]), &theirs),
                Yardstick::target(target),
            ],
        });
    }
    Ok(measurements)
}

/// A repository, and a home without settings but for a name.
struct Scene {
    home: PathBuf,
    folder: PathBuf,
    loom: PathBuf,
    jj: PathBuf,
}

impl Scene {
    fn make(&self) -> anyhow::Result<()> {
        let settings = self.home.join(".config/jj");
        std::fs::create_dir_all(&settings)?;
        std::fs::create_dir_all(&self.folder)?;
        std::fs::write(
            settings.join("config.toml"),
            "[user]\nname = \"Ada\"\nemail = \"ada@example.org\"\n",
        )?;
        self.run(
            Path::new("git"),
            &["init", "--quiet", "--initial-branch=main"],
        )?;
        self.import()?;
        self.run(Path::new("git"), &["checkout", "--quiet", "main"])?;
        self.run(&self.jj, &["git", "init", "--colocate"])?;
        println!("    {FILES} files, {COMMITS} commits");
        Ok(())
    }

    /// Makes the commits. Each changes three files; every tenth merges a side line of three.
    fn import(&self) -> anyhow::Result<()> {
        let mut git = self.command(Path::new("git"), &["fast-import", "--quiet"]);
        let mut git = git
            .stdin(Stdio::piped())
            .spawn()
            .context("cannot start `git fast-import`")?;
        let mut input = git.stdin.take().context("no way to write to git")?;
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = move || {
            // xorshift64 (Marsaglia 2003).
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random
        };
        for commit in 0..COMMITS {
            let branch = match commit % 10 {
                7..=9 => "side",
                _ => "main",
            };
            let message = format!("Change {commit}: {:x}\n", next());
            let time = 1_700_000_000 + commit * 60;
            let mut text = format!(
                "commit refs/heads/{branch}\nmark :{mark}\ncommitter Ada <ada@example.org> {time} +0000\n\
                 data {length}\n{message}",
                mark = commit + 1,
                length = message.len(),
            );
            if commit % 10 == 7 {
                writeln!(text, "from :{commit}")?;
            }
            if commit > 0 && commit % 10 == 0 {
                writeln!(text, "merge refs/heads/side")?;
            }
            let files: Vec<u64> = match commit {
                0 => (0..FILES).collect(),
                _ => (0..3).map(|_| next() % FILES).collect(),
            };
            for file in files {
                let content = format!("file {file}\n{:x}\n{:x}\n", next(), next());
                writeln!(
                    text,
                    "M 100644 inline {}\ndata {}\n{content}",
                    path(file),
                    content.len()
                )?;
            }
            input.write_all(text.as_bytes())?;
        }
        drop(input);
        if !git.wait()?.success() {
            bail!("`git fast-import` failed");
        }
        Ok(())
    }

    fn loom(&self, words: &[&str]) -> anyhow::Result<f64> {
        let words: Vec<_> = ["spool"].iter().chain(words).copied().collect();
        self.run(&self.loom, &words)
    }

    fn jj(&self, words: &[&str]) -> anyhow::Result<f64> {
        self.run(&self.jj, words)
    }

    /// Runs a program, and returns the milliseconds from fork to exit.
    fn run(&self, program: &Path, words: &[&str]) -> anyhow::Result<f64> {
        let mut command = self.command(program, words);
        let start = Instant::now();
        process::output(&mut command)?;
        Ok(milliseconds(start.elapsed()))
    }

    fn command(&self, program: &Path, words: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(words)
            .current_dir(&self.folder)
            .env("HOME", &self.home)
            .env_remove("XDG_CONFIG_HOME")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1");
        command
    }
}

fn path(file: u64) -> String {
    let folder = file / FILES_PER_FOLDER;
    format!("part{}/module{folder}/file{file}.txt", folder / 40)
}
