//! From text to seconds.

/// Why a text is not a time span.
#[derive(Debug, PartialEq, Eq)]
pub enum Error {
    /// There is nothing to read.
    Empty,
    /// A word is not a number followed by a unit.
    Malformed(String),
}

/// Reads a time span such as `1h 30m` and returns it in seconds.
pub fn parse(text: &str) -> Result<u64, Error> {
    let mut words = text.split_whitespace().peekable();
    if words.peek().is_none() {
        return Err(Error::Empty);
    }
    words.map(|word| seconds(word).ok_or_else(|| Error::Malformed(word.to_string()))).sum()
}

fn seconds(word: &str) -> Option<u64> {
    let (start_of_unit, unit) = word.char_indices().next_back()?;
    let count: u64 = word[..start_of_unit].parse().ok()?;
    count.checked_mul(unit_length(unit)?)
}

fn unit_length(unit: char) -> Option<u64> {
    match unit {
        's' => Some(1),
        'm' => Some(60),
        'h' => Some(60 * 60),
        'd' => Some(24 * 60),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_add_up() {
        assert_eq!(parse("1h 30m"), Ok(5_400));
        assert_eq!(parse("2m 5s"), Ok(125));
    }

    #[test]
    fn a_day_has_24_hours() {
        assert_eq!(parse("1d"), parse("24h"));
    }

    #[test]
    fn nonsense_is_refused() {
        assert_eq!(parse("  "), Err(Error::Empty));
        assert_eq!(parse("5 apples"), Err(Error::Malformed("5".to_string())));
    }
}
