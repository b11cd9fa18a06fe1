//! What to tell the model about hunks that do not fit.

use super::order::Conflict;
use super::parse::{Hunk, Mark};
use super::places::{FileLines, Misfit};
use super::texts;
use crate::edit::advice::{nearest, numbers};

/// A hunk has no place.
pub(super) fn misfit(file: &FileLines<'_>, index: usize, hunk: &Hunk, misfit: &Misfit) -> String {
    let name = name(index, hunk);
    match misfit {
        Misfit::NoScope { line } => {
            let near = match nearest(file.view(), line) {
                Some(near) => format!(" The nearest lines are:\n{near}"),
                None => String::new(),
            };
            format!(
                "{name}: the line `{line}` after `@@` is not in the file{}.{near}",
                if hunk.scope.len() > 1 {
                    " below the one before"
                } else {
                    ""
                }
            )
        }
        Misfit::Nowhere => format!(
            "{name}: it only adds lines, and nothing says where. Give lines that are there before or \
             after them, or a line after `@@`; to add at the end, put `*** End of File` below."
        ),
        Misfit::Elsewhere { at } => format!(
            "{name}: its lines are in the file, but elsewhere than it says: at {}. {}",
            numbers(at.iter().map(|line| line + 1)),
            if hunk.is_at_end {
                "`*** End of File` is for the last lines only."
            } else {
                "Name a line after `@@` that is above them."
            }
        ),
        Misfit::NotFound => not_found(file, &name, hunk),
    }
}

fn not_found(file: &FileLines<'_>, name: &str, hunk: &Hunk) -> String {
    let old = texts(&hunk.lines, Mark::Added).join("\n");
    let new = texts(&hunk.lines, Mark::Removed).join("\n");
    let mut advice = format!("{name}: its kept and removed lines are not in the file.");
    let view = file.view();
    if !new.trim().is_empty()
        && new.trim() != old.trim()
        && let Some(place) = view.find(new.trim())
    {
        let line = view[..place].matches('\n').count() + 1;
        advice.push_str(&format!(
            " What it would make of them is already there at line {line}: perhaps the patch was \
             applied before."
        ));
    }
    match nearest(view, &old) {
        Some(near) => advice.push_str(&format!(" The nearest lines are:\n{near}")),
        None => advice.push_str(" No line of it is. Read the file again."),
    }
    advice
}

/// The hunks have places, but not so that it is plain which.
pub(super) fn conflict(hunks: &[Hunk], conflict: &Conflict) -> String {
    match conflict {
        Conflict::Ambiguous { hunk, at } => format!(
            "{}: its lines are in the file {} times, at {}. Add lines around the ones that are \
             meant until they are unique, or name a line above them after `@@`, such as that of the \
             function.",
            name(*hunk, &hunks[*hunk]),
            at.len(),
            numbers(at.iter().map(|line| line + 1))
        ),
        Conflict::Overlapping {
            hunks: [first, second],
            at,
        } => format!(
            "{} and {} change the same lines, at line {}. Make one hunk of them.",
            name(*first, &hunks[*first]),
            name(*second, &hunks[*second]),
            at + 1
        ),
    }
}

fn name(index: usize, hunk: &Hunk) -> String {
    format!("hunk {} (line {} of the patch)", index + 1, hunk.line)
}
