//! The message where no model has found words: what was asked, or the names of the files.

use std::path::Path;

use crate::answer::{LONGEST_SUBJECT, shortened};

/// The shortest prompt that says something, in characters: `go on` does not.
const SHORTEST_PROMPT: usize = 8;

/// How many files are named.
const NAMED: usize = 2;

/// Returns a subject for a change of files that a prompt has brought about.
pub(crate) fn subject<'a>(
    prompt: &str,
    files: impl Iterator<Item = &'a Path>,
    is_conventional: bool,
) -> String {
    let prefix = if is_conventional { "chore: " } else { "" };
    let text = of_prompt(prompt).unwrap_or_else(|| of_files(files));
    let text = match is_conventional {
        true => text,
        false => capitalized(&text),
    };
    shortened(&format!("{prefix}{text}"))
}

/// Returns the first sentence of a prompt, if it can be a subject.
fn of_prompt(prompt: &str) -> Option<String> {
    let line = prompt
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())?;
    let sentence = line
        .split(". ")
        .next()
        .unwrap_or(line)
        .trim_end_matches(['.', '!', ':']);
    let length = sentence.chars().count();
    let is_plain = sentence.starts_with(|first: char| first.is_alphanumeric())
        && !sentence.chars().any(char::is_control)
        && !sentence.ends_with('?');
    let fits = (SHORTEST_PROMPT..=2 * LONGEST_SUBJECT).contains(&length);
    (is_plain && fits && sentence.contains(' ')).then(|| sentence.to_owned())
}

fn of_files<'a>(files: impl Iterator<Item = &'a Path>) -> String {
    let names: Vec<String> = files
        .filter_map(|file| Some(file.file_name()?.to_string_lossy().into_owned()))
        .map(|name| {
            name.chars()
                .filter(|character| !character.is_control())
                .collect()
        })
        .collect();
    let named = names[..names.len().min(NAMED)].join(", ");
    match names.len() - names.len().min(NAMED) {
        0 => format!("change {named}"),
        1 => format!("change {named} and one more file"),
        more => format!("change {named} and {more} more files"),
    }
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(prompt: &str, files: &[&str], is_conventional: bool) -> String {
        subject(prompt, files.iter().map(Path::new), is_conventional)
    }

    #[test]
    fn a_prompt_that_says_something_is_the_subject() {
        let files = ["src/a.rs"];
        assert_eq!(
            plain("fix the parser. Then run its tests.", &files, false),
            "Fix the parser"
        );
        assert_eq!(
            plain("\n fix the parser!\nnow", &files, true),
            "chore: fix the parser"
        );
        let long = plain(&format!("fix {}", "the parser ".repeat(9)), &files, false);
        assert!(
            long.starts_with("Fix the parser") && long.len() <= LONGEST_SUBJECT,
            "{long}"
        );
    }

    #[test]
    fn otherwise_the_files_are_named() {
        for prompt in [
            "",
            "go on",
            "yes",
            "what is wrong here?",
            "```\nx y z\n```",
            "fix\u{1b}[1m the parser",
        ] {
            assert_eq!(
                plain(prompt, &["src/a.rs"], false),
                "Change a.rs",
                "{prompt}"
            );
        }
        assert_eq!(
            plain("", &["a", "x/b", "c"], true),
            "chore: change a, b and one more file"
        );
        assert_eq!(
            plain("", &["a", "b", "c", "d"], false),
            "Change a, b and 2 more files"
        );
    }
}
