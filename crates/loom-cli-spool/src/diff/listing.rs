//! Comparisons as lists of names.

use loom_common_spool::repository::EntryKind;

use super::{FileDiff, Version};
use crate::page::Page;
use crate::palette;

/// A letter for what happened, and the name.
pub(super) fn summary(page: &mut Page, file: &FileDiff) {
    let (letter, style) = match (&file.before, &file.after) {
        _ if file.copied => ("C", palette::ADDED),
        (None, _) => ("A", palette::ADDED),
        (_, None) => ("D", palette::REMOVED),
        _ if file.moved().is_none() => ("M", palette::MODIFIED),
        _ => ("R", palette::RENAMED),
    };
    let text = format!("{letter} {}", one_line(&name(file)));
    page.show_in(style, &text).say("\n");
}

/// A letter for each of the types before and after, and the name.
pub(super) fn types(page: &mut Page, file: &FileDiff) {
    let letters = [&file.before, &file.after].map(|version| letter(version.as_ref()));
    let text = format!("{}{} {}", letters[0], letters[1], one_line(&name(file)));
    page.show_in(palette::MODIFIED, &text).say("\n");
}

/// The name.
pub(super) fn name_only(page: &mut Page, file: &FileDiff) {
    if let Some(version) = file.known_by() {
        page.show(&one_line(&version.shown)).say("\n");
    }
}

fn letter(version: Option<&Version>) -> char {
    match version.map(|version| version.kind) {
        None | Some(EntryKind::Absent) => '-',
        Some(EntryKind::File { .. }) => 'F',
        Some(EntryKind::Link) => 'L',
        Some(EntryKind::Submodule) => 'G',
        Some(EntryKind::Tangle { .. }) => 'C',
    }
}

/// Returns the name of a file, or both when it has moved, with what they share written once.
pub(super) fn name(file: &FileDiff) -> String {
    match file.moved() {
        Some((before, after)) => both_names(&before.shown, &after.shown),
        None => file
            .known_by()
            .map(|version| version.shown.clone())
            .unwrap_or_default(),
    }
}

/// Writes `src/{old.rs => new.rs}`.
pub(super) fn both_names(before: &str, after: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (before.split('/').collect(), after.split('/').collect());
    let shorter = old.len().min(new.len()) - 1;
    let same = |count: usize, pairs: &mut dyn Iterator<Item = bool>| {
        pairs.take(count).take_while(|same| *same).count()
    };
    let start = same(shorter, &mut old.iter().zip(&new).map(|(a, b)| a == b));
    let end = same(
        shorter - start,
        &mut old.iter().rev().zip(new.iter().rev()).map(|(a, b)| a == b),
    );
    let middle = |parts: &[&str]| parts[start..parts.len() - end].join("/");
    let mut text = String::new();
    for part in &old[..start] {
        text += part;
        text += "/";
    }
    text += &format!("{{{} => {}}}", middle(&old), middle(&new));
    for part in &old[old.len() - end..] {
        text += "/";
        text += part;
    }
    text
}

/// Keeps a name on its line.
pub(super) fn one_line(name: &str) -> String {
    name.replace(['\n', '\t'], "\u{fffd}")
}
