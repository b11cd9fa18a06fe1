//! Whether the terminal's background is dark or light.
//!
//! A terminal that is asked (`OSC 11 ; ? ST`) answers with its colour; how long to wait is for the
//! asker to decide, since some never answer. A few set `COLORFGBG` instead.

use crate::Rgb;

/// What is written to ask a terminal for its background.
pub const BACKGROUND_QUESTION: &str = "\x1b]11;?\x1b\\";

/// What lies behind the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Background {
    /// Text should be light.
    Dark,
    /// Text should be dark.
    Light,
}

impl Background {
    /// Decides for a colour: whichever of white and black text reads better on it.
    pub fn of(color: Rgb) -> Self {
        if color.contrast(Rgb::new(0xff_ffff)) >= color.contrast(Rgb::new(0)) {
            Self::Dark
        } else {
            Self::Light
        }
    }
}

/// Reads the terminal's answer, which may stand among other input. `None` when there is no whole
/// answer in it, or none that makes sense.
///
/// Terminals write `rgb:` with one to four digits a channel (XParseColor), `rgba:` or `#rrggbb`, and
/// end with ST or BEL.
pub fn background_answer(input: &[u8]) -> Option<Rgb> {
    let introducer = b"\x1b]11;";
    let start = input
        .windows(introducer.len())
        .position(|window| window == introducer)?
        + introducer.len();
    let rest = &input[start..];
    let end = rest
        .iter()
        .position(|byte| matches!(byte, 0x07 | 0x1b | 0x9c))?;
    if rest[end] == 0x1b && rest.get(end + 1) != Some(&b'\\') {
        return None;
    }
    let text = std::str::from_utf8(&rest[..end]).ok()?;
    if text.starts_with('#') {
        return Rgb::from_hex(text);
    }
    let (channels, count) = match text.split_once(':')? {
        ("rgb", channels) => (channels, 3),
        ("rgba", channels) => (channels, 4),
        _ => return None,
    };
    let channels = channels
        .split('/')
        .map(channel)
        .collect::<Option<Vec<u8>>>()?;
    match channels[..] {
        [red, green, blue] if count == 3 => Some(Rgb { red, green, blue }),
        [red, green, blue, _] if count == 4 => Some(Rgb { red, green, blue }),
        _ => None,
    }
}

/// Reads one to four hexadecimal digits, scaled to a byte.
fn channel(digits: &str) -> Option<u8> {
    if digits.is_empty() || digits.len() > 4 || digits.starts_with('+') {
        return None;
    }
    let value = u32::from_str_radix(digits, 16).ok()?;
    let most = (1_u32 << (4 * digits.len())) - 1;
    u8::try_from((value * 255 + most / 2) / most).ok()
}

/// Decides by `COLORFGBG` (rxvt, Konsole): the last of its fields is the number of the background's
/// colour among the sixteen.
pub fn background_from_colorfgbg(value: &str) -> Option<Background> {
    match value.rsplit(';').next()?.parse::<u8>().ok()? {
        0..=6 | 8 => Some(Background::Dark),
        7 | 9..=15 => Some(Background::Light),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn answers_are_read_as_terminals_write_them() {
        let dark = Some(Rgb::new(0x1e_1e2e));
        for answer in [
            &b"\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\"[..],
            b"\x1b]11;rgb:1e1e/1e1e/2e2e\x07",
            b"\x1b]11;rgb:1e/1e/2e\x1b\\",
            b"\x1b]11;rgba:1e1e/1e1e/2e2e/ffff\x1b\\",
            b"\x1b]11;#1e1e2e\x07",
            b"typed\x1b[?62;c\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\more",
        ] {
            assert_eq!(background_answer(answer), dark, "{}", answer.escape_ascii());
        }
        assert_eq!(
            background_answer(b"\x1b]11;rgb:f/8/0\x07"),
            Some(Rgb::new(0xff_8800))
        );
        for wrong in [
            &b""[..],
            b"\x1b]11;rgb:1e1e/1e1e/2e2e",
            b"\x1b]11;rgb:1e1e/1e1e/2e2e\x1b",
            b"\x1b]11;rgb:1e1e/1e1e\x07",
            b"\x1b]11;rgb:12345/0/0\x07",
            b"\x1b]11;rgb:+1/0/0\x07",
            b"\x1b]11;?\x07",
            b"\x1b]10;rgb:00/00/00\x07",
        ] {
            assert_eq!(background_answer(wrong), None, "{}", wrong.escape_ascii());
        }
    }

    #[test]
    fn backgrounds_are_dark_or_light() {
        for (color, expected) in [
            (0x00_0000, Background::Dark),
            (0x00_2b36, Background::Dark),
            (0x2e_3440, Background::Dark),
            (0xfd_f6e3, Background::Light),
            (0xff_ffff, Background::Light),
            (0x80_8080, Background::Light),
        ] {
            assert_eq!(Background::of(Rgb::new(color)), expected, "{color:06x}");
        }
        assert_eq!(background_from_colorfgbg("15;0"), Some(Background::Dark));
        assert_eq!(
            background_from_colorfgbg("0;default;15"),
            Some(Background::Light)
        );
        assert_eq!(background_from_colorfgbg("0;default"), None);
        assert_eq!(background_from_colorfgbg("12;99"), None);
        assert_eq!(background_from_colorfgbg(""), None);
    }

    proptest! {
        #[test]
        fn no_input_is_too_strange(input in proptest::collection::vec(any::<u8>(), 0..64)) {
            let with_introducer = [b"\x1b]11;rgb:", &input[..]].concat();
            let _ = (background_answer(&input), background_answer(&with_introducer));
        }
    }
}
