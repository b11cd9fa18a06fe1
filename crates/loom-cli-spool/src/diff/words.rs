//! Comparisons line by line, with the numbers of the lines before and after.
//!
//! Where there are colours and few words of a line changed, its old and its new form stand on one
//! line, words that are gone before those that came. Otherwise they stand below each other.

use loom_common_spool::repository::{EntryKind, Hunk, HunkLine, HunkLineKind, hunks};

use super::listing::{both_names, one_line};
use super::{FileDiff, Lines};
use crate::page::Page;
use crate::palette;

type Parts = [(bool, Vec<u8>)];

/// How often a line may go back and forth between what was and what is, and still be one line.
const ALTERNATIONS: usize = 3;

pub(super) fn words(page: &mut Page, file: &FileDiff, lines: Lines) {
    page.show_in(palette::FILE, &format!("{}:", headline(file)))
        .say("\n");
    let [before, after] = file.contents();
    if file.is_binary() {
        page.say_in(palette::HUNK, "    (binary)").say("\n");
        return;
    }
    if before.is_empty() && after.is_empty() {
        if file.moved().is_none() {
            page.say_in(palette::HUNK, "    (empty)").say("\n");
        }
        return;
    }
    let hunks = hunks(before, after, lines.context, lines.whitespace);
    let mut shown = 0;
    for hunk in &hunks {
        if hunk.after.start > shown {
            page.say("    ...\n");
        }
        draw(page, hunk);
        shown = hunk.after.end;
    }
    if !hunks.is_empty() && shown < number_of_lines(after) {
        page.say("    ...\n");
    }
}

/// Says what happened to a file.
fn headline(file: &FileDiff) -> String {
    let (verb, name) = match (&file.before, &file.after) {
        (None, Some(after)) => (format!("Added {}", kind(after.kind)), after.shown.clone()),
        (Some(before), None) => (
            format!("Removed {}", kind(before.kind)),
            before.shown.clone(),
        ),
        (Some(before), Some(after)) => {
            let name = match (file.moved(), file.copied) {
                (Some(_), true) => {
                    return format!(
                        "Copied {} ({})",
                        kind(after.kind),
                        one_line(&both_names(&before.shown, &after.shown))
                    );
                }
                (Some(_), false) => one_line(&both_names(&before.shown, &after.shown)),
                (None, _) => after.shown.clone(),
            };
            (change(before.kind, after.kind), name)
        }
        (None, None) => Default::default(),
    };
    format!("{verb} {}", one_line(&name))
}

fn change(before: EntryKind, after: EntryKind) -> String {
    match (before, after) {
        (EntryKind::File { executable: false }, EntryKind::File { executable: true }) => {
            "Non-executable file became executable at".to_owned()
        }
        (EntryKind::File { executable: true }, EntryKind::File { executable: false }) => {
            "Executable file became non-executable at".to_owned()
        }
        (EntryKind::Tangle { .. }, EntryKind::Tangle { .. }) => "Modified tangle in".to_owned(),
        (EntryKind::Tangle { .. }, _) => "Untangled".to_owned(),
        (_, EntryKind::Tangle { .. }) => "Tangled".to_owned(),
        _ if before == after => format!("Modified {}", kind(after)),
        _ => format!("{} became {} at", capitalized(kind(before)), kind(after)),
    }
}

fn kind(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::File { executable: false } => "regular file",
        EntryKind::File { executable: true } => "executable file",
        EntryKind::Link => "symlink",
        EntryKind::Submodule => "git submodule",
        EntryKind::Tangle { .. } => "tangle",
        EntryKind::Absent => "nothing",
    }
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map(|first| first.to_uppercase().chain(characters).collect())
        .unwrap_or_default()
}

/// The number of the next line on each side.
#[derive(Clone, Copy)]
struct Numbers {
    old: usize,
    new: usize,
}

