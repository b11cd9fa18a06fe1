//! What is new, in the orders in which servers speak.

use serde_json::{Value, json};

use super::*;
use crate::diagnostic::{read_list, render};

fn list(entries: &[(u64, &str)]) -> Vec<Diagnostic> {
    let place = json!({"line": 0, "character": 0});
    let entries = entries.iter().map(|(severity, message)| {
        json!({"range": {"start": place, "end": place}, "severity": severity, "message": message})
    });
    read_list(&entries.collect::<Value>())
}

const ERROR: u64 = 1;
const WARNING: u64 = 2;
const HINT: u64 = 4;

/// A board, and what it is told in a test.
struct Scene(Board);

impl Scene {
    fn new() -> Self {
        Self(Board::default())
    }

    fn sent(&self, path: &str, version: i64) -> &Self {
        self.0.sent(Path::new(path), version);
        self
    }

    fn published(&self, path: &str, version: Option<i64>, entries: &[(u64, &str)]) -> &Self {
        self.0
            .said(Path::new(path), version, Manner::Published, list(entries));
        self
    }

    fn answered(&self, path: &str, version: i64, entries: &[(u64, &str)]) -> &Self {
        self.0.said(
            Path::new(path),
            Some(version),
            Manner::Answered,
            list(entries),
        );
        self
    }

    /// Returns the messages that are new, sorted, with a `?` when they may have been there before.
    fn new_ones(&self) -> Vec<String> {
        let mut new: Vec<String> = self
            .0
            .take_new()
            .iter()
            .flat_map(|finding| {
                let text = render(std::slice::from_ref(finding), Path::new("/")).unwrap();
                let lines: Vec<&str> = text.lines().skip(1).collect();
                let messages = lines.into_iter().map(|line| {
                    let message = line.rsplit(' ').next().unwrap();
                    format!("{message}{}", if finding.is_compared { "" } else { "?" })
                });
                messages.collect::<Vec<_>>()
            })
            .collect();
        new.sort();
        new
    }
}

#[test]
fn what_was_there_before_the_edit_is_not_new() {
    let scene = Scene::new();
    scene
        .sent("/a", 1)
        .published("/a", Some(1), &[(ERROR, "old"), (WARNING, "older")]);
    assert_eq!(scene.new_ones(), [""; 0]);
    scene.sent("/a", 2);
    assert!(!scene.0.has_spoken(&[PathBuf::from("/a")]));
    scene.published(
        "/a",
        Some(2),
        &[
            (ERROR, "old"),
            (ERROR, "new"),
            (WARNING, "newer"),
            (HINT, "h"),
        ],
    );
    assert!(scene.0.has_spoken(&[PathBuf::from("/a")]));
    assert_eq!(scene.new_ones(), ["new", "newer"]);
    assert_eq!(scene.new_ones(), [""; 0]);
}

#[test]
fn without_a_word_from_before_only_errors_are_told() {
    let scene = Scene::new();
    scene
        .sent("/a", 2)
        .published("/a", None, &[(ERROR, "bad"), (WARNING, "unused")]);
    assert_eq!(scene.new_ones(), ["bad?"]);
    scene.sent("/a", 3).published(
        "/a",
        None,
        &[(ERROR, "bad"), (WARNING, "unused"), (WARNING, "x")],
    );
    assert_eq!(scene.new_ones(), ["x"]);
}

#[test]
fn a_late_word_about_the_unedited_file_is_what_later_ones_are_compared_with() {
    let scene = Scene::new();
    scene
        .sent("/a", 1)
        .published("/a", Some(1), &[])
        .sent("/a", 2);
    scene.published("/a", Some(1), &[(ERROR, "old")]);
    assert!(!scene.0.has_spoken(&[PathBuf::from("/a")]));
    scene.published("/a", Some(2), &[(ERROR, "old"), (WARNING, "new")]);
    assert_eq!(scene.new_ones(), ["new"]);
}

#[test]
fn a_late_word_about_an_edit_that_is_gone_is_nothing() {
    let scene = Scene::new();
    scene.sent("/a", 1).published("/a", Some(1), &[]);
    scene
        .sent("/a", 2)
        .sent("/a", 3)
        .published("/a", Some(2), &[(ERROR, "gone")]);
    assert_eq!(scene.new_ones(), [""; 0]);
}

#[test]
fn what_was_said_too_late_to_be_told_is_told_the_next_time() {
    let scene = Scene::new();
    scene.sent("/a", 1).published("/a", Some(1), &[]);
    scene
        .sent("/a", 2)
        .published("/a", Some(2), &[(ERROR, "late")]);
    // Nobody asked in between.
    scene
        .sent("/a", 3)
        .published("/a", Some(3), &[(ERROR, "late"), (ERROR, "new")]);
    assert_eq!(scene.new_ones(), ["late", "new"]);
}

#[test]
fn what_was_mended_and_broken_again_is_new_again() {
    let scene = Scene::new();
    scene
        .sent("/a", 1)
        .published("/a", Some(1), &[(ERROR, "e")]);
    scene.sent("/a", 2).published("/a", Some(2), &[]);
    assert_eq!(scene.new_ones(), [""; 0]);
    scene
        .sent("/a", 3)
        .published("/a", Some(3), &[(ERROR, "e")]);
    assert_eq!(scene.new_ones(), ["e"]);
}

#[test]
fn of_other_files_only_new_errors_are_told() {
    let scene = Scene::new();
    scene.sent("/a", 1).published("/a", Some(1), &[]);
    scene.published("/b", None, &[(ERROR, "old")]);
    scene.sent("/a", 2).published("/a", Some(2), &[]);
    scene.published(
        "/b",
        None,
        &[(ERROR, "old"), (ERROR, "new"), (WARNING, "w")],
    );
    scene.published("/c", None, &[(ERROR, "other"), (WARNING, "w")]);
    assert_eq!(scene.new_ones(), ["new", "other?"]);
}

#[test]
fn what_is_answered_and_published_counts_once() {
    let scene = Scene::new();
    scene.sent("/a", 1).answered("/a", 1, &[]);
    scene.sent("/a", 2).answered("/a", 2, &[(ERROR, "both")]);
    scene.published("/a", Some(2), &[(ERROR, "both"), (ERROR, "slow")]);
    assert_eq!(scene.new_ones(), ["both", "slow"]);
}

#[test]
fn a_server_that_began_anew_does_not_tell_all_again() {
    let scene = Scene::new();
    scene.sent("/a", 1).published("/a", Some(1), &[]);
    scene
        .sent("/a", 2)
        .published("/a", Some(2), &[(ERROR, "told")]);
    assert_eq!(scene.new_ones(), ["told"]);
    scene.0.begin_anew();
    scene
        .sent("/a", 2)
        .published("/a", Some(2), &[(ERROR, "told"), (ERROR, "new")]);
    assert_eq!(scene.new_ones(), ["new"]);
}

#[test]
fn the_number_of_files_is_bounded() {
    let scene = Scene::new();
    scene.sent("/edited", 2);
    for number in 0..MAX_FILES + 10 {
        scene.published(&format!("/{number}"), None, &[(ERROR, "e")]);
    }
    assert_eq!(scene.0.state().files.len(), MAX_FILES);
}
