//! The fields between `---` lines at the start of a Markdown file.
//!
//! Such fields are YAML by name, but what people write is often none: a description with a colon in
//! it, an argument hint of two brackets. So a value is taken as it stands on its line. Understood
//! beside that are quotation marks around a value, lists, and texts of several lines.

use loom_common_core::Effort;

/// The fields of a file, in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct FrontMatter {
    fields: Vec<(String, Value)>,
}

#[derive(Debug, PartialEq, Eq)]
enum Value {
    Text(String),
    List(Vec<String>),
}

/// Takes a file apart into its fields and the rest.
pub(crate) fn split(text: &str) -> (FrontMatter, &str) {
    let Some(rest) = after_mark(text) else {
        return (FrontMatter::default(), text);
    };
    let mut end = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == "---" {
            return (fields(&rest[..end]), &rest[end + line.len()..]);
        }
        end += line.len();
    }
    (FrontMatter::default(), text)
}

impl FrontMatter {
    /// Returns a field as one text.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let text = match self.get(name)? {
            Value::Text(text) => text.clone(),
            Value::List(items) => items.join(", "),
        };
        (!text.is_empty()).then_some(text)
    }

    /// Returns a field as a list: of lines with dashes, or separated by commas or else by spaces,
    /// but for those within brackets.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        match self.get(name) {
            None => Vec::new(),
            Some(Value::List(items)) => items.clone(),
            Some(Value::Text(text)) => {
                let inner = text
                    .strip_prefix('[')
                    .and_then(|text| text.strip_suffix(']'));
                let text = inner.unwrap_or(text);
                let items = separated(text, |c| c == ',');
                match items.len() {
                    0 | 1 => separated(text, char::is_whitespace),
                    _ => items,
                }
            }
        }
    }

    /// Returns how much a model is to think.
    ///
    /// # Errors
    ///
    /// What is wrong with the field.
    pub(crate) fn effort(&self) -> Result<Option<Effort>, String> {
        let Some(effort) = self.text("effort") else {
            return Ok(None);
        };
        match effort.to_lowercase().as_str() {
            "low" => Ok(Some(Effort::Low)),
            "medium" => Ok(Some(Effort::Medium)),
            "high" | "xhigh" | "max" => Ok(Some(Effort::High)),
            _ => Err(format!(
                "effort is {effort:?}; it can be low, medium or high"
            )),
        }
    }

    fn get(&self, name: &str) -> Option<&Value> {
        let field = self.fields.iter().find(|(field, _)| field == name);
        field.map(|(_, value)| value)
    }
}

/// Returns a text on one line, and no more of it than `limit` bytes.
pub(crate) fn one_line(text: &str, limit: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.floor_char_boundary(limit) {
        end if end < line.len() => format!("{}…", &line[..end]),
        _ => line,
    }
}

fn after_mark(text: &str) -> Option<&str> {
    let (first, rest) = text.split_once('\n')?;
    (first.trim_end() == "---").then_some(rest)
}

fn fields(text: &str) -> FrontMatter {
    let mut matter = FrontMatter::default();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        if line.starts_with([' ', '\t', '#', '-']) || name.trim().is_empty() {
            continue;
        }
        // What is further in, and empty lines between, belongs to the field.
        let mut more = Vec::new();
        while let Some(next) =
            lines.next_if(|next| next.starts_with([' ', '\t', '-']) || next.trim().is_empty())
        {
            more.push(next);
        }
        matter
            .fields
            .push((name.trim().to_owned(), self::value(value.trim(), &more)));
    }
    matter
}

fn value(first: &str, more: &[&str]) -> Value {
    let items: Vec<&str> = more
        .iter()
        .filter_map(|line| line.trim().strip_prefix("- "))
        .collect();
    if first.is_empty() && !items.is_empty() {
        return Value::List(items.into_iter().map(unquoted).collect());
    }
    let is_block = |mark: char| {
        first.strip_prefix(mark).is_some_and(|rest| {
            rest.chars()
                .all(|c| c.is_ascii_digit() || matches!(c, '+' | '-'))
        })
    };
    let lines = more.iter().map(|line| line.trim());
    Value::Text(if is_block('|') {
        lines.collect::<Vec<_>>().join("\n").trim().to_owned()
    } else if is_block('>') {
        folded(lines)
    } else {
        unquoted(&folded(std::iter::once(first).chain(lines)))
    })
}

