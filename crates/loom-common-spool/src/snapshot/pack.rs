//! The file that holds the objects of a store, one after the other, only ever appended to.
//!
//! An object is a run of blocks, each at most [`BLOCK`] bytes of content, compressed with LZ4 where
//! that makes it smaller. So a file of any size passes through with a bounded buffer. The pack
//! itself does not say where an object begins: that stands in the catalog, which is written after
//! it. What is behind the last object of the catalog was left by a writer that did not get to its
//! end, and the next writer overwrites it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Most bytes of content in a block.
pub(super) const BLOCK: usize = 1 << 20;

/// Bytes before a block: the length of its content, and its length in the pack.
const HEADER: usize = 8;

/// From how many bytes on what is appended is handed to the system.
const BUFFER: usize = 1 << 20;

/// Where an object stands in the pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Of its first byte, from the beginning of the pack.
    pub(super) offset: u64,
    /// Bytes in the pack.
    pub(super) length: u64,
}

/// Appends `content` to `blocks` in the form of the pack.
pub(super) fn encode(content: &[u8], blocks: &mut Vec<u8>) {
    // An object without blocks would be nothing, and nothing cannot be told from damage.
    let pieces = content
        .chunks(BLOCK)
        .chain(content.is_empty().then_some(content));
    for piece in pieces {
        let start = blocks.len();
        blocks.resize(
            start + HEADER + lz4_flex::block::get_maximum_output_size(piece.len()),
            0,
        );
        // It has room for the worst case, so the one error there is cannot be.
        let compressed = lz4_flex::block::compress_into(piece, &mut blocks[start + HEADER..])
            .unwrap_or(usize::MAX);
        let stored = compressed.min(piece.len());
        if stored == piece.len() {
            blocks[start + HEADER..][..stored].copy_from_slice(piece);
        }
        blocks[start..][..4].copy_from_slice(&(piece.len() as u32).to_le_bytes());
        blocks[start + 4..][..4].copy_from_slice(&(stored as u32).to_le_bytes());
        blocks.truncate(start + HEADER + stored);
    }
}

/// Hands the content of the object at `place` to `receive`, block by block.
///
/// # Errors
///
/// `InvalidData` or `UnexpectedEof` when the pack is not as it was written there; else what the
/// system or `receive` says.
pub(super) fn read(
    pack: &File,
    place: Place,
    mut receive: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let (mut stored, mut content) = (Vec::new(), Vec::new());
    let (mut offset, end) = (place.offset, place.offset.saturating_add(place.length));
    while offset < end {
        let mut header = [0; HEADER];
        pack.read_exact_at(&mut header, offset)?;
        let [a, b, c, d, e, f, g, h] = header;
        let content_length = u32::from_le_bytes([a, b, c, d]) as usize;
        let stored_length = u32::from_le_bytes([e, f, g, h]) as usize;
        offset += (HEADER + stored_length) as u64;
        if content_length > BLOCK || stored_length > content_length || offset > end {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a block has an impossible length",
            ));
        }
        stored.resize(stored_length, 0);
        pack.read_exact_at(&mut stored, offset - stored_length as u64)?;
        if stored_length == content_length {
            receive(&stored)?;
            continue;
        }
        content.resize(content_length, 0);
        match lz4_flex::block::decompress_into(&stored, &mut content) {
            Ok(length) if length == content_length => receive(&content)?,
            _ => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "a block cannot be decompressed",
                ));
            }
        }
    }
    Ok(())
}

/// Appends to a pack.
#[derive(Debug)]
pub(super) struct PackWriter {
    file: File,
    /// Where the buffer will stand.
    written: u64,
    buffer: Vec<u8>,
    /// Bytes that the pack may not grow over.
    limit: u64,
}

impl PackWriter {
    /// Writes to `file` from byte `length` on.
    pub(super) fn new(file: File, length: u64, limit: u64) -> Self {
        Self {
            file,
            written: length,
            buffer: Vec::with_capacity(BUFFER),
            limit,
        }
    }

    /// Returns the bytes that the pack has with everything appended so far.
    pub(super) fn length(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// Appends blocks.
    ///
    /// # Errors
    ///
    /// [`AppendError::Limit`] when the pack would have grown too large; else what the system says.
    pub(super) fn append(&mut self, blocks: &[u8]) -> Result<Place, AppendError> {
        let place = Place {
            offset: self.length(),
            length: blocks.len() as u64,
        };
        if place.offset + place.length > self.limit {
            return Err(AppendError::Limit);
        }
        self.buffer.extend_from_slice(blocks);
        if self.buffer.len() >= BUFFER {
            self.flush()?;
        }
        Ok(place)
    }

    /// Hands everything to the system.
    pub(super) fn flush(&mut self) -> Result<(), AppendError> {
        self.file
            .write_all_at(&self.buffer, self.written)
            .map_err(AppendError::Io)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}

/// Why something was not appended.
#[derive(Debug)]
pub(super) enum AppendError {
    /// The pack has its largest size.
    Limit,
    /// The system does not take it.
    Io(io::Error),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn round_trip(contents: &[Vec<u8>]) {
        let file = tempfile::tempfile().unwrap();
        let mut writer = PackWriter::new(file.try_clone().unwrap(), 0, u64::MAX);
        let places: Vec<_> = contents
            .iter()
            .map(|content| {
                let mut blocks = Vec::new();
                encode(content, &mut blocks);
                writer.append(&blocks).unwrap()
            })
            .collect();
        writer.flush().unwrap();
        assert_eq!(file.metadata().unwrap().len(), writer.length());
        for (content, place) in contents.iter().zip(places) {
            let mut found = Vec::new();
            read(&file, place, |block| {
                found.extend_from_slice(block);
                Ok(())
            })
            .unwrap();
            assert!(&found == content);
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_was_appended(
            contents in proptest::collection::vec(proptest::collection::vec(0..4u8, 0..3000), 0..8)
        ) {
            round_trip(&contents);
        }
    }

    #[test]
    fn contents_of_several_blocks_and_of_none_come_back() {
        let noise: Vec<u8> = (0..BLOCK + 5)
            .map(|place| {
                (place as u64)
                    .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                    .to_le_bytes()[7]
            })
            .collect();
        round_trip(&[vec![], vec![7; BLOCK], vec![7; 3 * BLOCK + 1], noise]);
    }

    #[test]
    fn damage_is_an_error_wherever_it_is() {
        let file = tempfile::tempfile().unwrap();
        let mut blocks = Vec::new();
        encode(&b"twelve words ".repeat(200), &mut blocks);
        let place = Place {
            offset: 0,
            length: blocks.len() as u64,
        };
        for damaged in [0, 3, 4, 7] {
            let mut bytes = blocks.clone();
            bytes[damaged] ^= 0x40;
            file.write_all_at(&bytes, 0).unwrap();
            read(&file, place, |_| Ok(())).unwrap_err();
        }
        file.write_all_at(&blocks, 0).unwrap();
        file.set_len(20).unwrap();
        let error = read(&file, place, |_| Ok(())).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn a_pack_does_not_grow_over_its_limit() {
        let file = tempfile::tempfile().unwrap();
        let mut writer = PackWriter::new(file, 0, 10);
        writer.append(&[1; 8]).unwrap();
        assert!(matches!(writer.append(&[1; 3]), Err(AppendError::Limit)));
        writer.append(&[1; 2]).unwrap();
    }
}
