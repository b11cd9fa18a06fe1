//! How random a text looks.

/// Returns the Shannon entropy of the bytes, in bits for each byte: 0 for one repeated byte, 4 for random
/// hexadecimal digits, up to 8.
pub(crate) fn shannon(bytes: &[u8]) -> f64 {
    if bytes.is_empty() {
        return 0.0;
    }
    let mut counts = [0_u32; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "a secret has fewer than 2^52 bytes"
    )]
    let length = bytes.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f64::from(*count) / length;
            -share * share.log2()
        })
        .sum()
}
