//! Spans as a line with styles and with the places of its links.

use std::ops::Range;
use std::rc::Rc;

use loom_tui_core::{Display, Line, SafeText};
use loom_tui_theme::Role;
use ratatui::style::{Modifier, Style};

use crate::address::Address;
use crate::block::{CodeLine, Inline, SpanKind, SpanLook};

/// A line, and which parts of it lead somewhere.
#[derive(Clone, Debug, Default)]
pub(crate) struct Text {
    pub(crate) line: Line,
    /// In the order of the text.
    pub(crate) links: Vec<(Range<usize>, Rc<str>)>,
}

impl Text {
    pub(crate) fn plain(text: impl Into<SafeText>, style: Style) -> Self {
        Self {
            line: Line::styled(text, style),
            links: Vec::new(),
        }
    }

    /// Makes a line that as a whole leads to an address.
    pub(crate) fn linked(text: &str, style: Style, address: &str) -> Self {
        let mut linked = Self::default();
        linked.push(text, style, Address::new(address).hyperlink.as_ref());
        linked
    }

    /// Makes a line of code, in colours if they are known.
    pub(crate) fn code(code: &CodeLine, display: &Display) -> Self {
        let base = display.style(Role::Code);
        let mut line = Line::new();
        let mut start = 0;
        for token in &code.tokens {
            let style = base.patch(display.style(token.role));
            line.push(code.text.get(start..token.end).unwrap_or_default(), style);
            start = token.end;
        }
        // A piece may end within a cluster and so make two of one; rows must not depend on colours.
        if line.text() != code.text {
            line = Line::styled(code.text.as_str(), base);
        }
        Self {
            line,
            links: Vec::new(),
        }
    }

    pub(crate) fn followed_by(mut self, other: &Self) -> Self {
        let offset = self.line.text().len();
        self.line.append(&other.line);
        let moved = other
            .links
            .iter()
            .map(|(range, link)| (range.start + offset..range.end + offset, Rc::clone(link)));
        self.links.extend(moved);
        self
    }

    fn push(&mut self, text: &str, style: Style, link: Option<&Rc<str>>) {
        let start = self.line.text().len();
        self.line.push(text, style);
        let range = start..self.line.text().len();
        let Some(link) = link else {
            return;
        };
        match self.links.last_mut() {
            Some((last, address)) if last.end == start && address == link => last.end = range.end,
            _ => self.links.push((range, Rc::clone(link))),
        }
    }
}

/// Makes a line of each that the author broke.
pub(crate) fn lines(inline: &Inline, base: Style, display: &Display) -> Vec<Text> {
    let mut lines = vec![Text::default()];
    for span in &inline.spans {
        let style = style(span.look, base, display);
        for (index, piece) in span.text.split('\n').enumerate() {
            if index > 0 {
                lines.push(Text::default());
            }
            if let Some(line) = lines.last_mut() {
                line.push(piece, style, span.link.as_ref());
            }
        }
    }
    lines
}

fn style(look: SpanLook, base: Style, display: &Display) -> Style {
    let mut style = base;
    let marks = [
        (look.strong, Role::Strong),
        (look.emphasis, Role::Emphasis),
        (look.kind == SpanKind::Code, Role::InlineCode),
        (look.kind == SpanKind::Link, Role::Link),
        (look.kind == SpanKind::Aside, Role::Muted),
    ];
    for (applies, role) in marks {
        if applies {
            style = style.patch(display.style(role));
        }
    }
    if look.strike {
        style = style.add_modifier(Modifier::CROSSED_OUT);
    }
    style
}
