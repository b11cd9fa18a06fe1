//! What a file holds, judged by its first bytes.

/// The largest file that can be edited, in bytes. Larger ones are read in pages only.
pub(crate) const MAX_EDITABLE_BYTES: u64 = 16 * 1024 * 1024;

/// What a file seems to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sniffed {
    /// Text of some encoding that has ASCII in it.
    Text,
    /// A picture that models can look at, with its media type.
    Image(&'static str),
    /// Anything else, in a few words.
    Binary(&'static str),
}

/// Judges a file by its first bytes: some thousand are enough.
pub(crate) fn sniff(start: &[u8]) -> Sniffed {
    const KNOWN: [(&[u8], Sniffed); 13] = [
        (b"\x89PNG\r\n\x1a\n", Sniffed::Image("image/png")),
        (b"\xff\xd8\xff", Sniffed::Image("image/jpeg")),
        (b"GIF87a", Sniffed::Image("image/gif")),
        (b"GIF89a", Sniffed::Image("image/gif")),
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
    if start.starts_with(b"RIFF") && start.get(8..12) == Some(b"WEBP") {
        return Sniffed::Image("image/webp");
    }
    if let Some((_, known)) = KNOWN.iter().find(|(magic, _)| start.starts_with(magic)) {
        return *known;
    }
    if start.contains(&0) {
        return Sniffed::Binary("binary data");
    }
    Sniffed::Text
}
