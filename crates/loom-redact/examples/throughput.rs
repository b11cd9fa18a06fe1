//! How fast a folder is searched on one core: `cargo run --release -p loom-redact --example throughput -- DIR…`.
//!
//! The files are read into memory first, so that only the search is measured. Each line of the output is a
//! name and a number.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "what it prints is its result"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use loom_redact::{Detector, KnownSecrets, Rules};

/// Stops reading when so much is in memory, in bytes.
const MOST: usize = 700 << 20;

fn main() {
    let start = Instant::now();
    let rules = Rules::builtin();
    let detector = Detector::new(rules, KnownSecrets::new());
    let first = start.elapsed().as_secs_f64() * 1e3;
    println!("rules {}", rules.len());
    println!("rules_ms {first:.1}");
    let rounds = 20;
    let start = Instant::now();
    for _ in 0..rounds {
        Rules::read_builtin().expect("the rules are valid");
    }
    let again = start.elapsed().as_secs_f64() * 1e3 / f64::from(rounds);
    println!("rules_again_ms {again:.1}");

    let mut files = Vec::new();
    let mut size = 0;
    for folder in std::env::args().skip(1) {
        read(Path::new(&folder), &mut files, &mut size);
    }
    println!("files {}", files.len());
    println!("mb {:.1}", megabytes(size));
    for _ in 0..3 {
        let start = Instant::now();
        let mut found = 0;
        // Without their paths, which allow lists would leave out.
        for text in &files {
            found += detector.scan(text).len();
        }
        let seconds = start.elapsed().as_secs_f64();
        println!("findings {found}");
        println!(
            "search_ms_per_100_mb {:.1}",
            seconds * 1e3 * 100.0 / megabytes(size)
        );
    }
}

fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

fn read(path: &Path, files: &mut Vec<Vec<u8>>, size: &mut usize) {
    if path.is_dir() {
        let Ok(entries) = fs::read_dir(path) else {
            return;
        };
        let mut entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        entries.sort();
        entries.iter().for_each(|entry| read(entry, files, size));
    } else if *size < MOST
        && !path.is_symlink()
        && let Ok(text) = fs::read(path)
    {
        *size += text.len();
        files.push(text);
    }
}
