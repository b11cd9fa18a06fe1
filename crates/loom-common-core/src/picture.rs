//! Pictures that models can look at: which kinds, and how large.
//!
//! A picture in a conversation goes with each later request, and a provider refuses a whole request
//! for one picture that it does not take. So a picture is looked at before it goes in, wherever it
//! comes from, and what it is is told by its bytes, not by its name.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use imagesize::ImageType;

use crate::message::ImageData;

/// The largest picture, in bytes: in base64 it stays below the 5 MB that the strictest of the
/// providers takes.
pub const MAX_BYTES: usize = 3_700_000;

/// The longest side of a picture, in pixels: providers refuse a whole request that has many
/// pictures when one is larger.
pub const MAX_SIDE: usize = 2000;

/// How many bytes at the start of a file tell whether it is a picture.
pub const START_BYTES: usize = 12;

/// Why providers would not take a picture. Trying again does not help, a smaller copy may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// It does not start like a picture of a kind that providers take.
    #[error("is no picture that models can look at; PNG, JPEG, GIF and WebP are")]
    UnknownKind,
    /// It has more than [`MAX_BYTES`].
    #[error("has {bytes} bytes; the limit is {MAX_BYTES}")]
    TooLarge {
        /// Its size, as far as it is known.
        bytes: u64,
    },
    /// One side is longer than [`MAX_SIDE`].
    #[error("has {width} x {height} pixels; the limit is {MAX_SIDE} on each side")]
    TooManyPixels {
        /// Pixels from left to right.
        width: usize,
        /// Pixels from top to bottom.
        height: usize,
    },
    /// One side has no length.
    #[error("has no pixels; it may be damaged")]
    NoPixels,
    /// It starts like a picture and does not go on like one.
    #[error("starts like a picture, but its width and height cannot be read; it may be damaged")]
    Damaged,
}

/// Returns the media type of a file that starts like a picture, by its first [`START_BYTES`].
pub fn media_type(start: &[u8]) -> Option<&'static str> {
    // A file that ends before is as good as one that goes on with nothing.
    let mut padded = [0; START_BYTES];
    let known = start.len().min(START_BYTES);
    padded[..known].copy_from_slice(&start[..known]);
    match imagesize::image_type(&padded).ok()? {
        ImageType::Png => Some("image/png"),
        ImageType::Jpeg => Some("image/jpeg"),
        ImageType::Gif => Some("image/gif"),
        ImageType::Webp => Some("image/webp"),
        _ => None,
    }
}

impl ImageData {
    /// Makes a picture of the content of a file.
    ///
    /// # Errors
    ///
    /// When providers would not take it.
    pub fn of_picture(content: &[u8]) -> Result<Self, PictureError> {
        let media_type = media_type(content).ok_or(PictureError::UnknownKind)?;
        if content.len() > MAX_BYTES {
            return Err(PictureError::TooLarge {
                bytes: content.len() as u64,
            });
        }
        let size = imagesize::blob_size(content).map_err(|_| PictureError::Damaged)?;
        let (width, height) = (size.width, size.height);
        if width.min(height) == 0 {
            return Err(PictureError::NoPixels);
        }
        if width.max(height) > MAX_SIDE {
            return Err(PictureError::TooManyPixels { width, height });
        }
        Ok(Self {
            media_type: media_type.to_owned(),
            data: STANDARD.encode(content),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the start of a GIF of this size, which is all that is looked at.
    fn gif(width: u16, height: u16) -> Vec<u8> {
        let sides = [width.to_le_bytes(), height.to_le_bytes()].concat();
        [b"GIF89a".as_slice(), &sides, b"\x80\0\0"].concat()
    }

    #[test]
    fn what_a_picture_is_is_told_by_its_bytes() {
        let cases: [(&[u8], Option<&str>); 7] = [
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Some("image/png")),
            (b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01", Some("image/jpeg")),
            (&gif(1, 1), Some("image/gif")),
            (b"RIFF\x12\0\0\0WEBPVP8L", Some("image/webp")),
            (b"BM\x1a\0\0\0\0\0\0\0\x1a\0", None),
            (b"\xff\xd8\xff", Some("image/jpeg")),
            (b"", None),
        ];
        for (start, expected) in cases {
            assert_eq!(media_type(start), expected, "{start:?}");
        }
    }

    #[test]
    fn a_picture_is_taken_up_to_the_limits_and_not_beyond() {
        let limit = u16::try_from(MAX_SIDE).unwrap();
        let mut large = gif(1, 1);
        large.resize(MAX_BYTES, 0);
        let mut too_large = large.clone();
        too_large.push(0);
        let kind = |content: &[u8]| ImageData::of_picture(content).map(|image| image.media_type);
        let cases = [
            (gif(limit, limit), Ok("image/gif".to_owned())),
            (large, Ok("image/gif".to_owned())),
            (
                too_large,
                Err(PictureError::TooLarge {
                    bytes: MAX_BYTES as u64 + 1,
                }),
            ),
            (
                gif(1, limit + 1),
                Err(PictureError::TooManyPixels {
                    width: 1,
                    height: MAX_SIDE + 1,
                }),
            ),
            (gif(0, 1), Err(PictureError::NoPixels)),
            (
                b"\x89PNG\r\n\x1a\n\0\0\0\r".to_vec(),
                Err(PictureError::Damaged),
            ),
            (b"some text".to_vec(), Err(PictureError::UnknownKind)),
        ];
        for (content, expected) in cases {
            assert_eq!(kind(&content), expected);
        }
    }
}
