//! How much a document will hold once it is read, told from its bytes.
//!
//! The columns of Automerge's format are run-length encoded: a few bytes can stand for a value
//! repeated without end, and reading them would take all memory. So the runs are counted before. The
//! format: <https://automerge.org/automerge-binary-format-spec/>, sections 3 and 4.

use std::iter;

/// The most rows that a column may have. A row is an operation: a letter typed, a pin moved.
const MAX_ROWS: u64 = 4_000_000;

const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
const DOCUMENT: u8 = 0;

/// Bits of what a column says of itself.
const TYPE: u64 = 0b0111;
const IS_DEFLATED: u64 = 0b1000;

type Checked<T> = Result<T, &'static str>;

/// Checks that the bytes are one document and no larger than they may be.
pub(super) fn check(bytes: &[u8]) -> Checked<()> {
    let mut input = Input(bytes);
    if input.take(4)? != MAGIC {
        return Err("it is not Automerge's");
    }
    input.take(4)?;
    if input.byte()? != DOCUMENT {
        return Err("it is not one whole document");
    }
    let length = input.length()?;
    if length != input.0.len() {
        return Err("its length is not what it says");
    }
    for _ in 0..input.length()? {
        let length = input.length()?;
        input.take(length)?;
    }
    let heads = input.length()?;
    input.take(heads.checked_mul(32).ok_or("it has too many heads")?)?;
    let changes = columns(&mut input)?;
    let operations = columns(&mut input)?;
    for (kind, length) in iter::chain(changes, operations) {
        check_column(kind, Input(input.take(length)?))?;
    }
    Ok(())
}

fn columns(input: &mut Input<'_>) -> Checked<Vec<(u64, usize)>> {
    let mut columns = Vec::new();
    for _ in 0..input.length()? {
        let specification = input.unsigned()?;
        if specification & IS_DEFLATED != 0 {
            return Err("it is compressed");
        }
        columns.push((specification & TYPE, input.length()?));
    }
    Ok(columns)
}

fn check_column(kind: u64, mut column: Input<'_>) -> Checked<()> {
    let mut rows: u64 = 0;
    let mut add = |more: u64| {
        rows = rows.saturating_add(more);
        (rows <= MAX_ROWS).then_some(()).ok_or("it holds too much")
    };
    match kind {
        // Bytes as they are.
        7 => {}
        // Runs of no and yes by turns.
        4 => {
            while !column.0.is_empty() {
                add(column.unsigned()?)?;
            }
        }
        _ => {
            while !column.0.is_empty() {
                let count = column.signed()?;
                match count {
                    // A run of nothing.
                    0 => add(column.unsigned()?)?,
                    1.. => {
                        add(count.unsigned_abs())?;
                        column.value(kind)?;
                    }
                    _ => {
                        add(count.unsigned_abs())?;
                        for _ in 0..count.unsigned_abs() {
                            column.value(kind)?;
                        }
                    }
                }
            }
        }
    }
    Ok(())
}

/// What is not read yet.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> Checked<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or("it ends too early")?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Checked<u8> {
        Ok(self.take(1)?.first().copied().unwrap_or_default())
    }

    /// Reads a number in LEB128, which may be signed: its last byte tells with its bit 6.
    fn leb128(&mut self) -> Checked<(u64, u32, u8)> {
        let (mut number, mut shift) = (0_u64, 0);
        loop {
            let byte = self.byte()?;
            if shift >= 64 {
                return Err("a number in it is too large");
            }
            number |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                return Ok((number, shift, byte));
            }
        }
    }

    fn unsigned(&mut self) -> Checked<u64> {
        Ok(self.leb128()?.0)
    }

    fn signed(&mut self) -> Checked<i64> {
        let (number, shift, last) = self.leb128()?;
        let sign = if last & 0x40 != 0 && shift < 64 {
            u64::MAX << shift
        } else {
            0
        };
        Ok((number | sign).cast_signed())
    }

    fn length(&mut self) -> Checked<usize> {
        usize::try_from(self.unsigned()?).map_err(|_| "a length in it is too large")
    }

    /// Passes over a value in a column of a kind.
    fn value(&mut self, kind: u64) -> Checked<()> {
        // Only strings are longer than their number.
        if kind == 5 {
            let length = self.length()?;
            self.take(length)?;
        } else {
            self.leb128()?;
        }
        Ok(())
    }
}
