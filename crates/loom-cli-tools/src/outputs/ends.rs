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
    if text.len() <= limit {
        return text;
    }
    from_line_start(&text[text.ceil_char_boundary(text.len() - limit)..])
}

/// Returns the end of a text, which begins anywhere, from the start of a line if that is near.
pub(crate) fn from_line_start(end: &str) -> &str {
    match end.find('\n') {
        Some(line_end) if line_end < end.len() / 4 => &end[line_end + 1..],
        _ => end,
    }
}
