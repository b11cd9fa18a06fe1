//! Text on its way to standard output: coloured or not, and harmless to a terminal.
//!
//! What a repository holds is the work of others. A page knows the words of the program, which it
//! takes as they are ([`Page::say`]), from those of the repository, from which it takes control
//! characters out ([`Page::show`]). Only a patch that goes to no terminal keeps its bytes, because
//! `git apply` has to understand it.

use std::io::Write as _;

use anstyle::Style;
use loom_common_terminal::sanitize;

/// How pages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Looks {
    /// Whether there are colours.
    pub(crate) colored: bool,
    /// Whether a terminal shows it.
    pub(crate) terminal: bool,
    /// How many columns there are.
    pub(crate) width: usize,
}

/// Text that is being put together.
#[derive(Debug)]
pub(crate) struct Page {
    looks: Looks,
    bytes: Vec<u8>,
}

impl Page {
    pub(crate) fn new(looks: Looks) -> Self {
        Self {
            looks,
            bytes: Vec::new(),
        }
    }

    pub(crate) fn looks(&self) -> Looks {
        self.looks
    }

    /// Adds words of the program.
    pub(crate) fn say(&mut self, text: &str) -> &mut Self {
        self.bytes.extend_from_slice(text.as_bytes());
        self
    }

    /// Adds words of the program in a style.
    pub(crate) fn say_in(&mut self, style: Style, text: &str) -> &mut Self {
        self.styled(style, text.as_bytes())
    }

    /// Adds words of the repository.
    pub(crate) fn show(&mut self, text: &str) -> &mut Self {
        self.say(&sanitize(text))
    }

    /// Adds words of the repository in a style.
    pub(crate) fn show_in(&mut self, style: Style, text: &str) -> &mut Self {
        self.styled(style, sanitize(text).as_bytes())
    }

    /// Adds content of a file in a style. A line end at its end stands behind the style's end, so
    /// that pages can be cut at line ends.
    pub(crate) fn content_in(&mut self, style: Style, content: &[u8]) -> &mut Self {
        let (content, end) = match content.strip_suffix(b"\n") {
            Some(content) => (content, "\n"),
            None => (content, ""),
        };
        if self.looks.terminal || self.looks.colored {
            self.styled(
                style,
                sanitize(&String::from_utf8_lossy(content)).as_bytes(),
            );
        } else {
            self.styled(style, content);
        }
        self.say(end)
    }

    /// Returns how much was put together, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Takes back what was added since the page was so long.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.bytes.truncate(length);
    }

    /// Returns what was put together.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Returns what was put together as text.
    pub(crate) fn into_text(self) -> String {
        String::from_utf8(self.bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }

    fn styled(&mut self, style: Style, content: &[u8]) -> &mut Self {
        if !self.looks.colored || content.is_empty() {
            self.bytes.extend_from_slice(content);
            return self;
        }
        // Writing into memory does not fail.
        let _ = write!(self.bytes, "{style}");
        self.bytes.extend_from_slice(content);
        let _ = write!(self.bytes, "{style:#}");
        self
    }
}

#[cfg(test)]
mod tests {
    use anstyle::AnsiColor;

    use super::*;

    const PLAIN: Looks = Looks {
        colored: false,
        terminal: false,
        width: 80,
    };

    #[test]
    fn words_of_a_repository_cannot_talk_to_the_terminal() {
        let mut page = Page::new(PLAIN);
        page.say("> ").show("a\u{1b}[2Jb");
        assert_eq!(page.into_text(), "> a\u{fffd}[2Jb");
    }

    #[test]
    fn content_keeps_its_bytes_where_no_terminal_shows_it() {
        let content = b"\x1b[2J caf\xe9\r\n";
        let mut page = Page::new(PLAIN);
        page.content_in(Style::new(), content);
        assert_eq!(page.into_bytes(), content);

        let mut page = Page::new(Looks {
            terminal: true,
            ..PLAIN
        });
        page.content_in(Style::new(), content);
        assert_eq!(page.into_text(), "\u{fffd}[2J caf\u{fffd}\n");
    }

    #[test]
    fn styles_end_before_the_line_does() {
        let mut page = Page::new(Looks {
            colored: true,
            ..PLAIN
        });
        page.content_in(AnsiColor::Red.on_default(), b"gone\n");
        assert_eq!(page.into_text(), "\u{1b}[31mgone\u{1b}[0m\n");
    }
}
