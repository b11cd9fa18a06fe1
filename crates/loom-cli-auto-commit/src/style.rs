//! The style of a repository's messages, as far as a program has to know it.
//!
//! Most of it (tense, capitals, length) the model takes from the messages themselves. What is told here is what
//! an answer is checked for, and what is put in by the program.

/// Words of Conventional Commits 1.0, with those that the Angular convention adds.
const TYPES: &[&str] = &[
    "build", "chore", "ci", "docs", "feat", "fix", "perf", "refactor", "revert", "style", "test",
];

/// How many messages it takes to tell a style.
const ENOUGH: usize = 3;

/// What the messages of a repository have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Style {
    /// `type(scope): subject`.
    pub(crate) is_conventional: bool,
    /// They begin with a picture, as a character or as `:name:`.
    pub(crate) has_pictures: bool,
    /// They begin with the name of a ticket.
    pub(crate) has_tickets: bool,
    /// They end with `Signed-off-by`.
    pub(crate) is_signed_off: bool,
}

impl Style {
    /// Looks at the newest messages of a repository.
    pub(crate) fn of(messages: &[String]) -> Self {
        let mostly = |is_so: fn(&str) -> bool| {
            let count = messages.iter().filter(|message| is_so(message)).count();
            messages.len() >= ENOUGH && 10 * count >= 6 * messages.len()
        };
        Self {
            is_conventional: mostly(|message| is_conventional(subject(message))),
            has_pictures: mostly(|message| has_picture(subject(message))),
            has_tickets: mostly(|message| ticket(subject(message)).is_some()),
            is_signed_off: mostly(|message| {
                message
                    .lines()
                    .any(|line| line.starts_with("Signed-off-by: "))
            }),
        }
    }
}

pub(crate) fn subject(message: &str) -> &str {
    message.lines().next().unwrap_or_default()
}

/// Tells whether a subject is one of Conventional Commits: `type(scope)!: description`.
pub(crate) fn is_conventional(subject: &str) -> bool {
    let Some((head, description)) = subject.split_once(": ") else {
        return false;
    };
    let head = head.strip_suffix('!').unwrap_or(head);
    let kind = match head.split_once('(') {
        Some((kind, scope)) if scope.ends_with(')') && scope.len() > 1 => kind,
        Some(_) => return false,
        None => head,
    };
    TYPES.contains(&kind) && !description.trim().is_empty()
}

fn has_picture(subject: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    let named = subject
        .strip_prefix(':')
        .and_then(|rest| rest.split_once(':'));
    named.is_some_and(|(name, _)| is_name(name)) || subject.chars().next().is_some_and(is_picture)
}

fn is_picture(character: char) -> bool {
    matches!(u32::from(character), 0x2190..=0x2bff | 0x1f300..=0x1faff)
}

/// Returns the name of a ticket that stands at the beginning, such as `ABC-12`.
fn ticket(text: &str) -> Option<&str> {
    let text = text.strip_prefix('[').unwrap_or(text);
    let dash = text.find('-')?;
    let digits = text[dash + 1..]
        .bytes()
        .take_while(u8::is_ascii_digit)
        .count();
    let project = &text[..dash];
    let is_project = project.len() >= 2
        && project.starts_with(|first: char| first.is_ascii_uppercase())
        && project
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    (is_project && digits > 0).then(|| &text[..dash + 1 + digits])
}

/// Returns the name of the ticket that a subject names, also behind a type.
pub(crate) fn ticket_in(subject: &str) -> Option<&str> {
    subject.split([' ', '(']).find_map(ticket)
}

/// Returns the name of a ticket in that of a branch: `feature/ABC-12-parser`.
pub(crate) fn ticket_of_branch(branch: &str) -> Option<&str> {
    branch.split(['/', '_']).find_map(ticket)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style(subjects: &[&str]) -> Style {
        Style::of(
            &subjects
                .iter()
                .map(|&text| text.to_owned())
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn what_most_messages_have_is_the_style() {
        let plain = Style::default();
        assert_eq!(style(&["feat: a", "fix: b"]), plain, "too few to tell");
        assert_eq!(style(&["Fix a", "Add b", "feat: c", "Parse: d"]), plain);
        let conventional = Style {
            is_conventional: true,
            ..plain.clone()
        };
        assert_eq!(
            style(&["feat(ui)!: a", "fix: b", "Add c", "chore: d"]),
            conventional
        );
        let pictures = Style {
            has_pictures: true,
            ..plain.clone()
        };
        assert_eq!(style(&["✨ a", ":bug: b", "🐛 c"]), pictures);
        let tickets = Style {
            has_tickets: true,
            ..plain.clone()
        };
        assert_eq!(style(&["ABC-1 a", "[ABC-2] b", "AB2-3: c"]), tickets);
        let signed = Style {
            is_signed_off: true,
            ..plain
        };
        let message = "a\n\nSigned-off-by: Ada <a@b>";
        assert_eq!(style(&[message, message, message]), signed);
    }

    #[test]
    fn what_looks_like_a_type_is_none() {
        for subject in [
            "Fix: a", "feat a", "feat:a", "feat(: a", "feat: ", "note: x",
        ] {
            assert!(!is_conventional(subject), "{subject}");
        }
    }

    #[test]
    fn a_branch_names_a_ticket() {
        assert_eq!(ticket_of_branch("feature/ABC-12-parser"), Some("ABC-12"));
        assert_eq!(ticket_of_branch("ada_ABC-12"), Some("ABC-12"));
        assert_eq!(ticket_of_branch("fix-12"), None);
        assert_eq!(ticket_of_branch("A-1"), None);
    }
}