/// Joins lines to one; an empty line ends a paragraph.
fn folded<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for line in lines {
        if line.is_empty() {
            text.push('\n');
        } else {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push(' ');
            }
            text.push_str(line);
        }
    }
    text.trim().to_owned()
}

/// Takes the quotation marks around a value away, and reads what is escaped in it.
fn unquoted(text: &str) -> String {
    let text = text.trim();
    let inner = |mark: char| {
        let inner = text.strip_prefix(mark)?.strip_suffix(mark)?;
        (!inner.contains(mark) || inner.contains(['\\', '\''])).then_some(inner)
    };
    if let Some(inner) = inner('"') {
        return inner.replace("\\\"", "\"").replace("\\\\", "\\");
    }
    if let Some(inner) = inner('\'') {
        return inner.replace("''", "'");
    }
    text.to_owned()
}

/// Splits a text where `is_separator` holds outside of brackets.
fn separated(text: &str, is_separator: impl Fn(char) -> bool) -> Vec<String> {
    let mut items = vec![String::new()];
    let mut depth = 0_usize;
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && is_separator(c) {
            items.push(String::new());
        } else if let Some(item) = items.last_mut() {
            item.push(c);
        }
    }
    let items = items.iter().map(|item| unquoted(item));
    items.filter(|item| !item.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text_of(matter: &str, name: &str) -> Option<String> {
        let file = format!("---\n{matter}\n---\nbody");
        let (fields, body) = split(&file);
        assert_eq!(body, "body");
        fields.text(name)
    }

    #[test]
    fn a_value_is_what_stands_on_the_line() {
        for (written, expected) in [
            ("Fix it: now # really", "Fix it: now # really"),
            ("[issue] [--fast]", "[issue] [--fast]"),
            ("\"quoted: \\\"so\\\"\"", "quoted: \"so\""),
            ("'it''s'", "it's"),
            ("\"a\" and \"b\"", "\"a\" and \"b\""),
        ] {
            let matter = format!("other: 1\ndescription: {written}\nlast: 2");
            assert_eq!(text_of(&matter, "description").as_deref(), Some(expected));
        }
    }

    #[test]
    fn texts_may_take_several_lines() {
        for (matter, expected) in [
            ("d: >\n  one\n  two\n\n  three\nz: 1", "one two\nthree"),
            ("d: >-\n  one\n  two", "one two"),
            ("d: |\n  one\n  two\nz: 1", "one\ntwo"),
            ("d: one\n  two", "one two"),
            ("d:\n  one\n  two", "one two"),
        ] {
            assert_eq!(text_of(matter, "d").as_deref(), Some(expected), "{matter}");
        }
    }

    #[test]
    fn lists_are_written_in_many_ways() {
        for matter in [
            "t: Bash(git add:*), Read",
            "t: Bash(git add:*) Read",
            "t: [Bash(git add:*), \"Read\"]",
            "t:\n  - Bash(git add:*)\n  - Read",
            "t:\n- Bash(git add:*)\n- 'Read'",
        ] {
            let file = format!("---\n{matter}\n---\n");
            assert_eq!(
                split(&file).0.list("t"),
                ["Bash(git add:*)", "Read"],
                "{matter}"
            );
        }
    }

    #[test]
    fn without_an_end_there_are_no_fields() {
        for text in ["---\na: b\n", "text\n---\na: b\n---\n", "", "---"] {
            assert_eq!(split(text), (FrontMatter::default(), text));
        }
    }

    proptest! {
        #[test]
        fn any_file_can_be_taken_apart(text in "(---\n|[a-c]: |[>|'\"\\[\\]() -]|\n|  ){0,30}") {
            let (fields, body) = split(&text);
            prop_assert!(text.ends_with(body));
            for (name, _) in &fields.fields {
                fields.text(name);
                fields.list(name);
            }
        }
    }
}
