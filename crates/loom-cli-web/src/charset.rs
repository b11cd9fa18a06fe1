//! From bytes to text.
//!
//! What decides, in this order, as in browsers: a byte order mark, the `charset` of the header, what
//! the document says at its beginning, and else UTF-8 if it is that, and Windows-1252 if not.
//!
//! Source: <https://encoding.spec.whatwg.org/>, and "Determining the character encoding" of the
//! HTML standard.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::marks::find_ignoring_case;

/// How far into a document its own word on the encoding is looked for, in bytes.
const PRESCANNED: usize = 1024;

/// Reads bytes as text. What is wrong in them becomes U+FFFD.
pub(crate) fn decode(bytes: &[u8], declared: Option<&str>) -> String {
    let (encoding, mark_length) = match Encoding::for_bom(bytes) {
        Some((encoding, length)) => (encoding, length),
        None => (without_mark(bytes, declared), 0),
    };
    let (text, _) = encoding.decode_without_bom_handling(&bytes[mark_length..]);
    text.into_owned()
}

fn without_mark(bytes: &[u8], declared: Option<&str>) -> &'static Encoding {
    let named = |label: &str| Encoding::for_label(label.trim().as_bytes());
    declared
        .and_then(named)
        .or_else(|| declared_within(bytes))
        .unwrap_or_else(|| match std::str::from_utf8(bytes) {
            Ok(_) => UTF_8,
            // Cut in the middle of a character.
            Err(error) if error.error_len().is_none() => UTF_8,
            Err(_) => WINDOWS_1252,
        })
}

/// Returns what the document says of itself: `<meta charset=…>`, the same in a `content`, or the
/// `encoding` of an XML declaration.
fn declared_within(bytes: &[u8]) -> Option<&'static Encoding> {
    let start: String = bytes
        .iter()
        .take(PRESCANNED)
        .map(|byte| char::from(*byte))
        .collect();
    let label = if start.trim_start().starts_with("<?xml") {
        let end = start.find("?>").unwrap_or(start.len());
        value_after(&start[..end], "encoding")?
    } else {
        let meta = find_ignoring_case(&start, "<meta")?;
        value_after(&start[meta..], "charset")?
    };
    let encoding = Encoding::for_label(label.as_bytes())?;
    // It could be read as ASCII until here, so it is not this.
    Some(if [UTF_16BE, UTF_16LE].contains(&encoding) {
        UTF_8
    } else {
        encoding
    })
}

/// Returns the value after `name` and `=`, without quotes.
fn value_after<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = text;
    loop {
        let place = find_ignoring_case(rest, name)?;
        rest = &rest[place + name.len()..];
        if let Some(value) = rest.trim_start().strip_prefix('=') {
            let value = value.trim_start().trim_start_matches(['"', '\'']);
            let end = value
                .find(|character: char| character.is_whitespace() || "\"';>/?".contains(character));
            return Some(&value[..end.unwrap_or(value.len())]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_outweighs_everything() {
        assert_eq!(
            decode(b"\xef\xbb\xbfgr\xc3\xbc\xc3\x9fe", Some("latin1")),
            "grüße"
        );
        assert_eq!(decode(b"\xff\xfea\0b\0", Some("utf-8")), "ab");
        assert_eq!(decode(b"\xfe\xff\0a\0b", None), "ab");
    }

    #[test]
    fn the_header_outweighs_the_document() {
        let bytes = b"<meta charset=utf-8>gr\xfc\xdfe";
        assert_eq!(
            decode(bytes, Some("iso-8859-1")),
            "<meta charset=utf-8>grüße"
        );
        assert_eq!(decode(b"\xcf\xf0", Some(" Windows-1251 ")), "Пр");
    }

    #[test]
    fn a_document_says_its_encoding_in_one_of_several_ways() {
        for start in [
            "<meta charset=windows-1251>",
            "<!doctype html><META  CHARSET = 'windows-1251' >",
            "<meta http-equiv=Content-Type content=\"text/html; charset=windows-1251\">",
            "<meta name=charset content=x><meta charset=windows-1251>",
            "<?xml version=\"1.0\" encoding=\"windows-1251\"?>",
        ] {
            let mut bytes = start.as_bytes().to_vec();
            bytes.extend(b"\xcf\xf0");
            assert_eq!(decode(&bytes, None), format!("{start}Пр"));
        }
    }

    #[test]
    fn a_label_that_nobody_knows_is_passed_over() {
        assert_eq!(decode("grüße".as_bytes(), Some("klingon")), "grüße");
        let bytes = b"<meta charset=klingon>\xfc";
        assert_eq!(decode(bytes, None), "<meta charset=klingon>ü");
    }

    #[test]
    fn a_document_in_ascii_that_calls_itself_utf_16_is_not() {
        let bytes = "<meta charset=utf-16>ü".as_bytes();
        assert_eq!(decode(bytes, None), "<meta charset=utf-16>ü");
    }

    #[test]
    fn without_any_word_it_is_utf_8_if_that_fits() {
        assert_eq!(decode("grüße 🦀".as_bytes(), None), "grüße 🦀");
        assert_eq!(decode(b"gr\xfc\xdfe", None), "grüße");
        let cut = &"grüße 🦀".as_bytes()[..11];
        assert_eq!(decode(cut, None), "grüße \u{fffd}");
    }
}
