//! Where the model's answers come from.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, bail};

use crate::cleanup::Cleanup;

/// A provider whose key is in the environment.
pub(super) struct LiveModel {
    pub(super) provider: &'static str,
    pub(super) variable: &'static str,
    key: OsString,
}

impl LiveModel {
    pub(super) fn find() -> Option<Self> {
        [
            ("anthropic", "ANTHROPIC_API_KEY"),
            ("openai", "OPENAI_API_KEY"),
        ]
        .into_iter()
        .find_map(|(provider, variable)| {
            #[expect(
                clippy::disallowed_methods,
                reason = "a program: the user's environment says what is there"
            )]
            let key = std::env::var_os(variable).filter(|key| !key.is_empty())?;
            Some(Self {
                provider,
                variable,
                key,
            })
        })
    }

    pub(super) fn environment(self) -> Vec<(&'static str, OsString)> {
        vec![
            ("LOOM_PROVIDER", self.provider.into()),
            (self.variable, self.key),
        ]
    }
}

/// A process that answers like the provider's server, with what a file says.
pub(super) struct ReplayModel {
    url: String,
    process: Child,
    /// Kept open: a process that cannot write any more would fail.
    _output: BufReader<ChildStdout>,
    _stop: Cleanup,
}

impl ReplayModel {
    pub(super) const PROGRAM: &'static str = "loom-replay-model";

    /// The key that it asks for.
    const KEY: &'static str = "test-key";

    /// Starts the program and waits until it says where it listens.
    pub(super) fn start(program: &Path, conversation: &Path) -> anyhow::Result<Self> {
        const SAYS: &str = "listening on ";
        let mut process = Command::new(program)
            .args(["--pace-ms", "12"])
            .arg(conversation)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let stop = Cleanup::arm(r#"kill "$1""#, [process.id().to_string()])?;
        let mut line = String::new();
        let output = process
            .stdout
            .take()
            .context("the replaying model has no output")?;
        let mut output = BufReader::new(output);
        output.read_line(&mut line)?;
        let Some(url) = line.trim_end().strip_prefix(SAYS) else {
            bail!("the replaying model did not start; it said {line:?}");
        };
        Ok(Self {
            url: url.to_owned(),
            process,
            _output: output,
            _stop: stop,
        })
    }

    pub(super) fn environment(&self) -> Vec<(&'static str, OsString)> {
        vec![
            ("LOOM_PROVIDER", "anthropic".into()),
            ("LOOM_SERVER_ANTHROPIC_BASE_URL", self.url.clone().into()),
            ("LOOM_SERVER_ANTHROPIC_API_KEY", Self::KEY.into()),
        ]
    }
}

impl Drop for ReplayModel {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
