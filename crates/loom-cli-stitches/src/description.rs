//! What a stitch of the agent's work is about.

/// The longest first line, in characters.
const LONGEST_SUBJECT: usize = 72;

/// How many files are named where the prompt says nothing.
const NAMED: usize = 2;

/// Makes the first line: what was asked, or the names of the files.
pub(crate) fn subject<'a>(prompt: &str, files: impl Iterator<Item = &'a str>) -> String {
    let line = prompt
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .map(|line| line.replace(char::is_control, " "));
    match line {
        Some(line) if line.contains(' ') => shortened(&capitalized(&line)),
        _ => of_files(files),
    }
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .chain(letters)
        .collect()
}

/// Cuts a line behind the last word that fits.
fn shortened(line: &str) -> String {
    let line = line.trim_end_matches(['.', '!', ':', ' ']);
    if line.chars().count() <= LONGEST_SUBJECT {
        return line.to_owned();
    }
    let cut: String = line.chars().take(LONGEST_SUBJECT - 1).collect();
    let end = cut.rfind(' ').filter(|end| *end > LONGEST_SUBJECT / 2);
    format!("{}…", cut[..end.unwrap_or(cut.len())].trim_end())
}

fn of_files<'a>(files: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = files
        .map(|path| path.rsplit('/').next().unwrap_or(path))
        .map(|name| name.replace(char::is_control, "?"))
        .collect();
    let named = names[..names.len().min(NAMED)].join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shortened(&format!("Change {named}")),
        1 => shortened(&format!("Change {named} and one more file")),
        more => shortened(&format!("Change {named} and {more} more files")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subject_is_what_was_asked_or_the_files() {
        let files = || ["src/a.rs", "b.rs", "c.rs"].into_iter();
        for (prompt, expected) in [
            ("fix the parser.", "Fix the parser"),
            ("\n  add tests\nand more", "Add tests"),
            ("continue", "Change a.rs, b.rs and one more file"),
            ("", "Change a.rs, b.rs and one more file"),
            ("a\u{1b}[31m b", "A [31m b"),
        ] {
            assert_eq!(subject(prompt, files()), expected);
        }
        let long = subject(&"word ".repeat(40), files());
        assert!(long.chars().count() <= LONGEST_SUBJECT, "{long}");
        assert!(long.ends_with("word…"), "{long}");
        let long = subject(&format!("a {}", "ä".repeat(100)), files());
        assert_eq!(long.chars().count(), LONGEST_SUBJECT);
    }
}
