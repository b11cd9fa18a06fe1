//! What a file holds, judged by its first bytes.

use loom_common_core::picture;

/// The largest file that can be edited, in bytes. Larger ones are read in pages only.
pub(crate) const MAX_EDITABLE_BYTES: u64 = 16 * 1024 * 1024;

/// What a file seems to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sniffed {
    /// Text of some encoding that has ASCII in it.
    Text,
    /// A picture that models can look at.
    Image,
    /// Anything else, in a few words.
    Binary(&'static str),
}

/// Judges a file by its first bytes: some thousand are enough.
pub(crate) fn sniff(start: &[u8]) -> Sniffed {
    const KNOWN: [(&[u8], Sniffed); 9] = [
        (b"%PDF-", Sniffed::Binary("a PDF document")),
        (b"\x7fELF", Sniffed::Binary("an ELF program or library")),
        (b"PK\x03\x04", Sniffed::Binary("a ZIP archive")),
        (b"\x1f\x8b", Sniffed::Binary("gzip data")),
        (b"\x28\xb5\x2f\xfd", Sniffed::Binary("zstd data")),
        (b"\xfd7zXZ\x00", Sniffed::Binary("xz data")),
        (
            b"SQLite format 3\x00",
            Sniffed::Binary("an SQLite database"),
        ),
        (
            b"\xff\xfe",
            Sniffed::Binary("UTF-16 text, which `iconv -f UTF-16` makes readable"),
        ),
        (
            b"\xfe\xff",
            Sniffed::Binary("UTF-16 text, which `iconv -f UTF-16` makes readable"),
        ),
    ];
    if picture::media_type(start).is_some() {
        return Sniffed::Image;
    }
    if let Some((_, known)) = KNOWN.iter().find(|(magic, _)| start.starts_with(magic)) {
        return *known;
    }
    if start.contains(&0) {
        return Sniffed::Binary("binary data");
    }
    Sniffed::Text
}
