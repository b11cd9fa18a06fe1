//! Text that flows, put together from events: spans with looks, and links with their addresses.

use std::rc::Rc;

use pulldown_cmark::{Event, Tag, TagEnd};

use crate::address::{Address, Hyperlinks};
use crate::block::{Inline, Span, SpanKind, SpanLook};

/// The text so far.
pub(crate) struct InlineBuilder {
    hyperlinks: Hyperlinks,
    spans: Vec<Span>,
    strong: usize,
    emphasis: usize,
    strike: usize,
    links: Vec<OpenLink>,
}

/// A link or an image whose text is being read.
struct OpenLink {
    address: Address,
    is_image: bool,
    /// The first of its spans.
    first: usize,
}

impl InlineBuilder {
    pub(crate) const fn new(hyperlinks: Hyperlinks) -> Self {
        Self {
            hyperlinks,
            spans: Vec::new(),
            strong: 0,
            emphasis: 0,
            strike: 0,
            links: Vec::new(),
        }
    }

    pub(crate) fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Text(text) => self.push(&text, self.text_kind()),
            Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.push(&text, SpanKind::Code);
            }
            Event::FootnoteReference(label) => {
                self.push(&format!("[^{label}]"), self.text_kind());
            }
            Event::SoftBreak => self.push(" ", self.text_kind()),
            Event::HardBreak => self.push("\n", self.text_kind()),
            Event::InlineHtml(html) | Event::Html(html) if is_line_break(&html) => {
                self.push("\n", SpanKind::Text);
            }
            Event::InlineHtml(html) | Event::Html(html) => self.push(&html, SpanKind::Aside),
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Rule | Event::TaskListMarker(_) => {}
        }
    }

    pub(crate) fn finish(self) -> Inline {
        Inline { spans: self.spans }
    }

    fn text_kind(&self) -> SpanKind {
        if self.links.is_empty() {
            SpanKind::Text
        } else {
            SpanKind::Link
        }
    }

    fn push(&mut self, text: &str, kind: SpanKind) {
        let link = self
            .links
            .last()
            .and_then(|open| open.address.hyperlink.clone());
        self.push_linked(text, kind, link);
    }

    fn push_linked(&mut self, text: &str, kind: SpanKind, link: Option<Rc<str>>) {
        let look = SpanLook {
            strong: self.strong > 0,
            emphasis: self.emphasis > 0,
            strike: self.strike > 0,
            kind,
        };
        let first = self.links.last().map_or(0, |open| open.first);
        let may_join = self.spans.len() > first;
        match self.spans.last_mut() {
            Some(last) if may_join && last.look == look && last.link == link => {
                last.text.push_str(text);
            }
            _ => self.spans.push(Span {
                text: text.to_owned(),
                look,
                link,
            }),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Strong => self.strong += 1,
            Tag::Emphasis => self.emphasis += 1,
            Tag::Strikethrough => self.strike += 1,
            Tag::Link { dest_url, .. } => self.links.push(OpenLink {
                address: Address::new(&dest_url),
                is_image: false,
                first: self.spans.len(),
            }),
            Tag::Image { dest_url, .. } => {
                self.push("image: ", SpanKind::Aside);
                self.links.push(OpenLink {
                    address: Address::new(&dest_url),
                    is_image: true,
                    first: self.spans.len(),
                });
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Strong => self.strong = self.strong.saturating_sub(1),
            TagEnd::Emphasis => self.emphasis = self.emphasis.saturating_sub(1),
            TagEnd::Strikethrough => self.strike = self.strike.saturating_sub(1),
            TagEnd::Link | TagEnd::Image => self.end_link(),
            _ => {}
        }
    }

    fn end_link(&mut self) {
        let Some(link) = self.links.pop() else {
            return;
        };
        let text: String = self.spans[link.first..]
            .iter()
            .map(|span| span.text.as_str())
            .collect();
        let shown = &link.address.shown;
        if text.trim().is_empty() {
            self.push_linked(shown, SpanKind::Link, link.address.hyperlink.clone());
        } else if link.is_image || link.address.is_shown_beside(&text, self.hyperlinks) {
            self.push_linked(
                &format!(" ({shown})"),
                SpanKind::Aside,
                link.address.hyperlink.clone(),
            );
        }
    }
}

fn is_line_break(html: &str) -> bool {
    let tag = html.trim().to_ascii_lowercase();
    matches!(tag.as_str(), "<br>" | "<br/>" | "<br />")
}
