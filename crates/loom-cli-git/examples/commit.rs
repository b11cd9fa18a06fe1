//! Commits a new line of a file several times, and prints how long each took in milliseconds.
//!
//! ```sh
//! cargo run --release -p loom-cli-git --example commit -- REPOSITORY FILE COUNT
//! ```

#![expect(clippy::print_stdout, reason = "the times are its output")]

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use loom_cli_git::{CommitOptions, FileChange, Git, Preparation, Version};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let usage = "REPOSITORY FILE COUNT";
    let folder = PathBuf::from(arguments.next().ok_or(usage)?);
    let file = PathBuf::from(arguments.next().ok_or(usage)?);
    let count = arguments.next().ok_or(usage)?;
    let count: u32 = count.to_str().ok_or(usage)?.parse()?;
    let git = Git::new(std::env::vars_os());
    for number in 0..count {
        let before = fs::read(folder.join(&file))?;
        let mut after = before.clone();
        after.extend_from_slice(format!("// {number}\n").as_bytes());
        fs::write(folder.join(&file), &after)?;
        let version = |bytes| Version::File {
            bytes,
            is_executable: false,
        };
        let change = FileChange {
            path: file.clone(),
            moved_from: None,
            without: Some(version(before)),
            with: Some(version(after)),
        };
        let start = Instant::now();
        let repository = git
            .discover(&folder)
            .await?
            .ok_or("there is no repository")?;
        let prepared = repository
            .prepare(vec![change], CommitOptions::default())
            .await?;
        let Preparation::Ready(prepared) = prepared else {
            return Err("there is nothing to commit".into());
        };
        prepared.commit("Add a line").await?;
        println!("{:.3}", start.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(())
}
