//! The text of a command with places for its arguments, and lines for the shell.
//!
//! The text is taken apart before arguments are put in, so that what the person types is never
//! taken for a part of the command: `/review !`rm -rf .`` runs nothing.

/// A part of an expanded command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// Text for the model. `@path` in it is a mention ([`attach`](crate::attach)).
    Text(String),
    /// A line for the shell, to be replaced by what it prints. The caller judges it as it judges
    /// the commands of the model, whatever the file allows itself.
    Shell(String),
}

/// The text of a command, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    parts: Vec<(Kind, Vec<Piece>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Shell,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(String),
    /// All arguments, as they were typed.
    All,
    /// One argument, from 0.
    One(usize),
}

impl Template {
    /// Takes a text apart.
    pub(crate) fn parse(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut rest = text;
        let mut from = 0;
        while let Some(found) = rest[from..].find("!`") {
            let start = from + found;
            let line = &rest[start + 2..];
            let end = line
                .find('`')
                .filter(|&end| end > 0 && !line[..end].contains('\n'));
            let is_boundary = rest[..start]
                .chars()
                .next_back()
                .is_none_or(char::is_whitespace);
            match end.filter(|_| is_boundary) {
                Some(end) => {
                    parts.push((Kind::Text, pieces(&rest[..start])));
                    parts.push((Kind::Shell, pieces(&line[..end])));
                    rest = &line[end + 1..];
                    from = 0;
                }
                None => from = start + 2,
            }
        }
        parts.push((Kind::Text, pieces(rest)));
        Self { parts }
    }

    /// Puts the arguments in. Arguments that the text has no place for follow it.
    pub(crate) fn expand(&self, arguments: &str) -> Vec<Segment> {
        let arguments = arguments.trim();
        let single = shlex::split(arguments)
            .unwrap_or_else(|| arguments.split_whitespace().map(str::to_owned).collect());
        let filled = |pieces: &[Piece]| -> String {
            pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Literal(text) => text.as_str(),
                    Piece::All => arguments,
                    Piece::One(index) => single.get(*index).map_or("", String::as_str),
                })
                .collect()
        };
        let mut segments: Vec<Segment> = self
            .parts
            .iter()
            .map(|(kind, pieces)| match kind {
                Kind::Text => Segment::Text(filled(pieces)),
                Kind::Shell => Segment::Shell(filled(pieces)),
            })
            .collect();
        if !arguments.is_empty()
            && !self.has_places()
            && let Some(Segment::Text(text)) = segments.last_mut()
        {
            text.push_str(&format!("\n\nARGUMENTS: {arguments}"));
        }
        segments.retain(|segment| *segment != Segment::Text(String::new()));
        segments
    }

    fn has_places(&self) -> bool {
        let mut pieces = self.parts.iter().flat_map(|(_, pieces)| pieces);
        pieces.any(|piece| !matches!(piece, Piece::Literal(_)))
    }
}

/// Finds the places for arguments: `$ARGUMENTS` and `$1` to `$9`. `\$` is a dollar sign.
fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('$') {
        let (before, after) = (&rest[..start], &rest[start + 1..]);
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        let (piece, length) = if let Some(before) = before.strip_suffix('\\') {
            literal.push_str(before);
            literal.push('$');
            rest = after;
            continue;
        } else if after.starts_with("ARGUMENTS") {
            (Piece::All, "ARGUMENTS".len())
        } else if digits == 1 && !after.starts_with('0') {
            (Piece::One(usize::from(after.as_bytes()[0] - b'1')), 1)
        } else {
            literal.push_str(&rest[..=start]);
            rest = after;
            continue;
        };
        literal.push_str(before);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(std::mem::take(&mut literal)));
        }
        pieces.push(piece);
        rest = &after[length..];
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn expanded(template: &str, arguments: &str) -> Vec<Segment> {
        Template::parse(template).expand(arguments)
    }

    fn text(text: &str) -> Segment {
        Segment::Text(text.to_owned())
    }

    fn shell(line: &str) -> Segment {
        Segment::Shell(line.to_owned())
    }

    #[test]
    fn arguments_take_their_places() {
        assert_eq!(
            expanded("Fix $1 by $2: $ARGUMENTS$3.", "  42 \"next week\" "),
            [text("Fix 42 by next week: 42 \"next week\".")]
        );
        assert_eq!(
            expanded("$1 costs \\$1 or $10, $0, $x", "it"),
            [text("it costs $1 or $10, $0, $x")]
        );
        assert_eq!(expanded("$1", "it's"), [text("it's")]);
    }

    #[test]
    fn arguments_without_a_place_follow_the_text() {
        assert_eq!(
            expanded("Review.", "fast"),
            [text("Review.\n\nARGUMENTS: fast")]
        );
        assert_eq!(expanded("Review.", " "), [text("Review.")]);
    }

    #[test]
    fn lines_for_the_shell_stand_apart() {
        assert_eq!(
            expanded("Diff: !`git diff $1`\n!`date`", "main"),
            [
                text("Diff: "),
                shell("git diff main"),
                text("\n"),
                shell("date")
            ]
        );
        assert_eq!(
            expanded("`!`not`, wow!`neither`, !`open\n`, !`` ``", ""),
            [text("`!`not`, wow!`neither`, !`open\n`, !`` ``")]
        );
    }

    #[test]
    fn arguments_never_become_lines_for_the_shell() {
        assert_eq!(
            expanded("Do $ARGUMENTS", "!`rm -rf .` $1"),
            [text("Do !`rm -rf .` $1")]
        );
    }

    proptest! {
        #[test]
        fn a_text_without_places_stays_as_it_is(template in "[a-z !\n]{0,30}") {
            let whole: String = expanded(&template, "")
                .into_iter()
                .map(|segment| match segment {
                    Segment::Text(text) => text,
                    Segment::Shell(line) => format!("!`{line}`"),
                })
                .collect();
            prop_assert_eq!(whole, template);
        }

        #[test]
        fn any_text_can_be_expanded(template in "[$\\\\!`A1 \n]{0,30}(\\$ARGUMENTS)?", arguments in "[ a'\"$1]{0,9}") {
            expanded(&template, &arguments);
        }
    }
}
