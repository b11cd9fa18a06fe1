//! Whether the fast search finds what the specification says, over a folder:
//! `cargo run --release -p loom-redact --example compare -- DIR…`.
//!
//! Slow: the specification runs every rule on everything, at about a megabyte in a second.
#![expect(clippy::print_stdout, reason = "what it prints is its result")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use loom_redact::{Detector, KnownSecrets, Origin, Rules, naive};

fn main() -> ExitCode {
    let detector = Detector::new(Rules::builtin(), KnownSecrets::new());
    let mut files = Vec::new();
    for folder in std::env::args().skip(1) {
        list(Path::new(&folder), &mut files);
    }
    let (mut size, mut found, mut different) = (0, 0, 0);
    for path in &files {
        let Ok(text) = fs::read(path) else { continue };
        let path = path.to_string_lossy();
        // Without its path, which allow lists would leave out.
        let origin = Origin::default();
        let (fast, slow) = (
            detector.scan_with(&text, &origin),
            naive::scan(&detector, &text, &origin),
        );
        size += text.len();
        found += fast.len();
        if fast != slow {
            different += 1;
            println!("{path}:");
            for finding in fast.iter().filter(|finding| !slow.contains(finding)) {
                println!(
                    "  only fast: {}:{} {} {:?}",
                    finding.line, finding.column, finding.rule, finding.range
                );
            }
            for finding in slow.iter().filter(|finding| !fast.contains(finding)) {
                println!(
                    "  only slow: {}:{} {} {:?}",
                    finding.line, finding.column, finding.rule, finding.range
                );
            }
        }
    }
    println!(
        "{} files, {size} bytes, {found} findings, {different} files differ",
        files.len()
    );
    if different == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn list(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_dir() && !path.is_symlink() {
        let Ok(entries) = fs::read_dir(path) else {
            return;
        };
        let mut entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        entries.sort();
        entries.iter().for_each(|entry| list(entry, files));
    } else if !path.is_symlink() {
        files.push(path.to_owned());
    }
}
