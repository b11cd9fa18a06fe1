//! What each element of HTML means to a reader of text.

use html5ever::LocalName;
use html5ever::tokenizer::Tag;

/// How an element is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Treatment {
    /// Nothing of it is read.
    Hidden,
    /// It is a block of its own, written as the element of this name.
    Block(&'static str),
    /// It stands within a line, written as the element of this name.
    Inline(&'static str),
    /// It has no content, written as it is.
    Void(&'static str),
    /// Only its content counts.
    Transparent,
    /// It has no content and means nothing.
    Nothing,
}

pub(super) fn treatment(name: &str) -> Treatment {
    use Treatment::{Block, Hidden, Inline, Nothing, Transparent, Void};
    match name {
        "script" | "style" | "noscript" | "noembed" | "noframes" | "template" | "svg"
        | "canvas" | "iframe" | "object" | "audio" | "video" | "map" | "nav" | "footer"
        | "dialog" | "select" | "datalist" | "button" | "textarea" | "xmp" | "title" => Hidden,
        "address" | "article" | "aside" | "center" | "dd" | "details" | "div" | "dl" | "dt"
        | "fieldset" | "figcaption" | "figure" | "form" | "header" | "hgroup" | "legend"
        | "main" | "section" | "summary" => Block("div"),
        "p" => Block("p"),
        "h1" => Block("h1"),
        "h2" => Block("h2"),
        "h3" => Block("h3"),
        "h4" => Block("h4"),
        "h5" => Block("h5"),
        "h6" => Block("h6"),
        "ul" | "menu" | "dir" => Block("ul"),
        "ol" => Block("ol"),
        "li" => Block("li"),
        "blockquote" => Block("blockquote"),
        "pre" | "listing" => Block("pre"),
        "table" => Block("table"),
        "caption" => Block("caption"),
        "thead" => Block("thead"),
        "tbody" | "tfoot" => Block("tbody"),
        "tr" => Block("tr"),
        "td" => Block("td"),
        "th" => Block("th"),
        "a" => Inline("a"),
        "b" | "strong" => Inline("strong"),
        "i" | "em" | "cite" | "var" | "dfn" => Inline("em"),
        "code" | "kbd" | "samp" | "tt" => Inline("code"),
        "del" | "s" | "strike" => Inline("del"),
        "br" => Void("br"),
        "hr" => Void("hr"),
        "img" => Void("img"),
        "area" | "base" | "basefont" | "bgsound" | "col" | "embed" | "frame" | "input"
        | "keygen" | "link" | "meta" | "param" | "source" | "track" | "wbr" => Nothing,
        _ => Transparent,
    }
}

/// An element that is open.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) name: LocalName,
    pub(super) treatment: Treatment,
    /// What closes it in the output; `None` when it is not shown.
    pub(super) end: Option<&'static str>,
}

impl Open {
    pub(super) fn is_block(&self) -> bool {
        matches!(self.treatment, Treatment::Block(_) | Treatment::Hidden)
    }

    pub(super) fn is(&self, names: &[&str]) -> bool {
        names.contains(&&*self.name)
    }
}

/// Returns start and end tag of an element without attributes.
pub(super) fn tags(name: &str) -> (&'static str, &'static str) {
    match name {
        "blockquote" => ("<blockquote>", "</blockquote>"),
        "caption" => ("<caption>", "</caption>"),
        "code" => ("<code>", "</code>"),
        "del" => ("<del>", "</del>"),
        "em" => ("<em>", "</em>"),
        "h1" => ("<h1>", "</h1>"),
        "h2" => ("<h2>", "</h2>"),
        "h3" => ("<h3>", "</h3>"),
        "h4" => ("<h4>", "</h4>"),
        "h5" => ("<h5>", "</h5>"),
        "h6" => ("<h6>", "</h6>"),
        "li" => ("<li>", "</li>"),
        "p" => ("<p>", "</p>"),
        "strong" => ("<strong>", "</strong>"),
        "table" => ("<table>", "</table>"),
        "tbody" => ("<tbody>", "</tbody>"),
        "td" => ("<td>", "</td>"),
        "th" => ("<th>", "</th>"),
        "thead" => ("<thead>", "</thead>"),
        "tr" => ("<tr>", "</tr>"),
        "ul" => ("<ul>", "</ul>"),
        _ => ("<div>", "</div>"),
    }
}

pub(super) fn attribute<'a>(tag: &'a Tag, name: &str) -> Option<&'a str> {
    let mut attributes = tag.attrs.iter();
    let found = attributes.find(|attribute| &*attribute.name.local == name);
    found.map(|attribute| &*attribute.value)
}

/// Tells whether the page hides an element from its readers. What they do not see is not for the
/// model either: it is where instructions to it would be put.
pub(super) fn hides(tag: &Tag) -> bool {
    // Some pages hide all of themselves until a script shows them.
    if matches!(&*tag.name, "html" | "body") {
        return false;
    }
    let style = attribute(tag, "style").unwrap_or_default();
    let style: String = style
        .split_whitespace()
        .collect::<String>()
        .to_ascii_lowercase();
    attribute(tag, "hidden").is_some()
        || attribute(tag, "aria-hidden").is_some_and(|value| value.eq_ignore_ascii_case("true"))
        || attribute(tag, "role").is_some_and(|role| role.eq_ignore_ascii_case("navigation"))
        || style.contains("display:none")
        || style.contains("visibility:hidden")
}
