//! What git says about a folder.

use std::path::Path;
use std::process::Stdio;

use loom_common_thread::GitMetadata;
use tokio::process::Command;

/// Asks git about the repository that `folder` is in. None outside of a repository, or without git.
pub(crate) async fn metadata(folder: &Path) -> Option<GitMetadata> {
    let (inside, branch, commit, remote_url) = tokio::join!(
        ask(folder, &["rev-parse", "--is-inside-work-tree"]),
        ask(folder, &["symbolic-ref", "--quiet", "--short", "HEAD"]),
        ask(folder, &["rev-parse", "--verify", "--quiet", "HEAD"]),
        ask(folder, &["config", "--get", "remote.origin.url"]),
    );
    inside.map(|_| GitMetadata {
        branch,
        commit,
        remote_url,
    })
}

async fn ask(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .ok()?;
    let answer = String::from_utf8(output.stdout).ok()?;
    (output.status.success()).then(|| answer.trim_end().to_owned())
}
