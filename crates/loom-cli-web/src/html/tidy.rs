//! HTML, read tag by tag and written anew: well-formed, shallow, and without what nobody reads.
//!
//! A stack of the open elements decides what is written. An element is *shown* when it means
//! something in Markdown, and otherwise only its content counts. Some *hide* all that is in them:
//! scripts, navigation, controls, and what the page itself hides. Everything is bounded:
//!
//! - the stack, and with it the depth of what is written; start tags beyond it are passed over;
//! - the work for a tag, by the height of the stack;
//! - the length of what is written, since nothing is ever repeated: an inline element that a block
//!   ends is closed and not opened again, where a parser would open it in each block that follows.

use std::cell::RefCell;

use html5ever::LocalName;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use url::Url;

use super::element::{Open, Treatment, attribute, hides, tags, treatment};

/// Elements that may be open at once.
const MAX_OPEN: usize = 200;
/// Elements that may be shown within each other.
const MAX_SHOWN: usize = 40;
/// Lists, quotations and tables that may be shown within each other: each of them is written at the
/// begin of every line in it.
const MAX_INDENTING: usize = 6;
/// Bytes that a `<main>` must have to be taken for all of the page.
const MIN_MAIN: usize = 200;
/// Bytes of addresses that may be written for a page of any size; one more for each byte of it.
const MIN_ADDRESS_BYTES: usize = 64 * 1024;
/// Characters of a title.
const MAX_TITLE: usize = 300;

/// What [`tidy`] makes of a page.
#[derive(Debug)]
pub(super) struct Tidied {
    pub(super) title: Option<String>,
    pub(super) html: String,
}

/// Writes a page anew.
pub(super) fn tidy(html: &str, base: &Url) -> Tidied {
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(html));
    let writer = Writer {
        base: base.clone(),
        address_bytes_left: html.len() + MIN_ADDRESS_BYTES,
        html: String::new(),
        title: String::new(),
        main: None,
        open: Vec::new(),
    };
    let tokenizer = Tokenizer::new(Sink(RefCell::new(writer)), TokenizerOpts::default());
    // It stops where a script would run.
    while !input.is_empty() {
        let _ = tokenizer.feed(&input);
    }
    tokenizer.end();
    tokenizer.sink.0.into_inner().finish()
}

struct Sink(RefCell<Writer>);

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut writer = self.0.borrow_mut();
        match token {
            Token::TagToken(tag) => match tag.kind {
                TagKind::StartTag => {
                    writer.start(&tag);
                    return content_of(&tag.name);
                }
                TagKind::EndTag => writer.end(&tag.name),
            },
            Token::CharacterTokens(text) => writer.text(&text),
            Token::DoctypeToken(_)
            | Token::CommentToken(_)
            | Token::NullCharacterToken
            | Token::EOFToken
            | Token::ParseError(_) => {}
        }
        TokenSinkResult::Continue
    }
}

/// Tells how the content of an element is to be read: some hold no tags.
fn content_of(name: &str) -> TokenSinkResult<()> {
    match name {
        "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
        "style" | "xmp" | "iframe" | "noembed" | "noframes" | "noscript" => {
            TokenSinkResult::RawData(RawKind::Rawtext)
        }
        "script" => TokenSinkResult::RawData(RawKind::ScriptData),
        "plaintext" => TokenSinkResult::Plaintext,
        _ => TokenSinkResult::Continue,
    }
}

struct Writer {
    base: Url,
    /// How many bytes of addresses may still be written.
    address_bytes_left: usize,
    html: String,
    title: String,
    /// Begin and end of the first `<main>` in the output.
    main: Option<(usize, Option<usize>)>,
    open: Vec<Open>,
}

impl Writer {
    fn start(&mut self, tag: &Tag) {
        let treatment = match treatment(&tag.name) {
            Treatment::Nothing => return,
            _ if hides(tag) => Treatment::Hidden,
            treatment => treatment,
        };
        if let Treatment::Void(name) = treatment {
            self.void(name, tag);
            return;
        }
        self.close_implied(&tag.name, treatment);
        if self.open.len() >= MAX_OPEN {
            return;
        }
        let end = if self.is_hidden() {
            None
        } else {
            self.begin(treatment, tag)
        };
        if &*tag.name == "main" && end.is_some() && self.main.is_none() {
            self.main = Some((self.html.len(), None));
        }
        self.open.push(Open {
            name: tag.name.clone(),
            treatment,
            end,
        });
    }

