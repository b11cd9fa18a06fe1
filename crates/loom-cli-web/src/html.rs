//! From HTML to Markdown.
//!
//! Two steps. [`tidy`] reads the tags one by one and writes well-formed, shallow HTML of what is
//! worth reading; htmd makes Markdown of that. The first step is not for beauty: the rules by which
//! HTML is mended let a small page become an enormous tree, and a deep tree ends a program that walks
//! it. After it neither can happen, whatever the page holds.

mod element;
mod tidy;

use htmd::HtmlToMarkdown;
use htmd::options::{BrStyle, BulletListMarker, Options};
use url::Url;

use tidy::tidy;

/// A page as Markdown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Document {
    /// Text of its `<title>`, on one line.
    pub(crate) title: Option<String>,
    /// The Markdown.
    pub(crate) text: String,
}

/// Makes Markdown of a page. Links become absolute, as seen from `base`.
pub(crate) fn markdown(html: &str, base: &Url) -> std::io::Result<Document> {
    let tidied = tidy(html, base);
    let converter = HtmlToMarkdown::builder()
        .options(Options {
            br_style: BrStyle::Backslash,
            bullet_list_marker: BulletListMarker::Dash,
            ul_bullet_spacing: 1,
            ol_number_spacing: 1,
            preformatted_code: true,
            ..Options::default()
        })
        .build();
    Ok(Document {
        title: tidied.title,
        text: without_blank_runs(&converter.convert(&tidied.html)?),
    })
}

/// Returns the text without white space at line ends, and with at most one empty line in a row.
fn without_blank_runs(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut blanks = 0;
    for line in text.lines().map(str::trim_end) {
        if line.is_empty() {
            blanks += 1;
            continue;
        }
        if !clean.is_empty() {
            clean.push_str(if blanks > 0 { "\n\n" } else { "\n" });
        }
        blanks = 0;
        clean.push_str(line);
    }
    clean
}

#[cfg(test)]
mod tests;
