//! The body of an answer, read and unpacked within limits.
//!
//! Both limits are the same number: so many bytes are taken off the wire, and so many come out of
//! the unpacking. What is more is not an error. The beginning of a long page is worth having, and
//! the model is told that it is the beginning.

use std::io::{self, Read};

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use reqwest::Response;

/// Bytes of a body, from its start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Body {
    pub(crate) bytes: Vec<u8>,
    /// Whether these are all there are.
    pub(crate) is_whole: bool,
}

/// How a body is packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    None,
    Gzip,
    Deflate,
    /// In a way that was not asked for.
    Other(String),
}

impl Packing {
    /// The value of `Accept-Encoding` for what can be unpacked.
    pub(crate) const ACCEPTED: &str = "gzip, deflate";

    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let codings: Vec<String> = headers
            .get_all(CONTENT_ENCODING)
            .iter()
            .flat_map(|value| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                let codings = value
                    .split(',')
                    .map(|coding| coding.trim().to_ascii_lowercase());
                codings.collect::<Vec<_>>()
            })
            .filter(|coding| !coding.is_empty() && coding != "identity")
            .collect();
        match codings.as_slice() {
            [] => Self::None,
            [only] if only == "gzip" || only == "x-gzip" => Self::Gzip,
            [only] if only == "deflate" => Self::Deflate,
            several => Self::Other(several.join(", ")),
        }
    }
}

/// Reads at most `limit` bytes.
pub(crate) async fn read(mut response: Response, limit: usize) -> reqwest::Result<Body> {
    let mut bytes = Vec::new();
    while let Some(piece) = response.chunk().await? {
        let room = limit - bytes.len();
        if piece.len() > room {
            bytes.extend_from_slice(&piece[..room]);
            return Ok(Body {
                bytes,
                is_whole: false,
            });
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(Body {
        bytes,
        is_whole: true,
    })
}

/// Unpacks at most `limit` bytes. The error says what is wrong.
pub(crate) fn unpack(body: Body, packing: &Packing, limit: usize) -> Result<Body, String> {
    let packed = body.bytes.as_slice();
    let decoder: Box<dyn Read + '_> = match packing {
        Packing::None => return Ok(body),
        Packing::Other(name) => {
            return Err(format!("it is packed with {name}, which was not asked for"));
        }
        Packing::Gzip => Box::new(MultiGzDecoder::new(packed)),
        // The name stands for the format of zlib, but some servers leave its frame away.
        Packing::Deflate if has_zlib_frame(packed) => Box::new(ZlibDecoder::new(packed)),
        Packing::Deflate => Box::new(DeflateDecoder::new(packed)),
    };
    let mut bytes = Vec::new();
    let read = decoder
        .take(u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1))
        .read_to_end(&mut bytes);
    match read {
        Ok(_) => {}
        // The rest was not read, so the packing has no end.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && !body.is_whole => {}
        Err(error) => return Err(error.to_string()),
    }
    let is_whole = body.is_whole && bytes.len() <= limit;
    bytes.truncate(limit);
    Ok(Body { bytes, is_whole })
}

/// Tells whether data begins as zlib's does (RFC 1950, section 2.2).
fn has_zlib_frame(packed: &[u8]) -> bool {
    match packed {
        [method, flags, ..] => {
            method & 0x0f == 8 && (u16::from(*method) * 256 + u16::from(*flags)) % 31 == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use http::HeaderValue;

    use super::*;

    const LIMIT: usize = 1000;

    fn whole(bytes: &[u8]) -> Body {
        Body {
            bytes: bytes.to_vec(),
            is_whole: true,
        }
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn every_packing_that_is_asked_for_is_undone() {
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(b"hello").unwrap();
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
        raw.write_all(b"hello").unwrap();
        let two_members = [gzip(b"hel"), gzip(b"lo")].concat();
        for (packing, packed) in [
            (Packing::None, b"hello".to_vec()),
            (Packing::Gzip, gzip(b"hello")),
            (Packing::Gzip, two_members),
            (Packing::Deflate, zlib.finish().unwrap()),
            (Packing::Deflate, raw.finish().unwrap()),
        ] {
            let unpacked = unpack(whole(&packed), &packing, LIMIT);
            assert_eq!(unpacked, Ok(whole(b"hello")), "{packing:?}");
        }
    }

    #[test]
    fn a_bomb_is_cut_at_the_limit() {
        let packed = gzip(&vec![0; 10_000_000]);
        assert!(packed.len() < 20_000);
        let unpacked = unpack(whole(&packed), &Packing::Gzip, LIMIT).unwrap();
        assert_eq!((unpacked.bytes.len(), unpacked.is_whole), (LIMIT, false));
    }

    #[test]
    fn what_is_exactly_as_long_as_the_limit_is_whole() {
        let packed = gzip(&[b'x'; LIMIT]);
        let unpacked = unpack(whole(&packed), &Packing::Gzip, LIMIT).unwrap();
        assert_eq!(unpacked, whole(&[b'x'; LIMIT]));
    }

    #[test]
    fn the_beginning_of_a_long_body_is_kept_and_a_broken_one_is_refused() {
        let mut cut = gzip(b"hello, hello, hello");
        cut.truncate(cut.len() - 10);
        let long = Body {
            bytes: cut.clone(),
            is_whole: false,
        };
        let unpacked = unpack(long, &Packing::Gzip, LIMIT).unwrap();
        assert!(!unpacked.is_whole);
        assert!(b"hello, hello, hello".starts_with(&unpacked.bytes));
        assert!(unpack(whole(&cut), &Packing::Gzip, LIMIT).is_err());
        assert!(unpack(whole(b"garbage"), &Packing::Gzip, LIMIT).is_err());
        assert!(unpack(whole(b"\xff\xff"), &Packing::Deflate, LIMIT).is_err());
    }

    #[test]
    fn the_header_tells_the_packing() {
        for (header, packing) in [
            ("", Packing::None),
            ("identity", Packing::None),
            ("GZip", Packing::Gzip),
            ("x-gzip", Packing::Gzip),
            (" deflate ", Packing::Deflate),
            ("br", Packing::Other("br".to_owned())),
            ("gzip, gzip", Packing::Other("gzip, gzip".to_owned())),
        ] {
            let value = HeaderValue::from_static(header);
            let headers = HeaderMap::from_iter([(CONTENT_ENCODING, value)]);
            assert_eq!(Packing::of(&headers), packing, "{header}");
        }
        let other = Packing::Other("br".to_owned());
        assert_eq!(
            unpack(whole(b""), &other, LIMIT),
            Err("it is packed with br, which was not asked for".to_owned())
        );
    }
}
