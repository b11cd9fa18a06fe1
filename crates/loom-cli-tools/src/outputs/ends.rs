//! The start and the end of a long text, cut where a line ends if that is near.

/// Returns the start of a text: up to `limit` bytes, whole lines where they are short enough.
pub(crate) fn start_of(text: &str, limit: usize) -> &str {
    let start = &text[..text.floor_char_boundary(limit)];
    match start.rfind('\n') {
        Some(end) if start.len() - end <= start.len() / 4 => &start[..=end],
        _ => start,
    }
}

/// Returns the end of a text: up to `limit` bytes, whole lines where they are short enough.
pub(crate) fn end_of(text: &str, limit: usize) -> &str {
    let from = text.ceil_char_boundary(text.len().saturating_sub(limit));
    let end = &text[from..];
    match end.find('\n') {
        Some(line_end) if from > 0 && line_end < end.len() / 4 => &end[line_end + 1..],
        _ => end,
    }
}
