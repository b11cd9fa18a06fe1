//! What kind of text bytes are: UTF-8 or something like it, UTF-16 that says so, or no text at all.

use encoding_rs::{CoderResult, Decoder, UTF_16BE, UTF_16LE};

/// How much of a file is looked at for a NUL, in bytes.
pub(crate) const HEAD: usize = 8 << 10;

/// What becomes of contents that are no text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BinaryFiles {
    /// They are passed over.
    #[default]
    PassOver,
    /// They are treated as text.
    Take,
}

/// What the beginning of a content tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// UTF-8, or any other that has ASCII in it.
    Bytes,
    /// UTF-16 with the lower byte first.
    Utf16Le,
    /// UTF-16 with the higher byte first.
    Utf16Be,
}

impl Encoding {
    /// Reads the mark at the beginning (Unicode Standard, section 23.8).
    pub(crate) fn of(head: &[u8]) -> Self {
        match head {
            // UTF-32 begins like UTF-16.
            [0xFF, 0xFE, 0, 0, ..] => Self::Bytes,
            [0xFF, 0xFE, ..] => Self::Utf16Le,
            [0xFE, 0xFF, ..] => Self::Utf16Be,
            _ => Self::Bytes,
        }
    }

    /// Whether so little of the beginning does not tell yet.
    pub(crate) fn needs_more(head: &[u8]) -> bool {
        matches!(head, [] | [0xFF] | [0xFE] | [0xFF, 0xFE] | [0xFF, 0xFE, 0])
    }

    /// Whether a file that begins like this is no text.
    pub(crate) fn is_binary(head: &[u8]) -> bool {
        let head = &head[..head.len().min(HEAD)];
        Self::of(head) == Self::Bytes && memchr::memchr(0, head).is_some()
    }
}

/// Makes UTF-8 of pieces of a content, and the content's own encoding of UTF-8.
pub(crate) struct Transcoder {
    encoding: Encoding,
    decoder: Option<Decoder>,
    decoded: String,
    /// The beginning of a character whose rest comes with the next piece to be encoded.
    unfinished: Vec<u8>,
    had_errors: bool,
}

impl Transcoder {
    pub(crate) fn new(encoding: Encoding) -> Self {
        let decoder = match encoding {
            Encoding::Bytes => None,
            // The mark is decoded as any character, and encoded again.
            Encoding::Utf16Le => Some(UTF_16LE.new_decoder_without_bom_handling()),
            Encoding::Utf16Be => Some(UTF_16BE.new_decoder_without_bom_handling()),
        };
        Self {
            encoding,
            decoder,
            decoded: String::new(),
            unfinished: Vec::new(),
            had_errors: false,
        }
    }

    /// Returns the next piece as UTF-8, or as it is.
    pub(crate) fn decode<'a>(&'a mut self, bytes: &'a [u8], is_last: bool) -> &'a [u8] {
        let Some(decoder) = &mut self.decoder else {
            return bytes;
        };
        self.decoded.clear();
        let mut rest = bytes;
        loop {
            self.decoded.reserve(rest.len() * 3 / 2 + 16);
            let (result, read, errors) = decoder.decode_to_string(rest, &mut self.decoded, is_last);
            self.had_errors |= errors;
            rest = &rest[read..];
            if result == CoderResult::InputEmpty {
                return self.decoded.as_bytes();
            }
        }
    }

    /// Whether something was no character, and was replaced.
    pub(crate) fn had_errors(&self) -> bool {
        self.had_errors
    }

    /// Returns a piece of UTF-8 in the content's own encoding.
    pub(crate) fn encode(&mut self, text: Vec<u8>) -> Vec<u8> {
        let to_bytes = match self.encoding {
            Encoding::Bytes => return text,
            Encoding::Utf16Le => u16::to_le_bytes,
            Encoding::Utf16Be => u16::to_be_bytes,
        };
        self.unfinished.extend_from_slice(&text);
        let mut encoded = Vec::with_capacity(self.unfinished.len() * 2);
        let mut whole = self.unfinished.len();
        for chunk in self.unfinished.utf8_chunks() {
            encoded.extend(chunk.valid().encode_utf16().flat_map(to_bytes));
            let rest = chunk.invalid();
            let is_end = rest.as_ptr_range().end == self.unfinished.as_ptr_range().end;
            if is_end && std::str::from_utf8(rest).is_err_and(|error| error.error_len().is_none()) {
                whole -= rest.len();
            } else if !rest.is_empty() {
                encoded.extend(to_bytes(char::REPLACEMENT_CHARACTER as u16));
            }
        }
        self.unfinished.drain(..whole);
        encoded
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn text_survives_however_it_is_cut(
            text in "\u{feff}\\PC{0,40}",
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
            big_endian in any::<bool>(),
        ) {
            let (encoding, to_bytes): (_, fn(u16) -> [u8; 2]) = match big_endian {
                true => (Encoding::Utf16Be, u16::to_be_bytes),
                false => (Encoding::Utf16Le, u16::to_le_bytes),
            };
            let bytes: Vec<u8> = text.encode_utf16().flat_map(to_bytes).collect();
            prop_assert_eq!(Encoding::of(&bytes), encoding);
            let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            places.extend([0, bytes.len()]);
            places.sort_unstable();
            let mut transcoder = Transcoder::new(encoding);
            let (mut decoded, mut encoded) = (Vec::new(), Vec::new());
            let mut pieces: Vec<(&[u8], bool)> =
                places.windows(2).map(|pair| (&bytes[pair[0]..pair[1]], false)).collect();
            pieces.push((&[], true));
            for (piece, is_last) in pieces {
                let piece = transcoder.decode(piece, is_last).to_vec();
                for byte in &piece {
                    encoded.extend(transcoder.encode(vec![*byte]));
                }
                decoded.extend(piece);
            }
            prop_assert_eq!(decoded, text.as_bytes());
            prop_assert_eq!(encoded, bytes);
            prop_assert!(!transcoder.had_errors());
        }
    }

    #[test]
    fn half_a_character_is_an_error_and_not_lost_in_silence() {
        let mut transcoder = Transcoder::new(Encoding::Utf16Le);
        let decoded = transcoder.decode(&[0xFF, 0xFE, 0x00, 0xD8, b'a', 0], true);
        assert_eq!(decoded, "\u{feff}\u{fffd}a".as_bytes());
        assert!(transcoder.had_errors());
    }

    #[test]
    fn binary_is_what_has_a_nul_at_its_beginning() {
        assert!(Encoding::is_binary(b"ab\0c"));
        assert!(
            Encoding::is_binary(&[0xFF, 0xFE, 0, 0, b'a', 0, 0, 0]),
            "UTF-32"
        );
        assert!(!Encoding::is_binary(&[0xFF, 0xFE, b'a', 0]));
        let mut late = vec![b'a'; HEAD];
        late.push(0);
        assert!(!Encoding::is_binary(&late));
    }
}