    /// Writes the start tag of an element, if it is shown. Returns what closes it.
    fn begin(&mut self, treatment: Treatment, tag: &Tag) -> Option<&'static str> {
        let name = match treatment {
            Treatment::Block(name) | Treatment::Inline(name) => name,
            Treatment::Hidden
            | Treatment::Void(_)
            | Treatment::Transparent
            | Treatment::Nothing => {
                return None;
            }
        };
        let shown = self.open.iter().filter(|open| open.end.is_some()).count();
        if shown >= MAX_SHOWN {
            return None;
        }
        if self.is_within("pre") {
            if name == "code" {
                self.name_language(tag);
            }
            return None;
        }
        // A block within a link would end it; so its text is the link's.
        if self.is_within("a") && matches!(treatment, Treatment::Block(_)) {
            self.html.push(' ');
            return None;
        }
        match name {
            "ul" | "ol" | "blockquote" | "table" if self.indentation() >= MAX_INDENTING => None,
            "li" if !self.is_in_shown_list() => self.write("<div>", "</div>"),
            "tr" | "td" | "th" | "thead" | "tbody" | "caption" if !self.is_within("table") => None,
            "ol" => {
                let start =
                    attribute(tag, "start").and_then(|start| start.trim().parse::<u32>().ok());
                match start {
                    Some(start) => self.write(&format!("<ol start=\"{start}\">"), "</ol>"),
                    None => self.write("<ol>", "</ol>"),
                }
            }
            "pre" => {
                self.html.push_str("<pre><code>");
                self.name_language(tag);
                Some("</code></pre>")
            }
            "a" => {
                let target = attribute(tag, "href").and_then(|href| self.absolute(href))?;
                self.html.push_str("<a href=\"");
                push_escaped(&mut self.html, &target);
                self.write("\">", "</a>")
            }
            _ => {
                let (start, end) = tags(name);
                self.write(start, end)
            }
        }
    }

    fn write(&mut self, start: &str, end: &'static str) -> Option<&'static str> {
        self.html.push_str(start);
        Some(end)
    }

    /// Writes the language into the `<code>` that was just opened, if `tag` names one.
    fn name_language(&mut self, tag: &Tag) {
        let classes = attribute(tag, "class").unwrap_or_default();
        let language = classes.split_ascii_whitespace().find_map(|class| {
            let language = class
                .strip_prefix("language-")
                .or_else(|| class.strip_prefix("highlight-source-"))?;
            let is_plain = language
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-_#.".contains(&byte));
            (is_plain && language.len() <= 30).then_some(language)
        });
        if let Some(language) = language
            && self.html.ends_with("<pre><code>")
        {
            self.html.pop();
            self.html
                .push_str(&format!(" class=\"language-{language}\">"));
        }
    }

    fn void(&mut self, name: &str, tag: &Tag) {
        if self.is_hidden() {
            return;
        }
        match name {
            "br" if self.is_within("pre") => self.html.push('\n'),
            "hr" => {
                self.close_implied("hr", Treatment::Block("hr"));
                self.html.push_str("<hr>");
            }
            "img" => {
                let text = attribute(tag, "alt").unwrap_or_default().trim();
                let source = attribute(tag, "src").and_then(|source| self.absolute(source));
                if let Some(source) = source.filter(|_| !text.is_empty()) {
                    self.html.push_str("<img src=\"");
                    push_escaped(&mut self.html, &source);
                    self.html.push_str("\" alt=\"");
                    push_escaped(&mut self.html, text);
                    self.html.push_str("\">");
                }
            }
            name => {
                self.html.push('<');
                self.html.push_str(name);
                self.html.push('>');
            }
        }
    }

    /// Closes what the start of an element ends without saying so.
    fn close_implied(&mut self, name: &str, treatment: Treatment) {
        let is_within_link = self.is_within("a");
        match treatment {
            Treatment::Block(_) if !is_within_link => self.close_inline(),
            Treatment::Inline("a") => {
                // Links do not nest.
                let innermost = self.innermost(|open| open.is(&["a"]), Open::is_block);
                if let Some(place) = innermost {
                    self.close_from(place);
                }
                return;
            }
            _ => return,
        }
        let (ended, within): (&[&str], &[&str]) = match name {
            "li" => (&["li"], &["ul", "ol", "menu", "dir"]),
            "dt" | "dd" => (&["dt", "dd"], &["dl"]),
            "td" | "th" => (&["td", "th"], &["tr", "table"]),
            "tr" => (&["tr"], &["table"]),
            "thead" | "tbody" | "tfoot" => (&["thead", "tbody", "tfoot"], &["table"]),
            _ => (&["p"], &[]),
        };
        let ended = |open: &Open| open.is(ended);
        let is_border = |open: &Open| {
            // A paragraph is ended by the next block in the same one.
            open.is(within) || (within.is_empty() && open.is_block() && !open.is(&["p"]))
        };
        if let Some(place) = self.innermost(ended, is_border) {
            self.close_from(place);
        }
    }

    /// Closes the inline elements within the innermost block.
    fn close_inline(&mut self) {
        let place = self.open.iter().rposition(Open::is_block);
        self.close_from(place.map_or(0, |place| place + 1));
    }

    fn end(&mut self, name: &LocalName) {
        let ended = |open: &Open| open.name == *name;
        let place = match treatment(name) {
            // Browsers take it for both.
            Treatment::Nothing | Treatment::Void(_) => return,
            Treatment::Inline(_) | Treatment::Transparent => self.innermost(ended, Open::is_block),
            // A cell keeps what is in it.
            Treatment::Block(_) | Treatment::Hidden => {
                let is_part = matches!(&**name, "table" | "thead" | "tbody" | "tfoot" | "tr");
                let is_cell = |open: &Open| !is_part && open.is(&["td", "th"]);
                self.innermost(ended, is_cell)
            }
        };
        if let Some(place) = place {
            self.close_from(place);
        }
    }

    /// Returns the place of the innermost open element that `is_it`, looking no further than one
    /// that is a border.
    fn innermost(
        &self,
        is_it: impl Fn(&Open) -> bool,
        is_border: impl Fn(&Open) -> bool,
    ) -> Option<usize> {
        for (place, open) in self.open.iter().enumerate().rev() {
            if is_it(open) {
                return Some(place);
            }
            if is_border(open) {
                return None;
            }
        }
        None
    }

    /// Closes the open elements from this place of the stack on, the innermost first.
    fn close_from(&mut self, place: usize) {
        while self.open.len() > place {
            let Some(open) = self.open.pop() else {
                return;
            };
            if let Some((_, end @ None)) = &mut self.main
                && open.is(&["main"])
                && open.end.is_some()
            {
                *end = Some(self.html.len());
            }
            match open.end {
                Some(end) => self.html.push_str(end),
                // What stood in blocks must not run together.
                None if open.is_block() && !self.is_hidden() && !self.is_within("pre") => {
                    self.html.push(' ');
                }
                None => {}
            }
        }
    }

    fn text(&mut self, text: &str) {
        let Some(hidden) = self
            .open
            .iter()
            .find(|open| open.treatment == Treatment::Hidden)
        else {
            push_escaped(&mut self.html, text);
            return;
        };
        // The first title counts; pictures have titles as well, and those are hidden with them.
        if hidden.is(&["title"]) && self.title.chars().count() < MAX_TITLE {
            self.title.push_str(text);
        }
    }

    fn is_hidden(&self) -> bool {
        let is_hidden = |open: &Open| open.treatment == Treatment::Hidden;
        self.open.iter().any(is_hidden)
    }

    /// Tells whether an element of this name is shown around here.
    fn is_within(&self, name: &str) -> bool {
        let is_it = |open: &Open| {
            open.end.is_some()
                && matches!(open.treatment, Treatment::Block(own) | Treatment::Inline(own) if own == name)
        };
        self.open.iter().any(is_it)
    }

    /// Tells whether there is a list around here, and the innermost is shown.
    fn is_in_shown_list(&self) -> bool {
        let is_list = |open: &&Open| matches!(open.treatment, Treatment::Block("ul" | "ol"));
        let innermost = self.open.iter().rev().find(is_list);
        innermost.is_some_and(|list| list.end.is_some())
    }

    fn indentation(&self) -> usize {
        let indents = |open: &&Open| {
            open.end.is_some()
                && matches!(
                    open.treatment,
                    Treatment::Block("ul" | "ol" | "blockquote" | "table")
                )
        };
        self.open.iter().filter(indents).count()
    }

    /// Returns an address of HTTP in full, as long as all of them together are not too long: each
    /// can be much longer than it is on the page.
    fn absolute(&mut self, reference: &str) -> Option<String> {
        let url = self.base.join(reference.trim()).ok()?;
        let left = self.address_bytes_left.checked_sub(url.as_str().len())?;
        if !matches!(url.scheme(), "http" | "https") {
            return None;
        }
        self.address_bytes_left = left;
        Some(url.into())
    }

    fn finish(mut self) -> Tidied {
        self.close_from(0);
        let title = self.title.split_whitespace().collect::<Vec<_>>().join(" ");
        let title: String = title.chars().take(MAX_TITLE).collect();
        let html = match self.main {
            Some((start, Some(end))) if end - start >= MIN_MAIN => self.html[start..end].to_owned(),
            _ => self.html,
        };
        Tidied {
            title: Some(title).filter(|title| !title.is_empty()),
            html,
        }
    }
}

fn push_escaped(html: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            character => html.push(character),
        }
    }
}
