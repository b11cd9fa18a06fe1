//! Messages of commits.

/// Cleans a message as `git commit --cleanup=whitespace` does: no white space at the ends of lines, no empty
/// lines around it, and never two in a row.
pub(crate) fn tidy(message: &str) -> String {
    let mut tidy = String::new();
    let mut is_gap = false;
    for line in message.lines().map(str::trim_end) {
        if line.is_empty() {
            is_gap = !tidy.is_empty();
            continue;
        }
        if std::mem::take(&mut is_gap) {
            tidy.push('\n');
        }
        tidy.push_str(line);
        tidy.push('\n');
    }
    tidy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_that_says_nothing_goes() {
        assert_eq!(tidy("\n\na  \n\n\n b\t\r\nc\n\n"), "a\n\n b\nc\n");
        assert_eq!(tidy(" \n\n"), "");
    }
}
