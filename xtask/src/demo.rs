//! `cargo xtask demo`: the agent mends a small project, from the command line to the model and back.
//!
//! Everything that runs is the product, as a user runs it: `loom` starts `loom-server`, asks the model
//! through it, and works with its tools on a real git repository. Only the model's answers are recorded
//! (`xtask/demo/conversation.json`), unless there is a key and the live model is wanted. Nothing of the
//! user's own Loom is touched: configuration, threads and server live in the demo's folder.

mod model;
mod scratch;

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::process::Command;

use anyhow::{Context, bail};

use self::model::{LiveModel, ReplayModel};
use self::scratch::Scratch;
use crate::isolated_loom::IsolatedLoom;
use crate::process::{self, announce};
use crate::workspace::{Profile, Workspace};

const PROMPT: &str = "The tests of this crate fail. Find out why, mend the code and not the tests, \
                      and run the tests until they all pass.";

const RECORDED: &str = "xtask/demo/conversation.json";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Ask the live model of ANTHROPIC_API_KEY or OPENAI_API_KEY instead of replaying recorded answers
    #[arg(long)]
    live: bool,
}

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<()> {
    let live = wanted_live_model(arguments.live)?;
    let mut packages = vec!["-p", "loom-cli", "-p", "loom-server"];
    if live.is_none() {
        packages.extend(["-p", "loom-testing"]);
    }
    workspace.build(&packages)?;

    announce("make a git repository with a small project whose tests fail");
    let scratch = Scratch::create(workspace)?;
    println!("    {}", scratch.project().display());

    let loom = IsolatedLoom::create(scratch.root(), &workspace.program("loom", Profile::Dev))?;
    let mut demo = Demo {
        scratch,
        loom,
        environment: Vec::new(),
    };
    let _replay = match live {
        Some(live) => {
            println!(
                "\nThe model is live ({}). All else is Loom too.",
                live.provider
            );
            demo.environment = live.environment();
            None
        }
        None => {
            let program = workspace.program(ReplayModel::PROGRAM, Profile::Dev);
            let replay = ReplayModel::start(&program, &workspace.path(RECORDED))?;
            println!(
                "\nOnly the model's answers are recorded ({RECORDED}).\n\
                 The rest is the product: loom, the server that it starts, its tools, the thread."
            );
            demo.environment = replay.environment();
            Some(replay)
        }
    };
    let outcome = demo.work();
    announce("stop the server");
    let stopped = process::run(demo.loom().args(["server", "stop"]));
    outcome.and(stopped)
}

struct Demo {
    scratch: Scratch,
    loom: IsolatedLoom,
    /// How the server reaches the model.
    environment: Vec<(&'static str, OsString)>,
}

impl Demo {
    fn loom(&self) -> Command {
        let mut loom = self.loom.command();
        loom.envs(self.environment.iter().cloned())
            .current_dir(self.scratch.project());
        // Failures of the project's tests stay short enough to read.
        loom.env_remove("RUST_BACKTRACE");
        loom
    }

    /// Lets the agent work, then shows and checks what it did.
    fn work(&self) -> anyhow::Result<()> {
        println!();
        process::run(
            self.loom()
                .args(["-p", PROMPT, "--permission-mode", "full"]),
        )?;

        println!();
        process::run(
            self.scratch
                .git()
                .args(["--no-pager", "diff", "--stat", "--patch"]),
        )?;

        println!();
        let threads = process::output(
            self.loom()
                .args(["threads", "list", "--limit", "1", "--json"]),
        )?;
        let thread = newest_thread(&threads)?;
        announce(&format!("loom threads show {thread}"));
        let shown = process::output(self.loom().args(["threads", "show", &thread]))?;
        println!("{}", beginning(&shown));

        announce("check that the tests pass now");
        let tests = process::output(&mut self.scratch.tests());
        match &tests {
            Ok(_) => println!("    they do"),
            Err(error) => eprintln!("{error:#}"),
        }
        println!(
            "\nLook around:\n  \
         the project    {project}\n  \
         the thread     {loom} threads show {thread}\n  \
         go on with it  ANTHROPIC_API_KEY=… {loom} --resume {thread}\n\
         Loom wrote nothing outside {root}; delete it when you are done.\n",
            project = self.scratch.project().display(),
            loom = self.loom.script().display(),
            root = self.scratch.root().display(),
        );
        if tests.is_err() {
            bail!("the agent did not make the tests pass");
        }
        Ok(())
    }
}

/// Returns the first lines of a text, and how many there are more.
fn beginning(text: &str) -> String {
    const SHOWN: usize = 14;
    let lines: Vec<_> = text.lines().collect();
    match lines.len().checked_sub(SHOWN) {
        None | Some(0) => lines.join("\n"),
        Some(more) => format!("{}\n… {more} more lines", lines[..SHOWN].join("\n")),
    }
}

/// Returns the id of the one thread in the output of `loom threads list --json`.
fn newest_thread(json: &str) -> anyhow::Result<String> {
    let threads: serde_json::Value = serde_json::from_str(json)?;
    let id = threads[0]["id"]
        .as_str()
        .with_context(|| format!("no thread was stored: {json}"))?;
    Ok(id.to_owned())
}

/// Returns the live model if it was asked for, or is there and the person at the terminal wants it.
fn wanted_live_model(asked_for: bool) -> anyhow::Result<Option<LiveModel>> {
    let found = LiveModel::find();
    if asked_for {
        return found
            .map(Some)
            .context("--live needs a key in ANTHROPIC_API_KEY or OPENAI_API_KEY");
    }
    match found {
        Some(live) if std::io::stdin().is_terminal() => {
            print!(
                "There is a key in {}. Use the live model, which costs a little? [y/N] ",
                live.variable
            );
            std::io::stdout().flush()?;
            let mut answer = String::new();
            std::io::stdin().read_line(&mut answer)?;
            Ok(answer.trim().eq_ignore_ascii_case("y").then_some(live))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginning_says_how_much_is_left_out() {
        let text = |lines: usize| {
            (1..=lines)
                .map(|line| format!("{line}\n"))
                .collect::<String>()
        };
        assert_eq!(beginning("one\ntwo\n"), "one\ntwo");
        assert!(beginning(&text(14)).ends_with("13\n14"));
        assert!(beginning(&text(17)).ends_with("13\n14\n… 3 more lines"));
    }

    #[test]
    fn newest_thread_is_the_first_of_the_list() {
        assert_eq!(
            newest_thread(r#"[{"id": "T-1", "title": "Mend it"}]"#).unwrap(),
            "T-1"
        );
        assert!(newest_thread("[]").is_err());
    }
}
