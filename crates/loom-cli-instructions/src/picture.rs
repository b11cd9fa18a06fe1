//! Pictures that models can look at.
//!
//! A picture in a thread goes with each later request, and a provider refuses a whole request for
//! one picture that it does not take. So what a provider may refuse is refused here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use imagesize::ImageType;
use loom_common_core::ImageData;

/// The largest picture, in bytes: in base64 it stays below the 5 MB that providers take.
pub(crate) const MAX_BYTES: usize = 3_700_000;

/// How many bytes at the start of a file tell whether it is a picture.
pub(crate) const START: u64 = 64;

/// The longest side of a picture, in pixels: providers refuse a whole request that has many
/// pictures when one is larger.
const MAX_SIDE: usize = 2000;

/// Returns the media type of a file that starts like a picture.
pub(crate) fn media_type(start: &[u8]) -> Option<&'static str> {
    match imagesize::image_type(start).ok()? {
        ImageType::Png => Some("image/png"),
        ImageType::Jpeg => Some("image/jpeg"),
        ImageType::Gif => Some("image/gif"),
        ImageType::Webp => Some("image/webp"),
        _ => None,
    }
}

/// Makes a picture of the content of a file, or tells why providers would not take it.
pub(crate) fn picture(media_type: &str, content: &[u8]) -> Result<ImageData, String> {
    if content.len() > MAX_BYTES {
        return Err(format!(
            "is a picture of more than {MAX_BYTES} bytes, which is more than models take; make a \
             smaller copy"
        ));
    }
    match imagesize::blob_size(content) {
        Ok(size) if size.width.min(size.height) == 0 => {
            Err("is a picture without any pixels; it may be damaged".to_owned())
        }
        Ok(size) if size.width.max(size.height) > MAX_SIDE => Err(format!(
            "is a picture of {} x {} pixels, and models take {MAX_SIDE} on each side; scale a copy \
             down",
            size.width, size.height
        )),
        Ok(_) => Ok(ImageData {
            media_type: media_type.to_owned(),
            data: STANDARD.encode(content),
        }),
        Err(_) => {
            Err("starts like a picture, but its size cannot be read; it may be damaged".to_owned())
        }
    }
}