fn draw(page: &mut Page, hunk: &Hunk) {
    let mut numbers = Numbers {
        old: hunk.before.start + 1,
        new: hunk.after.start + 1,
    };
    for lines in hunk.lines.chunk_by(|one, next| {
        (one.kind == HunkLineKind::Context) == (next.kind == HunkLineKind::Context)
    }) {
        let added = lines
            .iter()
            .position(|line| line.kind == HunkLineKind::Added);
        let (old, new) = lines.split_at(added.unwrap_or(lines.len()));
        match lines.first().map(|line| line.kind) {
            Some(HunkLineKind::Context) => {
                for line in lines {
                    margin(page, Some(numbers.old), Some(numbers.new));
                    one_side(page, line, [palette::PLAIN; 2]);
                    numbers.old += 1;
                    numbers.new += 1;
                }
            }
            _ => numbers = changed(page, old, new, numbers),
        }
    }
}

/// Draws lines that were replaced by others.
fn changed(page: &mut Page, old: &[HunkLine], new: &[HunkLine], mut numbers: Numbers) -> Numbers {
    let merged: Option<Vec<_>> = (page.looks().colored && old.len() == new.len())
        .then(|| {
            let pairs = old.iter().zip(new);
            pairs
                .map(|(old, new)| merge(&old.parts, &new.parts))
                .collect()
        })
        .flatten();
    if let Some(merged) = merged {
        for line in merged {
            margin(page, Some(numbers.old), Some(numbers.new));
            for (style, content) in &line {
                // The line's end is written below.
                let content = content.strip_suffix(b"\n").unwrap_or(content);
                page.content_in(*style, content);
            }
            page.say("\n");
            numbers.old += 1;
            numbers.new += 1;
        }
        return numbers;
    }
    for line in old {
        margin(page, Some(numbers.old), None);
        one_side(page, line, [palette::REMOVED, palette::REMOVED_WORD]);
        numbers.old += 1;
    }
    for line in new {
        margin(page, None, Some(numbers.new));
        one_side(page, line, [palette::ADDED, palette::ADDED_WORD]);
        numbers.new += 1;
    }
    numbers
}

/// Puts both forms of a line into one, unless that would be hard to read.
fn merge<'a>(old: &'a Parts, new: &'a Parts) -> Option<Vec<(anstyle::Style, &'a [u8])>> {
    let mut line = Vec::new();
    let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
    let mut sides = Vec::new();
    loop {
        while let Some((_, content)) = old.next_if(|(differs, _)| *differs) {
            line.push((palette::REMOVED_WORD, content.as_slice()));
            sides.push('-');
        }
        while let Some((_, content)) = new.next_if(|(differs, _)| *differs) {
            line.push((palette::ADDED_WORD, content.as_slice()));
            sides.push('+');
        }
        match (old.next(), new.next()) {
            (Some((_, old)), Some((_, new))) if old == new => {
                line.push((palette::PLAIN, new.as_slice()));
            }
            (None, None) => break,
            _ => return None,
        }
    }
    sides.dedup();
    (sides.len() <= ALTERNATIONS).then_some(line)
}

fn one_side(page: &mut Page, line: &HunkLine, styles: [anstyle::Style; 2]) {
    for (differs, content) in &line.parts {
        page.content_in(styles[usize::from(*differs)], content);
    }
    let end = line.parts.last();
    if !end.is_some_and(|(_, end)| end.ends_with(b"\n")) {
        page.say("\n");
    }
}

fn margin(page: &mut Page, old: Option<usize>, new: Option<usize>) {
    for (number, style, after) in [(old, palette::REMOVED, " "), (new, palette::ADDED, ": ")] {
        match number {
            Some(number) => page.say_in(style, &format!("{number:>4}")),
            None => page.say("    "),
        };
        page.say(after);
    }
}

fn number_of_lines(text: &[u8]) -> usize {
    text.split_inclusive(|byte| *byte == b'\n').count()
}
