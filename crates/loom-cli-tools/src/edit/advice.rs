//! What to tell the model about an edit that does not fit.

use std::collections::HashMap;

use similar::get_close_matches;

use super::spacing::lines;

/// How many places are named.
const PLACES: usize = 10;

/// How many lines of the file are shown.
const SHOWN_LINES: usize = 12;

/// Characters of a line that are shown.
const SHOWN_WIDTH: usize = 160;

/// Files with more lines are not searched for lines that look alike.
const MAX_COMPARED: usize = 20_000;

/// How alike two lines must be, between 0 and 1.
const LIKENESS: f32 = 0.6;

const UNCHANGED: &str = "Nothing was changed.";

/// The text is there several times.
pub(super) fn several(view: &str, starts: impl ExactSizeIterator<Item = usize>) -> String {
    let count = starts.len();
    format!(
        "old_string is in the file {count} times, at {}. Add lines around the one that is meant \
         until it is unique, or set replace_all to change all. {UNCHANGED}",
        line_list(view, starts)
    )
}

/// The text is there several times, and these places have text in common. To change all of them
/// has no meaning.
pub(super) fn overlapping(view: &str, starts: [usize; 2]) -> String {
    format!(
        "old_string is in the file more than once, at {}, and these places overlap. Add lines \
         around the one that is meant until it is unique. {UNCHANGED}",
        line_list(view, starts.into_iter())
    )
}

/// The text is not there, but is several times with white space normalized.
pub(super) fn several_spaced(view: &str, starts: impl ExactSizeIterator<Item = usize>) -> String {
    let count = starts.len();
    format!(
        "old_string is not in the file as it stands. With other white space it is there {count} \
         times, at {}. Copy the one that is meant exactly, with lines around it. {UNCHANGED}",
        line_list(view, starts)
    )
}

/// The new text is what the file holds already.
pub(super) fn already_there(view: &str, start: usize) -> String {
    format!(
        "new_string is already in the file at line {}; it differs from old_string in white space \
         only. {UNCHANGED}",
        line_number(view, start)
    )
}

/// The text is not there, whatever the white space.
pub(super) fn not_found(view: &str, old: &str, new: &str) -> String {
    let mut advice = vec!["old_string is not in the file.".to_owned()];
    if has_line_numbers(old) {
        advice.push(
            "Its lines start with numbers: leave out the line numbers and tabs of read_file."
                .to_owned(),
        );
    } else if let Some(start) = Some(new)
        .filter(|new| !new.trim().is_empty())
        .and_then(|new| view.find(new.trim()))
    {
        advice.push(format!(
            "new_string is already there at line {}: perhaps the edit was made before.",
            line_number(view, start)
        ));
    }
    match nearest(view, old) {
        Some(lines) => advice.push(format!("{UNCHANGED} The nearest lines are:\n{lines}")),
        None => advice.push(format!(
            "No line of it is. Read the file again. {UNCHANGED}"
        )),
    }
    advice.join(" ")
}

fn line_number(view: &str, place: usize) -> usize {
    view[..place].matches('\n').count() + 1
}

/// Returns the line numbers of some places, as part of a sentence.
fn line_list(view: &str, starts: impl ExactSizeIterator<Item = usize>) -> String {
    numbers(starts.map(|start| line_number(view, start)))
}

/// Returns some line numbers, as part of a sentence.
pub(super) fn numbers(lines: impl ExactSizeIterator<Item = usize>) -> String {
    let count = lines.len();
    let mut numbers: Vec<String> = lines.take(PLACES).map(|line| line.to_string()).collect();
    if count > PLACES {
        numbers.push("…".to_owned());
    }
    format!("lines {}", numbers.join(", "))
}

/// Tells whether each line starts as those of `read_file` do.
fn has_line_numbers(text: &str) -> bool {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let is_numbered = |line: &str| {
        let rest = line.trim_start();
        let text = rest.trim_start_matches(|digit: char| digit.is_ascii_digit());
        text.len() < rest.len() && text.starts_with('\t')
    };
    lines.next().is_some_and(is_numbered) && lines.all(is_numbered)
}

/// Returns the lines of the file that `old` was most likely meant for, with their numbers, and the
/// first difference.
pub(super) fn nearest(view: &str, old: &str) -> Option<String> {
    let file: Vec<&str> = lines(view).into_iter().map(|line| &view[line]).collect();
    let old: Vec<&str> = old.trim_end().lines().collect();
    let start = common_start(&file, &old).or_else(|| alike_start(&file, &old))?;
    let end = (start + old.len().min(SHOWN_LINES)).min(file.len());
    let mut shown: Vec<String> = file[start..end]
        .iter()
        .zip(start + 1..)
        .map(|(line, number)| format!("{number:>6}\t{}", cut(line)))
        .collect();
    let differs =
        |(file, old): &(&&str, &&str)| !file.split_whitespace().eq(old.split_whitespace());
    let pairs = file[start..].iter().zip(&old);
    if let Some((index, (_, old))) = pairs.enumerate().find(|(_, pair)| differs(pair)) {
        shown.push(format!(
            "The first difference is in line {}, where you have:\n\t{}",
            start + index + 1,
            cut(old)
        ));
    }
    Some(shown.join("\n"))
}

/// Returns where most lines of `old` are found in their order: each line that both have votes for
/// a start, with more weight the longer it is.
fn common_start(file: &[&str], old: &[&str]) -> Option<usize> {
    let mut places: HashMap<Vec<&str>, Vec<usize>> = HashMap::new();
    for (index, line) in old.iter().enumerate() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if !words.is_empty() {
            places.entry(words).or_default().push(index);
        }
    }
    let mut votes: HashMap<usize, usize> = HashMap::new();
    for (number, line) in file.iter().enumerate() {
        let words: Vec<&str> = line.split_whitespace().collect();
        for index in places.get(&words).into_iter().flatten() {
            if let Some(start) = number.checked_sub(*index) {
                *votes.entry(start).or_default() += line.trim().len();
            }
        }
    }
    votes
        .into_iter()
        .max_by_key(|(start, votes)| (*votes, std::cmp::Reverse(*start)))
        .map(|(start, _)| start)
}

/// Returns where `old` would start if its longest line were the line of the file most like it.
fn alike_start(file: &[&str], old: &[&str]) -> Option<usize> {
    if file.len() > MAX_COMPARED {
        return None;
    }
    let (index, longest) = old
        .iter()
        .enumerate()
        .max_by_key(|(_, line)| line.trim().len())?;
    let trimmed: Vec<&str> = file.iter().map(|line| cut(line.trim())).collect();
    let alike = get_close_matches(cut(longest.trim()), &trimmed, 1, LIKENESS);
    let number = trimmed
        .iter()
        .position(|line| alike.first() == Some(line))?;
    Some(number.saturating_sub(index))
}

/// Returns the start of a line.
fn cut(line: &str) -> &str {
    let end = line
        .char_indices()
        .nth(SHOWN_WIDTH)
        .map_or(line.len(), |(end, _)| end);
    &line[..end]
}
