//! How much memory programs hold while they wait for work.
//!
//! Rss counts every resident page, also those of files that other processes share; Pss counts a shared
//! page in parts. The target is held against Rss, the larger of the two.

use std::fs;
use std::io::{BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, bail};

use super::installation::Installation;
use super::model::{Model, Work};
use super::server::{DataFolder, Server};
use super::table::{Measurement, Sample, Yardstick};
use crate::workspace::Workspace;

const RUNS: usize = 5;

/// A process that has been quiet for so long is idle.
const QUIET: Duration = Duration::from_millis(1500);

/// How long the session of many commands may take.
const SESSION_LIMIT: Duration = Duration::from_secs(300);

/// `loom-server` after a few hundred requests, when it has come to rest.
pub(super) fn server(workspace: &Workspace) -> anyhow::Result<Vec<Measurement>> {
    let mut readings = Vec::new();
    for _ in 0..RUNS {
        let data = DataFolder::new()?;
        let server = Server::start(workspace, &data)?;
        for _ in 0..200 {
            server.health()?;
        }
        rest();
        readings.push(Memory::of(server.pid())?);
    }
    measurements("`loom-server` idle", &readings, 50.0)
}

/// The `loom` REPL at its prompt, on a terminal of its own, with a server that is there already.
pub(super) fn cli(workspace: &Workspace) -> anyhow::Result<Vec<Measurement>> {
    let model = Model::start()?;
    let installation = Installation::start(workspace, &model)?;
    let mut readings = Vec::new();
    for _ in 0..RUNS {
        let terminal = Terminal::start(&installation.loom())?;
        readings.push(Memory::of(terminal.pid)?);
    }
    measurements("`loom` idle at its prompt", &readings, 40.0)
}

/// The most that `loom` held during a session of 500 commands that print 100 MB between them.
pub(super) fn session(workspace: &Workspace) -> anyhow::Result<Vec<Measurement>> {
    // About 200 kB each, and no two alike.
    let command = |number: usize| format!("seq {} {}", 1_000_000 + number, 1_025_000 + number);
    let (work, ended, let_go) = Work::of(500, command);
    let model = Model::with_work(work)?;
    let installation = Installation::start(workspace, &model)?;
    let mut loom = installation
        .loom()
        .args(["--permission-mode", "full", "--quiet", "-p", "work"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .context("cannot start loom")?;
    let worked = ended.recv_timeout(SESSION_LIMIT);
    let peak = peak(loom.id());
    drop(let_go);
    let status = loom.wait()?;
    worked.context("the session did not come to its last answer")?;
    if !status.success() {
        bail!("loom ended with {status}");
    }
    Ok(vec![Measurement {
        what: "`loom` in a session of 500 commands and 100 MB, peak Rss".to_owned(),
        unit: "MB",
        sample: Sample::new([peak?]).context("no runs")?,
        yardsticks: vec![Yardstick::target(60.0)],
    }])
}

/// Returns the most that a process has held (`VmHWM`, proc_pid_status(5)), in megabytes.
fn peak(pid: u32) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes: f64 = line
        .and_then(|line| line.trim().strip_suffix("kB"))
        .context("the peak is not told")?
        .trim()
        .parse()?;
    Ok(kilobytes * 1024.0 / 1e6)
}

fn measurements(what: &str, readings: &[Memory], target: f64) -> anyhow::Result<Vec<Measurement>> {
    let measurement = |kind: &str, value: fn(&Memory) -> f64| {
        anyhow::Ok(Measurement {
            what: format!("{what}, {kind}"),
            unit: "MB",
            sample: Sample::new(readings.iter().map(value)).context("no runs")?,
            yardsticks: vec![Yardstick::target(target)],
        })
    };
    Ok(vec![
        measurement("Rss", |memory| memory.rss)?,
        measurement("Pss", |memory| memory.pss)?,
    ])
}

/// Memory of a process, in megabytes of 10^6 bytes.
struct Memory {
    rss: f64,
    pss: f64,
}

impl Memory {
    fn of(pid: u32) -> anyhow::Result<Self> {
        let path = format!("/proc/{pid}/smaps_rollup");
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        Self::parse(&text).with_context(|| format!("{path} has no Rss and Pss"))
    }

    /// Reads the lines `Rss: N kB` and `Pss: N kB` (proc_pid_smaps(5); a kB there is 1024 bytes).
    fn parse(text: &str) -> Option<Self> {
        let field = |name: &str| -> Option<f64> {
            let line = text.lines().find_map(|line| line.strip_prefix(name))?;
            let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
            Some(kilobytes * 1024.0 / 1e6)
        };
        Some(Self {
            rss: field("Rss:")?,
            pss: field("Pss:")?,
        })
    }
}

/// A program on a terminal of its own, which is ended when this is dropped.
struct Terminal {
    script: Child,
    pid: u32,
}

impl Terminal {
    /// Starts a program and waits until it has shown something and is quiet.
    fn start(program: &Command) -> anyhow::Result<Self> {
        // `script` makes the terminal. Its shell becomes the program, so that their process id is one.
        let mut command = Command::new("script");
        command
            .args([
                "--quiet",
                "--return",
                "--command",
                "echo pid $$; exec \"$LOOM_BENCH_PROGRAM\"",
                "/dev/null",
            ])
            .env("LOOM_BENCH_PROGRAM", program.get_program())
            .env("TERM", "xterm-256color")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        for (name, value) in program.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.current_dir(program.get_current_dir().unwrap_or(Path::new(".")));
        let mut script = command
            .spawn()
            .context("cannot start `script`, which makes a terminal")?;
        let output = script.stdout.take().context("`script` has no output")?;
        let (sender, received) = mpsc::channel();
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let mut terminal = Self { script, pid: 0 };
        let mut shown = Vec::new();
        loop {
            match received.recv_timeout(QUIET) {
                Ok(bytes) => shown.extend(bytes),
                Err(mpsc::RecvTimeoutError::Timeout) => break,
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    bail!(
                        "loom ended by itself and printed: {}",
                        String::from_utf8_lossy(&shown)
                    )
                }
            }
        }
        let shown = String::from_utf8_lossy(&shown).into_owned();
        let (first, rest) = shown.split_once('\n').context("nothing was shown")?;
        if rest.trim().is_empty() {
            bail!("loom shows no prompt");
        }
        terminal.pid = first
            .trim()
            .strip_prefix("pid ")
            .context("no process id")?
            .parse()?;
        Ok(terminal)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // When `script` dies, its terminal closes, and what runs there gets SIGHUP.
        let _ = self.script.kill();
        let _ = self.script.wait();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "what is measured is the state after a while without work"
)]
fn rest() {
    std::thread::sleep(QUIET);
}

#[cfg(test)]
mod tests {
    use super::Memory;

    #[test]
    fn memory_is_read_from_a_rollup() {
        let text = "55d0-7ffd ---p 00000000 00:00 0 [rollup]\n\
                    Rss:               50000 kB\n\
                    Pss:               40000 kB\nPss_Dirty:          1000 kB\n";
        let memory = Memory::parse(text).unwrap();
        assert_eq!((memory.rss, memory.pss), (51.2, 40.96));
        assert!(Memory::parse("Rss: much\n").is_none());
    }
}
