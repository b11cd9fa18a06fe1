//! The edit engine: replaces one text by another in the content of a file. Pure.
//!
//! The text to replace is looked for as it stands. When it is not there, it is looked for once
//! more with white space normalized ([`spacing`]), and what is found that way must be the only
//! such place; the new text then takes on the file's indentation ([`indentation`]). There is no
//! guessing by similarity: when both fail, nothing is changed, and the failure tells the model
//! what is there instead ([`advice`]).
//!
//! Whole [patches](patch) are found and refused in the same way.
//!
//! All of this works on a view of the file with plain line ends ([`text`]), for models write
//! nothing else; whatever lies outside of the replaced places is given back byte for byte.

mod advice;
mod indentation;
pub(crate) mod patch;
mod spacing;
mod text;

#[cfg(test)]
mod tests;

use std::ops::Range;

use spacing::Spaced;
use text::Text;

/// What is to be done to a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edit<'a> {
    /// The text to replace. Not empty.
    pub(crate) old: &'a str,
    /// What to put in its place.
    pub(crate) new: &'a str,
    /// Whether each place is to be changed instead of the only one.
    pub(crate) replace_all: bool,
}

/// The content of a file after an edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edited {
    /// The whole new content.
    pub(crate) content: String,
    /// How many places were changed.
    pub(crate) places: usize,
    /// Whether the place was found only with white space normalized.
    pub(crate) is_respaced: bool,
}

/// Applies `edit` to the content of a file.
///
/// # Errors
///
/// A message for the model that says why the edit does not fit and what would.
pub(crate) fn apply(content: &str, edit: Edit<'_>) -> Result<Edited, String> {
    let text = Text::parse(content);
    let old = text.adapt(edit.old);
    let new = text.adapt(edit.new);
    if old == new {
        return Err(
            "old_string and new_string are the same, so there is nothing to change.".into(),
        );
    }
    let view = text.view();
    let found: Vec<Range<usize>> = view
        .match_indices(old.as_ref())
        .map(|(start, matched)| start..start + matched.len())
        .collect();
    if let [only] = found.as_slice()
        && !edit.replace_all
        && let Some(other) = overlapping(view, &old, only.start)
    {
        return Err(advice::overlapping(view, [only.start, other]));
    }
    if found.len() == 1 || (edit.replace_all && !found.is_empty()) {
        return Ok(Edited {
            content: text.replace(found.iter().map(|place| (place.clone(), new.as_ref()))),
            places: found.len(),
            is_respaced: false,
        });
    }
    if !found.is_empty() {
        let starts = found.iter().map(|place| place.start);
        return Err(advice::several(view, starts));
    }
    match spacing::find(view, &old, &new) {
        Spaced::One { place, new } if view[place.clone()] != new => Ok(Edited {
            content: text.replace(std::iter::once((place, new.as_str()))),
            places: 1,
            is_respaced: true,
        }),
        Spaced::One { place, .. } => Err(advice::already_there(view, place.start)),
        Spaced::Several(starts) => Err(advice::several_spaced(view, starts.into_iter())),
        Spaced::None => Err(advice::not_found(view, &old, &new)),
    }
}

/// Returns the content of a file that is to hold `new` instead of `old`: with the old file's line
/// ends and byte order mark, for the model is shown neither.
pub(crate) fn rewrite(old: &str, new: &str) -> String {
    let text = Text::parse(old);
    let new = match new.strip_prefix(text::BYTE_ORDER_MARK) {
        Some(rest) if old.starts_with(text::BYTE_ORDER_MARK) => rest,
        _ => new,
    };
    let new = text.adapt(new);
    let everything = 0..text.view().len();
    text.replace(std::iter::once((everything, new.as_ref())))
}

/// Returns the next place of `old` after the one at `start`, even if the two have text in common,
/// as those of `}\n}` in `}\n}\n}` do. Which of them is meant cannot be known.
fn overlapping(view: &str, old: &str, start: usize) -> Option<usize> {
    let next = start + old.chars().next()?.len_utf8();
    view[next..].find(old).map(|place| next + place)
}
