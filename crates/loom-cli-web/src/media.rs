//! What a body holds: HTML, other text, or something that is no text.

use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// How many bytes of a body are looked at.
const SNIFFED: usize = 4096;

/// What a body holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    /// A web page.
    Html,
    /// Any other text.
    Text,
    /// No text; the words say what it is.
    Other(String),
    /// Nobody said; the first bytes must tell.
    Unknown,
}

/// What a header says about a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ContentType {
    pub(crate) media: Media,
    /// Name of the encoding, if the header names one.
    pub(crate) charset: Option<String>,
}

impl ContentType {
    /// Reads the header, if there is one that can be read.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let header = headers
            .get(CONTENT_TYPE)
            .map(|value| String::from_utf8_lossy(value.as_bytes()));
        let mut parts = header.as_deref().unwrap_or_default().split(';');
        let name = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let charset = parts.find_map(|part| {
            let (name, value) = part.split_once('=')?;
            let is_charset = name.trim().eq_ignore_ascii_case("charset");
            is_charset.then(|| value.trim().trim_matches(['"', '\'']).to_owned())
        });
        Self {
            media: media(&name),
            charset,
        }
    }
}

fn media(name: &str) -> Media {
    let (kind, subtype) = name.split_once('/').unwrap_or((name, ""));
    match (kind, subtype) {
        ("text", "html") | ("application", "xhtml+xml") => Media::Html,
        ("text", _) => Media::Text,
        (_, subtype) if subtype.ends_with("+json") || subtype.ends_with("+xml") => {
            // SVG is text too, and source code to somebody.
            Media::Text
        }
        ("application", "pdf") => Media::Other("a PDF document".to_owned()),
        ("image", _) => Media::Other(format!("a picture ({name})")),
        ("audio", _) => Media::Other(format!("sound ({name})")),
        ("video", _) => Media::Other(format!("a video ({name})")),
        ("font", _) => Media::Other(format!("a font ({name})")),
        ("application", subtype) if is_text(subtype) => Media::Text,
        // What servers say of files whose type they do not know.
        ("application" | "binary", "octet-stream") | ("application", "unknown") => Media::Unknown,
        (_, "") => Media::Unknown,
        _ => Media::Other(format!("data of the type {name}")),
    }
}

/// Tells whether an `application` type is text.
fn is_text(subtype: &str) -> bool {
    const TEXTS: [&str; 14] = [
        "graphql",
        "javascript",
        "json",
        "json5",
        "jsonl",
        "jsonlines",
        "markdown",
        "ndjson",
        "sh",
        "sql",
        "toml",
        "typescript",
        "xml",
        "yaml",
    ];
    let name = subtype.strip_prefix("x-").unwrap_or(subtype);
    TEXTS.contains(&name)
}

/// Judges a body by its first bytes, where the header is silent or wrong.
pub(crate) fn sniff(declared: Media, body: &[u8]) -> Media {
    let start = &body[..body.len().min(SNIFFED)];
    let has_mark = start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff");
    match declared {
        Media::Other(_) => declared,
        _ if start.starts_with(b"%PDF-") => Media::Other("a PDF document".to_owned()),
        // No encoding of text but UTF-16 has these.
        _ if start.contains(&0) && !has_mark => {
            Media::Other("binary data, whatever its type says".to_owned())
        }
        Media::Unknown if looks_like_html(start) => Media::Html,
        Media::Unknown => Media::Text,
        declared => declared,
    }
}

fn looks_like_html(start: &[u8]) -> bool {
    let start = start.trim_ascii_start();
    [&b"<!doctype html"[..], b"<html", b"<head", b"<body"]
        .iter()
        .any(|sign| {
            let beginning = start.get(..sign.len());
            beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(sign))
        })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn content_type(value: &str) -> ContentType {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        ContentType::of(&HeaderMap::from_iter([(CONTENT_TYPE, value)]))
    }

    #[test]
    fn the_header_tells_the_media_and_the_charset() {
        for (header, media, charset) in [
            ("text/html; charset=UTF-8", Media::Html, Some("UTF-8")),
            ("TEXT/HTML;Charset=\"x y\"", Media::Html, Some("x y")),
            ("application/xhtml+xml", Media::Html, None),
            ("text/plain", Media::Text, None),
            (
                "application/json; profile=x; charset=a",
                Media::Text,
                Some("a"),
            ),
            ("application/vnd.api+json", Media::Text, None),
            ("application/x-sh", Media::Text, None),
            ("application/x-javascript", Media::Text, None),
            ("image/svg+xml", Media::Text, None),
            ("application/octet-stream", Media::Unknown, None),
            ("", Media::Unknown, None),
            (";;=", Media::Unknown, None),
            ("grüße", Media::Unknown, None),
        ] {
            let expected = ContentType {
                media,
                charset: charset.map(str::to_owned),
            };
            assert_eq!(content_type(header), expected, "{header}");
        }
        let none = ContentType::of(&HeaderMap::new());
        assert_eq!(none.media, Media::Unknown);
    }

    #[test]
    fn what_is_no_text_is_named() {
        for (header, what) in [
            ("image/png", "a picture (image/png)"),
            ("application/pdf", "a PDF document"),
            ("video/mp4", "a video (video/mp4)"),
            ("application/zip", "data of the type application/zip"),
        ] {
            let media = content_type(header).media;
            assert_eq!(media, Media::Other(what.to_owned()), "{header}");
        }
    }

    #[test]
    fn the_first_bytes_tell_where_the_header_does_not() {
        for (declared, body, media) in [
            (Media::Unknown, &b"\n<!DOCTYPE HTML><p>"[..], Media::Html),
            (Media::Unknown, b"<HTML lang=en>", Media::Html),
            (Media::Unknown, b"fn main() {}", Media::Text),
            (Media::Unknown, b"", Media::Text),
            (Media::Text, b"<html>", Media::Text),
            (Media::Text, b"\xff\xfea\0b\0", Media::Text),
        ] {
            assert_eq!(sniff(declared, body), media, "{body:?}");
        }
        for (declared, body) in [
            (Media::Text, &b"\x7fELF\0\0"[..]),
            (Media::Html, b"<html>\0"),
            (Media::Unknown, b"%PDF-1.7"),
        ] {
            let media = sniff(declared, body);
            assert!(matches!(media, Media::Other(_)), "{body:?} is {media:?}");
        }
    }
}
