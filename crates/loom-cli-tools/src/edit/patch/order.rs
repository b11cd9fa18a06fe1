//! Chooses the places of the hunks of a file.
//!
//! The hunks of a patch stand in the order of the file. Where a hunk fits in several places, those
//! of its neighbours can leave only one. A place is possible when there are places for all hunks
//! before above it and for all hunks after below it, which one pass in each direction finds out. If
//! each hunk is left with one, there is exactly one way to put them all, and it is what was meant.
//! If no way is in order although each hunk fits in one place only, they are merely not in order,
//! which does no harm as long as they do not change the same lines.

use super::places::Place;
use super::{Change, changes_of};

/// Why the places could not be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Conflict {
    /// A hunk fits in several places.
    Ambiguous {
        /// Which hunk, from 0.
        hunk: usize,
        /// The lines of the file, from 0.
        at: Vec<usize>,
    },
    /// Two hunks change the same lines.
    Overlapping {
        /// Which hunks, from 0.
        hunks: [usize; 2],
        /// The line of the file, from 0.
        at: usize,
    },
}

/// Chooses one of the `candidates` of each hunk, which are in the order of the file.
pub(super) fn choose<'h>(candidates: Vec<Vec<Place<'h>>>) -> Result<Vec<Place<'h>>, Conflict> {
    let possible = possible(&candidates);
    let is_in_order = possible.iter().all(|places| !places.is_empty());
    let left = if is_in_order { possible } else { candidates };
    if let Some(hunk) = left.iter().position(|places| places.len() > 1) {
        return Err(Conflict::Ambiguous {
            hunk,
            at: left[hunk].iter().map(|place| place.first).collect(),
        });
    }
    let chosen: Vec<Place<'h>> = left.into_iter().flatten().collect();
    match overlap(&chosen) {
        Some(conflict) if !is_in_order => Err(conflict),
        _ => Ok(chosen),
    }
}

/// Returns for each hunk the places that leave room for all others above and below.
fn possible<'h>(candidates: &[Vec<Place<'h>>]) -> Vec<Vec<Place<'h>>> {
    // Where the hunks before can end at the earliest.
    let mut above = Some(0);
    let mut left: Vec<Vec<Place<'h>>> = Vec::with_capacity(candidates.len());
    for places in candidates {
        let fitting: Vec<Place<'h>> = places
            .iter()
            .filter(|place| above.is_some_and(|above| place.first >= above))
            .cloned()
            .collect();
        above = fitting.iter().map(Place::end).min();
        left.push(fitting);
    }
    // Where the hunks after can begin at the latest.
    let mut below = Some(usize::MAX);
    for places in left.iter_mut().rev() {
        places.retain(|place| below.is_some_and(|below| place.end() <= below));
        below = places.iter().map(|place| place.first).max();
    }
    left
}

/// Returns two hunks that change the same lines, or add lines at the same place.
fn overlap(places: &[Place<'_>]) -> Option<Conflict> {
    let mut changes: Vec<(Change, usize)> = places
        .iter()
        .enumerate()
        .flat_map(|(hunk, place)| {
            changes_of(place, None)
                .into_iter()
                .zip(std::iter::repeat(hunk))
        })
        .collect();
    changes.sort_by_key(|(change, _)| (change.lines.start, change.lines.end));
    changes.windows(2).find_map(|pair| {
        let [(one, first), (other, second)] = pair else {
            return None;
        };
        let is_same = other.lines.start < one.lines.end || other.lines.start == one.lines.start;
        is_same.then_some(Conflict::Overlapping {
            hunks: [*first, *second],
            at: other.lines.start,
        })
    })
}
